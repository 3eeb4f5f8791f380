//! TLS at all doors: what is encrypted is answered, what is not is refused, and a certificate that
//! is no good stops the start.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::identity::{RENNES, create, two_authorities};
use crate::support::{Place, Server};

const FIRST: [&str; 2] = [include_str!("tls/first.pem"), include_str!("tls/first.key")];
const SECOND: [&str; 2] = [include_str!("tls/second.pem"), include_str!("tls/second.key")];

/// The wish of a PostgreSQL client to go on within TLS.
const WISH: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

type Encrypted = StreamOwned<ClientConnection, TcpStream>;

/// Puts a certificate and its key where the server looks for them.
fn put(place: &Place, [certificate, key]: [&str; 2]) {
    place.file("carnac.pem", certificate);
    place.file("carnac.key", key);
}

/// A server with TLS at both doors, and the address of the one for PostgreSQL.
fn serve(place: &Place) -> (Server, SocketAddr) {
    put(place, FIRST);
    place.serve_postgres(&["--tls-certificate", "carnac.pem", "--tls-key", "carnac.key"])
}

/// Agrees on keys over a connection with a server that shows this certificate.
fn within_tls(stream: TcpStream, shown: &str, protocols: &[&str]) -> std::io::Result<Encrypted> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(shown.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = "carnac.example".try_into().unwrap();
    let mut stream = StreamOwned::new(ClientConnection::new(config.into(), name).unwrap(), stream);
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(stream)
}

fn connect(address: impl std::net::ToSocketAddrs) -> TcpStream {
    TcpStream::connect(address).unwrap()
}

/// All that comes until the server closes, in whatever way.
fn rest(mut stream: impl Read) -> Vec<u8> {
    let mut rest = Vec::new();
    if let Err(error) = stream.read_to_end(&mut rest) {
        let is_end = [ErrorKind::ConnectionReset, ErrorKind::UnexpectedEof].contains(&error.kind());
        assert!(is_end, "{error}");
    }
    rest
}

fn ask(stream: impl Read + Write, token: &str) -> String {
    ask_bare(stream, &format!("Authorization: Bearer {token}\r\n"))
}

fn ask_bare(mut stream: impl Read + Write, head: &str) -> String {
    let body = "select string_agg(distinct siren, ',') as of from core.acts";
    let length = body.len();
    let request = format!(
        "POST /query?format=csv HTTP/1.1\r\nHost: carnac.example\r\nConnection: close\r\n\
         {head}Content-Length: {length}\r\n\r\n{body}"
    );
    // A server that speaks TLS only may be gone before the last byte.
    stream.write_all(request.as_bytes()).unwrap_or_default();
    String::from_utf8_lossy(&rest(stream)).into_owned()
}

/// The first message of a PostgreSQL session.
fn startup(user: &str) -> Vec<u8> {
    let body = [&0x0003_0000_u32.to_be_bytes()[..], b"user\0", user.as_bytes(), b"\0\0"].concat();
    [&u32::try_from(body.len() + 4).unwrap().to_be_bytes()[..], &body].concat()
}

fn password(token: &str) -> Vec<u8> {
    let length = u32::try_from(token.len() + 5).unwrap().to_be_bytes();
    [b"p", &length[..], token.as_bytes(), b"\0"].concat()
}

/// What a session is told after its password and before it leaves.
fn told(mut stream: impl Read + Write, token: &str) -> Vec<u8> {
    stream.write_all(&startup("me")).unwrap();
    let mut asked = [0; 9];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(asked, [b'R', 0, 0, 0, 8, 0, 0, 0, 3]);
    stream.write_all(&password(token)).unwrap();
    stream.write_all(b"X\0\0\0\x04").unwrap();
    rest(stream)
}

#[test]
fn both_doors_answer_within_tls() {
    let place = two_authorities();
    let token = create(&place, &format!("authority:{RENNES}"));
    let (server, postgres) = serve(&place);

    // By another name than the loopback one: the certificate says whose it is.
    let http = within_tls(connect(&server.address), FIRST[0], &["http/1.1"]).unwrap();
    let answer = ask(http, &token);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(RENNES), "{answer}");

    let mut asked = connect(postgres);
    asked.write_all(&WISH).unwrap();
    let mut granted = [0];
    asked.read_exact(&mut granted).unwrap();
    assert_eq!(&granted, b"S");
    let asked = within_tls(asked, FIRST[0], &[]).unwrap();
    let direct = within_tls(connect(postgres), FIRST[0], &["postgresql"]).unwrap();
    for session in [asked, direct] {
        let told = told(session, &token);
        assert_eq!(told[..9], [b'R', 0, 0, 0, 8, 0, 0, 0, 0]);
        assert_eq!(told[told.len() - 6..], [b'Z', 0, 0, 0, 5, b'I']);
    }
}

/// A client takes an end that is not announced for one that somebody else made.
#[test]
fn a_cancel_within_tls_is_heard_to_its_end() {
    let place = two_authorities();
    let (_server, postgres) = serve(&place);
    let mut cancel = within_tls(connect(postgres), FIRST[0], &["postgresql"]).unwrap();
    let request = [16_u32, 80_877_102, 1, 2].map(u32::to_be_bytes).concat();
    cancel.write_all(&request).unwrap();
    let mut rest = Vec::new();
    cancel.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn nothing_is_answered_in_the_clear() {
    let place = two_authorities();
    let token = create(&place, "analyst");
    let (server, postgres) = serve(&place);

    let answer = ask(connect(&server.address), &token);
    assert!(!answer.contains("200 OK") && !answer.contains(RENNES), "{answer}");

    // No password is asked for.
    let mut session = connect(postgres);
    session.write_all(&startup("me")).unwrap();
    let refusal = rest(session);
    assert_eq!(refusal[0], b'E');
    assert!(refusal.windows(6).any(|part| part == b"C28000"), "{refusal:?}");

    // What was sent before the keys were agreed on is not taken for what comes after (CVE-2021-23214).
    let mut injected = connect(postgres);
    injected.write_all(&[&WISH[..], &startup("me")].concat()).unwrap();
    let granted = rest(injected);
    assert_eq!(granted, b"S");

    // TLS that is of another protocol, or does not say of which, is not taken for PostgreSQL's.
    for protocols in [&["http/1.1"][..], &[]] {
        let session = within_tls(connect(postgres), FIRST[0], protocols);
        let told = session.map(|mut session| {
            session.write_all(&startup("me")).unwrap_or_default();
            rest(session)
        });
        assert!(told.is_err() || told.is_ok_and(|told| told.is_empty()), "{protocols:?}");
    }
}

#[test]
fn a_certificate_is_read_again() {
    let place = two_authorities();
    let token = create(&place, "analyst");
    let (mut server, _) = serve(&place);
    let encrypted = |shown| within_tls(connect(&server.address), shown, &["http/1.1"]);
    let before = encrypted(FIRST[0]).unwrap();
    put(&place, [SECOND[0], FIRST[1]]);
    server.hang_up();
    server.hears("the certificate remains");
    let encrypted = |shown| within_tls(connect(&server.address), shown, &["http/1.1"]);
    assert!(encrypted(SECOND[0]).is_err());
    put(&place, SECOND);
    server.hang_up();
    server.hears("the certificate was read again");
    assert!(within_tls(connect(&server.address), FIRST[0], &["http/1.1"]).is_err());
    let after = within_tls(connect(&server.address), SECOND[0], &["http/1.1"]).unwrap();
    for connection in [before, after] {
        assert!(ask(connection, &token).starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

/// Others than the programs of this machine may come.
#[test]
fn nobody_asks_without_a_token_unless_that_is_said() {
    let place = two_authorities();
    let ask_without = |flags: &[&str]| {
        put(&place, FIRST);
        let with =
            [&["--tls-certificate", "carnac.pem", "--tls-key", "carnac.key"], flags].concat();
        let server = place.serve_with(&[], &with);
        let stream = within_tls(connect(&server.address), FIRST[0], &["http/1.1"]).unwrap();
        ask_bare(stream, "")
    };
    assert!(ask_without(&[]).starts_with("HTTP/1.1 401 "));
    assert!(ask_without(&["--anonymous", "analyst"]).starts_with("HTTP/1.1 200 "));
}

#[test]
fn what_is_no_certificate_stops_the_start() {
    let place = two_authorities();
    put(&place, FIRST);
    place.file("other.key", SECOND[1]);
    place.file("empty.pem", "");
    let cut: String = FIRST[0].lines().take(4).collect();
    place.file("cut.pem", &cut);
    let serve =
        |flags: &[&str]| place.fails(1, &[&["serve", "--listen", "127.0.0.1:0"], flags].concat());
    let with =
        |certificate: &str, key: &str| serve(&["--tls-certificate", certificate, "--tls-key", key]);
    for (certificate, key, reason) in [
        ("carnac.pem", "other.key", "TLS by carnac.pem and other.key: the certificate is no good"),
        ("empty.pem", "carnac.key", "its file holds no certificate as PEM"),
        ("cut.pem", "carnac.key", "TLS by cut.pem and carnac.key: the certificate is no good"),
        ("carnac.key", "carnac.key", "its file holds no certificate as PEM"),
        ("carnac.pem", "carnac.pem", "the file of its key holds no private key as PEM"),
        ("none.pem", "carnac.key", "read none.pem: "),
        ("carnac.pem", "none.key", "read none.key: "),
    ] {
        let errors = with(certificate, key);
        assert!(errors.contains(reason), "{certificate} {key}: {errors}");
    }
    assert!(serve(&["--tls-certificate", "carnac.pem"]).contains("--tls-key"));
    assert!(serve(&["--tls-key", "carnac.key"]).contains("--tls-certificate"));
    // Without TLS, on this machine only, and only when that is said.
    assert!(serve(&[]).contains("--insecure-loopback"));
    place.file("carnac.toml", "tls_certificate = 'carnac.pem'\ntls_key = 'other.key'\n");
    assert!(serve(&[]).contains("TLS by carnac.pem and other.key: "));
    place.file("carnac.toml", "insecure_loopback = true\n");
    let elsewhere = place.fails(1, &["serve", "--listen", "0.0.0.0:0"]);
    assert!(elsewhere.contains("no token may travel in the clear"), "{elsewhere}");
}
