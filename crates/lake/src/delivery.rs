//! A delivery: checked rows of the sources of one run, waiting on local disk for one merge.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use carnac_model::{Checked, Dataset, Input};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

use crate::{Error, Result};

/// Rows of one dataset that were checked but are not landed yet.
///
/// They are spooled to Parquet in a temporary folder, so memory does not grow with the sources.
#[derive(Debug)]
pub struct Delivery {
    pub(crate) dataset: &'static Dataset,
    folder: TempDir,
    accepted: ArrowWriter<File>,
    rejected: ArrowWriter<File>,
    sources: Vec<Source>,
    begun: i64,
}

/// One source of a delivery.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its place in the delivery, from 1; rows of the spool carry it.
    pub(crate) order: i64,
    pub(crate) file: String,
    pub(crate) input: Input,
}

/// A delivery whose files are complete.
pub(crate) struct Spooled {
    pub(crate) dataset: &'static Dataset,
    pub(crate) sources: Vec<Source>,
    pub(crate) accepted: PathBuf,
    pub(crate) rejected: PathBuf,
    /// Deleted when dropped.
    pub(crate) _folder: TempDir,
}

impl Delivery {
    /// Starts an empty delivery.
    ///
    /// # Errors
    /// When the temporary folder cannot be written.
    pub fn new(dataset: &'static Dataset) -> Result<Self> {
        let failed = |reason: String| Error::Spool { dataset: dataset.name.to_owned(), reason };
        let folder = TempDir::with_prefix("carnac-").map_err(|error| failed(error.to_string()))?;
        let writer = |name: &str, schema: &Schema| {
            spool_writer(&folder.path().join(name), with_source(schema))
                .map_err(|error| failed(error.to_string()))
        };
        let accepted = writer("accepted.parquet", &Checked::accepted_schema(dataset))?;
        let rejected = writer("rejected.parquet", &Checked::rejected_schema())?;
        Ok(Self { dataset, folder, accepted, rejected, sources: Vec::new(), begun: 0 })
    }

    /// Starts a source of that file name; the rows appended next are its rows.
    pub fn begin(&mut self, file: &str, sha256: &str) {
        let input = Input {
            sha256: sha256.to_owned(),
            read: 0,
            accepted: 0,
            rejected: BTreeMap::new(),
            periods: Vec::new(),
            release: 0,
        };
        self.begun += 1;
        self.sources.push(Source { order: self.begun, file: file.to_owned(), input });
    }

    /// Appends checked rows to the source begun last.
    ///
    /// # Errors
    /// When the temporary files cannot be written.
    ///
    /// # Panics
    /// When no source was begun.
    pub fn append(&mut self, checked: &Checked) -> Result<()> {
        let Source { order, file, input } =
            self.sources.last_mut().expect("begin comes before append");
        let failed = |error: parquet::errors::ParquetError| Error::Spool {
            dataset: self.dataset.name.to_owned(),
            reason: error.to_string(),
        };
        input.read += checked.read() as u64;
        input.accepted += checked.accepted().num_rows() as u64;
        for rule in checked.rejected()["rule"].as_string::<i32>().iter().flatten() {
            *input.rejected.entry(rule.to_owned()).or_default() += 1;
        }
        self.accepted.write(&tagged(checked.accepted(), file, *order)).map_err(failed)?;
        self.rejected.write(&tagged(checked.rejected(), file, *order)).map_err(failed)
    }

    /// Returns what was read so far of the source begun last.
    #[must_use]
    pub fn current(&self) -> Option<&Input> {
        self.sources.last().map(|source| &source.input)
    }

    /// Takes the source begun last out again, for instance when its file turns out unreadable.
    ///
    /// Its rows stay in the spool; the merge reads only those of the sources that are left.
    pub fn withdraw(&mut self) {
        self.sources.pop();
    }

    /// Returns whether there is no source to land.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Closes the spool files.
    pub(crate) fn finish(self) -> Result<Spooled> {
        let failed = |error: parquet::errors::ParquetError| Error::Spool {
            dataset: self.dataset.name.to_owned(),
            reason: error.to_string(),
        };
        self.accepted.close().map_err(failed)?;
        self.rejected.close().map_err(failed)?;
        Ok(Spooled {
            dataset: self.dataset,
            sources: self.sources,
            accepted: self.folder.path().join("accepted.parquet"),
            rejected: self.folder.path().join("rejected.parquet"),
            _folder: self.folder,
        })
    }
}

/// Writes rows to a temporary Parquet file, in row groups small enough to hold many of.
pub(crate) fn spool_writer(
    path: &Path,
    schema: SchemaRef,
) -> parquet::errors::Result<ArrowWriter<File>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::LZ4_RAW)
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(64 * 1024))
        .build();
    ArrowWriter::try_new(File::create(path)?, schema, Some(properties))
}

/// Adds the two columns that say which source of the delivery a row belongs to.
fn with_source(schema: &Schema) -> SchemaRef {
    let mut columns: Vec<_> = schema.fields().iter().cloned().collect();
    columns.push(Arc::new(Field::new("source_file", DataType::Utf8, true)));
    columns.push(Arc::new(Field::new("source_order", DataType::Int64, true)));
    Arc::new(Schema::new(columns))
}

fn tagged(batch: &RecordBatch, file: &str, order: i64) -> RecordBatch {
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns
        .push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(file, batch.num_rows()))));
    columns.push(Arc::new(Int64Array::from_value(order, batch.num_rows())));
    RecordBatch::try_new(with_source(batch.schema_ref()), columns)
        .expect("two columns more, of one length")
}
