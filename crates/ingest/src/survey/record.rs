//! Records of a delimited file, each with the line on which it begins; memory is bounded.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use encoding_rs::WINDOWS_1252;

use super::profile::Encoding;

/// Longest record, in bytes, and most columns; what is longer is passed over.
const RECORD_BYTES: usize = 4 * 1024 * 1024;
const RECORD_COLUMNS: usize = 16 * 1024;

/// Reads records one by one into the same memory.
pub(super) struct Records<R> {
    input: BufReader<R>,
    parser: Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    columns: usize,
    too_long: bool,
    line: i64,
    first_line: Option<i64>,
}

/// One record; its cells are decoded only when asked for.
pub(super) struct Record<'r> {
    /// The line on which it begins, from 1.
    pub(super) line: i64,
    /// Whether it was passed over.
    pub(super) too_long: bool,
    bytes: &'r [u8],
    ends: &'r [usize],
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R, separator: u8) -> Self {
        Self {
            input: BufReader::with_capacity(64 * 1024, input),
            parser: ReaderBuilder::new().delimiter(separator).build(),
            bytes: vec![0; 16 * 1024],
            ends: vec![0; 256],
            columns: 0,
            too_long: false,
            line: 1,
            first_line: None,
        }
    }

    /// Reads the next record; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        (self.columns, self.too_long, self.first_line) = (0, false, None);
        let mut length = 0;
        loop {
            let input = self.input.fill_buf()?;
            let (result, read, written, ended) = self.parser.read_record(
                input,
                &mut self.bytes[length..],
                &mut self.ends[self.columns..],
            );
            for byte in input.iter().take(read) {
                if self.first_line.is_none() && !matches!(byte, b'\r' | b'\n') {
                    self.first_line = Some(self.line);
                }
                self.line += i64::from(*byte == b'\n');
            }
            self.input.consume(read);
            (length, self.columns) = (length + written, self.columns + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => return Ok(Some(self.record())),
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::OutputFull if self.bytes.len() < RECORD_BYTES => {
                    self.bytes.resize(self.bytes.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < RECORD_COLUMNS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    (length, self.columns, self.too_long) = (0, 0, true);
                }
            }
        }
    }

    fn record(&self) -> Record<'_> {
        let columns = if self.too_long { 0 } else { self.columns };
        Record {
            line: self.first_line.unwrap_or(self.line),
            too_long: self.too_long,
            bytes: &self.bytes,
            ends: self.ends.get(..columns).unwrap_or_default(),
        }
    }

    /// Returns the bytes read from, at whatever place they are.
    pub(super) fn into_inner(self) -> R {
        self.input.into_inner()
    }
}

impl Record<'_> {
    /// Returns the number of cells.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Decodes a cell: as `encoding` says, else as UTF-8 where it is that and as Windows-1252
    /// where it is not. A cell that is not there is empty.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(super) fn text(
        &self,
        place: usize,
        encoding: Option<Encoding>,
    ) -> Result<Cow<'_, str>, &'static str> {
        let begin = place.checked_sub(1).and_then(|before| self.ends.get(before)).unwrap_or(&0);
        let end = self.ends.get(place).unwrap_or(begin);
        let bytes = self.bytes.get(*begin..*end).unwrap_or_default();
        match (std::str::from_utf8(bytes), encoding) {
            (Ok(text), None | Some(Encoding::Utf8)) => Ok(Cow::Borrowed(text)),
            (Err(_), Some(Encoding::Utf8)) => Err("bad_encoding"),
            _ => Ok(WINDOWS_1252.decode_without_bom_handling(bytes).0),
        }
    }
}

/// The most frequent separator of the first record, outside quotes; a comma when there is none.
pub(super) fn separator_of(head: &[u8]) -> u8 {
    const SEPARATORS: [u8; 4] = [b'\t', b'|', b';', b','];
    let mut counts = [0_usize; 4];
    let mut quoted = false;
    for byte in head {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            byte => {
                if let Some(place) = SEPARATORS.iter().position(|separator| separator == byte) {
                    counts[place] += 1;
                }
            }
        }
    }
    let best = SEPARATORS.into_iter().zip(counts).max_by_key(|(_, count)| *count);
    best.map_or(b',', |(separator, _)| separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &[u8]) -> Vec<(i64, Vec<String>, bool)> {
        let mut records = Records::new(text, b',');
        let mut all = Vec::new();
        while let Some(record) = records.next().unwrap() {
            let cells = (0..record.len()).map(|at| record.text(at, None).unwrap().into_owned());
            all.push((record.line, cells.collect(), record.too_long));
        }
        all
    }

    #[test]
    fn a_record_stands_on_the_line_where_it_begins() {
        let text = b"a,b\r\n\r\n\"1\n2\",x\r\n3,\xe9\n\n,\n";
        let expected = [(1, ["a", "b"]), (3, ["1\n2", "x"]), (5, ["3", "é"]), (7, ["", ""])];
        let expected = expected.map(|(line, cells)| (line, cells.map(str::to_owned).to_vec(), false));
        assert_eq!(records(text), expected);
        assert!(records(b"").is_empty());
    }

    #[test]
    fn a_record_that_is_too_long_is_passed_over() {
        let mut text = b"a\n".to_vec();
        text.resize(RECORD_BYTES + 100_000, b'x');
        text.extend_from_slice(b"\nb\n");
        text.resize(text.len() + RECORD_COLUMNS + 10, b',');
        text.extend_from_slice(b"\nc");
        let lines: Vec<_> =
            records(&text).into_iter().map(|(line, cells, long)| (line, cells.len(), long)).collect();
        assert_eq!(lines, [(1, 1, false), (2, 0, true), (3, 1, false), (4, 0, true), (5, 1, false)]);
    }

    #[test]
    fn the_separator_is_told_outside_quotes() {
        assert_eq!(separator_of(b"\"a,b,c\";\"d,\ne\";f\n1,2,3,4"), b';');
        assert_eq!(separator_of(b"id,submitdate"), b',');
        assert_eq!(separator_of(b"id"), b',');
    }
}
