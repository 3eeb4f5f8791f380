//! The lines of a journal, each bound to the one before.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::Entry;

/// The place of a line, kept elsewhere: what comes before cannot be changed unseen then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anchor {
    /// The number of the line.
    pub number: u64,
    /// Its hash: 64 hexadecimal digits.
    pub hash: String,
}

impl std::fmt::Display for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "an anchor is NUMBER:HASH, as `carnac audit verify` prints it".to_owned();
        let (number, hash) = text.split_once(':').ok_or_else(wrong)?;
        let number = number.parse().map_err(|_| wrong())?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then(|| Self { number, hash: hash.to_ascii_lowercase() }).ok_or_else(wrong)
    }
}

/// A line that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file, below the folder.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// Why it does not.
    pub reason: &'static str,
}

/// A journal that was read back.
#[derive(Debug, Default)]
pub struct Chain {
    /// Files read.
    pub files: usize,
    /// Lines read.
    pub lines: usize,
    /// The number of the first line: above 1 when what was before is kept elsewhere, or gone.
    pub first: Option<u64>,
    /// The last line, to be kept elsewhere.
    pub last: Option<Anchor>,
    /// Every line that does not hold.
    pub broken: Vec<Broken>,
    /// Whether the line that an anchor names is there.
    pub is_anchored: bool,
}

/// Returns the months of the files of a folder, the oldest first.
pub(super) fn files(folder: &Path) -> io::Result<Vec<String>> {
    let mut months = Vec::new();
    for entry in folder.read_dir()? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        months.extend(name.strip_suffix(".jsonl").map(str::to_owned));
    }
    months.sort();
    Ok(months)
}

pub(super) fn path(folder: &Path, month: &str) -> PathBuf {
    folder.join(format!("{month}.jsonl"))
}

/// Returns an entry as its line, and its hash.
pub(super) fn line(entry: &Entry) -> io::Result<(String, String)> {
    let mut text = serde_json::to_string(entry)?;
    let hash = hash(&text);
    text.pop();
    text.push_str(&format!(",\"hash\":\"{hash}\"}}\n"));
    Ok((text, hash))
}

fn hash(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}

/// Reads a line, without its end; none when it does not bear out its hash.
fn read(line: &str) -> Option<(Entry, Anchor)> {
    let (text, told) = line.strip_suffix("\"}")?.rsplit_once(",\"hash\":\"")?;
    let text = format!("{text}}}");
    let entry: Entry = serde_json::from_str(&text).ok()?;
    let found = Anchor { number: entry.number, hash: hash(&text) };
    (found.hash == told).then_some((entry, found))
}

/// Returns the last line of a month's file, or of those before if it has none; the bytes of its whole
/// lines; and those of an unfinished one behind them.
pub(super) fn end(folder: &Path, month: &str) -> io::Result<(Anchor, u64, u64)> {
    let content = std::fs::read(path(folder, month))?;
    let whole = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    let lengths = (whole as u64, (content.len() - whole) as u64);
    let mut last = content[..whole].split(|byte| *byte == b'\n').rev().skip(1);
    if let Some(line) = last.next() {
        let read = std::str::from_utf8(line).ok().and_then(read);
        let (_, anchor) = read.ok_or_else(|| {
            io::Error::other(
                "its last line is damaged: `carnac audit verify` says how; move it away",
            )
        })?;
        return Ok((anchor, lengths.0, lengths.1));
    }
    let before = files(folder)?.into_iter().rev().find(|found| found.as_str() < month);
    let anchor = match before {
        Some(month) => end(folder, &month)?.0,
        None => Anchor::default(),
    };
    Ok((anchor, lengths.0, lengths.1))
}

/// Returns the entries at the end of the newest file, in at most so many bytes.
pub(super) fn recent(folder: &Path, bytes: u64) -> io::Result<Vec<Entry>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let Some(month) = files(folder)?.pop() else { return Ok(Vec::new()) };
    let mut file = File::open(path(folder, &month))?;
    let from = file.metadata()?.len().saturating_sub(bytes);
    file.seek(SeekFrom::Start(from))?;
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    let lines =
        content.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    Ok(lines.filter_map(read).map(|(entry, _)| entry).collect())
}

/// Reads every line of every file, and says which do not hold.
pub(super) fn verify(folder: &Path, anchor: Option<&Anchor>) -> io::Result<Chain> {
    let mut chain = Chain::default();
    for month in files(folder)? {
        chain.files += 1;
        let mut file = BufReader::new(File::open(path(folder, &month))?);
        let mut line = Vec::new();
        let mut place = 0;
        while file.read_until(b'\n', &mut line)? > 0 {
            place += 1;
            chain.lines += 1;
            if let Err(reason) = chain.link(&line, anchor) {
                let file = format!("{month}.jsonl");
                chain.broken.push(Broken { file, line: place, reason });
            }
            line.clear();
        }
    }
    Ok(chain)
}

impl Chain {
    /// Takes the next line.
    fn link(&mut self, line: &[u8], anchor: Option<&Anchor>) -> Result<(), &'static str> {
        let Some(line) = line.strip_suffix(b"\n") else { return Err("it is cut off") };
        let read = std::str::from_utf8(line).ok().and_then(read);
        let Some((entry, found)) = read else { return Err("it does not bear out its hash") };
        self.is_anchored |= anchor == Some(&found);
        let follows = self
            .last
            .as_ref()
            .is_none_or(|last| entry.number == last.number + 1 && entry.previous == last.hash);
        let begins = entry.number > 1 || entry.previous.is_empty();
        self.first.get_or_insert(entry.number);
        self.last = Some(found);
        if follows && begins { Ok(()) } else { Err("it does not follow the line before") }
    }
}
