//! The records of an XLS, walked before they are read, to bound what they would take in memory.
//!
//! The library makes one dense grid from the first cell of a sheet to its last, makes room for
//! the grid that a sheet says it has, and copies a shared string into each cell that names it.

use super::compound::{short, word};

/// Most cells of the grids of all sheets.
pub(super) const MAX_CELLS: u64 = 8_000_000;
/// Cells of the largest sheet that the format knows; some say that they are as large as that.
const WHOLE_SHEET: u64 = 65_536 * 256;
/// Most bytes of text of all cells.
pub(super) const MAX_TEXT: u64 = 256 * 1024 * 1024;
/// Most sheets.
const MAX_SHEETS: usize = 256;
/// Most records that continue one record; they are taken off its front one by one.
const MAX_CONTINUED: usize = 16_384;

const TOO_LARGE: &str = "its sheets are larger than what is read of an XLS; give it as XLSX or CSV";
const BROKEN: &str = "its records contradict themselves";

const END: u16 = 0x000A;
const BEGIN: u16 = 0x0809;
const FORMULA: u16 = 0x0006;
const CONTINUE: u16 = 0x003C;

type Checked<T> = Result<T, &'static str>;

/// Empties every formula, whose words would be written out and which nobody reads: what a cell
/// holds is the value beside it. Errs when the sheets would take more than is allowed.
pub(super) fn bound(stream: &mut [u8]) -> Checked<()> {
    for formula in formulas(stream)? {
        stream[formula..formula + 2].fill(0);
    }
    Ok(())
}

/// Where the lengths of the formulas stand, in sheets that are not too large.
fn formulas(stream: &[u8]) -> Checked<Vec<usize>> {
    let (mut sheets, mut strings) = (Vec::new(), Vec::new());
    let mut records = Records(stream);
    while let Some((kind, data)) = records.next() {
        match kind {
            END => break,
            0x0085 => sheets.push(word(data, 0).ok_or(BROKEN)?),
            0x00FC => strings = lengths(data, &mut records)?,
            _ => {}
        }
    }
    if sheets.len() > MAX_SHEETS {
        return Err(TOO_LARGE);
    }
    let (mut cells, mut text, mut formulas) = (0, 0, Vec::new());
    for place in sheets {
        let records = usize::try_from(place).ok().and_then(|place| stream.get(place..));
        let sheet = sheet(Records(records.ok_or(BROKEN)?), &strings, |rest| {
            formulas.push(stream.len() - rest);
        })?;
        cells += sheet.0;
        text += sheet.1;
        if cells > MAX_CELLS || text > MAX_TEXT {
            return Err(TOO_LARGE);
        }
    }
    Ok(formulas)
}

/// Cells of a sheet's grid, and bytes of its text at most. `formula` is told of each formula how
/// many bytes of the stream are left where its length stands.
fn sheet(
    mut records: Records<'_>,
    strings: &[u64],
    mut formula: impl FnMut(usize),
) -> Checked<(u64, u64)> {
    let (mut depth, mut text, mut grid) = (0_u32, 0, Grid::default());
    while let Some((kind, data)) = records.next() {
        if kind == FORMULA && data.len() >= 22 {
            formula(records.0.len() + data.len() - 20);
        }
        match kind {
            BEGIN => depth += 1,
            END if depth <= 1 => break,
            END => depth -= 1,
            0x0200 => claimed(data)?,
            // A number, a text, a truth, a formula, a short number: each begins with its place.
            0x0203 | 0x0204 | 0x0205 | 0x00D6 | FORMULA | 0x027E => {
                grid.add(short(data, 0).ok_or(BROKEN)?, short(data, 2).ok_or(BROKEN)?);
                text += data.len() as u64 * 3;
            }
            0x00FD => {
                grid.add(short(data, 0).ok_or(BROKEN)?, short(data, 2).ok_or(BROKEN)?);
                let string = usize::try_from(word(data, 6).ok_or(BROKEN)?).unwrap_or(usize::MAX);
                text += strings.get(string).copied().unwrap_or_default();
            }
            // Several short numbers: the row, the first column, and at the end the last column.
            0x00BD => {
                let last = short(data, data.len().saturating_sub(2)).ok_or(BROKEN)?;
                let (row, first) = (short(data, 0).ok_or(BROKEN)?, short(data, 2).ok_or(BROKEN)?);
                if last < first {
                    return Err(BROKEN);
                }
                grid.add(row, first);
                grid.add(row, last);
            }
            // The text of the formula before it, or of the first cell when there was none.
            0x0207 => {
                text += data.len() as u64 * 3;
                grid.add(0, 0);
            }
            _ => {}
        }
    }
    Ok((grid.cells(), text))
}

/// Errs when the grid that a sheet says it has is larger than allowed.
fn claimed(data: &[u8]) -> Checked<()> {
    let bounds = match data.len() {
        10 => [0, 2, 4, 6].map(|at| short(data, at).map(u64::from)),
        14 | 16 => [
            word(data, 0).map(u64::from),
            word(data, 4).map(u64::from),
            short(data, 8).map(u64::from),
            short(data, 10).map(u64::from),
        ],
        _ => return Err(BROKEN),
    };
    let [Some(first_row), Some(rows), Some(_), Some(columns)] = bounds else { return Err(BROKEN) };
    if rows > 0 && columns > 0 && first_row > rows {
        return Err(BROKEN);
    }
    if rows * columns > WHOLE_SHEET { Err(TOO_LARGE) } else { Ok(()) }
}

/// The first and the last row and column of a sheet's cells.
#[derive(Default)]
struct Grid(Option<[u16; 4]>);

impl Grid {
    fn add(&mut self, row: u16, column: u16) {
        let [top, bottom, left, right] = self.0.unwrap_or([row, row, column, column]);
        self.0 = Some([top.min(row), bottom.max(row), left.min(column), right.max(column)]);
    }

    fn cells(&self) -> u64 {
        let side = |first: u16, last: u16| u64::from(last - first) + 1;
        self.0.map_or(0, |[top, bottom, left, right]| side(top, bottom) * side(left, right))
    }
}

/// Bytes that each shared string takes at most: three for each of its characters.
fn lengths(first: &[u8], records: &mut Records<'_>) -> Checked<Vec<u64>> {
    let mut pieces = vec![first.get(8..).ok_or(BROKEN)?];
    while let Some(piece) = records.continued() {
        pieces.push(piece);
    }
    if pieces.len() > MAX_CONTINUED {
        return Err(TOO_LARGE);
    }
    let mut pieces = pieces.into_iter();
    let mut data = pieces.next().unwrap_or_default();
    let mut lengths = Vec::new();
    loop {
        if data.is_empty() {
            let Some(piece) = pieces.next() else { return Ok(lengths) };
            data = piece;
        }
        let (count, flags) = (short(data, 0).ok_or(BROKEN)?, *data.get(2).ok_or(BROKEN)?);
        let runs = if flags & 8 == 0 { 0 } else { 2 };
        let after = (if flags & 4 == 0 { 0 } else { 4 }) + 3 + runs;
        let mut skipped = if runs == 0 { 0 } else { 4 * u64::from(short(data, 3).ok_or(BROKEN)?) };
        if flags & 4 != 0 {
            skipped += u64::from(word(data, 3 + runs).ok_or(BROKEN)?);
        }
        data = data.get(after..).ok_or(BROKEN)?;
        lengths.push(3 * u64::from(count));
        let (mut left, mut width) = (usize::from(count), 1 + usize::from(flags & 1));
        loop {
            let taken = left.min(data.len() / width);
            data = data.get(taken * width..).ok_or(BROKEN)?;
            left -= taken;
            if left == 0 {
                break;
            }
            let piece = pieces.next().ok_or(BROKEN)?;
            width = 1 + usize::from(piece.first().ok_or(BROKEN)? & 1);
            data = piece.get(1..).ok_or(BROKEN)?;
        }
        while skipped > 0 {
            if data.is_empty() {
                data = pieces.next().ok_or(BROKEN)?;
            }
            let taken = usize::try_from(skipped).unwrap_or(usize::MAX).min(data.len());
            data = data.get(taken..).ok_or(BROKEN)?;
            skipped -= taken as u64;
        }
    }
}

/// A cursor over records: two bytes of kind, two of length, then the data.
struct Records<'a>(&'a [u8]);

impl<'a> Records<'a> {
    /// Moves past the next record if it continues the one before.
    fn continued(&mut self) -> Option<&'a [u8]> {
        if short(self.0, 0)? == CONTINUE { self.next().map(|(_, data)| data) } else { None }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = (short(self.0, 0)?, usize::from(short(self.0, 2)?));
        let data = self.0.get(4..4 + length)?;
        self.0 = self.0.get(4 + length..)?;
        Some((kind, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap();
        [&kind.to_le_bytes(), &length.to_le_bytes(), data].concat()
    }

    /// A workbook of one string of so many letters, and of one sheet of records.
    fn workbook(letters: u16, sheet: &[Vec<u8>]) -> Vec<u8> {
        let string = [&1_u32.to_le_bytes()[..], &[0; 4], &letters.to_le_bytes(), &[0]].concat();
        let strings = record(0x00FC, &[string, vec![b'a'; usize::from(letters)]].concat());
        let place = u32::try_from(8 + strings.len() + 4).unwrap();
        let listed = record(0x0085, &place.to_le_bytes());
        [listed, strings, record(END, &[]), sheet.concat(), record(END, &[])].concat()
    }

    /// A cell with its row, its column, and what follows.
    fn cell(kind: u16, row: u16, column: u16, rest: &[u8]) -> Vec<u8> {
        record(kind, &[&row.to_le_bytes()[..], &column.to_le_bytes(), rest].concat())
    }

    #[test]
    fn cells_far_apart_are_refused() {
        let to = |row, column| {
            let cells = [cell(0x0203, 0, 0, &[0; 10]), cell(0x0203, row, column, &[0; 10])];
            bound(&mut workbook(3, &cells))
        };
        assert_eq!(to(65_535, 121), Ok(()));
        assert_eq!(to(65_535, 122), Err(TOO_LARGE));
        let numbers = |last: u16| {
            let rest = [&[0; 6][..], &last.to_le_bytes()].concat();
            bound(&mut workbook(3, &[cell(0x00BD, 1, 4, &rest), cell(0x0203, 65_535, 0, &[0; 10])]))
        };
        assert_eq!(numbers(121), Ok(()));
        assert_eq!(numbers(2_000), Err(TOO_LARGE));
        assert_eq!(numbers(3), Err(BROKEN));
    }

    #[test]
    fn a_grid_that_is_claimed_is_bounded() {
        let claim = |rows: u32, columns: u16| {
            let data = [
                &0_u32.to_le_bytes()[..],
                &rows.to_le_bytes(),
                &[0; 2],
                &columns.to_le_bytes(),
                &[0; 2],
            ];
            bound(&mut workbook(3, &[record(0x0200, &data.concat())]))
        };
        assert_eq!(claim(65_536, 256), Ok(()));
        assert_eq!(claim(u32::MAX, 256), Err(TOO_LARGE));
    }

    #[test]
    fn a_string_in_many_cells_counts_in_each() {
        let labels = |count: u16| -> Vec<_> {
            (0..count).map(|row| cell(0x00FD, row, 0, &[0; 6])).collect()
        };
        assert_eq!(bound(&mut workbook(60_000, &labels(1_491))), Ok(()));
        assert_eq!(bound(&mut workbook(60_000, &labels(1_492))), Err(TOO_LARGE));
    }

    #[test]
    fn a_formula_is_emptied_and_its_value_stays() {
        let rest = [&[0; 2][..], &2_f64.to_le_bytes(), &[0; 6], &[3, 0, 1, 2, 3]].concat();
        let mut stream = workbook(3, &[cell(FORMULA, 0, 0, &rest)]);
        let before = stream.clone();
        assert_eq!(bound(&mut stream), Ok(()));
        let changed: Vec<_> = (0..stream.len()).filter(|at| stream[*at] != before[*at]).collect();
        assert_eq!(changed, [stream.len() - 4 - 5]);
    }
}
