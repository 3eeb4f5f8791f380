//! The record of one run of the job: what it changed, what its audits found, how it ended.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{Level, Period, PeriodError, dataset};

/// One run, pass or fail; written once, when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it started, in UTC, then `-` and eight random digits: names sort as runs do.
    pub id: String,
    /// The command, `refresh`, `ingest` or `upkeep` for instance.
    pub command: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// The date that "today" meant.
    pub run_date: NaiveDate,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The release it published, if it did.
    pub release: Option<u64>,
    /// The release it built on; none when it was the first.
    pub base: Option<u64>,
    /// Why it failed, in words.
    pub error: Option<String>,
    /// Sources that were delivered and are not in the tables, by `<dataset>/<file name>` where
    /// that much was known.
    #[serde(default)]
    pub unread: Vec<String>,
    /// The partitions that it wrote.
    pub partitions: Vec<PartitionChange>,
    /// What the audits found.
    pub audits: Vec<Audit>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunOutcome {
    /// It published a release.
    Published,
    /// There was nothing to do.
    Unchanged,
    /// It published nothing: readers see what they saw.
    Failed,
}

/// What a run did to one partition of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionChange {
    /// The table.
    pub table: String,
    /// The period.
    pub period: String,
    /// Rows that readers saw before.
    pub before: u64,
    /// Rows that the run left.
    pub after: u64,
    /// What was done.
    pub action: Action,
}

/// What was done to a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was not there before.
    Added,
    /// Its rows were replaced.
    Replaced,
    /// No row of it is left.
    Removed,
}

/// What one audit found of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The audit; that of a SQL file is the file's stem.
    pub name: String,
    /// Whether a failure stops the release.
    pub level: Level,
    /// The table.
    pub table: String,
    /// The period, or `all`.
    pub period: String,
    /// What it found.
    pub outcome: AuditOutcome,
    /// What was measured.
    pub measured: String,
    /// What was expected.
    pub expected: String,
    /// The rule in French.
    pub fr: String,
    /// The rule in English.
    pub en: String,
}

/// What an audit found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditOutcome {
    /// All is as expected.
    Passed,
    /// It is not.
    Failed,
    /// It is not, and whoever started the run had said so.
    Declared,
}

impl Audit {
    /// Starts the finding of a partition, as passed.
    #[must_use]
    pub fn passed(name: &str, table: &str, period: &str, (fr, en): (&str, &str)) -> Self {
        Self {
            name: name.to_owned(),
            level: Level::Blocking,
            table: table.to_owned(),
            period: period.to_owned(),
            outcome: AuditOutcome::Passed,
            measured: String::new(),
            expected: String::new(),
            fr: fr.to_owned(),
            en: en.to_owned(),
        }
    }

    /// Says what was measured and expected.
    #[must_use]
    pub fn of(self, measured: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { measured: measured.into(), expected: expected.into(), ..self }
    }

    /// Makes it a failure when `failed`.
    #[must_use]
    pub fn failed_if(self, failed: bool) -> Self {
        if failed { Self { outcome: AuditOutcome::Failed, ..self } } else { self }
    }

    /// Makes it one that stops nothing.
    #[must_use]
    pub fn as_warning(self) -> Self {
        Self { level: Level::Warning, ..self }
    }

    /// Returns whether it stops the release.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.level == Level::Blocking && self.outcome == AuditOutcome::Failed
    }
}

/// Says audit, partition, values and rule on one line.
impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, table, period, measured, expected, fr, en, .. } = self;
        write!(f, "{name}, {table}/{period}: measured {measured}, expected {expected}: {fr} / {en}")
    }
}

impl RunOutcome {
    /// Returns its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }
}

impl Action {
    /// Returns its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
        }
    }
}

impl AuditOutcome {
    /// Returns its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Declared => "declared",
        }
    }
}

/// A fall of rows that whoever starts a run knows of: `acts` or `acts/2024`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedDrop {
    table: String,
    period: Option<Period>,
}

/// Text that is no such declaration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpectedDropError {
    /// There is no such table.
    #[error("there is no table `{0}`: write TABLE or TABLE/PERIOD, acts/2024 for instance")]
    Table(String),
    /// What is behind the `/` is no period.
    #[error(transparent)]
    Period(#[from] PeriodError),
}

impl ExpectedDrop {
    /// Returns whether it is about that partition.
    #[must_use]
    pub fn covers(&self, table: &str, period: &str) -> bool {
        self.table == table && self.period.as_ref().is_none_or(|own| own.as_str() == period)
    }
}

impl FromStr for ExpectedDrop {
    type Err = ExpectedDropError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (table, period) = match text.split_once('/') {
            Some((table, period)) => (table, Some(period.parse()?)),
            None => (text, None),
        };
        if dataset(table).is_none() {
            return Err(ExpectedDropError::Table(table.to_owned()));
        }
        Ok(Self { table: table.to_owned(), period })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_fall_is_of_a_table_or_of_one_partition() {
        let all: ExpectedDrop = "acts".parse().unwrap();
        assert!(all.covers("acts", "2024") && !all.covers("bids", "2024"));
        let one: ExpectedDrop = "acts/2024".parse().unwrap();
        assert!(one.covers("acts", "2024") && !one.covers("acts", "2025"));
        for bad in ["", "act", "acts/", "acts/24", "/2024"] {
            assert!(bad.parse::<ExpectedDrop>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_failure_that_is_no_warning_blocks() {
        let audit = Audit::passed("a", "acts", "2024", ("", ""));
        assert!(!audit.blocks());
        let failed = audit.failed_if(true);
        assert!(failed.blocks() && !failed.as_warning().blocks());
    }
}
