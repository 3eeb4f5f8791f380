//! How many queries run at a time, and how long each may go on: nobody can stop the server for the
//! others with queries, and a reader that is slow or gone keeps nothing for ever.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::RecordBatch;
use futures::stream::{BoxStream, Stream, StreamExt};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep, sleep_until, timeout, timeout_at};

use crate::{Answer, Error, Kind, Principal, Result};

/// What all queries together may take, and each alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Queries that run at once.
    pub running: usize,
    /// Of these, queries of one principal: half of the places are left to others.
    pub of_principal: usize,
    /// Queries that wait for a place.
    pub waiting: usize,
    /// How long one waits.
    pub wait: Duration,
    /// How long one may go on, from its place to its last row.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let (wait, time) = (Duration::from_secs(30), Duration::from_secs(300));
        Self { running: 32, of_principal: 16, waiting: 128, wait, time }
    }
}

/// Gives places to queries.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: Limits,
    places: Arc<Semaphore>,
    of_principals: Lock<HashMap<Principal, Arc<Semaphore>>>,
    waiting: AtomicUsize,
}

/// The place of a query that runs, given back when dropped.
#[derive(Debug)]
struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_principal: OwnedSemaphorePermit,
}

const BUSY: &str = "too many queries are running: ask again in a moment";

const TIMED_OUT: &str = "the query took longer than it may: ask for less, or of an indicator view \
                         rather than of the rows below it";

impl Admission {
    pub(crate) fn new(limits: Limits) -> Self {
        let places = Arc::new(Semaphore::new(limits.running));
        Self { limits, places, of_principals: Lock::default(), waiting: AtomicUsize::new(0) }
    }

    /// Runs a query once there is a place, which it keeps up to its last row.
    ///
    /// # Errors
    /// `Busy` when there is none in time, `TimedOut` when it goes on too long: now, or in the
    /// stream of the answer.
    pub(crate) async fn run(
        &self,
        principal: Principal,
        query: impl Future<Output = Result<Answer>>,
    ) -> Result<Answer> {
        let place = self.place(principal).await?;
        let until = Instant::now() + self.limits.time;
        let answer = timeout_at(until, query).await.map_err(|_| timed_out())??;
        Ok(Answer { stream: Timed::new(answer.stream, place, until).boxed(), ..answer })
    }

    async fn place(&self, principal: Principal) -> Result<Place> {
        let waiting = Waiting::begin(&self.waiting);
        if waiting.before >= self.limits.waiting {
            return Err(Error::refused(Kind::Busy, BUSY));
        }
        let of_principal = {
            let mut all = self.of_principals.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Semaphore::new(self.limits.of_principal));
            Arc::clone(all.entry(principal).or_insert_with(new))
        };
        let place = async {
            let of_principal = of_principal.acquire_owned().await;
            let of_all = Arc::clone(&self.places).acquire_owned().await;
            of_principal.and_then(|of_principal| {
                Ok(Place { _of_all: of_all?, _of_principal: of_principal })
            })
        };
        let place = timeout(self.limits.wait, place).await;
        place.ok().and_then(Result::ok).ok_or_else(|| Error::refused(Kind::Busy, BUSY))
    }
}

/// One that waits, counted as long as it lives.
struct Waiting<'c> {
    count: &'c AtomicUsize,
    /// Those that waited already.
    before: usize,
}

impl<'c> Waiting<'c> {
    fn begin(count: &'c AtomicUsize) -> Self {
        Self { count, before: count.fetch_add(1, Ordering::SeqCst) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
    }
}

fn timed_out() -> Error {
    Error::refused(Kind::TimedOut, TIMED_OUT)
}

type Rows = (BoxStream<'static, Result<RecordBatch>>, Place);

/// The rows of a query that ends when its time is over, whether or not somebody reads them.
struct Timed {
    /// None once they have ended.
    rows: Arc<Mutex<Option<Rows>>>,
    /// Wakes who waits for a row.
    until: Pin<Box<Sleep>>,
    /// Ends them also when nobody waits for one.
    end: JoinHandle<()>,
    is_over: bool,
}

impl Timed {
    fn new(stream: BoxStream<'static, Result<RecordBatch>>, place: Place, until: Instant) -> Self {
        let rows = Arc::new(Mutex::new(Some((stream, place))));
        let late = Arc::clone(&rows);
        let end = tokio::spawn(async move {
            sleep_until(until).await;
            drop(late.lock().await.take());
        });
        Self { rows, until: Box::pin(sleep_until(until)), end, is_over: false }
    }
}

impl Stream for Timed {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let is_late = self.until.as_mut().poll(context).is_ready();
        let polled = match self.rows.try_lock() {
            Ok(mut rows) if !is_late => match rows.as_mut() {
                Some((stream, _)) => Some(stream.poll_next_unpin(context)),
                None => None,
            },
            _ => None,
        };
        match polled {
            Some(Poll::Ready(Some(Ok(batch)))) => Poll::Ready(Some(Ok(batch))),
            Some(Poll::Pending) => Poll::Pending,
            ended => {
                // The place is free for another query, whoever still holds the answer.
                self.is_over = true;
                self.end.abort();
                if let Ok(mut rows) = self.rows.try_lock() {
                    rows.take();
                }
                match ended {
                    Some(Poll::Ready(last)) => Poll::Ready(last),
                    _ => Poll::Ready(Some(Err(timed_out()))),
                }
            }
        }
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        self.end.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow::datatypes::Schema;
    use carnac_model::Release;
    use chrono::{DateTime, NaiveDate};
    use futures::stream;

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_millis(1);

    /// So many places, of which one principal may have some; nobody waits for one.
    fn places(running: usize, of_principal: usize) -> Limits {
        Limits { running, of_principal, waiting: 1, wait: Duration::ZERO, time: LONG }
    }

    /// An answer of so many batches, that then has no end if it is to have none.
    async fn answer(batches: usize, has_end: bool) -> Result<Answer> {
        let schema = Arc::new(Schema::empty());
        let empty = RecordBatch::new_empty(Arc::clone(&schema));
        let rows = stream::iter(vec![empty; batches]).map(Ok);
        let stream = if has_end { rows.boxed() } else { rows.chain(stream::pending()).boxed() };
        let release = Release {
            id: 1,
            published_at: DateTime::UNIX_EPOCH,
            run_date: NaiveDate::default(),
            tables: BTreeMap::new(),
            commits: BTreeMap::new(),
            inputs: BTreeMap::new(),
            code: String::new(),
            cubes: BTreeMap::new(),
        };
        Ok(Answer { schema, stream, release: Arc::new(release) })
    }

    fn kind<T>(result: Result<T>) -> Option<Kind> {
        result.err().map(|error| error.kind())
    }

    #[tokio::test]
    async fn a_place_is_kept_up_to_the_last_row() {
        let admission = Admission::new(places(1, 1));
        let analyst = Principal::Analyst;
        let mut first = admission.run(analyst, answer(1, true)).await.unwrap();
        assert_eq!(kind(admission.run(analyst, answer(1, true)).await), Some(Kind::Busy));
        assert!(first.stream.next().await.is_some() && first.stream.next().await.is_none());
        // Though the answer is still held.
        let second = admission.run(analyst, answer(1, true)).await.unwrap();
        assert_eq!(kind(admission.run(analyst, answer(1, true)).await), Some(Kind::Busy));
        drop(second);
        assert!(admission.run(analyst, answer(1, true)).await.is_ok());
    }

    #[tokio::test]
    async fn one_principal_leaves_places_to_others() {
        let admission = Admission::new(places(2, 1));
        let _first = admission.run(Principal::Analyst, answer(1, true)).await.unwrap();
        let second = admission.run(Principal::Analyst, answer(1, true)).await;
        assert_eq!(kind(second), Some(Kind::Busy));
        assert!(admission.run(Principal::Public, answer(1, true)).await.is_ok());
    }

    #[tokio::test]
    async fn one_waits_for_a_place_and_no_more_than_may() {
        let admission = Admission::new(Limits { wait: LONG, ..places(1, 1) });
        let first = admission.run(Principal::Public, answer(1, true)).await.unwrap();
        let waits = admission.run(Principal::Public, answer(1, true));
        let others = async {
            let refused = admission.run(Principal::Public, answer(1, true)).await;
            assert_eq!(kind(refused), Some(Kind::Busy));
            drop(first);
        };
        let (waited, ()) = tokio::join!(waits, others);
        assert!(waited.is_ok());
    }

    #[tokio::test]
    async fn a_query_ends_when_its_time_is_over() {
        let admission = Admission::new(Limits { time: SHORT, ..places(1, 1) });
        let mut slow = admission.run(Principal::Public, answer(0, false)).await.unwrap();
        assert_eq!(kind(slow.stream.next().await.unwrap()), Some(Kind::TimedOut));
        assert!(slow.stream.next().await.is_none());
        let planning = admission.run(Principal::Public, std::future::pending()).await;
        assert_eq!(kind(planning), Some(Kind::TimedOut));
        assert!(admission.run(Principal::Public, answer(1, true)).await.is_ok());
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_keeps_no_place() {
        let admission = Admission::new(Limits { time: SHORT, wait: LONG, ..places(1, 1) });
        let mut idle = admission.run(Principal::Public, answer(2, true)).await.unwrap();
        assert!(admission.run(Principal::Public, answer(1, true)).await.is_ok());
        assert_eq!(kind(idle.stream.next().await.unwrap()), Some(Kind::TimedOut));
    }
}
