//! Writes one partition: rows in sorted runs, each a data file, as many as memory asks for.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::SchemaRef;
use deltalake_core::kernel::Add;
use deltalake_core::writer::record_batch::RecordBatchWriter;
use deltalake_core::writer::{DeltaWriter, WriteMode};
use deltalake_core::{DeltaResult, DeltaTable};
use foldhash::fast::RandomState;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::sum;

/// Rows handed to the encoder at once, which is also those of a row group.
const GROUP_ROWS: usize = 128 * 1024;

/// A partition in the making.
pub(crate) struct PartitionWriter {
    delta: DeltaTable,
    column: String,
    value: String,
    sort: &'static [&'static str],
    run_bytes: usize,
    /// A column whose values are all different, if there is one.
    pub(super) unique: Option<&'static str>,
    pending: Vec<RecordBatch>,
    pending_bytes: usize,
    /// The data files written so far.
    added: Vec<Add>,
    /// Rows written or pending.
    pub(super) rows: u64,
}

impl PartitionWriter {
    /// Starts the partition in which `column` is `value`; rows are sorted by `sort` in runs of
    /// about `run_bytes`.
    pub(crate) fn new(
        delta: &DeltaTable,
        column: &str,
        value: &str,
        sort: &'static [&'static str],
        run_bytes: usize,
    ) -> Self {
        Self {
            delta: delta.clone(),
            column: column.to_owned(),
            value: value.to_owned(),
            sort,
            run_bytes,
            unique: None,
            pending: Vec::new(),
            pending_bytes: 0,
            added: Vec::new(),
            rows: 0,
        }
    }

    /// Adds rows, in the table's columns without that of the partition.
    pub(crate) async fn push(&mut self, batch: RecordBatch) -> DeltaResult<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows() as u64;
        self.pending_bytes += batch.get_array_memory_size();
        self.pending.push(batch);
        if self.pending_bytes >= self.run_bytes { self.write_run().await } else { Ok(()) }
    }

    /// Writes what is left and returns the data files.
    pub(crate) async fn finish(mut self) -> DeltaResult<Vec<Add>> {
        self.write_run().await?;
        Ok(self.added)
    }

    async fn write_run(&mut self) -> DeltaResult<()> {
        let batches = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        let Some(first) = batches.first() else { return Ok(()) };
        let mut run = concat_batches(&first.schema(), &batches)?;
        drop(batches);
        if let Some(order) = order(&run, self.sort) {
            run = take_record_batch(&run, &order)?;
        }
        let properties = properties(self.unique);
        let mut writer =
            RecordBatchWriter::for_table(&self.delta)?.with_writer_properties(properties);
        let mut from = 0;
        while from < run.num_rows() {
            let group = run.slice(from, GROUP_ROWS.min(run.num_rows() - from));
            from += group.num_rows();
            let values = [(self.column.clone(), self.value.as_str().into())].into_iter().collect();
            writer.write_partition(group, &values, WriteMode::Default).await?;
        }
        let mut added = writer.flush().await?;
        sum::seal(&self.delta, &mut added).await?;
        self.added.extend(added);
        Ok(())
    }
}

/// How the data files of a table are written, of which a column of text may be `unique`.
pub(crate) fn properties(unique: Option<&str>) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS));
    if let Some(unique) = unique {
        let unique = ColumnPath::from(unique);
        properties = properties
            // A dictionary of values that never come back would be built and thrown away.
            .set_column_dictionary_enabled(unique.clone(), false)
            // Reading these texts is most of a long answer: with their lengths apart they are one
            // copy, and LZ4, of 4 bytes a row more than ZSTD, is read faster (benches/wire.rs).
            .set_column_encoding(unique.clone(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
            .set_column_compression(unique, Compression::LZ4_RAW);
    }
    properties.build()
}

/// The rows of `batch` for which `keep` is true.
pub(super) fn kept(
    batch: &RecordBatch,
    keep: impl Iterator<Item = bool>,
) -> DeltaResult<RecordBatch> {
    let mask: BooleanArray = keep.map(Some).collect();
    if mask.true_count() == batch.num_rows() {
        return Ok(batch.clone());
    }
    Ok(filter_record_batch(batch, &mask)?)
}

/// The columns of `schema`, without those that `batch` has not: `more` has them.
pub(super) fn arranged(
    batch: &RecordBatch,
    more: &(&str, ArrayRef),
    schema: &SchemaRef,
) -> DeltaResult<RecordBatch> {
    let column = |name: &str| if name == more.0 { &more.1 } else { &batch[name] };
    let columns = schema.fields().iter().map(|field| Arc::clone(column(field.name()))).collect();
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// The order of rows by some columns; rows that are equal in them stay as they stand. None when
/// they are in order.
fn order(batch: &RecordBatch, by: &[&str]) -> Option<UInt32Array> {
    let mut keys: Vec<(u128, u32)> = (0..).take(batch.num_rows()).map(|row| (0, row)).collect();
    for column in by.iter().filter_map(|name| batch.column_by_name(name)) {
        let (ranks, count) = ranks(column);
        for (key, rank) in keys.iter_mut().zip(ranks) {
            key.0 = key.0 * u128::from(count) + u128::from(rank);
        }
    }
    if keys.is_sorted() {
        return None;
    }
    keys.sort_unstable();
    Some(keys.into_iter().map(|(_, row)| row).collect())
}

/// The rank of each value among those of its column, nulls first, and how many ranks there are.
fn ranks(column: &ArrayRef) -> (Vec<u64>, u64) {
    if let Some(texts) = column.as_any().downcast_ref::<StringArray>() {
        return text_ranks(texts);
    }
    let numbers: Vec<Option<i64>> = match column.as_any().downcast_ref::<Date32Array>() {
        Some(days) => days.iter().map(|day| day.map(i64::from)).collect(),
        None => match column.as_any().downcast_ref::<Int64Array>() {
            Some(numbers) => numbers.iter().collect(),
            None => vec![None; column.len()],
        },
    };
    let known = || numbers.iter().flatten().copied();
    let (least, most) = (known().min().unwrap_or_default(), known().max().unwrap_or_default());
    let rank = |number: &Option<i64>| number.map_or(0, |number| number.abs_diff(least) + 1);
    (numbers.iter().map(rank).collect(), most.abs_diff(least).saturating_add(2))
}

fn text_ranks(texts: &StringArray) -> (Vec<u64>, u64) {
    let mut ids: HashMap<&str, u64, RandomState> = HashMap::default();
    let mut last: Option<(&str, u64)> = None;
    let mut found = Vec::with_capacity(texts.len());
    for text in texts {
        // Equal texts often stand together.
        found.push(text.map(|text| match last {
            Some((known, id)) if known == text => id,
            _ => {
                let next = ids.len() as u64;
                let id = *ids.entry(text).or_insert(next);
                last = Some((text, id));
                id
            }
        }));
    }
    let mut distinct: Vec<(&str, u64)> = ids.into_iter().collect();
    distinct.sort_unstable();
    let mut rank_of = vec![0; distinct.len()];
    for (rank, (_, id)) in (1..).zip(&distinct) {
        rank_of[usize::try_from(*id).unwrap_or_default()] = rank;
    }
    let rank =
        |id: Option<u64>| id.map_or(0, |id| rank_of[usize::try_from(id).unwrap_or_default()]);
    (found.into_iter().map(rank).collect(), distinct.len() as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_ordered_by_column_and_stay_where_they_are_equal() {
        let batch = RecordBatch::try_from_iter([
            (
                "siren",
                Arc::new(StringArray::from(vec![Some("b"), Some("a"), None, Some("b"), Some("a")]))
                    as ArrayRef,
            ),
            ("day", Arc::new(Date32Array::from(vec![Some(5), Some(9), Some(1), None, Some(-3)]))),
        ])
        .unwrap();
        let order_of = |by: &[&str]| order(&batch, by).map(|order| order.values().to_vec());
        assert_eq!(order_of(&["siren", "day"]), Some(vec![2, 4, 1, 3, 0]));
        assert_eq!(order_of(&["siren"]), Some(vec![2, 1, 4, 0, 3]));
        assert_eq!(order_of(&[]), None);
    }
}
