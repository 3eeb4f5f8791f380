//! A collector of OpenTelemetry is told of every query, without its values, and no query waits for
//! it.

use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};

use reqwest::Client;
use serde_json::Value;

use crate::flight::{connect, query};
use crate::identity::{RENNES, create, two_authorities};
use crate::postgres;
use crate::support::{Server, receive};

/// A word that stands in queries and must stand nowhere else.
const CANARY: &str = "ker-madalen";

/// What a collector answers that has taken what was sent.
const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";

const NOBODY: &str = "http://127.0.0.1:1";

/// A collector on a port of its own; returns its address, and what is sent to it.
fn collector() -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, sent) = mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            // The test may have ended.
            sender.send(receive(stream, TAKEN)).unwrap_or_default();
        }
    });
    (address, sent)
}

/// The value of an attribute of a span, or of a resource.
fn attribute<'s>(of: &'s Value, key: &str) -> &'s str {
    let all = of["attributes"].as_array().unwrap();
    let found = all.iter().find(|attribute| attribute["key"] == key);
    let value = found.map(|found| found["value"].as_object().unwrap().values().next().unwrap());
    value.map_or("", |value| value.as_str().unwrap())
}

/// The spans of what was sent, in order.
fn spans(sent: &Receiver<(String, String)>) -> Vec<Value> {
    let mut spans = Vec::new();
    for (head, body) in sent.try_iter() {
        assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        assert!(!body.contains(CANARY) && !body.contains(RENNES), "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let resource = &body["resourceSpans"][0];
        assert_eq!(attribute(&resource["resource"], "service.name"), "carnac");
        spans.extend(resource["scopeSpans"][0]["spans"].as_array().unwrap().clone());
    }
    let number = |span: &Value| attribute(span, "carnac.query").rsplit('-').next().unwrap().parse();
    spans.sort_by_key(|span| number(span).unwrap_or(0));
    spans
}

async fn over_http(server: &Server, token: &str, sql: String) -> u16 {
    let request = Client::new().post(format!("http://{}/query", server.address)).body(sql);
    request.bearer_auth(token).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_collector_is_told_of_each_query_without_its_values() {
    let place = two_authorities();
    let token = create(&place, &format!("authority:{RENNES}"));
    let (address, sent) = collector();
    let folder = place.path().join("audit");
    place.file("carnac.toml", format!("audit_log = {folder:?}\notlp = \"{NOBODY}\""));
    // The flag goes before the file.
    let (server, postgres) = place.serve_postgres(&["--otlp", &address]);
    let http = async |sql: &str| over_http(&server, &token, sql.replace('?', CANARY)).await;
    assert_eq!(http("select '?' as a, siren from core.acts").await, 200);
    assert_eq!(http("select * from published.nothing where a = '?'").await, 400);
    query(&mut connect(&server).await, &format!("select 1 as a where '{CANARY}' = ''")).await;
    let (mut client, _) = postgres::Client::connect(postgres, &[]);
    assert_eq!(client.simple(&format!("select '{CANARY}' = 'x'")).value(), "f");
    client.leave();
    assert_eq!(server.stop(), Some(0));

    let spans = spans(&sent);
    let keys = ["carnac.door", "carnac.role", "carnac.outcome", "error.type"];
    let seen = |span: &Value| {
        let rows = attribute(span, "db.response.returned_rows");
        let text = keys.map(|key| attribute(span, key)).join(" ");
        format!("{text} {rows} {} {}", span["status"], attribute(span, "db.query.text"))
    };
    let expected = [
        "http authority answered  2 {} select ? as a, siren from core.acts",
        "http authority invalid invalid 0 {\"code\":2} select * from published.nothing where a = ?",
        "flight analyst answered  0 {} select ? as a where ? = ?",
        "postgres analyst answered  1 {} select ? = ?",
    ];
    assert_eq!(spans.iter().map(seen).collect::<Vec<_>>(), expected);
    let mut ids: Vec<_> = spans.iter().map(|span| span["traceId"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() == 4 && ids.iter().all(|id| id.len() == 32), "{ids:?}");
    let time = |span: &Value, key: &str| span[key].as_str().unwrap().parse::<u128>().unwrap();
    for span in &spans {
        assert!(time(span, "startTimeUnixNano") < time(span, "endTimeUnixNano"), "{span}");
        assert_eq!(attribute(span, "carnac.release").is_empty(), !span["status"]["code"].is_null());
    }
    // Under the ids that the audit log has.
    let logged = place.rows("select query_id from ops.queries order by asked_at");
    let told: Vec<_> = spans.iter().map(|span| attribute(span, "carnac.query")).collect();
    assert_eq!(logged, told);
}

#[tokio::test]
async fn no_query_waits_for_a_collector() {
    let place = two_authorities();
    let token = create(&place, "analyst");
    // One that never answers; connections find it all the same.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://secret@{}", silent.local_addr().unwrap());
    let mut server = place.serve_with(&["--log", "warn"], &["--otlp", &address]);
    for _ in 0..20 {
        assert_eq!(over_http(&server, &token, "select 1 as a".to_owned()).await, 200);
    }
    // It goes away: that is told, and changes nothing.
    drop(silent);
    let told = server.hears("the collector takes no traces");
    assert!(!told.contains("secret"), "{told}");
    assert_eq!(over_http(&server, &token, "select 1 as a".to_owned()).await, 200);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_collector_is_named_by_an_address_of_http() {
    let place = two_authorities();
    for address in ["ftp://secret@127.0.0.1", "data:secret"] {
        let error = place.fails(1, &["serve", "--insecure-loopback", "--otlp", address]);
        assert!(error.contains("an address of http or https"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
    place.file("carnac.toml", "otlp = \"secret\"");
    let error = place.fails(1, &["serve", "--insecure-loopback"]);
    assert!(error.contains("read the setting otlp") && !error.contains("secret"), "{error}");
}
