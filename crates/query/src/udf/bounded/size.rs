//! How many bytes a function would make, at most.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::length::length;
use arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNanoType};
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;

/// Bytes of a value that is neither a text nor a list.
const FIXED: i128 = 16;

/// Letters that are held against one another in the time of one value.
const LETTERS: i128 = 8;

/// Nanoseconds of a day, and the days of the shortest month.
const DAY: i128 = 86_400_000_000_000;
const MONTH_DAYS: i128 = 28;

/// A number for each row.
type OfRow = Box<dyn Fn(usize) -> i128>;

/// Returns what a function would make of so many rows.
///
/// # Errors
/// When an argument is of a type that the function does not take.
pub(super) fn of_rows(name: &str, args: &[ColumnarValue], rows: usize) -> Result<u128> {
    let of_row = of_row(name, args)?;
    let at_least = |size: i128| u128::try_from(size).unwrap_or_default();
    Ok((0..rows).map(|row| at_least(of_row(row))).fold(0, u128::saturating_add))
}

fn of_row(name: &str, args: &[ColumnarValue]) -> Result<OfRow> {
    Ok(match (name, args) {
        ("repeat" | "array_repeat", [value, times]) => product(bytes(value)?, numbers(times)?),
        // A character has four bytes at most.
        ("lpad" | "rpad", [_, length, ..]) => times(4, numbers(length)?),
        ("array_resize", [list, size, fill @ ..]) => {
            let fill = product(sum(fill)?, numbers(size)?);
            plus(plus(bytes(list)?, times(FIXED, numbers(size)?)), fill)
        }
        ("replace", [text, from, to]) => {
            let (text, from, to) = (bytes(text)?, bytes(from)?, bytes(to)?);
            Box::new(move |row| text(row) + (text(row) / from(row).max(1)).saturating_mul(to(row)))
        }
        // What is found may be nothing, between any two characters.
        ("regexp_replace", [text, _, to, ..]) => {
            let found = plus(Box::new(|_| 1), bytes(text)?);
            plus(bytes(text)?, product(found, bytes(to)?))
        }
        ("concat_ws", [between, values @ ..]) => {
            let count = i128::try_from(values.len()).unwrap_or(i128::MAX);
            plus(times(count, bytes(between)?), sum(values)?)
        }
        ("array_to_string", [list, marks @ ..]) => plus(
            times(2, bytes(list)?),
            product(numbers_of(list, |list| length(list))?, sum(marks)?),
        ),
        // Two characters of a format are a number and a name at most; one of a text is a list of one.
        ("to_char" | "string_to_array", _) => times(FIXED, sum(args)?),
        ("translate" | "encode", _) => times(4, sum(args)?),
        ("range" | "generate_series", [stop]) => times(FIXED, numbers(stop)?),
        ("range" | "generate_series", [start, stop]) => times(FIXED, steps(start, stop, None)?),
        ("range" | "generate_series", [start, stop, step]) => {
            times(FIXED, steps(start, stop, Some(step))?)
        }
        // These make little and take long, without a pause: each of one is held against each of the other.
        ("array_has_all" | "array_has_any", [some, others]) => {
            product(elements(some)?, elements(others)?)
        }
        ("levenshtein", [text, other]) => over(LETTERS, product(bytes(text)?, bytes(other)?)),
        _ => sum(args)?,
    })
}

fn product(left: OfRow, right: OfRow) -> OfRow {
    Box::new(move |row| left(row).saturating_mul(right(row)))
}

fn plus(left: OfRow, right: OfRow) -> OfRow {
    Box::new(move |row| left(row).saturating_add(right(row)))
}

fn times(number: i128, of: OfRow) -> OfRow {
    Box::new(move |row| of(row).saturating_mul(number))
}

fn over(number: i128, of: OfRow) -> OfRow {
    Box::new(move |row| of(row) / number)
}

/// Bytes of all values of a row.
fn sum(args: &[ColumnarValue]) -> Result<OfRow> {
    let nothing: OfRow = Box::new(|_| 0);
    args.iter().try_fold(nothing, |sum, arg| Ok(plus(sum, bytes(arg)?)))
}

/// Bytes of a value, 0 for null.
fn bytes(arg: &ColumnarValue) -> Result<OfRow> {
    let of = arg.data_type();
    if of.is_string() || of.is_binary() {
        return numbers_of(arg, |texts| length(texts));
    }
    if !is_list(&of) {
        return Ok(Box::new(|_| FIXED));
    }
    let (lists, _) = values(arg)?;
    Ok(times(widest(&lists)?, numbers_of(arg, |lists| length(lists))?))
}

/// What takes the time of a value each, of a list.
fn elements(arg: &ColumnarValue) -> Result<OfRow> {
    match arg.data_type() {
        DataType::FixedSizeList(_, count) => Ok(Box::new(move |_| count.into())),
        of if is_list(&of) => Ok(over(FIXED, bytes(arg)?)),
        _ => Ok(Box::new(|_| 1)),
    }
}

fn is_list(of: &DataType) -> bool {
    matches!(of, DataType::List(_) | DataType::LargeList(_))
}

/// Bytes of the largest element of these lists.
fn widest(lists: &ArrayRef) -> Result<i128> {
    let elements = match lists.data_type() {
        DataType::List(_) => lists.as_list::<i32>().values(),
        _ => lists.as_list::<i64>().values(),
    };
    let of_element = bytes(&ColumnarValue::Array(Arc::clone(elements)))?;
    Ok((0..elements.len()).map(of_element).max().unwrap_or_default().max(FIXED))
}

/// The values of an argument, and whether they are one that is the same in all rows.
fn values(arg: &ColumnarValue) -> Result<(ArrayRef, bool)> {
    Ok(match arg {
        ColumnarValue::Array(array) => (Arc::clone(array), false),
        ColumnarValue::Scalar(value) => (value.to_array()?, true),
    })
}

/// Whole numbers, 0 for null.
fn numbers(arg: &ColumnarValue) -> Result<OfRow> {
    numbers_of(arg, |array| Ok(Arc::clone(array)))
}

/// Whole numbers made of an argument, 0 for null. One that is the same in all rows is not written down
/// for each.
fn numbers_of(
    arg: &ColumnarValue,
    made: impl Fn(&ArrayRef) -> Result<ArrayRef, arrow::error::ArrowError>,
) -> Result<OfRow> {
    let (array, is_one) = values(arg)?;
    let numbers = cast(&made(&array)?, &DataType::Int64)?;
    Ok(Box::new(move |row| {
        let row = if is_one { 0 } else { row };
        let numbers = numbers.as_primitive::<Int64Type>();
        if numbers.is_null(row) { 0 } else { i128::from(numbers.value(row)) }
    }))
}

/// How many steps there are between two numbers, or two moments.
fn steps(
    start: &ColumnarValue,
    stop: &ColumnarValue,
    step: Option<&ColumnarValue>,
) -> Result<OfRow> {
    let step = match step {
        None => Box::new(|_| 1),
        Some(step) if matches!(step.data_type(), DataType::Interval(_)) => interval(step)?,
        Some(step) => numbers(step)?,
    };
    let (start, stop) = (moments(start)?, moments(stop)?);
    Ok(Box::new(move |row| {
        let step = step(row).unsigned_abs().max(1);
        let apart = (stop(row) - start(row)).unsigned_abs();
        i128::try_from(apart / step).unwrap_or(i128::MAX)
    }))
}

/// Nanoseconds of intervals.
fn interval(step: &ColumnarValue) -> Result<OfRow> {
    let (step, is_one) = values(step)?;
    Ok(Box::new(move |row| {
        let row = if is_one { 0 } else { row };
        match step.as_primitive_opt::<IntervalMonthDayNanoType>() {
            Some(step) if step.is_valid(row) => {
                let step = step.value(row);
                let days = i128::from(step.months) * MONTH_DAYS + i128::from(step.days);
                days * DAY + i128::from(step.nanoseconds)
            }
            _ => 1,
        }
    }))
}

/// Numbers as they are, days and moments in nanoseconds.
fn moments(arg: &ColumnarValue) -> Result<OfRow> {
    if !arg.data_type().is_temporal() {
        return numbers(arg);
    }
    let days = |array: &ArrayRef| cast(&cast(array, &DataType::Date32)?, &DataType::Int32);
    Ok(times(DAY, numbers_of(arg, days)?))
}
