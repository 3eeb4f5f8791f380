//! Parquet files of others: the columns of the dataset, every value as the text of a CSV.
//!
//! Types are those of the Parquet schema; what a writer says beside it of its own types is not
//! read. Other columns are not read at all. In memory at one time: one page of each column (at
//! most [`claims::MAX_PAGE`] bytes once inflated) and one batch.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Schema, SchemaRef};
use carnac_model::Rows;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use crate::batches::Batches;
use crate::csv::Layout;
use crate::source::Source;
use crate::{BATCH_ROWS, Error, Result};

mod claims;

/// Why reading stopped: what the format's libraries say, or an error of ours.
type Fault = Box<dyn std::error::Error>;

/// Reads the file in batches; the line of a row is its number, from 1.
pub(crate) fn read(source: &Source, each: &mut dyn FnMut(&Rows) -> Result<()>) -> Result<()> {
    sound(&source.path, || {
        let file = Parquet::open(&source.members()[0].path)?;
        let layout = Layout::of(source, &file.header())?;
        let mut batches = Batches::new(source, each);
        file.rows(&layout, &mut batches)?;
        Ok(batches.finish()?)
    })?;
    source.verify(source.reader()?)
}

/// Returns the names of the columns, as they are compared.
pub(crate) fn header_of(path: &Path) -> Result<Vec<String>> {
    sound(path, || Ok(Parquet::open(path)?.header()))
}

/// The library panics on some pages that lie, such as a dictionary of numbers of more bits than
/// the number has: such a panic is this file's error. What was read by then is withdrawn with it.
fn sound<T>(path: &Path, read: impl FnOnce() -> Result<T, Fault>) -> Result<T> {
    let reason = match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(fault)) => match fault.downcast::<Error>() {
            Ok(ours) => return Err(*ours),
            Err(fault) => fault.to_string(),
        },
        Err(_) => "what it says of itself contradicts itself".to_owned(),
    };
    Err(Error::Unreadable { path: path.to_owned(), reason })
}

/// An open file.
struct Parquet {
    file: File,
    metadata: ArrowReaderMetadata,
}

impl Parquet {
    fn open(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path)?;
        claims::footer(&file)?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::load(&file, options)?;
        // Views share a text that stands in many rows instead of copying it into each.
        let schema = with_views(metadata.schema());
        let options = ArrowReaderOptions::new().with_schema(schema);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)?;
        Ok(Self { file, metadata })
    }

    fn header(&self) -> Vec<String> {
        let fields = self.metadata.schema().fields();
        fields.iter().map(|field| field.name().trim().to_lowercase()).collect()
    }

    /// Reads every row; those that are left in `batches` are still to be handed on.
    fn rows(self, layout: &Layout, batches: &mut Batches<'_>) -> Result<(), Fault> {
        let (columns, wanted) = (self.header().len(), layout.places());
        let metadata = Arc::clone(self.metadata.metadata());
        let parquet = metadata.file_metadata().schema_descr();
        let mask = ProjectionMask::roots(parquet, wanted.iter().copied());
        claims::pages(&self.file, &metadata, |column| mask.leaf_included(column))?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.file, self.metadata)
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()?;

        let mut number = 0;
        for batch in reader {
            let batch = batch?;
            let texts = texts(&batch)?;
            for row in 0..batch.num_rows() {
                number += 1;
                let raw: Vec<_> =
                    texts.iter().map(|column| value(column, row).unwrap_or_default()).collect();
                layout.push(&mut batches.rows, number, &raw.join(";"), columns, |place| {
                    value(texts.get(wanted.binary_search(&place).ok()?)?, row)
                });
                batches.hand_on_when_full()?;
            }
        }
        let claimed = metadata.file_metadata().num_rows();
        if number != claimed {
            return Err(format!("it holds {number} rows and claims to hold {claimed}").into());
        }
        Ok(())
    }
}

fn value(column: &StringViewArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// The schema with its texts as views.
fn with_views(schema: &SchemaRef) -> SchemaRef {
    let view = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 | DataType::Binary => {
            Field::new(field.name(), DataType::Utf8View, field.is_nullable())
        }
        _ => field.as_ref().clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(view).collect::<Vec<_>>()))
}

/// Every column of a batch as text.
fn texts(batch: &RecordBatch) -> Result<Vec<StringViewArray>, Fault> {
    batch.columns().iter().map(text).collect()
}

/// A whole number has no point and no exponent, whatever its type: a SIRET may be a float.
fn text(column: &ArrayRef) -> Result<StringViewArray, Fault> {
    Ok(match column.data_type() {
        DataType::Float32 => numbers(column.as_primitive::<Float32Type>().iter()),
        DataType::Float64 => numbers(column.as_primitive::<Float64Type>().iter()),
        _ => cast(column, &DataType::Utf8View)?.as_string_view().clone(),
    })
}

fn numbers<N: ToString>(values: impl Iterator<Item = Option<N>>) -> StringViewArray {
    let mut texts = StringViewBuilder::new();
    values.for_each(|value| texts.append_option(value.map(|number| number.to_string())));
    texts.finish()
}

#[cfg(test)]
#[path = "columnar/tests.rs"]
mod tests;
