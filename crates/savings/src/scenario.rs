//! A what-if scenario as its author writes it, in TOML.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::input::known;
use crate::{Decimal, Error, Inputs, PROCESSES, Range, Result, STRATA, Users, Volume};

/// A what-if: everything that it does not say is read of the lake, or is the default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is about, in a few words.
    pub title: String,
    /// Base year: its volumes, and the costs in force on its last day. When it says nothing, the
    /// last whole year of the lake that has volumes and costs.
    pub year: Option<i32>,
    /// Years that are projected after the base year.
    #[serde(default = "five")]
    pub years: i32,
    /// Growth of the volumes in a year: 0.02 is 2 %.
    #[serde(default)]
    pub growth: Decimal,
    /// Discount of a year; no discounting by default.
    #[serde(default)]
    pub discount: Decimal,
    /// Years of the shared services over which pooling is counted.
    #[serde(default = "one")]
    pub pooling_years: i32,
    /// Reference figures to compare with, by the name of their edition.
    pub compare: Option<String>,
    /// Which authorities.
    #[serde(default)]
    pub perimeter: Perimeter,
    /// Rates to be reached, by process and year; straight lines between them.
    #[serde(default)]
    pub trajectory: BTreeMap<String, BTreeMap<String, Decimal>>,
    /// Other values of parameters, by identifier.
    #[serde(default)]
    pub parameter: BTreeMap<String, Range>,
    /// Other volumes than those of the lake.
    pub volume: Option<Vec<Volume>>,
    /// Other users of services than those of the lake.
    pub user: Option<Vec<Users>>,
    /// What the programme costs.
    #[serde(default)]
    pub programme: Programme,
    /// The draws.
    #[serde(default)]
    pub draws: Draws,
}

/// Which authorities a scenario counts; all that use a service when it says nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perimeter {
    /// Only these.
    #[serde(default)]
    pub sirens: Vec<String>,
    /// Only those of these strata.
    #[serde(default)]
    pub strata: Vec<String>,
}

/// Cost of the programme that the savings are set against.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programme {
    /// Once.
    #[serde(default)]
    pub once: Decimal,
    /// Every year of the projection.
    #[serde(default)]
    pub yearly: Decimal,
}

/// How parameters are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draws {
    /// How often.
    #[serde(default = "Draws::usual_count")]
    pub count: u32,
    /// Names the draws: the same seed gives the same interval.
    #[serde(default = "Draws::usual_seed")]
    pub seed: u64,
}

impl Draws {
    fn usual_count() -> u32 {
        10_000
    }

    fn usual_seed() -> u64 {
        2013
    }
}

impl Default for Draws {
    fn default() -> Self {
        Self { count: Self::usual_count(), seed: Self::usual_seed() }
    }
}

fn five() -> i32 {
    5
}

fn one() -> i32 {
    1
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`Error::Unreadable`] with the place, or [`Error::Impossible`] with the key.
    pub fn parse(text: &str) -> Result<Self> {
        let scenario: Self =
            toml::from_str(text).map_err(|error| Error::Unreadable(error.to_string()))?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::Impossible`] with the key.
    pub fn check(&self) -> Result<()> {
        self.year.map_or(Ok(()), |year| within("year", year, 2000..=2099))?;
        within("years", self.years, 1..=30)?;
        within("pooling_years", self.pooling_years, 1..=30)?;
        within("growth", self.growth, part(-500_000)..=part(1_000_000))?;
        within("discount", self.discount, part(0)..=part(1_000_000))?;
        within("draws", self.draws.count, 100..=100_000)?;
        let most = Decimal::from_count(1_000_000_000);
        within("programme", self.programme.once, Decimal::ZERO..=most)?;
        within("programme", self.programme.yearly, Decimal::ZERO..=most)?;
        for siren in &self.perimeter.sirens {
            if siren.len() != 9 || !siren.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Error::impossible("perimeter", format!("`{siren}` is not a SIREN")));
            }
        }
        for stratum in &self.perimeter.strata {
            known("perimeter", stratum, &STRATA)?;
        }
        for (process, rates) in &self.trajectory {
            known("trajectory", process, &PROCESSES)?;
            for (year, rate) in rates {
                let year = year.parse().unwrap_or_default();
                within("trajectory", year, self.year.unwrap_or(2000) + 1..=2130)?;
                within("trajectory", *rate, Decimal::ZERO..=Decimal::ONE)?;
            }
        }
        for (parameter, range) in &self.parameter {
            range.check(parameter)?;
        }
        self.volume.iter().flatten().try_for_each(Volume::check)?;
        self.user.iter().flatten().try_for_each(Users::check)
    }

    /// Returns the base year.
    ///
    /// # Errors
    /// [`Error::Impossible`] when there is none.
    pub fn base_year(&self) -> Result<i32> {
        self.year.ok_or_else(|| Error::impossible("year", "name the base year"))
    }

    /// Puts the scenario's own values in the place of those that were read.
    ///
    /// # Errors
    /// When there is nothing to compute with, or a parameter that it names is not in force.
    pub fn apply(&self, mut inputs: Inputs) -> Result<Inputs> {
        if let Some(volumes) = &self.volume {
            inputs.volumes.clone_from(volumes);
        }
        if let Some(users) = &self.user {
            inputs.users.clone_from(users);
        }
        let year = self.base_year()?;
        if inputs.lines.is_empty() {
            return Err(Error::NoParameter(year));
        }
        if inputs.volumes.is_empty() {
            return Err(Error::NoVolume(year));
        }
        for (parameter, range) in &self.parameter {
            let mut factors = inputs
                .lines
                .iter_mut()
                .flat_map(|line| line.quantity.iter_mut().chain([&mut line.price]))
                .filter(|factor| factor.parameter == *parameter)
                .peekable();
            if factors.peek().is_none() {
                let reason = format!("`{parameter}` is not in force on 31 December {year}");
                return Err(Error::impossible("parameter", reason));
            }
            factors.for_each(|factor| factor.range = *range);
        }
        Ok(inputs)
    }

    /// The rates to be reached by a process, in the order of their years.
    pub(crate) fn targets(&self, process: &str) -> Vec<(i32, Decimal)> {
        let rates = self.trajectory.get(process).into_iter().flatten();
        let mut targets: Vec<_> =
            rates.filter_map(|(year, rate)| Some((year.parse().ok()?, *rate))).collect();
        targets.sort();
        targets
    }
}

fn part(millionths: i128) -> Decimal {
    Decimal::from_millionths(millionths)
}

fn within<T: Copy + PartialOrd + std::fmt::Display>(
    what: &str,
    value: T,
    range: std::ops::RangeInclusive<T>,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let reason = format!("{value} is not between {} and {}", range.start(), range.end());
    Err(Error::impossible(what, reason))
}
