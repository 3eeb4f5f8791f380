//! Cubes on storage: each a Delta table below `cubes/`, of which a run rewrites what it touched.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::partition;
use arrow::datatypes::SchemaRef;
use carnac_model::{Cube, PERIOD};
use chrono::NaiveDate;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::SendableRecordBatchStream;
use deltalake_core::DeltaTable;
use deltalake_core::kernel::Add;
use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use crate::replace::partition::PartitionWriter;
use crate::{Draft, Error, Lake, Result, Table, commit, delta};

/// Folder of all cubes; the name of a cube's table begins with it.
pub(crate) const FOLDER: &str = "cubes/";

/// Versions of a cube after which its log is repeated by a checkpoint: each night reads it.
const CHECKPOINT_EVERY: u64 = 10;

/// What of a table or a cube is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// Every period.
    All,
    /// These periods, none when it is empty.
    Periods(BTreeSet<String>),
}

impl Touched {
    /// Adds what another one means.
    pub fn extend(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Periods(periods), Self::Periods(more)) => periods.extend(more),
            _ => *self = Self::All,
        }
    }
}

/// Rows of a cube as a query answers them, in order of their period and all of those touched.
pub struct CubeRows {
    /// Name of the cube.
    pub name: String,
    /// Hash of what defines it.
    pub definition: String,
    /// Version of each table that they were computed from.
    pub built_from: BTreeMap<String, u64>,
    /// What "today" meant, if the cube depends on that.
    pub run_date: Option<NaiveDate>,
    /// The periods that the rows are of.
    pub touched: Touched,
    /// Columns of the cube's table, that of the period among them.
    pub schema: SchemaRef,
    /// The rows, in those columns.
    pub rows: SendableRecordBatchStream,
}

impl std::fmt::Debug for CubeRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, touched, .. } = self;
        f.debug_struct("CubeRows").field("name", name).field("touched", touched).finish()
    }
}

impl Lake {
    /// Opens the table of a cube.
    ///
    /// # Errors
    /// When its log cannot be read or is not the one published.
    pub async fn cube(&self, cube: &Cube) -> Result<Table> {
        let opened = self.delta_at(&cube.table, cube.version, cube.commit.as_deref()).await?;
        Table::of(&cube.table, &opened)
    }

    /// Returns the periods of a table in which two of its versions differ; `None` is before its
    /// first.
    ///
    /// # Errors
    /// When a version cannot be opened.
    pub async fn changed_periods(
        &self,
        table: &str,
        (before, after): (Option<u64>, Option<u64>),
    ) -> Result<BTreeSet<String>> {
        let before = self.at_version(table, before).await?;
        let after = self.at_version(table, after).await?;
        Ok(match (&before, &after) {
            (before, Some(after)) => after.differs_from(before.as_ref()),
            (Some(before), None) => before.partitions(),
            (None, None) => BTreeSet::new(),
        })
    }

    async fn at_version(&self, table: &str, version: Option<u64>) -> Result<Option<Table>> {
        let Some(version) = version else { return Ok(None) };
        Ok(Some(Table::of(table, &self.delta_at(table, version, None).await?)?))
    }

    /// Replaces the touched periods of a cube by one commit, as a part of the draft.
    ///
    /// Each set of columns has a table of its own, as old releases go on reading theirs. `memory`
    /// bounds the rows held before they are written, in bytes.
    ///
    /// # Errors
    /// When the query that makes the rows fails, or writing does.
    pub async fn write_cube(&self, draft: &mut Draft, cube: CubeRows, memory: usize) -> Result<()> {
        let CubeRows { name, definition, built_from, run_date, touched, schema, rows } = cube;
        let table = table_name(&name, &schema);
        let before = draft.base.as_ref().and_then(|base| base.cubes.get(&name));
        let published = before.filter(|before| before.table == table).map(|before| before.version);
        let delta = self.delta_for_write(&table, schema, PERIOD, published).await?;
        let mut writer = CubeWriter::new(&delta, &table, memory);
        let mut replaced = writer.write(rows).await?;
        match touched {
            Touched::Periods(periods) => replaced.extend(periods),
            Touched::All => replaced.extend(Table::of(&table, &delta)?.partitions()),
        }
        let replaced: Vec<_> = replaced.into_iter().collect();
        let version = match (delta.version(), replaced.is_empty()) {
            (Some(version), true) => version,
            _ => {
                let version = commit::replace(&delta, PERIOD, &replaced, writer.added)
                    .await
                    .map_err(|source| delta::failed("write", &table, source))?;
                if version.is_multiple_of(CHECKPOINT_EVERY) {
                    let written = self.delta_at(&table, version, None).await?;
                    self.checkpoint(&table, &written, version).await?;
                }
                version
            }
        };
        let commit = self.proven(&table, version, None).await?.map(|commit| commit.sha256);
        draft.cubes.insert(name, Cube { table, version, commit, definition, built_from, run_date });
        Ok(())
    }
}

/// `cubes/<name>-<hash of the columns>`.
fn table_name(name: &str, schema: &SchemaRef) -> String {
    let mut hasher = Sha256::new();
    for field in schema.fields() {
        hasher.update(format!("{} {}\n", field.name(), field.data_type()));
    }
    let hash: String = format!("{:x}", hasher.finalize()).chars().take(8).collect();
    format!("{FOLDER}{name}-{hash}")
}

/// Writes rows that come in order of their period, one partition after the other.
struct CubeWriter<'c> {
    delta: &'c DeltaTable,
    table: &'c str,
    memory: usize,
    /// The partition that is being written.
    part: Option<(String, PartitionWriter)>,
    added: Vec<Add>,
}

impl<'c> CubeWriter<'c> {
    fn new(delta: &'c DeltaTable, table: &'c str, memory: usize) -> Self {
        Self { delta, table, memory, part: None, added: Vec::new() }
    }

    /// Writes all rows and returns their periods.
    async fn write(&mut self, mut rows: SendableRecordBatchStream) -> Result<BTreeSet<String>> {
        let mut written = BTreeSet::new();
        while let Some(batch) = rows.try_next().await.map_err(|source| self.failed(source))? {
            let ranges = partition(std::slice::from_ref(&batch[PERIOD]));
            for range in ranges.map_err(|source| self.failed(source.into()))?.ranges() {
                let rows = batch.slice(range.start, range.len());
                let period = self.period(&rows)?;
                written.insert(period.clone());
                self.push(period, rows).await?;
            }
        }
        self.finish_part().await?;
        Ok(written)
    }

    /// The period of rows that have one period.
    fn period(&self, rows: &RecordBatch) -> Result<String> {
        let periods = rows[PERIOD].as_string_opt::<i32>().filter(|periods| periods.is_valid(0));
        let period = periods.map(|periods| periods.value(0).to_owned());
        let none = || self.failed(DataFusionError::Plan("a row has no period".to_owned()));
        period.ok_or_else(none)
    }

    async fn push(&mut self, period: String, rows: RecordBatch) -> Result<()> {
        if self.part.as_ref().is_none_or(|(open, _)| *open != period) {
            self.finish_part().await?;
            // The query has sorted them.
            let writer = PartitionWriter::new(self.delta, PERIOD, &period, &[], self.memory);
            self.part = Some((period, writer));
        }
        let Some((_, writer)) = &mut self.part else { return Ok(()) };
        writer.push(rows).await.map_err(|source| delta::failed("write", self.table, source))
    }

    async fn finish_part(&mut self) -> Result<()> {
        let Some((_, writer)) = self.part.take() else { return Ok(()) };
        let added = writer.finish().await;
        self.added.extend(added.map_err(|source| delta::failed("write", self.table, source))?);
        Ok(())
    }

    fn failed(&self, source: DataFusionError) -> Error {
        Error::Cube { table: self.table.to_owned(), source: Box::new(source) }
    }
}
