//! ZIP archives: stored or deflated members, listed once and as their own headers say.

use std::fs::File;
use std::io::{self, BufReader};

use ::zip::ZipArchive;
use ::zip::read::ZipFile;
use ::zip::result::ZipError;

use super::{Bounded, Members};
use crate::{Error, Result};

/// The list of members may be read within this many bytes a member.
const LISTED: u64 = 4096;

/// Unpacks a ZIP archive.
pub(super) fn unpack(file: File, members: &mut Members<'_>) -> Result<()> {
    // A list too long to hold is refused before it is held.
    let list = LISTED.saturating_mul(members.room.limits.members as u64 + 256);
    let mut bounded = Bounded::new(BufReader::new(file), list);
    if let Err(error) = ZipArchive::new(&mut bounded) {
        let beyond = bounded.left < LISTED;
        return Err(if beyond { too_many(members) } else { damaged(members, error) });
    }
    let mut archive = ZipArchive::new(bounded.inner).map_err(|error| damaged(members, error))?;
    if archive.len() > members.room.limits.members {
        return Err(too_many(members));
    }
    archive.validate_header_consistency().map_err(|error| damaged(members, error))?;
    for place in 0..archive.len() {
        // Read as it lies: what is encrypted has no other way to be named.
        let entry = archive.by_index_raw(place).map_err(|error| damaged(members, error))?;
        let Some(name) = check(&entry, members)? else { continue };
        drop(entry);
        let content = archive.by_index(place).map_err(|error| damaged(members, error))?;
        let size = content.size();
        members.keep(name, size, content)?;
    }
    Ok(())
}

/// Returns the name of a member to take out; none for a folder.
fn check(
    entry: &ZipFile<'_, BufReader<File>>,
    members: &mut Members<'_>,
) -> Result<Option<String>> {
    members.count()?;
    let raw = entry.name().map_err(|error| damaged(members, error))?;
    // What Unix wrote says what it is in four bits; the other systems leave them empty.
    match entry.unix_mode().unwrap_or_default() & 0o170_000 {
        0 | 0o100_000 if entry.is_dir() => return Ok(None),
        0o040_000 => return Ok(None),
        0 | 0o100_000 => {}
        _ => return Err(members.refused(&raw, super::LINK)),
    }
    if entry.encrypted() {
        return Err(members.refused(&raw, "is encrypted: have it sent without a password"));
    }
    members.admit(&raw).map(Some)
}

fn too_many(members: &Members<'_>) -> Error {
    Error::TooMany { path: members.archive.to_owned(), limit: members.room.limits.members }
}

fn damaged(members: &Members<'_>, error: ZipError) -> Error {
    members.damaged(match error {
        ZipError::Io(error) => error,
        ZipError::CompressionMethodNotSupported(method) => io::Error::other(format!(
            "a member is compressed by method {method}, which is not read: compress it as usual ZIP"
        )),
        other => io::Error::other(other.to_string()),
    })
}
