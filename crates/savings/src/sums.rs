//! Every measure of the model as one sum over cost lines: ± quantity × price ÷ per × units.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::weight::{Units, units};
use crate::{Decimal, Inputs, Line, Range, Result, Scenario, Side};

/// What is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// C05: realised savings of the base year.
    Realised,
    /// C05 less what the services cost the authorities themselves.
    RealisedNet,
    /// C06: savings of the projection at the rate of the base year.
    AtPresentRate,
    /// C06 less what the services cost the authorities themselves.
    AtPresentRateNet,
    /// Savings of the projection at the rates of the trajectory.
    AtTrajectory,
    /// C07: savings of the projection if every unit were electronic.
    AtFullRate,
    /// C08: C07 − C06.
    Remaining,
    /// C01, gross: what the users would have spent alone.
    PoolingGross,
    /// C01, net: less what the shared service costs, in all and each.
    PoolingNet,
}

impl Measure {
    /// Every measure, in the order of outcomes.
    pub const ALL: [Self; 9] = [
        Self::Realised,
        Self::RealisedNet,
        Self::AtPresentRate,
        Self::AtPresentRateNet,
        Self::AtTrajectory,
        Self::AtFullRate,
        Self::Remaining,
        Self::PoolingGross,
        Self::PoolingNet,
    ];

    /// Returns its code.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Realised => "realised",
            Self::RealisedNet => "realised_net",
            Self::AtPresentRate => "at_present_rate",
            Self::AtPresentRateNet => "at_present_rate_net",
            Self::AtTrajectory => "at_trajectory",
            Self::AtFullRate => "at_full_rate",
            Self::Remaining => "remaining",
            Self::PoolingGross => "pooling_gross",
            Self::PoolingNet => "pooling_net",
        }
    }

    /// Returns its title, in French.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Realised => "Économies réalisées (C05)",
            Self::RealisedNet => "Économies réalisées, nettes (C05)",
            Self::AtPresentRate => "Projection au taux actuel (C06)",
            Self::AtPresentRateNet => "Projection au taux actuel, nette",
            Self::AtTrajectory => "Projection selon la trajectoire",
            Self::AtFullRate => "Projection à 100 % (C07)",
            Self::Remaining => "Gisement restant (C08)",
            Self::PoolingGross => "Mutualisation, brut (C01)",
            Self::PoolingNet => "Mutualisation, net (C01)",
        }
    }
}

/// A sum of each measure, in the order of [`Measure::ALL`].
pub(crate) type Totals = [Decimal; Measure::ALL.len()];

/// The sums of a scenario, ready to be computed for any values of its parameters.
#[derive(Debug, Clone)]
pub struct Sums {
    pub(crate) parameters: Vec<String>,
    pub(crate) factors: Vec<Placed>,
    terms: Vec<Term>,
}

/// A factor, which of the parameters it is of, and whether its cost is saved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) parameter: usize,
    pub(crate) range: Range,
    pub(crate) is_saved: bool,
}

/// One cost line with the units that each measure counts of it.
#[derive(Debug, Clone)]
struct Term {
    quantity: Option<usize>,
    price: usize,
    per: i64,
    is_saved: bool,
    units: Totals,
}

impl Sums {
    /// Prepares the sums over `years`, numbered from 1, of one process or of all.
    ///
    /// # Errors
    /// When volumes are too large.
    pub fn new(
        scenario: &Scenario,
        inputs: &Inputs,
        years: RangeInclusive<i32>,
        process: Option<&str>,
    ) -> Result<Self> {
        let mut sums = Self { parameters: Vec::new(), factors: Vec::new(), terms: Vec::new() };
        let mut places = BTreeMap::new();
        for line in &inputs.lines {
            if process.is_some_and(|process| process != line.process) {
                continue;
            }
            let units = counted(scenario, inputs, line, years.clone())?;
            if units.iter().any(|units| *units != Decimal::ZERO) {
                sums.add(line, units, &mut places);
            }
        }
        Ok(sums)
    }

    fn add(&mut self, line: &Line, units: Totals, places: &mut BTreeMap<String, usize>) {
        let is_saved = line.side.is_saved();
        let mut place = |parameter: &String, range| {
            let next = places.len();
            let parameter = *places.entry(parameter.clone()).or_insert(next);
            self.factors.push(Placed { parameter, range, is_saved });
            self.factors.len() - 1
        };
        let quantity = line.quantity.as_ref().map(|of| place(&of.parameter, of.range));
        let price = place(&line.price.parameter, line.price.range);
        for factor in line.quantity.iter().chain([&line.price]) {
            if !self.parameters.contains(&factor.parameter) {
                self.parameters.push(factor.parameter.clone());
            }
        }
        self.terms.push(Term { quantity, price, per: line.per, is_saved, units });
    }

    /// Computes every measure for one value of each factor.
    pub(crate) fn at(&self, values: &[Decimal]) -> Result<Totals> {
        let mut totals = Totals::default();
        for term in &self.terms {
            let quantity = term.quantity.map_or(Decimal::ONE, |place| values[place]);
            let cost = quantity.times_over(values[term.price], term.per)?;
            for (total, units) in totals.iter_mut().zip(term.units) {
                let sum = cost.times(units)?;
                *total = if term.is_saved { total.plus(sum)? } else { total.minus(sum)? };
            }
        }
        let [now, full] =
            [Measure::AtPresentRate, Measure::AtFullRate].map(|of| totals[of as usize]);
        totals[Measure::Remaining as usize] = full.minus(now)?;
        Ok(totals)
    }

    fn values(&self, of: impl Fn(&Placed) -> Decimal) -> Vec<Decimal> {
        self.factors.iter().map(of).collect()
    }

    /// Computes every measure at the middle values.
    pub(crate) fn mid(&self) -> Result<Totals> {
        self.at(&self.values(|factor| factor.range.mid))
    }

    /// Computes every measure with one parameter at other values, and all others in the middle.
    pub(crate) fn with(
        &self,
        parameter: usize,
        of: impl Fn(&Range) -> Result<Decimal>,
    ) -> Result<Totals> {
        let mut values = self.values(|factor| factor.range.mid);
        for (value, factor) in values.iter_mut().zip(&self.factors) {
            if factor.parameter == parameter {
                *value = of(&factor.range)?;
            }
        }
        self.at(&values)
    }

    /// Computes a measure: the least it can be, the middle, and the most it can be.
    ///
    /// The bounds take what is saved at its least and what that costs at its most, and the other
    /// way round: no values of the parameters lead beyond them, and few lead near them.
    ///
    /// # Errors
    /// When the numbers are too large.
    pub fn range(&self, measure: Measure) -> Result<Range> {
        let bound = |least: bool| {
            self.at(&self.values(|factor| {
                if factor.is_saved == least { factor.range.low } else { factor.range.high }
            }))
        };
        let place = measure as usize;
        Ok(Range { low: bound(true)?[place], mid: self.mid()?[place], high: bound(false)?[place] })
    }
}

/// The units of a line that each measure counts.
fn counted(
    scenario: &Scenario,
    inputs: &Inputs,
    line: &Line,
    years: RangeInclusive<i32>,
) -> Result<Totals> {
    let of = |value: i32| Decimal::from_count(i64::from(value));
    let span = of(years.end() - years.start() + 1);
    let pooling = of(scenario.pooling_years);
    match line.side {
        Side::Paper | Side::Electronic => {
            let mut sum = Totals::default();
            let ours =
                |stratum: &str, process: &str| stratum == line.stratum && process == line.process;
            for volume in inputs.volumes.iter().filter(|of| ours(&of.stratum, &of.process)) {
                let units = by_measure(units(scenario, volume, years.clone())?);
                for (sum, units) in sum.iter_mut().zip(units) {
                    *sum = sum.plus(units)?;
                }
            }
            Ok(sum)
        }
        Side::Alone => {
            let gross = users(inputs, line, true)?.times(pooling)?;
            Ok(totals(&[(Measure::PoolingGross, gross), (Measure::PoolingNet, gross)]))
        }
        // What is paid in all is paid once, whatever the stratum.
        Side::Shared => {
            let once = line.stratum == "all" && users(inputs, line, false)? > Decimal::ZERO;
            let net = if once { pooling } else { Decimal::ZERO };
            Ok(totals(&[(Measure::PoolingNet, net)]))
        }
        Side::Own => {
            let users = users(inputs, line, true)?;
            Ok(totals(&[
                (Measure::RealisedNet, users),
                (Measure::AtPresentRateNet, users.times(span)?),
                (Measure::PoolingNet, users.times(pooling)?),
            ]))
        }
    }
}

fn by_measure(units: Units) -> Totals {
    totals(&[
        (Measure::Realised, units.realised),
        (Measure::RealisedNet, units.realised),
        (Measure::AtPresentRate, units.at_present_rate),
        (Measure::AtPresentRateNet, units.at_present_rate),
        (Measure::AtTrajectory, units.at_trajectory),
        (Measure::AtFullRate, units.at_full_rate),
    ])
}

fn totals(known: &[(Measure, Decimal)]) -> Totals {
    let mut totals = Totals::default();
    for (measure, value) in known {
        totals[*measure as usize] = *value;
    }
    totals
}

/// Users of a line's service, in its stratum or in all.
fn users(inputs: &Inputs, line: &Line, in_stratum: bool) -> Result<Decimal> {
    inputs
        .users
        .iter()
        .filter(|users| users.service == line.item)
        .filter(|users| !in_stratum || users.stratum == line.stratum)
        .try_fold(Decimal::ZERO, |sum, users| sum.plus(Decimal::from_count(users.count)))
}
