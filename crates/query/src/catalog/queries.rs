//! The last lines of the audit log as a table, read each time a query is planned: one row a query.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use async_trait::async_trait;
use carnac_lake::{Entry, Event, Lake};
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::runs::{batch, numbers, optional, texts, times};

/// What was asked of the servers of a lake.
pub(super) struct Queries {
    lake: Lake,
    schema: SchemaRef,
}

impl std::fmt::Debug for Queries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queries").finish_non_exhaustive()
    }
}

impl Queries {
    pub(super) fn of(lake: &Lake) -> Result<Self, ArrowError> {
        Ok(Self { lake: lake.clone(), schema: rows(&[])?.schema() })
    }
}

#[async_trait]
impl TableProvider for Queries {
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
        let asked = self.lake.asked().await;
        let rows = rows(&asked.map_err(|error| DataFusionError::External(Box::new(error)))?)?;
        let table = MemTable::try_new(rows.schema(), vec![vec![rows]])?;
        table.scan(state, projection, filters, limit).await
    }
}

/// How a query ended.
#[derive(Default)]
struct End<'e> {
    outcome: Option<&'e str>,
    release: Option<u64>,
    rows: Option<u64>,
    bytes: Option<u64>,
    milliseconds: Option<u64>,
}

/// One row a query, in the order in which they came; how it ended is null while it has not, and for
/// ever when its server did not live so long.
fn rows(entries: &[Entry]) -> Result<RecordBatch, ArrowError> {
    let ends: HashMap<_, _> = entries.iter().filter_map(|entry| end(&entry.event)).collect();
    let mut asked = Vec::new();
    for entry in entries {
        if let Event::Asked { query, door, role, token, sql } = &entry.event {
            asked.push((entry.at, query, door, role, token, sql));
        }
    }
    let none = End::default();
    let ended: Vec<_> =
        asked.iter().map(|asked| ends.get(asked.1.as_str()).unwrap_or(&none)).collect();
    batch([
        ("query_id", texts(asked.iter().map(|asked| asked.1.as_str()))),
        ("asked_at", times(asked.iter().map(|asked| asked.0))),
        ("door", texts(asked.iter().map(|asked| asked.2.as_str()))),
        ("role", texts(asked.iter().map(|asked| asked.3.as_str()))),
        ("token_id", optional(asked.iter().map(|asked| asked.4.as_deref()))),
        ("statement", texts(asked.iter().map(|asked| asked.5.as_str()))),
        ("outcome", optional(ended.iter().map(|end| end.outcome))),
        ("release_id", numbers(ended.iter().map(|end| end.release))),
        ("row_count", numbers(ended.iter().map(|end| end.rows))),
        ("byte_count", numbers(ended.iter().map(|end| end.bytes))),
        ("milliseconds", numbers(ended.iter().map(|end| end.milliseconds))),
    ])
}

fn end(event: &Event) -> Option<(&str, End<'_>)> {
    let Event::Ended { query, outcome, release, rows, bytes, milliseconds } = event else {
        return None;
    };
    let end = End {
        outcome: Some(outcome),
        release: *release,
        rows: Some(*rows),
        bytes: Some(*bytes),
        milliseconds: Some(*milliseconds),
    };
    Some((query, end))
}
