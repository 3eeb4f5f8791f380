//! What can go wrong with a lake: each variant names the step and what it was working on.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use datafusion::error::DataFusionError;
use deltalake_core::DeltaTableError;

/// Result of a lake operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed step on the lake. No variant holds a cell value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of a lake or a bucket is not one.
    #[error("open {root}: {reason}")]
    Root {
        /// The address as given.
        root: String,
        /// Why it cannot be used.
        reason: String,
    },
    /// The query runtime cannot be made.
    #[error("prepare memory and spill folder: {source}")]
    Runtime {
        /// DataFusion's own reason.
        source: DataFusionError,
    },
    /// There is no release to read.
    #[error("no release in {root}: land data first, with `carnac ingest` or `carnac demo`")]
    Empty {
        /// The lake.
        root: String,
    },
    /// That release is not in the log.
    #[error("release {id} is not in the lake: `carnac releases` lists those that are")]
    NoRelease {
        /// The release asked for.
        id: u64,
    },
    /// The release log cannot be read or written.
    #[error("{step} release log: {source}")]
    ReleaseLog {
        /// `list`, `read` or `write`.
        step: &'static str,
        /// The storage's own reason.
        source: object_store::Error,
    },
    /// The records of runs cannot be read or written.
    #[error("{step} records of runs: {source}")]
    RunLog {
        /// `list`, `read` or `write`.
        step: &'static str,
        /// The storage's own reason.
        source: object_store::Error,
    },
    /// The journal of a server cannot be read or written.
    #[error("the audit log in {}: {source}", folder.display())]
    Journal {
        /// Its folder.
        folder: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A release record is not what we wrote.
    #[error("release record {id} is damaged: {reason}")]
    DamagedRelease {
        /// Its number.
        id: u64,
        /// What is wrong.
        reason: String,
    },
    /// Upkeep has removed files of that release.
    #[error(
        "release {id} is retired: no release kept and no edition named its files, and `carnac \
         upkeep` removed them; `carnac releases` lists those that can be read"
    )]
    RetiredRelease {
        /// Its number.
        id: u64,
    },
    /// A release was frozen while its files were about to be removed.
    #[error("release {id} was frozen meanwhile; no file was removed, run again")]
    FrozenMeanwhile {
        /// Its number.
        id: u64,
    },
    /// The log of a table cannot be read.
    #[error("read the log of table {table}: {source}")]
    Log {
        /// The table.
        table: String,
        /// The storage's own reason.
        source: object_store::Error,
    },
    /// A checkpoint that was just written does not repeat the log.
    #[error(
        "checkpoint {version} of table {table}: {reason}; it was removed, nothing was published"
    )]
    Checkpoint {
        /// The table.
        table: String,
        /// Its version.
        version: u64,
        /// What differs.
        reason: String,
    },
    /// Files that are no longer needed cannot be listed or removed.
    #[error("{step} files that no release names: {source}")]
    Vacuum {
        /// `list` or `remove`.
        step: &'static str,
        /// The storage's own reason.
        source: object_store::Error,
    },
    /// A commit that a release names is not what was written.
    #[error(
        "version {version} of table {table} is damaged: {reason}; the releases that name it cannot \
         be read: bring its log back from a copy, or run the refresh again, which builds on the \
         release before"
    )]
    DamagedCommit {
        /// The table.
        table: String,
        /// The version.
        version: u64,
        /// What is wrong.
        reason: String,
    },
    /// That edition was never frozen.
    #[error("edition {name} is not in the lake: `carnac edition list` lists those that are")]
    NoEdition {
        /// The edition asked for.
        name: String,
    },
    /// An edition is frozen once and for ever.
    #[error("edition {name} is frozen already and cannot change: freeze under another name")]
    EditionExists {
        /// The name asked for.
        name: String,
    },
    /// An edition is not what was frozen.
    #[error("edition {name} is damaged: {reason}")]
    DamagedEdition {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The editions cannot be listed, read or written.
    #[error("{step} editions: {source}")]
    Editions {
        /// `list`, `read` or `write`.
        step: &'static str,
        /// The storage's own reason.
        source: object_store::Error,
    },
    /// There is no such token.
    #[error("there is no token {id}: `carnac token list` lists those that there are")]
    NoToken {
        /// The id asked for.
        id: String,
    },
    /// The file of a token is not what was written.
    #[error("token {id} is damaged: revoke it and create another one")]
    DamagedToken {
        /// Its id.
        id: String,
    },
    /// The tokens cannot be listed, read, written or removed.
    #[error("{step} tokens: {source}")]
    Tokens {
        /// `list`, `read`, `write` or `remove`.
        step: &'static str,
        /// The storage's own reason.
        source: object_store::Error,
    },
    /// Another process works on the dataset.
    #[error(
        "another refresh works on {dataset}: {holder}, until {} unless it goes on; nothing was \
         done, try again later",
        expires.format("%Y-%m-%d %H:%M:%S UTC")
    )]
    Leased {
        /// The dataset.
        dataset: String,
        /// Who.
        holder: String,
        /// When the lease ends if it is not renewed.
        expires: DateTime<Utc>,
    },
    /// The leases cannot be read, written or removed.
    #[error("{step} lease: {source}")]
    Leases {
        /// `read`, `write` or `remove`.
        step: &'static str,
        /// The storage's own reason.
        source: object_store::Error,
    },
    /// Another run changed the same table meanwhile.
    #[error("table {table} was changed by another run meanwhile; nothing was published, run again")]
    Conflict {
        /// The table both changed.
        table: String,
    },
    /// A Delta operation failed.
    #[error("{step} table {table}: {source}")]
    Delta {
        /// `open`, `create`, `write`, `undo` or `repair`.
        step: &'static str,
        /// The table.
        table: String,
        /// The library's own reason.
        source: Box<DeltaTableError>,
    },
    /// The table uses a Delta feature under which plain Parquet reading would be wrong.
    #[error("table {table} uses {feature}, which this program does not read; rewrite it without")]
    Unsupported {
        /// The table.
        table: String,
        /// The feature's name.
        feature: String,
    },
    /// Spooling checked rows to local disk failed.
    #[error("spool rows of {dataset}: {reason}")]
    Spool {
        /// The dataset.
        dataset: String,
        /// Why.
        reason: String,
    },
    /// Merging the delivery with what is landed failed.
    #[error("merge delivery into {dataset}: {source}")]
    Merge {
        /// The dataset.
        dataset: String,
        /// DataFusion's own reason.
        source: Box<DataFusionError>,
    },
    /// Computing the rows of a cube failed.
    #[error("compute {table}: {source}")]
    Cube {
        /// The cube's table.
        table: String,
        /// DataFusion's own reason.
        source: Box<DataFusionError>,
    },
    /// A delivery without a single good row would wipe what its source had landed.
    #[error(
        "{dataset}/{file}: no row is acceptable, and {landed} of its rows are landed; \
         they were left as they are"
    )]
    EmptyDelivery {
        /// The dataset.
        dataset: String,
        /// The file.
        file: String,
        /// Rows of its last delivery.
        landed: u64,
    },
    /// The rows written are not the rows that were read and kept.
    #[error("audit {dataset}: {expected} rows expected in the partitions written, {written} found")]
    Audit {
        /// The dataset.
        dataset: String,
        /// Rows that the merge left for the partitions.
        expected: u64,
        /// Rows in the files of the new version.
        written: u64,
    },
}

impl Error {
    /// Spooling failed for that reason.
    pub(crate) fn spool(dataset: &str, reason: &dyn std::error::Error) -> Self {
        Self::Spool { dataset: dataset.to_owned(), reason: reason.to_string() }
    }
}
