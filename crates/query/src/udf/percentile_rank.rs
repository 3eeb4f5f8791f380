//! `percentile_rank(value) over (partition by …)`: the place of each value in its group, from 0 to 1.
//!
//! (values below + half of the equal ones, itself included) / number of values. A null has no rank
//! and does not count. The order and the frame of the window change nothing.

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;

use super::of_group::OfGroup;

/// The window function.
pub(super) fn percentile_rank() -> OfGroup {
    OfGroup::new("percentile_rank", 1, |columns| {
        ranks(&columns[0].as_primitive::<Float64Type>().iter().collect::<Vec<_>>())
    })
}

fn ranks(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut sorted: Vec<f64> = values.iter().copied().flatten().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = |value: f64| {
        let below = sorted.partition_point(|other| other.total_cmp(&value).is_lt());
        let not_above = sorted.partition_point(|other| other.total_cmp(&value).is_le());
        to_f64(below + not_above) / (2.0 * to_f64(sorted.len()))
    };
    values.iter().map(|value| value.map(rank)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a group has far fewer than 2^53 values")]
fn to_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four values 1, 2, 2, 4: the twos have one below and two equal, (1 + 1) / 4.
    #[test]
    fn ranks_by_hand() {
        let values = [Some(2.0), None, Some(4.0), Some(1.0), Some(2.0)];
        let expected = [Some(0.5), None, Some(0.875), Some(0.125), Some(0.5)];
        assert_eq!(ranks(&values), expected);
        assert_eq!(ranks(&[Some(7.0)]), [Some(0.5)]);
        assert_eq!(ranks(&[None]), [None]);
    }
}
