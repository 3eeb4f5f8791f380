//! Removal of files that no kept release names: of dead runs, of releases that are retired.
//!
//! What is needed is told by the logs of the tables, never by the age of a file; age only spares
//! what a run that is under way has written and not published.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use chrono::{DateTime, Days, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectMeta;
use object_store::path::Path;

use crate::delta::folder;
use crate::folder::STAGING;
use crate::history::Life;
use crate::keep::{Kept, pinned, pins};
use crate::{Error, Lake, Result, Upkeep};

/// Files that nothing names any more.
#[derive(Debug, Default)]
pub struct Unneeded {
    /// The releases whose files are kept.
    pub kept: BTreeSet<u64>,
    /// The releases that can be read no more once the files are removed.
    pub retired: BTreeSet<u64>,
    /// How many files, and how many bytes, by table.
    pub tables: BTreeMap<String, (usize, u64)>,
    /// Files that never got a name, and their bytes.
    pub staged: (usize, u64),
    /// The tables of which no file is removed, as their log is damaged, and the damage.
    pub refused: BTreeMap<String, String>,
    paths: Vec<Path>,
}

impl Unneeded {
    /// Returns the number of files.
    #[must_use]
    pub fn count(&self) -> usize {
        self.paths.len()
    }

    /// Returns the bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tables.values().map(|(_, bytes)| bytes).sum::<u64>() + self.staged.1
    }
}

impl Lake {
    /// Lists the files that no kept release names and that are as old as the days kept.
    ///
    /// Of a table whose log is damaged, none: what its versions hold is unknown.
    ///
    /// # Errors
    /// When something cannot be read, or an edition is damaged.
    pub async fn unneeded(&self, upkeep: &Upkeep, now: DateTime<Utc>) -> Result<Unneeded> {
        let kept = self.kept(upkeep, now).await?;
        let before = now.checked_sub_days(Days::new(upkeep.keep_days.into())).unwrap_or_default();
        let mut unneeded = Unneeded { kept: kept.ids.clone(), ..Unneeded::default() };
        let records = kept.records.values().flatten();
        let tables: BTreeSet<&str> = records.flat_map(pins).map(|(table, ..)| table).collect();
        for table in tables {
            self.unneeded_of(table, &kept, before, &mut unneeded).await?;
        }
        for file in self.old_files(STAGING, before).await? {
            count(&mut unneeded.staged, &file);
            unneeded.paths.push(file.location);
        }
        Ok(unneeded)
    }

    async fn unneeded_of(
        &self,
        table: &str,
        kept: &Kept,
        before: DateTime<Utc>,
        unneeded: &mut Unneeded,
    ) -> Result<()> {
        let history = self.history(table).await?;
        let pinned = kept.records.values().flatten().filter_map(|record| pinned(record, table));
        if let Some((version, reason)) = history.damage_until(pinned.max().unwrap_or_default()) {
            let damage = format!("version {version}: {reason}");
            unneeded.refused.insert(table.to_owned(), damage);
            return Ok(());
        }
        let versions = kept.versions(table, history.newest.unwrap_or_default());
        let mut gone = Vec::new();
        for file in self.old_files(&folder(table), before).await? {
            let is_log = file.location.parts().any(|part| part.as_ref() == "_delta_log");
            let lives = history.files.get(&file.location).map_or(&[][..], Vec::as_slice);
            if is_log || lives.iter().any(|life| meets(life, &versions)) {
                continue;
            }
            gone.extend(lives);
            count(unneeded.tables.entry(table.to_owned()).or_default(), &file);
            unneeded.paths.push(file.location);
        }
        unneeded.retired.extend(losing(table, kept, &gone));
        Ok(())
    }

    async fn old_files(&self, folder: &str, before: DateTime<Utc>) -> Result<Vec<ObjectMeta>> {
        let listed = self.store.list(Some(&Path::from(folder)));
        let is_old = |file: &ObjectMeta| std::future::ready(file.last_modified <= before);
        let old: object_store::Result<_> = listed.try_filter(is_old).try_collect().await;
        old.map_err(|source| Error::Vacuum { step: "list", source })
    }

    /// Removes those files, once the releases that lose some are recorded as retired.
    ///
    /// `removed` is told of each file.
    ///
    /// # Errors
    /// When storage fails: what is left is for the next run. [`Error::FrozenMeanwhile`] when a
    /// release was frozen since.
    pub async fn remove(
        &self,
        unneeded: &Unneeded,
        now: DateTime<Utc>,
        removed: &(dyn Fn() + Sync),
    ) -> Result<()> {
        let mut retired = Vec::new();
        for id in &unneeded.retired {
            if self.retire(*id, now).await? {
                retired.push(*id);
            }
        }
        let frozen = self.frozen().await?;
        if let Some(&id) = unneeded.retired.intersection(&frozen).next() {
            for id in retired {
                self.unretire(id).await?;
            }
            return Err(Error::FrozenMeanwhile { id });
        }
        let paths = stream::iter(unneeded.paths.clone().into_iter().map(Ok)).boxed();
        let mut results = self.store.delete_stream(paths);
        while let Some(result) = results.next().await {
            match result {
                // Another run was faster.
                Ok(_) | Err(object_store::Error::NotFound { .. }) => removed(),
                Err(source) => return Err(Error::Vacuum { step: "remove", source }),
            }
        }
        Ok(())
    }
}

fn count((files, bytes): &mut (usize, u64), file: &ObjectMeta) {
    *files += 1;
    *bytes += file.size;
}

/// Whether one of the versions has the file.
fn meets(life: &Life, versions: &[RangeInclusive<u64>]) -> bool {
    let lives = &life.versions;
    versions.iter().any(|versions| *versions.start() < lives.end && *versions.end() >= lives.start)
}

/// The releases not kept that name one of the files.
fn losing<'k>(table: &'k str, kept: &'k Kept, gone: &'k [&Life]) -> impl Iterator<Item = u64> {
    let names = move |version: &u64| gone.iter().any(|life| life.versions.contains(version));
    kept.records.iter().filter_map(move |(id, record)| {
        let version = pinned(record.as_ref()?, table)?;
        (!kept.ids.contains(id) && names(&version)).then_some(*id)
    })
}
