//! What is known of the queries of a server: what they amount to, in the text of OpenMetrics (numbers
//! and names of ours, no word of a query and no value), a line of each in the audit log, and a trace.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arrow::array::RecordBatch;
use carnac_lake::{Event, Journal};
use futures::stream::{self, StreamExt};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use tracing::Span;

use crate::answer::size;
use crate::gate::shape;
use crate::{Answer, Caller, Error, Kind, Trace, Traces};

/// Upper ends of the times that are told apart, in seconds.
const SECONDS: [f64; 10] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];

/// How a query ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    /// Its last row was read.
    Answered,
    /// Who asked left before.
    Left,
    Failed(Kind),
}

/// By whom and how: the labels of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Ended {
    role: &'static str,
    end: End,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Left => "left",
            Self::Failed(kind) => kind.name(),
        }
    }
}

impl EncodeLabelSet for Ended {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> std::fmt::Result {
        [("role", self.role), ("end", self.end.name())].encode(encoder)
    }
}

/// Counts queries, and names them.
#[derive(Debug)]
pub(crate) struct Meter {
    /// Before the number of a query, so that those of two servers are told apart.
    process: String,
    last: AtomicU64,
    /// Where they are written down.
    journal: Option<Arc<Journal>>,
    /// Where they are told of, once they have ended.
    traces: Option<Traces>,
    counts: Counts,
}

#[derive(Debug, Clone, Default)]
struct Counts {
    ended: Family<Ended, Counter>,
    running: Gauge,
    rows: Counter,
    seconds: Seconds,
}

#[derive(Debug, Clone)]
struct Seconds(Histogram);

impl Default for Seconds {
    fn default() -> Self {
        Self(Histogram::new(SECONDS))
    }
}

/// What is true when the text is written.
pub(crate) struct Now {
    pub(crate) waiting: usize,
    /// None when there is none to read.
    pub(crate) release: Option<u64>,
}

impl Default for Meter {
    fn default() -> Self {
        // Each of these has keys of its own, drawn by the system.
        let process = format!("{:08x}", RandomState::new().build_hasher().finish() >> 32);
        let (journal, traces, counts) = (None, None, Counts::default());
        Self { process, last: AtomicU64::new(0), journal, traces, counts }
    }
}

impl Meter {
    /// Returns one that writes queries down.
    pub(crate) fn recorded(self, journal: Journal) -> Self {
        Self { journal: Some(Arc::new(journal)), ..self }
    }

    /// Returns one that tells of queries.
    pub(crate) fn traced(self, traces: Traces) -> Self {
        Self { traces: Some(traces), ..self }
    }

    /// Begins to count a query, from before it has a place.
    ///
    /// # Errors
    /// When it cannot be written down: then it must not be run.
    pub(crate) async fn begin(&self, caller: &Caller, sql: &str) -> Result<Measured, Error> {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let id = format!("{}-{number}", self.process);
        let is_told = self.journal.is_some() || self.traces.is_some();
        let statement = if is_told { shape(sql) } else { String::new() };
        let begin = |traces: &Traces| (traces.begin(&id, caller, &statement), traces.clone());
        let trace = self.traces.as_ref().map(begin);
        if let Some(journal) = &self.journal {
            let asked = Event::Asked {
                query: id.clone(),
                door: caller.door.name().to_owned(),
                role: caller.principal.to_string(),
                token: caller.token.as_deref().map(str::to_owned),
                sql: statement,
            };
            journal.begin(asked).await?;
        }
        let (role, door) = (caller.principal.role(), caller.door.name());
        self.counts.running.inc();
        Ok(Measured {
            span: tracing::info_span!("query", id, role, door, outcome = tracing::field::Empty),
            id,
            role,
            began: Instant::now(),
            end: End::Left,
            release: None,
            rows: 0,
            bytes: 0,
            journal: self.journal.clone(),
            trace,
            counts: self.counts.clone(),
        })
    }

    /// Counts, and writes down, a query that was refused when it was planned, from when that began; one that was
    /// not will be when it is run.
    ///
    /// # Errors
    /// The refusal; another when it cannot be written down.
    pub(crate) async fn planned<T>(
        &self,
        caller: &Caller,
        sql: &str,
        (began, planned): (Instant, Result<T, Error>),
    ) -> Result<T, Error> {
        match planned {
            Ok(planned) => Ok(planned),
            Err(error) => {
                let mut measured = self.begin(caller, sql).await?;
                measured.began = began;
                Err(measured.failed(error))
            }
        }
    }

    pub(crate) fn text(&self, now: &Now) -> String {
        let mut registry = Registry::with_prefix("carnac");
        let gauge = |value: u64| {
            let gauge = Gauge::<i64>::default();
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            gauge
        };
        registry.register(
            "queries",
            "Queries that ended, by role and end",
            self.counts.ended.clone(),
        );
        registry.register(
            "queries_running",
            "Queries that run or wait for a place",
            self.counts.running.clone(),
        );
        registry.register(
            "queries_waiting",
            "Queries that wait for a place",
            gauge(now.waiting as u64),
        );
        registry.register("rows", "Rows that were answered", self.counts.rows.clone());
        registry.register_with_unit(
            "query",
            "From the call to the last row",
            Unit::Seconds,
            self.counts.seconds.0.clone(),
        );
        if let Some(release) = now.release {
            registry.register("release", "Number of the newest release", gauge(release));
        }
        let mut text = String::new();
        encode(&mut text, &registry).expect("writing to a string cannot fail");
        text
    }
}

/// A query that is counted, written down and told of when it is dropped: as what it came to.
pub(crate) struct Measured {
    id: String,
    span: Span,
    role: &'static str,
    began: Instant,
    end: End,
    release: Option<u64>,
    rows: u64,
    bytes: u64,
    journal: Option<Arc<Journal>>,
    trace: Option<(Trace, Traces)>,
    counts: Counts,
}

impl Measured {
    /// What the query is logged under.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Counts what the query answers, up to its last row.
    pub(crate) fn of(mut self, answer: Result<Answer, Error>) -> Result<Answer, Error> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Err(self.failed(error)),
        };
        self.release = Some(answer.release.id);
        let rows = stream::unfold((answer.stream, self), |(mut rows, mut measured)| async move {
            let batch = rows.next().await;
            measured.saw(batch.as_ref());
            let batch = batch?.map_err(|error| error.of_query(&measured.id));
            Some((batch, (rows, measured)))
        });
        // Cursors ask again after the end.
        Ok(Answer { stream: rows.fuse().boxed(), ..answer })
    }

    fn failed(mut self, error: Error) -> Error {
        self.end = End::Failed(error.kind());
        error.of_query(&self.id)
    }

    fn saw(&mut self, batch: Option<&Result<RecordBatch, Error>>) {
        match batch {
            Some(Ok(batch)) => {
                self.rows += batch.num_rows() as u64;
                self.bytes += size(batch) as u64;
                self.counts.rows.inc_by(batch.num_rows() as u64);
            }
            Some(Err(error)) => self.end = End::Failed(error.kind()),
            None if self.end == End::Left => self.end = End::Answered,
            None => {}
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let time = self.began.elapsed();
        self.span.record("outcome", self.end.name());
        self.counts.running.dec();
        self.counts.ended.get_or_create(&Ended { role: self.role, end: self.end }).inc();
        self.counts.seconds.0.observe(time.as_secs_f64());
        let (outcome, release, rows, bytes) =
            (self.end.name(), self.release, self.rows, self.bytes);
        if let Some((trace, traces)) = self.trace.take() {
            let has_failed = matches!(self.end, End::Failed(_));
            traces.tell(Trace { outcome, has_failed, release, rows, bytes, time, ..trace });
        }
        if let Some(journal) = &self.journal {
            journal.end(Event::Ended {
                query: std::mem::take(&mut self.id),
                outcome: outcome.to_owned(),
                release,
                rows,
                bytes,
                milliseconds: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Schema;
    use chrono::DateTime;

    use super::*;
    use crate::Principal;
    use crate::answer::without_columns as answer;

    fn batch() -> Result<RecordBatch, Error> {
        Ok(RecordBatch::new_empty(Arc::new(Schema::empty())))
    }

    #[tokio::test]
    async fn each_query_is_counted_once_by_its_end() {
        let meter = Meter::default();
        let public = Principal::Public.into();
        let begin = async || meter.begin(&public, "select 1").await.unwrap();
        let fails = || Err(Error::refused(Kind::TimedOut, "of the test"));
        let all = begin().await.of(Ok(answer(stream::iter([batch(), batch()]).boxed()))).unwrap();
        assert!(meter.text(&now()).contains("carnac_queries_running 1\n"));
        assert!(all.collect().await.is_ok());
        let late = begin().await.of(Ok(answer(stream::iter([batch(), fails()]).boxed()))).unwrap();
        assert!(late.collect().await.is_err());
        assert!(begin().await.of(Err(Error::refused(Kind::Busy, "of the test"))).is_err());
        let mut left = begin().await.of(Ok(answer(stream::iter([batch()]).boxed()))).unwrap();
        assert!(left.stream.next().await.is_some());
        drop(left);
        drop(begin().await);
        let text = meter.text(&now());
        for (end, count) in [("answered", 1), ("timed_out", 1), ("busy", 1), ("left", 2)] {
            let line = format!("carnac_queries_total{{role=\"public\",end=\"{end}\"}} {count}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
        assert!(text.contains("carnac_queries_running 0\n"), "{text}");
        assert!(text.contains("carnac_query_seconds_count 5\n"), "{text}");
        assert!(text.contains("carnac_release 7\n"), "{text}");
    }

    #[tokio::test]
    async fn a_query_is_told_of_once_it_has_ended_and_waits_for_nobody() {
        let (sender, mut told) = tokio::sync::mpsc::channel(2);
        let meter = Meter::default().traced(Traces::new(sender, || DateTime::UNIX_EPOCH));
        let caller = Caller::from(Principal::Authority("213502388".parse().unwrap()));
        let begin = async || meter.begin(&caller, "select 'Rennes'").await.unwrap();
        let mut answer = begin().await.of(Ok(answer(stream::iter([batch()]).boxed()))).unwrap();
        assert!(told.try_recv().is_err());
        assert!(answer.stream.next().await.is_some() && answer.stream.next().await.is_none());
        assert!(begin().await.of(Err(Error::refused(Kind::Busy, "of the test"))).is_err());
        // There is no room for it any more.
        drop(begin().await);
        drop(meter);
        let mut traces = Vec::new();
        told.recv_many(&mut traces, 9).await;
        let seen = |trace: &Trace| (trace.role, trace.outcome, trace.has_failed, trace.release);
        let seen: Vec<_> = traces.iter().map(seen).collect();
        let expected = [("answered", false, Some(1)), ("busy", true, None)];
        assert_eq!(seen, expected.map(|(end, failed, of)| ("authority", end, failed, of)));
        assert!(traces.iter().all(|trace| trace.statement == "select ?"));
        assert_eq!(told.recv().await, None);
    }

    fn now() -> Now {
        Now { waiting: 0, release: Some(7) }
    }
}
