//! One row in hand: its cells, already as CSV.

use crate::calendar::{Calendar, Day};

/// The cells of a row with `;` between. No value holds a separator, a quote or a line end.
#[derive(Debug, Default)]
pub(crate) struct Row {
    bytes: Vec<u8>,
    /// Where each cell ends; its separator follows.
    ends: Vec<usize>,
}

impl Row {
    /// Appends to the cell in hand.
    pub(crate) fn put(&mut self, part: impl AsRef<[u8]>) -> &mut Self {
        self.bytes.extend_from_slice(part.as_ref());
        self
    }

    /// Appends a whole number to the cell in hand.
    pub(crate) fn put_number(&mut self, mut number: u64) -> &mut Self {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            start -= 1;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.put(&digits[start..])
    }

    /// Appends a day without its hyphens, `20251231`.
    pub(crate) fn put_compact(&mut self, calendar: &Calendar, day: Day) -> &mut Self {
        let [y1, y2, y3, y4, _, m1, m2, _, d1, d2] = *calendar.text(day);
        self.put([y1, y2, y3, y4, m1, m2, d1, d2])
    }

    /// Ends the cell in hand.
    pub(crate) fn end(&mut self) {
        self.ends.push(self.bytes.len());
        self.bytes.push(b';');
    }

    /// A cell of text.
    pub(crate) fn text(&mut self, text: impl AsRef<[u8]>) {
        self.put(text).end();
    }

    /// A cell with a whole number.
    pub(crate) fn number(&mut self, number: u64) {
        self.put_number(number).end();
    }

    /// A cell with euros and cents, or another number of two places.
    pub(crate) fn hundredths(&mut self, hundredths: u64) {
        self.put_number(hundredths / 100).put(".");
        self.put_number(hundredths / 10 % 10).put_number(hundredths % 10).end();
    }

    /// A cell with a day, empty when there is none.
    pub(crate) fn day(&mut self, calendar: &Calendar, day: Option<Day>) {
        if let Some(day) = day {
            self.put(calendar.text(day));
        }
        self.end();
    }

    /// A cell with `1` or `0`.
    pub(crate) fn flag(&mut self, flag: bool) {
        self.text(if flag { "1" } else { "0" });
    }

    /// An empty cell.
    pub(crate) fn empty(&mut self) {
        self.end();
    }

    /// How many cells there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of a cell.
    pub(crate) fn cell(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        &self.bytes[start..self.ends[place]]
    }

    /// Puts another text into a cell.
    pub(crate) fn replace(&mut self, place: usize, text: &[u8]) {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        let end = self.ends[place];
        self.bytes.splice(start..end, text.iter().copied());
        for moved in self.ends.iter_mut().skip(place) {
            *moved = *moved - end + start + text.len();
        }
    }

    /// The row as a line of CSV.
    pub(crate) fn line(&mut self) -> &[u8] {
        if let Some(last) = self.bytes.last_mut() {
            *last = b'\n';
        }
        &self.bytes
    }

    /// Forgets the cells.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let mut row = Row::default();
        row.text("a");
        row.empty();
        row.number(0);
        row.number(u64::MAX);
        row.hundredths(120_305);
        row
    }

    #[test]
    fn cells_make_a_line() {
        assert_eq!(row().line(), b"a;;0;18446744073709551615;1203.05\n");
    }

    #[test]
    fn a_cell_is_replaced_by_a_longer_or_a_shorter_one() {
        let mut row = row();
        row.replace(1, b"long");
        row.replace(0, b"");
        row.replace(3, b"1");
        assert_eq!(row.cell(4), b"1203.05");
        assert_eq!(row.line(), b";long;0;1;1203.05\n");
    }
}
