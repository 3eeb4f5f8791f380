//! How a connection begins: within TLS or not, who it is, what it asks for.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use carnac_query::{Caller, Door};
use pgwire::messages::PgWireBackendMessage as Reply;
use pgwire::messages::response::TransactionStatus;
use pgwire::messages::startup::{
    Authentication, BackendKeyData, NegotiateProtocolVersion, SecretKey,
};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio_rustls::TlsAcceptor;

use crate::tls::{self, Stream};

use super::client::Client;
use super::connection::Connection;
use super::message::Opening;
use super::problem::{Fault, Problem};
use super::settings::Settings;
use super::{Cancels, House, stopped};

/// The newest minor version of the protocol that is spoken.
const MINOR: u32 = 2;

/// The same with the major version, as it is told.
const VERSION: i32 = 3 << 16 | 2;

/// How long a client may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(60);

/// The user who has no token, and is not asked for one; all others send one as their password.
const ANONYMOUS: &str = "anonymous";

/// The first byte of TLS: that of no message of the protocol.
const TLS_HANDSHAKE: u8 = 0x16;

/// How often a client may ask for encryption, of which there are two kinds.
const WISHES: usize = 2;

/// What a client asks for when it connects.
struct Asked {
    minor: u32,
    parameters: Vec<(String, String)>,
}

impl Asked {
    fn user(&self) -> Option<&str> {
        let user = self.parameters.iter().find(|(name, _)| name == "user");
        user.map(|(_, user)| user.as_str())
    }
}

/// What a connection turned out to begin with.
enum Opened {
    /// A session.
    Session(Asked),
    /// The wish to go on within TLS, which was granted.
    Tls,
    /// A cancel, of which nothing more comes.
    Cancel,
}

/// A client that is let in.
struct Guest {
    connection: Connection,
    asked: Asked,
    token: Option<String>,
    caller: Caller,
}

/// Lets a client in and answers it until it leaves.
pub(super) async fn begin(
    stream: TcpStream,
    house: House,
    cancels: Arc<Cancels>,
    is_full: bool,
    mut stopping: watch::Receiver<bool>,
) {
    let guest = tokio::select! {
        () = stopped(&mut stopping) => return,
        () = tokio::time::sleep(PATIENCE) => return,
        guest = let_in(stream, &house, &cancels, is_full) => guest,
    };
    let Some(Guest { connection, asked, token, caller }) = guest else { return };
    let cancel = Arc::new(Notify::new());
    let secret = secret();
    let cancellable =
        cancels.add(Bytes::copy_from_slice(&secret.to_be_bytes()), Arc::clone(&cancel));
    let mut client = Client {
        gateway: house.gateway,
        access: house.access,
        token,
        caller,
        connection,
        cancel,
        settings: Settings::default(),
        at: None,
        initial_at: None,
        pinned: None,
        transaction: TransactionStatus::Idle,
        prepared: BTreeMap::new(),
        portals: BTreeMap::new(),
        skips: false,
        is_amid: false,
    };
    match welcome(&mut client, &asked, cancellable.process, secret).await {
        Ok(()) => client.converse(stopping).await,
        Err(fault) => refuse(client.connection, fault).await,
    }
}

async fn refuse(mut connection: Connection, fault: Fault) {
    if let Fault::Told(problem) = fault {
        let problem = Problem::fatal(problem.code, problem.message);
        // A client that is gone already need not hear it.
        connection.put(&Reply::ErrorResponse(problem.response())).unwrap_or_default();
        connection.close().await;
    }
}

/// Finds out who a client is; none when it was told why it cannot stay, or left.
async fn let_in(
    stream: TcpStream,
    house: &House,
    cancels: &Cancels,
    is_full: bool,
) -> Option<Guest> {
    let mut connection = connect(stream, house.tls.as_ref()).await.ok()?;
    let mut opened = opening(&mut connection, house, cancels).await;
    if let (Ok(Opened::Tls), Some(tls)) = (&opened, &house.tls) {
        connection = connection.encrypt(tls).await.ok()?;
        opened = opening(&mut connection, house, cancels).await;
    }
    let known = async {
        match opened? {
            Opened::Session(_) if is_full => {
                let reason = "there are too many connections: try again in a moment";
                Err(Problem::fatal("53300", reason).into())
            }
            Opened::Session(asked) => {
                Ok(Some((authenticate(&mut connection, house, &asked).await?, asked)))
            }
            Opened::Tls | Opened::Cancel => Ok::<_, Fault>(None),
        }
    };
    match known.await {
        Ok(Some(((token, caller), asked))) => Some(Guest { connection, asked, token, caller }),
        Ok(None) => {
            // Within TLS, a client that asked to cancel waits to hear that it was heard.
            connection.close().await;
            None
        }
        Err(fault) => {
            refuse(connection, fault).await;
            None
        }
    }
}

/// Begins a connection; within TLS at once, when that is what its first byte is of.
async fn connect(stream: TcpStream, tls: Option<&TlsAcceptor>) -> io::Result<Connection> {
    let sender = stream.peer_addr()?.ip();
    let mut first = [0];
    let is_tls = tls.is_some() && stream.peek(&mut first).await? == 1 && first == [TLS_HANDSHAKE];
    let stream = tls::accept(tls.filter(|_| is_tls), stream).await?;
    match &stream {
        // What speaks another protocol, or does not say which, is not taken for this one.
        Stream::Right(stream) if stream.get_ref().1.alpn_protocol() != Some(tls::POSTGRES[0]) => {
            Err(io::ErrorKind::Unsupported.into())
        }
        _ => Ok(Connection::new(stream, sender)),
    }
}

/// Receives what a connection begins with.
async fn opening(
    connection: &mut Connection,
    house: &House,
    cancels: &Cancels,
) -> Result<Opened, Fault> {
    let has_tls = house.tls.is_some();
    for _ in 0..=WISHES {
        match connection.opening().await? {
            Opening::Tls if has_tls && !connection.is_encrypted() => {
                connection.put_byte(b'S').await?;
                return Ok(Opened::Tls);
            }
            Opening::Tls | Opening::Gss => connection.put_byte(b'N').await?,
            Opening::Cancel { process, secret } => {
                cancels.cancel(process, &secret);
                return Ok(Opened::Cancel);
            }
            Opening::Startup { .. } if has_tls && !connection.is_encrypted() => {
                let reason = "no token may travel in the clear: connect with sslmode=verify-full";
                return Err(Problem::fatal("28000", reason).into());
            }
            Opening::Startup { minor, parameters } => {
                return Ok(Opened::Session(Asked { minor, parameters }));
            }
        }
    }
    Err(Problem::fatal("08P01", "encryption was asked for again").into())
}

/// Asks a client for its token, unless it says that it has none; returns it, and who that is.
async fn authenticate(
    connection: &mut Connection,
    house: &House,
    asked: &Asked,
) -> Result<(Option<String>, Caller), Fault> {
    let token = match asked.user() {
        Some(ANONYMOUS) => None,
        Some(_) => {
            connection.put(&Reply::Authentication(Authentication::CleartextPassword))?;
            Some(connection.password().await?)
        }
        None => {
            let reason = "the client does not say which user it is";
            return Err(Problem::fatal("28000", reason).into());
        }
    };
    let caller = house.access.caller(token.as_deref(), connection.sender).await?;
    Ok((token, caller.by(Door::Postgres)))
}

/// Tells the client what it is to know, and takes what it sets.
async fn welcome(
    client: &mut Client,
    asked: &Asked,
    process: i32,
    secret: i32,
) -> Result<(), Fault> {
    let unknown: Vec<_> = asked
        .parameters
        .iter()
        .filter(|(name, _)| name.starts_with("_pq_."))
        .map(|(name, _)| name.clone())
        .collect();
    if asked.minor > MINOR || !unknown.is_empty() {
        let told = NegotiateProtocolVersion::new(VERSION, unknown);
        client.tell(&Reply::NegotiateProtocolVersion(told))?;
    }
    let settings = settings(&asked.parameters);
    client.settings.begin(&settings);
    let mut patience = client.patience();
    for (name, value) in settings.iter().filter(|(name, _)| name.starts_with("carnac.")) {
        client.read_at(name, Some(value), &mut patience).await?;
    }
    client.initial_at.clone_from(&client.at);
    client.tell(&Reply::Authentication(Authentication::Ok))?;
    client.tell_settings()?;
    client.tell_setting("session_authorization", asked.user().unwrap_or_default())?;
    client.tell(&Reply::BackendKeyData(BackendKeyData::new(process, SecretKey::I32(secret))))?;
    Ok(client.ready()?)
}

/// The settings that a client asks for: by their names, and in `options` as `-c name=value`.
fn settings(parameters: &[(String, String)]) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    for (name, value) in parameters {
        if name != "options" {
            settings.push((name.clone(), value.clone()));
            continue;
        }
        for word in value.replace("\\ ", "\u{0}").split_whitespace() {
            let word = word.trim_start_matches("--").trim_start_matches("-c");
            if let Some((name, value)) = word.split_once('=') {
                settings.push((name.replace('-', "_"), value.replace('\u{0}', " ")));
            }
        }
    }
    settings
}

/// A number that nobody guesses: the hash of nothing under a key that the system draws at random.
fn secret() -> i32 {
    let [a, b, c, d, ..] = RandomState::new().hash_one(()).to_be_bytes();
    i32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_hold_settings() {
        let asked = [
            ("user".to_owned(), "me".to_owned()),
            (
                "options".to_owned(),
                "-c carnac.release=3 -csearch_path=a\\ b --geqo=off -x".to_owned(),
            ),
        ];
        let expected =
            [("user", "me"), ("carnac.release", "3"), ("search_path", "a b"), ("geqo", "off")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(settings(&asked), expected);
    }
}
