//! Unpacking: an archive becomes files in a temporary folder, within limits.
//!
//! Members are written under numbers, so that no name of theirs ever reaches the file system.

mod gzip;
mod kind;
mod tar;
mod zip;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use self::kind::HEAD;
pub(crate) use self::kind::Kind;
use crate::source::{Member, extension, is_data, read_up_to};
use crate::{Error, Result};

/// How much archives may make of themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Times its own size that an archive may become.
    pub(crate) ratio: u64,
    /// Bytes that an archive may become whatever its size.
    pub(crate) floor: u64,
    /// Bytes that one run may write, archives and downloads together.
    pub(crate) total: u64,
    /// Members of an archive, or objects below an address.
    pub(crate) members: usize,
    /// Bytes of a member's name.
    pub(crate) name: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ratio: 100, floor: 16 << 20, total: 64 << 30, members: 10_000, name: 1024 }
    }
}

/// What one run may still write.
#[derive(Debug, Default)]
pub(crate) struct Room {
    pub(crate) limits: Limits,
    pub(crate) written: u64,
}

impl Room {
    #[cfg(test)]
    pub(crate) fn of(limits: Limits) -> Self {
        Self { limits, written: 0 }
    }

    /// Takes `count` bytes of the disk, before they are written.
    pub(crate) fn take(&mut self, count: usize, path: &Path) -> Result<()> {
        let (limit, written) = (self.limits.total, self.written.saturating_add(count as u64));
        if written > limit {
            return Err(Error::NoRoom { path: path.to_owned(), limit });
        }
        self.written = written;
        Ok(())
    }
}

/// What is wrong with a member that is neither a file nor a folder.
const LINK: &str = "is a link or a device, which is not followed";

/// An archive's content, in a folder that goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Unpacked {
    pub(crate) folder: TempDir,
    /// The data, in the order of names; one without a name is the whole of a `.gz`.
    pub(crate) members: Vec<Member>,
    /// Names of members that are no data.
    pub(crate) passed_over: Vec<String>,
    /// Names of members that are archives themselves.
    pub(crate) nested: Vec<String>,
}

/// Unpacks the archive at `file`, known to people as `told`.
///
/// # Errors
/// When it is damaged, beyond a limit, holds what no honest archive holds, or no data at all;
/// nothing is left on the disk then.
pub(crate) fn unpack(kind: Kind, file: &Path, told: &Path, room: &mut Room) -> Result<Unpacked> {
    let written = room.written;
    let unpacked = unpack_into(kind, file, told, room);
    if unpacked.is_err() {
        room.written = written;
    }
    unpacked
}

fn unpack_into(kind: Kind, file: &Path, told: &Path, room: &mut Room) -> Result<Unpacked> {
    let damaged = |source| Error::Unpack { archive: told.to_owned(), source };
    let opened = File::open(file).map_err(damaged)?;
    let bytes = opened.metadata().map_err(damaged)?.len();
    let mut members = Members {
        archive: told,
        limit: bytes.saturating_mul(room.limits.ratio).max(room.limits.floor),
        expanded: 0,
        names: BTreeSet::new(),
        count: 0,
        room,
        unpacked: Unpacked {
            folder: TempDir::new().map_err(damaged)?,
            members: Vec::new(),
            passed_over: Vec::new(),
            nested: Vec::new(),
        },
    };
    match kind {
        Kind::Plain => {}
        Kind::Zip => zip::unpack(opened, &mut members)?,
        Kind::Gzip => gzip::unpack(opened, &mut members)?,
        Kind::Tar => tar::unpack(io::BufReader::new(opened), &mut members)?,
    }
    let mut unpacked = members.unpacked;
    if unpacked.members.is_empty() && unpacked.nested.is_empty() {
        let members = unpacked.passed_over.len();
        return Err(Error::NoData { archive: told.to_owned(), members });
    }
    unpacked.members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(unpacked)
}

/// The members of one archive as they are taken out of it.
struct Members<'a> {
    archive: &'a Path,
    /// Bytes that the archive may become, and those it has become.
    limit: u64,
    expanded: u64,
    names: BTreeSet<String>,
    count: usize,
    room: &'a mut Room,
    unpacked: Unpacked,
}

impl Members<'_> {
    /// Counts one entry, of whatever kind.
    fn count(&mut self) -> Result<()> {
        self.count += 1;
        let limit = self.room.limits.members;
        if self.count > limit {
            return Err(Error::TooMany { path: self.archive.to_owned(), limit });
        }
        Ok(())
    }

    /// Returns the name of a file as it will be known.
    fn admit(&mut self, raw: &str) -> Result<String> {
        let mut name = raw;
        while let Some(rest) = name.strip_prefix("./") {
            name = rest;
        }
        if name.len() > self.room.limits.name {
            let start: String = name.chars().take(80).collect();
            return Err(self.refused(&format!("{start}…"), "has a name that is too long"));
        }
        if !is_safe(name) {
            return Err(self.refused(
                raw,
                "has a name that is not a relative path (`..`, `/` first, drive, backslash or control \
                 character)",
            ));
        }
        if !self.names.insert(name.to_owned()) {
            return Err(self.refused(raw, "stands in it twice"));
        }
        Ok(name.to_owned())
    }

    /// Writes a member if it is data, and says what it is otherwise.
    fn keep(&mut self, name: String, size: u64, mut content: impl Read) -> Result<()> {
        let hidden = name.split('/').any(|part| part.starts_with(['.', '_']));
        if hidden || !(is_data(&name) || Kind::is_archive_name(&name)) {
            self.unpacked.passed_over.push(name);
            return Ok(());
        }
        let mut head = [0; HEAD];
        let length = read_up_to(&mut content, &mut head).map_err(|error| self.damaged(error))?;
        let head = &head[..length];
        if Kind::of(head, &name) != Kind::Plain {
            self.unpacked.nested.push(name);
            return Ok(());
        }
        let member = Member { path: self.place(&name), name: Some(name) };
        if self.write(&member.path, head.chain(content))? != size {
            return Err(self.damaged(io::ErrorKind::UnexpectedEof.into()));
        }
        self.unpacked.members.push(member);
        Ok(())
    }

    /// Where the next file is written: its number, with the extension that tells its format.
    fn place(&self, name: &str) -> PathBuf {
        let number = self.unpacked.members.len();
        let extension = extension(name);
        let name = if is_data(name) { format!("{number}.{extension}") } else { number.to_string() };
        self.unpacked.folder.path().join(name)
    }

    /// Writes a file within the limits, and returns its length.
    fn write(&mut self, path: &Path, mut content: impl Read) -> Result<u64> {
        let mut file = File::create_new(path).map_err(|error| self.damaged(error))?;
        let mut buffer = vec![0; 64 * 1024];
        let mut length = 0;
        loop {
            let count = match content.read(&mut buffer) {
                Ok(0) => return Ok(length),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.damaged(error)),
            };
            self.expanded += count as u64;
            if self.expanded > self.limit {
                return Err(self.expands());
            }
            self.room.take(count, self.archive)?;
            file.write_all(&buffer[..count]).map_err(|error| self.damaged(error))?;
            length += count as u64;
        }
    }

    fn damaged(&self, source: io::Error) -> Error {
        if source.get_ref().is_some_and(|cause| cause.is::<BeyondLimit>()) {
            return self.expands();
        }
        Error::Unpack { archive: self.archive.to_owned(), source }
    }

    fn refused(&self, member: &str, reason: &'static str) -> Error {
        Error::Refused { archive: self.archive.to_owned(), member: member.to_owned(), reason }
    }

    fn expands(&self) -> Error {
        Error::Expands { archive: self.archive.to_owned(), limit: self.limit }
    }
}

/// A relative path with `/` between, of names only.
fn is_safe(name: &str) -> bool {
    let drive = name.chars().nth(1) == Some(':');
    !drive
        && !name.contains(|c: char| c == '\\' || c.is_control())
        && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// The reason of a [`Bounded`] reader.
#[derive(Debug, thiserror::Error)]
#[error("more bytes than it may give")]
struct BeyondLimit;

/// A reader that fails, rather than ends, beyond a number of bytes.
struct Bounded<R> {
    inner: R,
    left: u64,
    /// Whether the end has been read.
    ended: bool,
}

impl<R> Bounded<R> {
    fn new(inner: R, left: u64) -> Self {
        Self { inner, left, ended: false }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.ended |= count == 0 && !buffer.is_empty();
        let Some(left) = self.left.checked_sub(count as u64) else {
            self.left = 0;
            return Err(io::Error::other(BeyondLimit));
        };
        self.left = left;
        Ok(count)
    }
}

impl<R: io::Seek> io::Seek for Bounded<R> {
    fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}
