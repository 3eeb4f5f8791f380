//! The records of runs and queries as tables, read each time a query is planned: a failed run shows at
//! once.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use async_trait::async_trait;
use carnac_lake::{Entry, Lake};
use carnac_model::{AuditOutcome, Freshness, Lag, Release, Run, RunOutcome, STALE, freshness};
use chrono::{DateTime, NaiveDate, Utc};
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::queries::queries;

/// What a table is told by whose last delivery is not in the release.
const UNREAD: (&str, &str) = (
    "dernière livraison illisible ou sans ligne acceptable : l'ancienne est servie",
    "its last delivery could not be read or had no acceptable row: the one before is served",
);
const BLOCKED: (&str, &str) = (
    "dernière livraison non publiée, l'exécution ayant échoué : l'ancienne est servie",
    "its last delivery was not published, as the run failed: the one before is served",
);

/// What the tables are called, in `ops`.
pub(super) const NAMES: [&str; 5] = ["runs", "audits", "partitions", "freshness", "queries"];

/// A table of what is recorded beside the releases, read each time a query is planned.
pub(super) struct Recorded {
    lake: Lake,
    release: Arc<Release>,
    rows: Rows,
    schema: SchemaRef,
}

/// Of which records its rows are, and how they are made.
#[derive(Clone, Copy)]
enum Rows {
    OfRuns(fn(&[Run], &Release) -> Result<RecordBatch, ArrowError>),
    OfQueries(fn(&[Entry]) -> Result<RecordBatch, ArrowError>),
}

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorded").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Recorded {
    /// Returns all of them, by name.
    pub(super) fn all(lake: &Lake, release: &Arc<Release>) -> Result<[(&'static str, Self); 5]> {
        let table = |rows: Rows| {
            let none = match rows {
                Rows::OfRuns(rows) => rows(&[], release)?,
                Rows::OfQueries(rows) => rows(&[])?,
            };
            let (lake, release) = (lake.clone(), Arc::clone(release));
            Ok::<_, ArrowError>(Self { lake, release, rows, schema: none.schema() })
        };
        let [of_runs, of_audits, of_partitions, of_freshness, of_queries] = NAMES;
        Ok([
            (of_runs, table(Rows::OfRuns(runs))?),
            (of_audits, table(Rows::OfRuns(audits))?),
            (of_partitions, table(Rows::OfRuns(partitions))?),
            (of_freshness, table(Rows::OfRuns(of_release))?),
            (of_queries, table(Rows::OfQueries(queries))?),
        ])
    }

    async fn read(&self) -> Result<RecordBatch> {
        let failed = |error| DataFusionError::External(Box::new(error));
        Ok(match self.rows {
            Rows::OfRuns(rows) => rows(&self.lake.runs().await.map_err(failed)?, &self.release)?,
            Rows::OfQueries(rows) => rows(&self.lake.asked().await.map_err(failed)?)?,
        })
    }
}

#[async_trait]
impl TableProvider for Recorded {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = self.read().await?;
        let table = MemTable::try_new(rows.schema(), vec![vec![rows]])?;
        table.scan(state, projection, filters, limit).await
    }
}

/// Rows of these columns, any of which may be null: whether one is must not hang on the rows.
pub(super) fn batch<const N: usize>(
    columns: [(&str, ArrayRef); N],
) -> Result<RecordBatch, ArrowError> {
    let columns = columns.into_iter().map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(columns)
}

/// One row a run, the oldest first.
fn runs(runs: &[Run], _: &Release) -> Result<RecordBatch, ArrowError> {
    let failures = |run: &Run| {
        run.audits.iter().filter(|audit| audit.outcome == AuditOutcome::Failed).count() as u64
    };
    batch([
        ("run_id", texts(runs.iter().map(|run| run.id.as_str()))),
        ("command", texts(runs.iter().map(|run| run.command.as_str()))),
        ("started_at", times(runs.iter().map(|run| run.started_at))),
        ("finished_at", times(runs.iter().map(|run| run.finished_at))),
        ("run_date", days(runs.iter().map(|run| run.run_date))),
        ("outcome", texts(runs.iter().map(|run| run.outcome.name()))),
        ("release_id", numbers(runs.iter().map(|run| run.release))),
        ("base_release_id", numbers(runs.iter().map(|run| run.base))),
        ("error", optional(runs.iter().map(|run| run.error.as_deref()))),
        ("partition_count", numbers(runs.iter().map(|run| Some(run.partitions.len() as u64)))),
        ("failed_audit_count", numbers(runs.iter().map(|run| Some(failures(run))))),
        ("unread_count", numbers(runs.iter().map(|run| Some(run.unread.len() as u64)))),
    ])
}

/// One row a finding of a run's audits.
fn audits(runs: &[Run], _: &Release) -> Result<RecordBatch, ArrowError> {
    let found = || runs.iter().flat_map(|run| run.audits.iter().map(move |audit| (run, audit)));
    batch([
        ("run_id", texts(found().map(|(run, _)| run.id.as_str()))),
        ("started_at", times(found().map(|(run, _)| run.started_at))),
        ("audit", texts(found().map(|(_, audit)| audit.name.as_str()))),
        ("level", texts(found().map(|(_, audit)| audit.level.name()))),
        ("table_name", texts(found().map(|(_, audit)| audit.table.as_str()))),
        ("period", texts(found().map(|(_, audit)| audit.period.as_str()))),
        ("outcome", texts(found().map(|(_, audit)| audit.outcome.name()))),
        ("measured", texts(found().map(|(_, audit)| audit.measured.as_str()))),
        ("expected", texts(found().map(|(_, audit)| audit.expected.as_str()))),
        ("sentence_fr", texts(found().map(|(_, audit)| audit.fr.as_str()))),
        ("sentence_en", texts(found().map(|(_, audit)| audit.en.as_str()))),
    ])
}

/// One row a partition that a run wrote, published or not.
fn partitions(runs: &[Run], _: &Release) -> Result<RecordBatch, ArrowError> {
    let changes = || runs.iter().flat_map(|run| run.partitions.iter().map(move |part| (run, part)));
    batch([
        ("run_id", texts(changes().map(|(run, _)| run.id.as_str()))),
        ("started_at", times(changes().map(|(run, _)| run.started_at))),
        ("outcome", texts(changes().map(|(run, _)| run.outcome.name()))),
        ("release_id", numbers(changes().map(|(run, _)| run.release))),
        ("table_name", texts(changes().map(|(_, part)| part.table.as_str()))),
        ("period", texts(changes().map(|(_, part)| part.period.as_str()))),
        ("action", texts(changes().map(|(_, part)| part.action.name()))),
        ("rows_before", numbers(changes().map(|(_, part)| Some(part.before)))),
        ("rows_after", numbers(changes().map(|(_, part)| Some(part.after)))),
    ])
}

/// One row a table of the release that has rows: how new it is, and why it is stale if it is.
fn of_release(runs: &[Run], release: &Release) -> Result<RecordBatch, ArrowError> {
    let tables = freshness(release);
    let missing: Vec<_> = tables.iter().map(|table| missing(runs, table.table)).collect();
    let told = || tables.iter().zip(&missing);
    let reason = |of: fn((&'static str, &'static str)) -> &'static str| -> ArrayRef {
        let reason = |(table, missing): (&Freshness, &Option<(&'static str, &'static str)>)| {
            let lag = |lag: &Lag| format!("{} ({} < {})", of(STALE), lag.measured, lag.expected);
            let missing = missing.map(|why| of(why).to_owned());
            let reasons: Vec<_> = table.lags.iter().map(lag).chain(missing).collect();
            (!reasons.is_empty()).then(|| reasons.join("; "))
        };
        Arc::new(told().map(reason).collect::<StringArray>())
    };
    let stale = told().map(|(table, missing)| Some(!table.lags.is_empty() || missing.is_some()));
    batch([
        ("table_name", texts(tables.iter().map(|table| table.table))),
        ("newest_period", optional(tables.iter().map(|table| table.newest_period.as_deref()))),
        ("newest_source", texts(tables.iter().map(|table| table.newest_source.as_str()))),
        ("run_date", days(tables.iter().map(|table| table.run_date))),
        ("is_stale", Arc::new(stale.collect::<BooleanArray>()) as ArrayRef),
        ("reason_fr", reason(|(fr, _)| fr)),
        ("reason_en", reason(|(_, en)| en)),
    ])
}

/// Why the last delivery to a table is not in it; none when it is, or when a refresh since has
/// found nothing to do.
fn missing(runs: &[Run], table: &str) -> Option<(&'static str, &'static str)> {
    let is_of =
        |source: &String| source.strip_prefix(table).is_some_and(|rest| rest.starts_with('/'));
    for run in runs.iter().rev() {
        let wrote = run.partitions.iter().any(|part| part.table == table);
        if run.unread.iter().any(is_of) {
            return Some(UNREAD);
        }
        if wrote && run.outcome == RunOutcome::Failed {
            return Some(BLOCKED);
        }
        if wrote || (run.command == "refresh" && run.outcome != RunOutcome::Failed) {
            return None;
        }
    }
    None
}

pub(super) fn texts<'t>(values: impl Iterator<Item = &'t str>) -> ArrayRef {
    // `from_iter_values` wants to know how many there are.
    optional(values.map(Some))
}

pub(super) fn optional<'t>(values: impl Iterator<Item = Option<&'t str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

pub(super) fn numbers(values: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    let number = |value: Option<u64>| value.map(|value| i64::try_from(value).unwrap_or(i64::MAX));
    Arc::new(values.map(number).collect::<Int64Array>())
}

pub(super) fn times(values: impl Iterator<Item = DateTime<Utc>>) -> ArrayRef {
    let micros = values.map(|time| Some(time.timestamp_micros()));
    Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn days(values: impl Iterator<Item = NaiveDate>) -> ArrayRef {
    let day = |date: NaiveDate| {
        let days = date.signed_duration_since(NaiveDate::default()).num_days();
        i32::try_from(days).ok()
    };
    Arc::new(values.map(day).collect::<Date32Array>())
}
