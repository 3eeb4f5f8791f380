//! HTTP: queries, figures and authorities over a running server.

use std::collections::BTreeSet;
use std::io::Read;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Place, Server};

/// A server over the samples, and a client of it.
struct Door {
    _place: Place,
    server: Server,
    client: Client,
}

impl Door {
    fn open() -> Self {
        let place = Place::demo();
        let server = place.serve();
        Self { _place: place, server, client: Client::new() }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    /// Asks by a body of JSON.
    fn asks(&self, body: &Value) -> RequestBuilder {
        let request = self.client.post(self.url("/query")).body(body.to_string());
        request.header("content-type", "application/json")
    }

    fn query(&self, sql: &str) -> RequestBuilder {
        self.client.post(self.url("/query")).body(sql.to_owned())
    }
}

async fn sent(request: RequestBuilder, status: StatusCode) -> Response {
    let response = request.send().await.unwrap();
    let found = response.status();
    if found != status {
        panic!("{found}: {}", response.text().await.unwrap());
    }
    response
}

async fn text(request: RequestBuilder) -> String {
    sent(request, StatusCode::OK).await.text().await.unwrap()
}

async fn rows(request: RequestBuilder) -> Vec<Value> {
    serde_json::from_str(&text(request).await).unwrap()
}

/// The reason of a refusal.
async fn refused(request: RequestBuilder, status: StatusCode) -> String {
    let body = sent(request, status).await.text().await.unwrap();
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(told["status"], status.as_u16());
    told["error"].as_str().unwrap().to_owned()
}

/// Rennes transmitted 18 of its 20 acts of 2025 (`data-samples`, and the README).
const RENNES: &str = "select numerator, denominator, value from indicator.act_transmission_rate \
                      where siren = $1 and period = $2";

#[tokio::test]
async fn a_query_is_answered_in_every_form() {
    let door = Door::open();
    let sql = RENNES.replace("$1", "'213502388'").replace("$2", "'2025'");
    let expected = json!([{"numerator": 18, "denominator": 20, "value": 0.9}]);
    assert_eq!(json!(rows(door.query(&sql)).await), expected);
    let asked = json!({"sql": RENNES, "parameters": ["213502388", "2025"]});
    let response = sent(door.asks(&asked), StatusCode::OK).await;
    assert_eq!(response.headers()["carnac-release"], "1");
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(body, expected);

    let csv = "numerator,denominator,value\n18,20,0.9\n";
    let accept = |kinds: &str| door.query(&sql).header("accept", kinds);
    assert_eq!(text(accept("image/png, text/csv;q=0.9, */*;q=0.1")).await, csv);
    let in_form =
        |form: &str| door.client.post(door.url(&format!("/query?format={form}"))).body(sql.clone());
    assert_eq!(text(in_form("csv")).await, csv);
    let line = "{\"numerator\":18,\"denominator\":20,\"value\":0.9}\n";
    assert_eq!(text(in_form("ndjson")).await, line);
    let arrow = sent(in_form("arrow"), StatusCode::OK).await.bytes().await.unwrap();
    let read = arrow::ipc::reader::StreamReader::try_new(arrow.as_ref(), None).unwrap();
    let rows: Vec<_> = read.map(Result::unwrap).collect();
    assert_eq!((rows[0].num_rows(), rows[0].num_columns()), (1, 3));
    let parquet = sent(in_form("parquet"), StatusCode::OK).await.bytes().await.unwrap();
    assert_eq!((&parquet[..4], &parquet[parquet.len() - 4..]), (&b"PAR1"[..], &b"PAR1"[..]));
    let sheet = sent(in_form("xlsx"), StatusCode::OK).await.bytes().await.unwrap();
    let mut parts = zip::ZipArchive::new(std::io::Cursor::new(sheet)).unwrap();
    assert!(parts.by_name("xl/worksheets/sheet1.xml").is_ok());

    let packed = in_form("csv").header("accept-encoding", "gzip;q=0.8, br");
    let packed = sent(packed, StatusCode::OK).await;
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert!(packed.headers()["vary"].to_str().unwrap().contains("accept-encoding"));
    let packed = packed.bytes().await.unwrap();
    let mut plain = String::new();
    flate2::read::MultiGzDecoder::new(&*packed).read_to_string(&mut plain).unwrap();
    assert_eq!(plain, csv);
    let packed = sent(in_form("parquet").header("accept-encoding", "gzip"), StatusCode::OK).await;
    assert!(packed.headers().get("content-encoding").is_none());
    // More rows than a sheet has are refused before anything is sent.
    let many = door.client.post(door.url("/query?format=xlsx"));
    let many = many.body("select value from generate_series(1, 1100000)");
    let error = refused(many, StatusCode::BAD_REQUEST).await;
    assert!(error.contains("1048575 rows"), "{error}");
}

#[tokio::test]
async fn what_is_no_query_is_refused_with_the_right_status() {
    let door = Door::open();
    for (sql, status, part) in [
        ("drop table core.acts", StatusCode::FORBIDDEN, "DROP TABLE is refused"),
        ("select 1; select 2", StatusCode::BAD_REQUEST, "one statement at a time"),
        ("selec 1", StatusCode::BAD_REQUEST, "selec"),
        ("select * from lake.acts", StatusCode::BAD_REQUEST, "lake.acts"),
        ("select 1 where $1 = 2", StatusCode::BAD_REQUEST, "1 parameters, 0 were given"),
    ] {
        let error = refused(door.query(sql), status).await;
        assert!(error.contains(part), "{sql}: {error}");
    }
    let post = |path: &str| door.client.post(door.url(path));
    let long = "x".repeat(1024 * 1024 + 1);
    sent(post("/query").body(long), StatusCode::PAYLOAD_TOO_LARGE).await;
    let error = refused(door.asks(&json!({"sq": "select 1"})), StatusCode::BAD_REQUEST).await;
    assert!(error.contains("unknown field `sq`"), "{error}");
    let list = json!({"sql": "select $1", "parameters": [[1]]});
    let error = refused(door.asks(&list), StatusCode::BAD_REQUEST).await;
    assert_eq!(error, "parameter 1 is not a text, a number, true, false or null");
    for path in ["/query?at=9", "/query?at=2030-S1"] {
        refused(post(path).body("select 1"), StatusCode::NOT_FOUND).await;
    }
    refused(post("/query?at=a.b").body("select 1"), StatusCode::BAD_REQUEST).await;
    refused(post("/query?form=csv").body("select 1"), StatusCode::BAD_REQUEST).await;
    let png = door.query("select 1").header("accept", "image/png");
    refused(png, StatusCode::NOT_ACCEPTABLE).await;
    refused(door.get("/query"), StatusCode::METHOD_NOT_ALLOWED).await;
    refused(door.get("/nothing"), StatusCode::NOT_FOUND).await;
    let elsewhere = door.get("/ready").header("host", "carnac.example");
    refused(elsewhere, StatusCode::MISDIRECTED_REQUEST).await;
    assert_eq!(text(door.get("/health")).await, "ok\n");
}

/// An answer that fails after its head is cut off: whoever reads it is told, and of no value.
#[tokio::test]
async fn an_answer_that_fails_on_the_way_is_not_taken_for_a_short_one() {
    let door = Door::open();
    let sql = "select 1 / (value - 90000) from generate_series(1, 100000) as t";
    // The connection may end before its head is sent.
    if let Ok(response) = door.query(sql).send().await {
        assert!(response.text().await.is_err());
    }
    let sql = "select 1 / (value - value) from core.reported where value is not null";
    let error = refused(door.query(sql), StatusCode::BAD_REQUEST).await;
    assert!(error.contains("failed on a value"), "{error}");
    assert_eq!(text(door.get("/health")).await, "ok\n");
}

#[tokio::test]
async fn figures_and_authorities_have_addresses() {
    let door = Door::open();
    let listed = rows(door.get("/indicators")).await;
    assert!(listed.iter().any(|row| row["id"] == "A08" && row["unit"] == "ratio"), "{listed:?}");
    let figures = rows(door.get("/indicators/A08?siren=213502388&period=2025")).await;
    assert_eq!(figures.len(), 1);
    assert_eq!((&figures[0]["numerator"], &figures[0]["value"]), (&json!(18), &json!(0.9)));
    let observed = text(door.get("/indicators/A08?status=observed&format=csv")).await;
    assert!(observed.lines().skip(1).all(|line| line.ends_with("observed")), "{observed}");
    // A filter that is misspelt is not passed over.
    let error = refused(door.get("/indicators/A08?sirens=1"), StatusCode::BAD_REQUEST).await;
    assert!(error.contains("unknown field `sirens`"), "{error}");
    let error = refused(door.get("/indicators/Z99"), StatusCode::NOT_FOUND).await;
    assert!(error.contains("there is no indicator Z99"), "{error}");
    let rennes = rows(door.get("/authorities/213502388")).await;
    assert!(rennes.iter().all(|year| year["name"] == "Rennes") && !rennes.is_empty());
    refused(door.get("/authorities/000000000"), StatusCode::NOT_FOUND).await;
    assert_eq!(text(door.get("/ready")).await, "release 1\n");
}

/// Counts hold no word of a query and no value.
#[tokio::test]
async fn queries_are_counted_by_role_and_end() {
    let door = Door::open();
    let count = async |line: &str| {
        let metrics = text(door.get("/metrics")).await;
        let found = metrics.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(' '));
        found.map_or(0, |value| value.parse::<u64>().unwrap())
    };
    let answered = "carnac_queries_total{role=\"analyst\",end=\"answered\"}";
    let invalid = "carnac_queries_total{role=\"analyst\",end=\"invalid\"}";
    assert_eq!(count("carnac_release").await, 1);
    let before = count(answered).await;
    text(door.query("select act_id from core.acts where siren = '213502388' limit 3")).await;
    refused(door.query("select nothing_known from core.acts"), StatusCode::BAD_REQUEST).await;
    let metrics = text(door.get("/metrics")).await;
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    for word in ["213502388", "nothing_known", "core"] {
        assert!(!metrics.contains(word), "{metrics}");
    }
    assert_eq!((count(answered).await - before, count(invalid).await), (1, 1));
    assert_eq!(count("carnac_rows_total").await, 3);
    assert_eq!(count("carnac_queries_running").await, 0);
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
    let door = Door::open();
    let path = "/indicators/A08?siren=213502388";
    let first = sent(door.get(path), StatusCode::OK).await;
    let tag = first.headers()["etag"].clone();
    let again = |path: &str| door.get(path).header("if-none-match", tag.clone());
    let same = sent(again(path), StatusCode::NOT_MODIFIED).await;
    assert_eq!(same.headers()["etag"], tag);
    assert_eq!(same.text().await.unwrap(), "");
    let other = sent(again(&format!("{path}&format=csv")), StatusCode::OK).await;
    assert_ne!(other.headers()["etag"], tag);
}

/// The document says every route that there is, and no other.
#[tokio::test]
async fn the_document_lists_the_routes() {
    let door = Door::open();
    let document: Value = serde_json::from_str(&text(door.get("/openapi.json")).await).unwrap();
    let paths: BTreeSet<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let routes = include_str!("../../crates/server/src/http.rs");
    let routed: BTreeSet<&str> =
        routes.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(paths, routed);
}
