//! The fixed columns of every indicator view: one schema check, one cube builder, one export.

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

/// The one further grain column of an indicator that is split (by nature, by subject).
///
/// It stands after `period`. A split is a part of the grain, not of the figure, so it cannot be
/// told by the six columns; everything that reads an indicator by name reads both shapes.
pub const SPLIT: (&str, DataType) = ("item", DataType::Utf8);

/// What a figure is when it is not simply a number: four different things, never merged.
pub const STATUSES: [&str; 4] = ["observed", "not_concerned", "not_reported", "suppressed"];
