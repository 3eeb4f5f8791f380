//! The merge of a delivery with what is landed, and its one atomic write.
//!
//! A delivery replaces, in the partitions it touches, all rows that its sources had landed before
//! and all rows of other sources that carry one of its keys. Everything else stays. The merge is
//! a sorted plan that spills to disk, so memory does not grow with the delivery.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use carnac_model::{Dataset, Input, PERIOD, SOURCE_COLUMNS};
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{col, lit};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use deltalake_core::DeltaTable;
use deltalake_core::delta_datafusion::planner::DeltaPlanner;
use deltalake_core::operations::write::WriteBuilder;
use deltalake_core::protocol::SaveMode;
use futures::TryStreamExt;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::delivery::{Delivery, Spooled, spool_writer};
use crate::{Draft, Error, Lake, QUARANTINE, Result, Table, delta, store_url};

/// Size at which a data file ends, in bytes. The writer holds one unfinished file a partition in
/// memory, so this times the periods of a delivery bounds what a write takes.
const TARGET_FILE_BYTES: u64 = 32 * 1024 * 1024;

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
        let spooled = delivery.finish()?;
        let merge = Merge::prepare(self, draft, &spooled, memory).await?;
        let inputs = merge.count_sources().await?;
        let touched = merge.touched_periods(draft, &inputs).await?;
        if !touched.is_empty() {
            merge.write(draft, &touched).await?;
        }
        merge.quarantine(draft).await?;
        for (file, input) in &inputs {
            draft.inputs.insert(format!("{}/{file}", spooled.dataset.name), input.clone());
        }
        Ok(inputs)
    }
}

/// One merge: a session that knows `ranked` (the delivery) and `landed` (what readers see).
struct Merge<'a> {
    lake: &'a Lake,
    spooled: &'a Spooled,
    context: SessionContext,
    delta: DeltaTable,
    landed: Arc<Table>,
}

impl<'a> Merge<'a> {
    async fn prepare(
        lake: &'a Lake,
        draft: &Draft,
        spooled: &'a Spooled,
        memory: usize,
    ) -> Result<Self> {
        let dataset = spooled.dataset;
        let published = draft.version(dataset.name);
        let delta = lake.delta_for_write(dataset.name, dataset.schema(), PERIOD, published).await?;
        let landed = Arc::new(Table::of(dataset.name, &delta)?);
        let context = session(lake, memory)?;
        let merge = Self { lake, spooled, context, delta, landed };
        merge.rank().await.map_err(|source| merge.failed(source))?;
        Ok(merge)
    }

    fn failed(&self, source: DataFusionError) -> Error {
        Error::Merge { dataset: self.spooled.dataset.name.to_owned(), source: Box::new(source) }
    }

    async fn query(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        let run = async || self.context.sql(sql).await?.collect().await;
        run().await.map_err(|source| self.failed(source))
    }

    /// Sorts the delivery by key once, and says of each row by what rule it is not to land.
    async fn rank(&self) -> Result<(), DataFusionError> {
        let dataset = self.spooled.dataset;
        let read = ParquetReadOptions::default();
        let path = |path: &std::path::Path| path.display().to_string();
        self.context
            .register_parquet("delivered", path(&self.spooled.accepted), read.clone())
            .await?;
        self.context.register_parquet("rejected", path(&self.spooled.rejected), read).await?;
        self.context
            .register_table("landed", Arc::clone(&self.landed) as Arc<dyn TableProvider>)?;

        let key = dataset.key.join(", ");
        // Every window has an order: one without would hold the whole delivery in memory.
        // Where one key may stand on several rows, only exact copies are copies.
        let (same, order) = if dataset.repeats { (", row_hash", "") } else { ("", " desc") };
        let window = format!("partition by {key}, source_order{same} order by source_line{order}");
        let numbered = format!(
            "select *, row_number() over ({window}) as place, first_value(row_hash) over ({window}) as kept_hash
             from delivered where source_order in ({orders})",
            orders = join(self.spooled.sources.iter().map(|source| source.order.to_string())),
        );
        self.spool("numbered", &numbered).await?;
        let last = format!(
            "first_value(source_order) over (partition by {key} order by source_order desc)"
        );
        let last = if self.spooled.sources.len() == 1 { "source_order" } else { &last };
        let ranked = format!(
            "select *, case when place > 1 and row_hash = kept_hash then 'exact_copy'
                            when place > 1 then 'superseded'
                            when source_order < last_order then 'replaced' end as rule
             from (select *, {last} as last_order from numbered) as compared"
        );
        self.spool("ranked", &ranked).await
    }

    /// Runs a query into a temporary file and names it: one sort at a time has all the memory.
    ///
    /// Not by the engine's own writer, which asks for memory that the sort before it holds.
    async fn spool(&self, name: &str, sql: &str) -> Result<(), DataFusionError> {
        let path = self.spooled.accepted.with_file_name(format!("{name}.parquet"));
        let mut rows = self.context.sql(sql).await?.execute_stream().await?;
        let mut writer = spool_writer(&path, rows.schema())?;
        while let Some(batch) = rows.try_next().await? {
            writer.write(&batch)?;
        }
        writer.close()?;
        self.context
            .register_parquet(name, path.display().to_string(), ParquetReadOptions::default())
            .await
    }

    /// Completes each source's counts with the copies found, and lists its periods.
    async fn count_sources(&self) -> Result<Vec<(String, Input)>> {
        let sql = "select source_order, coalesce(rule, '') as rule, period, count(*) as n
                   from ranked group by 1, 2, 3 order by 1, 2, 3";
        let mut inputs: BTreeMap<i64, (String, Input)> = self
            .spooled
            .sources
            .iter()
            .map(|source| (source.order, (source.file.clone(), source.input.clone())))
            .collect();
        for batch in self.query(sql).await? {
            let (order, count) = (
                batch.column(0).as_primitive::<Int64Type>(),
                batch.column(3).as_primitive::<Int64Type>(),
            );
            let (rule, period) = (texts(&batch, 1), texts(&batch, 2));
            for row in 0..batch.num_rows() {
                let Some((_, input)) = inputs.get_mut(&order.value(row)) else { continue };
                let count = count.value(row).unsigned_abs();
                match rule[row].as_str() {
                    "exact_copy" | "superseded" => {
                        input.accepted -= count;
                        *input.rejected.entry(rule[row].clone()).or_default() += count;
                    }
                    _ => input.periods.push(period[row].clone()),
                }
            }
        }
        let mut inputs: Vec<_> = inputs.into_values().collect();
        for (_, input) in &mut inputs {
            input.periods.sort();
            input.periods.dedup();
        }
        Ok(inputs)
    }

    /// Every period that holds a row of the delivery, of its sources' last delivery, or of a key
    /// that the delivery moves elsewhere.
    async fn touched_periods(
        &self,
        draft: &Draft,
        inputs: &[(String, Input)],
    ) -> Result<Vec<String>> {
        let dataset = self.spooled.dataset;
        let mut touched: BTreeSet<String> = BTreeSet::new();
        for (file, input) in inputs {
            touched.extend(input.periods.iter().cloned());
            let before = draft.landed(&format!("{}/{file}", dataset.name));
            touched.extend(before.into_iter().flat_map(|before| before.periods.iter().cloned()));
        }
        if dataset.moves && self.landed.row_count(None) != Some(0) {
            let columns = format!("{}, {PERIOD}", dataset.key.join(", "));
            let compared = newest(dataset, &columns, "true");
            let moved = format!(
                "select distinct {PERIOD} from ({compared}) as c where source_order < last_order"
            );
            for batch in self.query(&moved).await? {
                touched.extend(texts(&batch, 0));
            }
        }
        Ok(touched.into_iter().collect())
    }

    /// Replaces the touched partitions by one commit, then audits the rows in them.
    async fn write(&self, draft: &mut Draft, touched: &[String]) -> Result<()> {
        let dataset = self.spooled.dataset;
        let columns = join(dataset.schema().fields().iter().map(|field| field.name().clone()));
        let delivered = quoted(self.spooled.sources.iter().map(|source| source.file.as_str()));
        let stays = format!(
            "{PERIOD} in ({}) and source_file not in ({delivered})",
            quoted(touched.iter().map(String::as_str))
        );
        let merged = if self.landed.row_count(Some(touched)) == Some(0) {
            format!("select {columns} from ranked where rule is null")
        } else {
            let compared = newest(dataset, &columns, &stays);
            format!("select {columns} from ({compared}) as c where source_order = last_order")
        };
        self.spool("merged", &merged).await.map_err(|source| self.failed(source))?;
        let sql = format!(
            "select {columns} from merged order by {PERIOD}, {sort}, {file}, {line}",
            sort = dataset.sort.join(", "),
            file = SOURCE_COLUMNS[2].0,
            line = SOURCE_COLUMNS[4].0,
        );
        let counted = "select count(*) as expected from merged";
        let version = self.overwrite(&self.delta, PERIOD, touched, &sql).await?;
        draft.tables.insert(dataset.name.to_owned(), version);

        let expected = self.query(counted).await?[0]
            .column(0)
            .as_primitive::<Int64Type>()
            .value(0)
            .unsigned_abs();
        let after = Table::of(dataset.name, &self.lake.delta_at(dataset.name, version).await?)?;
        let written = after.row_count(Some(touched)).unwrap_or_default() as u64;
        if written == expected {
            Ok(())
        } else {
            Err(Error::Audit { dataset: dataset.name.to_owned(), expected, written })
        }
    }

    /// Replaces the rejected rows of the delivery's sources in the quarantine table.
    async fn quarantine(&self, draft: &mut Draft) -> Result<()> {
        let name = self.spooled.dataset.name;
        let version = draft.version(QUARANTINE);
        let delta =
            self.lake.delta_for_write(QUARANTINE, quarantine_schema(), "dataset", version).await?;
        let before: Arc<dyn TableProvider> = Arc::new(Table::of(QUARANTINE, &delta)?);
        let register = |table| self.context.register_table("quarantined", table);
        register(before).map_err(|source| self.failed(source))?;

        let delivered = quoted(self.spooled.sources.iter().map(|source| source.file.as_str()));
        let orders = join(self.spooled.sources.iter().map(|source| source.order.to_string()));
        let sql = format!(
            "select source_file, source_member, source_line, rule, field, raw, '{name}' as dataset from (
               select source_file, source_member, source_line, rule, field, raw from quarantined
               where dataset = '{name}' and source_file not in ({delivered})
               union all
               select source_file, member, line, rule, field, raw from rejected where source_order in ({orders})
               union all
               select source_file, source_member, source_line, rule, cast(null as varchar), raw from ranked
               where rule in ('exact_copy', 'superseded')) as all_rejected
             order by source_file, source_line"
        );
        let changes = format!(
            "select (select count(*) from quarantined where dataset = '{name}' and source_file in ({delivered}))
                  + (select count(*) from rejected where source_order in ({orders}))
                  + (select count(*) from ranked where rule in ('exact_copy', 'superseded')) as changed"
        );
        let changed = self.query(&changes).await?[0].column(0).as_primitive::<Int64Type>().value(0);
        if changed > 0 {
            let version = self.overwrite(&delta, "dataset", &[name.to_owned()], &sql).await?;
            draft.tables.insert(QUARANTINE.to_owned(), version);
        }
        Ok(())
    }

    /// The only write of the program: `replaceWhere` on whole partitions.
    async fn overwrite(
        &self,
        delta: &DeltaTable,
        partition: &str,
        values: &[String],
        sql: &str,
    ) -> Result<u64> {
        let plan = self
            .context
            .state()
            .create_logical_plan(sql)
            .await
            .map_err(|source| self.failed(source))?;
        let failed = |source| delta::failed("write", self.spooled.dataset.name, source);
        let snapshot = delta.snapshot().map_err(failed)?.snapshot().clone();
        let replaced = col(partition).in_list(values.iter().map(lit).collect(), false);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(128 * 1024))
            .build();
        let written = WriteBuilder::new(delta.log_store(), Some(snapshot))
            .with_save_mode(SaveMode::Overwrite)
            .with_replace_where(replaced)
            .with_input_plan(plan)
            .with_session_state(Arc::new(self.context.state()))
            .with_writer_properties(properties)
            .with_target_file_size(NonZeroU64::new(TARGET_FILE_BYTES))
            .await
            .map_err(failed)?;
        Ok(written.version().expect("a table just written has a version"))
    }
}

/// A session that spills beyond `memory`.
fn session(lake: &Lake, memory: usize) -> Result<SessionContext> {
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
        .build_arc()
        .map_err(|source| Error::Runtime { source })?;
    runtime.register_object_store(store_url().as_ref(), Arc::clone(&lake.store));
    // Sorts that run beside one another take each other's last bytes and give up.
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false);
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_query_planner(DeltaPlanner::new())
        .build();
    Ok(SessionContext::new_with_state(state))
}

/// Columns of the quarantine table.
fn quarantine_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        text("source_file"),
        text("source_member"),
        Field::new("source_line", DataType::Int64, true),
        text("rule"),
        text("field"),
        text("raw"),
        text("dataset"),
    ]))
}

/// SQL for the rows of `landed` that pass `filter` and those of `ranked`, each with its place in
/// the delivery (0 for what is landed) and the last place that has its key.
fn newest(dataset: &Dataset, columns: &str, filter: &str) -> String {
    format!(
        "select *, first_value(source_order) over (partition by {key} order by source_order desc) as last_order
         from (select {columns}, cast(0 as bigint) as source_order from landed where {filter}
               union all select {columns}, source_order from ranked where rule is null) as both_sides",
        key = dataset.key.join(", "),
    )
}

fn join(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// SQL text literals.
fn quoted<'t>(items: impl Iterator<Item = &'t str>) -> String {
    join(items.map(|item| format!("'{}'", item.replace('\'', "''"))))
}

fn texts(batch: &RecordBatch, column: usize) -> Vec<String> {
    let column = batch.column(column).as_string::<i32>();
    (0..column.len()).map(|row| column.value(row).to_owned()).collect()
}
