//! How many queries run at a time, and how long each may go on: nobody can stop the server for the
//! others with queries, and a reader that is slow or gone keeps nothing for ever.

mod places;

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use carnac_model::Release;
use datafusion::error::DataFusionError;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use self::places::{Place, Places};
use crate::answer::size;
use crate::clock::End;
use crate::{Answer, Caller, Error, Kind, Result};

/// Stack of a thread that plans, in bytes: planning is recursive.
pub const STACK_BYTES: usize = 64 * 1024 * 1024;

/// What all queries together may take, and each alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Queries that run at once. One token has half of the places, and who has none together as
    /// many: the others are left to others.
    pub running: usize,
    /// Queries that wait for a place, and half of them of one token.
    pub waiting: usize,
    /// How long one waits.
    pub wait: Duration,
    /// How long one may go on, from its place to its last row.
    pub time: Duration,
    /// Rows that one may answer.
    pub rows: usize,
    /// Bytes that one may answer, as they stand in memory.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let (wait, time) = (Duration::from_secs(30), Duration::from_secs(300));
        let (rows, bytes) = (50_000_000, 8 * 1024 * 1024 * 1024);
        Self { running: 64, waiting: 256, wait, time, rows, bytes }
    }
}

/// Gives places to queries, and runs them on threads of their own: one that computes without a
/// pause holds up no other, and no door.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: Limits,
    running: Places,
    /// For what is planned only: who reads slowly may plan meanwhile, and who plans much leaves room to others.
    planning: Places,
    threads: Arc<Threads>,
}

/// The threads of queries, there up to the last of these, whatever has become of the limits.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

const BUSY: &str = "too many queries are running: ask again in a moment";

const TOO_MUCH: &str = "the answer is larger than one may be: ask for fewer rows or columns, a year at \
                        a time for instance";

impl Admission {
    /// Makes room for so many queries.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub(crate) fn new(limits: Limits) -> Result<Self> {
        let threads = Builder::new_multi_thread()
            .worker_threads(limits.running)
            .thread_stack_size(STACK_BYTES)
            .thread_name("query")
            .enable_all()
            .build()
            .map_err(|error| Error::running(DataFusionError::IoError(error)))?;
        let places = || Places::new(limits.running, limits.waiting);
        let threads = Arc::new(Threads(Some(threads)));
        Ok(Self { limits, running: places(), planning: places(), threads })
    }

    /// Returns what queries may take.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Runs a query once there is a place, which it keeps up to its last row.
    ///
    /// # Errors
    /// `Busy` when there is none in time, `TimedOut` when it goes on too long: now, or in the
    /// stream of the answer.
    pub(crate) async fn run<F>(
        &self,
        caller: &Caller,
        query: impl FnOnce(End) -> F,
    ) -> Result<Answer>
    where
        F: Future<Output = Result<Answer>> + Send + 'static,
    {
        let place = self.place(caller, &self.running).await?;
        let until = Instant::now() + caller.at_most(self.limits.time);
        let (end, limits) = (End::at(until), self.limits);
        let (head, told) = oneshot::channel();
        let (rows, sent) = mpsc::channel(1);
        let work = answer(query(end.clone()), place, head, rows, (until, limits));
        let task = self.spawn(end, work);
        let (schema, release) = told.await.map_err(|_| ended(until))??;
        Ok(Answer { schema, release, stream: batches(sent, task, until) })
    }

    /// Returns how many queries wait for a place.
    pub(crate) fn waiting(&self) -> usize {
        self.running.waiting() + self.planning.waiting()
    }

    /// Does something about a query that is no running of it, once there is a place for that.
    ///
    /// # Errors
    /// `Busy` when there is none in time, `TimedOut` when it takes too long.
    pub(crate) async fn plan<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let place = self.place(caller, &self.planning).await?;
        let until = Instant::now() + caller.at_most(self.limits.time);
        let (done, told) = oneshot::channel();
        let _task = self.spawn(End::at(until), async move {
            let _place = place;
            // Who asked may be gone.
            done.send(work.await).ok();
        });
        told.await.map_err(|_| ended(until))?
    }

    /// Runs a task on the threads of queries, up to a moment.
    fn spawn(&self, end: End, work: impl Future<Output = ()> + Send + 'static) -> Task {
        let threads = Arc::clone(&self.threads);
        let until = end.moment();
        let thread = threads.0.as_ref().expect("there up to the end").spawn(async move {
            // What is cut off here drops what it tells by, and so is heard of.
            timeout_at(until, work).await.unwrap_or_default();
        });
        Task { thread, end, _threads: threads }
    }

    async fn place(&self, caller: &Caller, places: &Places) -> Result<Place> {
        let place = places.take(caller, caller.at_most(self.limits.wait)).await;
        place.ok_or_else(|| Error::refused(Kind::Busy, BUSY))
    }
}

/// A task that ends with who waits for it.
struct Task {
    thread: JoinHandle<()>,
    end: End,
    /// On which it runs.
    _threads: Arc<Threads>,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.end.now();
        self.thread.abort();
    }
}

/// Why something ended without a word: its time was over, or it panicked.
fn ended(until: Instant) -> Error {
    if Instant::now() >= until {
        Error::timed_out()
    } else {
        Error::refused(Kind::Internal, "internal error")
    }
}

type Head = (SchemaRef, Arc<Release>);

/// A batch, a failure, or none for the end: an end that is not told is none.
type Row = Result<Option<RecordBatch>>;

/// Answers a query as fast as who asked takes its rows, and gives its place back.
async fn answer(
    query: impl Future<Output = Result<Answer>>,
    place: Place,
    head: oneshot::Sender<Result<Head>>,
    rows: mpsc::Sender<Row>,
    (until, limits): (Instant, Limits),
) {
    let mut answer = match query.await {
        Ok(answer) => answer,
        Err(error) => {
            drop(place);
            // Who asked may be gone.
            head.send(Err(error)).ok();
            return;
        }
    };
    if head.send(Ok((answer.schema, answer.release))).is_err() {
        return;
    }
    let (mut row_count, mut bytes) = (0, 0);
    let last = loop {
        match answer.stream.next().await {
            Some(Ok(batch)) => {
                row_count += batch.num_rows();
                bytes += size(&batch);
                if row_count > limits.rows || bytes > limits.bytes {
                    break Err(Error::refused(Kind::Exhausted, TOO_MUCH));
                }
                if rows.send(Ok(Some(batch))).await.is_err() {
                    return;
                }
            }
            // A part that looked at the clock itself.
            Some(Err(_)) if Instant::now() >= until => break Err(ended(until)),
            Some(Err(error)) => break Err(error),
            None => break Ok(None),
        }
    };
    drop((answer.stream, place));
    // As above.
    rows.send(last).await.ok();
}

/// The rows of a task, which ends when they are dropped.
fn batches(
    sent: mpsc::Receiver<Row>,
    task: Task,
    until: Instant,
) -> BoxStream<'static, Result<RecordBatch>> {
    stream::unfold(Some((sent, task)), move |state| async move {
        let (mut sent, task) = state?;
        match timeout_at(until, sent.recv()).await {
            Ok(Some(Ok(Some(batch)))) => Some((Ok(batch), Some((sent, task)))),
            Ok(Some(Ok(None))) => None,
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) | Err(_) => Some((Err(ended(until)), None)),
        }
    })
    // Cursors ask again after the end.
    .fuse()
    .boxed()
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Schema;
    use futures::future::{Ready, pending, ready};

    use super::*;
    use crate::Principal;
    use crate::answer::without_columns;

    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_millis(1);

    /// More batches than are computed ahead of who reads them.
    const MANY: usize = 5;

    /// So many places; nobody waits for one.
    fn places(running: usize) -> Limits {
        Limits { running, waiting: 1, wait: Duration::ZERO, time: LONG, ..Limits::default() }
    }

    /// An answer of so many batches, that then has no end if it is to have none.
    fn answer(batches: usize, has_end: bool) -> impl FnOnce(End) -> Ready<Result<Answer>> {
        let empty = RecordBatch::new_empty(Arc::new(Schema::empty()));
        let rows = stream::iter(vec![empty; batches]).map(Ok);
        let stream = if has_end { rows.boxed() } else { rows.chain(stream::pending()).boxed() };
        let answer = without_columns(stream);
        move |_| ready(Ok(answer))
    }

    fn of(principal: Principal) -> Caller {
        principal.into()
    }

    fn kind<T>(result: Result<T>) -> Option<Kind> {
        result.err().map(|error| error.kind())
    }

    #[tokio::test]
    async fn a_place_is_kept_up_to_the_last_row() {
        let admission = Admission::new(places(1)).unwrap();
        let analyst = of(Principal::Analyst);
        let mut first = admission.run(&analyst, answer(MANY, true)).await.unwrap();
        assert_eq!(kind(admission.run(&analyst, answer(1, true)).await), Some(Kind::Busy));
        for _ in 0..MANY {
            assert!(first.stream.next().await.unwrap().is_ok());
        }
        assert!(first.stream.next().await.is_none() && first.stream.next().await.is_none());
        // Though the answer is still held.
        let second = admission.run(&analyst, answer(MANY, true)).await.unwrap();
        assert_eq!(kind(admission.run(&analyst, answer(1, true)).await), Some(Kind::Busy));
        drop(second);
    }

    #[tokio::test]
    async fn who_leaves_gives_a_place_back() {
        let admission = Admission::new(Limits { wait: LONG, ..places(1) }).unwrap();
        let endless = admission.run(&of(Principal::Analyst), answer(0, false)).await.unwrap();
        drop(endless);
        assert!(admission.run(&of(Principal::Analyst), answer(1, true)).await.is_ok());
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error() {
        let admission = Admission::new(places(1)).unwrap();
        let ended =
            admission.run(&of(Principal::Analyst), |_| async { panic!("of the test") }).await;
        assert_eq!(kind(ended), Some(Kind::Internal));
        let planned: Result<()> =
            admission.plan(&of(Principal::Public), async { panic!("of the test") }).await;
        assert_eq!(kind(planned), Some(Kind::Internal));
    }

    #[tokio::test]
    async fn one_token_leaves_places_to_others() {
        let admission = Admission::new(places(2)).unwrap();
        let token = |token: &str| Caller { token: Some(token.into()), ..of(Principal::Analyst) };
        let one = admission.run(&token("1"), answer(MANY, true)).await.unwrap();
        assert_eq!(kind(admission.run(&token("1"), answer(1, true)).await), Some(Kind::Busy));
        // To the end, as a place is back then.
        let answered =
            async |caller: Caller| admission.run(&caller, answer(1, true)).await?.collect().await;
        assert!(answered(token("2")).await.is_ok());
        assert!(one.collect().await.is_ok());
        // Nothing is known any more of those that do nothing.
        assert!(answered(token("3")).await.is_ok());
        assert!(admission.running.callers() <= 2);
        let _first = admission.run(&of(Principal::Analyst), answer(MANY, true)).await.unwrap();
        let second = admission.run(&of(Principal::Analyst), answer(1, true)).await;
        assert_eq!(kind(second), Some(Kind::Busy));
        assert!(admission.run(&of(Principal::Public), answer(1, true)).await.is_ok());
    }

    #[tokio::test]
    async fn who_plans_leaves_places_to_others_and_none_takes_those_of_running() {
        let admission = Arc::new(Admission::new(Limits { wait: LONG, ..places(2) }).unwrap());
        let analyst = of(Principal::Analyst);
        let hasty = analyst.clone().within(Some(SHORT));
        let (begun, has_begun) = oneshot::channel();
        let work = async {
            begun.send(()).unwrap();
            pending::<Result<()>>().await
        };
        let plans = {
            let (admission, analyst) = (Arc::clone(&admission), analyst.clone());
            tokio::spawn(async move { admission.plan(&analyst, work).await })
        };
        has_begun.await.unwrap();
        let plan = async |caller: &Caller| admission.plan(caller, ready(Ok(()))).await;
        assert_eq!(kind(plan(&hasty).await), Some(Kind::Busy));
        assert!(plan(&of(Principal::Public)).await.is_ok());
        assert!(admission.run(&analyst, answer(1, true)).await.is_ok());
        plans.abort();
        assert!(plans.await.is_err() && plan(&analyst).await.is_ok());
    }

    #[tokio::test]
    async fn an_answer_goes_on_when_the_limits_are_of_yesterday() {
        let admission = Admission::new(places(1)).unwrap();
        let answer = admission.run(&of(Principal::Public), answer(MANY, true)).await.unwrap();
        drop(admission);
        assert!(answer.collect().await.is_ok());
    }

    #[tokio::test]
    async fn one_waits_for_a_place_and_no_more_than_may() {
        let admission = Admission::new(Limits { wait: LONG, ..places(1) }).unwrap();
        let first = admission.run(&of(Principal::Public), answer(MANY, true)).await.unwrap();
        let public = of(Principal::Public);
        let waits = admission.run(&public, answer(1, true));
        let others = async {
            let refused = admission.run(&of(Principal::Public), answer(1, true)).await;
            assert_eq!(kind(refused), Some(Kind::Busy));
            drop(first);
        };
        let (waited, ()) = tokio::join!(waits, others);
        assert!(waited.is_ok());
    }

    #[tokio::test]
    async fn a_query_ends_when_its_time_is_over() {
        let admission = Admission::new(Limits { time: SHORT, wait: LONG, ..places(1) }).unwrap();
        let mut slow = admission.run(&of(Principal::Public), answer(0, false)).await.unwrap();
        assert_eq!(kind(slow.stream.next().await.unwrap()), Some(Kind::TimedOut));
        assert!(slow.stream.next().await.is_none());
        let planning = admission.run(&of(Principal::Public), |_| pending()).await;
        assert_eq!(kind(planning), Some(Kind::TimedOut));
        assert_eq!(
            kind(admission.plan(&of(Principal::Public), pending::<Result<()>>()).await),
            Some(Kind::TimedOut)
        );
    }

    #[tokio::test]
    async fn who_asks_may_have_less_time_and_never_more() {
        for (limit, patience) in [(LONG, SHORT), (SHORT, LONG)] {
            let admission = Admission::new(Limits { time: limit, ..places(1) }).unwrap();
            let caller = of(Principal::Public).within(Some(patience));
            let ended = admission.run(&caller, |_| pending()).await;
            assert_eq!(kind(ended), Some(Kind::TimedOut), "{limit:?} {patience:?}");
        }
        let admission = Admission::new(Limits { wait: LONG, ..places(1) }).unwrap();
        let held = admission.run(&of(Principal::Public), answer(0, false)).await.unwrap();
        let hasty = of(Principal::Public).within(Some(SHORT));
        assert_eq!(kind(admission.run(&hasty, answer(1, true)).await), Some(Kind::Busy));
        drop(held);
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large_fails() {
        let rows = |rows| {
            let numbers = arrow::array::Int64Array::from(vec![7; rows]);
            let batch = RecordBatch::try_from_iter([("a", Arc::new(numbers) as _)]).unwrap();
            let answer = without_columns(stream::iter([Ok(batch)]).boxed());
            move |_| ready(Ok(answer))
        };
        let limits = Limits { rows: 10, bytes: 64, wait: LONG, ..places(1) };
        let admission = Admission::new(limits).unwrap();
        let public = of(Principal::Public);
        for (count, expected) in
            [(8, None), (9, Some(Kind::Exhausted)), (11, Some(Kind::Exhausted))]
        {
            let answer = admission.run(&public, rows(count)).await.unwrap();
            assert_eq!(kind(answer.collect().await), expected, "{count} rows");
        }
        let limits = Limits { bytes: usize::MAX, ..limits };
        let admission = Admission::new(limits).unwrap();
        for (count, expected) in [(10, None), (11, Some(Kind::Exhausted))] {
            let answer = admission.run(&public, rows(count)).await.unwrap();
            assert_eq!(kind(answer.collect().await), expected, "{count} rows");
        }
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_keeps_no_place() {
        let admission = Admission::new(Limits { time: SHORT, wait: LONG, ..places(1) }).unwrap();
        let idle = admission.run(&of(Principal::Public), answer(MANY, true)).await.unwrap();
        assert!(admission.run(&of(Principal::Public), answer(1, true)).await.is_ok());
        // Not short of what it had: it fails.
        assert_eq!(kind(idle.collect().await), Some(Kind::TimedOut));
    }
}
