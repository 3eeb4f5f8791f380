//! Rows of one source on their way to the check, a batch at a time: memory holds one batch.

use std::io;

use carnac_model::{Rows, RowsBuilder};

use crate::{BATCH_BYTES, BATCH_ROWS, Error, Result, Source};

/// Rows of a source, handed on whenever there is a batch of them.
pub(crate) struct Batches<'a> {
    source: &'a Source,
    /// Where a reader pushes its rows.
    pub(crate) rows: RowsBuilder,
    each: &'a mut dyn FnMut(&Rows) -> Result<()>,
}

impl<'a> Batches<'a> {
    pub(crate) fn new(source: &'a Source, each: &'a mut dyn FnMut(&Rows) -> Result<()>) -> Self {
        Self { source, rows: RowsBuilder::new(source.dataset), each }
    }

    /// Hands the rows on when there are enough of them; to be called after each record.
    pub(crate) fn hand_on_when_full(&mut self) -> Result<()> {
        if self.rows.len() >= BATCH_ROWS || self.rows.bytes() >= BATCH_BYTES {
            (self.each)(&self.rows.finish())?;
        }
        Ok(())
    }

    /// Hands on the rows that are left.
    pub(crate) fn finish(mut self) -> Result<()> {
        (self.each)(&self.rows.finish())
    }

    /// Says which source could not be read.
    pub(crate) fn unread(&self, reason: io::Error) -> Error {
        self.source.io("read", reason)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use arrow::array::RecordBatch;
    use arrow::util::display::array_value_to_string;
    use carnac_model::{Checked, check, dataset};
    use chrono::NaiveDate;

    use super::*;
    use crate::find;

    /// A source to name in errors, of that dataset.
    fn source(name: &str) -> Source {
        let sample = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../data-samples/memberships/adhesions-exemple-fictif.csv"
        );
        Source::open(find(Path::new(sample)).unwrap().remove(0), dataset(name), &[]).unwrap()
    }

    /// Runs a reader; returns how many records it found, and its rows as of 1 January 2026.
    pub(crate) fn checked(
        name: &str,
        read: impl FnOnce(&mut Batches<'_>) -> Result<u64>,
    ) -> (u64, Checked) {
        let source = source(name);
        let mut batches = Vec::new();
        let run_date = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let mut each = |rows: &Rows| {
            batches.push(check(source.dataset, rows, run_date));
            Ok(())
        };
        let mut open = Batches::new(&source, &mut each);
        let count = read(&mut open).unwrap();
        open.finish().unwrap();
        assert_eq!(batches.len(), 1, "a small file is one batch");
        (count, batches.remove(0))
    }

    /// Values of the named columns, row by row with bars between; absent ones are empty.
    pub(crate) fn table(rows: &RecordBatch, columns: &str) -> Vec<String> {
        let value = |name: &str, row| {
            array_value_to_string(rows.column_by_name(name).unwrap(), row).unwrap()
        };
        let line =
            |row| columns.split(' ').map(|name| value(name, row)).collect::<Vec<_>>().join("|");
        (0..rows.num_rows()).map(line).collect()
    }

    #[test]
    fn a_batch_is_handed_on_as_soon_as_it_is_full() {
        let source = source("classifications");
        let mut sizes = Vec::new();
        let mut each = |rows: &Rows| {
            sizes.push(rows.len());
            Ok(())
        };
        let mut batches = Batches::new(&source, &mut each);
        for _ in 0..=BATCH_ROWS {
            batches.rows.push(1, "", [Some("35")]);
            batches.hand_on_when_full().unwrap();
        }
        let long = "x".repeat(BATCH_BYTES);
        batches.rows.push(1, &long, [Some("35")]);
        batches.hand_on_when_full().unwrap();
        batches.finish().unwrap();
        assert_eq!(sizes, [BATCH_ROWS, 2, 0]);
    }
}
