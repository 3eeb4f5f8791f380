//! Which types columns are told to have, and parameters are bound in.

use arrow::datatypes::{DataType, Field, IntervalUnit, Schema, TimeUnit};
use carnac_query::PostgresType;
use pgwire::messages::data::{FieldDescription, RowDescription};

use super::encode::Formats;

/// Returns the type in which a parameter of a numbered type is bound, none when it is not known.
pub(super) fn of_parameter(oid: u32) -> Option<DataType> {
    /// `varchar`, `char(n)`, `name`, `unknown`, `json`, `uuid`: all of them bound as text.
    const TEXTS: [u32; 7] = [25, 1043, 1042, 19, 705, 114, 2950];
    let item = |data_type| DataType::List(Field::new("item", data_type, true).into());
    Some(match oid {
        16 => DataType::Boolean,
        21 => DataType::Int16,
        23 => DataType::Int32,
        20 => DataType::Int64,
        26 => DataType::UInt32,
        700 => DataType::Float32,
        701 => DataType::Float64,
        1700 => DataType::Decimal128(38, 10),
        1082 => DataType::Date32,
        1114 => DataType::Timestamp(TimeUnit::Microsecond, None),
        1184 => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        1186 => DataType::Interval(IntervalUnit::MonthDayNano),
        17 => DataType::Binary,
        1009 | 1015 => item(DataType::Utf8),
        1016 => item(DataType::Int64),
        1007 => item(DataType::Int32),
        1005 => item(DataType::Int16),
        1022 => item(DataType::Float64),
        oid if TEXTS.contains(&oid) => DataType::Utf8,
        _ => return None,
    })
}

/// Says what the columns of an answer are.
pub(super) fn row_description(schema: &Schema, formats: &Formats) -> RowDescription {
    let field = |(place, field): (usize, &arrow::datatypes::FieldRef)| {
        let of = PostgresType::of(field.data_type());
        let modifier = PostgresType::modifier(field.data_type());
        let format = formats.of(place).code();
        FieldDescription::new(field.name().clone(), 0, 0, of.oid, of.size, modifier, format)
    };
    RowDescription::new(schema.fields().iter().enumerate().map(field).collect())
}
