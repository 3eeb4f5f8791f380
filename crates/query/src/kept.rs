//! What is kept in memory. Small answers: what one principal asked of one release, under one set of
//! definitions, is answered the same for ever, unless it depends on more than these; and what it would answer
//! is always told the same. And the rows of tables, as they are read. A dashboard that is opened again costs
//! next to nothing, and a table that is pulled again is not decoded again.

mod rows;
mod scan;

use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use self::rows::{Room, Rows, reading, sent};
pub(crate) use self::scan::keeping;
use crate::catalog::Catalog;
use crate::{Answer, Description, Principal};

/// The memory has so many parts: one for descriptions, three for answers, four for tables, of which one file
/// may take three: who pulls tables does not displace the figures of dashboards.
const PARTS: usize = 8;

/// A question, a description with its question, or an answer takes one of so many parts of the memory at most,
const SMALL: usize = 16;

/// and so many bytes: of a larger answer, no more is copied in vain.
const SMALL_BYTES: usize = 4 * 1024 * 1024;

/// What the figure of a dashboard takes, about, in bytes: by it the room for many is made.
const FIGURE: usize = 4 * 1024;

/// And what is read of the files of a table.
const TABLE: usize = 1024 * 1024;

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

/// What a question, and what is kept of it, take in memory.
#[derive(Debug, Clone)]
struct Bytes;

impl<K> Weighter<K, Arc<Rows>> for Bytes {
    fn weight(&self, _: &K, rows: &Arc<Rows>) -> u64 {
        rows.bytes() as u64
    }
}

impl Weighter<Question, Description> for Bytes {
    fn weight(&self, question: &Question, told: &Description) -> u64 {
        let fields = told.schema.fields().size() + told.parameters.fields().size();
        (question.size() + size_of::<Description>() + fields) as u64
    }
}

/// What was told to questions that were asked before, and read of files; what is wanted again stays longest.
#[derive(Debug)]
pub(crate) struct Kept {
    answers: Cache<Question, Arc<Rows>, Bytes>,
    descriptions: Cache<Question, Description, Bytes>,
    files: Cache<scan::Key, Arc<Rows>, Bytes>,
    room: Arc<Room>,
    /// Bytes of a question, a description or an answer at most.
    small: usize,
    /// Bytes of what is read of one file at most.
    most: usize,
}

impl Kept {
    /// Makes room for so many bytes; what is being read may take as much again.
    pub(crate) fn new(bytes: usize) -> Self {
        let part = bytes / PARTS;
        Self {
            answers: cache(3 * part, FIGURE),
            descriptions: cache(part, FIGURE),
            files: cache(4 * part, TABLE),
            room: Room::new((2 * PARTS - 1).saturating_mul(part)),
            small: (bytes / SMALL).min(SMALL_BYTES),
            most: 3 * part,
        }
    }

    /// Bytes that all take.
    pub(crate) fn in_use(&self) -> usize {
        let told = usize::try_from(self.descriptions.weight()).unwrap_or(usize::MAX);
        told.saturating_add(self.room.taken())
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
        let (schema, release) = (Arc::clone(rows.schema()), Arc::clone(&catalog.release));
        Some(Answer { schema, stream: sent(rows), release })
    }

    /// Returns the same answer, which is kept once it has been read to its end, if it is small.
    pub(crate) fn keeping(self: &Arc<Self>, question: Question, answer: Answer) -> Answer {
        let none = Rows::none(self.room.share(), question.size(), &answer.schema, self.small);
        let kept = Arc::clone(self);
        let end = move |rows| kept.answers.insert(question, Arc::new(rows));
        Answer { stream: reading(answer.stream, none, Rows::with_copy, end), ..answer }
    }
}

/// In one shard: in several, each would have its share of the room, and less for one of them.
fn cache<K: Eq + Hash, V: Clone>(bytes: usize, of_one: usize) -> Cache<K, V, Bytes>
where
    Bytes: Weighter<K, V>,
{
    let mut options = OptionsBuilder::new();
    options.shards(1).estimated_items_capacity(bytes / of_one).weight_capacity(bytes as u64);
    let options = options.build().expect("both capacities are told");
    Cache::with_options(options, Bytes, DefaultHashBuilder::default(), DefaultLifecycle::default())
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use arrow::datatypes::{Field, Schema};
    use futures::stream::{self, StreamExt};

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
    pub(super) fn numbers() -> RecordBatch {
        let numbers = (0..1_000).map(Some).collect::<Int64Array>();
        RecordBatch::try_from_iter([("number", Arc::new(numbers) as ArrayRef)]).unwrap()
    }

    #[tokio::test]
    async fn what_is_asked_again_stays() {
        let kept = Arc::new(Kept::new(2 * 1024 * 1024));
        let read = async |sql: &str, batches: usize| {
            let batches = (0..batches).map(|_| Ok(numbers())).collect::<Vec<_>>();
            let answer = without_columns(stream::iter(batches).boxed());
            kept.keeping(question(sql), answer).collect().await.unwrap()
        };
        let is_kept = |sql: &str| kept.answers.get(&question(sql)).is_some();
        read("often", 1).await;
        assert!(is_kept("often"));
        for number in 0..1_000 {
            read(&number.to_string(), 1).await;
        }
        read("large", 20).await;
        assert!(is_kept("often") && !is_kept("500") && !is_kept("large"));
        let in_use = kept.in_use();
        assert!(in_use > 600_000 && in_use <= 3 * 256 * 1024, "{in_use}");
    }

    impl Kept {
        /// Takes so many bytes until what this returns is dropped.
        pub(crate) fn takes(&self, bytes: usize) -> impl Drop + use<> {
            let mut share = self.room.share();
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
