//! Answers that are being sent, so that their tickets can end them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use arrow::array::RecordBatch;
use futures::future::ready;
use futures::stream::{self, BoxStream, Stream, StreamExt};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;

type Batch = Result<RecordBatch, Status>;

/// By the number of its ticket: what ends an answer, and how often it is sent at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Running(Arc<Mutex<BTreeMap<u64, (CancellationToken, usize)>>>);

/// What drops rows at a cancel; it goes with them.
struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One sending of an answer, counted as long as it lives.
pub(super) struct Sending {
    number: u64,
    token: CancellationToken,
    running: Running,
}

impl Running {
    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, (CancellationToken, usize)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, number: u64) -> Sending {
        let mut all = self.all();
        let (token, count) = all.entry(number).or_default();
        *count += 1;
        Sending { number, token: token.clone(), running: self.clone() }
    }

    /// Ends what is sent of a ticket; false when nothing is.
    pub(super) fn cancel(&self, number: u64) -> bool {
        let all = self.all();
        let found = all.get(&number);
        if let Some((token, _)) = found {
            token.cancel();
        }
        found.is_some()
    }
}

impl Sending {
    /// Does what comes before the first row, unless it is cancelled.
    pub(super) async fn during<T>(
        &self,
        work: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        tokio::select! {
            biased;
            () = self.token.cancelled() => Err(cancelled()),
            done = work => done,
        }
    }

    /// Sends rows to their end, or up to a cancel: then they end in an error, as none is short.
    pub(super) fn rows(
        self,
        rows: impl Stream<Item = Batch> + Send + 'static,
    ) -> BoxStream<'static, Batch> {
        let rows = Arc::new(Mutex::new(Some(rows.boxed())));
        // A client that does not read asks for no row: the rows are dropped all the same.
        let (stop, held) = (self.token.clone(), Arc::clone(&rows));
        let watch = Watch(tokio::spawn(async move {
            stop.cancelled().await;
            drop(held.lock().unwrap_or_else(PoisonError::into_inner).take());
        }));
        let sent = stream::poll_fn(move |context| {
            match &mut *rows.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(rows) => rows.poll_next_unpin(context),
                None => Poll::Ready(None),
            }
        });
        let stop = self.token.clone().cancelled_owned();
        let end = stream::once(async move {
            drop(watch);
            self.token.is_cancelled().then(|| Err(cancelled()))
        });
        sent.take_until(stop).chain(end.filter_map(ready)).boxed()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut all = self.running.all();
        if let Some((_, count)) = all.get_mut(&self.number) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.number);
            }
        }
    }
}

fn cancelled() -> Status {
    Status::cancelled("the query was cancelled")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Schema;

    use super::*;

    fn batch() -> Batch {
        Ok(RecordBatch::new_empty(Arc::new(Schema::empty())))
    }

    #[tokio::test]
    async fn a_cancel_ends_all_that_is_sent_of_a_ticket_and_nothing_else() {
        let running = Running::default();
        let endless = || stream::once(ready(batch())).chain(stream::pending());
        let mut first = running.begin(1).rows(endless());
        let mut again = running.begin(1).rows(endless());
        let mut other = running.begin(2).rows(endless());
        for rows in [&mut first, &mut again, &mut other] {
            assert!(rows.next().await.unwrap().is_ok());
        }
        assert!(running.cancel(1) && !running.cancel(3));
        for mut rows in [first, again] {
            assert_eq!(rows.next().await.unwrap().unwrap_err().code(), tonic::Code::Cancelled);
            assert!(rows.next().await.is_none());
        }
        assert!(futures::poll!(other.next()).is_pending());
        assert!(!running.cancel(1) && running.cancel(2));
    }

    #[tokio::test]
    async fn a_cancel_drops_rows_that_nobody_reads() {
        let running = Running::default();
        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        let endless = stream::poll_fn(move |_| {
            assert!(!held.is_closed());
            Poll::<Option<Batch>>::Pending
        });
        let unread = running.begin(1).rows(endless);
        assert!(running.cancel(1));
        assert!(dropped.await.is_err());
        drop(unread);
    }

    #[tokio::test]
    async fn a_cancel_ends_what_comes_before_the_rows() {
        let running = Running::default();
        let sending = running.begin(7);
        assert!(running.cancel(7));
        let planned = sending.during(std::future::pending::<Result<(), _>>()).await;
        assert_eq!(planned.unwrap_err().code(), tonic::Code::Cancelled);
        drop(sending);
        assert!(!running.cancel(7));
        let rows = running.begin(7).rows(stream::iter([batch()])).collect::<Vec<_>>().await;
        assert!(rows.len() == 1 && rows[0].is_ok());
    }
}
