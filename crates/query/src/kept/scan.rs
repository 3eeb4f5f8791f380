//! Tables that are kept: no data file ever changes, so what was read of one without a condition is what it
//! holds. Whoever reads the same columns next, of any release that has the file, begins where it is decoded.

use std::any::Any;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, iter};

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, Fields};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNodeRecursion};
use datafusion::common::{Statistics, internal_datafusion_err};
use datafusion::datasource::listing::{FileRange, PartitionedFile};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileSource, ParquetSource};
use datafusion::datasource::source::{DataSource, DataSourceExec, OpenArgs};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::projection::{ProjectionExpr, ProjectionExprs};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::execution_plan::SchedulingType;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayFormatType, ExecutionPlan};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::Kept;
use super::rows::{Rows, reading, sent};
use crate::answer::to_schema;
use crate::catalog::everywhere;

/// Returns the plan in which files that are read whole are kept; also behind barriers, for what is read is
/// the same for all, and what is shown of it is decided above.
///
/// # Errors
/// When the plan cannot be made again.
pub(crate) fn keeping(
    plan: Arc<dyn ExecutionPlan>,
    kept: &Arc<Kept>,
) -> Result<Arc<dyn ExecutionPlan>> {
    everywhere(plan, &|plan| {
        let source = plan.downcast_ref::<DataSourceExec>().map(DataSourceExec::data_source);
        let Some(scan) = source.and_then(|source| Scan::of(source.downcast_ref()?, kept)) else {
            return Ok(Transformed::no(plan));
        };
        Ok(Transformed::yes(DataSourceExec::from_data_source(scan)))
    })
    .data()
}

/// A file, or a part of it, and what is read of it; its place is never used again.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    file: String,
    range: Option<FileRange>,
    columns: Fields,
    /// Of a batch.
    rows: usize,
}

impl Key {
    /// Bytes that it takes in memory.
    fn size(&self) -> usize {
        size_of::<Self>() + self.file.len() + self.columns.size()
    }
}

/// A scan of files of which all rows are wanted.
#[derive(Debug)]
struct Scan {
    of: FileScanConfig,
    reader: Arc<Reader>,
}

impl Scan {
    /// None when not all rows are read, when more is made of columns than that they are read, or when one is
    /// read twice.
    fn of(of: &FileScanConfig, kept: &Arc<Kept>) -> Option<Self> {
        let source = of.file_source().downcast_ref::<ParquetSource>()?;
        if source.filter().is_some() || of.limit.is_some() {
            return None;
        }
        let columns = columns(of)?;
        let names: BTreeSet<_> = columns.iter().map(|column| column.name()).collect();
        if names.len() < columns.len() {
            return None;
        }
        // Without the order that the rows of this scan are wanted in: another may want them in none.
        let plain = ParquetSource::new(source.table_schema().clone())
            .with_table_parquet_options(source.table_parquet_options().clone());
        let plain = plain.try_pushdown_projection(source.projection()?).ok().flatten()?;
        let mut of = of.clone();
        let groups = whole(std::mem::take(&mut of.file_groups));
        let mut one = of.clone();
        one.file_source = plain;
        let reader = Reader { of: one, columns, kept: Arc::clone(kept) };
        of.file_groups = groups;
        Some(Self { of, reader: Arc::new(reader) })
    }
}

/// Returns the columns of a scan as the table calls them; none when one is computed.
fn columns(of: &FileScanConfig) -> Option<Fields> {
    let schema = of.projected_schema().ok()?;
    let column = |(read, field): (&ProjectionExpr, &FieldRef)| {
        let name = read.expr.downcast_ref::<Column>()?.name();
        Some(field.as_ref().clone().with_name(name))
    };
    let read = of.file_source().projection()?.iter();
    let columns: Option<Vec<_>> = read.zip(schema.fields()).map(column).collect();
    columns.map(Fields::from)
}

/// Returns the files of each partition; no file is cut where there is one for each, for the cuts of one
/// depend on all others, and its parts are kept apart.
fn whole(groups: Vec<FileGroup>) -> Vec<FileGroup> {
    let place = |file: &PartitionedFile| file.object_meta.location.clone();
    let mut left: BTreeSet<_> = groups.iter().flat_map(FileGroup::files).map(place).collect();
    if left.len() < groups.len() {
        return groups;
    }
    let group = |group: FileGroup| {
        let mut files = group.into_inner();
        files.retain(|file| left.remove(&file.object_meta.location));
        files.iter_mut().for_each(|file| file.range = None);
        FileGroup::new(files)
    };
    groups.into_iter().map(group).collect()
}

/// Files that are to be read yet, each by who is free first.
type Queue = Mutex<VecDeque<PartitionedFile>>;

/// How one file is read.
#[derive(Debug)]
struct Reader {
    /// A scan of no file.
    of: FileScanConfig,
    /// As they are called in the table, where they may be called otherwise in the scan.
    columns: Fields,
    kept: Arc<Kept>,
}

impl Reader {
    /// Returns the rows of a file, whose columns may be called as in another scan.
    fn read(
        &self,
        file: PartitionedFile,
        context: &Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let whole = i64::try_from(file.object_meta.size).unwrap_or(i64::MAX);
        let is_part = |range: &FileRange| range.start > 0 || range.end < whole;
        let key = Key {
            file: file.object_meta.location.to_string(),
            range: file.range.clone().filter(is_part),
            columns: self.columns.clone(),
            rows: context.session_config().batch_size(),
        };
        if let Some(rows) = self.kept.files.get(&key) {
            return Ok(sent(rows));
        }
        let mut of = self.of.clone();
        of.file_groups.push(FileGroup::new(vec![file]));
        let rows = of.open(0, Arc::clone(context))?;
        let share = self.kept.room.share_of_most();
        let none = Rows::none(share, key.size(), &rows.schema(), self.kept.most);
        let kept = Arc::clone(&self.kept);
        let end = move |rows| kept.files.insert(key, Arc::new(rows));
        Ok(reading(rows, none, Rows::with, end))
    }
}

fn queue<'g>(groups: impl IntoIterator<Item = &'g FileGroup>) -> Arc<Queue> {
    let files = groups.into_iter().flat_map(FileGroup::files).cloned();
    Arc::new(Mutex::new(files.collect()))
}

impl DataSource for Scan {
    fn open(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        self.open_with_args(OpenArgs::new(partition, context))
    }

    fn open_with_args(&self, args: OpenArgs) -> Result<SendableRecordBatchStream> {
        let OpenArgs { partition, context, sibling_state } = args;
        let group = self.of.file_groups.get(partition);
        let group = group.ok_or_else(|| internal_datafusion_err!("no partition {partition}"))?;
        let shared = sibling_state.and_then(|state| state.downcast::<Queue>().ok());
        let queue = shared.unwrap_or_else(|| queue([group]));
        let next = move || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let schema = self.of.projected_schema()?;
        let (reader, named) = (Arc::clone(&self.reader), Arc::clone(&schema));
        let rows = stream::iter(iter::from_fn(next)).map(move |file| reader.read(file, &context));
        let rows = rows.try_flatten().map(move |batch| to_schema(&batch?, &named));
        Ok(Box::pin(cooperative(RecordBatchStreamAdapter::new(schema, rows))))
    }

    /// As that of the scan itself.
    fn create_sibling_state(&self, config: &ConfigOptions) -> Option<Arc<dyn Any + Send + Sync>> {
        let is_shared = self.of.create_sibling_state(config).is_some();
        is_shared.then(|| queue(&self.of.file_groups) as _)
    }

    fn fmt_as(&self, form: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.of.fmt_as(form, f)
    }

    fn output_partitioning(&self) -> Partitioning {
        self.of.output_partitioning()
    }

    fn eq_properties(&self) -> EquivalenceProperties {
        self.of.eq_properties()
    }

    fn scheduling_type(&self) -> SchedulingType {
        SchedulingType::Cooperative
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        self.of.partition_statistics(partition)
    }

    fn with_fetch(&self, _: Option<usize>) -> Option<Arc<dyn DataSource>> {
        None
    }

    fn fetch(&self) -> Option<usize> {
        None
    }

    fn try_swapping_with_projection(
        &self,
        _: &ProjectionExprs,
    ) -> Result<Option<Arc<dyn DataSource>>> {
        Ok(None)
    }

    fn apply_expressions(
        &self,
        each: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.of.apply_expressions(each)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::datasource::physical_plan::FileScanConfigBuilder;
    use datafusion::execution::object_store::ObjectStoreUrl;
    use datafusion::parquet::arrow::ArrowWriter;
    use datafusion::parquet::file::properties::WriterProperties;
    use datafusion::physical_plan::collect;
    use datafusion::prelude::SessionContext;
    use tempfile::TempDir;

    use super::*;

    /// Numbers, also as texts, in groups of 10.
    fn written(folder: &TempDir, name: &str, numbers: std::ops::Range<i64>) -> PartitionedFile {
        let path = folder.path().join(name);
        let texts = numbers.clone().map(|number| Some(format!("text {number}")));
        let columns: [(_, ArrayRef); 2] = [
            ("number", Arc::new(Int64Array::from_iter_values(numbers))),
            ("text", Arc::new(texts.collect::<StringArray>())),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let groups = WriterProperties::builder().set_max_row_group_row_count(Some(10)).build();
        let file = fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(groups)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        PartitionedFile::new(path.display().to_string(), fs::metadata(&path).unwrap().len())
    }

    fn scan(groups: Vec<Vec<PartitionedFile>>) -> Arc<dyn ExecutionPlan> {
        let fields = [("number", DataType::Int64), ("text", DataType::Utf8)];
        let field = |(name, of)| Field::new(name, of, false);
        let schema = Arc::new(Schema::new(fields.map(field).to_vec()));
        let source = Arc::new(ParquetSource::new(schema));
        let groups = groups.into_iter().map(FileGroup::new).collect();
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source);
        DataSourceExec::from_data_source(scan.with_file_groups(groups).build())
    }

    /// The numbers that are read, in order.
    async fn read(plan: Arc<dyn ExecutionPlan>) -> Result<Vec<i64>> {
        let schema = plan.schema();
        let batches = collect(plan, SessionContext::new().task_ctx()).await?;
        let all = concat_batches(&schema, &batches)?;
        let numbers = all.column(0).as_any().downcast_ref::<Int64Array>().unwrap();
        let mut numbers: Vec<_> = numbers.values().to_vec();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn cut(file: &PartitionedFile, at: &[u64]) -> Vec<Vec<PartitionedFile>> {
        let ends = at.iter().copied().chain([file.object_meta.size]);
        let starts = [0].into_iter().chain(at.iter().copied());
        let part = |(start, end)| {
            let range = FileRange {
                start: i64::try_from(start).unwrap(),
                end: i64::try_from(end).unwrap(),
            };
            vec![PartitionedFile { range: Some(range), ..file.clone() }]
        };
        starts.zip(ends).map(part).collect()
    }

    #[tokio::test]
    async fn the_parts_of_a_file_are_kept_apart() {
        let folder = TempDir::new().unwrap();
        let file = written(&folder, "one.parquet", 0..100);
        let (kept, half) = (Arc::new(Kept::new(1024 * 1024)), file.object_meta.size / 2);
        let all: Vec<_> = (0..100).collect();
        let cuts = [cut(&file, &[half]), cut(&file, &[half / 2, half]), cut(&file, &[])];
        for _ in 0..2 {
            for groups in cuts.clone() {
                let plan = keeping(scan(groups), &kept).unwrap();
                assert_eq!(read(plan).await.unwrap(), all);
            }
            assert_eq!(kept.files.len(), 5, "two, three of which one is of the two, and the whole");
            fs::remove_file(folder.path().join("one.parquet")).ok();
        }
        let other = keeping(scan(cut(&file, &[half / 3])), &kept).unwrap();
        assert!(read(other).await.is_err());
        // The whole, whatever its range is called.
        assert_eq!(read(keeping(scan(vec![vec![file]]), &kept).unwrap()).await.unwrap(), all);
    }

    #[tokio::test]
    async fn files_are_not_cut_where_there_are_enough() {
        let folder = TempDir::new().unwrap();
        let (first, second) =
            (written(&folder, "1.parquet", 0..60), written(&folder, "2.parquet", 60..70));
        let mut halves = cut(&first, &[first.object_meta.size / 2]);
        halves[1].push(second);
        let kept = Arc::new(Kept::new(1024 * 1024));
        let plan = keeping(scan(halves), &kept).unwrap();
        assert_eq!(read(plan).await.unwrap(), (0..70).collect::<Vec<_>>());
        assert_eq!(kept.files.len(), 2);
    }
}
