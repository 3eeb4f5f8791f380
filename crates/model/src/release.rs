//! A release: the table versions that one reader sees together, and what they were built from.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// One published state of the whole lake: the only thing a reader pins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Releases are numbered from 1, ascending.
    pub id: u64,
    /// When the record was written.
    pub published_at: DateTime<Utc>,
    /// The date that "today" meant for the run: rows from after it are rejected.
    pub run_date: NaiveDate,
    /// Delta version of each table, by table name.
    pub tables: BTreeMap<String, u64>,
    /// SHA-256 of what each of those versions changed, by table name: which commit is meant.
    #[serde(default)]
    pub commits: BTreeMap<String, String>,
    /// What is landed of each source, by `<dataset>/<file name>`.
    pub inputs: BTreeMap<String, Input>,
    /// Version of the program that wrote it.
    pub code: String,
    /// The cubes that were built with it or before it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cubes: BTreeMap<String, Cube>,
}

/// A cube as it was built: it may be read as long as nothing of this has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cube {
    /// Where its table is, below the root: `cubes/acts-5f3a09c1`.
    pub table: String,
    /// Delta version of that table.
    pub version: u64,
    /// SHA-256 of what that version changed, as [`Release::commits`] has it.
    pub commit: Option<String>,
    /// Hash of the SQL texts that define it, those below it too, and of the program's version.
    pub definition: String,
    /// Delta version of each table that it was built from; a table that has none is absent.
    pub built_from: BTreeMap<String, u64>,
    /// What "today" meant, if the cube depends on that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_date: Option<NaiveDate>,
}

/// One source as it was landed: `read = accepted + rejected`, always.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// SHA-256 of the file's bytes, in hexadecimal.
    pub sha256: String,
    /// Name of the profile by which it was read, if by one.
    #[serde(default)]
    pub profile: Option<String>,
    /// Short hash of that profile, then for a survey `-` and that of the pseudonym key; empty when
    /// there is neither.
    #[serde(default)]
    pub layout: String,
    /// Rows read.
    pub read: u64,
    /// Rows that are in the dataset's table.
    pub accepted: u64,
    /// Rows that are in quarantine, by rule.
    pub rejected: BTreeMap<String, u64>,
    /// Rows that are in the dataset's table with a warning, by rule; a row may have several.
    #[serde(default)]
    pub warned: BTreeMap<String, u64>,
    /// Accepted rows that a later source of the same run replaced, as it has their keys.
    #[serde(default)]
    pub replaced: u64,
    /// Periods that hold at least one accepted row, in order.
    pub periods: Vec<String>,
    /// The date that "today" meant when it was checked; that of its release when it is absent.
    #[serde(default)]
    pub run_date: Option<NaiveDate>,
    /// The release in which this content arrived.
    pub release: u64,
    /// What its file looked like when its bytes were read; none of what cannot be known by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Stamp>,
}

/// What a file looks like from outside: one that looks as it did holds the bytes that it held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Its length.
    pub bytes: u64,
    /// When its bytes were last written, as its owner may also have set it.
    pub modified: DateTime<Utc>,
    /// When it was last written, renamed or set otherwise, as the system keeps it; the same as
    /// `modified` where there is no such time.
    pub changed: DateTime<Utc>,
}

impl Input {
    /// Starts the books of a source.
    #[must_use]
    pub fn new(sha256: &str) -> Self {
        Self {
            sha256: sha256.to_owned(),
            profile: None,
            layout: String::new(),
            read: 0,
            accepted: 0,
            rejected: BTreeMap::new(),
            warned: BTreeMap::new(),
            replaced: 0,
            periods: Vec::new(),
            run_date: None,
            release: 0,
            stamp: None,
        }
    }

    /// Returns the number of rejected rows over all rules.
    #[must_use]
    pub fn rejected_count(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Returns the number of warnings over all rules; a row may have several.
    #[must_use]
    pub fn warning_count(&self) -> u64 {
        self.warned.values().sum()
    }
}
