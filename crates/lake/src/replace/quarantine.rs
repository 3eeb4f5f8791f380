//! Copies found by the merge, and the quarantine that every rejected row goes to.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use carnac_model::Checked;
use datafusion::catalog::TableProvider;
use datafusion::prelude::ParquetReadOptions;
use futures::TryStreamExt;

use super::partition::{PartitionWriter, kept};
use super::{Fate, Merge, rejected_by};
use crate::delivery::{Part, Source, count_warnings, rejected_writer, with_source};
use crate::{Draft, QUARANTINE, Result, Table, commit, delta, quoted};

/// The column by which the quarantine is parted.
const DATASET: &str = "dataset";

impl Merge {
    /// Takes the warnings of copies out of the counts: they did not land.
    pub(super) fn uncount_warnings(&self, sources: &mut [Source]) -> Result<()> {
        self.each_copy(|source, rows, _| {
            let mut copies = BTreeMap::new();
            count_warnings(rows, &mut copies);
            let counted = sources.iter_mut().find(|known| known.order == source.order);
            let Some(counted) = counted.map(|source| &mut source.input.warned) else {
                return Ok(());
            };
            for (rule, count) in copies {
                if let Some(counted) = counted.get_mut(&rule) {
                    *counted -= count;
                }
            }
            counted.retain(|_, count| *count > 0);
            Ok(())
        })
    }

    /// Replaces the rejected rows of the delivery's sources in the quarantine table.
    pub(super) async fn quarantine(&self, draft: &mut Draft) -> Result<()> {
        let name = self.spooled.dataset.name;
        let version = draft.version(QUARANTINE);
        let delta = self.lake.delta_for_write(QUARANTINE, schema(), DATASET, version).await?;
        let before: Arc<dyn TableProvider> = Arc::new(Table::of(QUARANTINE, &delta)?);
        let register = |table| self.context.register_table("quarantined", table);
        register(before).map_err(|source| self.failed(source))?;
        self.write_copies()?;
        for (table, path) in [("rejected", &self.spooled.rejected), ("copies", &self.copies_path())]
        {
            let path = path.display().to_string();
            let read = ParquetReadOptions::default();
            let registered = self.context.register_parquet(table, path, read).await;
            registered.map_err(|source| self.failed(source))?;
        }

        let sources = &self.spooled.sources;
        let list = |items: Vec<String>| items.join(", ");
        let delivered = list(sources.iter().map(|source| quoted(&source.file)).collect());
        let orders = list(sources.iter().map(|source| source.order.to_string()).collect());
        let of_delivery = format!(
            "select source_file, member, line, rule, field, raw from rejected where source_order in ({orders})
             union all select source_file, member, line, rule, field, raw from copies"
        );
        let changes = format!(
            "select (select count(*) from quarantined where dataset = '{name}' and source_file in ({delivered}))
                  + (select count(*) from ({of_delivery}) as r) as changed"
        );
        let run = async || self.context.sql(&changes).await?.collect().await;
        let changed = run().await.map_err(|source| self.failed(source))?;
        if changed[0].column(0).as_primitive::<Int64Type>().value(0) == 0 {
            return Ok(());
        }
        let sql = format!(
            "select source_file, source_member, source_line, rule, field, raw from quarantined
             where dataset = '{name}' and source_file not in ({delivered})
             union all
             select source_file, member, line, rule, field, raw from ({of_delivery}) as r
             order by source_file, source_line"
        );
        let failed = |source| delta::failed("write", QUARANTINE, source);
        let run = async || self.context.sql(&sql).await?.execute_stream().await;
        let mut rows = run().await.map_err(|source| self.failed(source))?;
        let mut writer = PartitionWriter::new(&delta, DATASET, name, &[], self.memory / 4);
        while let Some(batch) = rows.try_next().await.map_err(|source| self.failed(source))? {
            let columns = batch.columns().to_vec();
            let batch =
                RecordBatch::try_new(file_schema(), columns).map_err(|e| self.spool_failed(&e))?;
            writer.push(batch).await.map_err(failed)?;
        }
        let added = writer.finish().await.map_err(failed)?;
        let written = commit::replace(&delta, DATASET, &[name.to_owned()], added).await;
        let version = written.map_err(failed)?;
        draft.tables.insert(QUARANTINE.to_owned(), version);
        Ok(())
    }

    fn copies_path(&self) -> std::path::PathBuf {
        self.spooled.folder.path().join("copies.parquet")
    }

    /// Writes copies and superseded rows as the rejected rows that they are.
    fn write_copies(&self) -> Result<()> {
        let mut writer =
            rejected_writer(&self.copies_path()).map_err(|error| self.spool_failed(&error))?;
        self.each_copy(|source, rows, told| {
            let rejected = as_rejected(rows, told).map_err(|error| self.spool_failed(&error))?;
            let tagged = with_source(&rejected, &source.file, source.order);
            writer.write(&tagged).map_err(|error| self.spool_failed(&error))
        })?;
        writer.close().map_err(|error| self.spool_failed(&error))?;
        Ok(())
    }

    /// Calls `each` with the rows of one source that are copies, a batch at a time, and with the
    /// rule and the raw text of each.
    fn each_copy(
        &self,
        mut each: impl FnMut(&Source, &RecordBatch, &[(&'static str, String)]) -> Result<()>,
    ) -> Result<()> {
        for (part, fates) in self.spooled.parts.iter().zip(&self.fates.delivered) {
            if fates.iter().any(|fate| rejected_by(*fate).is_some()) {
                self.each_copy_of(part, fates, &mut each)?;
            }
        }
        Ok(())
    }

    fn each_copy_of(
        &self,
        part: &Part,
        fates: &[Fate],
        each: &mut impl FnMut(&Source, &RecordBatch, &[(&'static str, String)]) -> Result<()>,
    ) -> Result<()> {
        let mut fates = fates.iter().copied();
        let mut keys = part.keys().map_err(|error| self.spool_failed(&error))?;
        let mut ahead = keys.next().map_err(|error| self.spool_failed(&error))?;
        for batch in part.rows().map_err(|error| self.spool_failed(&error))? {
            let batch = batch.map_err(|error| self.spool_failed(&error))?;
            let (mut rules, mut records, mut orders) = (Vec::new(), Vec::new(), Vec::new());
            for fate in fates.by_ref().take(batch.num_rows()) {
                let record = ahead.take();
                ahead = keys.next().map_err(|error| self.spool_failed(&error))?;
                let source = record.and_then(|record| self.spooled.source_of(record.sequence));
                let copy = rejected_by(fate).zip(record).zip(source);
                orders.push(copy.map(|(_, source)| source.order));
                if let Some(((rule, record), _)) = copy {
                    rules.push(rule);
                    records.push((record, ahead));
                }
            }
            let raw = part.raw(&records).map_err(|error| self.spool_failed(&error))?;
            let told: Vec<_> = rules.into_iter().zip(raw).collect();
            let order_of = orders.iter().flatten().copied().collect::<Vec<_>>();
            for source in &self.spooled.sources {
                if order_of.contains(&source.order) {
                    let keep = orders.iter().map(|order| *order == Some(source.order));
                    let rows = kept(&batch, keep).map_err(|error| self.spool_failed(&error))?;
                    let of_source = told.iter().zip(&order_of).filter(|(_, o)| **o == source.order);
                    let of_source: Vec<_> = of_source.map(|(told, _)| told.clone()).collect();
                    each(source, &rows, &of_source)?;
                }
            }
        }
        Ok(())
    }
}

/// Accepted rows as rejected ones.
fn as_rejected(
    rows: &RecordBatch,
    told: &[(&'static str, String)],
) -> std::result::Result<RecordBatch, arrow::error::ArrowError> {
    let text = |texts: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(texts)) };
    let columns = vec![
        Arc::clone(&rows["source_member"]),
        Arc::clone(&rows["source_line"]),
        text(told.iter().map(|(rule, _)| Some(*rule)).collect()),
        text(vec![None; told.len()]),
        text(told.iter().map(|(_, raw)| Some(raw.as_str())).collect()),
    ];
    RecordBatch::try_new(Checked::rejected_schema(), columns)
}

/// Returns the columns of the quarantine table.
#[must_use]
pub fn schema() -> SchemaRef {
    let mut fields: Vec<_> = file_schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(DATASET, DataType::Utf8, true)));
    Arc::new(Schema::new(fields))
}

fn file_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        text("source_file"),
        text("source_member"),
        Field::new("source_line", DataType::Int64, true),
        text("rule"),
        text("field"),
        text("raw"),
    ]))
}
