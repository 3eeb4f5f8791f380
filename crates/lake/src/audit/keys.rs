//! Reads keys and files of written rows back: which keys stand twice, how many rows a file has.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use carnac_model::{Dataset, PERIOD, row_keys};
use datafusion::error::DataFusionError;
use futures::TryStreamExt;

use crate::quoted;
use crate::replace::session;
use crate::{Error, Lake, Result, Table};

/// What to read back of a table.
pub(super) struct Reading<'r> {
    pub(super) lake: &'r Lake,
    pub(super) dataset: &'static Dataset,
    pub(super) periods: &'r BTreeSet<String>,
    /// Rows in those periods.
    pub(super) rows: u64,
    /// Bytes that keys may hold at once.
    pub(super) memory: usize,
}

/// What was found in the rows.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Rows of each file.
    pub(super) by_file: BTreeMap<String, u64>,
    /// The periods that hold a key that stands more than once, and how many rows of theirs do.
    pub(super) repeats: BTreeMap<String, u64>,
    /// Those periods.
    pub(super) repeated: BTreeSet<String>,
}

impl Reading<'_> {
    /// Reads the rows once, or as often as the memory for their keys asks for.
    pub(super) async fn run(&self, table: Table) -> Result<Found> {
        let mut found = Found::default();
        if self.periods.is_empty() {
            return Ok(found);
        }
        let table = Arc::new(table);
        // One that may stand several times is not compared; its files are counted all the same.
        let ranges = if self.dataset.repeats {
            vec![None]
        } else {
            self.ranges().into_iter().map(Some).collect()
        };
        for (turn, range) in ranges.into_iter().enumerate() {
            let columns = if range.is_some() { self.dataset.key } else { &[] };
            let mut keys = Vec::new();
            self.read(&table, columns, |batch| {
                if turn == 0 {
                    count_files(batch, &mut found.by_file);
                }
                if let Some(range) = &range {
                    keys.extend(self.keys_in(batch, range).map(|(_, key)| key));
                }
            })
            .await?;
            if let Some(range) = &range {
                self.find_repeated(&table, range, keys, &mut found).await?;
            }
        }
        found.repeated = found.repeats.keys().cloned().collect();
        Ok(found)
    }

    /// Ranges of keys, each of about as many as the memory may hold.
    fn ranges(&self) -> Vec<RangeInclusive<u128>> {
        let bytes = self.rows.saturating_mul(size_of::<u128>() as u64);
        let held = u64::try_from(self.memory / 4).unwrap_or(u64::MAX).max(1);
        let count = u128::from(bytes.div_ceil(held).max(1));
        let width = u128::MAX / count;
        (0..count)
            .map(|at| at * width..=if at + 1 == count { u128::MAX } else { (at + 1) * width - 1 })
            .collect()
    }

    /// The keys of a batch that are in the range, each with the place of its row.
    fn keys_in(
        &self,
        batch: &RecordBatch,
        range: &RangeInclusive<u128>,
    ) -> impl Iterator<Item = (usize, u128)> {
        let keys = row_keys(self.dataset, batch).into_iter().enumerate();
        keys.filter(|(_, key)| range.contains(key))
    }

    /// Finds those of `keys`, all of the range, that stand more than once, and their periods.
    async fn find_repeated(
        &self,
        table: &Arc<Table>,
        range: &RangeInclusive<u128>,
        mut keys: Vec<u128>,
        found: &mut Found,
    ) -> Result<()> {
        keys.sort_unstable();
        let repeated: Vec<u128> = keys
            .chunk_by(|a, b| a == b)
            .filter(|same| same.len() > 1)
            .map(|same| same[0])
            .collect();
        drop(keys);
        if repeated.is_empty() {
            return Ok(());
        }
        self.read(table, self.dataset.key, |batch| {
            let periods = batch[PERIOD].as_string::<i32>();
            for (row, key) in self.keys_in(batch, range) {
                if repeated.binary_search(&key).is_ok() {
                    *found.repeats.entry(periods.value(row).to_owned()).or_default() += 1;
                }
            }
        })
        .await
    }

    /// Hands on `columns`, the file and the period of all rows of the periods.
    async fn read(
        &self,
        table: &Arc<Table>,
        columns: &[&str],
        mut each: impl FnMut(&RecordBatch),
    ) -> Result<()> {
        let failed = |source: DataFusionError| Error::Merge {
            dataset: self.dataset.name.to_owned(),
            source: Box::new(source),
        };
        let context = session(self.lake, self.memory)?;
        context.register_table("written", Arc::clone(table) as _).map_err(failed)?;
        let periods: Vec<_> = self.periods.iter().map(|period| quoted(period)).collect();
        let columns = [columns, &["source_file", PERIOD]].concat().join(", ");
        let periods = periods.join(", ");
        let sql = format!("select {columns} from written where {PERIOD} in ({periods})");
        let run = async || context.sql(&sql).await?.execute_stream().await;
        let mut rows = run().await.map_err(failed)?;
        while let Some(batch) = rows.try_next().await.map_err(failed)? {
            each(&batch);
        }
        Ok(())
    }
}

/// Counts the rows of each file; those of one come mostly after one another.
fn count_files(batch: &RecordBatch, counts: &mut BTreeMap<String, u64>) {
    let files: Vec<_> = batch["source_file"].as_string::<i32>().iter().flatten().collect();
    for same in files.chunk_by(|a, b| a == b) {
        match counts.get_mut(same[0]) {
            Some(count) => *count += same.len() as u64,
            None => drop(counts.insert(same[0].to_owned(), same.len() as u64)),
        }
    }
}
