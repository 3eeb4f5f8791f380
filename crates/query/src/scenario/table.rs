//! The rows of a scenario as a batch.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use carnac_savings::Row;

const MONEY: DataType = DataType::Decimal128(18, 2);

/// `section, item, title, year, low, mid, high, unit`: see [`Row`].
pub(super) fn schema() -> SchemaRef {
    let columns = [
        ("section", DataType::Utf8),
        ("item", DataType::Utf8),
        ("title", DataType::Utf8),
        ("year", DataType::Int64),
        ("low", MONEY),
        ("mid", MONEY),
        ("high", MONEY),
        ("unit", DataType::Utf8),
    ];
    Arc::new(Schema::new(columns.map(|(name, of)| Field::new(name, of, true)).to_vec()))
}

/// Lays out the rows; an amount of more than 16 digits before the point is an error.
pub(super) fn batch(rows: &[Row], schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let text = |of: &dyn Fn(&Row) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
    };
    let amount = |of: fn(&Row) -> Option<i128>| -> Result<ArrayRef, ArrowError> {
        let values: Decimal128Array = rows.iter().map(of).collect();
        let values = values.with_precision_and_scale(18, 2)?;
        values.validate_decimal_precision(18)?;
        Ok(Arc::new(values))
    };
    let years: Int64Array = rows.iter().map(|row| row.year.map(i64::from)).collect();
    let columns = vec![
        text(&|row| row.section.to_owned()),
        text(&|row| row.item.clone()),
        text(&|row| row.title.clone()),
        Arc::new(years),
        amount(|row| row.low)?,
        amount(|row| row.mid)?,
        amount(|row| row.high)?,
        text(&|row| row.unit.to_owned()),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}
