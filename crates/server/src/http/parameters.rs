//! The body of `POST /query`: SQL, or SQL and its parameters as JSON.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, new_null_array,
};
use arrow::datatypes::DataType;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::Value;

use super::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    sql: String,
    /// The values of `$1`, `$2`, … in order.
    #[serde(default)]
    parameters: Vec<Value>,
}

/// Returns the query and its row of parameters.
///
/// # Errors
/// 400 for a body that is neither text nor JSON of that form.
pub(super) fn of_body(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(String, Option<RecordBatch>), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let sql = std::str::from_utf8(body);
        let sql = sql.map_err(|_| Problem::invalid("the query is not text in UTF-8"))?;
        return Ok((sql.to_owned(), None));
    }
    let body: Body = serde_json::from_slice(body).map_err(|error| {
        let form = r#"{"sql": "select …", "parameters": ["213502388", 2025]}"#;
        Problem::invalid(format!("the body is not {form}: {error}"))
    })?;
    Ok((body.sql, row(&body.parameters)?))
}

fn row(values: &[Value]) -> Result<Option<RecordBatch>, Problem> {
    if values.is_empty() {
        return Ok(None);
    }
    let mut columns = Vec::with_capacity(values.len());
    for (place, value) in values.iter().enumerate() {
        let number = place + 1;
        let column = column(value).ok_or_else(|| {
            let kinds = "a text, a number, true, false or null";
            Problem::invalid(format!("parameter {number} is not {kinds}"))
        })?;
        columns.push((number.to_string(), column, true));
    }
    let row = RecordBatch::try_from_iter_with_nullable(columns);
    row.map(Some).map_err(|_| Problem::invalid("the parameters make no row"))
}

fn column(value: &Value) -> Option<ArrayRef> {
    Some(match value {
        Value::Null => new_null_array(&DataType::Null, 1),
        Value::Bool(value) => Arc::new(BooleanArray::from(vec![*value])),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Arc::new(Int64Array::from(vec![whole])),
            None => Arc::new(Float64Array::from(vec![number.as_f64()?])),
        },
        Value::String(text) => Arc::new(StringArray::from(vec![text.as_str()])),
        Value::Array(_) | Value::Object(_) => return None,
    })
}
