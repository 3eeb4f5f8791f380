//! What a query can end in: a kind to branch on, and a text that holds no value of any row.

mod sqlstate;

use std::path::PathBuf;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;

use crate::scenario;

/// Result of loading or asking.
pub type Result<T, E = Error> = std::result::Result<T, E>;

const ON_A_VALUE: &str = "the query failed on a value while running (a conversion, a division or an overflow); \
                          try_cast and nullif pass over such values";

const EXHAUSTED: &str = "the query needs more memory than it may use; ask for less";

const INTERNAL: &str = "internal error";

const UNREADABLE: &str = "the data cannot be read now; try again";

/// What a client can do about an error; the one thing that protocols translate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The text or a parameter is wrong: mend it.
    Invalid,
    /// Who asks is not known: present a token that holds.
    Unauthenticated,
    /// Not for this principal, or not on this read-only server.
    Denied,
    /// It does not exist.
    NotFound,
    /// Too large for the memory allowed: ask for less.
    Exhausted,
    /// Too many queries run: ask again in a moment.
    Busy,
    /// It took longer than it may: ask for less.
    TimedOut,
    /// There is nothing to read yet, or storage does not answer: try again later.
    Unavailable,
    /// Our fault.
    Internal,
}

impl Kind {
    /// Returns its name, as it is counted.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Exhausted => "exhausted",
            Self::Busy => "busy",
            Self::TimedOut => "timed_out",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// A failed load or query.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder of SQL files cannot be read.
    #[error("read {}: {source}", path.display())]
    ReadSql {
        /// The folder or file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A SQL file is wrong; nothing starts until it is mended.
    #[error("{file}:{line}: {reason}\n  | {text}")]
    SqlFile {
        /// The file, below the folder of SQL files.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
        /// The line itself.
        text: String,
    },
    /// The statement is refused as written.
    #[error("{reason}")]
    Refused {
        /// Whether it can be mended or is not allowed.
        kind: Kind,
        /// Why, and what to do.
        reason: String,
    },
    /// Planning or running failed.
    #[error("{public}")]
    Query {
        /// What a client can do.
        kind: Kind,
        /// The text for clients.
        public: String,
        /// The whole reason, for the log.
        source: Box<DataFusionError>,
    },
    /// The lake failed.
    #[error("{}{source}", preface(source))]
    Lake {
        /// The lake's own reason.
        #[from]
        source: carnac_lake::Error,
    },
}

impl Error {
    /// Returns what a client can do about it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::ReadSql { .. } | Self::SqlFile { .. } => Kind::Internal,
            Self::Refused { kind, .. } | Self::Query { kind, .. } => *kind,
            Self::Lake {
                source: carnac_lake::Error::NoRelease { .. } | carnac_lake::Error::NoEdition { .. },
            } => Kind::NotFound,
            Self::Lake { source: carnac_lake::Error::EditionExists { .. } } => Kind::Invalid,
            Self::Lake { .. } => Kind::Unavailable,
        }
    }

    /// Returns the error with the name of its query when it is ours: it is found in the log then.
    pub(crate) fn of_query(self, id: &str) -> Self {
        let named = |text: String| format!("{text} (query {id})");
        match self {
            Self::Refused { kind: Kind::Internal, reason } => {
                Self::Refused { kind: Kind::Internal, reason: named(reason) }
            }
            Self::Query { kind: Kind::Internal, public, source } => {
                Self::Query { kind: Kind::Internal, public: named(public), source }
            }
            other => other,
        }
    }

    pub(crate) fn refused(kind: Kind, reason: impl Into<String>) -> Self {
        Self::Refused { kind, reason: reason.into() }
    }

    /// Returns that of a query whose time is over.
    #[must_use]
    pub fn timed_out() -> Self {
        let reason = "the query took longer than it may: ask for less, or of an indicator view rather than of \
                      the rows below it";
        Self::refused(Kind::TimedOut, reason)
    }

    pub(crate) fn denied(reason: &str) -> Self {
        Self::refused(Kind::Denied, reason)
    }

    pub(crate) fn unauthenticated(reason: &str) -> Self {
        Self::refused(Kind::Unauthenticated, reason)
    }

    pub(crate) fn not_found(reason: impl Into<String>) -> Self {
        Self::refused(Kind::NotFound, reason)
    }

    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::refused(Kind::Invalid, reason)
    }
}

impl Error {
    /// A failure before any row is read: its text names tables, columns and functions, and what
    /// the asker wrote, and is passed on.
    pub(crate) fn planning(source: DataFusionError) -> Self {
        let source = match Self::taken_back(source) {
            Ok(ours) => return ours,
            Err(source) => source,
        };
        let (kind, public) = match source.find_root() {
            DataFusionError::SQL(error, _) => (Kind::Invalid, error.to_string()),
            DataFusionError::Plan(reason)
            | DataFusionError::Configuration(reason)
            | DataFusionError::Execution(reason) => (Kind::Invalid, reason.clone()),
            DataFusionError::SchemaError(error, _) => (Kind::Invalid, error.to_string()),
            DataFusionError::ArrowError(error, _) => (Kind::Invalid, error.to_string()),
            DataFusionError::ResourcesExhausted(_) => (Kind::Exhausted, EXHAUSTED.to_owned()),
            DataFusionError::NotImplemented(reason) => {
                (Kind::Invalid, format!("not supported: {reason}"))
            }
            _ => (Kind::Internal, INTERNAL.to_owned()),
        };
        Self::Query { kind, public, source: Box::new(source) }
    }

    /// Takes back an error of ours that came through DataFusion: a table could not be opened, or a
    /// view not planned.
    ///
    /// # Errors
    /// With the error as it was when it is not ours.
    pub(crate) fn taken_back(error: DataFusionError) -> Result<Self, DataFusionError> {
        match error {
            DataFusionError::External(source) => match source.downcast() {
                Ok(ours) => Ok(*ours),
                Err(source) => Err(DataFusionError::External(source)),
            },
            DataFusionError::Context(text, source) => Self::taken_back(*source)
                .map_err(|source| DataFusionError::Context(text, Box::new(source))),
            DataFusionError::Diagnostic(diagnostic, source) => Self::taken_back(*source)
                .map_err(|source| DataFusionError::Diagnostic(diagnostic, Box::new(source))),
            other => Err(other),
        }
    }

    /// A failure while rows are read: whatever its text says may be a value of a row, so clients
    /// get a fixed sentence.
    ///
    /// What a scenario lacks is told: it names what its author wrote, and no row.
    pub(crate) fn running(source: DataFusionError) -> Self {
        if let Some(error) = scenario::refusal(&source) {
            return Self::invalid(error.to_string());
        }
        let (kind, public) = match source.find_root() {
            DataFusionError::ResourcesExhausted(_) => (Kind::Exhausted, EXHAUSTED),
            DataFusionError::ParquetError(error) if !is_of_arrow(error) => {
                (Kind::Unavailable, UNREADABLE)
            }
            DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => {
                (Kind::Unavailable, UNREADABLE)
            }
            DataFusionError::Internal(_) => (Kind::Internal, INTERNAL),
            _ => (Kind::Invalid, ON_A_VALUE),
        };
        Self::Query { kind, public: public.to_owned(), source: Box::new(source) }
    }
}

/// What stands before the lake's reason: nothing when the asker named what is not there.
fn preface(source: &carnac_lake::Error) -> &'static str {
    use carnac_lake::Error as Lake;
    match source {
        Lake::NoRelease { .. } | Lake::NoEdition { .. } | Lake::EditionExists { .. } => "",
        _ => "the data cannot be read now: ",
    }
}

/// Whether the scan failed on a value: a filter that runs inside it fails as Parquet.
fn is_of_arrow(error: &ParquetError) -> bool {
    match error {
        ParquetError::ArrowError(_) => true,
        ParquetError::External(source) => source.is::<ArrowError>(),
        _ => false,
    }
}
