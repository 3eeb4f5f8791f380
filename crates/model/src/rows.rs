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
    pub(crate) member: StringArray,
    /// The rule that a row broke before it had values, by row.
    pub(crate) faults: Vec<(usize, &'static str)>,
    /// What the reader found remarkable, by row; rows may have several.
    pub(crate) warnings: Vec<(usize, &'static str)>,
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

    /// Member and line of each row.
    pub(crate) fn origin(&self) -> [ArrayRef; 2] {
        [Arc::new(self.member.clone()), Arc::new(self.line.clone())]
    }
}

/// Collects rows column by column.
#[derive(Debug)]
pub struct RowsBuilder {
    columns: Vec<StringBuilder>,
    line: Int64Builder,
    raw: StringBuilder,
    member: StringBuilder,
    in_member: Option<String>,
    faults: Vec<(usize, &'static str)>,
    warnings: Vec<(usize, &'static str)>,
    bytes: usize,
}

impl RowsBuilder {
    /// Starts an empty batch for `dataset`.
    #[must_use]
    pub fn new(dataset: &Dataset) -> Self {
        Self::with_capacity(dataset, 0)
    }

    /// Starts an empty batch, for rows of about so many bytes in all.
    #[must_use]
    pub fn with_capacity(dataset: &Dataset, bytes: usize) -> Self {
        let of_column = bytes / dataset.fields.len().max(1);
        let column = || StringBuilder::with_capacity(bytes / 64, of_column);
        Self {
            columns: dataset.fields.iter().map(|_| column()).collect(),
            line: Int64Builder::new(),
            raw: StringBuilder::with_capacity(bytes / 64, bytes),
            member: StringBuilder::new(),
            in_member: None,
            faults: Vec::new(),
            warnings: Vec::new(),
            bytes: 0,
        }
    }

    /// Appends a row: `values` in the order of the dataset's fields; empty text is "no value".
    ///
    /// Values that are missing at the end count as absent.
    pub fn push<V: AsRef<str>>(
        &mut self,
        line: i64,
        raw: &str,
        values: impl IntoIterator<Item = Option<V>>,
    ) {
        let mut values = values.into_iter();
        for column in &mut self.columns {
            let value = values.next().flatten();
            let text = value.as_ref().map(|value| value.as_ref().trim());
            column.append_option(text.filter(|text| !text.is_empty()));
        }
        self.finish_row(line, raw);
    }

    /// Appends a row that could not be read into values, with the rule that says why.
    pub fn push_fault(&mut self, line: i64, raw: &str, rule: &'static str) {
        self.faults.push((self.len(), rule));
        self.columns.iter_mut().for_each(StringBuilder::append_null);
        self.finish_row(line, raw);
    }

    /// Flags the row pushed last.
    pub fn warn(&mut self, rule: &'static str) {
        if let Some(last) = self.len().checked_sub(1) {
            self.warnings.push((last, rule));
        }
    }

    /// Names the member of an archive that the rows pushed from now on stand in.
    pub fn member(&mut self, name: Option<&str>) {
        self.in_member = name.map(str::to_owned);
    }

    fn finish_row(&mut self, line: i64, raw: &str) {
        self.line.append_value(line);
        self.raw.append_value(raw);
        self.member.append_option(self.in_member.as_deref());
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
            member: self.member.finish(),
            faults: std::mem::take(&mut self.faults),
            warnings: std::mem::take(&mut self.warnings),
        }
    }
}
