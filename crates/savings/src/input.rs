//! What the model reads of the views: cost lines, volumes and users of a year.

use serde::Deserialize;

use crate::{Decimal, Error, Result};

/// The processes whose unit is counted: acts, consultations, bids and accounting flows.
pub const PROCESSES: [&str; 4] = ["act", "bid", "consultation", "flow"];

/// The shared services that an authority would otherwise have bought alone.
pub const SERVICES: [&str; 3] = ["actes", "pes", "sdm"];

/// The strata of population; `all` stands for any, and for an unknown population.
pub const STRATA: [&str; 5] = ["all", "<500", "500-1999", "2000-9999", ">=10000"];

/// A value and its bounds, `low ≤ mid ≤ high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The least it can be.
    pub low: Decimal,
    /// What it most likely is.
    pub mid: Decimal,
    /// The most it can be.
    pub high: Decimal,
}

impl Range {
    /// A value that is known exactly.
    #[must_use]
    pub fn point(value: Decimal) -> Self {
        Self { low: value, mid: value, high: value }
    }

    pub(crate) fn check(self, what: &str) -> Result<()> {
        if Decimal::ZERO <= self.low && self.low <= self.mid && self.mid <= self.high {
            return Ok(());
        }
        Err(Error::impossible(what, "the bounds must be 0 ≤ low ≤ mid ≤ high"))
    }
}

/// One factor of a cost: a value of a named parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// The parameter. What bears one name moves together: it is drawn once.
    pub parameter: String,
    /// Its value here.
    pub range: Range,
}

/// On which side of a comparison a cost stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What one unit costs on paper.
    Paper,
    /// What one unit costs electronically.
    Electronic,
    /// What a year of a service of its own would have cost an authority.
    Alone,
    /// What a year of the shared service costs in all.
    Shared,
    /// What a year of the shared service costs an authority itself.
    Own,
}

impl Side {
    /// Reads the code of the views.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Some(match code {
            "paper" => Self::Paper,
            "electronic" => Self::Electronic,
            "alone" => Self::Alone,
            "shared" => Self::Shared,
            "own" => Self::Own,
            _ => return None,
        })
    }

    /// Returns whether the cost is one that is saved, rather than one that the saving costs.
    #[must_use]
    pub fn is_saved(self) -> bool {
        matches!(self, Self::Paper | Self::Alone)
    }
}

/// One item of the cost of a unit, or of a year of a service: quantity × price ÷ `per`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Stratum of the authorities that it holds for.
    pub stratum: String,
    /// One of [`PROCESSES`], or `service`.
    pub process: String,
    /// Its side.
    pub side: Side,
    /// The item; of `service` one of [`SERVICES`].
    pub item: String,
    /// How much of it; once when there is none.
    pub quantity: Option<Factor>,
    /// What `per` of it cost.
    pub price: Factor,
    /// How much the price is for: 60 for a price by the hour of minutes.
    pub per: i64,
}

/// Units of one process and stratum in the base year.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Stratum.
    #[serde(default = "all")]
    pub stratum: String,
    /// Process.
    pub process: String,
    /// Electronic units of the authorities whose total is known.
    pub electronic: i64,
    /// All units of these authorities, paper included; never fewer.
    pub total: i64,
    /// Electronic units of the authorities whose total is not known: realised, never projected.
    #[serde(default)]
    pub unmatched: i64,
}

/// Authorities of one stratum that use a shared service in the base year.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// Stratum.
    #[serde(default = "all")]
    pub stratum: String,
    /// Service.
    pub service: String,
    /// How many.
    pub count: i64,
}

fn all() -> String {
    "all".to_owned()
}

/// All that the model reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Costs in force.
    pub lines: Vec<Line>,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// Users of services.
    pub users: Vec<Users>,
}

/// Largest count of one row.
const MOST: i64 = 1_000_000_000;

impl Volume {
    pub(crate) fn check(&self) -> Result<()> {
        known("volume", &self.process, &PROCESSES)?;
        known("volume", &self.stratum, &STRATA)?;
        let bounded = |count| (0..=MOST).contains(&count);
        if bounded(self.electronic) && bounded(self.unmatched) && bounded(self.total) {
            if self.electronic <= self.total {
                return Ok(());
            }
            return Err(Error::impossible("volume", "more electronic units than units in all"));
        }
        Err(Error::impossible("volume", "counts lie between 0 and 1,000,000,000"))
    }
}

impl Users {
    pub(crate) fn check(&self) -> Result<()> {
        known("user", &self.service, &SERVICES)?;
        known("user", &self.stratum, &STRATA)?;
        if (0..=MOST).contains(&self.count) {
            return Ok(());
        }
        Err(Error::impossible("user", "counts lie between 0 and 1,000,000,000"))
    }
}

/// Refuses a word that is not in a closed list.
pub(crate) fn known(what: &str, word: &str, list: &[&str]) -> Result<()> {
    if list.contains(&word) {
        return Ok(());
    }
    Err(Error::impossible(what, format!("`{word}` is none of {}", list.join(", "))))
}
