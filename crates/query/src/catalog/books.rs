//! The books of a release as tables: what each source landed, and which rules its rows broke.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use carnac_model::{Input, Level, RULES, Release, Rule, rule};
use chrono::NaiveDate;

/// One row: `release_id`, `published_at`, `run_date`.
pub(super) fn release_row(release: &Release) -> Result<RecordBatch, ArrowError> {
    let published = vec![release.published_at.timestamp_micros()];
    let columns: [(&str, ArrayRef); 3] = [
        ("release_id", Arc::new(Int64Array::from(vec![count(release.id)]))),
        ("published_at", Arc::new(TimestampMicrosecondArray::from(published).with_timezone("UTC"))),
        ("run_date", Arc::new(Date32Array::from(vec![days(release.run_date)]))),
    ];
    RecordBatch::try_from_iter(columns)
}

/// One row a source: what was read, accepted and rejected, since which release and run date.
pub(super) fn sources(release: &Release) -> Result<RecordBatch, ArrowError> {
    let inputs = &release.inputs;
    let arrived = |input: &Input| days(input.run_date.unwrap_or(release.run_date));
    let split = |key: &String| {
        key.split_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default()
    };
    let text = |of: &dyn Fn(&String) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(inputs.keys().map(of)))
    };
    let number = |of: &dyn Fn(&Input) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(inputs.values().map(|input| count(of(input)))))
    };
    RecordBatch::try_from_iter([
        ("dataset", text(&|key| split(key).0)),
        ("source_file", text(&|key| split(key).1)),
        ("sha256", text(&|key| inputs[key].sha256.clone())),
        ("read_count", number(&|input| input.read)),
        ("accepted_count", number(&|input| input.accepted)),
        ("rejected_count", number(&Input::rejected_count)),
        ("release_id", number(&|input| input.release)),
        ("warning_count", number(&Input::warning_count)),
        (
            "profile",
            Arc::new(
                inputs.values().map(|input| input.profile.as_deref()).collect::<StringArray>(),
            ),
        ),
        (
            "layout",
            Arc::new(StringArray::from_iter_values(inputs.values().map(|input| &input.layout))),
        ),
        ("run_date", Arc::new(inputs.values().map(arrived).collect::<Date32Array>())),
    ])
}

/// One row a source and rule that rows of it broke, with how many did: those in quarantine for a
/// blocking rule, those landed for a warning.
pub(super) fn checks(release: &Release) -> Result<RecordBatch, ArrowError> {
    let mut rows = Vec::new();
    for (source, input) in &release.inputs {
        let (dataset, file) = source.split_once('/').unwrap_or_default();
        let rejected = input.rejected.iter().map(|broken| (broken, Level::Blocking));
        let warned = input.warned.iter().map(|broken| (broken, Level::Warning));
        for ((id, broken), level) in rejected.chain(warned) {
            rows.push((input.release, dataset, file, id.as_str(), level, *broken));
        }
    }
    let sentence = |of: fn(&Rule) -> &'static str| -> ArrayRef {
        Arc::new(rows.iter().map(|row| rule(row.3).map(of)).collect::<StringArray>())
    };
    RecordBatch::try_from_iter([
        ("release_id", numbers(rows.iter().map(|row| row.0))),
        ("dataset", texts(rows.iter().map(|row| row.1))),
        ("source_file", texts(rows.iter().map(|row| row.2))),
        ("rule", texts(rows.iter().map(|row| row.3))),
        ("level", texts(rows.iter().map(|row| row.4.name()))),
        ("sentence_fr", sentence(|rule| rule.fr)),
        ("sentence_en", sentence(|rule| rule.en)),
        ("count", numbers(rows.iter().map(|row| row.5))),
    ])
}

/// One row a rule that the program knows.
pub(super) fn rules() -> Result<RecordBatch, ArrowError> {
    RecordBatch::try_from_iter([
        ("id", texts(RULES.iter().map(|rule| rule.id))),
        ("level", texts(RULES.iter().map(|rule| rule.level.name()))),
        ("fr", texts(RULES.iter().map(|rule| rule.fr))),
        ("en", texts(RULES.iter().map(|rule| rule.en))),
    ])
}

fn texts<'t>(values: impl Iterator<Item = &'t str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn numbers(values: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values.map(count)))
}

fn days(date: NaiveDate) -> Option<i32> {
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
