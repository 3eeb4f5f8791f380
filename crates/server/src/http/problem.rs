//! What a client is told when there is no answer: `{"status": 404, "error": "…"}`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use carnac_query::Error;
use serde_json::json;

use crate::wire;

/// A refusal: its status, and a text that holds no value of a row.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    reason: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }

    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::new(wire::http_status(&error), error.to_string())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::invalid(rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let told = json!({ "status": self.status.as_u16(), "error": self.reason });
        let reply = (self.status, Json(told));
        if self.status == StatusCode::UNAUTHORIZED {
            return ([(header::WWW_AUTHENTICATE, "Bearer")], reply).into_response();
        }
        reply.into_response()
    }
}
