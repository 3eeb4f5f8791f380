//! Answers that are kept: what one principal asked of one release, under one set of definitions, is answered
//! the same for ever, unless it depends on more than these; and what it would answer is always told the same.
//! A dashboard that is opened again costs next to nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// One answer may take one of so many parts of the room for answers.
const ONE: usize = 2;

/// All descriptions may take one of so many parts of the memory.
const DESCRIPTIONS: usize = 8;

/// A question, or a description with its question, may take one of so many parts of the memory.
const SMALL: usize = 16;

/// What the figure of a dashboard takes, about, in bytes: by it the room for many is made.
const FIGURE: usize = 4 * 1024;

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
    (question.size() <= kept.small).then_some((kept, question))
}

/// The memory of all answers: that are kept, that are being read and may be kept then, and that are no longer
/// kept while somebody still reads them.
#[derive(Debug)]
struct Room {
    bytes: usize,
    taken: AtomicUsize,
}

/// A part of it, given back when dropped.
#[derive(Debug)]
struct Share {
    room: Arc<Room>,
    bytes: usize,
}

impl Share {
    /// Takes more; returns whether there was so much.
    fn grow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.room.taken.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.room.bytes
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// An answer, as far as it was read.
#[derive(Debug)]
struct Rows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// With the columns and the question.
    share: Share,
}

impl Rows {
    /// None so far, if there is room for what has no rows.
    fn none(kept: &Kept, question: &Question, schema: &SchemaRef) -> Option<Self> {
        let share = Share { room: Arc::clone(&kept.room), bytes: 0 };
        let none = Self { schema: Arc::clone(schema), batches: Vec::new(), share };
        none.taking(question.size() + size_of::<Self>() + schema.fields().size(), kept.most)
    }

    /// With one more batch, if there is room for it and all take no more than `most`.
    fn with(self, batch: &RecordBatch, most: usize) -> Option<Self> {
        if size(batch) > most {
            return None;
        }
        let batch = dense(batch)?;
        let bytes = size_of_val(&batch) + size_of_val(batch.columns());
        let mut rows = self.taking(bytes + batch.get_array_memory_size(), most)?;
        rows.batches.push(batch);
        Some(rows)
    }

    fn taking(mut self, bytes: usize, most: usize) -> Option<Self> {
        (self.share.grow(bytes) && self.share.bytes <= most).then_some(self)
    }
}

/// The same rows in no more than twice the memory that they need: what comes of a filter or a limit has room
/// for many more than it has.
fn dense(batch: &RecordBatch) -> Option<RecordBatch> {
    if batch.get_array_memory_size() <= 2 * size(batch) {
        return Some(batch.clone());
    }
    let rows = UInt32Array::from_iter_values(0..u32::try_from(batch.num_rows()).ok()?);
    take_record_batch(batch, &rows).ok()
}

/// What a question, and what is kept of it, take in memory.
#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Question, Arc<Rows>> for Bytes {
    fn weight(&self, _: &Question, rows: &Arc<Rows>) -> u64 {
        rows.share.bytes as u64
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
    room: Arc<Room>,
    /// Bytes that one answer may take.
    most: usize,
    /// Bytes that a question, or one description, may take.
    small: usize,
}

impl Kept {
    /// Makes room for so many bytes; what is being read may take as much again.
    pub(crate) fn new(bytes: usize) -> Self {
        let told = bytes / DESCRIPTIONS;
        let (answers, descriptions) = (cache(bytes - told), cache(told));
        let room = Room { bytes: bytes.saturating_mul(2), taken: AtomicUsize::new(0) };
        let (most, small) = ((bytes - told) / ONE, bytes / SMALL);
        Self { answers, descriptions, room: Arc::new(room), most, small }
    }

    /// Bytes that all take.
    pub(crate) fn in_use(&self) -> usize {
        let told = usize::try_from(self.descriptions.weight()).unwrap_or(usize::MAX);
        told.saturating_add(self.room.taken.load(Ordering::Relaxed))
    }

    /// Returns what a question would be answered, if that was told before.
    pub(crate) fn description(&self, question: &Question) -> Option<Description> {
        self.descriptions.get(question)
    }

    /// Keeps what a question would be answered, if it is small.
    pub(crate) fn keep(&self, question: Question, told: &Description) {
        if Bytes.weight(&question, told) <= self.small as u64 {
            self.descriptions.insert(question, told.clone());
        }
    }

    /// Returns the answer to a question, if it is kept.
    pub(crate) fn answer(&self, catalog: &Catalog, question: &Question) -> Option<Answer> {
        let rows = self.answers.get(question)?;
        let schema = Arc::clone(&rows.schema);
        // The share is given back once nobody reads them.
        let stream = stream::unfold((rows, 0), |(rows, next)| async move {
            let batch = rows.batches.get(next)?.clone();
            Some((Ok(batch), (rows, next + 1)))
        });
        let stream = stream.fuse().boxed();
        Some(Answer { schema, stream, release: Arc::clone(&catalog.release) })
    }

    /// Returns the same answer, which is kept once it has been read to its end, if there is room for it.
    pub(crate) fn keeping(self: &Arc<Self>, question: Question, answer: Answer) -> Answer {
        let none = Rows::none(self, &question, &answer.schema);
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
    options.shards(1).estimated_items_capacity(bytes / FIGURE).weight_capacity(bytes as u64);
    let options = options.build().expect("both capacities are told");
    Cache::with_options(options, Bytes, DefaultHashBuilder::default(), DefaultLifecycle::default())
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use arrow::datatypes::{Field, Schema};

    use super::*;
    use crate::answer::without_columns;

    #[test]
    fn a_description_is_kept_if_it_is_small() {
        let kept = Kept::new(64 * 1024);
        for (length, is_kept) in [(20, true), (8_000, false)] {
            let question = question(&length.to_string());
            let schema =
                |name| Arc::new(Schema::new(vec![Field::new(name, DataType::Date32, true)]));
            let (schema, parameters) = (schema("n".repeat(length)), Arc::new(Schema::empty()));
            kept.keep(question.clone(), &Description { schema, parameters, release: 1 });
            assert_eq!(kept.description(&question).is_some(), is_kept, "{length}");
        }
    }

    /// In 8,000 bytes and some more.
    fn rows() -> RecordBatch {
        let numbers = (0..1_000).map(Some).collect::<Int64Array>();
        RecordBatch::try_from_iter([("number", Arc::new(numbers) as ArrayRef)]).unwrap()
    }

    #[tokio::test]
    async fn what_is_asked_again_stays() {
        let kept = Arc::new(Kept::new(2 * 1024 * 1024));
        let read = async |sql: &str| {
            let answer = without_columns(stream::iter([Ok(rows())]).boxed());
            kept.keeping(question(sql), answer).collect().await.unwrap()
        };
        let is_kept = |sql: &str| kept.answers.get(&question(sql)).is_some();
        read("often").await;
        assert!(is_kept("often"));
        for number in 0..1_000 {
            read(&number.to_string()).await;
        }
        assert!(is_kept("often") && !is_kept("500"));
        let in_use = kept.in_use();
        assert!(in_use > 1_000_000 && in_use <= 2 * 1024 * 1024, "{in_use}");
    }

    #[test]
    fn what_is_read_has_a_bound_kept_or_not() {
        let kept = Arc::new(Kept::new(64 * 1024));
        let read = |number: usize| {
            let (batch, question) = (rows(), question(&number.to_string()));
            let mut rows = Rows::none(&kept, &question, &batch.schema())?;
            for _ in 0..3 {
                rows = rows.with(&batch, kept.most)?;
            }
            Some((question, Arc::new(rows)))
        };
        let all: Vec<_> = (0..9).map_while(read).collect();
        assert_eq!(all.len(), 5, "of 24,000 bytes and some more each, in 128 KiB");
        assert!(kept.in_use() > 5 * 24_000);
        // Two are kept at most, the others are still read.
        for (question, rows) in &all {
            kept.answers.insert(question.clone(), Arc::clone(rows));
        }
        assert!(kept.answers.len() <= 2 && read(9).is_none());
        drop(all);
        assert!(kept.in_use() <= 2 * 28 * 1024);
        let (_, whole) = read(9).unwrap();
        let whole = Arc::try_unwrap(whole).unwrap();
        assert!(whole.with(&rows(), kept.most).is_none(), "one may have less");
    }

    fn question(sql: &str) -> Question {
        Question {
            release: 1,
            published_at: DateTime::UNIX_EPOCH,
            definitions: String::new(),
            principal: Principal::Public,
            sql: sql.to_owned(),
            parameters: None,
        }
    }
}
