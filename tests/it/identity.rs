//! Who asks: tokens on the command line and over both doors, and what each one is told.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use carnac_lake::Lake;
use carnac_query::{Access, Kind, Principal};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::flight::{connect, number, query, refused};
use crate::support::{ELSEWHERE, HERE, Place, Server, acts, files_below};

pub(crate) const RENNES: &str = "213502388";
pub(crate) const IROISE: &str = "242900074";

/// Two acts of Rennes and one of Pays d'Iroise.
pub(crate) fn two_authorities() -> Place {
    let place = Place::new();
    let rows =
        [("1", RENNES, "2025-01-01"), ("2", RENNES, "2025-01-02"), ("3", IROISE, "2025-01-03")];
    place.ok(&["ingest", "--run-date", "2025-12-31", &place.file("acts/a.csv", acts(&rows))]);
    place
}

pub(crate) fn create(place: &Place, role: &str) -> String {
    place.ok(&["token", "create", role]).trim().to_owned()
}

/// The id of a token.
pub(crate) fn id(token: &str) -> &str {
    token.split('_').nth(1).unwrap()
}

/// The rest of it, which nothing may show.
fn secret(token: &str) -> &str {
    token.rsplit('_').next().unwrap()
}

/// Asks over HTTP, with what the header says.
pub(crate) async fn http(
    server: &Server,
    authorization: Option<&str>,
    sql: &str,
) -> (StatusCode, String) {
    let url = format!("http://{}/query?format=csv", server.address);
    let mut request = Client::new().post(url).body(sql.to_owned());
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    let response = request.send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

#[test]
fn a_token_is_shown_once_and_only_its_hash_is_kept() {
    let place = two_authorities();
    let token = place.ok(&["token", "create", "authority:213502388", "--label", "Rennes"]);
    let token = token.trim();
    let (id, secret) = token.strip_prefix("carnac_").unwrap().split_once('_').unwrap();
    assert_eq!((id.len(), secret.len()), (12, 64));
    let listed = place.ok(&["token", "list"]);
    let line = listed.lines().nth(1).unwrap();
    assert!(line.starts_with(id) && line.contains("authority:213502388"), "{listed}");
    assert!(line.ends_with("Rennes") && !listed.contains(secret), "{listed}");
    let files = files_below(&Path::new(&place.root()).join("tokens"));
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let kept = std::fs::read_to_string(file).unwrap();
    assert!(kept.contains("$argon2id$v=19$m=19456,t=2,p=1$") && !kept.contains(secret), "{kept}");

    assert_eq!(place.ok(&["token", "revoke", id]), format!("token {id} revoked\n"));
    assert_eq!(place.ok(&["token", "list"]).lines().count(), 1);
    let error = place.fails(1, &["token", "revoke", id]);
    assert!(error.contains("there is no token"), "{error}");
    let error = place.fails(1, &["token", "revoke", token]);
    assert!(error.contains(id) && !error.contains(secret), "{error}");
    let error = place.fails(1, &["token", "revoke", "../releases/1"]);
    assert!(error.contains("there is no token"), "{error}");
    let error = place.fails(1, &["token", "create", "analyst", "--until", "2020-01-01"]);
    assert!(error.contains("would have expired already"), "{error}");
    for role in ["admin", "authority", "authority:213502389"] {
        assert!(place.fails(2, &["token", "create", role]).contains("a role is"), "{role}");
    }
}

#[tokio::test]
async fn a_token_holds_until_it_expires_or_is_revoked() {
    let place = two_authorities();
    let lake = Lake::open(&place.root(), &[]).unwrap();
    let created = DateTime::UNIX_EPOCH;
    let label = || "test".to_owned();
    let create = async |role: &str| {
        let role = role.parse().unwrap();
        Access::create(&lake, role, label(), created, created + TimeDelta::days(1)).await.unwrap()
    };
    let (analyst, rennes) = (create("analyst").await, create("authority:213502388").await);
    let access = |anonymous, clock: fn() -> DateTime<Utc>| {
        Access::new(lake.clone(), anonymous, clock).unwrap()
    };
    let today = access(Some(Principal::Public), || DateTime::UNIX_EPOCH);
    assert_eq!(today.caller(None, HERE).await.unwrap().principal, Principal::Public);
    assert_eq!(today.caller(Some(&analyst), HERE).await.unwrap().principal, Principal::Analyst);
    assert_eq!(
        today.caller(Some(&rennes), HERE).await.unwrap().principal.to_string(),
        "authority:213502388"
    );

    let mixed = format!("carnac_{}_{}", id(&analyst), secret(&rennes));
    let unknown = analyst.replace(id(&analyst), "000000000000");
    for wrong in
        ["", "analyst", &mixed, &unknown, &analyst.replace("carnac_", ""), &format!("{analyst} ")]
    {
        let error = today.caller(Some(wrong), HERE).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unauthenticated, "{wrong}");
        assert!(error.to_string().starts_with("the token is refused"), "{error}");
    }
    let tomorrow = access(Some(Principal::Public), || DateTime::UNIX_EPOCH + TimeDelta::days(1));
    let error = tomorrow.caller(Some(&analyst), HERE).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthenticated);
    let nobody = access(None, || DateTime::UNIX_EPOCH);
    assert_eq!(nobody.caller(None, HERE).await.unwrap_err().kind(), Kind::Unauthenticated);
    assert_eq!(nobody.caller(Some(&analyst), HERE).await.unwrap().principal, Principal::Analyst);

    lake.remove_token(id(&analyst)).await.unwrap();
    let error = today.caller(Some(&analyst), HERE).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthenticated);
    assert!(today.caller(Some(&rennes), HERE).await.is_ok());
}

/// Wrong secrets of one token shut it for a minute to who sent them, but not to others, nor once the
/// right one was shown.
#[tokio::test]
async fn guessing_is_shut_out() {
    let place = two_authorities();
    let lake = Lake::open(&place.root(), &[]).unwrap();
    let (created, role) = (DateTime::UNIX_EPOCH, Principal::Analyst);
    let token =
        Access::create(&lake, role, String::new(), created, created + TimeDelta::days(1)).await;
    let token = token.unwrap();
    let guess = format!("carnac_{}_{}", id(&token), "0".repeat(64));
    let [known, new] = [(); 2].map(|()| Access::new(lake.clone(), None, minutes).unwrap());
    assert!(known.caller(Some(&token), HERE).await.is_ok());
    for access in [&known, &new] {
        for _ in 0..5 {
            let error = access.caller(Some(&guess), HERE).await.unwrap_err().to_string();
            assert!(error.contains("not one of this lake"), "{error}");
        }
        let error = access.caller(Some(&guess), HERE).await.unwrap_err().to_string();
        assert!(error.contains("too many wrong ones"), "{error}");
    }
    assert!(known.caller(Some(&token), HERE).await.is_ok());
    assert!(new.caller(Some(&token), HERE).await.unwrap_err().to_string().contains("too many"));
    assert!(new.caller(Some(&guess), ELSEWHERE).await.unwrap_err().to_string().contains("not one"));
    let another = Access::new(lake.clone(), None, minutes).unwrap();
    for _ in 0..5 {
        assert!(another.caller(Some(&guess), HERE).await.is_err());
    }
    assert!(another.caller(Some(&token), ELSEWHERE).await.is_ok());
    LATER.store(1, Ordering::SeqCst);
    assert!(new.caller(Some(&token), HERE).await.is_ok());
}

static LATER: AtomicI64 = AtomicI64::new(0);

fn minutes() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(LATER.load(Ordering::SeqCst))
}

/// Each door tells where a call comes from: who guesses there shuts out itself, and not the owner.
#[tokio::test]
async fn who_guesses_at_a_door_does_not_shut_out_the_owner() {
    let place = two_authorities();
    let (server, address) = place.serve_postgres(&[]);
    let elsewhere = Client::builder().local_address(ELSEWHERE).build().unwrap();
    let from_elsewhere = async |token: &str| {
        let url = format!("http://{}/query", server.address);
        let request = elsewhere.post(url).bearer_auth(token).body("select 1 as a");
        request.send().await.unwrap().status()
    };
    let told = async |door: &str, token: &str| match door {
        "HTTP" => http(&server, Some(&format!("Bearer {token}")), "select 1 as a").await.1,
        "Flight" => {
            let mut client = connect(&server).await;
            client.set_token(token.to_owned());
            refused(&mut client, "select 1 as a").await
        }
        _ => crate::postgres::Client::connect_by(address, token).1.error.unwrap().1,
    };
    for door in ["HTTP", "Flight", "PostgreSQL"] {
        let token = create(&place, "analyst");
        let guess = format!("carnac_{}_{}", id(&token), "0".repeat(64));
        for _ in 0..5 {
            let told = told(door, &guess).await;
            assert!(told.contains("not one of this lake"), "{door}: {told}");
        }
        let told = told(door, &token).await;
        assert!(told.contains("too many wrong ones"), "{door}: {told}");
        assert_eq!(from_elsewhere(&token).await, StatusCode::OK, "{door}");
    }
}

#[tokio::test]
async fn both_doors_ask_for_a_token() {
    let place = two_authorities();
    let [analyst, rennes] = ["analyst", "authority:213502388"].map(|role| create(&place, role));
    let server = place.serve_with(&[], &["--anonymous", "nobody"]);
    let sql = "select count(*) from core.acts";
    let wrong = analyst.replace(id(&analyst), "000000000000");

    let (status, text) = http(&server, None, sql).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{text}");
    for sent in [format!("Bearer {wrong}"), format!("Digest {analyst}"), analyst.clone()] {
        let (status, text) = http(&server, Some(&sent), sql).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{text}");
        assert!(!text.contains(secret(&analyst)), "{text}");
    }
    for (token, count) in [(&analyst, 3), (&rennes, 2)] {
        let (status, text) = http(&server, Some(&format!("Bearer {token}")), sql).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        assert_eq!(text.lines().nth(1).unwrap(), count.to_string());
    }
    let health = reqwest::get(format!("http://{}/health", server.address)).await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);

    let mut client = connect(&server).await;
    assert!(refused(&mut client, sql).await.contains("a token is wanted"));
    assert!(client.get_sql_info(vec![]).await.is_err());
    client.set_token(wrong.clone());
    let error = refused(&mut client, sql).await;
    assert!(error.contains("the token is refused") && !error.contains(secret(&wrong)), "{error}");
    let mut client = connect(&server).await;
    assert!(client.handshake("anybody", &wrong).await.is_err());
    client.handshake("anybody", &rennes).await.unwrap();
    assert_eq!(number(&query(&mut client, sql).await), 2);

    place.ok(&["token", "revoke", id(&rennes)]);
    assert!(refused(&mut client, sql).await.contains("the token is refused"));
    let (status, _) = http(&server, Some(&format!("Bearer {rennes}")), sql).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

/// A token that does not hold is refused where none is wanted.
#[tokio::test]
async fn who_sends_no_token_is_anybody() {
    let place = two_authorities();
    let token = create(&place, "analyst");
    let server = place.serve_with(&[], &["--anonymous", "public"]);
    let sql = "select count(*) from core.acts";
    let (status, text) = http(&server, None, sql).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
    assert!(text.contains("core.acts"), "{text}");
    let schemas = "select count(distinct table_schema) from information_schema.tables";
    assert_eq!(http(&server, None, schemas).await.1.lines().nth(1), Some("3"));
    let (status, _) = http(&server, Some(&format!("Bearer {token}0")), "select 1").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(http(&server, Some(&format!("Bearer {token}")), sql).await.0, StatusCode::OK);
    for (path, status) in [
        ("authorities/213502388", StatusCode::FORBIDDEN),
        ("indicators/A08", StatusCode::NOT_FOUND),
        ("indicators", StatusCode::OK),
    ] {
        let found = reqwest::get(format!("http://{}/{path}", server.address)).await.unwrap();
        assert_eq!(found.status(), status, "{path}");
    }
    let mut client = connect(&server).await;
    assert!(refused(&mut client, sql).await.contains("core.acts"));
    client.set_token(token);
    assert_eq!(number(&query(&mut client, sql).await), 3);
}

/// One connection more than there may be of one address, or of all, is closed at both doors, and the
/// others are answered.
#[tokio::test]
async fn connections_are_counted() {
    let place = two_authorities();
    let (server, postgres) = place.serve_postgres(&[]);
    let address = server.address.parse().unwrap();
    let connect = async |from: IpAddr| -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(address).await.unwrap()
    };
    let ready = async |connection: &mut TcpStream| {
        // A server that has no place may be gone before the last byte.
        let request = b"GET /ready HTTP/1.0\r\nhost: localhost\r\n\r\n";
        connection.write_all(request).await.unwrap_or_default();
        let mut said = Vec::new();
        connection.read_to_end(&mut said).await.unwrap_or_default();
        said.ends_with(b"release 1\n")
    };
    let mut held = Vec::new();
    for (from, most) in [(HERE, 400), (ELSEWHERE, 100)] {
        for _ in 0..most {
            held.push(connect(from).await);
        }
        assert!(!ready(&mut connect(from).await).await, "{from}");
        let refusal = crate::postgres::Client::connect(postgres, &[]).1.error.unwrap();
        assert_eq!(refusal.0, "53300", "{}", refusal.1);
    }
    assert!(!ready(&mut connect(Ipv4Addr::new(127, 0, 0, 3).into()).await).await);
    assert!(ready(&mut held[0]).await && ready(&mut held[400]).await);
}
