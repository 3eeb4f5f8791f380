//! What a file is, by its first bytes before its name.

use std::fs::File;
use std::path::Path;

use crate::source::{extension, read_up_to};
use crate::{Error, Result};

/// What the first bytes of a file say that it is, or its name when they say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Zip,
    Gzip,
    Tar,
}

/// Bytes that tell a [`Kind`]: one header of a tar.
pub(super) const HEAD: usize = 512;

impl Kind {
    pub(super) fn of(head: &[u8], name: &str) -> Self {
        let zip = [b"PK\x03\x04", b"PK\x05\x06"].iter().any(|magic| head.starts_with(*magic));
        let extension = extension(name);
        match extension.as_str() {
            // Office files are ZIP archives that are read whole.
            "xlsx" | "xlsm" | "xlsb" | "ods" if zip => Self::Plain,
            _ if zip => Self::Zip,
            _ if head.starts_with(b"\x1f\x8b") => Self::Gzip,
            _ if head.get(257..262) == Some(b"ustar") => Self::Tar,
            "zip" => Self::Zip,
            "gz" | "tgz" => Self::Gzip,
            "tar" => Self::Tar,
            _ => Self::Plain,
        }
    }

    /// Tells a file by its first bytes.
    pub(crate) fn of_file(path: &Path, name: &str) -> Result<Self> {
        let mut head = [0; HEAD];
        let failed = |source| Error::Io { step: "open", path: path.to_owned(), source };
        let length = read_up_to(&mut File::open(path).map_err(failed)?, &mut head);
        Ok(Self::of(&head[..length.map_err(failed)?], name))
    }

    /// Returns whether a name is that of an archive.
    pub(crate) fn is_archive_name(name: &str) -> bool {
        matches!(extension(name).as_str(), "zip" | "gz" | "tgz" | "tar")
    }
}
