//! Rows of text into typed rows: each one is accepted or rejected, and bad rows are no error.

mod notes;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder,
    RecordBatch, StringArray, StringBuilder, UInt32Array,
};
use arrow::compute::{concat_batches, take, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Field as ArrowField, Int64Type, Schema, SchemaRef};
use chrono::{Days, NaiveDate};
use foldhash::fast::RandomState;

use crate::dataset::{Dataset, Field, Kind, PERIOD, SOURCE_COLUMNS};
use crate::key::{RowKey, row_hashes, row_keys};
use crate::parse::{Value, is_sentinel};
use crate::{Period, Rows, parse};

use notes::Notes;

/// Rows after the check. Only [`check`] makes one, so whoever holds one holds checked rows.
#[derive(Debug)]
pub struct Checked {
    schema: SchemaRef,
    accepted: Vec<Accepted>,
    rejected: RecordBatch,
}

/// Accepted rows of one period, in the order in which they were read.
#[derive(Debug)]
pub struct Accepted {
    /// Their partition.
    pub period: String,
    /// The columns of [`Checked::accepted_schema`].
    pub rows: RecordBatch,
    /// What tells a row from another, by row.
    pub keys: Vec<RowKey>,
    /// What was read, by row.
    pub raw: StringArray,
}

impl Checked {
    /// Columns of the accepted rows: the dataset's fields, then `warnings`, `as_written`,
    /// `source_member` and `source_line`.
    #[must_use]
    pub fn accepted_schema(dataset: &Dataset) -> SchemaRef {
        let mut columns: Vec<_> = dataset.fields.iter().map(Field::arrow).collect();
        let known = SOURCE_COLUMNS.into_iter().filter(|(name, _)| *name != "source_file");
        columns.extend(known.map(|(name, of)| ArrowField::new(name, of, true)));
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

    /// Returns the accepted rows, by period.
    #[must_use]
    pub fn accepted(&self) -> &[Accepted] {
        &self.accepted
    }

    /// Returns the accepted rows of all periods, one period after the other, with their [`PERIOD`].
    #[must_use]
    pub fn rows(&self) -> RecordBatch {
        let mut fields: Vec<_> = self.schema.fields().iter().cloned().collect();
        fields.push(Arc::new(ArrowField::new(PERIOD, DataType::Utf8, true)));
        let schema = Arc::new(Schema::new(fields));
        let with_period = |part: &Accepted| {
            let mut columns = part.rows.columns().to_vec();
            let periods = std::iter::repeat_n(part.period.as_str(), part.rows.num_rows());
            columns.push(Arc::new(StringArray::from_iter_values(periods)));
            RecordBatch::try_new(Arc::clone(&schema), columns).expect("one column more")
        };
        let parts: Vec<_> = self.accepted.iter().map(with_period).collect();
        concat_batches(&schema, &parts).expect("parts of one schema")
    }

    /// Returns the rejected rows.
    #[must_use]
    pub fn rejected(&self) -> &RecordBatch {
        &self.rejected
    }

    /// Returns how many rows went in: accepted and rejected together.
    #[must_use]
    pub fn read(&self) -> usize {
        self.accepted.iter().map(|part| part.rows.num_rows()).sum::<usize>()
            + self.rejected.num_rows()
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
    columns.extend(notes.columns(rows.len()));
    columns.extend(rows.origin());
    let schema = Checked::accepted_schema(dataset);
    let all = RecordBatch::try_new(Arc::clone(&schema), columns)
        .expect("one builder per field, of the field's type and of the same length");
    Checked {
        schema,
        accepted: by_period(dataset, &all, rows, &notes),
        rejected: notes.rejected(rows),
    }
}

/// The rows without a fault, each period's together.
fn by_period(dataset: &Dataset, all: &RecordBatch, rows: &Rows, notes: &Notes) -> Vec<Accepted> {
    let value = period_value(dataset, all);
    // Rows of one day have one period: it is worked out once a value, and many rows have one.
    let mut place_of: HashMap<Option<i64>, usize, RandomState> = HashMap::default();
    let mut last = None;
    let mut periods: Vec<(Period, Vec<u32>)> = Vec::new();
    for (row, fault) in (0..).zip(&notes.faults) {
        if fault.is_some() {
            continue;
        }
        let value = value(row as usize);
        let place = match last {
            Some((known, place)) if known == value => place,
            _ => *place_of.entry(value).or_insert_with(|| {
                let date = value.and_then(|value| date_of(dataset, value));
                place_among(&mut periods, Period::of(date, dataset.granularity))
            }),
        };
        last = Some((value, place));
        periods[place].1.push(row);
    }
    periods.sort_unstable();
    let part = |(period, places): (Period, Vec<u32>)| {
        let (rows, raw) = if places.len() == all.num_rows() {
            (all.clone(), rows.raw.clone())
        } else {
            let places = UInt32Array::from(places);
            let taken = take_record_batch(all, &places).expect("places are within the batch");
            let raw = take(&rows.raw, &places, None).expect("places are within the batch");
            (taken, raw.as_string::<i32>().clone())
        };
        let lines = rows["source_line"].as_primitive::<Int64Type>();
        let hashes = row_hashes(dataset, &raw, lines);
        let keys = row_keys(dataset, &rows).into_iter().zip(hashes);
        let keys = keys.map(|(key, row)| RowKey { key, row });
        Accepted { period: period.to_string(), keys: keys.collect(), rows, raw }
    };
    periods.into_iter().map(part).collect()
}

/// The place of a period, which is put at the end when it is new.
fn place_among(periods: &mut Vec<(Period, Vec<u32>)>, period: Period) -> usize {
    let known = periods.iter().position(|(known, _)| *known == period);
    known.unwrap_or_else(|| {
        periods.push((period, Vec::new()));
        periods.len() - 1
    })
}

/// The date, in days since 1970, or the year that decides the period of a row.
fn period_value<'r>(dataset: &Dataset, all: &'r RecordBatch) -> impl Fn(usize) -> Option<i64> + 'r {
    let column = &all[dataset.period_field];
    let (dates, years) =
        (column.as_primitive_opt::<Date32Type>(), column.as_primitive_opt::<Int64Type>());
    move |row| match (dates, years) {
        _ if column.is_null(row) => None,
        (Some(dates), _) => Some(i64::from(dates.value(row))),
        (_, Some(years)) => Some(years.value(row)),
        (None, None) => None,
    }
}

/// What [`period_value`] stands for: a year is its first day.
fn date_of(dataset: &Dataset, value: i64) -> Option<NaiveDate> {
    let kind = dataset.position(dataset.period_field).map(|place| dataset.fields[place].kind);
    match kind {
        Some(Kind::Integer(..)) => NaiveDate::from_ymd_opt(i32::try_from(value).ok()?, 1, 1),
        _ => NaiveDate::default().checked_add_days(Days::new(u64::try_from(value).ok()?)),
    }
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
        Kind::Companies => text_column(field, text, notes, parse::companies),
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

/// Most columns are as they were read; only one that is not is copied.
fn text_column<'t>(
    field: &Field,
    text: &'t StringArray,
    notes: &mut Notes,
    parse: impl Fn(&'t str) -> Result<Value<Cow<'t, str>>, &'static str>,
) -> ArrayRef {
    let mut changed: Option<StringBuilder> = None;
    let mut row = 0;
    each(field, text, notes, parse, |value| {
        let written = text.is_valid(row).then(|| text.value(row));
        let is_written = value.as_deref().map(str::as_bytes).map(<[u8]>::as_ptr_range)
            == written.map(str::as_bytes).map(<[u8]>::as_ptr_range);
        if changed.is_none() && !is_written {
            let mut column = StringBuilder::with_capacity(text.len(), text.value_data().len());
            text.iter().take(row).for_each(|before| column.append_option(before));
            changed = Some(column);
        }
        if let Some(column) = &mut changed {
            column.append_option(value);
        }
        row += 1;
    });
    changed.map_or_else(|| Arc::new(text.clone()), |mut column| Arc::new(column.finish()))
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

#[cfg(test)]
mod tests {
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
        let [Accepted { period, rows: row, .. }] = checked.accepted() else {
            panic!("{:?}", checked.rejected())
        };
        let subject = row.column_by_name("subject_code").unwrap().as_string::<i32>();
        assert_eq!((subject.value(0), period.as_str()), ("7.10", "2025"));
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
        assert_eq!((checked.read(), checked.accepted()[0].rows.num_rows()), (3, 1));
    }

    #[test]
    fn what_is_remarkable_lands_with_a_flag_and_as_it_was_written() {
        let checked = acts(&[
            "a;213 502 388;1;7.10;31/12/2025;;4;0",
            "b;213502388;1;7.10;2025-12-31;NC;4;0",
            "c;213502388;1;7.10;2025-12-31;;4;0",
        ]);
        let rows = &checked.accepted()[0].rows;
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
        let warnings = checked.accepted()[0].rows["warnings"].as_string::<i32>();
        assert_eq!(warnings.value(0), "unusual_amount published_before_notified");
    }

    #[test]
    fn rows_stand_with_those_of_their_period() {
        let checked = acts(&[
            "a;213502388;1;7.10;2024-12-31;;4;0",
            "b;213502388;1;7.10;2025-01-01;;4;0",
            "c;213502388;1;7.10;2024-01-01;;4;0",
            "a;213502388;1;7.10;2025-01-01;;4;0",
        ]);
        let told: Vec<_> = checked
            .accepted()
            .iter()
            .map(|part| {
                (
                    part.period.as_str(),
                    part.rows["act_id"].as_string::<i32>().iter().flatten().collect::<String>(),
                )
            })
            .collect();
        assert_eq!(told, [("2024", "ac".to_owned()), ("2025", "ba".to_owned())]);
        let [first, second] = checked.accepted() else { panic!("two periods") };
        assert_eq!(first.keys[0].key, second.keys[1].key);
        assert_ne!(first.keys[0].row, second.keys[1].row);
    }

    #[test]
    fn equal_lines_of_a_budget_are_no_copies() {
        let hashes = |name: &str, row: &str| -> Vec<u64> {
            let dataset = dataset(name).unwrap();
            let mut builder = RowsBuilder::new(dataset);
            for line in [2, 3] {
                builder.push(line, row, row.split(';').map(Some));
            }
            let checked = check(dataset, &builder.finish(), run_date());
            checked.accepted()[0].keys.iter().map(|key| key.row).collect()
        };
        let budget = hashes("budget_lines", ";213502388;;2024;;;;6261");
        assert_ne!(budget[0], budget[1]);
        let acts = hashes("acts", "a;213502388;1;7.10;2024-12-31;;4;0");
        assert_eq!(acts[0], acts[1]);
    }

    #[test]
    fn no_rows_is_no_error() {
        assert_eq!(acts(&[]).read(), 0);
    }
}
