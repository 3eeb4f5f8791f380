//! XLS, of Excel 97 and before: a compound file of binary records, loaded whole.

use std::io::Cursor;

use calamine::{Reader, Xls};

use super::{Line, Next, Stop, Visit, biff, compound, text};
use crate::MAX_COLUMNS;

/// Shows the rows of every sheet.
pub(super) fn visit(file: &[u8], row: Visit<'_>) -> Result<(), Stop> {
    let refused = |reason: &str| Stop::Format(reason.to_owned());
    let mut stream = compound::workbook(file).ok_or_else(|| refused("not an Excel workbook"))?;
    biff::bound(&mut stream).map_err(refused)?;
    let file = compound::around(&stream);
    drop(stream);
    let mut book: Xls<_> =
        Xls::new(Cursor::new(file)).map_err(|error| Stop::Format(error.to_string()))?;
    for (sheet, name) in (1..).zip(book.sheet_names()) {
        let range = book.worksheet_range(&name).map_err(|error| Stop::Format(error.to_string()))?;
        if range.width() > MAX_COLUMNS {
            return Err(Stop::Format(format!("a sheet of more than {MAX_COLUMNS} columns")));
        }
        let first = range.start().map_or(0, |(line, _)| line);
        for (number, cells) in (first + 1..).zip(range.rows()) {
            let mut cells: Vec<_> = cells.iter().map(text).collect();
            cells.truncate(cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |at| at + 1));
            if cells.is_empty() {
                continue;
            }
            match row(&Line { sheet, number, cells: &cells })? {
                Next::Row => {}
                Next::Sheet => break,
                Next::End => return Ok(()),
            }
        }
    }
    Ok(())
}
