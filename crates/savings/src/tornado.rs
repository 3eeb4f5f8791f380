//! Which parameter matters most: one is moved, all others stay in the middle.

use crate::{Decimal, Measure, Range, Result, Sums};

/// What one parameter does to a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swing {
    /// The parameter.
    pub parameter: String,
    /// The measure at the parameter's two ends, and at its middle.
    pub range: Range,
}

/// Moves each parameter to its bounds, or by so many per cent down and up when `percent` is given,
/// and returns what that does to `measure`: the widest swing first.
///
/// # Errors
/// When the numbers are too large.
pub fn tornado(sums: &Sums, measure: Measure, percent: Option<i64>) -> Result<Vec<Swing>> {
    let place = measure as usize;
    let mid = sums.mid()?[place];
    let moved = |value: Decimal, by: i64| value.times_over(Decimal::from_count(100 + by), 100);
    let mut swings = Vec::with_capacity(sums.parameters.len());
    for (number, parameter) in sums.parameters.iter().enumerate() {
        let down = sums.with(number, |range| match percent {
            Some(percent) => moved(range.mid, -percent),
            None => Ok(range.low),
        })?[place];
        let up = sums.with(number, |range| match percent {
            Some(percent) => moved(range.mid, percent),
            None => Ok(range.high),
        })?[place];
        let range = Range { low: down.min(up), mid, high: down.max(up) };
        if range.low != range.high {
            swings.push(Swing { parameter: parameter.clone(), range });
        }
    }
    let width = |swing: &Swing| swing.range.high.millionths() - swing.range.low.millionths();
    swings.sort_by(|a, b| width(b).cmp(&width(a)).then_with(|| a.parameter.cmp(&b.parameter)));
    Ok(swings)
}
