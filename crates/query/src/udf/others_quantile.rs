//! `others_quantile(value, share) over (partition by …)`: a quantile of the other values of a group.
//!
//! Each row is compared with its group without itself: its own value, if it has one, is left out
//! once. Between two values the quantile is interpolated, as type 7 of Hyndman and Fan (1996), R's
//! default, does. A null does not count. The order and the frame of the window change nothing.

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;

use super::of_group::OfGroup;

/// The window function.
pub(super) fn others_quantile() -> OfGroup {
    OfGroup::new("others_quantile", 2, |columns| {
        let column = |place: usize| columns[place].as_primitive::<Float64Type>().iter();
        quantiles(&column(0).zip(column(1)).collect::<Vec<_>>())
    })
}

/// For each value and share, the quantile of the other values.
fn quantiles(rows: &[(Option<f64>, Option<f64>)]) -> Vec<Option<f64>> {
    let mut sorted: Vec<f64> = rows.iter().filter_map(|(value, _)| *value).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let quantile = |(own, share): &(Option<f64>, Option<f64>)| {
        let own = own.map(|own| sorted.partition_point(|other| other.total_cmp(&own).is_lt()));
        among_others(&sorted, own, (*share)?)
    };
    rows.iter().map(quantile).collect()
}

/// The quantile of sorted values without the one at `own`; none of no values, nor of a share
/// outside 0 to 1.
fn among_others(sorted: &[f64], own: Option<usize>, share: f64) -> Option<f64> {
    let count = sorted.len() - usize::from(own.is_some());
    if !(0.0..=1.0).contains(&share) || count == 0 {
        return None;
    }
    let other = |place: usize| sorted.get(place + usize::from(own.is_some_and(|own| own <= place)));
    let position = to_f64(count - 1) * share;
    let lower = to_usize(position);
    let low = other(lower)?;
    let high = other((lower + 1).min(count - 1))?;
    Some(low + (high - low) * (position - to_f64(lower)))
}

#[expect(clippy::cast_precision_loss, reason = "a group has far fewer than 2^53 values")]
fn to_f64(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a group, from 0"
)]
fn to_usize(position: f64) -> usize {
    position as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 1, 2, 3, 4, 10 the median of the others is 3.5 for the 1 and the 2 (of 2 3 4 10, of
    /// 1 3 4 10), 3 for the 3 (of 1 2 4 10), 2.5 for the 4 and the 10; who has no value sees all: 3.
    #[test]
    fn medians_by_hand() {
        let values = [Some(10.0), Some(1.0), Some(3.0), None, Some(2.0), Some(4.0)];
        let rows = values.map(|value| (value, Some(0.5)));
        let expected = [2.5, 3.5, 3.0, 3.0, 3.5, 2.5].map(Some);
        assert_eq!(quantiles(&rows), expected);
    }

    /// Of the others 1, 2, 3, 4 the first quartile is at 3 x 0.25 = 0.75 places: 1.75.
    #[test]
    fn quartiles_are_interpolated() {
        let quartile =
            |share| quantiles(&[1.0, 2.0, 3.0, 4.0, 9.0].map(|v| (Some(v), Some(share))))[4];
        assert_eq!(quartile(0.25), Some(1.75));
        assert_eq!(quartile(0.75), Some(3.25));
        assert_eq!((quartile(0.0), quartile(1.0)), (Some(1.0), Some(4.0)));
        assert_eq!((quartile(1.5), quartile(f64::NAN)), (None, None));
    }

    #[test]
    fn equal_values_leave_one_out() {
        let rows = [(Some(2.0), Some(0.5)), (Some(2.0), Some(0.5))];
        assert_eq!(quantiles(&rows), [Some(2.0), Some(2.0)]);
        assert_eq!(quantiles(&rows[..1]), [None]);
        assert_eq!(quantiles(&[(None, Some(0.5))]), [None]);
    }
}
