//! The audits in SQL: each file of `sql/audit` answers the rows that break its rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use carnac_lake::{Lake, QUARANTINE};
use carnac_model::{Audit, Level, Release};
use datafusion::execution::SessionState;
use datafusion::physical_plan::collect;

use crate::catalog::Catalog;
use crate::{Error, Layer, Principal, Result, SqlFile, Views, pool};

/// Columns of an audit, all text.
pub(crate) const COLUMNS: [&str; 4] = ["table_name", "period", "measured", "expected"];

/// Findings of one audit that are kept.
const MOST: usize = 100;

/// Runs the audits that read a table of `touched` (its periods by table) on a release that is not
/// published yet, and returns what they found: one passed finding an audit, or its failures.
///
/// An audit is asked for the periods touched only; for all when a table without periods is.
/// `memory` bounds it, in bytes.
///
/// # Errors
/// When a file is wrong or cannot be run. What an audit finds is no error.
pub async fn audit(
    lake: &Lake,
    views: &Arc<Views>,
    release: Release,
    touched: &BTreeMap<String, BTreeSet<String>>,
    memory: usize,
) -> Result<Vec<Audit>> {
    let catalog = Catalog::open(lake, Arc::clone(views), release, pool::of_all(memory)).await?;
    let session = catalog.session(Principal::Operator);
    let mut touched = touched.clone();
    // Every run delivers something that may have been rejected.
    touched.insert(QUARANTINE.to_owned(), BTreeSet::from(["all".to_owned()]));
    let mut found = Vec::new();
    for file in views.layer(Layer::Audit) {
        if let Some(periods) = periods(&views.below(file)?.tables, &touched) {
            found.extend(findings(file, &failures(&session, file, &periods).await?));
        }
    }
    Ok(found)
}

/// The periods an audit is asked for, an empty set being all; `None` when it has nothing to do.
fn periods(
    tables: &BTreeSet<String>,
    touched: &BTreeMap<String, BTreeSet<String>>,
) -> Option<BTreeSet<String>> {
    let periods: Vec<_> = tables.iter().filter_map(|table| touched.get(table)).collect();
    if periods.is_empty() {
        return None;
    }
    let periods: BTreeSet<String> = periods.into_iter().flatten().cloned().collect();
    Some(if periods.contains("all") { BTreeSet::new() } else { periods })
}

async fn failures(
    session: &SessionState,
    file: &SqlFile,
    periods: &BTreeSet<String>,
) -> Result<Vec<RecordBatch>> {
    let periods: Vec<_> =
        periods.iter().map(|period| format!("'{}'", period.replace('\'', "''"))).collect();
    let of_periods = match periods.as_slice() {
        [] => String::new(),
        periods => format!(" where period in ({})", periods.join(", ")),
    };
    let columns = COLUMNS.join(", ");
    let sql = format!(
        "select {columns} from audit.{}{of_periods} order by table_name, period limit {MOST}",
        file.name
    );
    let plan = session.create_logical_plan(&sql).await.map_err(Error::planning)?;
    let plan = session.create_physical_plan(&plan).await.map_err(Error::running)?;
    collect(plan, session.task_ctx()).await.map_err(Error::running)
}

fn findings(file: &SqlFile, failures: &[RecordBatch]) -> Vec<Audit> {
    let header = &file.header;
    let audit = |table: &str, period: &str| {
        let words = (header.title.fr.as_str(), header.title.en.as_str());
        let audit = Audit::passed(&file.name, table, period, words);
        if header.level == Some(Level::Warning) { audit.as_warning() } else { audit }
    };
    let mut found = Vec::new();
    for batch in failures {
        let text = |column: usize, row: usize| {
            let texts = batch.column(column).as_string::<i32>();
            if texts.is_valid(row) { texts.value(row) } else { "" }
        };
        for row in 0..batch.num_rows() {
            let failed = audit(text(0, row), text(1, row)).of(text(2, row), text(3, row));
            found.push(failed.failed_if(true));
        }
    }
    if found.is_empty() {
        found.push(audit("all", "all").of("0 rows", "0 rows"));
    }
    found
}
