//! Values as PostgreSQL writes them, in text and in binary.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, IntervalMonthDayNano};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use bytes::{BufMut, BytesMut};
use carnac_query::PostgresType;

use super::problem::Problem;
use super::{numeric, time};

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Binary,
}

impl Format {
    pub(super) fn code(self) -> i16 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
        }
    }
}

/// How the values of each column are written: all in one way, or each in its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Formats(Vec<Format>);

impl Formats {
    pub(super) fn all(format: Format) -> Self {
        Self(vec![format])
    }

    /// Reads the codes of a message: none is text, one is for all.
    ///
    /// # Errors
    /// For a code that is neither 0 nor 1.
    pub(super) fn parse(codes: &[i16]) -> Result<Self, Problem> {
        let format = |code: &i16| match code {
            0 => Ok(Format::Text),
            1 => Ok(Format::Binary),
            _ => Err(Problem::error("08P01", "a value is written as text (0) or in binary (1)")),
        };
        codes.iter().map(format).collect::<Result<_, _>>().map(Self)
    }

    /// Returns that of the column, or parameter, at a place from 0.
    pub(super) fn of(&self, place: usize) -> Format {
        let only = if let [only] = self.0.as_slice() { Some(only) } else { None };
        only.or_else(|| self.0.get(place)).copied().unwrap_or(Format::Text)
    }
}

/// Puts the columns of a batch into the types in which they are written.
///
/// # Errors
/// For a value that the type cannot hold.
pub(super) fn plain_columns(batch: &RecordBatch) -> Result<Vec<ArrayRef>, ArrowError> {
    let column = |column: &ArrayRef| {
        let wanted = PostgresType::plain(column.data_type());
        if *column.data_type() == wanted {
            return Ok(Arc::clone(column));
        }
        if column.data_type().is_nested() && wanted == DataType::Utf8 {
            return shown(column);
        }
        cast_with_options(column, &wanted, &CastOptions { safe: false, ..Default::default() })
    };
    batch.columns().iter().map(column).collect()
}

/// What has no type in PostgreSQL, as it is shown.
fn shown(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let text = |row| match column.is_null(row) {
        true => Ok(None),
        false => array_value_to_string(column, row).map(Some),
    };
    let texts = (0..column.len()).map(text).collect::<Result<StringArray, _>>()?;
    Ok(Arc::new(texts))
}

/// Writes the rows of `columns` from `row` on, each as a message, until `enough` bytes wait or
/// there are no more; returns the row after the last.
pub(super) fn data_rows(
    columns: &[ArrayRef],
    (mut row, end): (usize, usize),
    formats: &Formats,
    enough: usize,
    to: &mut BytesMut,
) -> usize {
    while row < end && to.len() < enough {
        to.put_u8(b'D');
        framed(to, |to| {
            to.put_u16(u16::try_from(columns.len()).unwrap_or(u16::MAX));
            for (place, column) in columns.iter().enumerate() {
                cell(column, row, formats.of(place), to);
            }
        });
        row += 1;
    }
    row
}

/// Writes what `write` writes after its length, which counts itself.
pub(super) fn framed(to: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    let start = to.len();
    to.put_u32(0);
    write(to);
    let length = u32::try_from(to.len() - start).unwrap_or(u32::MAX);
    to[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Writes a value after its length, which is -1 for NULL.
pub(super) fn cell(array: &dyn Array, row: usize, format: Format, to: &mut BytesMut) {
    if array.is_null(row) {
        return to.put_i32(-1);
    }
    let start = to.len();
    to.put_i32(0);
    match format {
        Format::Text => text(array, row, to),
        Format::Binary => binary(array, row, to),
    }
    let length = i32::try_from(to.len() - start - 4).unwrap_or(i32::MAX);
    to[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Writes a value that is not NULL as text.
pub(super) fn text(array: &dyn Array, row: usize, to: &mut BytesMut) {
    // Writing to memory does not fail.
    let mut show = |shown: &dyn std::fmt::Display| write!(to, "{shown}").unwrap_or_default();
    match array.data_type() {
        DataType::Boolean => to.put_u8(if array.as_boolean().value(row) { b't' } else { b'f' }),
        DataType::Int16 => show(&array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => show(&array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => show(&array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt32 => show(&array.as_primitive::<UInt32Type>().value(row)),
        DataType::Float32 => float(array.as_primitive::<Float32Type>().value(row), 1e6, to),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row), 1e15, to),
        DataType::Decimal128(_, scale) => {
            numeric::text(array.as_primitive::<Decimal128Type>().value(row), *scale, to);
        }
        DataType::Date32 => time::date(array.as_primitive::<Date32Type>().value(row), to),
        DataType::Time64(_) => {
            time::time_of_day(array.as_primitive::<Time64MicrosecondType>().value(row), to);
        }
        DataType::Timestamp(_, zone) => {
            let value = array.as_primitive::<TimestampMicrosecondType>().value(row);
            time::timestamp(value, zone.is_some(), to);
        }
        DataType::Interval(_) => {
            let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            time::interval(value.months, value.days, value.nanoseconds / 1000, to);
        }
        DataType::Binary => {
            to.put_slice(b"\\x");
            for byte in array.as_binary::<i32>().value(row) {
                write!(to, "{byte:02x}").unwrap_or_default();
            }
        }
        DataType::List(_) => list_text(&array.as_list::<i32>().value(row), to),
        _ => to.put_slice(array.as_string::<i32>().value(row).as_bytes()),
    }
}

/// Writes a value that is not NULL in binary.
fn binary(array: &dyn Array, row: usize, to: &mut BytesMut) {
    match array.data_type() {
        DataType::Boolean => to.put_u8(u8::from(array.as_boolean().value(row))),
        DataType::Int16 => to.put_i16(array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => to.put_i32(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => to.put_i64(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt32 => to.put_u32(array.as_primitive::<UInt32Type>().value(row)),
        DataType::Float32 => to.put_f32(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => to.put_f64(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(_, scale) => {
            numeric::binary(array.as_primitive::<Decimal128Type>().value(row), *scale, to);
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            to.put_i32(days.saturating_sub(time::EPOCH_DAYS));
        }
        DataType::Time64(_) => {
            to.put_i64(array.as_primitive::<Time64MicrosecondType>().value(row));
        }
        DataType::Timestamp(..) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            to.put_i64(micros.saturating_sub(time::EPOCH_MICROS));
        }
        DataType::Interval(_) => {
            let IntervalMonthDayNano { months, days, nanoseconds } =
                array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            to.put_i64(nanoseconds / 1000);
            to.put_i32(days);
            to.put_i32(months);
        }
        DataType::Binary => to.put_slice(array.as_binary::<i32>().value(row)),
        DataType::List(_) => list_binary(&array.as_list::<i32>().value(row), to),
        _ => text(array, row, to),
    }
}

/// A number as short as it can be read back; very large and very small ones with an exponent.
fn float<F>(value: F, large: f64, to: &mut BytesMut)
where
    F: Copy + Into<f64> + std::fmt::Display + std::fmt::LowerExp,
{
    let wide: f64 = value.into();
    let written = match wide {
        _ if wide.is_nan() => write!(to, "NaN"),
        _ if wide.is_infinite() => write!(to, "{}Infinity", if wide < 0.0 { "-" } else { "" }),
        _ if wide != 0.0 && (wide.abs() >= large || wide.abs() < 1e-4) => {
            let shown = format!("{value:e}");
            let (mantissa, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
            let sign = if exponent.starts_with('-') { '-' } else { '+' };
            write!(to, "{mantissa}e{sign}{:0>2}", exponent.trim_start_matches('-'))
        }
        _ => write!(to, "{value}"),
    };
    written.unwrap_or_default();
}

fn list_text(items: &ArrayRef, to: &mut BytesMut) {
    let mut item = BytesMut::new();
    to.put_u8(b'{');
    for row in 0..items.len() {
        if row > 0 {
            to.put_u8(b',');
        }
        if items.is_null(row) {
            to.put_slice(b"NULL");
            continue;
        }
        item.clear();
        text(items, row, &mut item);
        quoted(&item, to);
    }
    to.put_u8(b'}');
}

/// Writes an item between quotes if it could be taken for something else.
fn quoted(item: &[u8], to: &mut BytesMut) {
    let is_special =
        |byte: &u8| matches!(byte, b'{' | b'}' | b',' | b'"' | b'\\') || byte.is_ascii_whitespace();
    if !item.is_empty() && !item.iter().any(is_special) && !item.eq_ignore_ascii_case(b"null") {
        return to.put_slice(item);
    }
    to.put_u8(b'"');
    for byte in item {
        if matches!(byte, b'"' | b'\\') {
            to.put_u8(b'\\');
        }
        to.put_u8(*byte);
    }
    to.put_u8(b'"');
}

fn list_binary(items: &ArrayRef, to: &mut BytesMut) {
    let length = i32::try_from(items.len()).unwrap_or(i32::MAX);
    to.put_i32(i32::from(length > 0));
    to.put_i32(i32::from(items.null_count() > 0));
    to.put_u32(PostgresType::of(items.data_type()).oid);
    if length > 0 {
        to.put_i32(length);
        to.put_i32(1);
    }
    for row in 0..items.len() {
        cell(items, row, Format::Binary, to);
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, ListArray, StructArray, UInt64Array};

    use super::*;

    fn written(array: ArrayRef, row: usize) -> String {
        let batch = RecordBatch::try_from_iter([("a", array)]).unwrap();
        let columns = plain_columns(&batch).unwrap();
        let mut to = BytesMut::new();
        text(&columns[0], row, &mut to);
        String::from_utf8(to.to_vec()).unwrap()
    }

    #[test]
    fn floats_are_short_and_exact() {
        let cases = [
            (0.1, "0.1"),
            (-2.0, "-2"),
            (1e15, "1e+15"),
            (123_456_789_012_345.0, "123456789012345"),
            (1.5e-7, "1.5e-07"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (0.0, "0"),
        ];
        for (value, expected) in cases {
            assert_eq!(written(Arc::new(Float64Array::from(vec![value])), 0), expected);
        }
    }

    #[test]
    fn lists_are_quoted_where_they_must_be() {
        let items =
            [Some("a"), Some("b c"), None, Some(""), Some("null"), Some("\"\\{"), Some("é")];
        let list = ListArray::from_nested_iter::<arrow::array::StringBuilder, _, _, _>(vec![
            Some(items.to_vec()),
            Some(vec![]),
        ]);
        let list: ArrayRef = Arc::new(list);
        let expected = r#"{a,"b c",NULL,"","null","\"\\{",é}"#;
        assert_eq!(written(Arc::clone(&list), 0), expected);
        assert_eq!(written(list, 1), "{}");
    }

    #[test]
    fn what_has_no_type_is_shown() {
        assert_eq!(written(Arc::new(UInt64Array::from(vec![u64::MAX])), 0), u64::MAX.to_string());
        let inner: ArrayRef = Arc::new(Float64Array::from(vec![0.5]));
        let record = StructArray::try_from(vec![("x", inner)]).unwrap();
        assert_eq!(written(Arc::new(record), 0), "{x: 0.5}");
    }
}
