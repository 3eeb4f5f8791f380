//! Why something is refused or ended, as the protocol tells it.

use std::io;

use carnac_query::Error;
use pgwire::messages::response::ErrorResponse;

use crate::wire;

/// A reason, with its SQLSTATE.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) message: String,
    is_fatal: bool,
}

impl Problem {
    /// What ends a statement.
    pub(super) fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), is_fatal: false }
    }

    /// What ends the connection.
    pub(super) fn fatal(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), is_fatal: true }
    }

    pub(super) fn is_fatal(&self) -> bool {
        self.is_fatal
    }

    pub(super) fn response(&self) -> ErrorResponse {
        let severity = if self.is_fatal { "FATAL" } else { "ERROR" };
        let fields =
            [(b'S', severity), (b'V', severity), (b'C', self.code), (b'M', self.message.as_str())];
        ErrorResponse::new(fields.map(|(kind, text)| (kind, text.replace('\0', " "))).to_vec())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::error(wire::sqlstate(&error), error.to_string())
    }
}

/// Why a connection does not go on as it was.
#[derive(Debug)]
pub(super) enum Fault {
    /// The client is told.
    Told(Problem),
    /// The client is not there to be told.
    Gone,
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::Told(problem)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Told(error.into())
    }
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}
