//! How many units a measure counts: volumes of the base year over the years of a projection.

use std::ops::RangeInclusive;

use crate::decimal::rounded;
use crate::{Decimal, Error, Result, Scenario, Volume};

/// Growth factors are kept with twelve decimals.
const UNIT: i128 = 1_000_000_000_000;

/// Units of one volume, by what is counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Units {
    /// Electronic units of the base year.
    pub(crate) realised: Decimal,
    /// Electronic units of the years, at the rate of the base year.
    pub(crate) at_present_rate: Decimal,
    /// Electronic units of the years, at the rates of the trajectory.
    pub(crate) at_trajectory: Decimal,
    /// All units of the years.
    pub(crate) at_full_rate: Decimal,
}

/// Counts one volume over `years`, numbered from 1.
pub(crate) fn units(
    scenario: &Scenario,
    volume: &Volume,
    years: RangeInclusive<i32>,
) -> Result<Units> {
    let (base, targets) = (scenario.base_year()?, scenario.targets(&volume.process));
    let (electronic, total) = (i128::from(volume.electronic), i128::from(volume.total));
    let mut units = Units {
        realised: Decimal::from_count(volume.electronic)
            .plus(Decimal::from_count(volume.unmatched))?,
        ..Units::default()
    };
    for year in years {
        let factor = factor(scenario, year)?;
        let grown = |count: i128| scaled(count, factor);
        units.at_present_rate = units.at_present_rate.plus(grown(electronic)?)?;
        units.at_full_rate = units.at_full_rate.plus(grown(total)?)?;
        let reached = match rate(base, &targets, base + year, volume)? {
            Some(rate) => grown(total)?.times(rate)?,
            None => grown(electronic)?,
        };
        units.at_trajectory = units.at_trajectory.plus(reached)?;
    }
    Ok(units)
}

/// ((1 + growth) ÷ (1 + discount)) to the power of the year.
fn factor(scenario: &Scenario, year: i32) -> Result<i128> {
    let grown = Decimal::ONE.plus(scenario.growth)?.millionths();
    let discounted = Decimal::ONE.plus(scenario.discount)?.millionths();
    let mut factor = UNIT;
    for _ in 0..year {
        factor = rounded(factor.checked_mul(grown).ok_or(Error::TooLarge)?, discounted);
    }
    Ok(factor)
}

fn scaled(count: i128, factor: i128) -> Result<Decimal> {
    let product = count.checked_mul(factor).ok_or(Error::TooLarge)?;
    Ok(Decimal::from_millionths(rounded(product, UNIT / 1_000_000)))
}

/// The rate of a year on the straight line to the next target; that of the last one after it.
/// None when nothing is aimed at.
fn rate(
    base: i32,
    targets: &[(i32, Decimal)],
    year: i32,
    volume: &Volume,
) -> Result<Option<Decimal>> {
    let now = Decimal::from_count(volume.electronic).over(Decimal::from_count(volume.total))?;
    let mut from = (base, now.unwrap_or_default());
    for target in targets {
        if year <= target.0 {
            let (gone, way) = (i64::from(year - from.0), i64::from(target.0 - from.0));
            let step = target.1.minus(from.1)?.times_over(Decimal::from_count(gone), way)?;
            return from.1.plus(step).map(Some);
        }
        from = *target;
    }
    Ok(targets.last().map(|(_, rate)| *rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(text: &str, years: RangeInclusive<i32>) -> [String; 4] {
        let scenario = Scenario::parse(&format!("title = 'x'\nyear = 2013\n{text}")).unwrap();
        let volume = Volume {
            stratum: "all".to_owned(),
            process: "act".to_owned(),
            electronic: 400,
            total: 1000,
            unmatched: 50,
        };
        let units = units(&scenario, &volume, years).unwrap();
        [units.realised, units.at_present_rate, units.at_trajectory, units.at_full_rate]
            .map(|units| units.to_string())
    }

    #[test]
    fn without_growth_a_projection_is_a_product() {
        assert_eq!(counted("", 1..=5), ["450", "2000", "2000", "5000"]);
    }

    /// 400 × 1.1 + 400 × 1.21, and 1000 × the same.
    #[test]
    fn growth_by_hand() {
        assert_eq!(counted("growth = 0.1", 1..=2), ["450", "924", "924", "2310"]);
    }

    /// 1100 ÷ 1.1 is 1000 each year.
    #[test]
    fn discount_undoes_growth() {
        assert_eq!(counted("growth = 0.1\ndiscount = 0.1", 1..=5)[3], "5000");
    }

    /// From 40 % in 2013 to 80 % in 2017: 50, 60, 70, 80 %, and 80 % after it.
    #[test]
    fn trajectory_by_hand() {
        let text = "[trajectory.act]\n2017 = 0.8";
        assert_eq!(counted(text, 1..=5)[2], "3400");
        assert_eq!(counted(text, 2..=2)[2], "600");
        let text = "[trajectory.act]\n2014 = 0.5\n2016 = 0.9";
        assert_eq!(counted(text, 1..=4)[2], (500 + 700 + 900 + 900).to_string());
    }
}
