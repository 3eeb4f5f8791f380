//! `percentile_rank(value) over (partition by …)`: the place of each value in its group, from 0 to 1.
//!
//! (values below + half of the equal ones, itself included) / number of values. A null has no rank
//! and does not count. The order and the frame of the window change nothing.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::Result;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDFImpl};

/// The window function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct PercentileRank {
    signature: Signature,
}

impl PercentileRank {
    pub(super) fn new() -> Self {
        Self { signature: Signature::exact(vec![DataType::Float64], Volatility::Immutable) }
    }
}

impl WindowUDFImpl for PercentileRank {
    fn name(&self) -> &str {
        "percentile_rank"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(
        &self,
        _: PartitionEvaluatorArgs<'_>,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(WholeGroup))
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Float64, true)))
    }
}

/// Ranks a group that is read whole.
#[derive(Debug)]
struct WholeGroup;

impl PartitionEvaluator for WholeGroup {
    fn evaluate_all(&mut self, values: &[ArrayRef], _: usize) -> Result<ArrayRef> {
        let values: Vec<_> = values[0].as_primitive::<Float64Type>().iter().collect();
        Ok(Arc::new(Float64Array::from(ranks(&values))))
    }
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
