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
use futures::stream::{self, BoxStream, StreamExt};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::answer::size;
use crate::catalog::Catalog;
use crate::{Answer, Description, Principal, Result};

/// The memory has so many parts: one for descriptions, three for small answers, four for large ones, of which
/// one may take three: who pulls tables does not displace the figures of dashboards.
const PARTS: usize = 8;

/// What is small takes one of so many parts of the memory at most: a question, a description with its question,
/// a small answer.
const SMALL: usize = 16;

/// What the figure of a dashboard takes, about, in bytes: by it the room for many is made.
const FIGURE: usize = 4 * 1024;

/// Bytes that a column takes beside its values and what the array itself says.
const COLUMN: usize = 128;

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
    (question.size() <= kept.room.small).then_some((kept, question))
}

/// The memory of all answers: that are kept, that are being read and may be kept then, and that are no longer
/// kept while somebody still reads them.
#[derive(Debug)]
struct Room {
    bytes: usize,
    /// Of what is larger, a quarter is left to what is not.
    small: usize,
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
        let room =
            if self.bytes > self.room.small { self.room.bytes / 4 * 3 } else { self.room.bytes };
        self.room.taken.fetch_add(bytes, Ordering::Relaxed) + bytes <= room
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
        let batch = copy(batch)?;
        let bytes = size_of_val(&batch) + batch.num_columns() * COLUMN;
        let mut rows = self.taking(bytes + batch.get_array_memory_size(), most)?;
        rows.batches.push(batch);
        Some(rows)
    }

    fn taking(mut self, bytes: usize, most: usize) -> Option<Self> {
        (self.share.grow(bytes) && self.share.bytes <= most).then_some(self)
    }
}

/// Their share is given back once nobody reads them.
fn sent(rows: Arc<Rows>) -> BoxStream<'static, Result<RecordBatch>> {
    let stream = stream::unfold((rows, 0), |(rows, next)| async move {
        let batch = rows.batches.get(next)?.clone();
        Some((Ok(batch), (rows, next + 1)))
    });
    stream.fuse().boxed()
}

/// The same rows in memory of their own: what comes of a filter or a limit has room for many more rows than it
/// has, and columns may share their memory with others, with a table even.
fn copy(batch: &RecordBatch) -> Option<RecordBatch> {
    if batch.num_columns() == 0 {
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
    small: Cache<Question, Arc<Rows>, Bytes>,
    large: Cache<Question, Arc<Rows>, Bytes>,
    descriptions: Cache<Question, Description, Bytes>,
    room: Arc<Room>,
    /// Bytes that one answer may take.
    most: usize,
}

impl Kept {
    /// Makes room for so many bytes; what is being read may take as much again.
    pub(crate) fn new(bytes: usize) -> Self {
        let part = bytes / PARTS;
        let (small, taken) = (bytes / SMALL, AtomicUsize::new(0));
        Self {
            small: cache(3 * part),
            large: cache(4 * part),
            descriptions: cache(part),
            room: Arc::new(Room { bytes: (2 * PARTS - 1).saturating_mul(part), small, taken }),
            most: 3 * part,
        }
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
        if Bytes.weight(&question, told) <= self.room.small as u64 {
            self.descriptions.insert(question, told.clone());
        }
    }

    /// Returns the answer to a question, if it is kept.
    pub(crate) fn answer(&self, catalog: &Catalog, question: &Question) -> Option<Answer> {
        let rows = self.rows(question)?;
        let (schema, release) = (Arc::clone(&rows.schema), Arc::clone(&catalog.release));
        Some(Answer { schema, stream: sent(rows), release })
    }

    fn rows(&self, question: &Question) -> Option<Arc<Rows>> {
        self.small.get(question).or_else(|| self.large.get(question))
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
                    kept.end(question, rows);
                    None
                }
                _ => None,
            };
            Some((batch?, (stream, read)))
        });
        // Cursors ask again after the end.
        Answer { stream: stream.fuse().boxed(), ..answer }
    }

    /// Keeps an answer that was read to its end.
    fn end(&self, question: Question, rows: Rows) {
        let is_small = rows.share.bytes <= self.room.small;
        let of = if is_small { &self.small } else { &self.large };
        of.insert(question, Arc::new(rows));
    }
}

/// In one shard: in several, each would have its share of the room, and less for one answer.
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
    use futures::FutureExt;

    use super::*;
    use crate::answer::without_columns;

    #[test]
    fn a_description_is_kept_if_it_is_small() {
        let kept = Kept::new(64 * 1024);
        for (length, is_kept) in [(20, true), (6_000, false)] {
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
        let read = async |sql: &str, batches: usize| {
            let batches = (0..batches).map(|_| Ok(rows())).collect::<Vec<_>>();
            let answer = without_columns(stream::iter(batches).boxed());
            kept.keeping(question(sql), answer).collect().await.unwrap()
        };
        let is_kept = |sql: &str| kept.small.get(&question(sql)).is_some();
        read("often", 1).await;
        assert!(is_kept("often"));
        for number in 0..1_000 {
            read(&number.to_string(), 1).await;
        }
        assert!(is_kept("often") && !is_kept("500"));
        for number in 0..10 {
            read(&format!("large {number}"), 50).await;
        }
        assert!(is_kept("often") && kept.large.len() == 2);
        let in_use = kept.in_use();
        assert!(in_use > 1_000_000 && in_use <= 2 * 1024 * 1024, "{in_use}");
    }

    #[test]
    fn what_is_read_has_a_bound_kept_or_not() {
        let kept = Arc::new(Kept::new(64 * 1024));
        let read = |number: usize, batches: usize| {
            let (batch, question) = (rows(), question(&number.to_string()));
            let mut rows = Rows::none(&kept, &question, &batch.schema())?;
            for _ in 0..batches {
                rows = rows.with(&batch, kept.most)?;
            }
            Some(rows)
        };
        let mut all: Vec<_> = (0..99).map_while(|number| read(number, 2)).collect();
        assert_eq!(all.len(), 5, "of 16,000 bytes and some more each, in 90 KiB");
        assert!(kept.in_use() > 5 * 16_000);
        assert!(read(9, 0).is_some(), "what is small has room yet");
        // One is kept, the others are gone.
        for (number, rows) in all.drain(..).enumerate() {
            kept.end(question(&number.to_string()), rows);
        }
        assert_eq!(kept.large.len(), 1);
        let answer = |number: usize| kept.rows(&question(&number.to_string())).map(sent);
        let mut first = (0..5).find_map(answer).unwrap();
        assert!(first.next().now_or_never().is_some());
        kept.end(question("9"), read(9, 2).unwrap());
        assert!(answer(9).is_some() && kept.large.len() == 1);
        let in_use = kept.in_use();
        assert!(in_use > 2 * 16_000, "one is kept, and one is still sent");
        drop(first);
        assert!(kept.in_use() < in_use - 16_000);
        assert!(read(9, 4).is_none(), "one may have less");
    }

    #[test]
    fn rows_are_copied_to_memory_of_their_own() {
        let one = rows().slice(7, 1);
        let copied = copy(&one).unwrap();
        assert_eq!(copied, one);
        assert!(copied.get_array_memory_size() < 1_000 && one.get_array_memory_size() > 8_000);
        let none = one.project(&[]).unwrap();
        assert_eq!(copy(&none).unwrap().num_rows(), 1);
    }

    impl Kept {
        /// Takes so many bytes until what this returns is dropped.
        pub(crate) fn takes(&self, bytes: usize) -> impl Drop + use<> {
            let mut share = Share { room: Arc::clone(&self.room), bytes: 0 };
            assert!(share.grow(bytes));
            share
        }
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
