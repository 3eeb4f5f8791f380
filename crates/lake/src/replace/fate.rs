//! What becomes of each row of a delivery, and of the landed rows that it meets.
//!
//! Rows are told apart by the hashes of their keys, in files; memory holds the hashes of one range
//! at a time, and whole records only of keys that stand more than once.

use std::collections::HashSet;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use crate::delivery::{KeyReader, KeyRecord, Spooled};

/// What becomes of a row of the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is in the new partition.
    Lands,
    /// It says what another row of its source says: to quarantine.
    ExactCopy,
    /// A later row of its source has its key: to quarantine.
    Superseded,
    /// A later source of the delivery has its key.
    Replaced,
    /// Its source is not in the delivery any more.
    Withdrawn,
}

/// The fates of all rows.
#[derive(Debug)]
pub(super) struct Fates {
    /// By part of the delivery and place in it.
    pub(super) delivered: Vec<Vec<Fate>>,
    /// Whether a landed row goes, by landed partition and place in it.
    pub(super) landed_goes: Vec<Vec<bool>>,
}

/// A file of keys.
struct Keys {
    path: PathBuf,
    /// Its place among the parts, or among the landed partitions.
    at: usize,
    is_landed: bool,
}

/// A row whose key stands more than once.
struct Entry {
    record: KeyRecord,
    /// Its source's place in the delivery; 0 for a landed row.
    order: i64,
    /// Which file of keys, and which record of it.
    file: usize,
    place: usize,
}

/// Resolves keys that stand more than once; `landed` are the files of keys of landed partitions.
pub(super) struct Resolution<'s> {
    pub(super) spooled: &'s Spooled,
    pub(super) landed: &'s [PathBuf],
    /// Bytes that may be held at once.
    pub(super) memory: usize,
}

impl Resolution<'_> {
    /// Tells every fate, beside that of the landed rows that go in any case.
    pub(super) fn run(&self, landed_goes: Vec<Vec<bool>>) -> io::Result<Fates> {
        let parts = self.spooled.parts.iter();
        let delivered = parts.map(|part| vec![Fate::Lands; part.count]).collect();
        let mut fates = Fates { delivered, landed_goes };
        let files: Vec<Keys> = self.files();
        let mut count = 0;
        self.scan(&files, &(0..=u64::MAX), |file, place, _, order| {
            count += 1;
            if order.is_none() {
                fates.delivered[files[file].at][place] = Fate::Withdrawn;
            }
        })?;
        let ranges = (count * size_of::<u64>()).div_ceil(self.memory.max(1)).next_power_of_two();
        let width = u64::MAX / ranges as u64;
        let mut from = 0_u64;
        loop {
            let to = from.checked_add(width).filter(|_| ranges > 1).unwrap_or(u64::MAX);
            self.resolve(&files, from..=to, &mut fates)?;
            match to.checked_add(1) {
                Some(next) => from = next,
                None => return Ok(fates),
            }
        }
    }

    fn files(&self) -> Vec<Keys> {
        let parts = self.spooled.parts.iter().map(|part| (part.keys_path(), false)).enumerate();
        let landed = self.landed.iter().map(|path| (path.clone(), true)).enumerate();
        parts.chain(landed).map(|(at, (path, is_landed))| Keys { path, at, is_landed }).collect()
    }

    /// Calls `each` for every record whose hash is in the range: with the place of its file, its
    /// own place in that, and its source's in the delivery, if it has one still.
    fn scan(
        &self,
        files: &[Keys],
        range: &RangeInclusive<u64>,
        mut each: impl FnMut(usize, usize, KeyRecord, Option<i64>),
    ) -> io::Result<()> {
        for (file, keys) in files.iter().enumerate() {
            let mut reader = KeyReader::open(&keys.path)?;
            let mut place = 0;
            while let Some(record) = reader.next()? {
                if range.contains(&high(&record)) {
                    let source = || self.spooled.source_of(record.sequence);
                    let order =
                        if keys.is_landed { Some(0) } else { source().map(|source| source.order) };
                    each(file, place, record, order);
                }
                place += 1;
            }
        }
        Ok(())
    }

    /// Resolves the keys whose hashes are in one range, in halves when they are too many.
    fn resolve(
        &self,
        files: &[Keys],
        range: RangeInclusive<u64>,
        fates: &mut Fates,
    ) -> io::Result<()> {
        let mut hashes = Vec::new();
        self.scan(files, &range, |_, _, record, order| {
            if order.is_some() {
                hashes.push(high(&record));
            }
        })?;
        hashes.sort_unstable();
        let repeated: Vec<u64> = hashes
            .chunk_by(|a, b| a == b)
            .filter(|same| same.len() > 1)
            .map(|same| same[0])
            .collect();
        let held = (hashes.len() - repeated.len()) * size_of::<Entry>();
        drop(hashes);
        if repeated.is_empty() {
            return Ok(());
        }
        let (from, to) = range.clone().into_inner();
        if held > 2 * self.memory && repeated.len() > 1 && from < to {
            let middle = from + (to - from) / 2;
            self.resolve(files, from..=middle, fates)?;
            return self.resolve(files, middle + 1..=to, fates);
        }
        let mut entries = Vec::new();
        self.scan(files, &range, |file, place, record, order| {
            if let Some(order) = order
                && repeated.binary_search(&high(&record)).is_ok()
            {
                entries.push(Entry { record, order, file, place });
            }
        })?;
        entries
            .sort_unstable_by_key(|entry| (entry.record.key, entry.order, entry.record.sequence));
        for same in entries.chunk_by(|a, b| a.record.key == b.record.key) {
            self.decide(files, same, fates);
        }
        Ok(())
    }

    /// Decides on rows of one key, in the order of their sources and lines.
    fn decide(&self, files: &[Keys], same: &[Entry], fates: &mut Fates) {
        let last = same.last().map_or(0, |entry| entry.order);
        for of_source in same.chunk_by(|a, b| a.order == b.order) {
            let mut seen = HashSet::new();
            for (place, entry) in of_source.iter().enumerate() {
                let file = &files[entry.file];
                if file.is_landed {
                    fates.landed_goes[file.at][entry.place] |= last > 0;
                    continue;
                }
                let kept = of_source.last().filter(|_| place + 1 < of_source.len());
                let rejected = if self.spooled.dataset.repeats {
                    // One key may stand on several rows; only a copy of an earlier one is too many.
                    (!seen.insert(entry.record.row)).then_some(Fate::ExactCopy)
                } else {
                    let is_copy = |kept: &Entry| kept.record.row == entry.record.row;
                    kept.map(|kept| if is_copy(kept) { Fate::ExactCopy } else { Fate::Superseded })
                };
                let stays = if entry.order < last { Fate::Replaced } else { Fate::Lands };
                fates.delivered[file.at][entry.place] = rejected.unwrap_or(stays);
            }
        }
    }
}

/// The half of a hash by which ranges are made.
fn high(record: &KeyRecord) -> u64 {
    (record.key >> 64) as u64
}
