//! Rows as bytes, in the forms in which they leave the program.

mod sheet;

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::json::writer::{JsonArray, LineDelimited};
use arrow::{csv, json};
use datafusion::parquet::arrow::ArrowWriter;

use self::sheet::Sheet;

/// A form in which rows leave the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// CSV with a header, in UTF-8, `,` between values.
    Csv,
    /// A JSON array of objects.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// An Arrow IPC stream.
    Arrow,
    /// A Parquet file.
    Parquet,
    /// A workbook for Excel, of one sheet.
    Xlsx,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 6] =
        [Self::Csv, Self::Json, Self::Ndjson, Self::Arrow, Self::Parquet, Self::Xlsx];

    /// Returns its name: `csv`, `json`, `ndjson`, `arrow`, `parquet` or `xlsx`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
            Self::Xlsx => "xlsx",
        }
    }

    /// Returns its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// Returns whether its bytes are packed already.
    #[must_use]
    pub fn is_packed(self) -> bool {
        matches!(self, Self::Parquet | Self::Xlsx)
    }
}

/// Turns batches into bytes, one after the other.
#[derive(Debug)]
pub struct Encoder {
    writer: Writer,
    written: Written,
}

enum Writer {
    Csv(csv::Writer<Written>),
    Json(json::Writer<Written, JsonArray>),
    Ndjson(json::Writer<Written, LineDelimited>),
    Arrow(StreamWriter<Written>),
    Parquet(ArrowWriter<Written>),
    Xlsx(Box<Sheet>),
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

/// What a writer has written and nobody has taken.
#[derive(Debug, Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Encoder {
    /// Begins an answer of these columns.
    ///
    /// # Errors
    /// When the form cannot hold a column.
    pub fn new(form: Form, schema: &SchemaRef) -> Result<Self, ArrowError> {
        let written = Written::default();
        let to = written.clone();
        let json = || json::WriterBuilder::new().with_explicit_nulls(true);
        let writer = match form {
            Form::Csv => {
                let mut writer = csv::WriterBuilder::new().with_header(true).build(to);
                // An empty batch writes the header of an answer without rows.
                writer.write(&RecordBatch::new_empty(Arc::clone(schema)))?;
                Writer::Csv(writer)
            }
            Form::Json => Writer::Json(json().build(to)),
            Form::Ndjson => Writer::Ndjson(json().build(to)),
            Form::Arrow => Writer::Arrow(StreamWriter::try_new(to, schema)?),
            Form::Parquet => Writer::Parquet(ArrowWriter::try_new(to, Arc::clone(schema), None)?),
            Form::Xlsx => Writer::Xlsx(Box::new(Sheet::new(schema)?)),
        };
        Ok(Self { writer, written })
    }

    /// Returns the bytes of the rows so far that were not returned before; there may be none yet.
    ///
    /// # Errors
    /// When the form cannot hold a value.
    pub fn encode(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        match &mut self.writer {
            Writer::Csv(writer) => writer.write(batch)?,
            Writer::Json(writer) => writer.write(batch)?,
            Writer::Ndjson(writer) => writer.write(batch)?,
            Writer::Arrow(writer) => writer.write(batch)?,
            Writer::Parquet(writer) => writer.write(batch)?,
            Writer::Xlsx(sheet) => sheet.write(batch)?,
        }
        Ok(self.written.take())
    }

    /// Ends the answer and returns the last bytes.
    ///
    /// # Errors
    /// When what was held back cannot be written.
    pub fn finish(self) -> Result<Vec<u8>, ArrowError> {
        match self.writer {
            Writer::Csv(writer) => drop(writer),
            Writer::Json(mut writer) => {
                writer.finish()?;
                writeln!(writer.into_inner())?;
            }
            Writer::Ndjson(mut writer) => writer.finish()?,
            Writer::Arrow(mut writer) => writer.finish()?,
            Writer::Parquet(writer) => drop(writer.close()?),
            Writer::Xlsx(sheet) => return sheet.finish(),
        }
        Ok(self.written.take())
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch() -> RecordBatch {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("Crac'h"), None]));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        RecordBatch::try_from_iter([("name", names), ("number", numbers)]).unwrap()
    }

    fn all(form: Form, batches: &[RecordBatch]) -> Vec<u8> {
        let mut encoder = Encoder::new(form, &batch().schema()).unwrap();
        let mut bytes = Vec::new();
        for batch in batches {
            bytes.extend(encoder.encode(batch).unwrap());
        }
        bytes.extend(encoder.finish().unwrap());
        bytes
    }

    #[test]
    fn texts_of_two_batches_and_of_none() {
        let text = |form, batches: &[RecordBatch]| String::from_utf8(all(form, batches)).unwrap();
        let two = [batch(), batch().slice(0, 1)];
        assert_eq!(text(Form::Csv, &two), "name,number\nCrac'h,1\n,2\nCrac'h,1\n");
        assert_eq!(text(Form::Csv, &[]), "name,number\n");
        let [first, second] = [r#"{"name":"Crac'h","number":1}"#, r#"{"name":null,"number":2}"#];
        assert_eq!(text(Form::Json, &two), format!("[{first},{second},{first}]\n"));
        assert_eq!(text(Form::Json, &[]), "[]\n");
        assert_eq!(text(Form::Ndjson, &two), format!("{first}\n{second}\n{first}\n"));
        assert_eq!(text(Form::Ndjson, &[]), "");
    }

    #[test]
    fn rows_arrive_before_the_end_where_the_form_allows() {
        for form in [Form::Csv, Form::Json, Form::Ndjson, Form::Arrow] {
            let mut encoder = Encoder::new(form, &batch().schema()).unwrap();
            assert!(!encoder.encode(&batch()).unwrap().is_empty(), "{}", form.name());
        }
    }

    #[test]
    fn binary_forms_are_read_back() {
        let bytes = all(Form::Arrow, &[batch()]);
        let reader = arrow::ipc::reader::StreamReader::try_new(bytes.as_slice(), None).unwrap();
        assert_eq!(reader.collect::<Result<Vec<_>, _>>().unwrap(), [batch()]);
        let bytes = bytes::Bytes::from(all(Form::Parquet, &[batch()]));
        let reader =
            datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
                bytes,
            );
        let rows = reader.unwrap().build().unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(rows, [batch()]);
    }
}
