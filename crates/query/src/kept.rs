//! Answers that are kept: what one principal asked of one release, under one set of definitions, is answered
//! the same for ever, unless it depends on more than these; and what it would answer is always told the same.
//! A dashboard that is opened again costs next to nothing.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use futures::stream::{self, StreamExt};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::catalog::Catalog;
use crate::{Answer, Description, Principal};

/// One answer may take one of so many parts of the memory.
const ONE: usize = 64;

/// All descriptions may take one of so many parts of the memory.
const DESCRIPTIONS: usize = 4;

/// What the figure of a dashboard takes, about, in bytes: by it the room for many is made.
const SMALL: usize = 4 * 1024;

/// All that an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    release: u64,
    /// The hash of the definitions.
    definitions: String,
    principal: Principal,
    sql: String,
    /// None when none are known, which is not the same as a row without columns.
    parameters: Option<Vec<ScalarValue>>,
}

impl Question {
    /// Bytes that it takes in memory.
    fn size(&self) -> usize {
        let parameters = self.parameters.iter().flatten().map(ScalarValue::size);
        size_of::<Self>() + self.definitions.len() + self.sql.len() + parameters.sum::<usize>()
    }
}

/// Returns what is asked of a catalogue, and where its answer is kept; none when none is, or when the
/// parameters are no row of values.
pub(crate) fn asked<'c>(
    catalog: &'c Catalog,
    principal: Principal,
    sql: &str,
    parameters: Option<&RecordBatch>,
) -> Option<(&'c Arc<Kept>, Question)> {
    let kept = catalog.kept.as_ref()?;
    let value = |column: &ArrayRef| ScalarValue::try_from_array(column, 0).ok();
    let parameters = match parameters {
        Some(row) if row.num_rows() != 1 => return None,
        Some(row) => Some(row.columns().iter().map(value).collect::<Option<_>>()?),
        None => None,
    };
    let (release, definitions) = (catalog.release.id, catalog.views.hash().to_owned());
    Some((kept, Question { release, definitions, principal, sql: sql.to_owned(), parameters }))
}

/// An answer that was read to its end.
#[derive(Debug)]
struct Rows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// What the batches take in memory.
    bytes: usize,
}

impl Rows {
    /// Adds a batch, unless it is too much.
    fn with(mut self, batch: &RecordBatch, most: usize) -> Option<Self> {
        self.bytes += batch.get_array_memory_size();
        self.batches.push(batch.clone());
        (self.bytes <= most).then_some(self)
    }
}

/// What a question, and what is kept of it, take in memory.
#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Question, Arc<Rows>> for Bytes {
    fn weight(&self, question: &Question, rows: &Arc<Rows>) -> u64 {
        (question.size() + size_of::<Rows>() + rows.bytes) as u64
    }
}

impl Weighter<Question, Description> for Bytes {
    fn weight(&self, question: &Question, told: &Description) -> u64 {
        let fields = told.schema.fields().size() + told.parameters.fields().size();
        (question.size() + size_of::<Description>() + fields) as u64
    }
}

/// What was told to questions that were asked before; of those that are asked again it stays longest.
#[derive(Debug)]
pub(crate) struct Kept {
    answers: Cache<Question, Arc<Rows>, Bytes>,
    descriptions: Cache<Question, Description, Bytes>,
    /// Bytes that one answer may take.
    most: usize,
}

impl Kept {
    /// Makes room for so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let (told, most) = (bytes / DESCRIPTIONS, bytes / ONE);
        let answers = Cache::with_weighter(bytes / SMALL, (bytes - told) as u64, Bytes);
        let descriptions = Cache::with_weighter(told / SMALL, told as u64, Bytes);
        Self { answers, descriptions, most }
    }

    /// Returns what a question would be answered, if that was told before.
    pub(crate) fn description(&self, question: &Question) -> Option<Description> {
        self.descriptions.get(question)
    }

    /// Keeps what a question would be answered.
    pub(crate) fn keep(&self, question: Question, told: &Description) {
        self.descriptions.insert(question, told.clone());
    }

    /// Returns the answer to a question, if it is kept.
    pub(crate) fn answer(&self, catalog: &Catalog, question: &Question) -> Option<Answer> {
        let rows = self.answers.get(question)?;
        let schema = Arc::clone(&rows.schema);
        let stream = stream::iter(rows.batches.clone()).map(Ok).boxed();
        Some(Answer { schema, stream, release: Arc::clone(&catalog.release) })
    }

    /// Returns the same answer, which is kept once it has been read to its end, if it is small.
    pub(crate) fn keeping(self: &Arc<Self>, question: Question, answer: Answer) -> Answer {
        let kept = Arc::clone(self);
        let rows = Rows { schema: Arc::clone(&answer.schema), batches: Vec::new(), bytes: 0 };
        let state = (answer.stream, Some((question, rows)));
        let stream = stream::unfold(state, move |(mut stream, read)| {
            let kept = Arc::clone(&kept);
            async move {
                let batch = stream.next().await;
                let read = match (&batch, read) {
                    (Some(Ok(batch)), Some((question, rows))) => {
                        rows.with(batch, kept.most).map(|rows| (question, rows))
                    }
                    (None, Some((question, rows))) => {
                        kept.answers.insert(question, Arc::new(rows));
                        None
                    }
                    _ => None,
                };
                Some((batch?, (stream, read)))
            }
        });
        Answer { stream: stream.boxed(), ..answer }
    }
}
