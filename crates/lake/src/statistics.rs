//! Statistics of one data file, from the JSON that its Delta `add` action carries.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use serde_json::Value;

/// Returns row count, null counts, minima and maxima of the columns of `schema`; what the JSON
/// does not say is left unknown.
pub(crate) fn of_file(stats: Option<&str>, size: usize, schema: &Schema) -> Statistics {
    let stats: Value =
        stats.and_then(|json| serde_json::from_str(json).ok()).unwrap_or(Value::Null);
    let count = |value: &Value| value.as_u64().and_then(|count| usize::try_from(count).ok());
    let exact = |count: Option<usize>| count.map_or(Precision::Absent, Precision::Exact);
    let column = |field: &Arc<Field>| {
        let bound = |which: &str| bound(&stats[which][field.name()], field.data_type());
        ColumnStatistics::new_unknown()
            .with_null_count(exact(count(&stats["nullCount"][field.name()])))
            .with_min_value(bound("minValues"))
            .with_max_value(bound("maxValues"))
    };
    Statistics {
        num_rows: exact(count(&stats["numRecords"])),
        total_byte_size: Precision::Inexact(size),
        column_statistics: schema.fields().iter().map(column).collect(),
    }
}

/// A bound of a column. Text bounds may be cut short by the writer, so they are never exact and
/// never used; identifiers are found by the row groups' own statistics instead.
fn bound(value: &Value, data_type: &DataType) -> Precision<ScalarValue> {
    let scalar = match data_type {
        DataType::Int64 => value.as_i64().map(|v| ScalarValue::Int64(Some(v))),
        DataType::Date32 => value.as_str().and_then(|text| {
            let day = text.parse::<chrono::NaiveDate>().ok()?;
            let days = day.signed_duration_since(chrono::NaiveDate::default()).num_days();
            Some(ScalarValue::Date32(Some(i32::try_from(days).ok()?)))
        }),
        _ => None,
    };
    scalar.map_or(Precision::Absent, Precision::Exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_log_says_is_used_and_no_more() {
        let schema = Schema::new(vec![
            Field::new("day", DataType::Date32, true),
            Field::new("n", DataType::Int64, true),
            Field::new("name", DataType::Utf8, true),
        ]);
        let json = r#"{"numRecords":3,"nullCount":{"n":1},"minValues":{"day":"1970-01-02","n":5,"name":"a"},
            "maxValues":{"day":"1970-01-03","n":9,"name":"b"}}"#;
        let stats = of_file(Some(json), 10, &schema);
        assert_eq!(stats.num_rows, Precision::Exact(3));
        assert_eq!(
            stats.column_statistics[0].min_value,
            Precision::Exact(ScalarValue::Date32(Some(1)))
        );
        assert_eq!(stats.column_statistics[1].null_count, Precision::Exact(1));
        assert_eq!(
            stats.column_statistics[1].max_value,
            Precision::Exact(ScalarValue::Int64(Some(9)))
        );
        assert_eq!(stats.column_statistics[2].max_value, Precision::Absent);
        assert_eq!(of_file(None, 10, &schema).num_rows, Precision::Absent);
        assert_eq!(of_file(Some("{not json"), 10, &schema).num_rows, Precision::Absent);
    }
}
