//! What was asked of a server, in a folder of its machine: a line when a query begins, and one when
//! it ends. Each holds the hash of the one before, so that none is changed, taken out or put in unseen.
//!
//! ```text
//! <folder>/2026-11.jsonl   {"number":17,"previous":"…","at":"…","event":"asked",…,"hash":"…"}
//! ```
//! The hash is the SHA-256 of the line up to it, closed by `}`. What was cut off at the end is told by
//! an [`Anchor`] that was kept elsewhere.

mod chain;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use self::writer::Writer;
use crate::{Error, Result};
pub use chain::{Anchor, Broken, Chain};

/// Bytes at the end of a journal that a table of it shows.
const RECENT: u64 = 32 * 1024 * 1024;

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1, without a gap.
    pub number: u64,
    /// The hash of the line before; empty for the first.
    pub previous: String,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What a line tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A server began to write.
    Opened {
        /// Version of the program.
        code: String,
        /// Bytes of an unfinished line that were cut off: the program or the machine had failed.
        cut: u64,
    },
    /// A query came.
    Asked {
        /// Names it in the logs, and in the line of its end.
        query: String,
        /// By which door: `flight`, `http` or `postgres`.
        door: String,
        /// Who asked, as a token names the role.
        role: String,
        /// The id of the token; none for who asks without one.
        token: Option<String>,
        /// The text, without its values.
        sql: String,
    },
    /// It ended.
    Ended {
        /// Which one.
        query: String,
        /// `answered`, `left` (by who asked), or the kind of its error.
        outcome: String,
        /// The release that it read, if it came so far.
        release: Option<u64>,
        /// Rows that were answered.
        rows: u64,
        /// Their size in memory.
        bytes: u64,
        /// From the call to its end.
        milliseconds: u64,
    },
}

/// A journal that is written, by a thread of its own.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    /// There up to the end.
    lines: Option<Sender<Line>>,
    thread: Option<JoinHandle<()>>,
}

/// An event on its way to the file, and who waits until it is there.
struct Line {
    event: Event,
    written: Option<oneshot::Sender<bool>>,
}

impl Journal {
    /// Goes on with the journal of a folder, or begins one; nobody else writes it meanwhile.
    ///
    /// # Errors
    /// When the folder cannot be written, another server writes it, or its last line is not one.
    pub fn open(folder: &Path, clock: fn() -> DateTime<Utc>, code: &str) -> Result<Self> {
        let failed = |source| Error::Journal { folder: folder.to_owned(), source };
        let writer = Writer::open(folder, clock, code).map_err(failed)?;
        let (lines, received) = mpsc::channel();
        let thread = thread::Builder::new().name("journal".to_owned());
        let thread = thread.spawn(move || keep(writer, &received)).map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), lines: Some(lines), thread: Some(thread) })
    }

    /// Writes what must be written before anything is done.
    ///
    /// # Errors
    /// When it is not written: the disk is full, say.
    pub async fn begin(&self, event: Event) -> Result<()> {
        let (written, told) = oneshot::channel();
        self.send(Line { event, written: Some(written) });
        if told.await.unwrap_or(false) {
            return Ok(());
        }
        let source = std::io::Error::other("the line is not written");
        Err(Error::Journal { folder: self.folder.clone(), source })
    }

    /// Writes what has happened, sooner or later: what cannot be written now is kept for then.
    pub fn end(&self, event: Event) {
        self.send(Line { event, written: None });
    }

    fn send(&self, line: Line) {
        let lines = self.lines.as_ref().expect("there up to the end");
        if lines.send(line).is_err() {
            tracing::error!("the journal is not written any more");
        }
    }

    /// Returns the lines at the end of a folder's journal, the oldest first: all of them, or the last
    /// 32 MiB of its newest file. A line that is none is left out.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn recent(folder: &Path) -> Result<Vec<Entry>> {
        let failed = |source| Error::Journal { folder: folder.to_owned(), source };
        chain::recent(folder, RECENT).map_err(failed)
    }

    /// Reads a whole journal back; see [`Chain`].
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn verify(folder: &Path, anchor: Option<&Anchor>) -> Result<Chain> {
        let failed = |source| Error::Journal { folder: folder.to_owned(), source };
        chain::verify(folder, anchor).map_err(failed)
    }
}

impl Drop for Journal {
    /// Waits until all that was sent is written.
    fn drop(&mut self) {
        drop(self.lines.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the journal ended in a panic");
        }
    }
}

/// Writes what comes, as much at once as there is, and flushes it.
fn keep(mut writer: Writer, lines: &Receiver<Line>) {
    let mut kept = Vec::new();
    while let Ok(first) = lines.recv() {
        let batch: Vec<_> = std::iter::once(first).chain(lines.try_iter()).collect();
        let (asked, ended): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|line| line.written.is_some());
        kept.extend(ended.into_iter().map(|line| line.event));
        let done = writer.write(kept.iter().chain(asked.iter().map(|line| &line.event)));
        match &done {
            Ok(()) => kept.clear(),
            Err(error) => tracing::error!(%error, "write the journal: queries are refused"),
        }
        for written in asked.into_iter().filter_map(|line| line.written) {
            // Who asked may be gone.
            written.send(done.is_ok()).unwrap_or_default();
        }
        writer.flush();
    }
}

#[cfg(test)]
mod tests;
