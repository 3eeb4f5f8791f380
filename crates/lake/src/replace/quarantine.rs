//! Copies found by the merge, and the quarantine that every rejected row goes to.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use carnac_model::{Checked, Input};
use deltalake_core::DeltaResult;
use futures::TryStreamExt;

use super::partition::{PartitionWriter, kept};
use super::{Fate, Merge, rejected_by};
use crate::delivery::{Part, Source, count_warnings, read_batches, rejected_writer, with_source};
use crate::{Draft, QUARANTINE, Result, Table, commit, delta};

/// The column by which the quarantine is parted.
const DATASET: &str = "dataset";

/// The order of its rows.
const SORT: &[&str] = &["source_file", "source_line"];

impl Merge {
    /// Writes copies and superseded rows as the rejected rows that they are, and takes their
    /// warnings out of the counts: they did not land.
    pub(super) fn spool_copies(&self, sources: &mut [Source]) -> Result<()> {
        let mut writer =
            rejected_writer(&self.copies_path()).map_err(|error| self.spool_failed(&error))?;
        self.each_copy(|source, rows, told| {
            if let Some(counted) = sources.iter_mut().find(|known| known.order == source.order) {
                uncount_warnings(rows, &mut counted.input.warned);
            }
            let rejected = as_rejected(rows, told).map_err(|error| self.spool_failed(&error))?;
            let tagged = with_source(&rejected, &source.file, source.order);
            writer.write(&tagged).map_err(|error| self.spool_failed(&error))
        })?;
        writer.finish().map_err(|error| self.spool_failed(&error))
    }

    fn copies_path(&self) -> PathBuf {
        self.spooled.folder.path().join("copies.rows")
    }

    /// Replaces the rejected rows of the delivery's sources in the quarantine table.
    ///
    /// Rows go from file to file a batch at a time: one of them may be as long as a source.
    pub(super) async fn quarantine(
        &self,
        draft: &mut Draft,
        inputs: &[(String, Input)],
    ) -> Result<()> {
        let name = self.spooled.dataset.name;
        let rejected = |input: &Input| input.rejected_count() > 0;
        let before = |file: &String| draft.landed(&format!("{name}/{file}"));
        if !inputs.iter().any(|(file, input)| rejected(input) || before(file).is_some_and(rejected))
        {
            return Ok(());
        }
        let version = draft.version(QUARANTINE);
        let delta = self.lake.delta_for_write(QUARANTINE, schema(), DATASET, version).await?;
        let failed = |source| delta::failed("write", QUARANTINE, source);
        let mut writer = PartitionWriter::new(&delta, DATASET, name, SORT, self.memory / 4);
        self.keep_quarantined(Table::of(QUARANTINE, &delta)?.only(name), &mut writer).await?;
        for path in [&self.spooled.rejected, &self.copies_path()] {
            for batch in read_batches(path).map_err(|error| self.spool_failed(&error))? {
                let batch = batch.map_err(|error| self.spool_failed(&error))?;
                let rows = self.quarantined(&batch).map_err(failed)?;
                writer.push(rows).await.map_err(failed)?;
            }
        }
        let added = writer.finish().await.map_err(failed)?;
        let written = commit::replace(&delta, DATASET, &[name.to_owned()], added).await;
        draft.tables.insert(QUARANTINE.to_owned(), written.map_err(failed)?);
        Ok(())
    }

    /// Writes the quarantined rows again that are of no source of the delivery.
    async fn keep_quarantined(&self, landed: Table, writer: &mut PartitionWriter) -> Result<()> {
        let failed = |source| delta::failed("write", QUARANTINE, source);
        let columns = file_schema();
        let columns: Vec<_> = columns.fields().iter().map(|field| field.name().as_str()).collect();
        let read = || self.context.read_table(Arc::new(landed))?.select_columns(&columns);
        let run = async || read()?.execute_stream().await;
        let mut rows = run().await.map_err(|source| self.failed(source))?;
        while let Some(batch) = rows.try_next().await.map_err(|source| self.failed(source))? {
            let files = batch["source_file"].as_string::<i32>();
            let keep = files.iter().map(|file| !file.is_some_and(|file| self.delivers(file)));
            writer.push(kept(&batch, keep).map_err(failed)?).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Rows of the spool as rows of the quarantine, without those of a source that was withdrawn.
    fn quarantined(&self, batch: &RecordBatch) -> DeltaResult<RecordBatch> {
        let known = |order| self.spooled.sources.binary_search_by_key(&order, |s| s.order).is_ok();
        let orders = batch["source_order"].as_primitive::<Int64Type>();
        let keep = orders.values().iter().map(|order| known(*order));
        let columns = ["source_file", "member", "line", "rule", "field", "raw"];
        let columns = columns.map(|name| Arc::clone(&batch[name])).to_vec();
        kept(&RecordBatch::try_new(file_schema(), columns)?, keep)
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

/// Takes the warnings of rows out of a count by rule.
fn uncount_warnings(rows: &RecordBatch, counts: &mut BTreeMap<String, u64>) {
    let mut warnings = BTreeMap::new();
    count_warnings(rows, &mut warnings);
    for (rule, count) in warnings {
        if let Some(counted) = counts.get_mut(&rule) {
            *counted -= count;
        }
    }
    counts.retain(|_, count| *count > 0);
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
