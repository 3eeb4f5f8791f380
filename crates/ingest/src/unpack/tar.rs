//! Tar: regular files only, with the long names of GNU and of POSIX.

use std::io::{self, Read};

use ::tar::{Archive, Entry, PaxExtensions};
use encoding_rs::WINDOWS_1252;

use super::Members;
use crate::Result;
use crate::source::read_up_to;

/// Longest header that gives the next file a name or attributes, in bytes.
const MAX_EXTENSION: u64 = 64 * 1024;

/// Unpacks a tar, up to the blocks of zeros that end it.
pub(super) fn unpack(stream: impl Read, members: &mut Members<'_>) -> Result<()> {
    // Its entries are taken as they lie, because the library would hold a header of any length.
    let mut archive = Archive::new(super::Bounded::new(stream, u64::MAX));
    let mut name = None;
    for entry in archive.entries().map_err(|error| members.damaged(error))?.raw(true) {
        let mut entry = entry.map_err(|error| members.damaged(error))?;
        members.count()?;
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() {
            let text = extension(&mut entry).map_err(|error| members.damaged(error))?;
            name = Some(text.split(|byte| *byte == 0).next().unwrap_or_default().to_owned());
        } else if kind.is_pax_local_extensions() {
            let text = extension(&mut entry).map_err(|error| members.damaged(error))?;
            name = pax_name(&text).map_err(|error| members.damaged(error))?.or(name);
        } else if !kind.is_pax_global_extensions() && !kind.is_gnu_longlink() {
            let raw = name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
            file(&decoded(&raw), entry, members)?;
        }
    }
    end(archive.into_inner()).map_err(|error| members.damaged(error))
}

fn file<R: Read>(raw: &str, entry: Entry<'_, R>, members: &mut Members<'_>) -> Result<()> {
    let kind = entry.header().entry_type();
    if kind.is_dir() || raw.ends_with('/') {
        return Ok(());
    }
    if !(kind.is_file() || kind.is_contiguous()) {
        return Err(members.refused(raw, super::LINK));
    }
    let name = members.admit(raw)?;
    members.keep(name, entry.size(), entry)
}

/// Errs unless the archive ended as it should, with nothing after its end.
fn end<R: Read>(mut rest: super::Bounded<R>) -> io::Result<()> {
    if rest.ended {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut block = [0; 8192];
    loop {
        let length = read_up_to(&mut rest, &mut block)?;
        if block[..length].iter().any(|byte| *byte != 0) {
            return Err(io::Error::other("there is more after its end"));
        }
        if length < block.len() {
            return Ok(());
        }
    }
}

/// Reads a header that describes the next file.
fn extension<R: Read>(entry: &mut Entry<'_, R>) -> io::Result<Vec<u8>> {
    if entry.size() > MAX_EXTENSION {
        return Err(io::Error::other("a header is too long"));
    }
    let mut text = Vec::new();
    entry.read_to_end(&mut text)?;
    Ok(text)
}

/// The name that a POSIX header gives the next file, if any.
fn pax_name(text: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut name = None;
    for pair in PaxExtensions::new(text) {
        let pair = pair?;
        match pair.key_bytes() {
            b"path" => name = Some(pair.value_bytes().to_owned()),
            // Another length than the one in the file's own header: readers would disagree.
            key if key == b"size" || key.starts_with(b"GNU.sparse") => {
                return Err(io::Error::other(
                    "a file is sparse or beyond 8 GiB, which is not read: send it as a ZIP",
                ));
            }
            _ => {}
        }
    }
    Ok(name)
}

/// Names are UTF-8, or the French of an older Windows.
fn decoded(raw: &[u8]) -> String {
    std::str::from_utf8(raw).map_or_else(
        |_| WINDOWS_1252.decode_without_bom_handling(raw).0.into_owned(),
        str::to_owned,
    )
}
