//! The protocols over the gateway. This crate sees no path, no table and no session: only the
//! gateway, who asks, and the answer.

mod error;
mod flight;
mod http;
mod linger;
mod postgres;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use carnac_query::{Gateway, Principal};
use futures::TryStreamExt;
use linger::Lingering;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Status};

pub use error::{Error, Result};

/// How long running answers may go on after the server was asked to stop.
const DRAIN: Duration = Duration::from_secs(30);

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    postgres: Option<(TcpListener, SocketAddr)>,
}

/// Listens on `address`; port 0 takes a free one.
///
/// There is no access control yet, so nothing but a loopback address is accepted.
///
/// # Errors
/// [`Error::NotLoopback`], or when the port is taken.
pub async fn bind(address: SocketAddr) -> Result<Bound> {
    let (listener, address) = listen(address).await?;
    Ok(Bound { listener, address, postgres: None })
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback { address });
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
        Ok(Self { postgres: Some(listen(address).await?), ..self })
    }

    /// Returns the address on which it speaks the PostgreSQL protocol, if it does.
    #[must_use]
    pub fn postgres_address(&self) -> Option<SocketAddr> {
        self.postgres.as_ref().map(|(_, address)| *address)
    }

    /// Answers Flight SQL and HTTP, and PostgreSQL if asked to, until `shutdown`, then refuses new
    /// calls and lets running answers end, for 30 seconds at most.
    ///
    /// # Errors
    /// When the transport fails.
    pub async fn serve(
        self,
        gateway: Arc<Gateway>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<()> {
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = watch::channel(false);
        let http = http::router(Arc::clone(&gateway), &stopping);
        let postgres = self.postgres.map(|(listener, _)| {
            Box::pin(postgres::serve(listener, Arc::clone(&gateway), stopped))
        });
        let service = flight::Service::new(gateway);
        let service = FlightServiceServer::with_interceptor(service, refusing(&stopping));
        let routes = Routes::from(http).add_service(service);
        let (asked, was_asked) = tokio::sync::oneshot::channel();
        let shutdown = async {
            shutdown.await;
            stopping.store(true, Ordering::SeqCst);
            stop.send_replace(true);
            tracing::info!("stopping: new queries are refused, running answers may end");
            // Nobody listens any more when the transport has failed.
            asked.send(()).unwrap_or_default();
        };
        // An answer smaller than a packet must not wait for the next one.
        let incoming = TcpIncoming::from(self.listener).with_nodelay(Some(true));
        let incoming = incoming.map_ok(Lingering::from);
        // Flight is HTTP/2; what else comes to the port is of HTTP.
        let serving = Server::builder()
            .accept_http1(true)
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, shutdown);
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

/// Until there is access control, whoever reaches the loopback port is an analyst.
const PRINCIPAL: Principal = Principal::Analyst;

/// What a client is told while the server stops.
const STOPPING: &str = "the server is stopping: ask again in a moment";

/// Refuses calls once the server is stopping, on connections that it has still.
fn refusing(
    stopping: &Arc<AtomicBool>,
) -> impl FnMut(Request<()>) -> Result<Request<()>, Status> + Clone + use<> {
    let stopping = Arc::clone(stopping);
    move |call| match stopping.load(Ordering::SeqCst) {
        true => Err(Status::unavailable(STOPPING)),
        false => Ok(call),
    }
}
