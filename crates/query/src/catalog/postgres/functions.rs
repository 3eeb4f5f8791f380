//! The functions that clients of PostgreSQL take for granted.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};

use super::types::{TYPES, format_type};
use super::{DATABASE, REGTYPE_OID, USER, VERSION};

type Compute = Box<dyn Fn(&[Option<&str>]) -> Option<String> + Send + Sync>;

/// A function of PostgreSQL: it takes whatever it is given, each as text.
pub(super) struct Known {
    name: &'static str,
    signature: Signature,
    returns: DataType,
    compute: Compute,
}

/// Functions that answer the same whatever they are asked: name, type (`t` text, `b` truth,
/// `i` number) and answer, nothing for NULL.
const CONSTANT: &str = "
col_description t
getpgusername t carnac
has_any_column_privilege b true
has_column_privilege b true
has_database_privilege b true
has_function_privilege b true
has_schema_privilege b true
has_sequence_privilege b false
has_table_privilege b true
inet_client_addr t
inet_client_port i
inet_server_addr t
inet_server_port i
obj_description t
pg_advisory_unlock_all t
pg_backend_pid i 1
pg_char_to_encoding i 6
pg_client_encoding t UTF8
pg_collation_is_visible b true
pg_column_is_updatable b false
pg_database_size i
pg_encoding_to_char t UTF8
pg_function_is_visible b true
pg_get_constraintdef t
pg_get_expr t
pg_get_function_arguments t
pg_get_function_identity_arguments t
pg_get_function_result t
pg_get_indexdef t
pg_get_partition_constraintdef t
pg_get_partkeydef t
pg_get_ruledef t
pg_get_serial_sequence t
pg_get_statisticsobjdef_columns t
pg_get_triggerdef t
pg_get_userbyid t carnac
pg_get_viewdef t
pg_has_role b true
pg_indexes_size i 0
pg_is_in_recovery b false
pg_is_other_temp_schema b false
pg_my_temp_schema i 0
pg_operator_is_visible b true
pg_relation_is_publishable b false
pg_relation_is_updatable i 0
pg_relation_size i 0
pg_stat_get_numscans i
pg_table_is_visible b true
pg_table_size i 0
pg_tablespace_location t
pg_tablespace_size i
pg_total_relation_size i 0
pg_type_is_visible b true
row_security_active b false
shobj_description t
txid_current i 1
";

/// Returns the functions that need no catalogue.
pub(super) fn functions() -> Vec<ScalarUDF> {
    let constants = CONSTANT.lines().filter_map(|line| {
        let mut words = line.splitn(3, ' ');
        let (name, letter, value) = (words.next()?, words.next()?, words.next());
        let returns = match letter {
            "b" => DataType::Boolean,
            "i" => DataType::Int64,
            _ => DataType::Utf8,
        };
        Some(Known::new(name, returns, move |_| value.map(str::to_owned)))
    });
    let text = |name, compute: fn(&[Option<&str>]) -> Option<String>| {
        Known::new(name, DataType::Utf8, compute)
    };
    let computed = [
        text("version", |_| Some(format!("PostgreSQL {VERSION} (Carnac)"))),
        text("current_database", |_| Some(DATABASE.to_owned())),
        text("current_catalog", |_| Some(DATABASE.to_owned())),
        text("current_schema", |_| Some("published".to_owned())),
        text("current_user", |_| Some(USER.to_owned())),
        text("session_user", |_| Some(USER.to_owned())),
        text("quote_ident", |given| given.first().copied().flatten().map(quote_ident)),
        // Only sizes of 0 are told, and those that are not known.
        text("pg_size_pretty", |given| given.first().copied().flatten().map(bytes)),
        text("format", |given| format(given.split_first()?)),
        text("set_config", |given| given.get(1).copied().flatten().map(str::to_owned)),
        text("current_setting", |given| given.first().copied().flatten().and_then(setting)),
        text("format_type", |given| {
            let number = |place: usize| given.get(place).copied().flatten()?.parse().ok();
            format_type(
                u32::try_from(number(0)?).ok()?,
                number(1).and_then(|of: i64| of.try_into().ok()),
            )
        }),
        Known::new(REGTYPE_OID, DataType::UInt32, |given| {
            let name = given.first().copied().flatten()?;
            let of = TYPES.into_iter().find(|of| of.name == name || of.sql_name == name)?;
            Some(of.oid.to_string())
        }),
    ];
    constants.chain(computed).map(ScalarUDF::new_from_impl).collect()
}

fn setting(name: &str) -> Option<String> {
    let value = match name.to_ascii_lowercase().as_str() {
        "server_version" => VERSION,
        "server_version_num" => "160006",
        "search_path" => "published",
        "server_encoding" | "client_encoding" => "UTF8",
        "timezone" => "UTC",
        "max_index_keys" => "32",
        "block_size" => "8192",
        "standard_conforming_strings" => "on",
        _ => return None,
    };
    Some(value.to_owned())
}

/// `format('%I.%I', schema, name)`: `%I` is a name, `%L` a literal and `%s` what is given.
fn format((form, mut given): (&Option<&str>, &[Option<&str>])) -> Option<String> {
    let mut parts = (*form)?.split('%');
    let mut text = parts.next()?.to_owned();
    while let Some(part) = parts.next() {
        let mut letters = part.chars();
        let Some(letter) = letters.next() else {
            text.push('%');
            text.push_str(parts.next().unwrap_or_default());
            continue;
        };
        let (value, rest) = given.split_first()?;
        given = rest;
        match (letter, value) {
            ('I', Some(value)) => text.push_str(&quote_ident(value)),
            ('L', Some(value)) => text.push_str(&format!("'{}'", value.replace('\'', "''"))),
            ('L', None) => text.push_str("NULL"),
            ('s', value) => text.push_str(value.unwrap_or_default()),
            _ => return None,
        }
        text.push_str(letters.as_str());
    }
    Some(text)
}

fn bytes(size: &str) -> String {
    format!("{size} bytes")
}

fn quote_ident(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match name.chars().all(is_plain) && name.starts_with(|c: char| !c.is_ascii_digit()) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

impl Known {
    pub(super) fn new(
        name: &'static str,
        returns: DataType,
        compute: impl Fn(&[Option<&str>]) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let signature = Signature::one_of(
            vec![TypeSignature::Nullary, TypeSignature::VariadicAny],
            Volatility::Stable,
        );
        Self { name, signature, returns, compute: Box::new(compute) }
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Known {}

impl Hash for Known {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Known {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let text = |arg: &ColumnarValue| -> Result<ArrayRef> {
            Ok(cast(&arg.to_array(rows)?, &DataType::Utf8)?)
        };
        let texts = args.args.iter().map(text).collect::<Result<Vec<_>>>()?;
        let value = |row: usize| {
            let given: Vec<_> = texts
                .iter()
                .map(|texts| texts.is_valid(row).then(|| texts.as_string::<i32>().value(row)))
                .collect();
            (self.compute)(&given)
        };
        let found: StringArray = (0..rows).map(value).collect();
        let found = cast(&found, &self.returns)?;
        if is_scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&found, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::clone(&found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        for (name, expected) in
            [("acts", "acts"), ("Acts", "\"Acts\""), ("1a", "\"1a\""), ("a\"b", "\"a\"\"b\"")]
        {
            assert_eq!(quote_ident(name), expected);
        }
    }

    #[test]
    fn a_format_is_filled_in() {
        for (given, expected) in [
            (&[Some("%I.%I"), Some("core"), Some("A")][..], Some("core.\"A\"")),
            (&[Some("%s%% %L"), Some("5"), Some("l'a")], Some("5% 'l''a'")),
            (&[Some("%s")], None),
            (&[None], None),
        ] {
            assert_eq!(format(given.split_first().unwrap()).as_deref(), expected);
        }
    }

    #[test]
    fn every_function_has_one_name() {
        let functions = functions();
        let mut names: Vec<_> = functions.iter().map(ScalarUDF::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), functions.len());
    }
}
