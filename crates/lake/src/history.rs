//! The whole log of a table, commit by commit: which data file belongs to which versions.
//!
//! Read without the checkpoints, which only repeat it: no commit is ever removed.

use std::collections::BTreeMap;
use std::ops::Range;

use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::delta::folder;
use crate::proof::Proof;
use crate::{Error, Lake, Result, sum};

/// Commits that are read beside one another.
const AT_ONCE: usize = 16;

/// What a log tells.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The data files, by their path in the lake; a file may leave and come back.
    pub(crate) files: BTreeMap<Path, Vec<Life>>,
    /// SHA-256 of what each version changes, where its commit is whole.
    pub(crate) commits: BTreeMap<u64, String>,
    /// The versions that are not what was written, and why.
    pub(crate) damage: BTreeMap<u64, String>,
    /// The versions that have a checkpoint.
    pub(crate) checkpoints: Vec<u64>,
    /// The newest version, published or not; none when there is no log.
    pub(crate) newest: Option<u64>,
}

/// The versions that have a file, and what the log says of it.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) versions: Range<u64>,
    pub(crate) file: Added,
}

/// A data file as a commit adds it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Added {
    path: String,
    /// Bytes.
    pub(crate) size: u64,
    /// A JSON text.
    stats: Option<String>,
    #[serde(rename = "partitionValues")]
    values: BTreeMap<String, Option<String>>,
    tags: Option<BTreeMap<String, Option<String>>>,
}

#[derive(Deserialize)]
struct Statistics {
    #[serde(rename = "numRecords")]
    rows: Option<u64>,
}

#[derive(Deserialize)]
struct Line {
    add: Option<Added>,
    remove: Option<Removed>,
    protocol: Option<IgnoredAny>,
    #[serde(rename = "metaData")]
    metadata: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Removed {
    path: String,
}

impl Added {
    /// Rows of the file, as far as the log says.
    pub(crate) fn rows(&self) -> Option<u64> {
        serde_json::from_str::<Statistics>(self.stats.as_ref()?).ok()?.rows
    }

    /// The checksum of the file; none of one that was written before there were any.
    pub(crate) fn sha256(&self) -> Option<&str> {
        self.tags.as_ref()?.get(sum::TAG)?.as_deref()
    }

    /// The partition that the file is of.
    pub(crate) fn partition(&self) -> Option<&str> {
        self.values.values().next()?.as_deref()
    }
}

impl Lake {
    /// Reads the whole log of a table.
    pub(crate) async fn history(&self, table: &str) -> Result<History> {
        let failed = |source| Error::Log { table: table.to_owned(), source };
        let log = Path::from(format!("{}/_delta_log", folder(table)));
        let entries: Vec<_> = self.store.list(Some(&log)).try_collect().await.map_err(failed)?;
        let of = |name: &str, kind: &str| name.strip_suffix(kind)?.parse::<u64>().ok();
        let names = || entries.iter().filter_map(|entry| entry.location.filename());
        let mut history = History {
            checkpoints: names().filter_map(|name| of(name, ".checkpoint.parquet")).collect(),
            ..History::default()
        };
        history.checkpoints.sort_unstable();
        // A version of which the checkpoint alone is left is one all the same.
        let commits = names().filter_map(|name| of(name, ".json"));
        history.newest = commits.chain(history.checkpoints.last().copied()).max();
        let Some(newest) = history.newest else { return Ok(history) };
        let read = |version: u64| {
            let path = log.clone().join(format!("{version:020}.json"));
            async move {
                match self.store.get(&path).await {
                    Ok(entry) => Ok((version, Some(entry.bytes().await?))),
                    Err(object_store::Error::NotFound { .. }) => Ok((version, None)),
                    Err(error) => Err(error),
                }
            }
        };
        let mut commits = futures::stream::iter((0..=newest).map(read)).buffered(AT_ONCE);
        while let Some((version, commit)) = commits.try_next().await.map_err(failed)? {
            history.apply(table, version, commit.as_deref());
        }
        Ok(history)
    }
}

impl History {
    /// The first damage up to a version that a release names. What stands after it is what a run
    /// that was killed may leave: the next one on the table sets it aside.
    pub(crate) fn damage_until(&self, version: u64) -> Option<(u64, &str)> {
        let (version, reason) = self.damage.range(..=version).next()?;
        Some((*version, reason.as_str()))
    }

    /// Adds what a commit says; what can be read of a damaged one too.
    fn apply(&mut self, table: &str, version: u64, commit: Option<&[u8]>) {
        let Some(commit) = commit else {
            self.damage.insert(version, "it is not in the log".to_owned());
            return;
        };
        match Proof::read(commit) {
            Ok(proof) => drop(self.commits.insert(version, proof.sha256)),
            Err(reason) => drop(self.damage.insert(version, reason)),
        }
        let text = String::from_utf8_lossy(commit);
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        let lines: Vec<_> = lines.collect();
        let says = |what: fn(&Line) -> bool| lines.iter().any(what);
        let is_first = says(|line| line.metadata.is_some()) && says(|line| line.protocol.is_some());
        if version == 0 && !is_first {
            self.damage.insert(version, "it does not say what the table is".to_owned());
        }
        let (removed, added): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|line| line.remove.is_some());
        for removed in removed.into_iter().filter_map(|line| line.remove) {
            let lives = place(table, &removed.path).and_then(|path| self.files.get_mut(&path));
            if let Some(life) = lives.and_then(|lives| lives.last_mut()) {
                life.versions.end = life.versions.end.min(version);
            }
        }
        for file in added.into_iter().filter_map(|line| line.add) {
            match place(table, &file.path) {
                Some(path) => {
                    let lives = self.files.entry(path).or_default();
                    lives.push(Life { versions: version..u64::MAX, file });
                }
                None => drop(self.damage.insert(version, "a file of it has no name".to_owned())),
            }
        }
    }

    /// The files of a version.
    pub(crate) fn at(&self, version: u64) -> impl Iterator<Item = (&Path, &Added)> {
        let has = move |life: &&Life| life.versions.contains(&version);
        self.files
            .iter()
            .filter_map(move |(path, lives)| Some((path, &lives.iter().find(has)?.file)))
    }
}

/// Where a file is that the log of a table names.
fn place(table: &str, path: &str) -> Option<Path> {
    Path::from_url_path(format!("{}/{path}", folder(table))).ok()
}
