//! Which releases keep their files: the newest ones, those that a query may still read, and those
//! that an edition names. The others are retired, which a record says for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use carnac_model::Release;
use chrono::{DateTime, Days, Utc};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::{Error, Lake, Result, Upkeep};

/// The records of releases; none in the place of one that cannot be read.
pub(crate) type Records = BTreeMap<u64, Option<Release>>;

/// The releases that keep their files.
pub(crate) struct Kept {
    pub(crate) records: Records,
    pub(crate) ids: BTreeSet<u64>,
}

impl Lake {
    /// Reads all records, and tells which of them upkeep must not take files from.
    pub(crate) async fn kept(&self, upkeep: &Upkeep, now: DateTime<Utc>) -> Result<Kept> {
        let mut records = Records::new();
        for id in self.release_ids().await? {
            let record = match self.record(id).await {
                Ok(record) => Some(record),
                Err(Error::DamagedRelease { .. }) => None,
                Err(error) => return Err(error),
            };
            records.insert(id, record);
        }
        let mut ids = newest(&records, upkeep, now);
        ids.extend(self.frozen().await?);
        Ok(Kept { records, ids })
    }

    /// The releases that an edition names. A damaged edition is an error: what it named is unknown.
    pub(crate) async fn frozen(&self) -> Result<BTreeSet<u64>> {
        let mut frozen = BTreeSet::new();
        for name in self.edition_names().await? {
            frozen.insert(self.edition(&name).await?.release);
        }
        Ok(frozen)
    }

    /// Returns whether upkeep has removed files of a release.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn is_retired(&self, release: u64) -> Result<bool> {
        match self.store.head(&retired(release)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(source) => Err(Error::ReleaseLog { step: "read", source }),
        }
    }

    /// Says that a release can be read no more; returns false when that was said before.
    pub(crate) async fn retire(&self, release: u64, now: DateTime<Utc>) -> Result<bool> {
        let body = format!("{{\"release\": {release}, \"retired_at\": \"{}\"}}", now.to_rfc3339());
        match self.put_if_absent(&retired(release), body.into_bytes()).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(source) => Err(Error::ReleaseLog { step: "write", source }),
        }
    }

    /// Takes that back: no file was removed.
    pub(crate) async fn unretire(&self, release: u64) -> Result<()> {
        let removed = self.store.delete(&retired(release)).await;
        removed.map_err(|source| Error::ReleaseLog { step: "write", source })
    }
}

impl Kept {
    /// The versions of a table that kept releases name. Of a record that cannot be read, all
    /// versions from the record before it to the one after.
    pub(crate) fn versions(&self, table: &str, newest: u64) -> Vec<RangeInclusive<u64>> {
        let named = |record: &Option<Release>| pinned(record.as_ref()?, table);
        let mut versions = vec![newest..=newest];
        for id in &self.ids {
            if let Some(Some(release)) = self.records.get(id) {
                versions.extend(pinned(release, table).map(|version| version..=version));
                continue;
            }
            let before = self.records.range(..id).rev().find_map(|(_, record)| named(record));
            let after = self.records.range(id..).find_map(|(_, record)| named(record));
            versions.push(before.unwrap_or(0)..=after.unwrap_or(newest));
        }
        versions
    }
}

/// The last releases, and those that were the newest within the days kept: a query that began
/// before the next one was published may read them still.
fn newest(records: &Records, upkeep: &Upkeep, now: DateTime<Utc>) -> BTreeSet<u64> {
    let since = now.checked_sub_days(Days::new(upkeep.keep_days.into())).unwrap_or_default();
    let mut ids: BTreeSet<u64> =
        records.keys().rev().take(upkeep.keep_releases.max(1)).copied().collect();
    ids.extend(records.iter().rev().find(|(_, record)| record.is_some()).map(|(id, _)| *id));
    // A damaged record was there before the one after it.
    let mut next = None;
    for (id, record) in records.iter().rev() {
        if next.is_none_or(|next| next > since) {
            ids.insert(*id);
        }
        next = record.as_ref().map(|record| record.published_at).or(next);
    }
    ids
}

/// The tables that a release names, those of cubes too: each with its version and what tells its
/// commit from others.
pub(crate) fn pins(release: &Release) -> impl Iterator<Item = (&str, u64, Option<&str>)> {
    let tables = release.tables.iter().map(|(table, version)| {
        (table.as_str(), *version, release.commits.get(table).map(String::as_str))
    });
    let cubes = release.cubes.values();
    tables.chain(cubes.map(|cube| (cube.table.as_str(), cube.version, cube.commit.as_deref())))
}

/// The version of a table that a release names.
pub(crate) fn pinned(release: &Release, table: &str) -> Option<u64> {
    pins(release).find(|(name, ..)| *name == table).map(|(_, version, _)| version)
}

/// `ops/retired/00000042.json`.
fn retired(release: u64) -> Path {
    Path::from(format!("ops/retired/{release:08}.json"))
}

#[cfg(test)]
mod tests {
    use carnac_model::Release;
    use chrono::TimeZone;

    use super::*;

    fn day(day: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, day, 2, 0, 0).unwrap()
    }

    /// A release of one table, a day and a version of the same number as it.
    fn release(id: u64) -> Release {
        Release {
            id,
            published_at: day(u32::try_from(id).unwrap()),
            run_date: day(1).date_naive(),
            tables: BTreeMap::from([("acts".to_owned(), id * 10)]),
            commits: BTreeMap::new(),
            inputs: BTreeMap::new(),
            code: String::new(),
            cubes: BTreeMap::new(),
        }
    }

    fn records() -> Records {
        (1..=6).map(|id| (id, Some(release(id)))).collect()
    }

    fn kept(records: &Records, keep_releases: usize, keep_days: u32) -> Vec<u64> {
        let upkeep = Upkeep { keep_releases, keep_days, ..Upkeep::default() };
        newest(records, &upkeep, day(7)).into_iter().collect()
    }

    #[test]
    fn the_last_releases_are_kept_and_those_that_were_the_newest_of_late() {
        let records = records();
        assert_eq!(kept(&records, 1, 0), [6]);
        assert_eq!(kept(&records, 0, 0), [6], "the newest is kept at any rate");
        assert_eq!(kept(&records, 2, 0), [5, 6]);
        // Release 3 was the newest until day 4, at 2 o'clock, which is 3 days ago.
        assert_eq!(kept(&records, 1, 3), [4, 5, 6]);
        assert_eq!(kept(&records, 1, 4), [3, 4, 5, 6]);
        assert_eq!(kept(&records, 30, 7), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn of_a_damaged_record_everything_is_kept_that_it_may_have_named() {
        let mut records = records();
        records.insert(4, None);
        records.insert(6, None);
        // The newest that can be read is kept; release 3 was the newest until day 5 at most.
        assert_eq!(kept(&records, 1, 0), [5, 6]);
        assert_eq!(kept(&records, 1, 3), [3, 4, 5, 6]);
        let ids = BTreeSet::from([4, 6]);
        let kept = Kept { records, ids };
        assert_eq!(kept.versions("acts", 70), [70..=70, 30..=50, 50..=70]);
        assert_eq!(kept.versions("bids", 9), [9..=9, 0..=9, 0..=9]);
    }
}
