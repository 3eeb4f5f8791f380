//! Functions of the engine that make much out of little, with a bound.
//!
//! What they allocate is not counted by the memory pool, and an allocation that fails ends the
//! process: so what they would make is reckoned before they make it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::length::length;
use arrow::datatypes::{DataType, FieldRef, Int64Type, IntervalMonthDayNanoType};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature,
};

/// The functions, by name.
pub(crate) const NAMES: [&str; 8] = [
    "array_repeat",
    "array_resize",
    "generate_series",
    "lpad",
    "range",
    "repeat",
    "replace",
    "rpad",
];

/// The most that one of them may make of one batch of rows: bytes, or elements of lists.
const MOST: u128 = 64 * 1024 * 1024;

/// Nanoseconds of a day, and the days of the shortest month.
const DAY: i128 = 86_400_000_000_000;
const MONTH_DAYS: i128 = 28;

/// A function of the engine that is refused where it would make too much.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Bounded {
    of: Arc<ScalarUDF>,
}

impl Bounded {
    pub(crate) fn new(of: Arc<ScalarUDF>) -> Self {
        Self { of }
    }

    /// What is made of all rows.
    fn size(&self, args: &[ArrayRef], rows: usize) -> Result<u128> {
        let of_row: Box<dyn Fn(usize) -> i128> = match (self.of.name(), args) {
            ("repeat", [text, times]) => product(lengths(text)?, numbers(times)?),
            ("lpad" | "rpad", [_, length, ..]) => {
                let length = numbers(length)?;
                // A character has four bytes at most.
                Box::new(move |row| 4 * length(row))
            }
            ("array_repeat", [_, times]) => numbers(times)?,
            ("array_resize", [_, size, ..]) => numbers(size)?,
            ("replace", [text, from, to]) => {
                let (text, from, to) = (lengths(text)?, lengths(from)?, lengths(to)?);
                Box::new(move |row| text(row) + text(row) / from(row).max(1) * to(row))
            }
            ("range" | "generate_series", [stop]) => numbers(stop)?,
            ("range" | "generate_series", [start, stop]) => steps(start, stop, None)?,
            ("range" | "generate_series", [start, stop, step]) => steps(start, stop, Some(step))?,
            _ => return Ok(0),
        };
        let at_least = |size: i128| u128::try_from(size).unwrap_or_default();
        Ok((0..rows).map(|row| at_least(of_row(row))).fold(0, u128::saturating_add))
    }
}

type OfRow = Box<dyn Fn(usize) -> i128>;

fn product(left: OfRow, right: OfRow) -> OfRow {
    Box::new(move |row| left(row).saturating_mul(right(row)))
}

/// Bytes of texts, 0 for null.
fn lengths(texts: &ArrayRef) -> Result<OfRow> {
    numbers(&length(texts)?)
}

/// Whole numbers, 0 for null.
fn numbers(array: &ArrayRef) -> Result<OfRow> {
    let numbers = cast(array, &DataType::Int64)?;
    Ok(Box::new(move |row| {
        let numbers = numbers.as_primitive::<Int64Type>();
        if numbers.is_null(row) { 0 } else { i128::from(numbers.value(row)) }
    }))
}

/// How many steps there are between two numbers, or two moments.
fn steps(start: &ArrayRef, stop: &ArrayRef, step: Option<&ArrayRef>) -> Result<OfRow> {
    let step: OfRow = match step {
        None => Box::new(|_| 1),
        Some(step) if matches!(step.data_type(), DataType::Interval(_)) => {
            let step = Arc::clone(step);
            Box::new(move |row| match step.as_primitive_opt::<IntervalMonthDayNanoType>() {
                Some(step) if step.is_valid(row) => {
                    let step = step.value(row);
                    let days = i128::from(step.months) * MONTH_DAYS + i128::from(step.days);
                    days * DAY + i128::from(step.nanoseconds)
                }
                _ => 1,
            })
        }
        Some(step) => numbers(step)?,
    };
    let (start, stop) = (moments(start)?, moments(stop)?);
    Ok(Box::new(move |row| {
        let step = step(row).unsigned_abs().max(1);
        let apart = (stop(row) - start(row)).unsigned_abs();
        i128::try_from(apart / step).unwrap_or(i128::MAX)
    }))
}

/// Numbers as they are, days and moments in nanoseconds.
fn moments(array: &ArrayRef) -> Result<OfRow> {
    if !array.data_type().is_temporal() {
        return numbers(array);
    }
    let days = numbers(&cast(&cast(array, &DataType::Date32)?, &DataType::Int32)?)?;
    Ok(Box::new(move |row| days(row) * DAY))
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn aliases(&self) -> &[String] {
        self.of.aliases()
    }

    fn signature(&self) -> &Signature {
        self.of.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.of.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.of.return_field_from_args(args)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.of.coerce_types(types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.of.documentation()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        if self.size(&arrays, rows.min(arrays.first().map_or(0, Array::len)))? > MOST {
            let reason = format!("{} would make more than {MOST} at once", self.name());
            return Err(DataFusionError::ResourcesExhausted(reason));
        }
        self.of.invoke_with_args(args)
    }
}
