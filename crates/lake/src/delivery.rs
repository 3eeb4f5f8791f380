//! A delivery: checked rows of the sources of one run, waiting on local disk for one merge.

mod spool;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use carnac_model::{Accepted, Checked, Dataset, Input};
use tempfile::TempDir;

use crate::bounds::Bounds;
use crate::{Error, Result};

pub(crate) use spool::{
    BatchWriter, KeyReader, KeyRecord, KeyWriter, Part, PartWriter, read_batches, write_batches,
};

/// Rows of one dataset that were checked but are not landed yet.
///
/// They are spooled to a temporary folder, each period apart, so memory does not grow with the
/// sources.
pub struct Delivery {
    pub(crate) dataset: &'static Dataset,
    folder: TempDir,
    parts: BTreeMap<String, PartWriter>,
    rejected: BatchWriter,
    sources: Vec<Source>,
    begun: i64,
    /// The keys of the rows, when all of them can be told; `None` before the first row.
    bounds: Option<Option<Bounds>>,
    /// Rows accepted so far, which numbers them over all sources and periods.
    sequence: u64,
}

/// One source of a delivery.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its place in the delivery, from 1; its rejected rows carry it.
    pub(crate) order: i64,
    pub(crate) file: String,
    pub(crate) input: Input,
    /// The numbers of its accepted rows.
    pub(crate) rows: Range<u64>,
    /// How many of them each period has.
    pub(crate) periods: BTreeMap<String, u64>,
}

/// A delivery whose files are complete.
pub(crate) struct Spooled {
    pub(crate) dataset: &'static Dataset,
    pub(crate) sources: Vec<Source>,
    pub(crate) parts: Vec<Part>,
    pub(crate) rejected: PathBuf,
    /// The keys of the rows; none when they cannot be told.
    pub(crate) bounds: Option<Bounds>,
    /// Deleted when dropped.
    pub(crate) folder: TempDir,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Delivery({}, {} sources)", self.dataset.name, self.sources.len())
    }
}

impl Delivery {
    /// Starts an empty delivery.
    ///
    /// # Errors
    /// When the temporary folder cannot be written.
    pub fn new(dataset: &'static Dataset) -> Result<Self> {
        let failed = |reason: String| Error::Spool { dataset: dataset.name.to_owned(), reason };
        let folder = TempDir::with_prefix("carnac-").map_err(|error| failed(error.to_string()))?;
        let rejected = rejected_writer(&folder.path().join("rejected.rows"))
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            dataset,
            folder,
            parts: BTreeMap::new(),
            rejected,
            sources: Vec::new(),
            begun: 0,
            bounds: None,
            sequence: 0,
        })
    }

    /// Starts a source of that file name, with its empty books; the rows appended next are its rows.
    pub fn begin(&mut self, file: &str, input: Input) {
        self.begun += 1;
        self.sources.push(Source {
            order: self.begun,
            file: file.to_owned(),
            input,
            rows: self.sequence..self.sequence,
            periods: BTreeMap::new(),
        });
    }

    /// Appends checked rows to the source begun last.
    ///
    /// # Errors
    /// When the temporary files cannot be written.
    ///
    /// # Panics
    /// When no source was begun.
    pub fn append(&mut self, checked: &Checked) -> Result<()> {
        let source = self.sources.last_mut().expect("begin comes before append");
        source.input.read += checked.read() as u64;
        for rule in checked.rejected()["rule"].as_string::<i32>().iter().flatten() {
            *source.input.rejected.entry(rule.to_owned()).or_default() += 1;
        }
        for accepted in checked.accepted() {
            let count = accepted.rows.num_rows() as u64;
            source.input.accepted += count;
            source.rows.end += count;
            *source.periods.entry(accepted.period.clone()).or_default() += count;
            count_warnings(&accepted.rows, &mut source.input.warned);
        }
        let tagged = with_source(checked.rejected(), &source.file, source.order);
        let dataset = self.dataset.name;
        self.rejected.write(&tagged).map_err(|error| Error::spool(dataset, &error))?;
        checked.accepted().iter().try_for_each(|accepted| self.spool(accepted))
    }

    fn spool(&mut self, accepted: &Accepted) -> Result<()> {
        let dataset = self.dataset.name;
        if self.dataset.moves && accepted.rows.num_rows() > 0 {
            let bounds = Bounds::of_rows(self.dataset, &accepted.rows);
            self.bounds = Some(match self.bounds.take() {
                Some(known) => known.zip(bounds).map(|(a, b)| a.with(b)),
                None => bounds,
            });
        }
        let part = match self.parts.get_mut(&accepted.period) {
            Some(part) => part,
            None => {
                let schema = Checked::accepted_schema(self.dataset);
                let part = PartWriter::create(self.folder.path(), self.parts.len(), &schema)
                    .map_err(|error| Error::spool(dataset, &error))?;
                self.parts.entry(accepted.period.clone()).or_insert(part)
            }
        };
        part.append(accepted, self.sequence).map_err(|error| Error::spool(dataset, &error))?;
        self.sequence += accepted.rows.num_rows() as u64;
        Ok(())
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
    pub(crate) fn finish(mut self) -> Result<Spooled> {
        let dataset = self.dataset.name;
        self.rejected.finish().map_err(|error| Error::spool(dataset, &error))?;
        let close = |(period, part): (String, PartWriter)| part.finish(period);
        let parts = self.parts.into_iter().map(close).collect::<std::result::Result<_, _>>();
        Ok(Spooled {
            dataset: self.dataset,
            sources: self.sources,
            parts: parts.map_err(|error| Error::spool(dataset, &error))?,
            rejected: self.folder.path().join("rejected.rows"),
            bounds: self.bounds.flatten(),
            folder: self.folder,
        })
    }
}

impl Spooled {
    /// Returns the source of an accepted row by its number; none when it was withdrawn.
    pub(crate) fn source_of(&self, sequence: u64) -> Option<&Source> {
        let after = self.sources.partition_point(|source| source.rows.start <= sequence);
        let source = self.sources.get(after.checked_sub(1)?)?;
        source.rows.contains(&sequence).then_some(source)
    }
}

/// Adds the warnings of rows to a count by rule.
pub(crate) fn count_warnings(rows: &RecordBatch, counts: &mut BTreeMap<String, u64>) {
    let warnings = &rows["warnings"];
    if warnings.null_count() == warnings.len() {
        return;
    }
    for rule in warnings.as_string::<i32>().iter().flatten().flat_map(|text| text.split(' ')) {
        *counts.entry(rule.to_owned()).or_default() += 1;
    }
}

/// Starts a file of rejected rows, each with its source.
pub(crate) fn rejected_writer(
    path: &std::path::Path,
) -> std::result::Result<BatchWriter, arrow::error::ArrowError> {
    write_batches(path, &schema_with_source(&Checked::rejected_schema()))
}

/// The two columns more that say which source of the delivery a rejected row belongs to.
fn schema_with_source(schema: &Schema) -> SchemaRef {
    let mut columns: Vec<_> = schema.fields().iter().cloned().collect();
    columns.push(Arc::new(Field::new("source_file", DataType::Utf8, true)));
    columns.push(Arc::new(Field::new("source_order", DataType::Int64, true)));
    Arc::new(Schema::new(columns))
}

/// Adds the file and the place of its source to rejected rows.
pub(crate) fn with_source(batch: &RecordBatch, file: &str, order: i64) -> RecordBatch {
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns
        .push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(file, batch.num_rows()))));
    columns.push(Arc::new(Int64Array::from_value(order, batch.num_rows())));
    RecordBatch::try_new(schema_with_source(batch.schema_ref()), columns)
        .expect("two columns more, of one length")
}
