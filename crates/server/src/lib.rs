//! The protocols over the gateway. This crate sees no path, no table and no session: only the
//! gateway, who asks, and the answer.

mod error;
mod flight;
mod http;
mod identify;
mod linger;
mod places;
mod postgres;
mod tls;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use carnac_query::{Access, Gateway};
use futures::future::ready;
use futures::{Stream, TryStreamExt};
use identify::Sender;
use linger::Lingering;
use places::Places;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

pub use error::{Error, Result};
pub use tls::Tls;

/// How long running answers may go on after the server was asked to stop.
const DRAIN: Duration = Duration::from_secs(30);

/// How long a client sends nothing before it is asked whether it is there, and then has to answer.
const SILENCE: Duration = Duration::from_secs(60);

/// How often the system asks the machine of a client (TCP keepalive) in the time it has to answer.
const PROBES: u32 = 3;

/// Requests of one connection at once.
const REQUESTS: u32 = 256;

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Bound {
    security: Security,
    listener: TcpListener,
    address: SocketAddr,
    postgres: Option<(TcpListener, SocketAddr)>,
}

/// How tokens travel.
#[derive(Debug, Clone)]
pub enum Security {
    /// Within TLS.
    Tls(Tls),
    /// In the clear, between programs of one machine: on a loopback address only.
    Loopback,
}

impl Security {
    /// Returns what agrees on keys with clients that speak one of these protocols, if it has to be.
    fn acceptor(&self, protocols: &[&[u8]]) -> Result<Option<TlsAcceptor>> {
        match self {
            Self::Tls(tls) => tls.acceptor(protocols).map(Some),
            Self::Loopback => Ok(None),
        }
    }
}

/// Listens on `address`; port 0 takes a free one.
///
/// # Errors
/// [`Error::InTheClear`] for an address that is not loopback, without TLS; when the port is taken.
pub async fn bind(address: SocketAddr, security: Security) -> Result<Bound> {
    let (listener, address) = listen(address, &security).await?;
    Ok(Bound { security, listener, address, postgres: None })
}

async fn listen(address: SocketAddr, security: &Security) -> Result<(TcpListener, SocketAddr)> {
    if matches!(security, Security::Loopback) && !address.ip().is_loopback() {
        return Err(Error::InTheClear { address });
    }
    let failed = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

impl Bound {
    /// Returns the address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens on `address` too, for the PostgreSQL protocol; port 0 takes a free one.
    ///
    /// # Errors
    /// As [`bind`].
    pub async fn with_postgres(self, address: SocketAddr) -> Result<Self> {
        Ok(Self { postgres: Some(listen(address, &self.security).await?), ..self })
    }

    /// Returns the address on which it speaks the PostgreSQL protocol, if it does.
    #[must_use]
    pub fn postgres_address(&self) -> Option<SocketAddr> {
        self.postgres.as_ref().map(|(_, address)| *address)
    }

    /// Answers Flight SQL and HTTP, and PostgreSQL if asked to, to whom `access` knows until
    /// `shutdown`, then refuses new calls and lets running answers end, for 30 seconds at most.
    ///
    /// # Errors
    /// When the transport fails.
    pub async fn serve(
        self,
        gateway: Arc<Gateway>,
        access: Arc<Access>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<()> {
        let http_tls = self.security.acceptor(tls::HTTP)?;
        let postgres_tls = self.security.acceptor(tls::POSTGRES)?;
        let is_loopback = http_tls.is_none();
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = watch::channel(false);
        let places = Arc::new(Places::default());
        let postgres = self.postgres.map(|(listener, _)| {
            let (gateway, access) = (Arc::clone(&gateway), Arc::clone(&access));
            let places = Arc::clone(&places);
            let house = postgres::House { gateway, access, places, tls: postgres_tls };
            Box::pin(postgres::serve(listener, house, stopped))
        });
        let http = http::router(Arc::clone(&gateway), &access, &stopping, is_loopback);
        let flight = flight::router(gateway, &access, &stopping);
        let routes = Routes::from(http.merge(flight));
        let (asked, was_asked) = tokio::sync::oneshot::channel();
        let shutdown = async {
            shutdown.await;
            stopping.store(true, Ordering::SeqCst);
            stop.send_replace(true);
            tracing::info!("stopping: new queries are refused, running answers may end");
            // Nobody listens any more when the transport has failed.
            asked.send(()).unwrap_or_default();
        };
        let serving = transport(SILENCE)
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming(self.listener, places, http_tls), shutdown);
        let drained = async {
            match was_asked.await {
                Ok(()) => tokio::time::sleep(DRAIN).await,
                Err(_) => std::future::pending().await,
            }
        };
        let serving = async {
            let failed = |source| Error::Serve { source };
            let postgres = async {
                if let Some(postgres) = postgres {
                    postgres.await;
                }
                Ok(())
            };
            tokio::try_join!(async { serving.await.map_err(failed) }, postgres).map(|_| ())
        };
        tokio::select! {
            served = serving => served,
            () = drained => {
                tracing::warn!("some clients did not leave in time: closing their connections");
                Ok(())
            }
        }
    }
}

/// What carries Flight, which is HTTP/2, and what else comes to its port, which is HTTP too.
fn transport(silence: Duration) -> Server {
    Server::builder()
        .accept_http1(true)
        .max_concurrent_streams(REQUESTS)
        .http2_keepalive_interval(Some(silence))
        .http2_keepalive_timeout(Some(silence))
}

/// The clients that come to a port. Those whose machine is gone without a word are found out.
fn clients(listener: TcpListener) -> TcpIncoming {
    TcpIncoming::from(listener)
        // An answer smaller than a packet must not wait for the next one.
        .with_nodelay(Some(true))
        .with_keepalive(Some(SILENCE))
        .with_keepalive_interval(Some(SILENCE / PROBES))
        .with_keepalive_retries(Some(PROBES))
}

/// The clients that come and find a place, those that agree on keys if it has to be.
fn incoming(
    listener: TcpListener,
    places: Arc<Places>,
    tls: Option<TlsAcceptor>,
) -> impl Stream<Item = io::Result<Lingering>> {
    let begin = move |(stream, sender, place): (TcpStream, _, _)| {
        let tls = tls.clone();
        async move {
            let stream = tls::accept(tls.as_ref(), stream).await;
            let told = |error| tracing::debug!(%error, "a client does not agree on keys");
            let stream = stream.map_err(told).ok();
            Ok(stream.map(|stream| Lingering::new(stream, sender, place, linger::OPENING)))
        }
    };
    let let_in = move |stream: TcpStream| {
        // Who is gone already has no address any more.
        let sender = stream.peer_addr().ok()?.ip();
        places.take(sender).map(|place| (stream, Sender(sender), place))
    };
    clients(listener)
        .try_filter_map(move |stream| ready(Ok(let_in(stream))))
        .map_ok(begin)
        // Those that are slow to agree on keys keep no other one waiting, also for its refusal.
        .try_buffer_unordered(places::MOST + 1)
        .try_filter_map(|client| ready(Ok(client)))
}

/// What a client is told while the server stops.
const STOPPING: &str = "the server is stopping: ask again in a moment";

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures::StreamExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpSocket;

    use super::*;

    async fn port() -> (TcpListener, SocketAddr) {
        listen((Ipv4Addr::LOCALHOST, 0).into(), &Security::Loopback).await.expect("a free port")
    }

    /// That the system does ask whether a machine is there, and closes, takes minutes: no test waits.
    #[tokio::test]
    async fn machines_are_asked_whether_they_are_there() -> io::Result<()> {
        let (listener, address) = port().await;
        let _client = TcpStream::connect(address).await?;
        let stream = clients(listener).next().await.expect("a client came")?;
        assert!(stream.nodelay()?);
        assert!(TcpSocket::from_std_stream(stream.into_std()?).keepalive()?);
        Ok(())
    }

    /// A client of HTTP/2 is told how much it may ask at once, and is left when it answers no ping.
    #[tokio::test]
    async fn clients_of_http_2_are_bounded_and_have_to_answer() -> io::Result<()> {
        let (listener, address) = port().await;
        let server = transport(Duration::from_millis(1)).add_routes(Routes::default());
        tokio::spawn(server.serve_with_incoming(clients(listener)));
        let mut client = TcpStream::connect(address).await?;
        let no_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        client.write_all(&[linger::PREFACE, &no_settings].concat()).await?;
        let mut told = Vec::new();
        client.read_to_end(&mut told).await?;
        // Of a frame: length, kind, flags, stream; of a setting: number, value.
        let (head, settings) = told.split_at(9);
        let (settings, _) = settings.split_at(usize::from(head[2]));
        assert_eq!(head[3], 4);
        let (most, _) = settings.as_chunks::<6>();
        let most = most.iter().find_map(|setting| setting.strip_prefix(&[0, 3]));
        assert_eq!(most, Some(&REQUESTS.to_be_bytes()[..]));
        Ok(())
    }
}
