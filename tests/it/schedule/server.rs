//! A server that refreshes, drains and shows new releases.

use arrow::array::{AsArray, RecordBatch};
use arrow_flight::decode::FlightRecordBatchStream;
use chrono::{TimeDelta, Utc};
use futures::TryStreamExt;
use tonic::transport::Endpoint;

use super::{deliver, refreshed};
use crate::flight::{Client, connect, number, query};
use crate::support::{Place, Server};

const STREAMS: usize = 20;

/// Every act so many times, each row of a kilobyte: more than lies between server and client, so
/// that the server is in the middle of it while the client does not read.
const ROWS: usize = 20_000;

fn long(rows: usize) -> String {
    format!(
        "select act_id, repeat('x', 1000) || cast(value as varchar) as filler
         from core.acts cross join generate_series(1, {rows}) as s"
    )
}

/// Starts a long query and reads its first batch.
async fn begin(client: &mut Client) -> (RecordBatch, FlightRecordBatchStream) {
    let info = client.execute(long(ROWS), None).await.unwrap();
    let mut rows = client.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap();
    (rows.try_next().await.unwrap().unwrap(), rows)
}

/// Reads a long query to its end: which acts it saw, and how many rows it had.
async fn end((first, rest): (RecordBatch, FlightRecordBatchStream)) -> (Vec<String>, usize) {
    let mut batches = vec![first];
    batches.extend(rest.try_collect::<Vec<_>>().await.unwrap());
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let ids = batches.iter().flat_map(|batch| batch["act_id"].as_string::<i32>().iter().flatten());
    let mut ids: Vec<_> = ids.map(str::to_owned).collect();
    ids.sort_unstable();
    ids.dedup();
    (ids, rows)
}

/// Whether a query on a new connection fails: the connection, or what is sent on it.
async fn is_refused(server: &Server) -> bool {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    match endpoint.connect().await {
        Ok(channel) => Client::new(channel).execute("select 1".to_owned(), None).await.is_err(),
        Err(_) => true,
    }
}

/// Connections with a running query on each.
async fn readers(server: &Server) -> Vec<(Client, (RecordBatch, FlightRecordBatchStream))> {
    let mut readers = Vec::new();
    for _ in 0..STREAMS {
        let mut client = connect(server).await;
        let running = begin(&mut client).await;
        readers.push((client, running));
    }
    readers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_stop_ends_what_runs_and_takes_no_more() {
    let place = refreshed();
    let mut server = place.serve_with(&["--log", "carnac_server=info"], &[]);
    let readers = readers(&server).await;
    server.terminate();
    server.hears("stopping");
    assert!(is_refused(&server).await, "a new connection was taken");
    let mut running = Vec::new();
    // A call on an old connection is refused too; but what a closing connection has not read makes
    // the system reset it, and the answer under way with it, so none is made here.
    for (_client, stream) in readers {
        running.push(tokio::spawn(end(stream)));
    }
    for stream in running {
        assert_eq!(stream.await.unwrap(), (vec!["a".to_owned()], ROWS));
    }
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_seen_by_the_next_query_and_not_by_those_that_run() {
    let place = refreshed();
    let server = place.serve();
    let readers = readers(&server).await;
    let mut idle = connect(&server).await;
    let count = "select count(*) from core.acts";
    assert_eq!(number(&query(&mut idle, count).await), 1);

    deliver(&place, "b", &["b"]);
    assert!(place.ok(&["refresh"]).contains("release 2 published"));
    assert_eq!(number(&query(&mut idle, count).await), 2, "the new release is not seen");
    for (mut client, running) in readers {
        assert_eq!(number(&query(&mut client, count).await), 2);
        assert_eq!(end(running).await, (vec!["a".to_owned()], ROWS));
    }
    assert_eq!(server.stop(), Some(0));
}

/// Makes every run that is recorded look as old as that.
fn backdate(place: &Place, started_at: &str) {
    for entry in place.path().join("lake/ops/runs").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut run: serde_json::Value = serde_json::from_str(&text).unwrap();
        run["started_at"] = started_at.into();
        std::fs::write(&path, run.to_string()).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "the program under test goes by the clock")]
#[tokio::test]
async fn a_night_that_was_missed_is_caught_up_once_and_seen_without_a_restart() {
    let place = refreshed();
    backdate(&place, "2020-01-01T01:00:00Z");
    deliver(&place, "b", &["b"]);
    // The next due time is some hours away at least.
    let hour = (Utc::now() + TimeDelta::hours(12)).format("%H");
    let cron = format!("0 {hour} * * *");
    let flags = ["--refresh", &cron, "--refresh-timezone", "UTC"];
    let mut server = place.serve_with(&[], &flags);
    assert!(server.hears("refresh due").contains("at 2020-01-0"));
    server.hears("release 2 published");
    let count = "select count(*) from core.acts";
    assert_eq!(number(&query(&mut connect(&server).await, count).await), 2);
    let due = server.hears("refresh due");
    assert!(due.contains(&format!(" {hour}:00 UTC")) && !due.contains("2020"), "{due}");
    assert_eq!(server.stop(), Some(0));
    assert_eq!(place.rows("select count(*) from ops.runs"), ["2"]);
    // Nor does another server do it again.
    let mut again = place.serve_with(&[], &flags);
    assert_eq!(again.hears("refresh due"), due);
    assert_eq!(again.stop(), Some(0));
}

#[tokio::test]
async fn a_server_that_refreshes_makes_the_first_release() {
    let place = Place::new();
    deliver(&place, "a", &["a"]);
    let server = place.serve_with(&[], &["--refresh", "0 2 * * *"]);
    let asked = query(&mut connect(&server).await, "select count(*) from core.acts").await;
    assert_eq!(number(&asked), 1);
    assert_eq!(server.stop(), Some(0));
}

/// Seconds may stand before the five fields: such a schedule is due at once, again and again.
const EACH_SECOND: &str = "* * * * * *";

#[tokio::test]
async fn a_refresh_that_breaks_off_is_recorded_and_told_and_the_server_goes_on() {
    let place = refreshed();
    let config = place.file("settings.toml", "");
    let mut server = place.serve_with(
        &["--config", &config],
        &["--refresh", EACH_SECOND, "--on-failure", "echo \"told: $CARNAC_ERROR\""],
    );
    // From here on no other process can read its settings.
    place.file("settings.toml", "no settings");
    let told = server.hears("told: ");
    assert_eq!(told.trim(), "told: the refresh ended by exit status: 1");
    let errors = "select distinct error from ops.runs where command = 'refresh' and error <> ''";
    assert_eq!(place.rows(errors), ["the refresh ended by exit status: 1"]);
    let asked = query(&mut connect(&server).await, "select count(*) from core.acts").await;
    assert_eq!(number(&asked), 1);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn what_is_no_schedule_stops_the_start() {
    let place = refreshed();
    let serve = |flags: &[&str]| {
        place.fails(
            1,
            &[&["serve", "--insecure-loopback", "--listen", "127.0.0.1:0"], flags].concat(),
        )
    };
    assert!(serve(&["--refresh", "each night"]).contains("read the schedule `each night`"));
    assert!(serve(&["--refresh", "0 2 30 2 *"]).contains("is never due"));
    place.file("carnac.toml", "refresh = '0 2 * *'\n");
    assert!(serve(&[]).contains("read the schedule `0 2 * *`"));
    place.file("carnac.toml", "refresh = '0 2 * * *'\nrefresh_timezone = 'Europe/Rennes'\n");
    assert!(serve(&[]).contains("read the setting refresh_timezone"));
}
