//! Window functions over a group that is read whole: the order and the frame change nothing.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDFImpl};

/// Of the argument columns of a group, the value of each row.
type Answer = fn(&[ArrayRef]) -> Vec<Option<f64>>;

/// A window function of numbers that answers for all rows of its group at once.
#[derive(Debug)]
pub(super) struct OfGroup {
    name: &'static str,
    signature: Signature,
    answer: Answer,
}

impl OfGroup {
    /// Makes the function of that name, which takes `count` numbers.
    pub(super) fn new(name: &'static str, count: usize, answer: Answer) -> Self {
        let signature = Signature::exact(vec![DataType::Float64; count], Volatility::Immutable);
        Self { name, signature, answer }
    }
}

impl PartialEq for OfGroup {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for OfGroup {}

impl Hash for OfGroup {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl WindowUDFImpl for OfGroup {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(
        &self,
        _: PartitionEvaluatorArgs<'_>,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(WholeGroup(self.answer)))
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Float64, true)))
    }
}

#[derive(Debug)]
struct WholeGroup(Answer);

impl PartitionEvaluator for WholeGroup {
    fn evaluate_all(&mut self, values: &[ArrayRef], _: usize) -> Result<ArrayRef> {
        Ok(Arc::new(Float64Array::from((self.0)(values))))
    }
}
