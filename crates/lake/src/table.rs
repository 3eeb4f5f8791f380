//! One table at one version, scanned as plain Parquet: the file list is where pruning acts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use carnac_model::Release;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::{DFSchema, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use deltalake_core::DeltaTable;
use object_store::ObjectMeta;
use object_store::path::Path;

use crate::{Error, Lake, Result, delta, statistics, store_url};

/// A table of a release: its files are listed once, and the list never changes.
#[derive(Debug, Clone)]
pub struct Table {
    schema: TableSchema,
    files: Vec<PartitionedFile>,
}

impl Lake {
    /// Opens a table of a release; `None` when the release has none of that name.
    ///
    /// # Errors
    /// When its log cannot be read or is not the one published, or it uses deletion vectors or column mapping.
    pub async fn table(&self, release: &Release, name: &str) -> Result<Option<Table>> {
        let Some(&version) = release.tables.get(name) else { return Ok(None) };
        let published = release.commits.get(name).map(String::as_str);
        Ok(Some(Table::of(name, &self.delta_at(name, version, published).await?)?))
    }
}

impl Table {
    pub(crate) fn of(name: &str, delta: &DeltaTable) -> Result<Self> {
        let snapshot =
            delta.snapshot().map_err(|source| delta::failed("open", name, source))?.snapshot();
        refuse_unreadable(name, delta)?;
        let all = snapshot.arrow_schema();
        let partitions = snapshot.metadata().partition_columns();
        let is_partition = |field: &FieldRef| partitions.contains(field.name());
        let (partition_fields, file_fields): (Vec<_>, Vec<_>) =
            all.fields().iter().cloned().partition(is_partition);
        let file_schema: SchemaRef = Arc::new(Schema::new(file_fields));

        let folder = delta.table_url().path().trim_matches('/').to_owned();
        let mut files = Vec::new();
        for view in snapshot.log_data() {
            let size = usize::try_from(view.size()).unwrap_or_default();
            let stats = statistics::of_file(view.stats().as_deref(), size, &file_schema);
            let values = view.partition_values_map();
            let meta = ObjectMeta {
                location: Path::from(format!("{folder}/{}", view.path())),
                last_modified: view
                    .modification_datetime()
                    .map_err(|source| delta::failed("open", name, source))?,
                size: size as u64,
                e_tag: None,
                version: None,
            };
            let value =
                |field: &Arc<Field>| ScalarValue::Utf8(values.get(field.name()).cloned().flatten());
            files.push(
                PartitionedFile::new_from_meta(meta)
                    .with_partition_values(partition_fields.iter().map(value).collect())
                    .with_arrow_schema(Arc::clone(&file_schema))
                    .with_statistics(Arc::new(stats)),
            );
        }
        files.sort_by(|a, b| a.object_meta.location.cmp(&b.object_meta.location));
        Ok(Self {
            schema: TableSchema::builder(file_schema)
                .with_table_partition_cols(partition_fields)
                .build(),
            files,
        })
    }

    /// Leaves the partition in which the column is `value`.
    pub(crate) fn only(mut self, value: &str) -> Self {
        let is = |file: &PartitionedFile| matches!(file.partition_values.first(), Some(ScalarValue::Utf8(Some(of))) if of == value);
        self.files.retain(is);
        self
    }

    /// Returns the number of rows in the files whose partition value is one of `values`, or in
    /// all; `None` when a file does not say.
    #[must_use]
    pub fn row_count(&self, values: Option<&[String]>) -> Option<usize> {
        let wanted = |file: &&PartitionedFile| match (values, file.partition_values.first()) {
            (Some(values), Some(ScalarValue::Utf8(Some(value)))) => values.contains(value),
            (Some(_), _) => false,
            (None, _) => true,
        };
        self.files
            .iter()
            .filter(wanted)
            .map(|file| file.statistics.as_ref()?.num_rows.get_value().copied())
            .sum()
    }

    /// Returns the columns, that of the partition last.
    pub(crate) fn columns(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    /// Returns the columns of a data file.
    pub(crate) fn file_columns(&self) -> SchemaRef {
        Arc::clone(self.schema.file_schema())
    }

    /// Returns the rows of each partition that has a file, as far as the files say.
    #[must_use]
    pub fn rows_by_partition(&self) -> BTreeMap<String, u64> {
        let rows = |value: String| {
            let count = self.row_count(Some(std::slice::from_ref(&value))).unwrap_or_default();
            (value, count as u64)
        };
        self.partitions().into_iter().map(rows).collect()
    }

    /// Returns the bytes of each file, by partition.
    pub(crate) fn sizes_by_partition(&self) -> BTreeMap<String, Vec<u64>> {
        let mut sizes: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for file in &self.files {
            if let Some(ScalarValue::Utf8(Some(value))) = file.partition_values.first() {
                sizes.entry(value.clone()).or_default().push(file.object_meta.size);
            }
        }
        sizes
    }

    /// Returns the column that parts the table.
    pub(crate) fn partition_column(&self) -> Option<&str> {
        self.schema.table_partition_cols().first().map(|field| field.name().as_str())
    }

    /// Returns the partitions whose files are not those of another version of the table.
    pub(crate) fn differs_from(&self, other: Option<&Self>) -> BTreeSet<String> {
        let (new, old) =
            (self.files_by_partition(), other.map(Self::files_by_partition).unwrap_or_default());
        let differs = |value: &&String| old.get(*value) != new.get(*value);
        old.keys().chain(new.keys()).filter(differs).cloned().collect()
    }

    /// Returns the files of each partition.
    fn files_by_partition(&self) -> BTreeMap<String, BTreeSet<&Path>> {
        let mut files: BTreeMap<String, BTreeSet<&Path>> = BTreeMap::new();
        for file in &self.files {
            if let Some(ScalarValue::Utf8(Some(value))) = file.partition_values.first() {
                files.entry(value.clone()).or_default().insert(&file.object_meta.location);
            }
        }
        files
    }

    /// Returns the values of the partition column that have a file, in order.
    pub(crate) fn partitions(&self) -> BTreeSet<String> {
        let value = |file: &PartitionedFile| match file.partition_values.first() {
            Some(ScalarValue::Utf8(value)) => value.clone(),
            _ => None,
        };
        self.files.iter().filter_map(value).collect()
    }

    /// Returns the files that may hold rows for which `filters` are true.
    fn files_for(
        &self,
        state: &dyn Session,
        filters: &[Expr],
    ) -> DataFusionResult<Vec<PartitionedFile>> {
        let Some(filter) = conjunction(filters.to_vec()) else { return Ok(self.files.clone()) };
        if self.files.is_empty() {
            return Ok(Vec::new());
        }
        let schema = self.schema.table_schema();
        let physical =
            state.create_physical_expr(filter, &DFSchema::try_from(Arc::clone(schema))?)?;
        let pruning = PruningPredicateBuilder::new()
            .with_file_schema(Arc::clone(schema))
            .try_build(physical)?;
        let known = |file: &PartitionedFile| {
            file.statistics.clone().unwrap_or_else(|| Arc::new(Statistics::new_unknown(schema)))
        };
        let statistics =
            PrunableStatistics::new(self.files.iter().map(known).collect(), Arc::clone(schema));
        let keep = pruning.prune(&statistics)?;
        Ok(self
            .files
            .iter()
            .zip(keep)
            .filter(|(_, keep)| *keep)
            .map(|(file, _)| file.clone())
            .collect())
    }
}

#[async_trait]
impl TableProvider for Table {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let files = self.files_for(state, filters)?;
        if files.is_empty() {
            let schema = self.schema.table_schema();
            let projected = projection
                .map_or_else(|| Ok(Arc::clone(schema)), |p| schema.project(p).map(Arc::new))?;
            return Ok(Arc::new(EmptyExec::new(projected)));
        }
        let statistics = Statistics::try_merge_iter(
            files.iter().filter_map(|file| file.statistics.as_deref()),
            self.schema.table_schema(),
        )?;
        let options = state.default_table_options().parquet;
        let source = ParquetSource::new(self.schema.clone()).with_table_parquet_options(options);
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let scan = FileScanConfigBuilder::new(store_url(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}

/// Deletion vectors hide rows and column mapping renames columns behind plain Parquet's back.
fn refuse_unreadable(name: &str, delta: &DeltaTable) -> Result<()> {
    let snapshot = delta.snapshot().map_err(|source| delta::failed("open", name, source))?;
    let features = snapshot.protocol().reader_features().unwrap_or_default();
    let refused = ["deletionVectors", "columnMapping"];
    match features
        .iter()
        .map(ToString::to_string)
        .find(|feature| refused.contains(&feature.as_str()))
    {
        Some(feature) => Err(Error::Unsupported { table: name.to_owned(), feature }),
        None => Ok(()),
    }
}
