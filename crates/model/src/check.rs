//! Rows of text into typed rows: each one is accepted or rejected, and bad rows are no error.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Array,
    Int64Builder, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};
use chrono::{Days, NaiveDate};

use crate::dataset::{Dataset, Field, Kind, PERIOD};
use crate::identifier::{is_siren, is_siret};
use crate::{Period, Rows, parse};

/// Rows after the check. Only [`check`] makes one, so whoever holds one holds checked rows.
#[derive(Debug)]
pub struct Checked {
    accepted: RecordBatch,
    rejected: RecordBatch,
}

impl Checked {
    /// Columns of the accepted rows: the dataset's fields, then `source_line`, [`PERIOD`],
    /// `row_hash` and `raw`, by which copies are told within a file.
    #[must_use]
    pub fn accepted_schema(dataset: &Dataset) -> SchemaRef {
        let mut columns: Vec<_> = dataset.fields.iter().map(Field::arrow).collect();
        columns.push(ArrowField::new("source_line", DataType::Int64, true));
        columns.push(ArrowField::new(PERIOD, DataType::Utf8, true));
        columns.push(ArrowField::new("row_hash", DataType::Int64, true));
        columns.push(ArrowField::new("raw", DataType::Utf8, true));
        Arc::new(Schema::new(columns))
    }

    /// Columns of the rejected rows: `line`, `rule`, `field` (null when the whole row is at
    /// fault) and `raw`.
    #[must_use]
    pub fn rejected_schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            ArrowField::new("line", DataType::Int64, true),
            ArrowField::new("rule", DataType::Utf8, true),
            ArrowField::new("field", DataType::Utf8, true),
            ArrowField::new("raw", DataType::Utf8, true),
        ]))
    }

    /// Returns the accepted rows.
    #[must_use]
    pub fn accepted(&self) -> &RecordBatch {
        &self.accepted
    }

    /// Returns the rejected rows.
    #[must_use]
    pub fn rejected(&self) -> &RecordBatch {
        &self.rejected
    }

    /// Returns how many rows went in: accepted and rejected together.
    #[must_use]
    pub fn read(&self) -> usize {
        self.accepted.num_rows() + self.rejected.num_rows()
    }
}

/// Checks `rows` of `dataset` as of `run_date`; cannot fail, and read = accepted + rejected.
///
/// A row is rejected for the first rule it breaks, in the order of the dataset's fields.
#[must_use]
pub fn check(dataset: &Dataset, rows: &Rows, run_date: NaiveDate) -> Checked {
    let mut faults = Faults::of(rows);
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(dataset.fields.len() + 4);
    for (field, text) in dataset.fields.iter().zip(&rows.columns) {
        columns.push(typed_column(field, text, run_date, &mut faults));
    }
    let [line, raw] = rows.line_and_raw();
    let periods = period_column(dataset, &columns);
    columns.extend([line, periods, Arc::new(hashes(&rows.raw)), raw]);

    let all = RecordBatch::try_new(Checked::accepted_schema(dataset), columns)
        .expect("one builder per field, of the field's type and of the same length");
    let keep: BooleanArray = faults.0.iter().map(|fault| Some(fault.is_none())).collect();
    let accepted = filter_record_batch(&all, &keep).expect("the mask is as long as the batch");
    Checked { accepted, rejected: faults.rejected(rows) }
}

/// The first rule that each row breaks, with the field it breaks it in.
struct Faults(Vec<Option<(&'static str, Option<&'static str>)>>);

impl Faults {
    fn of(rows: &Rows) -> Self {
        let known = |fault: &str| crate::rule(fault).map_or("malformed", |rule| rule.id);
        Self(rows.fault.iter().map(|fault| fault.map(|fault| (known(fault), None))).collect())
    }

    fn set(&mut self, row: usize, rule: &'static str, field: &Field) {
        self.0[row].get_or_insert((rule, Some(field.name)));
    }

    fn rejected(&self, rows: &Rows) -> RecordBatch {
        let mut line = Int64Builder::new();
        let (mut rule, mut field, mut raw) =
            (StringBuilder::new(), StringBuilder::new(), StringBuilder::new());
        for (row, fault) in self.0.iter().enumerate() {
            let Some((broken, column)) = fault else { continue };
            line.append_value(rows.line.value(row));
            rule.append_value(broken);
            field.append_option(*column);
            raw.append_value(rows.raw.value(row));
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(line.finish()),
            Arc::new(rule.finish()),
            Arc::new(field.finish()),
            Arc::new(raw.finish()),
        ];
        RecordBatch::try_new(Checked::rejected_schema(), columns)
            .expect("four columns of one length")
    }
}

/// Calls `append` with each row's value, absent when the text is absent or breaks a rule.
fn each<T>(
    field: &Field,
    text: &StringArray,
    faults: &mut Faults,
    parse: impl Fn(&str) -> Result<T, &'static str>,
    mut append: impl FnMut(Option<T>),
) {
    for row in 0..text.len() {
        let value = if text.is_valid(row) { Some(text.value(row)) } else { field.default };
        append(match value.map(&parse) {
            Some(Ok(value)) => Some(value),
            Some(Err(rule)) => {
                faults.set(row, rule, field);
                None
            }
            None => {
                if field.required {
                    faults.set(row, "missing", field);
                }
                None
            }
        });
    }
}

fn typed_column(
    field: &Field,
    text: &StringArray,
    run_date: NaiveDate,
    faults: &mut Faults,
) -> ArrayRef {
    match field.kind {
        Kind::Text if !field.required && field.default.is_none() => Arc::new(text.clone()),
        Kind::Text => text_column(field, text, faults, |v| Ok(v.to_owned())),
        Kind::Code(list) => {
            text_column(field, text, faults, |v| parse::code(v, list).map(str::to_owned))
        }
        Kind::Subject => text_column(field, text, faults, |v| parse::subject(v).map(str::to_owned)),
        Kind::Siren => text_column(field, text, faults, |v| identifier(v, is_siren, "not_a_siren")),
        Kind::Siret => text_column(field, text, faults, |v| identifier(v, is_siret, "not_a_siret")),
        Kind::Date { past } => {
            let mut column = Date32Builder::with_capacity(text.len());
            let latest = past.then_some(run_date);
            each(field, text, faults, |v| parse::date(v, latest), |v| column.append_option(v));
            Arc::new(column.finish())
        }
        Kind::Integer(min, max) => {
            let mut column = Int64Builder::with_capacity(text.len());
            each(field, text, faults, |v| parse::integer(v, min, max), |v| column.append_option(v));
            Arc::new(column.finish())
        }
        Kind::Decimal => {
            let mut column =
                Decimal128Builder::with_capacity(text.len()).with_data_type(field.kind.data_type());
            each(field, text, faults, parse::hundredths, |v| column.append_option(v));
            Arc::new(column.finish())
        }
        Kind::Boolean => {
            let mut column = BooleanBuilder::with_capacity(text.len());
            each(field, text, faults, parse::boolean, |v| column.append_option(v));
            Arc::new(column.finish())
        }
    }
}

fn text_column(
    field: &Field,
    text: &StringArray,
    faults: &mut Faults,
    parse: impl Fn(&str) -> Result<String, &'static str>,
) -> ArrayRef {
    let mut column = StringBuilder::with_capacity(text.len(), text.value_data().len());
    each(field, text, faults, parse, |value| column.append_option(value));
    Arc::new(column.finish())
}

fn identifier(
    text: &str,
    valid: fn(&str) -> bool,
    rule: &'static str,
) -> Result<String, &'static str> {
    if valid(text) { Ok(text.to_owned()) } else { Err(rule) }
}

/// The period of each row, from the date or the year that decides it.
fn period_column(dataset: &Dataset, columns: &[ArrayRef]) -> ArrayRef {
    let decides = dataset.position(dataset.period_field).map(|place| &columns[place]);
    let dates =
        decides.and_then(|column| column.as_any().downcast_ref::<arrow::array::Date32Array>());
    let years = decides.and_then(|column| column.as_any().downcast_ref::<Int64Array>());
    let epoch = NaiveDate::default();
    let date_of = |row: usize| {
        if let Some(dates) = dates.filter(|dates| dates.is_valid(row)) {
            return epoch.checked_add_days(Days::new(u64::try_from(dates.value(row)).ok()?));
        }
        let year = years.filter(|years| years.is_valid(row))?.value(row);
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, 1, 1)
    };
    let length = columns.first().map_or(0, |column| column.len());
    let periods = (0..length).map(|row| Period::of(date_of(row), dataset.granularity).to_string());
    Arc::new(StringArray::from_iter_values(periods))
}

/// A 64-bit hash of each raw row: equal rows of a file have equal hashes.
fn hashes(raw: &StringArray) -> Int64Array {
    raw.iter()
        .map(|raw| {
            let mut hasher = DefaultHasher::new();
            raw.hash(&mut hasher);
            Some(hasher.finish().cast_signed())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;

    use super::*;
    use crate::{RowsBuilder, dataset};

    fn run_date() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
    }

    fn acts(rows: &[&str]) -> Checked {
        let acts = dataset("acts").unwrap();
        let mut builder = RowsBuilder::new(acts);
        for (line, row) in (2..).zip(rows) {
            builder.push(line, row, row.split(';').map(Some));
        }
        check(acts, &builder.finish(), run_date())
    }

    #[test]
    fn a_good_row_is_typed() {
        let checked = acts(&["035-1;213502388;1;7.10;2025-12-31;;4;0"]);
        let row = checked.accepted();
        assert_eq!(row.num_rows(), 1, "{:?}", checked.rejected());
        let text =
            |name: &str| row.column_by_name(name).unwrap().as_string::<i32>().value(0).to_owned();
        assert_eq!((text("subject_code"), text("period")), ("7.10".to_owned(), "2025".to_owned()));
        assert!(row.column_by_name("acknowledged_date").unwrap().is_null(0));
    }

    #[test]
    fn each_bad_row_names_its_rule_and_field() {
        let cases = [
            (";213502388;1;7.10;2025-12-31;;4;0", "missing", "act_id"),
            ("a;213502380;1;7.10;2025-12-31;;4;0", "not_a_siren", "siren"),
            ("a;213502388;9;7.10;2025-12-31;;4;0", "unknown_code", "nature_code"),
            ("a;213502388;1;7.10;2025-02-31;;4;0", "not_a_date", "decision_date"),
            ("a;213502388;1;7.10;2026-01-02;;4;0", "out_of_range", "decision_date"),
            ("a;213502388;1;7.10;2025-12-31;;99;0", "out_of_range", "status"),
            ("a;213502388;1;7.10;2025-12-31;;4;x", "unknown_code", "is_cancelled"),
            ("a;213502380;9;;x;x;x;x", "not_a_siren", "siren"),
        ];
        for (row, rule, field) in cases {
            let checked = acts(&[row]);
            assert_eq!(checked.read(), 1);
            let rejected = checked.rejected();
            assert_eq!(rejected.num_rows(), 1, "{row}");
            let column = |at: usize| rejected.column(at).as_string::<i32>().value(0).to_owned();
            assert_eq!(
                (column(1).as_str(), column(2).as_str(), column(3).as_str()),
                (rule, field, row)
            );
        }
    }

    #[test]
    fn read_is_accepted_and_rejected() {
        let checked =
            acts(&["a;213502388;1;7.10;2025-12-31;;4;0", "b;x;1;7.10;2025-12-31;;4;0", "c"]);
        assert_eq!((checked.read(), checked.accepted().num_rows()), (3, 1));
    }

    #[test]
    fn no_rows_is_no_error() {
        assert_eq!(acts(&[]).read(), 0);
    }
}
