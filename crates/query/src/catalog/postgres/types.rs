//! Which PostgreSQL type a column has: few types of Arrow have one of their own there.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

/// A type of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostgresType {
    /// Its number in `pg_type`.
    pub oid: u32,
    /// Its name there.
    pub name: &'static str,
    /// Its name in the SQL standard.
    pub sql_name: &'static str,
    /// The bytes of a value, -1 where they vary.
    pub size: i16,
    /// The number of the type of arrays of it, 0 where there is none.
    pub array: u32,
    /// Of which kind it is: `B` truth, `N` number, `S` text, `D` time, `T` span, `A` array, `U` other.
    pub category: &'static str,
}

const fn of(
    oid: u32,
    name: &'static str,
    sql_name: &'static str,
    size: i16,
    array: u32,
    category: &'static str,
) -> PostgresType {
    PostgresType { oid, name, sql_name, size, array, category }
}

/// The types that clients ask about, by number: those of answers, and some that they take for
/// granted.
pub(super) const TYPES: [PostgresType; 28] = [
    of(16, "bool", "boolean", 1, 1000, "B"),
    of(17, "bytea", "bytea", -1, 1001, "U"),
    of(18, "char", "\"char\"", 1, 1002, "S"),
    of(19, "name", "name", 64, 1003, "S"),
    of(20, "int8", "bigint", 8, 1016, "N"),
    of(21, "int2", "smallint", 2, 1005, "N"),
    of(23, "int4", "integer", 4, 1007, "N"),
    of(25, "text", "text", -1, 1009, "S"),
    of(26, "oid", "oid", 4, 1028, "N"),
    of(114, "json", "json", -1, 199, "U"),
    of(700, "float4", "real", 4, 1021, "N"),
    of(701, "float8", "double precision", 8, 1022, "N"),
    of(705, "unknown", "unknown", -2, 0, "X"),
    of(1042, "bpchar", "character", -1, 1014, "S"),
    of(1043, "varchar", "character varying", -1, 1015, "S"),
    of(1082, "date", "date", 4, 1182, "D"),
    of(1083, "time", "time without time zone", 8, 1183, "D"),
    of(1114, "timestamp", "timestamp without time zone", 8, 1115, "D"),
    of(1184, "timestamptz", "timestamp with time zone", 8, 1185, "D"),
    of(1186, "interval", "interval", 16, 1187, "T"),
    of(1266, "timetz", "time with time zone", 12, 1270, "D"),
    of(1700, "numeric", "numeric", -1, 1231, "N"),
    of(2205, "regclass", "regclass", 4, 2210, "N"),
    of(2206, "regtype", "regtype", 4, 2211, "N"),
    of(2249, "record", "record", -1, 2287, "P"),
    of(2278, "void", "void", 4, 0, "P"),
    of(2950, "uuid", "uuid", 16, 2951, "U"),
    of(3802, "jsonb", "jsonb", -1, 3807, "U"),
];

impl PostgresType {
    /// Returns the type of the values of a column; what has none in PostgreSQL is text.
    #[must_use]
    pub fn of(data_type: &DataType) -> Self {
        let oid = match Self::plain(data_type) {
            DataType::Boolean => 16,
            DataType::Binary => 17,
            DataType::Int64 => 20,
            DataType::Int16 => 21,
            DataType::Int32 => 23,
            DataType::UInt32 => 26,
            DataType::Float32 => 700,
            DataType::Float64 => 701,
            DataType::Date32 => 1082,
            DataType::Time64(_) => 1083,
            DataType::Timestamp(_, None) => 1114,
            DataType::Timestamp(_, Some(_)) => 1184,
            DataType::Interval(_) => 1186,
            DataType::Decimal128(..) => 1700,
            DataType::List(item) => return Self::of(item.data_type()).to_array(),
            _ => 25,
        };
        TYPES.into_iter().find(|of| of.oid == oid).unwrap_or(TYPES[7])
    }

    /// Returns the type of arrays of it.
    #[must_use]
    pub(super) fn to_array(self) -> Self {
        Self { oid: self.array, size: -1, array: 0, category: "A", ..self }
    }

    /// Returns the type of Arrow in which values are written: each has its own in PostgreSQL.
    #[must_use]
    pub fn plain(data_type: &DataType) -> DataType {
        match data_type {
            DataType::Int8 | DataType::UInt8 => DataType::Int16,
            DataType::UInt16 => DataType::Int32,
            DataType::UInt64 => DataType::Decimal128(20, 0),
            DataType::Float16 => DataType::Float32,
            DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
                DataType::Decimal128(*precision, *scale)
            }
            DataType::Date64 => DataType::Date32,
            DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
            DataType::Timestamp(_, zone) => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            DataType::Interval(_) | DataType::Duration(_) => {
                DataType::Interval(IntervalUnit::MonthDayNano)
            }
            DataType::FixedSizeBinary(_) | DataType::LargeBinary | DataType::BinaryView => {
                DataType::Binary
            }
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _)
                if !item.data_type().is_nested() =>
            {
                let item = Self::plain(item.data_type());
                DataType::List(Arc::new(Field::new("item", item, true)))
            }
            DataType::Boolean
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt32
            | DataType::Float32
            | DataType::Float64
            | DataType::Decimal128(..)
            | DataType::Date32
            | DataType::Binary => data_type.clone(),
            _ => DataType::Utf8,
        }
    }

    /// Returns what a type holds besides its number, as `pg_attribute.atttypmod` has it: of
    /// decimals, precision and scale; else -1.
    #[must_use]
    pub fn modifier(data_type: &DataType) -> i32 {
        match Self::plain(data_type) {
            DataType::Decimal128(precision, scale) if scale >= 0 => {
                ((i32::from(precision) << 16) | i32::from(scale)) + 4
            }
            _ => -1,
        }
    }
}

/// Writes the name of a type by its number, and what else it holds; none for an unknown number.
pub(super) fn format_type(oid: u32, modifier: Option<i32>) -> Option<String> {
    if let Some(item) = TYPES.into_iter().find(|of| of.array == oid && oid != 0) {
        return Some(format!("{}[]", item.sql_name));
    }
    let name = TYPES.into_iter().find(|of| of.oid == oid)?.sql_name;
    Some(match modifier.and_then(|modifier| modifier.checked_sub(4)) {
        Some(modifier) if name == "numeric" && modifier >= 0 => {
            format!("{name}({},{})", modifier >> 16, modifier & 0xffff)
        }
        Some(modifier) if name.starts_with("character") && modifier >= 0 => {
            format!("{name}({modifier})")
        }
        _ => name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_names() {
        let money = DataType::Decimal128(18, 2);
        let (of, modifier) = (PostgresType::of(&money), PostgresType::modifier(&money));
        assert_eq!(format_type(of.oid, Some(modifier)).as_deref(), Some("numeric(18,2)"));
        let list = DataType::new_list(DataType::Utf8View, true);
        let name = format_type(PostgresType::of(&list).oid, Some(-1));
        assert_eq!(name.as_deref(), Some("text[]"));
        assert_eq!(format_type(1, None), None);
    }
}
