//! What becomes of each row of a delivery, and of the landed rows that it meets.
//!
//! Rows are told apart by the hashes of their keys, in files; memory holds the hashes of one range
//! at a time, and whole records only of keys that stand more than once.

use std::collections::HashSet;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;

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

/// What was decided on one row of a file of keys.
struct Decision {
    file: usize,
    place: usize,
    /// None for a landed row, which goes.
    fate: Option<Fate>,
}

/// Resolves keys that stand more than once; `landed` are the files of keys of landed partitions.
pub(super) struct Resolution<'s> {
    pub(super) spooled: &'s Spooled,
    pub(super) landed: &'s [PathBuf],
    /// Bytes that may be held at once, by all workers together.
    pub(super) memory: usize,
    pub(super) workers: usize,
}

impl Resolution<'_> {
    /// Tells every fate, beside that of the landed rows that go in any case.
    pub(super) fn run(&self, landed_goes: Vec<Vec<bool>>) -> io::Result<Fates> {
        let parts = self.spooled.parts.iter();
        let delivered = parts.map(|part| vec![Fate::Lands; part.count]).collect();
        let mut fates = Fates { delivered, landed_goes };
        let files = self.files();
        let held: u64 = self.spooled.sources.iter().map(|s| s.rows.end - s.rows.start).sum();
        let delivered: usize = self.spooled.parts.iter().map(|part| part.count).sum();
        if held < delivered as u64 {
            self.scan(&files, &(0..=u64::MAX), |file, place, _, order| {
                if order.is_none() {
                    fates.delivered[files[file].at][place] = Fate::Withdrawn;
                }
            })?;
        }
        let landed: usize = fates.landed_goes.iter().map(Vec::len).sum();
        let bytes = (delivered + landed) * size_of::<u64>();
        let count = bytes.div_ceil(self.memory_of_one()).max(self.workers).next_power_of_two();
        for Decision { file, place, fate } in self.resolve_all(&files, count)? {
            let at = files[file].at;
            match fate {
                Some(fate) => fates.delivered[at][place] = fate,
                None => fates.landed_goes[at][place] = true,
            }
        }
        Ok(fates)
    }

    fn memory_of_one(&self) -> usize {
        (self.memory / self.workers).max(1)
    }

    /// Resolves `count` ranges of hashes, a power of two, beside one another.
    fn resolve_all(&self, files: &[Keys], count: usize) -> io::Result<Vec<Decision>> {
        let width = u64::MAX / count as u64;
        let from = |range: usize| (width + 1).wrapping_mul(range as u64);
        let ranges = Mutex::new((0..count).map(|range| from(range)..=from(range) + width));
        let work = || {
            let mut decisions = Vec::new();
            loop {
                let range = ranges.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(range) = range else { return Ok(decisions) };
                self.resolve(files, range, &mut decisions)?;
            }
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.workers).map(|_| scope.spawn(work)).collect();
            let mut all = Vec::new();
            for worker in workers {
                let decisions: io::Result<Vec<Decision>> =
                    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                all.extend(decisions?);
            }
            Ok(all)
        })
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
        decisions: &mut Vec<Decision>,
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
        if held > 2 * self.memory_of_one() && repeated.len() > 1 && from < to {
            let middle = from + (to - from) / 2;
            self.resolve(files, from..=middle, decisions)?;
            return self.resolve(files, middle + 1..=to, decisions);
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
            self.decide(files, same, decisions);
        }
        Ok(())
    }

    /// Decides on rows of one key, in the order of their sources and lines.
    fn decide(&self, files: &[Keys], same: &[Entry], decisions: &mut Vec<Decision>) {
        let last = same.last().map_or(0, |entry| entry.order);
        for of_source in same.chunk_by(|a, b| a.order == b.order) {
            let mut seen = HashSet::new();
            for (place, entry) in of_source.iter().enumerate() {
                let mut decide = |fate| {
                    decisions.push(Decision { file: entry.file, place: entry.place, fate });
                };
                if files[entry.file].is_landed {
                    if last > 0 {
                        decide(None);
                    }
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
                decide(Some(rejected.unwrap_or(stays)));
            }
        }
    }
}

/// The half of a hash by which ranges are made.
fn high(record: &KeyRecord) -> u64 {
    (record.key >> 64) as u64
}
