//! ZIP archives: stored or deflated members, listed once and as their own headers say.

use std::fs::File;
use std::io::{self, BufReader};

use ::zip::read::ZipFile;
use ::zip::result::ZipError;
use ::zip::{CompressionMethod, ZipArchive};

use super::{Bounded, Members};
use crate::{Error, Result};

/// Bytes that the list of members may have for each that there may be.
const LISTED: u64 = 1024;
/// Bytes that are read to find the list.
const SEARCHED: u64 = 256 * 1024;

/// Unpacks a ZIP archive.
pub(super) fn unpack(file: File, members: &mut Members<'_>) -> Result<()> {
    // A list too long to hold is refused before it is held.
    let list = LISTED.saturating_mul(members.room.limits.members as u64) + SEARCHED;
    let mut bounded = Bounded::new(BufReader::new(file), list);
    if let Err(error) = ZipArchive::new(&mut bounded) {
        let too_long = || ZipError::Io(io::Error::other("the list of its members is too long"));
        return Err(damaged(members, if bounded.left == 0 { too_long() } else { error }));
    }
    let mut archive = ZipArchive::new(bounded.inner).map_err(|error| damaged(members, error))?;
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
    if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return Err(
            members.refused(&raw, "is compressed by a method that is not read: use Deflate")
        );
    }
    if matches!(&*raw, "[Content_Types].xml" | "mimetype") {
        return Err(
            members.refused(&raw, "tells an office file: let its name end in .xlsx or .ods")
        );
    }
    members.admit(&raw).map(Some)
}

fn damaged(members: &Members<'_>, error: ZipError) -> Error {
    members.damaged(match error {
        ZipError::Io(error) => error,
        other => io::Error::other(other.to_string()),
    })
}
