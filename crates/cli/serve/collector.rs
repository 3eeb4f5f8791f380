//! Sends what queries came to, as spans, to a collector of OpenTelemetry: OTLP over HTTP, in JSON.
//!
//! No query waits for it: what a collector does not take in time is lost, and told in the log.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use carnac_query::{Gateway, Trace, Traces};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, Url};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

use crate::config::now;

/// Spans that wait to be sent, and those of one call; more that come meanwhile are lost.
const MOST: usize = 4096;

/// The least time from one call to the next.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a call may take, and all that is left when the server stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// The kind of a span that answers a call from elsewhere.
const SERVER: u8 = 2;

/// The status of a span that has failed; another one has none.
const ERROR: u8 = 2;

/// A collector to which spans are sent.
pub(crate) struct Collector {
    traces: mpsc::Sender<Trace>,
    stop: oneshot::Sender<()>,
    sending: JoinHandle<()>,
}

impl Collector {
    /// Sends to the collector at that address from now on; it is not asked whether it is there.
    ///
    /// # Errors
    /// When the address is none of HTTP.
    pub(crate) fn start(url: &Url) -> anyhow::Result<Self> {
        let sender = Sender::to(url)?;
        let (traces, received) = mpsc::channel(MOST);
        let (stop, stopped) = oneshot::channel();
        let sending = tokio::spawn(send_all(sender, received, stopped));
        Ok(Self { traces, stop, sending })
    }

    /// Returns the gateway as one whose queries are told to the collector.
    pub(super) fn follow(&self, gateway: Gateway) -> Gateway {
        gateway.traced(Traces::new(self.traces.clone(), now))
    }

    /// Sends what is left, as far as the collector takes it.
    pub(super) async fn finish(self) {
        self.stop.send(()).unwrap_or_default();
        if timeout(PATIENCE, self.sending).await.is_err() {
            tracing::warn!("the collector of traces is slow: the last ones are lost");
        }
    }
}

/// Sends traces until told to stop, then those that are left.
async fn send_all(
    mut sender: Sender,
    mut traces: mpsc::Receiver<Trace>,
    mut stopped: oneshot::Receiver<()>,
) {
    let (mut pause, mut batch) = (interval(PAUSE), Vec::new());
    loop {
        let next = async {
            pause.tick().await;
            traces.recv_many(&mut batch, MOST).await
        };
        tokio::select! {
            _ = &mut stopped => break,
            _ = next => sender.send(&mut batch).await,
        }
    }
    traces.close();
    while traces.recv_many(&mut batch, MOST).await > 0 {
        sender.send(&mut batch).await;
    }
}

/// What sends spans.
struct Sender {
    client: Client,
    url: Url,
    /// By which the ids of spans are drawn.
    keys: RandomState,
    /// Spans that were not taken since the last that were.
    lost: usize,
}

impl Sender {
    fn to(url: &Url) -> anyhow::Result<Self> {
        let mut url = url.clone();
        if !matches!(url.scheme(), "http" | "https") {
            bail!("a collector of traces is named by an address of http or https");
        }
        let no_path = |()| anyhow!("the address of the collector has no path");
        url.path_segments_mut().map_err(no_path)?.pop_if_empty().extend(["v1", "traces"]);
        let client = Client::builder().timeout(PATIENCE).build().context("call the collector")?;
        Ok(Self { client, url, keys: RandomState::new(), lost: 0 })
    }

    /// Sends spans, and tells when the collector begins and ceases to take none.
    async fn send(&mut self, batch: &mut Vec<Trace>) {
        match self.post(batch).await {
            Ok(()) if self.lost > 0 => {
                tracing::warn!(lost = self.lost, "the collector of traces takes them again");
                self.lost = 0;
            }
            Ok(()) => {}
            Err(error) => {
                if self.lost == 0 {
                    tracing::warn!("the collector takes no traces: {error:#}");
                }
                self.lost += batch.len();
            }
        }
        batch.clear();
    }

    /// Errors leave the address out: it may hold a secret.
    async fn post(&self, batch: &[Trace]) -> anyhow::Result<()> {
        let body = serde_json::to_vec(&self.message(batch))?;
        let call = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let sent = call.body(body).send().await.and_then(Response::error_for_status);
        sent.map_err(reqwest::Error::without_url)?;
        Ok(())
    }

    /// An `ExportTraceServiceRequest`.
    fn message(&self, batch: &[Trace]) -> Value {
        let spans: Vec<_> = batch.iter().map(|trace| self.span(trace)).collect();
        let version = env!("CARGO_PKG_VERSION");
        let resource = [text("service.name", "carnac"), text("service.version", version)];
        json!({"resourceSpans": [{
            "resource": {"attributes": resource},
            "scopeSpans": [{"scope": {"name": "carnac", "version": version}, "spans": spans}],
        }]})
    }

    fn span(&self, trace: &Trace) -> Value {
        let id = |part: u8| format!("{:016x}", self.keys.hash_one((&trace.query, part)));
        let began = i128::from(trace.began.timestamp_micros()) * 1000;
        let ended = began + i128::try_from(trace.time.as_nanos()).unwrap_or_default();
        let mut attributes = vec![
            text("carnac.query", &trace.query),
            text("carnac.door", trace.door),
            text("carnac.role", trace.role),
            text("carnac.outcome", trace.outcome),
            text("db.system.name", "carnac"),
            text("db.query.text", &trace.statement),
            number("db.response.returned_rows", trace.rows),
            number("carnac.bytes", trace.bytes),
        ];
        attributes.extend(trace.release.map(|release| number("carnac.release", release)));
        let mut status = json!({});
        if trace.has_failed {
            attributes.push(text("error.type", trace.outcome));
            status = json!({"code": ERROR});
        }
        json!({
            "traceId": format!("{}{}", id(0), id(1)),
            "spanId": id(2),
            "name": "query",
            "kind": SERVER,
            "startTimeUnixNano": began.to_string(),
            "endTimeUnixNano": ended.to_string(),
            "attributes": attributes,
            "status": status,
        })
    }
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// As a text: a number of JSON has not all digits of one of OTLP.
fn number(key: &str, value: u64) -> Value {
    json!({"key": key, "value": {"intValue": value.to_string()}})
}
