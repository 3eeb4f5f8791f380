//! The merge of a delivery with what is landed, and its one atomic write.
//!
//! A delivery replaces, in the partitions it touches, all rows that its sources had landed before
//! and all rows of other sources that carry one of its keys. Everything else stays. Rows are told
//! apart by hashes in files and written in sorted runs, so memory does not grow with the delivery.

mod fate;
pub(crate) mod partition;
mod quarantine;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use carnac_model::{Dataset, Input, PERIOD, row_keys};
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use datafusion::prelude::{SessionConfig, SessionContext};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::Add;
use futures::TryStreamExt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::bounds::{Bounds, may_meet};
use crate::delivery::{Delivery, KeyWriter, Spooled};
use crate::{Draft, Error, Lake, Result, Table, bounds, commit, delta, store_url};

use fate::{Fate, Fates, Resolution};
use partition::{PartitionWriter, arranged, kept};

pub(crate) use partition::properties;
pub use quarantine::schema as quarantine_schema;

impl Lake {
    /// Merges a delivery into its table and the quarantine, as new Delta versions of the draft.
    ///
    /// Returns what was landed of each source, by file name. Nothing is visible to readers
    /// before the draft is published. `memory` bounds the merge, in bytes.
    ///
    /// # Errors
    /// When reading, merging or writing fails, or the audit of the written rows does.
    pub async fn replace(
        &self,
        draft: &mut Draft,
        delivery: Delivery,
        memory: usize,
    ) -> Result<Vec<(String, Input)>> {
        let merge = Arc::new(Merge::prepare(self, draft, delivery.finish()?, memory).await?);
        let inputs = merge.count_sources()?;
        let touched = merge.touched_periods(draft, &inputs);
        if !touched.is_empty() {
            let version = merge.write(&touched).await?;
            draft.tables.insert(merge.spooled.dataset.name.to_owned(), version);
        }
        merge.quarantine(draft, &inputs).await?;
        for (file, input) in &inputs {
            draft.inputs.insert(format!("{}/{file}", merge.spooled.dataset.name), input.clone());
        }
        Ok(inputs)
    }
}

/// One merge: a delivery, what readers see of its table, and what becomes of the rows of both.
struct Merge {
    lake: Lake,
    spooled: Spooled,
    context: SessionContext,
    delta: DeltaTable,
    landed: Table,
    /// The landed partitions that were compared, in order.
    compared: Vec<String>,
    fates: Fates,
    memory: usize,
}

impl Merge {
    async fn prepare(lake: &Lake, draft: &Draft, spooled: Spooled, memory: usize) -> Result<Self> {
        let dataset = spooled.dataset;
        let published = draft.version(dataset.name);
        let delta = lake.delta_for_write(dataset.name, dataset.schema(), PERIOD, published).await?;
        let landed = Table::of(dataset.name, &delta)?;
        let context = session(lake, memory)?;
        let fates = Fates { delivered: Vec::new(), landed_goes: Vec::new() };
        let lake = lake.clone();
        let compared = compared_periods(draft, &spooled, &landed, &delta)?;
        let mut merge = Self { lake, spooled, context, delta, landed, compared, fates, memory };
        merge.resolve().await?;
        Ok(merge)
    }

    fn failed(&self, source: DataFusionError) -> Error {
        Error::Merge { dataset: self.spooled.dataset.name.to_owned(), source: Box::new(source) }
    }

    fn spool_failed(&self, source: &dyn std::error::Error) -> Error {
        Error::spool(self.spooled.dataset.name, source)
    }

    /// Tells what becomes of every row.
    async fn resolve(&mut self) -> Result<()> {
        let (mut files, mut goes) = (Vec::new(), Vec::new());
        for (number, period) in self.compared.iter().enumerate() {
            let path = self.spooled.folder.path().join(format!("landed-{number}.keys"));
            goes.push(self.landed_keys(period, &path).await?);
            files.push(path);
        }
        let (spooled, memory, workers) = (&self.spooled, self.memory / 2, workers());
        let resolution = Resolution { spooled, landed: &files, memory, workers };
        self.fates = resolution.run(goes).map_err(|error| self.spool_failed(&error))?;
        Ok(())
    }

    /// Writes the keys of a landed partition; returns, by row, whether its source replaces it.
    async fn landed_keys(&self, period: &str, path: &Path) -> Result<Vec<bool>> {
        let dataset = self.spooled.dataset;
        let mut goes = Vec::new();
        let mut keys = KeyWriter::create(path).map_err(|error| self.spool_failed(&error))?;
        let columns = [dataset.key, &["source_file"]].concat();
        let mut rows = self.landed(&columns, period).await?;
        while let Some(batch) = rows.try_next().await.map_err(|source| self.failed(source))? {
            let files = batch["source_file"].as_string::<i32>();
            for (key, file) in row_keys(dataset, &batch).into_iter().zip(files) {
                let replaced = file.is_some_and(|file| self.delivers(file));
                if replaced {
                    // Not compared: a key of its own source is no key of another one.
                    goes.push(true);
                    continue;
                }
                let place = goes.len() as u64;
                keys.append_landed(key, place).map_err(|error| self.spool_failed(&error))?;
                goes.push(false);
            }
        }
        keys.finish().map_err(|error| self.spool_failed(&error))?;
        Ok(goes)
    }

    /// Reads a landed partition, every time in the same order.
    ///
    /// Without SQL: of a table with a long history, the plans would take longer than the rows.
    async fn landed(&self, columns: &[&str], period: &str) -> Result<SendableRecordBatchStream> {
        let run = async || {
            let landed = self.landed.clone().only(period);
            let schema = landed.columns();
            let places: Result<Vec<_>, _> =
                columns.iter().map(|name| schema.index_of(name)).collect();
            let scan = landed.scan(&self.context.state(), Some(&places?), &[], None).await?;
            execute_stream(scan, self.context.task_ctx())
        };
        run().await.map_err(|source| self.failed(source))
    }

    fn delivers(&self, file: &str) -> bool {
        self.spooled.sources.iter().any(|source| source.file == file)
    }

    /// Completes each source's counts with the copies found, and lists its periods.
    fn count_sources(&self) -> Result<Vec<(String, Input)>> {
        let mut sources = self.spooled.sources.clone();
        for (part, fates) in self.spooled.parts.iter().zip(&self.fates.delivered) {
            if fates.iter().all(|fate| *fate == Fate::Lands) {
                continue;
            }
            let mut keys = part.keys().map_err(|error| self.spool_failed(&error))?;
            for fate in fates {
                let record = keys.next().map_err(|error| self.spool_failed(&error))?;
                if matches!(fate, Fate::Lands | Fate::Withdrawn) {
                    continue;
                }
                let place = record
                    .and_then(|record| self.spooled.source_of(record.sequence))
                    .and_then(|of| sources.iter().position(|source| source.order == of.order));
                let Some(source) = place.and_then(|place| sources.get_mut(place)) else { continue };
                let Some(rule) = rejected_by(*fate) else {
                    source.input.replaced += 1;
                    continue;
                };
                source.input.accepted -= 1;
                *source.input.rejected.entry(rule.to_owned()).or_default() += 1;
                if let Some(count) = source.periods.get_mut(&part.period) {
                    *count -= 1;
                }
            }
        }
        self.spool_copies(&mut sources)?;
        let inputs = sources.into_iter().map(|mut source| {
            let periods = source.periods.into_iter().filter(|(_, count)| *count > 0);
            source.input.periods = periods.map(|(period, _)| period).collect();
            (source.file, source.input)
        });
        Ok(inputs.collect())
    }

    /// Every period that holds a row of the delivery, of its sources' last delivery, or of a key
    /// that the delivery moves elsewhere.
    fn touched_periods(&self, draft: &Draft, inputs: &[(String, Input)]) -> Vec<String> {
        let mut touched: BTreeSet<String> = BTreeSet::new();
        for (file, input) in inputs {
            touched.extend(input.periods.iter().cloned());
            let before = draft.landed(&format!("{}/{file}", self.spooled.dataset.name));
            touched.extend(before.into_iter().flat_map(|before| before.periods.iter().cloned()));
        }
        for (period, goes) in self.compared.iter().zip(&self.fates.landed_goes) {
            if goes.contains(&true) {
                touched.insert(period.clone());
            }
        }
        touched.into_iter().collect()
    }

    /// Replaces the touched partitions by one commit, then audits the rows in them.
    async fn write(self: &Arc<Self>, touched: &[String]) -> Result<u64> {
        let workers = workers();
        let slots = Arc::new(Semaphore::new(workers));
        // A run is held, sorted into a copy and encoded, in each of the slots.
        let run_bytes = self.memory / (4 * workers);
        let mut writes = JoinSet::new();
        for period in touched {
            let (merge, period) = (Arc::clone(self), period.clone());
            let slots = Arc::clone(&slots);
            writes.spawn(async move {
                let _slot = slots.acquire_owned().await;
                merge.write_partition(&period, run_bytes).await
            });
        }
        let dataset = self.spooled.dataset.name;
        let mut added = Vec::new();
        while let Some(written) = writes.join_next().await {
            let written = written.map_err(|error| self.spool_failed(&error))?;
            added.extend(written?);
        }
        let version = commit::replace(&self.delta, PERIOD, touched, added)
            .await
            .map_err(|source| delta::failed("write", dataset, source))?;
        self.audit(touched, version).await?;
        Ok(version)
    }

    /// Writes what stays of a landed partition and what lands of the delivered one.
    async fn write_partition(&self, period: &str, run_bytes: usize) -> Result<Vec<Add>> {
        let dataset = self.spooled.dataset;
        let failed = |source| delta::failed("write", dataset.name, source);
        let mut writer = PartitionWriter::new(&self.delta, PERIOD, period, dataset.sort, run_bytes);
        writer.unique = unique(dataset);
        let schema = file_schema(&dataset.schema());
        if let Some(at) = self.compared.iter().position(|compared| compared == period) {
            let mut goes = self.fates.landed_goes[at].iter();
            let columns: Vec<_> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            let mut rows = self.landed(&columns, period).await?;
            while let Some(batch) = rows.try_next().await.map_err(|source| self.failed(source))? {
                let keep = goes.by_ref().take(batch.num_rows()).map(|goes| !goes);
                let batch = kept(&batch, keep).map_err(failed)?;
                writer.push(batch).await.map_err(failed)?;
            }
        }
        if let Some(at) = self.spooled.parts.iter().position(|part| part.period == period) {
            let part = &self.spooled.parts[at];
            let mut fates = self.fates.delivered[at].iter();
            let mut keys = part.keys().map_err(|error| self.spool_failed(&error))?;
            for batch in part.rows().map_err(|error| self.spool_failed(&error))? {
                let batch = batch.map_err(|error| self.spool_failed(&error))?;
                let mut files = Vec::with_capacity(batch.num_rows());
                for _ in 0..batch.num_rows() {
                    let record = keys.next().map_err(|error| self.spool_failed(&error))?;
                    let source = record.and_then(|r| self.spooled.source_of(r.sequence));
                    files.push(source.map(|source| source.file.as_str()));
                }
                let files: ArrayRef = Arc::new(StringArray::from(files));
                let batch = arranged(&batch, &("source_file", files), &schema).map_err(failed)?;
                let keep = fates.by_ref().take(batch.num_rows()).map(|fate| *fate == Fate::Lands);
                writer.push(kept(&batch, keep).map_err(failed)?).await.map_err(failed)?;
            }
        }
        writer.finish().await.map_err(failed)
    }

    /// Compares what was written with the books: what landed, less what goes, plus what lands.
    async fn audit(&self, touched: &[String], version: u64) -> Result<()> {
        let dataset = self.spooled.dataset.name;
        let mut expected = 0;
        for (period, goes) in self.compared.iter().zip(&self.fates.landed_goes) {
            if touched.contains(period) {
                expected += goes.iter().filter(|goes| !**goes).count() as u64;
            }
        }
        for fates in &self.fates.delivered {
            expected += fates.iter().filter(|fate| **fate == Fate::Lands).count() as u64;
        }
        let after = Table::of(dataset, &self.lake.delta_at(dataset, version, None).await?)?;
        let written = after.row_count(Some(touched)).unwrap_or_default() as u64;
        if written == expected {
            Ok(())
        } else {
            Err(Error::Audit { dataset: dataset.to_owned(), expected, written })
        }
    }
}

/// The landed partitions that the delivery may meet: those it touches and, when a key may move, all
/// that may hold one of its keys.
fn compared_periods(
    draft: &Draft,
    spooled: &Spooled,
    landed: &Table,
    delta: &DeltaTable,
) -> Result<Vec<String>> {
    let mut wanted: BTreeSet<&str> = spooled.parts.iter().map(|p| p.period.as_str()).collect();
    for source in &spooled.sources {
        let before = draft.landed(&format!("{}/{}", spooled.dataset.name, source.file));
        wanted.extend(before.into_iter().flat_map(|before| &before.periods).map(String::as_str));
    }
    if spooled.dataset.moves {
        let near = |keys: &Option<Bounds>| may_meet(spooled.bounds.as_ref(), keys.as_ref());
        let held = bounds::by_period(spooled.dataset, delta)?.into_iter();
        let periods = held.filter(|(period, keys)| wanted.contains(period.as_str()) || near(keys));
        return Ok(periods.map(|(period, _)| period).collect());
    }
    let periods = landed.partitions().into_iter();
    Ok(periods.filter(|period| wanted.contains(period.as_str())).collect())
}

/// A column whose values are all different, if there is one.
pub(crate) fn unique(dataset: &Dataset) -> Option<&'static str> {
    match dataset.key {
        [column] if !dataset.repeats => Some(column),
        _ => None,
    }
}

/// The rule by which a row of that fate is in quarantine.
fn rejected_by(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::ExactCopy => Some("exact_copy"),
        Fate::Superseded => Some("superseded"),
        Fate::Lands | Fate::Replaced | Fate::Withdrawn => None,
    }
}

/// How many things are done beside one another.
pub(crate) fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A session that reads in order and spills beyond `memory`.
pub(crate) fn session(lake: &Lake, memory: usize) -> Result<SessionContext> {
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
        .build_arc()
        .map_err(|source| Error::Runtime { source })?;
    runtime.register_object_store(store_url().as_ref(), Arc::clone(&lake.store));
    // One partition: rows come in the order of the files, every time.
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false);
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(runtime)
        .build();
    Ok(SessionContext::new_with_state(state))
}

/// The columns of a data file: the partition's is in its folder's name.
fn file_schema(table: &SchemaRef) -> SchemaRef {
    let fields = table.fields().iter().filter(|field| field.name() != PERIOD).cloned();
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
