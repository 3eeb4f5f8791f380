//! The fixed columns of every indicator view, of two shapes: counts and their ratio, or an amount
//! with its bounds. One schema check, one cube builder, one export.

use arrow::datatypes::DataType;

/// Columns of an indicator view, in order.
pub const COLUMNS: [(&str, DataType); 6] = [
    ("siren", DataType::Utf8),
    ("period", DataType::Utf8),
    ("numerator", DataType::Int64),
    ("denominator", DataType::Int64),
    ("value", DataType::Float64),
    ("status", DataType::Utf8),
];

/// Columns of an indicator in euros that rests on assumptions, in order: a figure and its bounds.
pub const RANGE_COLUMNS: [(&str, DataType); 6] = [
    ("siren", DataType::Utf8),
    ("period", DataType::Utf8),
    ("low", DataType::Decimal128(18, 2)),
    ("mid", DataType::Decimal128(18, 2)),
    ("high", DataType::Decimal128(18, 2)),
    ("status", DataType::Utf8),
];

/// The one further grain column of an indicator that is split (by nature, by subject).
///
/// It stands after `period`. A split is a part of the grain, not of the figure, so it cannot be
/// told by the six columns; everything that reads an indicator by name reads both shapes.
pub const SPLIT: (&str, DataType) = ("item", DataType::Utf8);

/// What a figure is when it is not simply a number: four different things, never merged.
pub const STATUSES: [&str; 4] = ["observed", "not_concerned", "not_reported", "suppressed"];
