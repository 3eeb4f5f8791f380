//! XLSX: an archive of XML, read cell by cell.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx, XlsxError};
use zip::ZipArchive;

use super::{Line, Next, Stop, Visit, text};
use crate::MAX_COLUMNS;

/// Most bytes of all members together, once they are inflated.
const MAX_INFLATED: u64 = 512 * 1024 * 1024;
/// Most inflated bytes for each byte of the file.
const MAX_RATIO: u64 = 100;

/// Shows the rows of every sheet that has cells.
pub(super) fn visit(file: &[u8], row: Visit<'_>) -> Result<(), Stop> {
    refuse_bombs(file)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file)).map_err(failed)?;
    for (sheet, name) in (1..).zip(book.sheet_names()) {
        let mut cells = match book.worksheet_cells_reader(&name) {
            Err(XlsxError::NotAWorksheet(_)) => continue,
            cells => cells.map_err(failed)?,
        };
        let (mut number, mut row_cells) = (1, Vec::new());
        loop {
            let cell = cells.next_cell().map_err(failed)?;
            let place = cell.as_ref().map(calamine::Cell::get_position);
            let ended = place.is_none_or(|(line, _)| line.saturating_add(1) != number);
            if ended && !row_cells.is_empty() {
                match row(&Line { sheet, number, cells: &row_cells })? {
                    Next::Row => row_cells.clear(),
                    Next::Sheet => break,
                    Next::End => return Ok(()),
                }
            }
            let (Some(cell), Some((line, column))) = (cell, place) else { break };
            number = line.saturating_add(1);
            put(&mut row_cells, column, text(&Data::from(cell.get_value().clone())))?;
        }
    }
    Ok(())
}

/// Puts a cell at its column; a blank one takes no place.
fn put(cells: &mut Vec<String>, column: u32, text: String) -> Result<(), Stop> {
    if text.is_empty() {
        return Ok(());
    }
    let column = usize::try_from(column).unwrap_or(usize::MAX);
    if column >= MAX_COLUMNS {
        return Err(Stop::Format(format!("a row of more than {MAX_COLUMNS} columns")));
    }
    if cells.len() <= column {
        cells.resize(column + 1, String::new());
    }
    cells[column] = text;
    Ok(())
}

/// Inflates every member once and counts: what the archive says of their sizes may be a lie.
///
/// The count of shared strings is a lie too when it exceeds their bytes; room is made for as
/// many as it says.
fn refuse_bombs(file: &[u8]) -> Result<(), Stop> {
    let unreadable = |error: &dyn std::fmt::Display| Stop::Format(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(|error| unreadable(&error))?;
    let most = MAX_INFLATED.min(MAX_RATIO.saturating_mul(file.len() as u64));
    let (mut inflated, mut buffer) = (0, vec![0; 64 * 1024]);
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|error| unreadable(&error))?;
        let name = member.name().map_err(|error| unreadable(&error))?;
        let counted = name.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let (mut claim, mut length) = (Claim::default(), 0);
        let mut member = member.take(most + 1);
        loop {
            let count = member.read(&mut buffer).map_err(|error| unreadable(&error))?;
            if count == 0 {
                break;
            }
            length += count as u64;
            if counted {
                buffer[..count].iter().for_each(|byte| claim.read(*byte));
            }
        }
        inflated += length;
        if inflated > most {
            return Err(Stop::Format(format!("it inflates to more than {most} bytes")));
        }
        if claim.most > length {
            return Err(Stop::Format(format!("it claims to share {} strings", claim.most)));
        }
    }
    Ok(())
}

/// The greatest number that follows the word `uniqueCount`, in any encoding that holds ASCII.
#[derive(Default)]
struct Claim {
    /// Letters of the word that were just read; all of them while its number is read.
    letters: usize,
    number: u64,
    most: u64,
}

impl Claim {
    const WORD: &'static [u8] = b"uniqueCount";

    fn read(&mut self, byte: u8) {
        if byte == 0 {
            return;
        }
        if self.letters == Self::WORD.len() {
            if byte.is_ascii_digit() {
                let digit = u64::from(byte - b'0');
                self.number = self.number.saturating_mul(10).saturating_add(digit);
                self.most = self.most.max(self.number);
                return;
            }
            if self.number == 0
                && matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'"' | b'\'' | b'+')
            {
                return;
            }
            (self.letters, self.number) = (0, 0);
        }
        self.letters = if byte == Self::WORD[self.letters] {
            self.letters + 1
        } else {
            usize::from(byte == Self::WORD[0])
        };
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn failed(error: XlsxError) -> Stop {
    Stop::Format(error.to_string())
}
