//! The one place that turns an error into what a protocol says.

use carnac_query::{Error, Kind};
use tonic::{Code, Status};

/// Returns the gRPC status of a failed query: its code, and a text that holds no value.
pub(crate) fn status(error: &Error) -> Status {
    let code = code(error.kind());
    if code == Code::Internal {
        tracing::error!(%error, "query failed");
    }
    // The whole error may show values of rows: it is for whoever asks for it at this level.
    tracing::debug!(?error, "query ended in an error");
    Status::new(code, error.to_string())
}

fn code(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::Denied => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::Internal => Code::Internal,
    }
}
