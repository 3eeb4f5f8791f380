//! Why a run ends early.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

/// The step that failed, and the file it was working on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder.
    #[error("{step} {}", path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A Parquet file.
    #[error("write {}", path.display())]
    Parquet {
        /// Which.
        path: PathBuf,
        /// Why it failed.
        source: ParquetError,
    },
    /// The folder holds something already.
    #[error("{} is not empty: name a new or an empty folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// Nothing is generated under that name.
    #[error("nothing is generated for `{name}`; there are: {known}")]
    UnknownDataset {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
}

/// A result with our [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn io(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { step, path, source }
    }

    pub(crate) fn parquet(path: &Path) -> impl FnOnce(ParquetError) -> Self {
        let path = path.to_owned();
        move |source| Self::Parquet { path, source }
    }
}
