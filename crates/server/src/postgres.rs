//! The PostgreSQL protocol (version 3) over the gateway, on a port of its own.
//!
//! ```text
//! bytes ─ message ─ client ─┬─ statement of the session: settings, transactions, cursors
//!                           └─ query ─ Gateway::run ─ rows ─ encode ─ bytes
//! ```
//!
//! Rows go out as fast as the client takes them. A cancel, a time that is over and a client that
//! leaves end the query that runs, also while it sends nothing.

mod client;
mod connection;
mod copy;
mod encode;
mod message;
mod numeric;
mod parameter;
mod portal;
mod problem;
mod run;
mod session;
mod settings;
mod startup;
mod statement;
mod time;
mod token;
mod types;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use carnac_query::{Access, Gateway};
use futures::StreamExt;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::places::Places;

/// Most prepared statements, and most open portals, of one session.
const MOST: usize = 1000;

/// Connections that may wait to be told that there is no place, or to cancel.
const WITHOUT_PLACE: usize = 100;

/// What all connections share.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) access: Arc<Access>,
    /// Places for connections, those of the other doors too.
    pub(crate) places: Arc<Places>,
    /// What agrees on keys; without it, all travels in the clear.
    pub(crate) tls: Option<TlsAcceptor>,
}

/// Answers on `listener` until the server stops, then lets running answers end.
pub(crate) async fn serve(
    listener: TcpListener,
    house: House,
    mut stopping: watch::Receiver<bool>,
) {
    let cancels = Arc::new(Cancels::default());
    let waiting = Arc::new(Semaphore::new(WITHOUT_PLACE));
    let mut comers = crate::clients(listener);
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stopping) => break,
            Some(_) = clients.join_next() => continue,
            Some(accepted) = comers.next() => accepted,
        };
        match accepted {
            Ok(stream) => {
                // Who is gone already has no address any more.
                let Ok(peer) = stream.peer_addr() else { continue };
                let place = house.places.take(peer.ip());
                let waits = match place {
                    Some(_) => None,
                    None => match Arc::clone(&waiting).try_acquire_owned() {
                        Ok(waits) => Some(waits),
                        Err(_) => continue,
                    },
                };
                let house = house.clone();
                let (cancels, stopping) = (Arc::clone(&cancels), stopping.clone());
                clients.spawn(async move {
                    startup::begin(stream, house, cancels, place.is_none(), stopping).await;
                    drop((place, waits));
                });
            }
            // No descriptor may be left: there is one again when a client leaves.
            Err(error) => {
                tracing::warn!(%error, "a PostgreSQL client cannot be let in");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
    while clients.join_next().await.is_some() {}
}

/// Completes once the server stops.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // The sender is there as long as the server.
    drop(stopping.wait_for(|is_stopping| *is_stopping).await);
}

/// Whom a cancel is for: sessions by their number, each with what it alone was told.
#[derive(Debug, Default)]
struct Cancels(Mutex<BTreeMap<i32, (Bytes, Arc<Notify>)>>);

impl Cancels {
    /// Interrupts the statement of a session, if that is its secret and it has one.
    fn cancel(&self, process: i32, secret: &[u8]) {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cancel)) = sessions.get(&process).filter(|(own, _)| own == secret) {
            cancel.notify_waiters();
        }
    }

    /// Adds a session; it is taken out when what is returned is dropped.
    fn add(self: &Arc<Self>, secret: Bytes, cancel: Arc<Notify>) -> Cancellable {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = sessions.last_key_value().map_or(0, |(process, _)| *process);
        let free = (1..).find(|process| !sessions.contains_key(process));
        let process = last.checked_add(1).or(free).unwrap_or(i32::MAX);
        sessions.insert(process, (secret, cancel));
        Cancellable { process, cancels: Arc::clone(self) }
    }
}

/// A session that a cancel can be for.
struct Cancellable {
    process: i32,
    cancels: Arc<Cancels>,
}

impl Drop for Cancellable {
    fn drop(&mut self) {
        let mut sessions = self.cancels.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&self.process);
    }
}
