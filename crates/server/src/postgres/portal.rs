//! Prepared statements, and portals: a statement with its values, and what it has not sent yet.

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use carnac_query::{Answer, Result};
use futures::stream::{BoxStream, StreamExt};
use std::sync::Arc;

use super::encode::{self, Formats};
use super::problem::{Fault, Problem};
use super::statement::Statement;

/// A statement that a client has prepared.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) statement: Statement,
    /// The types in which its parameters are bound.
    pub(super) parameters: Vec<DataType>,
    /// What was told of its parameters.
    pub(super) oids: Vec<u32>,
    /// The columns of its rows, if it has any.
    pub(super) schema: Option<SchemaRef>,
}

/// A prepared statement with its values, or a cursor.
pub(super) struct Portal {
    pub(super) statement: Statement,
    pub(super) parameters: Option<RecordBatch>,
    pub(super) formats: Formats,
    pub(super) schema: Option<SchemaRef>,
    /// The rows, once it has begun.
    pub(super) rows: Option<Rows>,
    pub(super) life: Life,
}

/// When a portal ends, unless it is closed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// With the transaction, which may be that of one statement.
    Transaction,
    /// A cursor declared outside a transaction, or to be held.
    Session,
}

/// Rows that are still to be sent.
pub(super) struct Rows {
    pub(super) schema: SchemaRef,
    stream: BoxStream<'static, Result<RecordBatch>>,
    columns: Vec<ArrayRef>,
    /// The next row of the columns, and the row after their last.
    at: usize,
    end: usize,
}

impl Rows {
    pub(super) fn new(answer: Answer) -> Self {
        let Answer { schema, stream, .. } = answer;
        Self { schema, stream, columns: Vec::new(), at: 0, end: 0 }
    }

    /// One row of one text.
    pub(super) fn one(name: &str, value: &str) -> Self {
        Self::texts(texts(&[name]), &[vec![value]])
    }

    /// Rows of texts, by columns of one length.
    pub(super) fn texts(schema: SchemaRef, columns: &[Vec<&str>]) -> Self {
        let column = |texts: &Vec<&str>| Arc::new(StringArray::from(texts.clone())) as ArrayRef;
        let stream = futures::stream::empty().boxed();
        let end = columns.first().map_or(0, Vec::len);
        Self { schema, stream, columns: columns.iter().map(column).collect(), at: 0, end }
    }

    /// Makes sure that there is a row to take, unless there are no more.
    ///
    /// # Errors
    /// When the query fails, or a value cannot be written.
    pub(super) async fn fill(&mut self) -> Result<bool, Fault> {
        while self.at == self.end {
            let Some(batch) = self.stream.next().await else { return Ok(false) };
            let batch = batch?;
            let columns = encode::plain_columns(&batch).map_err(|_| {
                Problem::error("22000", "a value cannot be written as its type in PostgreSQL")
            })?;
            (self.columns, self.at, self.end) = (columns, 0, batch.num_rows());
        }
        Ok(true)
    }

    /// Takes rows, at most `limit`, by a function that takes columns and the rows from one to
    /// another, and returns the row after the last that it took; returns how many were taken.
    pub(super) fn take(
        &mut self,
        limit: u64,
        write: impl FnOnce(&[ArrayRef], (usize, usize)) -> usize,
    ) -> u64 {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let end = self.end.min(self.at.saturating_add(limit));
        let next = write(&self.columns, (self.at, end));
        let taken = next - self.at;
        self.at = next;
        taken as u64
    }
}

/// The schema of one column of text.
pub(super) fn texts(names: &[&str]) -> SchemaRef {
    let field = |name: &&str| Field::new(*name, DataType::Utf8, true);
    Arc::new(Schema::new(names.iter().map(field).collect::<Vec<_>>()))
}
