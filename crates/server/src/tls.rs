//! TLS of all doors: one certificate, which can be read again while clients are connected.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{Error as PemError, PemObject};
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
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<Current>,
}

/// What a client is shown next.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// Reads a certificate and those that vouch for it, the server's own first, and its private
    /// key (PKCS#8, PKCS#1 or SEC1), both as PEM.
    ///
    /// # Errors
    /// [`Error::Certificate`] when one of them cannot be read, or the key is another one's.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self> {
        let current = Arc::new(Current(RwLock::new(read(certificate, key)?)));
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), current })
    }

    /// Reads the files again: connections from now on are shown what they hold.
    ///
    /// # Errors
    /// As [`Tls::read`]; the certificate remains as it was.
    pub fn reload(&self) -> Result<()> {
        let read = read(&self.certificate, &self.key)?;
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    /// Returns what agrees on keys with clients that want to speak one of these protocols.
    ///
    /// # Errors
    /// [`Error::Certificate`] when the library does not know the versions 1.2 and 1.3 of TLS.
    pub(crate) fn acceptor(&self, protocols: &[&[u8]]) -> Result<TlsAcceptor> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| damaged(&self.certificate, &error.to_string()))?;
        let resolver = Arc::<Current>::clone(&self.current);
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

fn damaged(path: &Path, reason: &str) -> Error {
    Error::Certificate { path: path.to_owned(), reason: reason.to_owned() }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>> {
    let chain: Result<Vec<_>, PemError> =
        CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|error| damaged(certificate, &error.to_string()))?;
    if chain.is_empty() {
        return Err(damaged(certificate, "it holds no certificate"));
    }
    // The reason of the library may show bytes of a key.
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        PemError::Io(error) => damaged(key, &error.to_string()),
        _ => damaged(key, "it holds no private key as PEM"),
    })?;
    let certified = CertifiedKey::from_der(chain, private, &ring::default_provider());
    let certified = certified.map_err(|error| damaged(certificate, &error.to_string()))?;
    Ok(Arc::new(certified))
}
