//! Who asks, by which token and which door: what limits and the audit log are about.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Principal;

/// A door to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// The command line, on the machine of the lake.
    Command,
    /// Arrow Flight SQL.
    Flight,
    /// HTTP.
    Http,
    /// The PostgreSQL protocol.
    Postgres,
}

impl Door {
    /// Returns its name, as it is counted and logged.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Flight => "flight",
            Self::Http => "http",
            Self::Postgres => "postgres",
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The role, which says what exists.
    pub principal: Principal,
    /// The id of the token, or whom an identity provider names; none for who has shown neither.
    pub token: Option<Arc<str>>,
    /// Where it came in.
    pub door: Door,
    /// How long a query of theirs may go on, if less than the server lets it.
    pub patience: Option<Duration>,
}

impl Caller {
    /// Returns one who shows a token of this id.
    pub(crate) fn known(principal: Principal, token: &str) -> Self {
        Self { token: Some(token.into()), ..principal.into() }
    }

    /// Returns the same one at a door.
    #[must_use]
    pub fn by(self, door: Door) -> Self {
        Self { door, ..self }
    }

    /// Returns how long they wait for what may take so long.
    pub(crate) fn at_most(&self, limit: Duration) -> Duration {
        self.patience.map_or(limit, |patience| patience.min(limit))
    }

    /// Returns the same one, who waits no longer than that for a query.
    #[must_use]
    pub fn within(self, patience: Option<Duration>) -> Self {
        Self { patience, ..self }
    }
}

/// Who shows no token.
impl From<Principal> for Caller {
    fn from(principal: Principal) -> Self {
        Self { principal, token: None, door: Door::Command, patience: None }
    }
}

/// The role, and the token if there is one: the same at every door.
impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.token {
            Some(token) => write!(f, "{} {token}", self.principal),
            None => self.principal.fmt(f),
        }
    }
}
