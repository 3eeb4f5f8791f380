//! Answers that are kept: what one principal asked of one release, under one set of definitions, is answered
//! the same for ever, unless it depends on more than these; and what it would answer is always told the same.
//! A dashboard that is opened again costs next to nothing.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, SchemaRef};
use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;
use futures::stream::{self, StreamExt};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::answer::size;
use crate::catalog::Catalog;
use crate::{Answer, Description, Principal};

/// One answer or description, with its question, may take one of so many parts of the memory.
const ONE: usize = 64;

/// All descriptions may take one of so many parts of the memory.
const DESCRIPTIONS: usize = 4;

/// What the figure of a dashboard takes, about, in bytes: by it the room for many is made.
const SMALL: usize = 4 * 1024;

/// All that an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    release: u64,
    /// Another release of that number is one of a lake that was put in the place of this one.
    published_at: DateTime<Utc>,
    /// The hash of the definitions.
    definitions: String,
    principal: Principal,
    sql: String,
    /// With their types: moments in two time zones are one value. None when none are known, which is not the
    /// same as a row without columns.
    parameters: Option<Vec<(DataType, ScalarValue)>>,
}

impl Question {
    /// Bytes that it takes in memory.
    fn size(&self) -> usize {
        let size = |(of, value): &(DataType, ScalarValue)| of.size() + value.size();
        let parameters: usize = self.parameters.iter().flatten().map(size).sum();
        size_of::<Self>() + self.definitions.len() + self.sql.len() + parameters
    }
}

/// Returns what is asked of a catalogue, and where its answer is kept; none when none is, when the question
/// alone is too large, or when the parameters are no row of values.
pub(crate) fn asked<'c>(
    catalog: &'c Catalog,
    principal: Principal,
    sql: &str,
    parameters: Option<&RecordBatch>,
) -> Option<(&'c Arc<Kept>, Question)> {
    let kept = catalog.kept.as_ref()?;
    let value = |column: &ArrayRef| {
        Some((column.data_type().clone(), ScalarValue::try_from_array(column, 0).ok()?))
    };
    let parameters = match parameters {
        Some(row) if row.num_rows() != 1 => return None,
        Some(row) => Some(row.columns().iter().map(value).collect::<Option<_>>()?),
        None => None,
    };
    let question = Question {
        release: catalog.release.id,
        published_at: catalog.release.published_at,
        definitions: catalog.views.hash().to_owned(),
        principal,
        sql: sql.to_owned(),
        parameters,
    };
    (question.size() <= kept.most).then_some((kept, question))
}

/// An answer, as far as it was read.
#[derive(Debug)]
struct Rows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// What they take in memory, with the columns and the question.
    bytes: usize,
}

impl Rows {
    /// None so far, if what has no rows is not too large.
    fn none(question: &Question, schema: &SchemaRef, most: usize) -> Option<Self> {
        let bytes = question.size() + size_of::<Self>() + schema.fields().size();
        let none = || Self { schema: Arc::clone(schema), batches: Vec::new(), bytes };
        (bytes <= most).then(none)
    }

    /// With a copy of a batch, if all is not too large then: what comes of a filter or a limit has room for
    /// many more rows than it has.
    fn with(mut self, batch: &RecordBatch, most: usize) -> Option<Self> {
        if size(batch) > most {
            return None;
        }
        let rows = UInt32Array::from_iter_values(0..u32::try_from(batch.num_rows()).ok()?);
        let batch = take_record_batch(batch, &rows).ok()?;
        let columns = size_of_val(&batch) + size_of_val(batch.columns());
        self.bytes += columns + batch.get_array_memory_size();
        self.batches.push(batch);
        (self.bytes <= most).then_some(self)
    }
}

/// What a question, and what is kept of it, take in memory.
#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Question, Arc<Rows>> for Bytes {
    fn weight(&self, _: &Question, rows: &Arc<Rows>) -> u64 {
        rows.bytes as u64
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
    /// Bytes that one may take.
    most: usize,
}

impl Kept {
    /// Makes room for so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let told = bytes / DESCRIPTIONS;
        let (answers, descriptions) = (cache(bytes - told), cache(told));
        Self { answers, descriptions, most: bytes / ONE }
    }

    /// Returns what a question would be answered, if that was told before.
    pub(crate) fn description(&self, question: &Question) -> Option<Description> {
        self.descriptions.get(question)
    }

    /// Keeps what a question would be answered, if it is small.
    pub(crate) fn keep(&self, question: Question, told: &Description) {
        if Bytes.weight(&question, told) <= self.most as u64 {
            self.descriptions.insert(question, told.clone());
        }
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
        let none = Rows::none(&question, &answer.schema, self.most);
        let read = none.map(|rows| (Arc::clone(self), question, rows));
        let state = (answer.stream, read);
        let stream = stream::unfold(state, |(mut stream, read)| async move {
            let batch = stream.next().await;
            let read = match (&batch, read) {
                (Some(Ok(batch)), Some((kept, question, rows))) => {
                    rows.with(batch, kept.most).map(|rows| (kept, question, rows))
                }
                (None, Some((kept, question, rows))) => {
                    kept.answers.insert(question, Arc::new(rows));
                    None
                }
                _ => None,
            };
            Some((batch?, (stream, read)))
        });
        // Cursors ask again after the end.
        Answer { stream: stream.fuse().boxed(), ..answer }
    }
}

/// In one part: in several, each would have its share of the room, and less for one answer.
fn cache<V: Clone>(bytes: usize) -> Cache<Question, V, Bytes>
where
    Bytes: Weighter<Question, V>,
{
    let mut options = OptionsBuilder::new();
    options.shards(1).estimated_items_capacity(bytes / SMALL).weight_capacity(bytes as u64);
    let options = options.build().expect("both capacities are told");
    Cache::with_options(options, Bytes, DefaultHashBuilder::default(), DefaultLifecycle::default())
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, Schema};

    use super::*;

    #[test]
    fn a_description_is_kept_if_it_is_small() {
        let kept = Kept::new(64 * 1024);
        for (length, is_kept) in [(20, true), (2_000, false)] {
            let question = Question {
                release: 1,
                published_at: DateTime::UNIX_EPOCH,
                definitions: String::new(),
                principal: Principal::Public,
                sql: length.to_string(),
                parameters: None,
            };
            let schema =
                |name| Arc::new(Schema::new(vec![Field::new(name, DataType::Date32, true)]));
            let (schema, parameters) = (schema("n".repeat(length)), Arc::new(Schema::empty()));
            kept.keep(question.clone(), &Description { schema, parameters, release: 1 });
            assert_eq!(kept.description(&question).is_some(), is_kept, "{length}");
        }
    }
}
