//! Queries made to stop the server: each is refused or ends in time at every door, with the code
//! that says why, and the server goes on.

use futures::TryStreamExt;
use reqwest::StatusCode;

use crate::flight;
use crate::postgres::Client;
use crate::support::{Place, Server, acts};

/// What a query ends in: the code of PostgreSQL, of HTTP and of gRPC.
#[derive(Debug, Clone, Copy)]
struct End {
    sqlstate: &'static str,
    status: StatusCode,
    code: &'static str,
}

const INVALID: End =
    End { sqlstate: "42601", status: StatusCode::BAD_REQUEST, code: "InvalidArgument" };
const DENIED: End =
    End { sqlstate: "42501", status: StatusCode::FORBIDDEN, code: "PermissionDenied" };
const EXHAUSTED: End =
    End { sqlstate: "53200", status: StatusCode::PAYLOAD_TOO_LARGE, code: "ResourceExhausted" };
const TIMED_OUT: End =
    End { sqlstate: "57014", status: StatusCode::GATEWAY_TIMEOUT, code: "DeadlineExceeded" };

fn chain(count: usize, of: &str, sign: &str) -> String {
    format!("select {}", vec![of; count].join(sign))
}

/// The queries that end a server that lets them run, and what each ends in here.
fn hostile() -> Vec<(String, End)> {
    let ctes: Vec<_> = (1..1000).map(|n| format!("c{n} as (select * from c{})", n - 1)).collect();
    let twice: Vec<_> =
        (1..40).map(|n| format!("c{n} as (select x.a from c{0} x, c{0} y)", n - 1)).collect();
    let texts = [
        ("select length(repeat('x', 2000000000))", EXHAUSTED),
        (
            "select length(repeat(cast(value as varchar), 100000000)) from generate_series(1, 9) as t",
            EXHAUSTED,
        ),
        (
            "select length(a || a) from (select repeat(cast(value as varchar), 40000000) as a \
             from generate_series(1, 1) as t)",
            EXHAUSTED,
        ),
        ("select length(lpad('x', 2000000000, 'y'))", EXHAUSTED),
        ("select length(rpad('x', 2000000000))", EXHAUSTED),
        ("select length(replace(repeat('a', 1000000), 'a', repeat('b', 1000000)))", EXHAUSTED),
        ("select cardinality(array_repeat(1, 2000000000))", EXHAUSTED),
        ("select cardinality(array_resize(make_array(1), 2000000000, 0))", EXHAUSTED),
        ("select cardinality(range(1, 1000000000))", EXHAUSTED),
        ("select cardinality(generate_series(1, 1000000000))", EXHAUSTED),
        (
            "select cardinality(range(date '1900-01-01', date '2100-01-01', interval '1 second'))",
            EXHAUSTED,
        ),
        (
            "with recursive n as (select 1 as k union all select k from n) select count(*) from n",
            DENIED,
        ),
        ("select count(*) from generate_series(1, 100000000000) as t", TIMED_OUT),
        (
            "select count(*) from generate_series(1, 1000000) as a cross join \
             generate_series(1, 1000000) as b where a.value * b.value = 7",
            TIMED_OUT,
        ),
        (
            "select max(n) from (select row_number() over (order by random()) as n \
             from generate_series(1, 1000000000) as t)",
            TIMED_OUT,
        ),
    ];
    let mut all: Vec<_> = texts.map(|(sql, end)| (sql.to_owned(), end)).into();
    all.extend([
        (chain(3000, "1=1", " and "), INVALID),
        (chain(3000, "1", "+"), INVALID),
        (chain(3000, "'a'", "||"), INVALID),
        (chain(3000, "1=2", " or "), INVALID),
        (chain(3000, "1", " union all select "), INVALID),
        (format!("select {}1{}", "(".repeat(3000), ")".repeat(3000)), INVALID),
        (format!("select {}true", "not ".repeat(3000)), INVALID),
        (format!("with c0 as (select 1 as a), {} select * from c999", ctes.join(", ")), INVALID),
        (format!("with c0 as (select 1 as a), {} select * from c39", twice.join(", ")), INVALID),
        ("x".repeat(300 * 1024), INVALID),
    ]);
    all
}

async fn over_http(server: &Server, sql: &str) -> StatusCode {
    let url = format!("http://{}/query?format=csv", server.address);
    reqwest::Client::new().post(url).body(sql.to_owned()).send().await.unwrap().status()
}

async fn over_flight(server: &Server, sql: &str) -> String {
    let mut client = flight::connect(server).await;
    let info = match client.execute(sql.to_owned(), None).await {
        Ok(info) => info,
        Err(error) => return format!("{error:?}"),
    };
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let rows = match client.do_get(ticket).await {
        Ok(rows) => rows.try_collect::<Vec<_>>().await,
        Err(error) => return format!("{error:?}"),
    };
    rows.map_or_else(|error| format!("{error:?}"), |rows| format!("{} batches", rows.len()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_query_stops_the_server() {
    let place = Place::new();
    place.ok(&["ingest", &place.file("acts/a.csv", acts(&[("a", "213502388", "2025-01-01")]))]);
    let (server, address) = place.serve_postgres(&["--query-seconds", "3", "--queries", "4"]);
    for (sql, end) in hostile() {
        let (mut client, _) = Client::connect(address, &[]);
        assert_eq!(client.simple(&sql).code(), end.sqlstate, "{sql:.80}");
        assert_eq!(client.extended(&sql, &[], &[], 1).code(), end.sqlstate, "{sql:.80}");
        assert_eq!(client.simple("select 1").value(), "1", "{sql:.80}");
        assert_eq!(over_http(&server, &sql).await, end.status, "{sql:.80}");
        let ended = over_flight(&server, &sql).await;
        assert!(ended.contains(end.code), "{sql:.80}: {ended}");
    }
}
