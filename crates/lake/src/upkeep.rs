//! Upkeep of the tables that readers see: small files become one, and a checkpoint repeats a long
//! log. Both make a draft of the very same rows, which is published as any other.

use std::collections::BTreeMap;
use std::sync::Arc;

use carnac_model::{Release, dataset};
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, col};
use deltalake_core::checkpoints::create_checkpoint;
use deltalake_core::kernel::Add;
use deltalake_core::writer::record_batch::RecordBatchWriter;
use deltalake_core::writer::{DeltaWriter, WriteMode};
use deltalake_core::{DeltaResult, DeltaTable};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::replace::{properties, session, unique};
use crate::verify::HINT;
use crate::{Draft, Error, Lake, Result, Table, commit, delta, sum};

/// What upkeep aims at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upkeep {
    /// The last releases keep their files, as many as this; one at least.
    pub keep_releases: usize,
    /// Releases that were the newest within as many days keep theirs, and no file is removed that
    /// was written since.
    pub keep_days: u32,
    /// Bytes of a data file that is large enough; one of less than half is small.
    pub file_bytes: u64,
    /// Commits after which a checkpoint is due.
    pub checkpoint_every: u64,
}

impl Default for Upkeep {
    fn default() -> Self {
        let file_bytes = 256 * 1024 * 1024;
        Self { keep_releases: 30, keep_days: 7, file_bytes, checkpoint_every: 10 }
    }
}

/// What is to be written again of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// The table.
    pub table: String,
    /// The partitions that two or more small files make up, and the bytes of all their files.
    pub partitions: BTreeMap<String, Vec<u64>>,
    /// Commits since the last checkpoint, when one is due.
    pub commits: Option<u64>,
}

impl Lake {
    /// Lists what upkeep would write again of the tables of a release, and writes nothing.
    ///
    /// A table whose log is damaged is left out: its rows may not be those that were landed.
    ///
    /// # Errors
    /// When a table or its log cannot be read.
    pub async fn rewrites(&self, release: &Release, upkeep: &Upkeep) -> Result<Vec<Rewrite>> {
        let mut rewrites = Vec::new();
        for (name, version) in &release.tables {
            let history = self.history(name).await?;
            let Some(table) = self.table(release, name).await? else { continue };
            if history.damage_until(*version).is_some() {
                continue;
            }
            let mut partitions = table.sizes_by_partition();
            let is_small = |bytes: &&u64| **bytes < upkeep.file_bytes / 2;
            partitions.retain(|_, files| files.iter().filter(is_small).count() > 1);
            let last = history.checkpoints.iter().rfind(|checkpoint| *checkpoint <= version);
            let commits = version - last.unwrap_or(&0);
            let commits = (commits >= upkeep.checkpoint_every.max(1)).then_some(commits);
            if !partitions.is_empty() || commits.is_some() {
                rewrites.push(Rewrite { table: name.clone(), partitions, commits });
            }
        }
        Ok(rewrites)
    }

    /// Writes a table of the draft again: the same rows, in fewer files, under a new version.
    ///
    /// `memory` bounds the sort, in bytes.
    ///
    /// # Errors
    /// When reading or writing fails, when the rows written are not as many as before, or when the
    /// checkpoint does not repeat the log.
    pub async fn rewrite(
        &self,
        draft: &mut Draft,
        rewrite: &Rewrite,
        upkeep: &Upkeep,
        memory: usize,
    ) -> Result<()> {
        let name = &rewrite.table;
        let Some(version) = draft.version(name) else { return Ok(()) };
        let before = Table::of(name, &self.delta_at(name, version, None).await?)?;
        let column = before.partition_column().unwrap_or_default().to_owned();
        let schema = before.columns();
        let delta = self.delta_for_write(name, schema, &column, Some(version)).await?;
        let rows = before.row_count(None);
        let sorted = Sorted { delta: &delta, column: &column, target_bytes: upkeep.file_bytes };
        let context = session(self, memory)?;
        let (mut values, mut added) = (Vec::new(), Vec::new());
        for value in rewrite.partitions.keys() {
            let landed = context.read_table(Arc::new(before.clone().only(value)));
            let landed = landed.map_err(|source| merging(name, source))?;
            added.extend(sorted.write(name, landed, value).await?);
            values.push(value.clone());
        }
        let written = commit::rewrite(&delta, &column, &values, added, upkeep.file_bytes).await;
        let version = written.map_err(|source| delta::failed("write", name, source))?;
        let after = self.delta_at(name, version, None).await?;
        let written = Table::of(name, &after)?.row_count(None);
        if written != rows {
            let count = |rows: Option<usize>| rows.unwrap_or_default() as u64;
            let (expected, written) = (count(rows), count(written));
            return Err(Error::Audit { dataset: name.clone(), expected, written });
        }
        if rewrite.commits.is_some() {
            self.checkpoint(name, &after, version).await?;
        }
        draft.rewritten(name, version);
        Ok(())
    }

    /// Writes the checkpoint of a version that no release names yet, and compares it with the log.
    pub(crate) async fn checkpoint(
        &self,
        table: &str,
        delta: &DeltaTable,
        version: u64,
    ) -> Result<()> {
        let written = create_checkpoint(delta, None).await;
        written.map_err(|source| delta::failed("write", table, source))?;
        let Err(reason) = self.repeats(table, version).await? else { return Ok(()) };
        let log = format!("{}/_delta_log", delta::folder(table));
        // First what names it: a table whose last checkpoint is not there cannot be opened.
        for name in [HINT.to_owned(), format!("{version:020}.checkpoint.parquet")] {
            let removed = self.store.delete(&Path::from(format!("{log}/{name}"))).await;
            removed.map_err(|source| Error::Vacuum { step: "remove", source })?;
        }
        Err(Error::Checkpoint { table: table.to_owned(), version, reason })
    }
}

/// Writes partitions of a table in one order, in files of about `target_bytes`.
struct Sorted<'s> {
    delta: &'s DeltaTable,
    column: &'s str,
    target_bytes: u64,
}

impl Sorted<'_> {
    /// Writes the landed rows of the partition in which the column is `value`.
    ///
    /// Quarantined rows stay in the runs that they were sorted in: one may be as long as a source.
    async fn write(&self, table: &str, landed: DataFrame, value: &str) -> Result<Vec<Add>> {
        let (sort, unique): (&[&str], _) = match dataset(table) {
            Some(dataset) => (dataset.sort, unique(dataset)),
            None => (&[], None),
        };
        let by = sort.iter().map(|column| col(*column).sort(true, true)).collect();
        let sorted = || if sort.is_empty() { Ok(landed) } else { landed.sort(by) };
        let run = async || sorted()?.execute_stream().await;
        let mut rows = run().await.map_err(|source| merging(table, source))?;
        let failed = |source| delta::failed("write", table, source);
        let writer = || -> DeltaResult<_> {
            Ok(RecordBatchWriter::for_table(self.delta)?
                .with_writer_properties(properties(unique))
                .with_target_file_size(self.target_bytes))
        };
        let mut writer = writer().map_err(failed)?;
        let values = [(self.column.to_owned(), value.into())].into_iter().collect();
        while let Some(batch) = rows.try_next().await.map_err(|source| merging(table, source))? {
            // The writer leaves the column of the partition out.
            let written = writer.write_partition(batch, &values, WriteMode::Default).await;
            written.map_err(failed)?;
        }
        let mut added = writer.flush().await.map_err(failed)?;
        sum::seal(self.delta, &mut added).await.map_err(failed)?;
        Ok(added)
    }
}

fn merging(table: &str, source: DataFusionError) -> Error {
    Error::Merge { dataset: table.to_owned(), source: Box::new(source) }
}
