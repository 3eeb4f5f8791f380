//! The one place that turns an error into what a protocol says.

use axum::http::StatusCode;
use carnac_query::{Error, Kind};
use tonic::{Code, Status};

/// Returns the gRPC status of a failed query: its code, and a text that holds no value.
pub(crate) fn status(error: &Error) -> Status {
    told(error);
    Status::new(code(error.kind()), error.to_string())
}

/// Returns the HTTP status of a failed query.
pub(crate) fn http_status(error: &Error) -> StatusCode {
    told(error);
    match error.kind() {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Denied => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Exhausted => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Busy | Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Returns the SQLSTATE of a failed query.
pub(crate) fn sqlstate(error: &Error) -> &'static str {
    told(error);
    error.sqlstate()
}

fn told(error: &Error) {
    if error.kind() == Kind::Internal {
        tracing::error!(%error, "query failed");
    }
    // The whole error may show values of rows: it is for whoever asks for it at this level.
    tracing::debug!(?error, "query ended in an error");
}

fn code(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Denied => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::Busy | Kind::Unavailable => Code::Unavailable,
        Kind::TimedOut => Code::DeadlineExceeded,
        Kind::Internal => Code::Internal,
    }
}
