//! The release log: numbered records, each put only if absent, the newest readable one wins.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use carnac_model::{Cube, Input, Release, Stamp};
use chrono::{DateTime, NaiveDate, Utc};
use futures::TryStreamExt;
use futures::future::try_join_all;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutMode, PutOptions};

use crate::commit::ATTEMPTS;
use crate::{Error, Lake, Result};

mod seal;

const FOLDER: &str = "releases";

/// A release in the making: the tables and sources that one run has changed so far.
///
/// Nothing in it is visible to readers before [`Lake::publish`].
#[derive(Debug)]
pub struct Draft {
    pub(crate) base: Option<Release>,
    pub(crate) run_date: NaiveDate,
    pub(crate) tables: BTreeMap<String, u64>,
    /// What tells the commits of those versions from others, as [`Release::commits`] has it.
    commits: BTreeMap<String, String>,
    pub(crate) inputs: BTreeMap<String, Input>,
    /// The cubes that this run has built.
    pub(crate) cubes: BTreeMap<String, Cube>,
    /// What unchanged sources look like by now, with the checksum of the bytes they have.
    seen: BTreeMap<String, (String, Stamp)>,
}

impl Draft {
    /// Returns what the last release holds of a source, `<dataset>/<file name>`.
    #[must_use]
    pub fn landed(&self, source: &str) -> Option<&Input> {
        self.base.as_ref().and_then(|base| base.inputs.get(source))
    }

    /// Returns the sources of `dataset` that were landed from the very same bytes, whatever their
    /// names.
    pub fn landed_bytes<'d>(
        &'d self,
        dataset: &'d str,
        sha256: &'d str,
    ) -> impl Iterator<Item = (&'d str, &'d Input)> {
        let of_dataset =
            move |name: &str| name.strip_prefix(dataset).is_some_and(|rest| rest.starts_with('/'));
        let inputs = self.base.iter().flat_map(|base| &base.inputs);
        inputs
            .filter(move |(name, input)| of_dataset(name) && input.sha256 == sha256)
            .map(|(name, input)| (name.as_str(), input))
    }

    /// Starts the first draft of a lake that is not there yet.
    #[must_use]
    pub fn first(run_date: NaiveDate) -> Self {
        Self {
            base: None,
            run_date,
            tables: BTreeMap::new(),
            commits: BTreeMap::new(),
            inputs: BTreeMap::new(),
            cubes: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Returns the release that it builds on; none when there is none.
    #[must_use]
    pub fn base(&self) -> Option<&Release> {
        self.base.as_ref()
    }

    /// Returns the release that it would be if it were published on its base now.
    ///
    /// It has the number of its base: it is none yet.
    #[must_use]
    pub fn preview(&self, now: DateTime<Utc>) -> Release {
        let base = self.base.clone();
        let mut cubes = base.as_ref().map(|base| base.cubes.clone()).unwrap_or_default();
        let (mut tables, mut commits, mut inputs) =
            base.map(|base| (base.tables, base.commits, base.inputs)).unwrap_or_default();
        commits.retain(|table, _| !self.tables.contains_key(table));
        tables.extend(self.tables.clone());
        inputs.extend(self.inputs.clone());
        cubes.extend(self.cubes.clone());
        let (id, code) =
            (self.base.as_ref().map_or(0, |base| base.id), env!("CARGO_PKG_VERSION").to_owned());
        let run_date = self.run_date;
        Release { id, published_at: now, run_date, tables, commits, inputs, code, cubes }
    }

    /// The sources of a dataset that this run has landed, by file name.
    pub(crate) fn inputs_of<'d>(
        &'d self,
        dataset: &'d str,
    ) -> impl Iterator<Item = (&'d str, &'d Input)> {
        self.inputs.iter().filter_map(move |(source, input)| {
            let (of, file) = source.split_once('/')?;
            (of == dataset).then_some((file, input))
        })
    }

    /// Returns whether this run has changed nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Notes what the file of a landed source looks like, whose bytes were read and are those of
    /// that checksum. It is kept with the next release; of itself it makes none.
    pub fn note(&mut self, source: &str, sha256: &str, stamp: Stamp) {
        self.seen.insert(source.to_owned(), (sha256.to_owned(), stamp));
    }

    /// Returns the date that "today" means for this run.
    #[must_use]
    pub fn run_date(&self) -> NaiveDate {
        self.run_date
    }

    /// Sets the version of a table that has the same rows under it: cubes built from those are
    /// built from these.
    pub(crate) fn rewritten(&mut self, table: &str, version: u64) {
        let before = self.version(table);
        self.tables.insert(table.to_owned(), version);
        let mut cubes = self.base.as_ref().map(|base| base.cubes.clone()).unwrap_or_default();
        cubes.extend(std::mem::take(&mut self.cubes));
        for cube in cubes.values_mut() {
            if let Some(from) = cube.built_from.get_mut(table)
                && Some(*from) == before
            {
                *from = version;
            }
        }
        self.cubes = cubes;
    }

    /// The version to build on: this run's own, or else the one readers see.
    pub(crate) fn version(&self, table: &str) -> Option<u64> {
        self.tables.get(table).copied().or_else(|| self.published_version(table))
    }

    /// The version that readers see of a table, if it was ever published.
    pub(crate) fn published_version(&self, table: &str) -> Option<u64> {
        self.base.as_ref().and_then(|base| base.tables.get(table)).copied()
    }

    /// Rebases this draft on the newest release; two runs that changed one table conflict.
    fn onto(
        &self,
        latest: Option<Release>,
        id: u64,
        published_at: DateTime<Utc>,
    ) -> Result<Release> {
        // One built from what another run has changed since is not read: it names other versions.
        let mut cubes = latest.as_ref().map(|latest| latest.cubes.clone()).unwrap_or_default();
        cubes.extend(self.cubes.clone());
        let (mut tables, mut commits, mut inputs) =
            latest.map(|latest| (latest.tables, latest.commits, latest.inputs)).unwrap_or_default();
        for (table, version) in &self.tables {
            if tables.get(table).copied() != self.published_version(table) {
                return Err(Error::Conflict { table: table.clone() });
            }
            tables.insert(table.clone(), *version);
            commits.remove(table);
        }
        commits.extend(self.commits.clone());
        inputs.extend(
            self.inputs
                .iter()
                .map(|(name, input)| (name.clone(), Input { release: id, ..input.clone() })),
        );
        for (name, (sha256, stamp)) in &self.seen {
            if let Some(input) = inputs.get_mut(name).filter(|input| input.sha256 == *sha256) {
                input.stamp = Some(stamp.clone());
            }
        }
        let code = env!("CARGO_PKG_VERSION").to_owned();
        let run_date = self.run_date;
        Ok(Release { id, published_at, run_date, tables, commits, inputs, code, cubes })
    }
}

impl Lake {
    /// Starts a draft on the newest release; `run_date` is what "today" means for the run.
    ///
    /// # Errors
    /// When the release log cannot be read.
    pub async fn draft(&self, run_date: NaiveDate) -> Result<Draft> {
        let base = self.latest().await?;
        let (tables, commits, inputs, cubes, seen) = Default::default();
        Ok(Draft { base, run_date, tables, commits, inputs, cubes, seen })
    }

    /// Publishes everything the draft changed as one release, or nothing.
    ///
    /// # Errors
    /// [`Error::Conflict`] when another run published one of the same tables since the draft began;
    /// [`Error::DamagedCommit`] when the log of one is not what was written.
    pub async fn publish(&self, mut draft: Draft, now: DateTime<Utc>) -> Result<Release> {
        for (table, version) in &draft.tables {
            if let Some(commit) = self.proven(table, *version, None).await? {
                draft.commits.insert(table.clone(), commit.sha256);
            }
        }
        loop {
            // The number after the last record, which may be a damaged one.
            let id = self.release_ids().await?.last().map_or(1, |last| last + 1);
            let release = draft.onto(self.latest().await?, id, now)?;
            if self.put(&release).await? {
                return Ok(release);
            }
        }
    }

    /// Puts a release; false when its number is taken.
    async fn put(&self, release: &Release) -> Result<bool> {
        match self.put_if_absent(&path(release.id), seal::sealed(release).into_bytes()).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(source) => Err(Error::ReleaseLog { step: "write", source }),
        }
    }

    /// Writes a record that never changes; errs when another one of that name is there.
    pub(crate) async fn put_if_absent(
        &self,
        path: &Path,
        body: Vec<u8>,
    ) -> object_store::Result<()> {
        let mut attempt = 1;
        loop {
            let only_if_absent = PutOptions::from(PutMode::Create);
            let sent = self.store.put_opts(path, body.clone().into(), only_if_absent).await;
            let Err(error) = sent else { return Ok(()) };
            // An error does not mean that nothing was written, nor a name that is taken that it is
            // not ours: a store that got no reply asks again.
            let read = async || self.store.get(path).await?.bytes().await;
            if read().await.is_ok_and(|written| written == body) {
                tracing::warn!(%path, %error, "the record is written all the same");
                return Ok(());
            }
            let is_taken = matches!(error, object_store::Error::AlreadyExists { .. });
            if is_taken || attempt == ATTEMPTS {
                return Err(error);
            }
            tracing::warn!(%path, %error, "sending the record again");
            attempt += 1;
        }
    }

    /// Returns the newest release that is whole, or none when nothing was published yet.
    ///
    /// # Errors
    /// When the log cannot be listed or read; a damaged record is passed over with a warning, and so
    /// is a release that names a damaged commit.
    pub async fn latest(&self) -> Result<Option<Release>> {
        for id in self.release_ids().await?.into_iter().rev() {
            match self.whole(id).await {
                Ok(release) => return Ok(Some(release)),
                Err(Error::DamagedRelease { id, reason }) => {
                    tracing::warn!(
                        release = id,
                        reason,
                        "release record is damaged, using the one before"
                    );
                }
                Err(error @ Error::DamagedCommit { .. }) => {
                    tracing::warn!(release = id, %error, "using the release before");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Returns a release, once the commits that it names are found whole.
    async fn whole(&self, id: u64) -> Result<Release> {
        let release = self.record(id).await?;
        let checks = release.tables.iter().map(|(table, version)| {
            let published = release.commits.get(table).map(String::as_str);
            self.proven(table, *version, published)
        });
        try_join_all(checks).await?;
        Ok(release)
    }

    /// Returns the newest release, which must exist.
    ///
    /// # Errors
    /// [`Error::Empty`] when there is none.
    pub async fn newest(&self) -> Result<Release> {
        self.latest().await?.ok_or_else(|| Error::Empty { root: self.root.clone() })
    }

    /// Returns the numbers of all releases, ascending.
    ///
    /// # Errors
    /// When the log cannot be listed.
    pub async fn release_ids(&self) -> Result<BTreeSet<u64>> {
        let ids = self.records_in(FOLDER).await;
        ids.map_err(|source| Error::ReleaseLog { step: "list", source })
    }

    /// Returns the names of the records `<name>.json` of a folder; another file is none.
    pub(crate) async fn records_in<T: FromStr + Ord>(
        &self,
        folder: &str,
    ) -> object_store::Result<BTreeSet<T>> {
        let entries: Vec<_> = self.store.list(Some(&Path::from(folder))).try_collect().await?;
        let name = |file: &str| file.strip_suffix(".json")?.parse().ok();
        Ok(entries.iter().filter_map(|entry| name(entry.location.filename()?)).collect())
    }

    /// Returns one release that can be read.
    ///
    /// # Errors
    /// [`Error::NoRelease`], [`Error::DamagedRelease`] or [`Error::RetiredRelease`].
    pub async fn release(&self, id: u64) -> Result<Release> {
        let release = self.record(id).await?;
        if self.is_retired(id).await? { Err(Error::RetiredRelease { id }) } else { Ok(release) }
    }

    /// Returns the record of a release, whether or not its files are kept still.
    ///
    /// # Errors
    /// [`Error::NoRelease`] or [`Error::DamagedRelease`].
    pub async fn record(&self, id: u64) -> Result<Release> {
        let read = |source| match source {
            object_store::Error::NotFound { .. } => Error::NoRelease { id },
            source => Error::ReleaseLog { step: "read", source },
        };
        let body = self.store.get(&path(id)).await.map_err(read)?.bytes().await.map_err(read)?;
        let damaged = |reason: String| Error::DamagedRelease { id, reason };
        let release = seal::unsealed(&body).map_err(damaged)?;
        if release.id == id {
            Ok(release)
        } else {
            Err(damaged(format!("it calls itself {}", release.id)))
        }
    }
}

/// `releases/00000042.json`: padded, so that names sort as numbers do.
fn path(id: u64) -> Path {
    Path::from(format!("{FOLDER}/{id:08}.json"))
}
