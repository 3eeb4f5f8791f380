//! Reads a lake back, all that releases, editions and runs name, and tells everything that is not
//! what was written.

mod books;
mod checkpoint;
mod file;

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::SchemaRef;
use carnac_model::Release;

use crate::history::History;
use crate::keep::pins;
use crate::{Error, Lake, Result, Table};

pub(crate) use checkpoint::HINT;

/// One thing that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damage {
    /// The thing: a release, a version of a table, a file, an edition, a run.
    pub what: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What was read back, and the damage found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Releases whose files were read.
    pub releases: usize,
    /// Releases whose record was read only: upkeep has removed files of them.
    pub retired: usize,
    /// Tables.
    pub tables: usize,
    /// Data files, each read once.
    pub files: usize,
    /// Bytes of data files.
    pub bytes: u64,
    /// Data files that were written before there were checksums: they were decoded only.
    pub without_checksum: usize,
    /// Editions.
    pub editions: usize,
    /// Records of runs.
    pub runs: usize,
    /// All that is damaged, in order.
    pub damage: Vec<Damage>,
}

/// How far it is: data files read, and data files in all.
type Advanced<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// The versions that releases name of a table, with the releases and the commit that each means.
type Named<'r> = BTreeMap<u64, Vec<(&'r Release, Option<&'r str>)>>;

impl Lake {
    /// Reads back all releases, editions and runs, or one release only.
    ///
    /// # Errors
    /// When storage cannot be listed, or there is no such release. Damage is no error.
    pub async fn verify(&self, only: Option<u64>, advanced: Advanced<'_>) -> Result<Verified> {
        let mut verified = Verified::default();
        let releases = self.readable(only, &mut verified).await?;
        if only.is_none() {
            self.verify_editions(&mut verified).await?;
            self.verify_runs(&mut verified).await?;
        }
        let mut tables: BTreeMap<&str, Named<'_>> = BTreeMap::new();
        for release in &releases {
            for (table, version, commit) in pins(release) {
                let named = tables.entry(table).or_default().entry(version).or_default();
                named.push((release, commit));
            }
        }
        let mut files = file::Files::default();
        for (table, named) in &tables {
            self.verify_table(table, named, &mut files, &mut verified).await?;
        }
        self.verify_files(files, advanced, &mut verified).await;
        verified.tables = tables.len();
        verified.damage.sort();
        verified.damage.dedup();
        Ok(verified)
    }

    /// The releases that can be read; a number that has no record is damage too.
    async fn readable(&self, only: Option<u64>, verified: &mut Verified) -> Result<Vec<Release>> {
        let there = self.release_ids().await?;
        let ids = match only {
            Some(id) => BTreeSet::from([id]),
            None => (1..=there.last().copied().unwrap_or_default()).collect(),
        };
        let mut releases = Vec::new();
        for id in ids {
            match self.record(id).await {
                Ok(_) if self.is_retired(id).await? => verified.retired += 1,
                Ok(release) => releases.push(release),
                Err(Error::DamagedRelease { reason, .. }) => {
                    verified.found(format!("release {id}"), reason);
                }
                Err(Error::NoRelease { .. }) if only.is_none() => {
                    verified.found(format!("release {id}"), "its record is not there");
                }
                Err(error) => return Err(error),
            }
        }
        verified.releases = releases.len();
        for release in &releases {
            books::balanced(release, verified);
        }
        Ok(releases)
    }

    async fn verify_editions(&self, verified: &mut Verified) -> Result<()> {
        for name in self.edition_names().await? {
            verified.editions += 1;
            let what = format!("edition {name}");
            let edition = match self.edition(&name).await {
                Ok(edition) => edition,
                Err(Error::DamagedEdition { reason, .. }) => {
                    verified.found(what, reason);
                    continue;
                }
                Err(error) => return Err(error),
            };
            match self.release(edition.release).await {
                Ok(_) => {}
                Err(error @ (Error::NoRelease { .. } | Error::RetiredRelease { .. })) => {
                    verified.found(what, error.to_string());
                }
                // Told of the release.
                Err(Error::DamagedRelease { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A release that a run says it published must be there: it may have been the last.
    async fn verify_runs(&self, verified: &mut Verified) -> Result<()> {
        let there = self.release_ids().await?;
        for (path, run) in self.run_records().await? {
            verified.runs += 1;
            match run {
                Err(reason) => verified.found(format!("run {path}"), reason),
                Ok(run) => {
                    if let Some(id) = run.release.filter(|id| !there.contains(id)) {
                        verified.found(format!("release {id}"), "its record is not there");
                    }
                }
            }
        }
        Ok(())
    }

    /// The whole log of a table, its checkpoints, and the versions that releases name.
    async fn verify_table(
        &self,
        table: &str,
        named: &Named<'_>,
        files: &mut file::Files,
        verified: &mut Verified,
    ) -> Result<()> {
        let history = self.history(table).await?;
        let last = named.keys().next_back().copied().unwrap_or_default();
        let at = |version: u64| format!("table {table}, version {version}");
        // What comes after is of a run that has not published.
        for (version, reason) in history.damage.range(..=last) {
            verified.found(at(*version), reason.as_str());
        }
        if history.newest.is_none_or(|newest| newest < last) {
            let newest = history.newest.map_or(0, |newest| newest + 1);
            for version in named.keys().filter(|version| **version >= newest) {
                verified.found(at(*version), "it is not in the log");
            }
        }
        self.verify_checkpoints(table, &history, last, verified).await?;
        for (version, releases) in named {
            for (release, published) in releases {
                let found = history.commits.get(version);
                if published.is_some_and(|sum| found.is_some_and(|found| found != sum)) {
                    verified.found(at(*version), "it is another commit than the one published");
                }
                books::compare(table, &history, *version, release, verified);
            }
        }
        let columns = self.columns(table, last, verified).await;
        files.name(columns.as_ref(), &history, named);
        Ok(())
    }

    /// Opens a version as a reader does, and returns its columns.
    async fn columns(
        &self,
        table: &str,
        version: u64,
        verified: &mut Verified,
    ) -> Option<SchemaRef> {
        let open = async || Table::of(table, &self.delta_at(table, version, None).await?);
        match open().await {
            Ok(table) => Some(table.file_columns()),
            // Told of the version.
            Err(Error::DamagedCommit { .. }) => None,
            Err(error) => {
                verified.found(format!("table {table}, version {version}"), error.to_string());
                None
            }
        }
    }
}

impl Verified {
    fn found(&mut self, what: impl Into<String>, reason: impl Into<String>) {
        self.damage.push(Damage { what: what.into(), reason: reason.into() });
    }
}
