//! `theil_sen_slope(x, y)`: the median of the slopes between all pairs of points that differ in x.
//!
//! P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968). Up
//! to 29 % of wild points do not move it far, unlike least squares.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

/// Points of one group: their pairs are 2 million, in 16 MB.
const MOST: usize = 2_000;

/// The aggregate function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Slope {
    signature: Signature,
}

impl Slope {
    pub(super) fn new() -> Self {
        let two = vec![DataType::Float64, DataType::Float64];
        Self { signature: Signature::exact(two, Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Slope {
    fn name(&self) -> &str {
        "theil_sen_slope"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Points::default()))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field = |part: &str| {
            let of = DataType::List(Arc::clone(&element()));
            Arc::new(Field::new(format!("{}_{part}", args.name), of, true))
        };
        Ok(vec![field("x"), field("y")])
    }
}

/// The points seen, those without a coordinate left out.
#[derive(Debug, Default)]
struct Points {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Points {
    /// The points of two columns that have both coordinates.
    fn of<'a>(x: &'a ArrayRef, y: &'a ArrayRef) -> impl Iterator<Item = (f64, f64)> + 'a {
        let (x, y) = (x.as_primitive::<Float64Type>(), y.as_primitive::<Float64Type>());
        x.iter().zip(y).filter_map(|(x, y)| Some((x?, y?)))
    }

    fn add(&mut self, x: &ArrayRef, y: &ArrayRef) -> Result<()> {
        for (x, y) in Self::of(x, y) {
            if self.x.len() == MOST {
                return exec_err!("theil_sen_slope takes at most {MOST} points a group");
            }
            self.x.push(x);
            self.y.push(y);
        }
        Ok(())
    }
}

impl Accumulator for Points {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(&values[0], &values[1])
    }

    /// Takes out the points that a moving frame leaves, which are the oldest.
    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let count = Self::of(&values[0], &values[1]).count().min(self.x.len());
        self.x.drain(..count);
        self.y.drain(..count);
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (x, y) = (states[0].as_list::<i32>(), states[1].as_list::<i32>());
        for row in 0..x.len() {
            self.add(&x.value(row), &y.value(row))?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![list(&self.x), list(&self.y)])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(slope(&self.x, &self.y)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + (self.x.capacity() + self.y.capacity()) * size_of::<f64>()
    }
}

fn element() -> FieldRef {
    Arc::new(Field::new_list_field(DataType::Float64, true))
}

fn list(values: &[f64]) -> ScalarValue {
    let values: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
    let lengths = OffsetBuffer::from_lengths([values.len()]);
    ScalarValue::List(Arc::new(ListArray::new(element(), lengths, values, None)))
}

/// The median of the slopes; none without two points that differ in x.
fn slope(x: &[f64], y: &[f64]) -> Option<f64> {
    let mut slopes = Vec::new();
    let points = || x.iter().zip(y);
    for (place, (x1, y1)) in points().enumerate() {
        for (x2, y2) in points().skip(place + 1) {
            let run = x2 - x1;
            if run != 0.0 {
                slopes.push((y2 - y1) / run);
            }
        }
    }
    slopes.sort_unstable_by(f64::total_cmp);
    let middle = slopes.len() / 2;
    let upper = slopes.get(middle)?;
    let lower = if slopes.len() % 2 == 1 { upper } else { slopes.get(middle.checked_sub(1)?)? };
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points (1, 1), (2, 3), (3, 5): every slope is 2. A wild fourth (4, 100) gives the slopes
    /// 2, 2, 2, 33, 48.5 and 95: the median of six is (2 + 33) / 2. In place of the third it
    /// gives 2, 33 and 48.5: the median is 33.
    #[test]
    fn slope_by_hand() {
        let cases: [(&[f64], &[f64], Option<f64>); 6] = [
            (&[1.0, 2.0, 3.0], &[1.0, 3.0, 5.0], Some(2.0)),
            (&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 5.0, 100.0], Some(17.5)),
            (&[1.0, 2.0, 4.0], &[1.0, 3.0, 100.0], Some(33.0)),
            (&[1.0, 1.0, 2.0], &[0.0, 9.0, 4.0], Some(-0.5)),
            (&[1.0, 1.0], &[0.0, 9.0], None),
            (&[], &[], None),
        ];
        for (x, y, expected) in cases {
            assert_eq!(slope(x, y), expected, "{x:?} {y:?}");
        }
    }

    #[test]
    fn parts_are_merged() {
        let column =
            |values: &[Option<f64>]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
        let mut part = Points::default();
        part.update_batch(&[
            column(&[Some(1.0), None, Some(2.0)]),
            column(&[Some(1.0), Some(7.0), None]),
        ])
        .unwrap();
        let mut whole = Points::default();
        whole.update_batch(&[column(&[Some(3.0)]), column(&[Some(5.0)])]).unwrap();
        let state: Vec<_> =
            part.state().unwrap().iter().map(|state| state.to_array().unwrap()).collect();
        whole.merge_batch(&state).unwrap();
        assert_eq!((whole.x.as_slice(), whole.y.as_slice()), (&[3.0, 1.0][..], &[5.0, 1.0][..]));
        assert_eq!(whole.evaluate().unwrap(), ScalarValue::Float64(Some(2.0)));
    }
}
