//! Gzip: one compressed file, or a tar.

use std::fs::File;
use std::io::{BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::{Bounded, HEAD, Kind, Members, tar};
use crate::source::{Member, read_up_to};
use crate::{Error, Result};

/// Unpacks a gzip file; several that stand one after the other are read as one.
pub(super) fn unpack(file: File, members: &mut Members<'_>) -> Result<()> {
    let stream = MultiGzDecoder::new(BufReader::with_capacity(256 * 1024, file));
    let mut stream = Bounded::new(stream, members.limit);
    let mut head = [0; HEAD];
    let length = read_up_to(&mut stream, &mut head).map_err(|error| members.damaged(error))?;
    let head = &head[..length];
    let name = inner_name(members);
    match Kind::of(head, &name) {
        Kind::Plain => {
            let path = members.place(&name);
            members.write(&path, head.chain(stream))?;
            members.unpacked.members.push(Member { path, name: None });
            Ok(())
        }
        Kind::Tar => tar::unpack(head.chain(stream), members),
        Kind::Zip | Kind::Gzip => {
            Err(Error::Nested { archive: members.archive.to_owned(), member: name })
        }
    }
}

/// `x.csv` of `x.csv.gz` and `x.tar` of `x.tgz`; a `.csv` that is compressed keeps its name.
fn inner_name(members: &Members<'_>) -> String {
    let name = members.archive.file_name().unwrap_or_default().to_string_lossy();
    match name.rsplit_once('.') {
        Some((stem, ending)) if ending.eq_ignore_ascii_case("gz") => stem.to_owned(),
        Some((stem, ending)) if ending.eq_ignore_ascii_case("tgz") => format!("{stem}.tar"),
        _ => name.into_owned(),
    }
}
