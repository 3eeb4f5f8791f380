//! What a query came to, for who collects it elsewhere: told once it has ended, and lost rather than
//! waited for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::Sender;

use crate::Caller;

/// A query that has ended, without any value of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Its id, as errors and logs say it.
    pub query: String,
    /// Where it came in.
    pub door: &'static str,
    /// Who asked, without saying which authority.
    pub role: &'static str,
    /// The statement with `?` for every value, as the audit log has it.
    pub statement: String,
    /// How it ended: `answered`, `left`, or what failed.
    pub outcome: &'static str,
    /// Whether something failed.
    pub has_failed: bool,
    /// The release that it read; none when it came to none.
    pub release: Option<u64>,
    /// Rows that were answered.
    pub rows: u64,
    /// Bytes that were answered, as they stood in memory.
    pub bytes: u64,
    /// When it came.
    pub began: DateTime<Utc>,
    /// How long it went on, up to its last row.
    pub time: Duration,
}

/// Where traces go, and the clock that dates them.
#[derive(Debug, Clone)]
pub struct Traces {
    sender: Sender<Trace>,
    clock: fn() -> DateTime<Utc>,
}

impl Traces {
    /// Sends traces there; those that find no room are lost.
    #[must_use]
    pub fn new(sender: Sender<Trace>, clock: fn() -> DateTime<Utc>) -> Self {
        Self { sender, clock }
    }

    /// Returns the trace of a query that has just come.
    pub(crate) fn begin(&self, query: &str, caller: &Caller, statement: &str) -> Trace {
        Trace {
            query: query.to_owned(),
            door: caller.door.name(),
            role: caller.principal.role(),
            statement: statement.to_owned(),
            outcome: "",
            has_failed: false,
            release: None,
            rows: 0,
            bytes: 0,
            began: (self.clock)(),
            time: Duration::ZERO,
        }
    }

    /// Tells of a query; nobody waits for it to be heard.
    pub(crate) fn tell(&self, trace: Trace) {
        self.sender.try_send(trace).unwrap_or_default();
    }
}
