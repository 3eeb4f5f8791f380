//! What can go wrong before and around the protocols.

use std::net::SocketAddr;

/// Result of starting or running the server.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A server that cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address can be reached from elsewhere.
    #[error(
        "serve on {address}: there is no TLS yet, and no token may travel in the clear, so only \
         loopback addresses (127.0.0.1 or [::1]) are served"
    )]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
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
