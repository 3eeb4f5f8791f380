//! The end of a journal: what is written goes there, whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::chain::{self, Anchor};
use super::{Entry, Event};

/// Held by who writes.
const LOCK: &str = "lock";

/// The file that is written, of one month.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    clock: fn() -> DateTime<Utc>,
    month: String,
    file: File,
    /// Bytes of it that are whole lines.
    length: u64,
    last: Anchor,
    is_flushed: bool,
    _lock: File,
}

impl Writer {
    pub(super) fn open(
        folder: &Path,
        clock: fn() -> DateTime<Utc>,
        code: &str,
    ) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let lock = OpenOptions::new().create(true).append(true).open(folder.join(LOCK))?;
        lock.try_lock().map_err(|_| io::Error::other("another server writes it"))?;
        let newest = chain::files(folder)?.pop();
        let month = newest.unwrap_or_else(|| month(clock()));
        let mut file = open(folder, &month)?;
        let (last, length, cut) = chain::end(folder, &month)?;
        truncate(&mut file, length)?;
        let (folder, is_flushed) = (folder.to_owned(), true);
        let mut writer = Self { folder, clock, month, file, length, last, is_flushed, _lock: lock };
        let opened = Event::Opened { code: code.to_owned(), cut };
        writer.write(std::iter::once(&opened))?;
        writer.flush();
        Ok(writer)
    }

    /// Writes these events, all or none.
    pub(super) fn write<'e>(&mut self, events: impl Iterator<Item = &'e Event>) -> io::Result<()> {
        if !self.is_flushed {
            // What was written before did not reach the disk: neither would this.
            self.file.sync_data()?;
        }
        let at = (self.clock)();
        self.turn_to(month(at))?;
        let (mut lines, mut last) = (Vec::new(), self.last.clone());
        for event in events {
            let number = last.number + 1;
            let entry = Entry { number, previous: last.hash, at, event: event.clone() };
            let (line, hash) = chain::line(&entry)?;
            lines.extend_from_slice(line.as_bytes());
            last = Anchor { number, hash };
        }
        if let Err(error) = self.file.write_all(&lines) {
            truncate(&mut self.file, self.length)?;
            return Err(error);
        }
        self.length += lines.len() as u64;
        self.last = last;
        self.is_flushed = false;
        Ok(())
    }

    /// Brings what was written to the disk; the next write fails when it does not get there.
    pub(super) fn flush(&mut self) {
        self.is_flushed = self.file.sync_data().is_ok();
    }

    /// Goes on in the file of a later month.
    fn turn_to(&mut self, month: String) -> io::Result<()> {
        if month > self.month {
            self.file = open(&self.folder, &month)?;
            (self.month, self.length) = (month, 0);
        }
        Ok(())
    }
}

fn month(at: DateTime<Utc>) -> String {
    at.format("%Y-%m").to_string()
}

fn open(folder: &Path, month: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    let file = options.open(chain::path(folder, month))?;
    // So that the name is there after a power loss.
    File::open(folder)?.sync_all()?;
    Ok(file)
}

fn truncate(file: &mut File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.seek(SeekFrom::End(0)).map(|_| ())
}
