//! What can go wrong before and around the protocols.

use std::net::SocketAddr;

/// Result of starting or running the server.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A server that cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Tokens would travel in the clear.
    #[error(
        "serve on {address}: no token may travel in the clear: name a certificate and its key with \
         --tls-certificate and --tls-key, or serve programs of this machine alone on a loopback \
         address (127.0.0.1 or [::1]) with --insecure-loopback"
    )]
    InTheClear {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The certificate or its key is not one.
    #[error("the certificate is no good: {reason}")]
    Certificate {
        /// What is wrong with it, or with its key.
        reason: String,
    },
    /// The port cannot be had.
    #[error("listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The transport failed.
    #[error("serve: {source}")]
    Serve {
        /// The transport's own reason.
        source: tonic::transport::Error,
    },
}
