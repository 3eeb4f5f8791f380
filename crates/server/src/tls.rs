//! TLS of all doors: one certificate, which can be read again while clients are connected.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use crate::{Error, Result};

/// The bytes of a client: as they are, or within TLS.
pub(crate) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// How long a client may take to agree on keys.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the HTTP door speaks, Flight being HTTP/2.
pub(crate) const HTTP: &[&[u8]] = &[b"h2", b"http/1.1"];

/// What the PostgreSQL door speaks.
pub(crate) const POSTGRES: &[&[u8]] = &[b"postgresql"];

/// The certificate of the server, with its key.
#[derive(Debug, Clone)]
pub struct Tls(Arc<Current>);

/// What a client is shown next.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// Takes a certificate and those that vouch for it, the server's own first, and its private
    /// key (PKCS#8, PKCS#1 or SEC1), both as PEM.
    ///
    /// # Errors
    /// [`Error::Certificate`] when one of them is not that, or the key is another one's.
    pub fn of(certificate: &[u8], key: &[u8]) -> Result<Self> {
        Ok(Self(Arc::new(Current(RwLock::new(certified(certificate, key)?)))))
    }

    /// Takes another certificate and key: connections from now on are shown that one.
    ///
    /// # Errors
    /// As [`Tls::of`]; the certificate remains as it was.
    pub fn renew(&self, certificate: &[u8], key: &[u8]) -> Result<()> {
        let certified = certified(certificate, key)?;
        *self.0.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(())
    }

    /// Returns what agrees on keys with clients that want to speak one of these protocols.
    ///
    /// # Errors
    /// [`Error::Certificate`] when the library does not know the versions 1.2 and 1.3 of TLS.
    pub(crate) fn acceptor(&self, protocols: &[&[u8]]) -> Result<TlsAcceptor> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| damaged(&error.to_string()))?;
        let resolver = Arc::<Current>::clone(&self.0);
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Arc::new(config).into())
    }
}

/// Agrees on keys with a client, if there is something to do it with.
pub(crate) async fn accept(tls: Option<&TlsAcceptor>, stream: TcpStream) -> io::Result<Stream> {
    match tls {
        Some(tls) => {
            let agreed = tokio::time::timeout(PATIENCE, tls.accept(stream)).await;
            Ok(Either::Right(agreed.map_err(io::Error::from)??))
        }
        None => Ok(Either::Left(stream)),
    }
}

fn damaged(reason: &str) -> Error {
    Error::Certificate { reason: reason.to_owned() }
}

fn certified(certificate: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|error| damaged(&error.to_string()))?;
    if chain.is_empty() {
        return Err(damaged("its file holds no certificate as PEM"));
    }
    // The reason of the library may show bytes of a key.
    let private = PrivateKeyDer::from_pem_slice(key);
    let private =
        private.map_err(|_| damaged("the file of its key holds no private key as PEM"))?;
    let certified = CertifiedKey::from_der(chain, private, &ring::default_provider());
    Ok(Arc::new(certified.map_err(|error| damaged(&error.to_string()))?))
}
