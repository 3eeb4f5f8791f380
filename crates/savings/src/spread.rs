//! Intervals by Monte-Carlo: every parameter drawn at once, independently of the others.

use crate::draw::{Stream, triangular};
use crate::sums::{Placed, Totals};
use crate::{Decimal, Draws, Measure, Result, Sums};

/// Quantiles of a measure over the draws, to the cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The measure.
    pub measure: Measure,
    /// What 5 in 100 draws do not exceed.
    pub p5: Decimal,
    /// What 10 in 100 draws do not exceed.
    pub p10: Decimal,
    /// The median.
    pub p50: Decimal,
    /// What 90 in 100 draws do not exceed.
    pub p90: Decimal,
    /// What 95 in 100 draws do not exceed.
    pub p95: Decimal,
}

/// Draws the parameters and returns the quantiles of every measure.
///
/// # Errors
/// When the numbers are too large.
pub fn spread(sums: &Sums, draws: Draws) -> Result<Vec<Interval>> {
    let mut stream = Stream::new(draws.seed);
    let mut drawn: Vec<Vec<i128>> = vec![Vec::new(); Measure::ALL.len()];
    for _ in 0..draws.count {
        for (values, total) in drawn.iter_mut().zip(draw(sums, &mut stream)?) {
            values.push(total.hundredths());
        }
    }
    let interval = |(measure, mut values): (Measure, Vec<i128>)| {
        values.sort_unstable();
        Interval {
            measure,
            p5: quantile(&values, 5),
            p10: quantile(&values, 10),
            p50: quantile(&values, 50),
            p90: quantile(&values, 90),
            p95: quantile(&values, 95),
        }
    };
    Ok(Measure::ALL.into_iter().zip(drawn).map(interval).collect())
}

/// Computes every measure for one draw of all parameters.
pub(crate) fn draw(sums: &Sums, stream: &mut Stream) -> Result<Totals> {
    let uniform: Vec<_> = sums.parameters.iter().map(|_| stream.uniform()).collect();
    let value = |factor: &Placed| triangular(&factor.range, uniform[factor.parameter]);
    sums.at(&sums.factors.iter().map(value).collect::<Vec<_>>())
}

/// The smallest value that `percent` of the sorted values do not exceed; zero of none.
fn quantile(sorted: &[i128], percent: usize) -> Decimal {
    let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    let cents = sorted.get(place).copied().unwrap_or_default();
    // The cents of a decimal are one again.
    Decimal::from_hundredths(cents).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_drawn() {
        let values: Vec<i128> = (1..=200).collect();
        let of = |percent| quantile(&values, percent).hundredths();
        assert_eq!([5, 10, 50, 90, 95].map(of), [10, 20, 100, 180, 190]);
        assert_eq!(quantile(&[7], 5).hundredths(), 7);
        assert_eq!(quantile(&[], 50), Decimal::ZERO);
    }
}
