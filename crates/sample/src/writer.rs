//! One file: rows out as CSV or as Parquet, defects put in on the way and counted.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use carnac_model::Field;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::defect::{Defect, Defects, Verdict, revise};
use crate::row::Row;
use crate::{Error, FileCounts, Format, Result};

/// Rows of a batch of Parquet.
const BATCH_ROWS: usize = 64 * 1024;
/// Bytes of CSV that go to the file at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// A file being written.
pub(crate) struct Output {
    /// The row in hand; [`Self::write`] writes and clears it.
    pub(crate) row: Row,
    pub(crate) counts: FileCounts,
    path: PathBuf,
    sink: Sink,
    /// How many cells a row has.
    columns: usize,
    fields: Vec<&'static Field>,
    /// What the earlier state of a row says: the column, and two texts of which it had the other.
    revised: (usize, [&'static str; 2]),
    defects: Defects,
}

enum Sink {
    Csv(BufWriter<File>),
    Parquet(Box<Batches>),
}

/// Rows until there are enough of them for a batch.
struct Batches {
    writer: ArrowWriter<File>,
    schema: Arc<Schema>,
    columns: Vec<StringBuilder>,
    rows: usize,
}

impl Output {
    /// Creates a file with its header.
    pub(crate) fn create(
        path: &Path,
        format: Format,
        fields: Vec<&'static Field>,
        revised: (usize, [&'static str; 2]),
        defects: Defects,
    ) -> Result<Self> {
        let file = File::create(path).map_err(Error::io("create", path))?;
        let mut output = Self {
            row: Row::default(),
            counts: FileCounts::default(),
            path: path.to_owned(),
            sink: match format {
                Format::Csv => Sink::Csv(BufWriter::with_capacity(BUFFER_BYTES, file)),
                Format::Parquet => Sink::Parquet(Box::new(
                    Batches::new(file, &fields).map_err(Error::parquet(path))?,
                )),
            },
            columns: fields.len(),
            fields,
            revised,
            defects,
        };
        if matches!(output.sink, Sink::Csv(_)) {
            let headers: Vec<_> =
                output.fields.iter().map(|field| field.header.to_owned()).collect();
            output.put_header(&headers)?;
        }
        Ok(output)
    }

    /// Creates an export, a CSV file with a header of its own.
    pub(crate) fn export(path: &Path, headers: &[String], defects: Defects) -> Result<Self> {
        let mut output = Self::create(path, Format::Csv, Vec::new(), (0, ["", ""]), defects)?;
        output.put_header(headers)?;
        Ok(output)
    }

    fn put_header(&mut self, headers: &[String]) -> Result<()> {
        self.row.clear();
        self.columns = headers.len();
        if headers.is_empty() {
            return Ok(());
        }
        headers.iter().for_each(|header| self.row.text(header));
        self.put_row()?;
        self.counts.rows = 0;
        self.row.clear();
        Ok(())
    }

    /// Writes the row in hand, perhaps with something wrong in it.
    pub(crate) fn write(&mut self) -> Result<()> {
        debug_assert_eq!(self.row.len(), self.columns, "{}", self.path.display());
        match self.defects.of_this_row() {
            None => self.put_row()?,
            Some((defect, place)) => self.put_wrong(defect, place)?,
        }
        self.row.clear();
        Ok(())
    }

    /// Counts a row that is odd but to be accepted.
    pub(crate) fn tolerate(&mut self, what: &'static str) {
        *self.counts.tolerated.entry(what).or_default() += 1;
    }

    fn put_wrong(&mut self, defect: Defect, place: usize) -> Result<()> {
        match defect {
            Defect::Copy => self.put_row()?,
            Defect::Superseded => {
                let (column, texts) = self.revised;
                let now = self.row.cell(column).to_vec();
                revise(&mut self.row, column, texts);
                self.put_row()?;
                self.row.replace(column, &now);
            }
            // A cell too many has no place in a table of columns.
            Defect::Malformed if matches!(self.sink, Sink::Parquet(_)) => return self.put_row(),
            Defect::Malformed => self.row.empty(),
            _ => match defect.text(self.row.cell(place)) {
                Some(text) => self.row.replace(place, &text),
                None => return self.put_row(),
            },
        }
        let (counts, name) = match defect.verdict(self.fields[place].kind) {
            Verdict::Rejected(rule) => (&mut self.counts.rejected, rule),
            Verdict::Warned(rule) => (&mut self.counts.warned, rule),
            Verdict::Tolerated(what) => (&mut self.counts.tolerated, what),
        };
        *counts.entry(name).or_default() += 1;
        self.put_row()
    }

    fn put_row(&mut self) -> Result<()> {
        self.counts.rows += 1;
        match &mut self.sink {
            Sink::Csv(file) => {
                file.write_all(self.row.line()).map_err(Error::io("write", &self.path))
            }
            Sink::Parquet(batches) => batches.push(&self.row).map_err(Error::parquet(&self.path)),
        }
    }

    /// Ends the file and returns what is in it.
    pub(crate) fn finish(self) -> Result<FileCounts> {
        match self.sink {
            Sink::Csv(mut file) => file.flush().map_err(Error::io("write", &self.path))?,
            Sink::Parquet(batches) => batches.close().map_err(Error::parquet(&self.path))?,
        }
        Ok(self.counts)
    }
}

impl Batches {
    fn new(file: File, fields: &[&Field]) -> Result<Self, ParquetError> {
        let column = |field: &&Field| ArrowField::new(field.header, DataType::Utf8, true);
        let schema = Arc::new(Schema::new(fields.iter().map(column).collect::<Vec<_>>()));
        let synthetic = KeyValue::new("synthetic".to_owned(), "true".to_owned());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(4 * BATCH_ROWS))
            .set_key_value_metadata(Some(vec![synthetic]))
            .build();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?;
        let columns = fields.iter().map(|_| StringBuilder::new()).collect();
        Ok(Self { writer, schema, columns, rows: 0 })
    }

    fn push(&mut self, row: &Row) -> Result<(), ParquetError> {
        for (place, column) in self.columns.iter_mut().enumerate() {
            let text = std::str::from_utf8(row.cell(place)).unwrap_or_default();
            column.append_option(Some(text).filter(|text| !text.is_empty()));
        }
        self.rows += 1;
        if self.rows == BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        self.rows = 0;
        let columns =
            self.columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    fn close(mut self) -> Result<(), ParquetError> {
        self.flush()?;
        self.writer.close()?;
        Ok(())
    }
}
