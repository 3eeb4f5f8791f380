//! An answer: a stream of batches of one declared schema, from one release.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use carnac_model::Release;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream::{BoxStream, StreamExt};

use crate::{Error, Result};

/// What a query answers. A stream that fails ends in an error, never short.
pub struct Answer {
    /// Columns; every batch has exactly these.
    pub schema: SchemaRef,
    /// The rows.
    pub stream: BoxStream<'static, Result<RecordBatch>>,
    /// The release they are read from.
    pub release: Arc<Release>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("schema", &self.schema)
            .field("release", &self.release.id)
            .finish()
    }
}

impl Answer {
    /// Sends `rows` under the plain form of the plan's schema.
    pub(crate) fn new(
        schema: SchemaRef,
        rows: SendableRecordBatchStream,
        release: Arc<Release>,
    ) -> Self {
        let plain = Arc::clone(&schema);
        let stream = rows
            .map(move |batch| {
                to_schema(&batch.map_err(Error::running)?, &plain).map_err(Error::running)
            })
            .boxed();
        Self { schema, stream, release }
    }

    /// Reads all rows into memory.
    ///
    /// # Errors
    /// When a batch fails.
    pub async fn collect(mut self) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        while let Some(batch) = self.stream.next().await {
            batches.push(batch?);
        }
        Ok(batches)
    }
}

/// What the rows of a batch take in memory, without what they share with others.
pub(crate) fn size(batch: &RecordBatch) -> usize {
    let of = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or(usize::MAX);
    batch.columns().iter().map(of).fold(0, usize::saturating_add)
}

/// The schema that clients are told: plain text types, every column nullable, no metadata.
///
/// Planning and running disagree on nullability and on view types; clients compare both answers.
pub(crate) fn plain(schema: &Schema) -> SchemaRef {
    let field = |field: &Arc<Field>| Field::new(field.name(), plain_type(field.data_type()), true);
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

fn plain_field(field: &Arc<Field>) -> Arc<Field> {
    Arc::new(field.as_ref().clone().with_data_type(plain_type(field.data_type())))
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Dictionary(_, values) => plain_type(values),
        DataType::LargeList(item) | DataType::ListView(item) | DataType::LargeListView(item) => {
            DataType::List(plain_field(item))
        }
        DataType::List(item) => DataType::List(plain_field(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        other => other.clone(),
    }
}

/// The same rows under a schema of as many columns, cast where its types are others.
pub(crate) fn to_schema(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, DataFusionError> {
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
    for (column, field) in batch.columns().iter().zip(schema.fields()) {
        columns.push(if column.data_type() == field.data_type() {
            Arc::clone(column)
        } else {
            cast(column, field.data_type())?
        });
    }
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &rows)?)
}

/// An answer of rows without columns, from a release without tables.
#[cfg(test)]
pub(crate) fn without_columns(stream: BoxStream<'static, Result<RecordBatch>>) -> Answer {
    use std::collections::BTreeMap;

    let release = Release {
        id: 1,
        published_at: chrono::DateTime::UNIX_EPOCH,
        run_date: chrono::NaiveDate::default(),
        tables: BTreeMap::new(),
        commits: BTreeMap::new(),
        inputs: BTreeMap::new(),
        code: String::new(),
        cubes: BTreeMap::new(),
    };
    Answer { schema: Arc::new(Schema::empty()), stream, release: Arc::new(release) }
}
