//! Rows in memory, and the room that all of them share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::SchemaRef;
use futures::stream::{self, BoxStream, Stream, StreamExt};

use crate::answer::size;

/// Bytes that a column takes beside its values and what the array itself says.
const COLUMN: usize = 128;

/// The memory of all rows: that are kept, that are being read and may be kept then, and that are no longer
/// kept while somebody still reads them.
#[derive(Debug)]
pub(super) struct Room {
    bytes: usize,
    taken: AtomicUsize,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self { bytes, taken: AtomicUsize::new(0) })
    }

    /// Bytes that all take.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Begins a share of all of it.
    pub(super) fn share(self: &Arc<Self>) -> Share {
        Share { room: Arc::clone(self), of: self.bytes, bytes: 0 }
    }

    /// Begins a share that leaves a quarter to others.
    pub(super) fn share_of_most(self: &Arc<Self>) -> Share {
        Share { room: Arc::clone(self), of: self.bytes / 4 * 3, bytes: 0 }
    }
}

/// A part of it, given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    room: Arc<Room>,
    /// All may take so many bytes for this to grow.
    of: usize,
    bytes: usize,
}

impl Share {
    /// Takes more; returns whether there was so much.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.room.taken.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.of
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What was asked or is read, as far as it was read.
#[derive(Debug)]
pub(super) struct Rows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// With the columns and the key.
    share: Share,
    /// Bytes that all may take.
    most: usize,
}

impl Rows {
    /// None so far, whose key takes `bytes`, if there is room for what has no rows.
    pub(super) fn none(
        share: Share,
        bytes: usize,
        schema: &SchemaRef,
        most: usize,
    ) -> Option<Self> {
        let schema = Arc::clone(schema);
        let none = Self { schema, batches: Vec::new(), share, most };
        let fields = none.schema.fields().size();
        none.taking(bytes + size_of::<Self>() + fields)
    }

    /// With one more batch as it is, if there is room for it.
    pub(super) fn with(self, batch: &RecordBatch) -> Option<Self> {
        let bytes = size_of_val(batch) + batch.num_columns() * COLUMN;
        let mut rows = self.taking(bytes + batch.get_array_memory_size())?;
        rows.batches.push(batch.clone());
        Some(rows)
    }

    /// With a copy of one more batch, if there is room for it.
    pub(super) fn with_copy(self, batch: &RecordBatch) -> Option<Self> {
        if size(batch) > self.most { None } else { self.with(&copy(batch)?) }
    }

    fn taking(mut self, bytes: usize) -> Option<Self> {
        (self.share.grow(bytes) && self.share.bytes <= self.most).then_some(self)
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Bytes that they take, with their key.
    pub(super) fn bytes(&self) -> usize {
        self.share.bytes
    }
}

/// Returns rows that are kept; their share is given back once nobody reads them.
pub(super) fn sent<E: Send + 'static>(
    rows: Arc<Rows>,
) -> BoxStream<'static, Result<RecordBatch, E>> {
    let stream = stream::unfold((rows, 0), |(rows, next)| async move {
        let batch = rows.batches.get(next)?.clone();
        Some((Ok(batch), (rows, next + 1)))
    });
    stream.fuse().boxed()
}

/// Returns the same rows, and tells `end` of them once all were read, if there was room for `read` and them.
pub(super) fn reading<E: Send + 'static>(
    rows: impl Stream<Item = Result<RecordBatch, E>> + Send + Unpin + 'static,
    read: Option<Rows>,
    with: fn(Rows, &RecordBatch) -> Option<Rows>,
    end: impl FnOnce(Rows) + Send + 'static,
) -> BoxStream<'static, Result<RecordBatch, E>> {
    let state = (rows, read.map(|read| (read, end)));
    let stream = stream::unfold(state, move |(mut rows, read)| async move {
        let batch = rows.next().await;
        let read = match (&batch, read) {
            (Some(Ok(batch)), Some((read, end))) => with(read, batch).map(|read| (read, end)),
            (None, Some((read, end))) => {
                end(read);
                None
            }
            _ => None,
        };
        Some((batch?, (rows, read)))
    });
    // Cursors ask again after the end.
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

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::super::tests::numbers;
    use super::*;

    fn read(share: Share, batches: usize) -> Option<Rows> {
        let none = Rows::none(share, 100, &numbers().schema(), 24_000);
        (0..batches).try_fold(none?, |rows, _| rows.with(&numbers()))
    }

    #[test]
    fn what_is_read_has_a_bound_kept_or_not() {
        let room = Room::new(120_000);
        let mut all: Vec<_> = (0..99).map_while(|_| read(room.share_of_most(), 2)).collect();
        assert_eq!(all.len(), 5, "of 16,000 bytes and some more each, in 90,000");
        assert!(room.taken() > 5 * 16_000);
        assert!(read(room.share(), 2).is_some(), "a quarter is left to others");
        let mut first = sent::<()>(Arc::new(all.pop().unwrap()));
        all.clear();
        assert!(first.next().now_or_never().is_some());
        assert!(room.taken() > 16_000, "one is still sent");
        drop(first);
        assert_eq!(room.taken(), 0);
        assert!(read(room.share(), 4).is_none(), "one may have less");
    }

    #[test]
    fn only_what_was_read_to_its_end_is_told() {
        let room = Room::new(120_000);
        let (told, is_told) = std::sync::mpsc::channel();
        for (batches, read_to) in [(2, 2), (2, 3), (4, 5)] {
            let rows = (0..batches).map(|_| Ok::<_, ()>(numbers())).collect::<Vec<_>>();
            let told = told.clone();
            let end = move |rows: Rows| told.send((batches, rows.batches.len())).unwrap();
            let mut rows = reading(stream::iter(rows), read(room.share(), 0), Rows::with_copy, end);
            for place in 0..read_to {
                let next = rows.next().now_or_never().unwrap();
                assert_eq!(next.is_some(), place < batches);
            }
        }
        assert_eq!(is_told.try_iter().collect::<Vec<_>>(), [(2, 2)]);
        assert_eq!(room.taken(), 0);
    }

    #[test]
    fn rows_are_copied_to_memory_of_their_own() {
        let one = numbers().slice(7, 1);
        let copied = copy(&one).unwrap();
        assert_eq!(copied, one);
        assert!(copied.get_array_memory_size() < 1_000 && one.get_array_memory_size() > 8_000);
        let none = one.project(&[]).unwrap();
        assert_eq!(copy(&none).unwrap().num_rows(), 1);
    }
}
