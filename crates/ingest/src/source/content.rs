//! What the bytes of a source are: read once, or known by what the file looks like.

use std::fs::{File, Metadata};
use std::io;
use std::sync::OnceLock;
use std::time::SystemTime;

use carnac_model::{Input, Stamp};
use chrono::{DateTime, TimeDelta, Utc};
use encoding_rs::Encoding;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::Xxh3;

use super::{Member, read_up_to};
use crate::text::Guess;

/// How much older than its reading a file must be, so that a change of it would show: clocks of
/// file systems tick as slowly as every two seconds.
const TICK: TimeDelta = TimeDelta::seconds(2);

/// What of the sources is landed already, so that files which look as they did are not read.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "what looks a source up has none")]
pub struct Known<'a> {
    /// What is landed of a source, by its name; none of those that are to be read all the same.
    pub landed: &'a (dyn Fn(&str) -> Option<&'a Input> + Sync),
    /// The time before any file is opened.
    pub now: DateTime<Utc>,
}

/// The bytes of a source: what they are, and what reading them told.
#[derive(Debug)]
pub(crate) struct Content {
    /// Of several files, of their names and lengths too.
    pub(crate) sha256: String,
    /// How many bytes there are.
    pub(crate) length: u64,
    /// What the file looks like; none when a change of it might not show.
    pub(crate) stamp: Option<Stamp>,
    /// Empty until they are read, of a file that looks as it did when it landed.
    reading: OnceLock<Reading>,
}

/// What the bytes were when they were read.
#[derive(Debug)]
pub(super) struct Reading {
    sha256: String,
    length: u64,
    /// A faster hash of the same bytes, by which they are known when they are read again.
    pub(super) passed: u128,
    /// What they look like.
    pub(super) encoding: &'static Encoding,
}

impl Content {
    /// Reads the files of the source of that name, or takes what `look` says, their look before
    /// anything of them was read.
    pub(super) fn of(
        members: &[Member],
        look: Option<Stamp>,
        known: Option<Known<'_>>,
        source: &str,
    ) -> io::Result<Self> {
        let landed = known.and_then(|known| (known.landed)(source));
        if let (Some(input), Some(look)) = (landed, &look)
            && input.stamp.as_ref() == Some(look)
        {
            let (sha256, length, reading) = (input.sha256.clone(), look.bytes, OnceLock::new());
            return Ok(Self { sha256, length, stamp: Some(look.clone()), reading });
        }
        let read = Reading::of(members)?;
        let stamp = look.filter(|look| known.is_some_and(|known| tells_changes(look, known.now)));
        Ok(Self { sha256: read.sha256.clone(), length: read.length, stamp, reading: read.into() })
    }

    /// Returns what reading the bytes told, or reads them; none when they are others by now.
    pub(super) fn reading(&self, members: &[Member]) -> io::Result<Option<&Reading>> {
        if self.reading.get().is_none() {
            let read = Reading::of(members)?;
            if read.sha256 != self.sha256 {
                return Ok(None);
            }
            self.reading.set(read).unwrap_or_default();
        }
        Ok(self.reading.get())
    }
}

impl Reading {
    fn of(members: &[Member]) -> io::Result<Self> {
        let (mut hasher, mut again, mut guess, mut length) =
            (Sha256::new(), Xxh3::new(), Guess::default(), 0);
        let mut chunk = vec![0; 1 << 20];
        for member in members {
            let mut file = File::open(&member.path)?;
            if let Some(name) = &member.name {
                hasher.update(name);
                hasher.update([0]);
                hasher.update(file.metadata()?.len().to_le_bytes());
            }
            loop {
                let count = read_up_to(&mut file, &mut chunk)?;
                let passed = chunk.get(..count).unwrap_or_default();
                if passed.is_empty() {
                    break;
                }
                hasher.update(passed);
                again.update(passed);
                guess.watch(passed);
                length += passed.len() as u64;
            }
        }
        let (sha256, passed) = (hex(&hasher.finalize()), again.digest128());
        Ok(Self { sha256, length, passed, encoding: guess.encoding() })
    }
}

/// What the file of a source looks like from outside; none of an archive, whose files are unpacked.
pub(super) fn look(members: &[Member], is_unpacked: bool) -> Option<Stamp> {
    let [Member { path, name: None }] = members else { return None };
    let file = path.metadata().ok().filter(|_| !is_unpacked)?;
    let modified = file.modified().ok()?;
    let changed = DateTime::from(changed(&file).unwrap_or(modified));
    Some(Stamp { bytes: file.len(), modified: modified.into(), changed })
}

/// Whether a change of the file from `now` on would give it another look.
fn tells_changes(look: &Stamp, now: DateTime<Utc>) -> bool {
    look.modified.max(look.changed) < now - TICK
}

/// When the system last changed anything of a file.
#[cfg(unix)]
fn changed(file: &Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    let time = DateTime::from_timestamp(file.ctime(), u32::try_from(file.ctime_nsec()).ok()?)?;
    Some(time.into())
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> Option<SystemTime> {
    None
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::fs::FileTimes;
    use std::time::Duration;

    use super::*;

    fn hour(hours: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(hours)
    }

    #[test]
    fn a_file_that_was_just_written_is_read_again() {
        let at = |hours| DateTime::from(hour(hours));
        let look = Stamp { bytes: 1, modified: at(1), changed: at(2) };
        for (now, expected) in
            [(at(1), false), (at(2), false), (at(2) + TICK, false), (at(3), true)]
        {
            assert_eq!(tells_changes(&look, now), expected, "{now}");
        }
    }

    #[test]
    fn what_looks_as_it_did_is_not_read_before_it_has_to_be() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "12").unwrap();
        let members = [Member { path: path.clone(), name: None }];
        let now = DateTime::from(hour(24 * 365 * 200));
        let open = |landed: Option<&Input>| {
            let known = Some(Known { landed: &|name| landed.filter(|_| name == "acts/a"), now });
            Content::of(&members, look(&members, false), known, "acts/a").unwrap()
        };
        let first = open(None);
        let is_read = |content: &Content| content.reading.get().is_some();
        assert!(is_read(&first) && first.stamp.is_some());

        let landed = Input { stamp: first.stamp.clone(), ..Input::new(&first.sha256) };
        let known = open(Some(&landed));
        assert_eq!((&known.sha256, known.length, is_read(&known)), (&first.sha256, 2, false));
        assert_eq!(known.reading(&members).unwrap().unwrap().sha256, first.sha256);

        // Bytes of the same number, and the time set back: the system keeps one of its own.
        let file = File::options().write(true).open(&path).unwrap();
        std::fs::write(&path, "34").unwrap();
        file.set_times(FileTimes::new().set_modified(first.stamp.unwrap().modified.into()))
            .unwrap();
        assert_eq!(is_read(&open(Some(&landed))), cfg!(unix));
        let false_look = Input { stamp: look(&members, false), ..landed };
        let known = open(Some(&false_look));
        assert!(known.reading(&members).unwrap().is_none(), "it holds other bytes");
    }
}
