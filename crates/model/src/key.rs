//! What tells a row from another: hashes of its key and of its raw text.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Date32Type, Int64Type};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

use crate::Dataset;

/// Hashes of one row. Two rows of equal keys are taken for the same thing: with 128 bits, a
/// hundred million rows hold two that only seem so with a probability below 1e-22.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowKey {
    /// Of the values of the dataset's key.
    pub key: u128,
    /// Of the raw text, by which a copy is told from a correction; where equal rows are no copies,
    /// of its line too.
    pub row: u64,
}

/// Returns the hash of each row's key; `rows` has at least the key's columns.
///
/// # Panics
/// When it has not, or a column is neither text nor a whole number nor a date.
#[must_use]
pub fn row_keys(dataset: &Dataset, rows: &RecordBatch) -> Vec<u128> {
    let columns: Vec<&ArrayRef> = dataset.key.iter().map(|name| &rows[*name]).collect();
    let mut bytes = Vec::new();
    let hash = |row: usize| {
        bytes.clear();
        for column in &columns {
            append(&mut bytes, column, row);
        }
        xxh3_128(&bytes)
    };
    (0..rows.num_rows()).map(hash).collect()
}

/// Returns the hash of each raw row, and of its line where equal rows are several things.
pub(crate) fn row_hashes(dataset: &Dataset, raw: &StringArray, lines: &Int64Array) -> Vec<u64> {
    let rows = raw.iter().zip(lines.values());
    rows.map(|(raw, line)| {
        let seed = if dataset.copies { line.cast_unsigned() } else { 0 };
        xxh3_64_with_seed(raw.unwrap_or_default().as_bytes(), seed)
    })
    .collect()
}

/// Appends a value with its length, so that no two different keys give the same bytes.
fn append(bytes: &mut Vec<u8>, column: &ArrayRef, row: usize) {
    if column.is_null(row) {
        bytes.push(u8::MAX);
    } else if let Some(texts) = column.as_string_opt::<i32>() {
        let text = texts.value(row);
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    } else if let Some(days) = column.as_primitive_opt::<Date32Type>() {
        bytes.extend(days.value(row).to_le_bytes());
    } else {
        bytes.extend(column.as_primitive::<Int64Type>().value(row).to_le_bytes());
    }
}
