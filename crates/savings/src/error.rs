//! Why a scenario cannot be computed. The texts name what its author wrote, never a row of data.

/// Result of reading or computing a scenario.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A scenario that cannot be read or computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is no scenario.
    #[error("the scenario cannot be read: {0}")]
    Unreadable(String),
    /// A value of the scenario is not possible.
    #[error("the scenario's {what}: {reason}")]
    Impossible {
        /// The key.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No cost is known for the year.
    #[error("no cost parameter is in force on 31 December {0}")]
    NoParameter(i32),
    /// No use is known for the year.
    #[error("no volume is known for {0} in this perimeter")]
    NoVolume(i32),
    /// The numbers do not fit.
    #[error("the numbers are too large to be computed exactly")]
    TooLarge,
}

impl Error {
    pub(crate) fn impossible(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Impossible { what: what.into(), reason: reason.into() }
    }
}
