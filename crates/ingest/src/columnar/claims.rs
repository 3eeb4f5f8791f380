//! What a Parquet file says of itself, walked before it is read.
//!
//! The library makes room for as many row groups, and for as many values of a dictionary, as the
//! file says there are, and the system ends a program that asks for too much. Both are told in
//! Thrift's compact protocol: fields of a number and a kind, in structures that end with a zero.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use parquet::file::metadata::ParquetMetaData;

/// Longest page, in bytes, once it is inflated.
pub(super) const MAX_PAGE: i64 = 64 * 1024 * 1024;
/// Longest footer, in bytes.
const MAX_FOOTER: u64 = 64 * 1024 * 1024;
/// Structures nested deeper than this are refused.
const MAX_DEPTH: u8 = 32;

/// Errs when a list of the footer has more elements than the footer has bytes.
pub(super) fn footer(mut file: &File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut end = [0; 8];
    let Some(before) = length.checked_sub(8) else { return Err(lie("it is too short")) };
    file.seek(SeekFrom::Start(before))?;
    file.read_exact(&mut end)?;
    let [a, b, c, d, magic @ ..] = end;
    if magic != *b"PAR1" {
        return Err(lie("it does not end as Parquet does"));
    }
    let footer = u64::from(u32::from_le_bytes([a, b, c, d]));
    let start = before.checked_sub(footer).filter(|_| footer <= MAX_FOOTER);
    file.seek(SeekFrom::Start(start.ok_or_else(|| lie("its footer is longer than is read"))?))?;
    let mut thrift = Thrift { bytes: BufReader::new(file), left: footer };
    thrift.structure(0, MAX_DEPTH, &mut |_, _, _| {})
}

/// Errs when a page of a wanted column is longer than allowed, or leaves its column, or when a
/// dictionary has more values than bytes.
pub(super) fn pages(
    file: &File,
    metadata: &ParquetMetaData,
    wanted: impl Fn(usize) -> bool,
) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut bytes = BufReader::new(file);
    for group in metadata.row_groups() {
        for (place, column) in group.columns().iter().enumerate().filter(|(at, _)| wanted(*at)) {
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            let bounds =
                u64::try_from(start).ok().zip(u64::try_from(column.compressed_size()).ok());
            let (start, size) = bounds
                .filter(|(start, size)| start.saturating_add(*size) <= length)
                .ok_or_else(|| lie(&format!("column {place} lies outside of it")))?;
            bytes.seek(SeekFrom::Start(start))?;
            let mut left = size;
            while left > 0 {
                left = page(&mut bytes, left)?;
            }
        }
    }
    Ok(())
}

/// Moves past one page; returns the bytes that are left of its column.
fn page(bytes: &mut BufReader<&File>, left: u64) -> io::Result<u64> {
    let mut thrift = Thrift { bytes: &mut *bytes, left };
    let (mut inflated, mut stored, mut words) = (-1, -1, 0);
    thrift.structure(0, MAX_DEPTH, &mut |parent, id, value| match (parent, id) {
        (0, 2) => inflated = value,
        (0, 3) => stored = value,
        (7, 1) => words = value,
        _ => {}
    })?;
    let left = thrift.left;
    if !(0..=MAX_PAGE).contains(&inflated) {
        return Err(lie(&format!("a page of {inflated} bytes")));
    }
    if !(0..=inflated).contains(&words) {
        return Err(lie(&format!("a dictionary of {words} words in {inflated} bytes")));
    }
    let left = u64::try_from(stored).ok().and_then(|stored| left.checked_sub(stored));
    let left = left.ok_or_else(|| lie("a page that leaves its column"))?;
    bytes.seek_relative(stored)?;
    Ok(left)
}

fn lie(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A cursor over the compact protocol, within the bytes that are left.
struct Thrift<R> {
    bytes: R,
    left: u64,
}

impl<R: Read> Thrift<R> {
    /// Walks a structure; `tell` hears of each whole number: the field of the structure that
    /// holds it (0 for the outermost), its own field, its value.
    fn structure(
        &mut self,
        parent: i64,
        depth: u8,
        tell: &mut dyn FnMut(i64, i64, i64),
    ) -> io::Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(|| lie("structures nested too deep"))?;
        let mut field = 0_i64;
        loop {
            let head = self.byte()?;
            match (head >> 4, head & 15) {
                (_, 0) => return Ok(()),
                (0, _) => field = self.integer()?,
                (step, _) => field = field.wrapping_add(i64::from(step)),
            }
            match head & 15 {
                1 | 2 => {}
                4..=6 => tell(parent, field, self.integer()?),
                kind => self.value(kind, field, depth, tell)?,
            }
        }
    }

    fn value(
        &mut self,
        kind: u8,
        field: i64,
        depth: u8,
        tell: &mut dyn FnMut(i64, i64, i64),
    ) -> io::Result<()> {
        match kind {
            1..=3 => self.byte().map(drop),
            4..=6 => self.integer().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.number()?;
                self.skip(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.number()? } else { u64::from(head >> 4) };
                let depth = depth.checked_sub(1).ok_or_else(|| lie("lists nested too deep"))?;
                self.each(count, |thrift| thrift.value(head & 15, field, depth, tell))
            }
            11 => {
                let count = self.number()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                let depth = depth.checked_sub(1).ok_or_else(|| lie("maps nested too deep"))?;
                self.each(count, |thrift| {
                    thrift.value(kinds >> 4, field, depth, tell)?;
                    thrift.value(kinds & 15, field, depth, tell)
                })
            }
            12 => self.structure(field, depth, tell),
            13 => self.skip(16),
            _ => Err(lie("a kind of value that there is not")),
        }
    }

    /// Walks the elements of a list, each of which takes a byte at least.
    fn each(
        &mut self,
        count: u64,
        mut walk: impl FnMut(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        if count > self.left {
            return Err(lie(&format!("a list of {count} elements in {} bytes", self.left)));
        }
        (0..count).try_for_each(|_| walk(self))
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.left = self.left.checked_sub(1).ok_or_else(|| lie("its description is cut short"))?;
        self.bytes.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        self.left =
            self.left.checked_sub(count).ok_or_else(|| lie("its description is cut short"))?;
        let skipped = io::copy(&mut self.bytes.by_ref().take(count), &mut io::sink())?;
        if skipped == count { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// A number without sign: seven bits in each byte, the least first.
    fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(lie("a number of more than ten bytes"))
    }

    /// A number with its sign in the lowest bit.
    fn integer(&mut self) -> io::Result<i64> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}
