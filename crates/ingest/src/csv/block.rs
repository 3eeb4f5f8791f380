//! Cuts a CSV file into blocks that end where a record ends, so that they can be read in parallel.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memrchr};

use crate::MAX_RECORD;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// Some whole records, or a line that is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Line of its first byte, from 1.
    pub(crate) line: u64,
    pub(crate) bytes: Vec<u8>,
    /// Why it is one bad row: a quote that never closes, or a record that is too long.
    pub(crate) fault: Option<&'static str>,
}

/// Reads blocks in order.
pub(crate) struct Blocks<R> {
    reader: R,
    delimiter: u8,
    held: Vec<u8>,
    line: u64,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    pub(crate) fn new(reader: R, delimiter: u8) -> Self {
        Self { reader, delimiter, held: Vec::new(), line: 1, ended: false }
    }

    pub(crate) fn into_inner(self) -> R {
        self.reader
    }

    /// Returns the next block; none at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<Block>> {
        loop {
            let whole = whole_records(&self.held, self.delimiter, self.ended);
            if whole > 0 {
                return Ok(Some(self.cut(whole, None)));
            }
            if self.held.len() >= MAX_RECORD || (self.ended && !self.held.is_empty()) {
                return Ok(Some(self.bad_line()));
            }
            if self.ended {
                return Ok(None);
            }
            let before = self.held.len();
            (&mut self.reader).take(CHUNK as u64).read_to_end(&mut self.held)?;
            self.ended = self.held.len() == before;
        }
    }

    /// The first line as one bad row: what follows it is read as if nothing had been opened.
    fn bad_line(&mut self) -> Block {
        let end = memchr(b'\n', &self.held).map_or(self.held.len(), |end| end + 1);
        let too_long = end >= MAX_RECORD;
        let mut block = self.cut(end, Some(if too_long { "too_long" } else { "malformed" }));
        if too_long && !self.ended {
            // Only its beginning is kept; the rest of the line is read and let go.
            block.bytes.truncate(1024);
            self.skip_line();
        }
        block
    }

    fn skip_line(&mut self) {
        let mut chunk = Vec::with_capacity(CHUNK);
        while !self.held.contains(&b'\n') {
            chunk.clear();
            let read = (&mut self.reader).take(CHUNK as u64).read_to_end(&mut chunk);
            if !matches!(read, Ok(count) if count > 0) {
                self.ended = true;
                self.held.clear();
                return;
            }
            std::mem::swap(&mut self.held, &mut chunk);
        }
        let end = memchr(b'\n', &self.held).map_or(self.held.len(), |end| end + 1);
        self.held.drain(..end);
        self.line += 1;
    }

    fn cut(&mut self, end: usize, fault: Option<&'static str>) -> Block {
        let rest = self.held.split_off(end);
        let bytes = std::mem::replace(&mut self.held, rest);
        let line = self.line;
        self.line += memchr_iter(b'\n', &bytes).count() as u64;
        Block { line, bytes, fault }
    }
}

/// The length of the whole records that `bytes` begins with.
fn whole_records(bytes: &[u8], delimiter: u8, ended: bool) -> usize {
    let last_line = memrchr(b'\n', bytes).map_or(0, |end| end + 1);
    if memchr(b'"', bytes).is_none() {
        return if ended { bytes.len() } else { last_line };
    }
    let (mut at, mut whole) = (0, 0);
    // A quote opens a field only at its beginning; anywhere else it is a character.
    let mut at_start = true;
    while let Some(&byte) = bytes.get(at) {
        if at_start && byte == b'"' {
            let Some(end) = closing_quote(bytes, at + 1) else { return whole };
            at = end;
            at_start = false;
            continue;
        }
        at += 1;
        at_start = byte == delimiter || byte == b'\n' || byte == b'\r';
        if byte == b'\n' {
            whole = at;
        }
    }
    if ended { bytes.len() } else { whole }
}

/// The place behind the quote that closes a field opened before `from`.
pub(super) fn closing_quote(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr(b'"', bytes.get(at..)?)? + 1;
        if bytes.get(at) != Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &str) -> Vec<(u64, String, Option<&'static str>)> {
        let mut blocks = Blocks::new(text.as_bytes(), b';');
        let mut found = Vec::new();
        while let Some(block) = blocks.next().unwrap() {
            found.push((block.line, String::from_utf8(block.bytes).unwrap(), block.fault));
        }
        found
    }

    fn one(text: &str) -> (u64, String, Option<&'static str>) {
        (1, text.to_owned(), None)
    }

    #[test]
    fn a_block_ends_where_a_record_ends() {
        for text in ["a;b\n1;2\n", "a;b\n1;2", "a;\"x\ny\"\n", "5\" tube;x\n", "\"a\"\"\n\";b\n"] {
            assert_eq!(whole_records(text.as_bytes(), b';', true), text.len(), "{text:?}");
        }
        assert_eq!(whole_records(b"a;b\n1;2", b';', false), 4);
        assert_eq!(whole_records(b"a;\"x\ny\"\nb;\"z\n", b';', false), 8);
        assert_eq!(blocks("a;b\n1;2"), [one("a;b\n"), (2, "1;2".to_owned(), None)]);
    }

    #[test]
    fn a_quote_that_never_closes_costs_one_line() {
        let found = blocks("a;b\n\"x;1\ny;2\nz;3\n");
        let bad: Vec<_> = found.iter().filter(|block| block.2.is_some()).collect();
        assert_eq!(bad, [&(2, "\"x;1\n".to_owned(), Some("malformed"))]);
        let whole: String = found.iter().map(|block| block.1.as_str()).collect();
        assert_eq!(whole, "a;b\n\"x;1\ny;2\nz;3\n");
    }

    #[test]
    fn a_record_longer_than_allowed_is_one_bad_row() {
        let text = format!("a;b\n{};1\ny;2\n", "x".repeat(3 * MAX_RECORD));
        let found = blocks(&text);
        let told: Vec<_> =
            found.iter().map(|(line, text, fault)| (*line, text.len(), *fault)).collect();
        assert_eq!(told, [(1, 4, None), (2, 1024, Some("too_long")), (3, 4, None)]);
    }
}
