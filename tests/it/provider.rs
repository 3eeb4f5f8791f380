//! Tokens of an identity provider, whose keys are in a file or at an address.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use carnac_lake::Lake;
use carnac_query::{Access, Kind, Principal, Provider};
use chrono::{DateTime, TimeDelta};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::identity::two_authorities;
use crate::support::{ELSEWHERE, HERE};

/// A pair of keys made for this test: the private one (PKCS 8), and what a provider publishes.
const PRIVATE: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7fuAWDUO/Ru/qCeV1RYzgLSgfd4ar4uDQWphTqykprah\
RANCAASRSdim6zYi4HLm8KZbuvvvnkgtmwJuSAsOQSXyk/vkSpbdt6l56XP26NP66NZgkl2X1iQQ+WJLdgO+GJDipTgf";
const PUBLISHED: &str = r#"{"keys": [
    {"kty": "EC", "crv": "P-256", "kid": "one", "alg": "ES256",
     "x": "kUnYpus2IuBy5vCmW7r7755ILZsCbkgLDkEl8pP75Eo", "y": "lt23qXnpc_bo0_ro1mCSXZfWJBD5Ykt2A74YkOKlOB8"},
    {"kty": "oct", "kid": "shared", "k": "c2VjcmV0LW9mLXRoZS1wcm92aWRlcg"}]}"#;

/// A token of these claims and this key, signed.
fn signed(algorithm: Algorithm, kid: &str, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = Some(kid.to_owned());
    let key = match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_der(&STANDARD.decode(PRIVATE).unwrap()),
        _ => EncodingKey::from_secret(b"secret-of-the-provider"),
    };
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

/// The provider whose keys are there.
fn provider(jwks: &str) -> Provider {
    let (issuer, audience) = ("https://id.example".to_owned(), "carnac".to_owned());
    Provider::new(jwks.parse().unwrap(), issuer, audience).unwrap()
}

#[tokio::test]
async fn the_tokens_of_an_identity_provider_are_taken() {
    let place = two_authorities();
    let provider = provider(&place.file("keys.json", PUBLISHED));
    let lake = Lake::open(&place.root(), &[]).unwrap();
    let clock = || DateTime::UNIX_EPOCH + TimeDelta::seconds(1_000);
    let access = Access::new(lake, Some(Principal::Public), clock).unwrap();
    let access = access.trusting(provider).await.unwrap();
    let good = json!({ "iss": "https://id.example", "aud": ["carnac"], "nbf": 1_000, "exp": 1_001,
                       "carnac_role": "authority:213502388" });
    let but = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        signed(Algorithm::ES256, "one", &claims)
    };
    let token = signed(Algorithm::ES256, "one", &good);
    let found = access.caller(Some(&token), HERE).await.unwrap();
    assert_eq!(found.to_string(), "authority:213502388 jwt");
    let named = access.caller(Some(&but("sub", json!("camille"))), HERE).await.unwrap();
    assert_eq!(named.token.as_deref(), Some("camille"));
    let analyst = but("carnac_role", json!("analyst"));
    assert_eq!(access.caller(Some(&analyst), HERE).await.unwrap().principal, Principal::Analyst);

    let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
    let mixed =
        format!("{}.{}", analyst.rsplit_once('.').unwrap().0, token.rsplit('.').next().unwrap());
    let none =
        token.replace(token.split('.').next().unwrap(), "eyJhbGciOiJub25lIiwia2lkIjoib25lIn0");
    let wrong = [
        but("exp", json!(1_000)),
        but("exp", json!("1001")),
        but("exp", Value::Null),
        but("nbf", json!(1_001)),
        but("nbf", json!("0")),
        but("iss", json!("https://other.example")),
        but("iss", Value::Null),
        but("aud", json!("other")),
        but("aud", Value::Null),
        but("carnac_role", json!("admin")),
        but("carnac_role", json!(["analyst"])),
        signed(Algorithm::ES256, "two", &good),
        signed(Algorithm::HS256, "shared", &good),
        signed(Algorithm::HS256, "one", &good),
        unsigned,
        mixed,
        none,
        ".".to_owned(),
    ];
    for token in wrong {
        let error = access.caller(Some(&token), HERE).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unauthenticated, "{token}");
    }
}

/// Who sends many that do not hold is looked at no more for a minute; others are.
#[tokio::test]
async fn signed_tokens_that_do_not_hold_are_counted_by_sender() {
    let place = two_authorities();
    let lake = Lake::open(&place.root(), &[]).unwrap();
    let access = Access::new(lake, None, || DateTime::UNIX_EPOCH).unwrap();
    let access = access.trusting(provider(&place.file("keys.json", PUBLISHED))).await.unwrap();
    let claims = json!({ "iss": "https://id.example", "aud": "carnac", "exp": 1,
                         "carnac_role": "analyst" });
    let token = signed(Algorithm::ES256, "one", &claims);
    for _ in 0..100 {
        let error = access.caller(Some("a.b.c"), HERE).await.unwrap_err().to_string();
        assert!(error.contains("not one of this lake"), "{error}");
    }
    let error = access.caller(Some(&token), HERE).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthenticated);
    assert!(error.to_string().contains("too many wrong ones"), "{error}");
    assert!(access.caller(Some(&token), ELSEWHERE).await.is_ok());
}

#[tokio::test]
async fn the_file_of_keys_is_read_at_each_token() {
    let place = two_authorities();
    let lake = Lake::open(&place.root(), &[]).unwrap();
    let clock = || DateTime::UNIX_EPOCH;
    let access = Access::new(lake, None, clock).unwrap();
    let access = access.trusting(provider(&place.file("keys.json", PUBLISHED))).await.unwrap();
    let claims = json!({ "iss": "https://id.example", "aud": "carnac", "exp": 1,
                         "carnac_role": "analyst" });
    let token = signed(Algorithm::ES256, "one", &claims);
    assert_eq!(access.caller(Some(&token), HERE).await.unwrap().principal, Principal::Analyst);
    // A key that is taken out signs no more.
    place.file("keys.json", r#"{"keys": []}"#);
    assert!(access.caller(Some(&token), HERE).await.is_err());
    place.file("keys.json", "nonsense");
    assert_eq!(access.caller(Some(&token), HERE).await.unwrap_err().kind(), Kind::Unavailable);
    let error = place.fails(
        1,
        &[
            "serve",
            "--insecure-loopback",
            "--jwks",
            "keys.json",
            "--issuer",
            "i",
            "--audience",
            "a",
        ],
    );
    assert!(error.contains("read the keys of the identity provider"), "{error}");
    assert!(place.fails(2, &["serve", "--jwks", "keys.json"]).contains("--issuer"));
}

/// What the provider's address answers next, and how often it was asked.
#[derive(Default)]
struct Publisher {
    keys: Mutex<Option<String>>,
    asked: AtomicUsize,
}

impl Publisher {
    /// Answers on a port of its own, from then on.
    async fn publish(self: Arc<Self>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = async |publisher: &Self, mut stream: TcpStream| {
            let (mut request, mut part) = (Vec::new(), [0; 1024]);
            while !request.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut part).await.unwrap();
                request.extend_from_slice(&part[..read]);
            }
            publisher.asked.fetch_add(1, Ordering::SeqCst);
            let (status, body) = match publisher.keys.lock().unwrap().clone() {
                Some(keys) => ("200 OK", keys),
                None => ("503 Service Unavailable", String::new()),
            };
            let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length");
            let answer = format!("{head}: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                answer(&self, stream).await;
            }
        });
        format!("http://{address}/keys")
    }
}

#[tokio::test]
async fn the_keys_of_a_provider_are_asked_for_at_its_address() {
    static NOW: AtomicI64 = AtomicI64::new(1_000);
    let clock = || DateTime::UNIX_EPOCH + TimeDelta::seconds(NOW.load(Ordering::SeqCst));
    let place = two_authorities();
    let publisher = Arc::new(Publisher::default());
    let address = Arc::clone(&publisher).publish().await;
    let publish = |keys: Option<&str>| *publisher.keys.lock().unwrap() = keys.map(str::to_owned);
    let asked = || publisher.asked.load(Ordering::SeqCst);
    let access = || {
        let lake = Lake::open(&place.root(), &[]).unwrap();
        Access::new(lake, Some(Principal::Public), clock).unwrap().trusting(provider(&address))
    };
    assert_eq!(access().await.unwrap_err().kind(), Kind::Unavailable);
    publish(Some(PUBLISHED));
    let access = access().await.unwrap();
    let token = |kid| {
        let claims = json!({ "iss": "https://id.example", "aud": "carnac", "exp": 9_999,
                             "carnac_role": "analyst" });
        signed(Algorithm::ES256, kid, &claims)
    };
    let (one, two) = (token("one"), token("two"));
    let kind = async |token: &str| match access.caller(Some(token), HERE).await {
        Ok(caller) => {
            assert_eq!(caller.principal, Principal::Analyst);
            Ok(())
        }
        Err(error) => Err(error.kind()),
    };
    let (begun, refused) = (asked(), Err(Kind::Unauthenticated));
    for _ in 0..3 {
        assert_eq!(kind(&one).await, Ok(()));
    }
    assert_eq!(asked(), begun);
    // A key that is not known is asked for, at most every 30 seconds.
    publish(Some(&PUBLISHED.replace("\"one\"", "\"two\"")));
    assert_eq!(kind(&two).await, refused);
    assert_eq!(asked(), begun);
    NOW.store(1_030, Ordering::SeqCst);
    assert_eq!(kind(&two).await, Ok(()));
    assert_eq!(kind(&one).await, refused);
    assert_eq!(asked(), begun + 1);
    // A key that is taken out is known no more after five minutes.
    publish(Some(PUBLISHED));
    NOW.store(1_329, Ordering::SeqCst);
    assert_eq!(kind(&two).await, Ok(()));
    NOW.store(1_330, Ordering::SeqCst);
    assert_eq!(kind(&two).await, refused);
    // When nobody answers, keys hold for an hour, and not longer.
    publish(None);
    NOW.store(1_330 + 3_599, Ordering::SeqCst);
    assert_eq!(kind(&one).await, Ok(()));
    NOW.store(1_330 + 3_600, Ordering::SeqCst);
    assert_eq!(kind(&one).await, Err(Kind::Unavailable));
    publish(Some("nonsense"));
    NOW.store(1_330 + 3_700, Ordering::SeqCst);
    assert_eq!(kind(&one).await, Err(Kind::Unavailable));
}

#[test]
fn keys_are_fetched_by_https_only() {
    let place = two_authorities();
    for address in ["http://id.example/keys", "ftp://id.example/keys", "http://127.0.0.1.example/"]
    {
        let flags = ["serve", "--jwks", address, "--issuer", "i", "--audience", "a"];
        assert!(place.fails(2, &flags).contains("by https only"), "{address}");
    }
}
