//! CSV: the separator is told from the header, every row keeps its line and its raw text.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use carnac_model::{Rows, RowsBuilder};
use csv::{ByteRecord, ReaderBuilder};

use crate::source::{HashingReader, Source};
use crate::{BATCH_BYTES, BATCH_ROWS, Error, Result};

/// Where the value of a field comes from.
pub(crate) enum Cell {
    Column(usize),
    Constant(String),
    Absent,
}

/// Reads a CSV file in batches.
pub(crate) fn read(source: &Source, each: &mut dyn FnMut(&Rows) -> Result<()>) -> Result<()> {
    let tee = Tee { inner: source.reader()?, kept: Rc::default() };
    let kept = Rc::clone(&tee.kept);
    let failed = |error: csv::Error| source.io("read", io::Error::other(error.to_string()));
    let delimiter = delimiter_of(&head_of(source)?);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(tee);

    let mut record = ByteRecord::new();
    if !reader.read_byte_record(&mut record).map_err(failed)? {
        return source.verify(reader.into_inner().inner);
    }
    let header = names(&record);
    let cells = cells(source, &header)?;

    let mut rows = RowsBuilder::new(source.dataset);
    loop {
        let start = reader.position().clone();
        kept.borrow_mut().forget_before(start.byte());
        if !reader.read_byte_record(&mut record).map_err(failed)? {
            break;
        }
        let kept = kept.borrow();
        let text = kept.between(start.byte(), reader.position().byte());
        let row = text.trim_ascii_end();
        let row = &row[row.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()..];
        // The reader leaves a line's last byte, and blank lines, to the record that follows.
        let passed = text.len() - text.trim_ascii_start().len();
        let blank = text[..passed].iter().filter(|byte| **byte == b'\n').count() as u64;
        let line = i64::try_from(start.line() + blank).unwrap_or(i64::MAX);
        push(&mut rows, line, row, &record, &header, &cells);
        if rows.len() >= BATCH_ROWS || rows.bytes() >= BATCH_BYTES {
            each(&rows.finish())?;
        }
    }
    each(&rows.finish())?;
    source.verify(reader.into_inner().inner)
}

fn push(
    rows: &mut RowsBuilder,
    line: i64,
    raw: &[u8],
    record: &ByteRecord,
    header: &[String],
    cells: &[Cell],
) {
    let Ok(raw_text) = std::str::from_utf8(raw) else {
        return rows.push_fault(line, &String::from_utf8_lossy(raw), "bad_encoding");
    };
    if record.len() != header.len() {
        return rows.push_fault(line, raw_text, "malformed");
    }
    let values = cells.iter().map(|cell| match cell {
        Cell::Column(place) => record.get(*place).and_then(|value| std::str::from_utf8(value).ok()),
        Cell::Constant(value) => Some(value.as_str()),
        Cell::Absent => None,
    });
    rows.push(line, raw_text, values);
}

/// Finds each field's column in the header.
pub(crate) fn cells(source: &Source, header: &[String]) -> Result<Vec<Cell>> {
    let place = |wanted: &str| header.iter().position(|name| name == &wanted.to_lowercase());
    let mut cells = Vec::with_capacity(source.dataset.fields.len());
    for field in source.dataset.fields {
        cells.push(match (place(field.header), source.edition()) {
            (Some(place), _) => Cell::Column(place),
            (None, Some(edition)) if field.header == "edition" => Cell::Constant(edition),
            (None, _) if field.required => {
                let (path, found) = (source.path.clone(), header.join(", "));
                return Err(Error::MissingColumn { path, column: field.header, found });
            }
            (None, _) => Cell::Absent,
        });
    }
    Ok(cells)
}

/// Returns the names of the first line, as they are compared.
pub(crate) fn header_of(head: &[u8]) -> Option<Vec<String>> {
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter_of(head)).has_headers(false).from_reader(head);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).ok()?.then(|| names(&record))
}

/// Trimmed lower-case names, without the byte-order mark before the first.
fn names(record: &ByteRecord) -> Vec<String> {
    let name = |field: &[u8]| {
        String::from_utf8_lossy(field).trim_start_matches('\u{feff}').trim().to_lowercase()
    };
    record.iter().map(name).collect()
}

/// The most frequent separator of the first line; a semicolon when there is none.
fn delimiter_of(head: &[u8]) -> u8 {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| line.iter().filter(|byte| **byte == separator).count();
    [b',', b'|', b'\t', b';'].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(b';')
}

fn head_of(source: &Source) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let reader = source.reader()?;
    reader.take(64 * 1024).read_to_end(&mut head).map_err(|error| source.io("read", error))?;
    Ok(head)
}

/// Passes bytes on and keeps those of the rows in hand.
struct Tee {
    inner: HashingReader,
    kept: Rc<RefCell<Kept>>,
}

#[derive(Default)]
struct Kept {
    start: u64,
    bytes: Vec<u8>,
}

impl Read for Tee {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.kept.borrow_mut().bytes.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

impl Kept {
    /// Drops the bytes before an offset, once there are enough of them to be worth the move.
    fn forget_before(&mut self, offset: u64) {
        let passed = usize::try_from(offset - self.start).unwrap_or_default().min(self.bytes.len());
        if passed > 256 * 1024 {
            self.bytes.drain(..passed);
            self.start += passed as u64;
        }
    }

    /// The bytes between two offsets.
    fn between(&self, from: u64, to: u64) -> &[u8] {
        let at =
            |offset: u64| usize::try_from(offset.saturating_sub(self.start)).unwrap_or_default();
        self.bytes.get(at(from)..at(to).min(self.bytes.len())).unwrap_or_default()
    }
}
