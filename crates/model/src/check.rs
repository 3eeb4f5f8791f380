//! Rows of text into typed rows: each one is accepted or rejected, and bad rows are no error.

mod notes;

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Array,
    Int64Builder, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};
use chrono::{Days, NaiveDate};

use crate::dataset::{Dataset, Field, Kind, PERIOD, SOURCE_COLUMNS};
use crate::parse::{Value, is_sentinel};
use crate::{Period, Rows, parse};

use notes::Notes;

/// Rows after the check. Only [`check`] makes one, so whoever holds one holds checked rows.
#[derive(Debug)]
pub struct Checked {
    accepted: RecordBatch,
    rejected: RecordBatch,
}

impl Checked {
    /// Columns of the accepted rows: the dataset's fields, then `warnings`, `as_written`,
    /// `source_member`, `source_line`, [`PERIOD`], `row_hash` and `raw`, by which copies are told
    /// within a file.
    #[must_use]
    pub fn accepted_schema(dataset: &Dataset) -> SchemaRef {
        let mut columns: Vec<_> = dataset.fields.iter().map(Field::arrow).collect();
        let known = SOURCE_COLUMNS.into_iter().filter(|(name, _)| *name != "source_file");
        columns.extend(known.map(|(name, of)| ArrowField::new(name, of, true)));
        columns.push(ArrowField::new(PERIOD, DataType::Utf8, true));
        columns.push(ArrowField::new("row_hash", DataType::Int64, true));
        columns.push(ArrowField::new("raw", DataType::Utf8, true));
        Arc::new(Schema::new(columns))
    }

    /// Columns of the rejected rows: `member`, `line`, `rule`, `field` (null when the whole row is
    /// at fault) and `raw`.
    #[must_use]
    pub fn rejected_schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            ArrowField::new("member", DataType::Utf8, true),
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
/// A row is rejected for the first rule it breaks, in the order of the dataset's fields. What is
/// merely remarkable is written in its `warnings`, and a value that was normalised stands as it
/// was in its `as_written`.
#[must_use]
pub fn check(dataset: &Dataset, rows: &Rows, run_date: NaiveDate) -> Checked {
    let mut notes = Notes::of(rows);
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(dataset.fields.len() + 7);
    for (field, text) in dataset.fields.iter().zip(&rows.columns) {
        columns.push(typed_column(field, text, run_date, &mut notes));
    }
    for order in dataset.orders {
        notes.disordered(dataset, order, &columns);
    }
    let [member, line, raw] = rows.origin();
    let periods = period_column(dataset, &columns);
    columns.extend(notes.columns(rows.len()));
    columns.extend([member, line, periods, Arc::new(hashes(&rows.raw)), raw]);

    let all = RecordBatch::try_new(Checked::accepted_schema(dataset), columns)
        .expect("one builder per field, of the field's type and of the same length");
    let keep: BooleanArray = notes.faults.iter().map(|fault| Some(fault.is_none())).collect();
    let accepted = filter_record_batch(&all, &keep).expect("the mask is as long as the batch");
    Checked { accepted, rejected: notes.rejected(rows) }
}

/// Calls `append` with each row's value, absent when the text is absent or breaks a rule.
fn each<'t, T>(
    field: &Field,
    text: &'t StringArray,
    notes: &mut Notes,
    parse: impl Fn(&'t str) -> Result<Value<T>, &'static str>,
    mut append: impl FnMut(Option<T>),
) {
    for row in 0..text.len() {
        let written = if text.is_valid(row) { Some(text.value(row)) } else { field.default };
        let Some(written) = written else {
            if field.required {
                notes.fault(row, "missing", field);
            }
            append(None);
            continue;
        };
        append(match parse(written) {
            Ok(Value { value: Some(value), warning: None, rewritten: false }) => Some(value),
            Ok(Value { value, warning, rewritten }) => {
                if let Some(rule) = warning {
                    notes.warnings.push((row, rule));
                }
                if rewritten {
                    notes.written.push((row, field.name, written.to_owned()));
                }
                if value.is_none() && field.required {
                    notes.fault(row, "missing", field);
                }
                value
            }
            // A word for "no value" is none, and stays beside it.
            Err(_) if is_sentinel(written) && !field.required => {
                notes.written.push((row, field.name, written.to_owned()));
                None
            }
            Err(rule) => {
                let rule = if is_sentinel(written) { "missing" } else { rule };
                notes.fault(row, rule, field);
                None
            }
        });
    }
}

fn typed_column(
    field: &Field,
    text: &StringArray,
    run_date: NaiveDate,
    notes: &mut Notes,
) -> ArrayRef {
    match field.kind {
        Kind::Text => text_column(field, text, notes, parse::text),
        Kind::Label => text_column(field, text, notes, parse::label),
        Kind::Code(list) => text_column(field, text, notes, |v| parse::code(v, list)),
        Kind::Term(list) => text_column(field, text, notes, |v| parse::term(v, list)),
        Kind::Cpv => text_column(field, text, notes, parse::cpv),
        Kind::Company => text_column(field, text, notes, parse::company),
        Kind::Place => text_column(field, text, notes, parse::place),
        Kind::Subject => text_column(field, text, notes, parse::subject),
        Kind::Siren => text_column(field, text, notes, parse::siren),
        Kind::Siret => text_column(field, text, notes, parse::siret),
        Kind::Date { past } => {
            let mut column = Date32Builder::with_capacity(text.len());
            let latest = past.then_some(run_date);
            each(field, text, notes, |v| parse::date(v, latest), |v| column.append_option(v));
            Arc::new(column.finish())
        }
        Kind::Integer(min, max) => {
            let mut column = Int64Builder::with_capacity(text.len());
            each(field, text, notes, |v| parse::integer(v, min, max), |v| column.append_option(v));
            Arc::new(column.finish())
        }
        Kind::Decimal => decimal_column(field, text, notes, parse::hundredths),
        Kind::Amount => decimal_column(field, text, notes, parse::amount),
        Kind::Signed => decimal_column(field, text, notes, parse::signed_hundredths),
        Kind::Boolean => {
            let mut column = BooleanBuilder::with_capacity(text.len());
            each(field, text, notes, parse::boolean, |v| column.append_option(v));
            Arc::new(column.finish())
        }
    }
}

fn text_column<'t>(
    field: &Field,
    text: &'t StringArray,
    notes: &mut Notes,
    parse: impl Fn(&'t str) -> Result<Value<Cow<'t, str>>, &'static str>,
) -> ArrayRef {
    let mut column = StringBuilder::with_capacity(text.len(), text.value_data().len());
    each(field, text, notes, parse, |value| column.append_option(value));
    Arc::new(column.finish())
}

fn decimal_column(
    field: &Field,
    text: &StringArray,
    notes: &mut Notes,
    parse: impl Fn(&str) -> Result<Value<i128>, &'static str>,
) -> ArrayRef {
    let mut column =
        Decimal128Builder::with_capacity(text.len()).with_data_type(field.kind.data_type());
    each(field, text, notes, parse, |value| column.append_option(value));
    Arc::new(column.finish())
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
                (column(2).as_str(), column(3).as_str(), column(4).as_str()),
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
    fn what_is_remarkable_lands_with_a_flag_and_as_it_was_written() {
        let checked = acts(&[
            "a;213 502 388;1;7.10;31/12/2025;;4;0",
            "b;213502388;1;7.10;2025-12-31;NC;4;0",
            "c;213502388;1;7.10;2025-12-31;;4;0",
        ]);
        let rows = checked.accepted();
        assert_eq!(rows.num_rows(), 3, "{:?}", checked.rejected());
        let written = rows.column_by_name("as_written").unwrap().as_string::<i32>();
        let both = r#"{"siren":"213 502 388","decision_date":"31/12/2025"}"#;
        assert_eq!(written.value(0), both);
        assert_eq!(written.value(1), r#"{"acknowledged_date":"NC"}"#);
        assert!(written.is_null(2) && rows.column_by_name("warnings").unwrap().is_null(0));
    }

    #[test]
    fn dates_the_wrong_way_round_are_a_warning() {
        let contracts = dataset("contracts").unwrap();
        let mut builder = RowsBuilder::new(contracts);
        let mut row = vec![None; contracts.fields.len()];
        for (name, value) in [
            ("contract_id", "1"),
            ("buyer_siren", "213502388"),
            ("notification_date", "2025-06-02"),
            ("published_date", "2025-06-01"),
            ("amount_eur", "1"),
        ] {
            row[contracts.position(name).unwrap()] = Some(value);
        }
        builder.push(1, "raw", row);
        let checked = check(contracts, &builder.finish(), run_date());
        let warnings = checked.accepted().column_by_name("warnings").unwrap().clone();
        assert_eq!(
            warnings.as_string::<i32>().value(0),
            "unusual_amount published_before_notified"
        );
    }

    #[test]
    fn no_rows_is_no_error() {
        assert_eq!(acts(&[]).read(), 0);
    }
}
