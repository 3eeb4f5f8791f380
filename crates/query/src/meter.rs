//! What the queries of a server amount to, in the text of OpenMetrics: numbers and names of ours, no
//! word of a query and no value.

use std::time::Instant;

use arrow::array::RecordBatch;
use futures::stream::{self, StreamExt};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::{Answer, Error, Kind, Principal};

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

impl EncodeLabelSet for Ended {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> std::fmt::Result {
        let end = match self.end {
            End::Answered => "answered",
            End::Left => "left",
            End::Failed(kind) => kind.name(),
        };
        [("role", self.role), ("end", end)].encode(encoder)
    }
}

/// Counts queries.
#[derive(Debug, Default)]
pub(crate) struct Meter {
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

impl Meter {
    /// Begins to count a query, from before it has a place.
    pub(crate) fn begin(&self, principal: Principal) -> Measured {
        self.running.inc();
        Measured {
            role: principal.role(),
            began: Instant::now(),
            end: End::Left,
            ended: self.ended.clone(),
            running: self.running.clone(),
            rows: self.rows.clone(),
            seconds: self.seconds.clone(),
        }
    }

    pub(crate) fn text(&self, now: &Now) -> String {
        let mut registry = Registry::with_prefix("carnac");
        let gauge = |value: u64| {
            let gauge = Gauge::<i64>::default();
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            gauge
        };
        registry.register("queries", "Queries that ended, by role and end", self.ended.clone());
        registry.register(
            "queries_running",
            "Queries that run or wait for a place",
            self.running.clone(),
        );
        registry.register(
            "queries_waiting",
            "Queries that wait for a place",
            gauge(now.waiting as u64),
        );
        registry.register("rows", "Rows that were answered", self.rows.clone());
        registry.register_with_unit(
            "query",
            "From the call to the last row",
            Unit::Seconds,
            self.seconds.0.clone(),
        );
        if let Some(release) = now.release {
            registry.register("release", "Number of the newest release", gauge(release));
        }
        let mut text = String::new();
        encode(&mut text, &registry).expect("writing to a string cannot fail");
        text
    }
}

/// A query that is counted when it is dropped, as what it came to.
pub(crate) struct Measured {
    role: &'static str,
    began: Instant,
    end: End,
    ended: Family<Ended, Counter>,
    running: Gauge,
    rows: Counter,
    seconds: Seconds,
}

impl Measured {
    /// Counts what the query answers, up to its last row.
    pub(crate) fn of(mut self, answer: Result<Answer, Error>) -> Result<Answer, Error> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.end = End::Failed(error.kind());
                return Err(error);
            }
        };
        let rows = stream::unfold((answer.stream, self), |(mut rows, mut measured)| async move {
            let batch = rows.next().await;
            measured.saw(batch.as_ref());
            Some((batch?, (rows, measured)))
        });
        // Cursors ask again after the end.
        Ok(Answer { stream: rows.fuse().boxed(), ..answer })
    }

    fn saw(&mut self, batch: Option<&Result<RecordBatch, Error>>) {
        match batch {
            Some(Ok(batch)) => drop(self.rows.inc_by(batch.num_rows() as u64)),
            Some(Err(error)) => self.end = End::Failed(error.kind()),
            None if self.end == End::Left => self.end = End::Answered,
            None => {}
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.running.dec();
        self.ended.get_or_create(&Ended { role: self.role, end: self.end }).inc();
        self.seconds.0.observe(self.began.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Schema;

    use super::*;
    use crate::answer::without_columns as answer;

    fn batch() -> Result<RecordBatch, Error> {
        Ok(RecordBatch::new_empty(Arc::new(Schema::empty())))
    }

    #[tokio::test]
    async fn each_query_is_counted_once_by_its_end() {
        let meter = Meter::default();
        let begin = || meter.begin(Principal::Public);
        let fails = || Err(Error::refused(Kind::TimedOut, "of the test"));
        let all = begin().of(Ok(answer(stream::iter([batch(), batch()]).boxed()))).unwrap();
        assert!(meter.text(&now()).contains("carnac_queries_running 1\n"));
        assert!(all.collect().await.is_ok());
        let late = begin().of(Ok(answer(stream::iter([batch(), fails()]).boxed()))).unwrap();
        assert!(late.collect().await.is_err());
        assert!(begin().of(Err(Error::refused(Kind::Busy, "of the test"))).is_err());
        let mut left = begin().of(Ok(answer(stream::iter([batch()]).boxed()))).unwrap();
        assert!(left.stream.next().await.is_some());
        drop(left);
        drop(begin());
        let text = meter.text(&now());
        for (end, count) in [("answered", 1), ("timed_out", 1), ("busy", 1), ("left", 2)] {
            let line = format!("carnac_queries_total{{role=\"public\",end=\"{end}\"}} {count}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
        assert!(text.contains("carnac_queries_running 0\n"), "{text}");
        assert!(text.contains("carnac_query_seconds_count 5\n"), "{text}");
        assert!(text.contains("carnac_release 7\n"), "{text}");
    }

    fn now() -> Now {
        Now { waiting: 0, release: Some(7) }
    }
}
