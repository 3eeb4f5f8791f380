//! The values of `$1`, `$2`, …, read from text or from binary into one row.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array,
    Float64Array, Int16Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, TimeUnit};
use bytes::{Buf, Bytes};

use super::encode::{Format, Formats};
use super::problem::Problem;
use super::{numeric, time};

/// Most digits of a decimal.
const DIGITS: u8 = 38;

/// Reads the values of a message as one row; without values there is none.
///
/// # Errors
/// When there are too few or too many, or a value is not of its type.
pub(super) fn row(
    types: &[DataType],
    formats: &Formats,
    values: &[Option<Bytes>],
) -> Result<Option<RecordBatch>, Problem> {
    if values.len() != types.len() {
        let (wanted, given) = (types.len(), values.len());
        let reason = format!("the query has {wanted} parameters, {given} were given");
        return Err(Problem::error("08P01", reason));
    }
    let value = |(place, (data_type, value)): (usize, (&DataType, &Option<Bytes>))| match value {
        None => Ok(new_null_array(data_type, 1)),
        Some(bytes) => {
            read(data_type, formats.of(place), bytes).ok_or_else(|| wrong(place + 1, data_type))
        }
    };
    let columns = types.iter().zip(values).enumerate().map(value).collect::<Result<_, _>>()?;
    of_columns(columns)
}

/// Returns one row of NULL, which is enough to tell the types of an answer.
pub(super) fn nulls(types: &[DataType]) -> Result<Option<RecordBatch>, Problem> {
    of_columns(types.iter().map(|data_type| new_null_array(data_type, 1)).collect())
}

fn of_columns(columns: Vec<ArrayRef>) -> Result<Option<RecordBatch>, Problem> {
    if columns.is_empty() {
        return Ok(None);
    }
    let field = |(place, column): (usize, &ArrayRef)| {
        Field::new(format!("${}", place + 1), column.data_type().clone(), true)
    };
    let fields: Vec<_> = columns.iter().enumerate().map(field).collect();
    let row = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns);
    row.map(Some).map_err(|_| Problem::error("XX000", "the parameters cannot be put in a row"))
}

fn wrong(place: usize, data_type: &DataType) -> Problem {
    Problem::error("22P02", format!("the value of ${place} is none of type {data_type}"))
}

fn read(data_type: &DataType, format: Format, bytes: &[u8]) -> Option<ArrayRef> {
    match format {
        Format::Text => from_text(data_type, std::str::from_utf8(bytes).ok()?),
        Format::Binary => from_binary(data_type, bytes),
    }
}

fn from_text(data_type: &DataType, text: &str) -> Option<ArrayRef> {
    Some(match data_type {
        DataType::Boolean => Arc::new(BooleanArray::from(vec![boolean(text)?])),
        DataType::Int16 => Arc::new(Int16Array::from(vec![text.trim().parse::<i16>().ok()?])),
        DataType::Int32 => Arc::new(Int32Array::from(vec![text.trim().parse::<i32>().ok()?])),
        DataType::Int64 => Arc::new(Int64Array::from(vec![text.trim().parse::<i64>().ok()?])),
        DataType::UInt32 => Arc::new(UInt32Array::from(vec![text.trim().parse::<u32>().ok()?])),
        DataType::Float32 => Arc::new(Float32Array::from(vec![text.trim().parse::<f32>().ok()?])),
        DataType::Float64 => Arc::new(Float64Array::from(vec![text.trim().parse::<f64>().ok()?])),
        DataType::Decimal128(..) => decimal(numeric::from_text(text.trim())?)?,
        DataType::Date32 => Arc::new(Date32Array::from(vec![time::parse_date(text)?])),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            timestamp(time::parse_timestamp(text, zone.is_some())?, zone.clone())
        }
        DataType::Binary => {
            let digits = text.strip_prefix("\\x")?.as_bytes();
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            let bytes = digits.chunks(2).map(byte).collect::<Option<Vec<u8>>>()?;
            Arc::new(BinaryArray::from_vec(vec![&bytes]))
        }
        DataType::List(item) => {
            let texts = items(text)?;
            let value = |text: &Option<String>| match text {
                Some(text) => from_text(item.data_type(), text),
                None => Some(new_null_array(item.data_type(), 1)),
            };
            list(item, &texts.iter().map(value).collect::<Option<Vec<_>>>()?)?
        }
        DataType::Utf8 => Arc::new(StringArray::from(vec![text])),
        _ => return None,
    })
}

fn from_binary(data_type: &DataType, mut bytes: &[u8]) -> Option<ArrayRef> {
    let from = &mut bytes;
    let array: ArrayRef = match data_type {
        DataType::Boolean => Arc::new(BooleanArray::from(vec![from.try_get_u8().ok()? != 0])),
        DataType::Int16 => Arc::new(Int16Array::from(vec![from.try_get_i16().ok()?])),
        DataType::Int32 => Arc::new(Int32Array::from(vec![from.try_get_i32().ok()?])),
        DataType::UInt32 => Arc::new(UInt32Array::from(vec![from.try_get_u32().ok()?])),
        DataType::Int64 => Arc::new(Int64Array::from(vec![from.try_get_i64().ok()?])),
        DataType::Float32 => Arc::new(Float32Array::from(vec![from.try_get_f32().ok()?])),
        DataType::Float64 => Arc::new(Float64Array::from(vec![from.try_get_f64().ok()?])),
        DataType::Decimal128(..) => {
            let number = numeric::from_binary(from)?;
            *from = &[];
            decimal(number)?
        }
        DataType::Date32 => {
            let days = from.try_get_i32().ok()?.checked_add(time::EPOCH_DAYS)?;
            Arc::new(Date32Array::from(vec![days]))
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let micros = from.try_get_i64().ok()?.checked_add(time::EPOCH_MICROS)?;
            timestamp(micros, zone.clone())
        }
        DataType::List(item) => list(item, &binary_items(item.data_type(), from)?)?,
        DataType::Binary => {
            let whole = std::mem::take(from);
            Arc::new(BinaryArray::from_vec(vec![whole]))
        }
        DataType::Utf8 => {
            let whole = std::mem::take(from);
            Arc::new(StringArray::from(vec![std::str::from_utf8(whole).ok()?]))
        }
        _ => return None,
    };
    from.is_empty().then_some(array)
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn decimal((value, scale): (i128, i8)) -> Option<ArrayRef> {
    let array = Decimal128Array::from(vec![value]).with_precision_and_scale(DIGITS, scale).ok()?;
    array.validate_decimal_precision(DIGITS).ok()?;
    Some(Arc::new(array))
}

fn timestamp(micros: i64, zone: Option<Arc<str>>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone_opt(zone))
}

fn list(item: &FieldRef, values: &[ArrayRef]) -> Option<ArrayRef> {
    let parts: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
    let items =
        if parts.is_empty() { new_null_array(item.data_type(), 0) } else { concat(&parts).ok()? };
    let lengths = OffsetBuffer::from_lengths([items.len()]);
    Some(Arc::new(ListArray::try_new(Arc::clone(item), lengths, items, None).ok()?))
}

/// The items of an array of one dimension in binary.
fn binary_items(item: &DataType, from: &mut &[u8]) -> Option<Vec<ArrayRef>> {
    let dimensions = from.try_get_i32().ok()?;
    let (_has_nulls, _type) = (from.try_get_i32().ok()?, from.try_get_u32().ok()?);
    if dimensions == 0 {
        return Some(Vec::new());
    }
    let (count, _first) = (from.try_get_i32().ok()?, from.try_get_i32().ok()?);
    if dimensions != 1 {
        return None;
    }
    let value = |_| match from.try_get_i32().ok()? {
        -1 => Some(new_null_array(item, 1)),
        length => {
            let (bytes, rest) = from.split_at_checked(usize::try_from(length).ok()?)?;
            *from = rest;
            from_binary(item, bytes)
        }
    };
    (0..count).map(value).collect()
}

/// The items of an array of one dimension in text: `{a, "b c", NULL}`.
fn items(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut items = Vec::new();
    let (mut item, mut is_quoted, mut open) = (String::new(), false, false);
    let mut end = |item: &mut String, is_quoted: &mut bool| {
        let mut text = std::mem::take(item);
        if !*is_quoted {
            text.truncate(text.trim_end().len());
        }
        let is_null = !*is_quoted && text.eq_ignore_ascii_case("null");
        let is_missing = !*is_quoted && text.is_empty();
        *is_quoted = false;
        items.push((!is_null).then_some(text));
        !is_missing
    };
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => item.push(characters.next()?),
            '"' => (open, is_quoted) = (!open, true),
            ',' if !open => {
                if !end(&mut item, &mut is_quoted) {
                    return None;
                }
            }
            '{' | '}' if !open => return None,
            // Space around an item is none of it.
            space if space.is_whitespace() && !open && (item.is_empty() || is_quoted) => {}
            other => item.push(other),
        }
    }
    if !inner.is_empty() && !end(&mut item, &mut is_quoted) {
        return None;
    }
    (!open).then_some(items)
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::super::{encode, types};
    use super::*;

    /// Type, and a text that is written as it was read.
    const CASES: [(u32, &str); 16] = [
        (16, "t"),
        (21, "-5"),
        (23, "70000"),
        (20, "5000000000"),
        (700, "0.5"),
        (701, "-0.25"),
        (1700, "-1234567.89"),
        (1082, "2025-02-28"),
        (1114, "2025-02-28 10:00:00.25"),
        (1184, "2025-02-28 10:00:00+00"),
        (17, "\\x00ff"),
        (25, "Crac'h"),
        (1043, ""),
        (1009, r#"{a,"b c",NULL}"#),
        (1016, "{1,2}"),
        (1007, "{}"),
    ];

    #[test]
    fn what_goes_out_comes_back_in_text_and_in_binary() {
        for (oid, text) in CASES {
            let data_type = types::of_parameter(oid).unwrap();
            let value = from_text(&data_type, text).unwrap();
            for format in [Format::Text, Format::Binary] {
                let mut to = BytesMut::new();
                encode::cell(&value, 0, format, &mut to);
                let back = read(&data_type, format, &to[4..]).unwrap();
                assert_eq!(&back, &value, "{text} {format:?}");
            }
            let mut to = BytesMut::new();
            encode::text(&value, 0, &mut to);
            assert_eq!(to, text.as_bytes());
        }
    }

    #[test]
    fn space_around_items_is_left_out() {
        let texts = [Some("a b"), Some(" c "), None].map(|text| text.map(str::to_owned));
        assert_eq!(items(r#"{ a b , " c " , NULL }"#).unwrap(), texts);
    }

    #[test]
    fn what_is_not_of_the_type_is_refused() {
        for (oid, text) in
            [(16, "x"), (21, "70000"), (1700, "x"), (1082, "x"), (1007, "{1,}"), (1007, "1")]
        {
            let data_type = types::of_parameter(oid).unwrap();
            assert!(from_text(&data_type, text).is_none(), "{text}");
        }
        for (oid, ..) in CASES {
            let data_type = types::of_parameter(oid).unwrap();
            if data_type != DataType::Utf8 && data_type != DataType::Binary {
                assert!(from_binary(&data_type, &[0xff; 3]).is_none(), "{oid}");
            }
        }
    }
}
