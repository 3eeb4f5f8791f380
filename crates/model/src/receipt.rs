//! The receipt of a figure: what it is, and all that it was computed from.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{EditionName, Input};

/// One figure of one authority and period, so that whoever has the same lake finds it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Identifier of the indicator, `A08`.
    pub indicator: String,
    /// Version of its definition.
    pub version: u32,
    /// The view that defines it, `<layer>.<name>`.
    pub view: String,
    /// Hash of all SQL texts on which its rows depend, in hexadecimal.
    pub definition: String,
    /// The authority.
    pub siren: String,
    /// The period.
    pub period: String,
    /// The release whose data it reads.
    pub release: u64,
    /// The edition whose definitions it has; none for those of the program.
    pub edition: Option<EditionName>,
    /// When that release was published.
    pub published_at: DateTime<Utc>,
    /// What "today" meant for it.
    pub run_date: NaiveDate,
    /// Version of the program that landed it.
    pub landed_by: String,
    /// Version of the program that computed the figure.
    pub code: String,
    /// The rows of the view, a column a name; more than one where the indicator is split.
    pub figure: Vec<BTreeMap<String, Option<String>>>,
    /// The authority's rows behind it, as far as its definition names them.
    pub rows: Vec<CountedRows>,
    /// The tables of the lake that it reads, by name.
    pub tables: BTreeMap<String, TableVersion>,
    /// The sources landed in these tables, by `<dataset>/<file name>`.
    pub inputs: BTreeMap<String, Input>,
}

/// The authority's rows of one view: those that count, and those set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedRows {
    /// What they are part of: `numerator`, `denominator` or `amount`.
    pub part: String,
    /// The view that has them.
    pub view: String,
    /// The query that lists them, with the reason of those set aside.
    pub query: String,
    /// Rows that count.
    pub counted: u64,
    /// Rows set aside, by the first condition that they do not meet.
    pub set_aside: BTreeMap<String, u64>,
}

/// One table as a release names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableVersion {
    /// Delta version.
    pub version: u64,
    /// SHA-256 of what that version changed, as [`crate::Release::commits`] has it.
    pub commit: Option<String>,
    /// Its data files, by path.
    pub files: Vec<DataFile>,
}

/// One data file, as its table's log has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Where it is, below the root of the lake.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}
