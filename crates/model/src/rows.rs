//! Rows as they were read: text, with the line they stood on and their raw form.

use arrow::array::{ArrayRef, Int64Array, Int64Builder, StringArray, StringBuilder};
use std::sync::Arc;

use crate::Dataset;

/// A batch of unchecked rows: one text column per field of the dataset, in its order.
///
/// Private fields: it is built by [`RowsBuilder`] only, so all columns have one length.
#[derive(Debug)]
pub struct Rows {
    pub(crate) columns: Vec<StringArray>,
    pub(crate) line: Int64Array,
    pub(crate) raw: StringArray,
    pub(crate) fault: StringArray,
}

impl Rows {
    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.line.len()
    }

    /// Returns whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    pub(crate) fn line_and_raw(&self) -> [ArrayRef; 2] {
        [Arc::new(self.line.clone()), Arc::new(self.raw.clone())]
    }
}

/// Collects rows column by column.
#[derive(Debug)]
pub struct RowsBuilder {
    columns: Vec<StringBuilder>,
    line: Int64Builder,
    raw: StringBuilder,
    fault: StringBuilder,
    bytes: usize,
}

impl RowsBuilder {
    /// Starts an empty batch for `dataset`.
    #[must_use]
    pub fn new(dataset: &Dataset) -> Self {
        Self {
            columns: dataset.fields.iter().map(|_| StringBuilder::new()).collect(),
            line: Int64Builder::new(),
            raw: StringBuilder::new(),
            fault: StringBuilder::new(),
            bytes: 0,
        }
    }

    /// Appends a row: `values` in the order of the dataset's fields; empty text is "no value".
    ///
    /// Values that are missing at the end count as absent.
    pub fn push<'v>(
        &mut self,
        line: i64,
        raw: &str,
        values: impl IntoIterator<Item = Option<&'v str>>,
    ) {
        let mut values = values.into_iter();
        for column in &mut self.columns {
            column.append_option(values.next().flatten().map(str::trim).filter(|v| !v.is_empty()));
        }
        self.finish_row(line, raw, None);
    }

    /// Appends a row that could not be read into values, with the rule that says why.
    pub fn push_fault(&mut self, line: i64, raw: &str, rule: &'static str) {
        self.columns.iter_mut().for_each(StringBuilder::append_null);
        self.finish_row(line, raw, Some(rule));
    }

    fn finish_row(&mut self, line: i64, raw: &str, fault: Option<&str>) {
        self.line.append_value(line);
        self.raw.append_value(raw);
        self.fault.append_option(fault);
        self.bytes += 2 * raw.len() + 64;
    }

    /// Returns about how many bytes the batch holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of rows so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.line.values_slice().len()
    }

    /// Returns whether there is no row yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the batch and starts the next one.
    pub fn finish(&mut self) -> Rows {
        self.bytes = 0;
        Rows {
            columns: self.columns.iter_mut().map(StringBuilder::finish).collect(),
            line: self.line.finish(),
            raw: self.raw.finish(),
            fault: self.fault.finish(),
        }
    }
}
