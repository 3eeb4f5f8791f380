//! Every query can name a release or an edition: by a header of the call, or by the session, which has
//! a language and a timeout too.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Schema;
use arrow_flight::sql::CommandGetTables;
use arrow_flight::{Action, IpcMessage};
use futures::TryStreamExt;
use prost::Message;
use tonic::Request;

use crate::flight::{Client, connect, fetch, number, query, refused};
use crate::support::{Place, Server, acts};

const COUNT: &str = "select count(*) from core.acts";

/// Release 1 has one act, release 2 two; edition `first` is release 1.
fn two_releases() -> (Place, Server) {
    let place = Place::new();
    place.ok(&["ingest", &place.file("1/acts/a.csv", acts(&[("a", "213502388", "2025-01-01")]))]);
    place.ok(&["edition", "freeze", "first"]);
    place.ok(&["ingest", &place.file("2/acts/b.csv", acts(&[("b", "213502388", "2025-01-02")]))]);
    let server = place.serve();
    (place, server)
}

#[tokio::test]
async fn a_header_names_a_release_or_an_edition() {
    let (_place, server) = two_releases();
    for (header, value, acts) in [
        ("x-carnac-release", "1", 1),
        ("x-carnac-release", "2", 2),
        ("x-carnac-edition", "first", 1),
    ] {
        let client = &mut connect(&server).await;
        client.set_header(header, value);
        assert_eq!(number(&query(client, COUNT).await), acts, "{header} {value}");
    }
    assert_eq!(number(&query(&mut connect(&server).await, COUNT).await), 2);
}

#[tokio::test]
async fn a_release_that_is_not_there_is_told() {
    let (_place, server) = two_releases();
    for (header, value, part) in [
        ("x-carnac-release", "9", "release 9 is not in"),
        ("x-carnac-edition", "second", "edition second is not in"),
        ("x-carnac-release", "first", "a release is named by its number"),
        ("x-carnac-edition", "../1", "the name of an edition has"),
        ("cookie", "arrow_flight_session_id=7", "the session cookie is not one of this server"),
        ("cookie", "arrow_flight_session_id=release.1&timeout.0", "the session cookie is not one"),
        ("cookie", "arrow_flight_session_id=release.1&x", "the session cookie is not one"),
        ("cookie", "arrow_flight_session_id=colour.red", "the session cookie is not one"),
    ] {
        let client = &mut connect(&server).await;
        client.set_header(header, value);
        let error = refused(client, COUNT).await;
        assert!(error.contains(part), "{header} {value}: {error}");
        assert!(client.prepare(COUNT.to_owned(), None).await.is_err());
    }
    let client = &mut connect(&server).await;
    client.set_header("x-carnac-release", "1");
    client.set_header("x-carnac-edition", "first");
    assert!(refused(client, COUNT).await.contains("not both"));
}

/// What was named when a query was prepared or planned stays, whatever the later calls say.
#[tokio::test]
async fn handles_and_tickets_keep_what_they_name() {
    let (_place, server) = two_releases();
    for (header, value) in [("x-carnac-release", "1"), ("x-carnac-edition", "first")] {
        let client = &mut connect(&server).await;
        client.set_header(header, value);
        let info = client.execute(COUNT.to_owned(), None).await.unwrap();
        let mut statement = client.prepare(COUNT.to_owned(), None).await.unwrap();
        let later = &mut connect(&server).await;
        assert_eq!(number(&fetch(later, info).await), 1);
        let info = statement.execute().await.unwrap();
        assert_eq!(number(&fetch(later, info).await), 1);
    }
}

#[derive(Clone, PartialEq, Message)]
struct Options {
    #[prost(btree_map = "string, message", tag = "1")]
    values: BTreeMap<String, OptionValue>,
}

#[derive(Clone, PartialEq, Message)]
struct OptionValue {
    #[prost(string, optional, tag = "1")]
    text: Option<String>,
    #[prost(sfixed64, optional, tag = "3")]
    number: Option<i64>,
}

/// Errors by option: 1 a wrong name, 2 a wrong value.
#[derive(Clone, PartialEq, Message)]
struct Refusals {
    #[prost(btree_map = "string, message", tag = "1")]
    refusals: BTreeMap<String, Refusal>,
}

#[derive(Clone, PartialEq, Message)]
struct Refusal {
    #[prost(int32, tag = "1")]
    reason: i32,
}

fn text(value: &str) -> OptionValue {
    OptionValue { text: Some(value.to_owned()), number: None }
}

fn whole(value: i64) -> OptionValue {
    OptionValue { text: None, number: Some(value) }
}

/// A client that keeps the cookie that it is given, as real ones do.
struct Session {
    client: Client,
    cookie: Option<String>,
}

impl Session {
    async fn open(server: &Server) -> Self {
        Self { client: connect(server).await, cookie: None }
    }

    async fn act(&mut self, kind: &str, body: Vec<u8>) -> Result<Vec<u8>, tonic::Status> {
        let mut request = Request::new(Action { r#type: kind.to_owned(), body: body.into() });
        if let Some(cookie) = &self.cookie {
            request.metadata_mut().insert("cookie", cookie.parse().unwrap());
        }
        let reply = self.client.inner_mut().do_action(request).await?;
        if let Some(cookie) = reply.metadata().get("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(format!("other=1; {pair}"));
            self.client.set_header("cookie", self.cookie.clone().unwrap());
        }
        let results: Vec<_> = reply.into_inner().try_collect().await?;
        assert_eq!(results.len(), 1);
        Ok(results[0].body.to_vec())
    }

    /// Sets options, and returns the refusals.
    async fn set(&mut self, values: &[(&str, OptionValue)]) -> Vec<(String, i32)> {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let body = Options { values: values.collect() }.encode_to_vec();
        let reply = self.act("SetSessionOptions", body).await.unwrap();
        let refusals = Refusals::decode(&*reply).unwrap().refusals;
        refusals.into_iter().map(|(name, refusal)| (name, refusal.reason)).collect()
    }

    async fn options(&mut self) -> BTreeMap<String, OptionValue> {
        let reply = self.act("GetSessionOptions", Vec::new()).await.unwrap();
        Options::decode(&*reply).unwrap().values
    }

    async fn count(&mut self) -> i64 {
        number(&query(&mut self.client, COUNT).await)
    }
}

#[tokio::test]
async fn a_session_reads_the_release_that_it_is_set_to() {
    let (_place, server) = two_releases();
    let session = &mut Session::open(&server).await;
    assert!(session.act("GetSessionOptions", Vec::new()).await.is_err());
    assert_eq!(session.set(&[("release", text("1"))]).await, []);
    assert_eq!(session.count().await, 1);
    assert_eq!(session.options().await, BTreeMap::from([("release".to_owned(), text("1"))]));
    // A header of one call goes before the session.
    session.client.set_header("x-carnac-release", "2");
    assert_eq!(session.count().await, 2);

    let session = &mut Session::open(&server).await;
    session.set(&[("edition", text("first"))]).await;
    assert_eq!(session.count().await, 1);
    // One of the two is set at a time; a number is read as well as its text.
    session.set(&[("release", whole(2))]).await;
    assert_eq!(session.options().await, BTreeMap::from([("release".to_owned(), text("2"))]));
    // An option without a value is unset.
    session.set(&[("edition", text("first"))]).await;
    session.set(&[("edition", OptionValue { text: None, number: None })]).await;
    assert_eq!((session.options().await, session.count().await), (BTreeMap::new(), 2));
    // Another client has another session.
    session.set(&[("release", text("1"))]).await;
    assert_eq!(Session::open(&server).await.count().await, 2);
}

#[tokio::test]
async fn a_session_is_not_set_to_what_is_not_there() {
    let (_place, server) = two_releases();
    let session = &mut Session::open(&server).await;
    session.set(&[("release", text("1"))]).await;
    let cases = [
        (vec![("release", text("9"))], vec![("release", 2)]),
        (vec![("edition", text("second"))], vec![("edition", 2)]),
        (vec![("release", text("first"))], vec![("release", 2)]),
        (vec![("catalog", text("x")), ("edition", text("first"))], vec![("catalog", 1)]),
        (vec![("release", text("1")), ("edition", text("first"))], vec![("edition", 2)]),
        (vec![("language", text("de")), ("timeout", text("7"))], vec![("language", 2)]),
        (vec![("timeout", text("0")), ("language", text("en"))], vec![("timeout", 2)]),
        (vec![("timeout", whole(-1))], vec![("timeout", 2)]),
    ];
    for (values, refusals) in cases {
        let refusals: Vec<_> =
            refusals.into_iter().map(|(name, reason)| (name.to_owned(), reason)).collect();
        assert_eq!(session.set(&values).await, refusals);
        assert_eq!(session.options().await, BTreeMap::from([("release".to_owned(), text("1"))]));
    }
    let nonsense = session.act("SetSessionOptions", b"nonsense".to_vec()).await.unwrap_err();
    assert_eq!(nonsense.code(), tonic::Code::InvalidArgument);
    assert!(session.act("DoAsIPlease", Vec::new()).await.is_err());
}

/// What never ends by itself.
const ENDLESS: &str = "select count(*) from generate_series(1, 1000000000000) as t";

impl Session {
    /// Asks what never ends, which must be ended for its time.
    async fn is_cut_off(&mut self) {
        let info = self.client.execute(ENDLESS.to_owned(), None).await.unwrap();
        let rows = self.client.do_get(info.endpoint[0].ticket.clone().unwrap()).await;
        let ended = match rows {
            Ok(rows) => rows.try_collect::<Vec<_>>().await.map(|_| ()).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(ended.contains("took longer than it may"), "{ended}");
    }

    /// What `core.acts` is called, by the metadata of its schema.
    async fn title(&mut self) -> Option<String> {
        let acts = CommandGetTables {
            db_schema_filter_pattern: Some("core".to_owned()),
            table_name_filter_pattern: Some("acts".to_owned()),
            include_schema: true,
            ..CommandGetTables::default()
        };
        let info = self.client.get_tables(acts).await.unwrap();
        let listed = fetch(&mut self.client, info).await;
        let schemas = listed.column_by_name("table_schema").unwrap().as_binary::<i32>();
        let schema = Schema::try_from(IpcMessage(schemas.value(0).to_vec().into())).unwrap();
        schema.metadata.get("title").cloned()
    }
}

/// Shorter than the server's it ends a query, longer it does nothing.
#[tokio::test]
async fn a_session_has_a_timeout() {
    let (place, server) = two_releases();
    let session = &mut Session::open(&server).await;
    assert_eq!(session.set(&[("timeout", whole(1)), ("release", text("1"))]).await, []);
    let options = [("release".to_owned(), text("1")), ("timeout".to_owned(), text("1"))];
    assert_eq!(session.options().await, BTreeMap::from(options));
    session.is_cut_off().await;
    assert_eq!(session.count().await, 1);
    let hasty = place.serve_with(&["--log", "warn"], &["--query-seconds", "1"]);
    let session = &mut Session::open(&hasty).await;
    assert_eq!(session.set(&[("timeout", text("3600"))]).await, []);
    session.is_cut_off().await;
    session.set(&[("timeout", OptionValue::default())]).await;
    assert_eq!((session.options().await, session.count().await), (BTreeMap::new(), 2));
}

#[tokio::test]
async fn a_session_has_a_language() {
    let (_place, server) = two_releases();
    let session = &mut Session::open(&server).await;
    let french = session.title().await.unwrap();
    for (language, is_french) in [("fr", true), ("en", false), ("", true)] {
        assert_eq!(session.set(&[("language", text(language))]).await, []);
        assert_eq!(session.title().await.unwrap() == french, is_french, "{language}");
    }
    session.set(&[("language", text("en"))]).await;
    assert_eq!(session.title().await.as_deref(), Some("Acts, with what counts as transmitted"));
    assert_eq!(session.options().await, BTreeMap::from([("language".to_owned(), text("en"))]));
}

/// The server keeps no session: the client's cookie is all there is, also after a restart.
#[tokio::test]
async fn a_session_survives_the_server_and_ends_when_it_is_closed() {
    let (place, server) = two_releases();
    let session = &mut Session::open(&server).await;
    session.set(&[("release", text("1"))]).await;
    let cookie = session.cookie.clone().unwrap();
    drop(server);
    let server = place.serve();
    let session = &mut Session::open(&server).await;
    session.client.set_header("cookie", cookie.clone());
    session.cookie = Some(cookie);
    assert_eq!(session.count().await, 1);
    session.act("CloseSession", Vec::new()).await.unwrap();
    assert_eq!(session.cookie.as_deref(), Some("other=1; arrow_flight_session_id="));
}

/// Five catalogues are kept open: what is read after them is opened again, and is the same.
#[tokio::test]
async fn more_states_than_are_kept_open_can_be_read_in_turn() {
    let (place, server) = two_releases();
    for name in ["b", "c", "d", "e", "f", "g"] {
        let file = format!("3/acts/{name}.csv");
        let rows = acts(&[(name, "213502388", "2025-01-03")]);
        place.ok(&["ingest", &place.file(&file, rows)]);
    }
    let releases = place.ok(&["releases"]).lines().count() - 1;
    for _ in 0..2 {
        for release in 1..=releases {
            let client = &mut connect(&server).await;
            client.set_header("x-carnac-release", release.to_string());
            let sql = "select count(*), (select count(*) from core.acts where act_id = 'a') as a
                       from core.acts";
            let answer = query(client, sql).await;
            let first = answer.column(1).as_primitive::<arrow::datatypes::Int64Type>().value(0);
            assert_eq!(first, 1, "release {release}");
        }
        let client = &mut connect(&server).await;
        client.set_header("x-carnac-edition", "first");
        assert_eq!(number(&query(client, COUNT).await), 1);
    }
}
