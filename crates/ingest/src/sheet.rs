//! Spreadsheets, XLSX and XLS: the first sheet that has the dataset's columns, every cell as text.
//!
//! In memory at one time: the file (at most [`MAX_FILE`]), the strings that its cells share, and
//! one row of an XLSX. An XLS is loaded whole, at most [`biff::MAX_CELLS`] cells and
//! [`biff::MAX_TEXT`] bytes of text. What a file claims is compared with what it holds before
//! the library that reads it is let near it.

use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use calamine::{CellErrorType, Data};
use carnac_model::Rows;

use crate::batches::Batches;
use crate::csv::Layout;
use crate::source::Source;
use crate::{Error, Result};

mod biff;
mod binary;
mod compound;
mod zipped;

/// Longest file, in bytes.
const MAX_FILE: u64 = 256 * 1024 * 1024;
/// The header stands on one of the first lines of its sheet.
const HEADER_LINES: u32 = 20;

/// One row that is not blank: its sheet, its line (both from 1) and the text of its cells.
struct Line<'a> {
    sheet: usize,
    number: u32,
    cells: &'a [String],
}

/// What to read after a row.
#[derive(PartialEq)]
enum Next {
    Row,
    Sheet,
    End,
}

/// Why reading stopped: the words of the library that reads the format, or an error of ours.
enum Stop {
    Format(String),
    Ours(Error),
}

type Visit<'v> = &'v mut dyn FnMut(&Line<'_>) -> Result<Next, Stop>;

/// Reads the sheet of the dataset in batches.
pub(crate) fn read(source: &Source, each: &mut dyn FnMut(&Rows) -> Result<()>) -> Result<()> {
    let mut table = Table::new(source, each)?;
    let bytes = source.whole(MAX_FILE)?;
    visit(&source.path, &bytes, &mut |line| table.line(line).map_err(Stop::Ours))?;
    table.finish()
}

/// Returns every line that may be a header: the first [`HEADER_LINES`] of each sheet.
pub(crate) fn headers(path: &Path) -> Result<Vec<Vec<String>>> {
    let failed = |source| Error::Io { step: "read", path: path.to_owned(), source };
    let (mut bytes, mut headers) = (Vec::new(), Vec::new());
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(failed)?;
    visit(path, &bytes, &mut |line| {
        if line.number > HEADER_LINES {
            return Ok(Next::Sheet);
        }
        headers.push(names(line.cells));
        Ok(Next::Row)
    })?;
    Ok(headers)
}

/// Shows the rows of all sheets in order.
///
/// The library indexes and adds as the file tells it to, and panics on some that lie: such a
/// panic is this file's error. What it was told by then is withdrawn with the file.
fn visit(path: &Path, bytes: &[u8], row: Visit<'_>) -> Result<()> {
    let read = || match bytes.starts_with(b"PK") {
        true => zipped::visit(bytes, row),
        false => binary::visit(bytes, row),
    };
    let unreadable = |reason| Error::Unreadable { path: path.to_owned(), reason };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Stop::Ours(error))) => Err(error),
        Ok(Err(Stop::Format(reason))) => Err(unreadable(reason)),
        Err(_) => Err(unreadable("what it says of itself contradicts itself".to_owned())),
    }
}

/// The search for the header, then the rows below it.
struct Table<'a> {
    source: &'a Source,
    batches: Batches<'a>,
    found: Option<Found>,
    /// What the widest line that is no header lacks.
    lacking: Option<(usize, Error)>,
}

/// The sheet that holds the table, and its columns.
struct Found {
    sheet: usize,
    columns: usize,
    layout: Layout,
}

impl<'a> Table<'a> {
    /// A profile may give the header of a table that has none, on the first sheet.
    fn new(source: &'a Source, each: &'a mut dyn FnMut(&Rows) -> Result<()>) -> Result<Self> {
        let header = source.profile.as_ref().and_then(|profile| profile.header.as_ref());
        let found = header.map(|header| -> Result<Found> {
            let layout = Layout::of(source, &names(header))?;
            Ok(Found { sheet: 1, columns: header.len(), layout })
        });
        let (batches, found) = (Batches::new(source, each), found.transpose()?);
        Ok(Self { source, batches, found, lacking: None })
    }

    fn line(&mut self, line: &Line<'_>) -> Result<Next> {
        let Some(Found { sheet, columns, layout }) = &self.found else {
            return Ok(self.header(line));
        };
        if line.sheet != *sheet {
            return Ok(Next::End);
        }
        let raw = line.cells.join(";");
        layout.push(&mut self.batches.rows, i64::from(line.number), &raw, *columns, |place| {
            line.cells.get(place).map(String::as_str).filter(is_value)
        });
        self.batches.hand_on_when_full()?;
        Ok(Next::Row)
    }

    fn header(&mut self, line: &Line<'_>) -> Next {
        if line.number > HEADER_LINES {
            return Next::Sheet;
        }
        let header = names(line.cells);
        match Layout::of(self.source, &header) {
            Ok(layout) => {
                self.found = Some(Found { sheet: line.sheet, columns: header.len(), layout });
            }
            Err(error) => {
                let width = header.iter().filter(|name| !name.is_empty()).count();
                if self.lacking.as_ref().is_none_or(|(widest, _)| width > *widest) {
                    self.lacking = Some((width, error));
                }
            }
        }
        Next::Row
    }

    fn finish(self) -> Result<()> {
        match (self.found, self.lacking) {
            (Some(_), _) => self.batches.finish(),
            (None, Some((_, error))) => Err(error),
            (None, None) => {
                let reason = "no sheet of it holds a row".to_owned();
                Err(Error::Unreadable { path: self.source.path.clone(), reason })
            }
        }
    }
}

/// Trimmed lower-case names, as they are compared.
fn names(cells: &[String]) -> Vec<String> {
    cells.iter().map(|name| name.trim().to_lowercase()).collect()
}

/// An error such as `#N/A`, computed or typed, is no value.
fn is_value(text: &&str) -> bool {
    text.parse::<CellErrorType>().is_err()
}

/// Writes a cell as CSV of the same data would: no `.0`, no exponent, civil dates.
fn text(value: &Data) -> String {
    match value {
        Data::Empty => String::new(),
        Data::Int(number) => number.to_string(),
        // The shortest decimal that is this number; a whole one has neither point nor exponent.
        Data::Float(number) => number.to_string(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(true) => "oui".to_owned(),
        Data::Bool(false) => "non".to_owned(),
        Data::Error(error) => error.to_string(),
        Data::DateTime(date) if date.is_duration() || !SERIALS.contains(&date.as_f64()) => {
            date.as_f64().to_string()
        }
        Data::DateTime(date) => {
            let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
            let civil = format!("{year:04}-{month:02}-{day:02}");
            match (hour, minute, second) {
                (0, 0, 0) => civil,
                _ => format!("{civil}T{hour:02}:{minute:02}:{second:02}"),
            }
        }
    }
}

/// Serial numbers that are dates, of the system of 1900; that of 1904 ends four years earlier.
const SERIALS: std::ops::Range<f64> = 0.0..2_957_004.0;

#[cfg(test)]
#[path = "sheet/tests.rs"]
mod tests;
