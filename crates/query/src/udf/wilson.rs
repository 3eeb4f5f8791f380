//! `wilson_low(numerator, denominator)` and `wilson_high(…)`: the 95 % Wilson score interval of
//! the ratio of two sums, from 0 to 1.
//!
//! E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
//! (1927). Unlike p ± 1.96·se it stays within [0, 1] and holds for small counts and for 0 or 100 %.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::sum_checked;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

/// 97.5 % quantile of the normal law.
const Z: f64 = 1.959_963_984_540_054;

/// One bound of the interval.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Wilson {
    high: bool,
    signature: Signature,
}

impl Wilson {
    pub(super) fn low() -> Self {
        Self::new(false)
    }

    pub(super) fn high() -> Self {
        Self::new(true)
    }

    fn new(high: bool) -> Self {
        let signature =
            Signature::exact(vec![DataType::Int64, DataType::Int64], Volatility::Immutable);
        Self { high, signature }
    }
}

impl AggregateUDFImpl for Wilson {
    fn name(&self) -> &str {
        if self.high { "wilson_high" } else { "wilson_low" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Sums { high: self.high, numerator: 0, denominator: 0 }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field = |part: &str| {
            Arc::new(Field::new(format!("{}_{part}", args.name), DataType::Int64, true))
        };
        Ok(vec![field("numerator"), field("denominator")])
    }
}

/// The two sums, exact until the last division.
#[derive(Debug)]
struct Sums {
    high: bool,
    numerator: i64,
    denominator: i64,
}

impl Accumulator for Sums {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for (sum, values) in [&mut self.numerator, &mut self.denominator].into_iter().zip(values) {
            let more = sum_checked(values.as_primitive::<Int64Type>())?.unwrap_or_default();
            let Some(total) = sum.checked_add(more) else {
                return exec_err!("the sum is too large");
            };
            *sum = total;
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.numerator.into(), self.denominator.into()])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let bound = interval(self.numerator, self.denominator)
            .map(|(low, high)| if self.high { high } else { low });
        Ok(ScalarValue::Float64(bound))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The interval of `k` out of `n`; undefined unless 0 ≤ k ≤ n and n > 0.
fn interval(k: i64, n: i64) -> Option<(f64, f64)> {
    if n <= 0 || k < 0 || k > n {
        return None;
    }
    let (k, n) = (to_f64(k), to_f64(n));
    let p = k / n;
    let center = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Some((((center - spread) / scale).max(0.0), ((center + spread) / scale).min(1.0)))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn to_f64(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the formula by hand: 7 of 10, and 980 of 1,216, to four decimals.
    #[test]
    fn interval_by_hand() {
        let rounded =
            |k, n| interval(k, n).map(|(low, high)| (format!("{low:.4}"), format!("{high:.4}")));
        let pair = |low: &str, high: &str| Some((low.to_owned(), high.to_owned()));
        assert_eq!(rounded(7, 10), pair("0.3968", "0.8922"));
        assert_eq!(rounded(980, 1216), pair("0.7827", "0.8272"));
        assert_eq!(rounded(0, 10), pair("0.0000", "0.2775"));
        assert_eq!(rounded(10, 10), pair("0.7225", "1.0000"));
        assert_eq!(interval(1, 0), None);
        assert_eq!(interval(11, 10), None);
    }
}
