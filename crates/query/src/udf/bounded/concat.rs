//! The operator `||` as a function.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column};

/// Joins two texts as the engine does; null with null.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Concat {
    signature: Signature,
}

impl Concat {
    pub(super) fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

/// The operator on the columns `left` and `right`.
fn operator() -> BinaryExpr {
    let (left, right) = (Column::new("left", 0), Column::new("right", 1));
    BinaryExpr::new(Arc::new(left), Operator::StringConcat, Arc::new(right))
}

fn columns(left: &DataType, right: &DataType) -> Schema {
    Schema::new(vec![
        Field::new("left", left.clone(), true),
        Field::new("right", right.clone(), true),
    ])
}

impl ScalarUDFImpl for Concat {
    fn name(&self) -> &'static str {
        "||"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        operator().data_type(&columns(&types[0], &types[1]))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let [left, right] = [&args.arg_fields[0], &args.arg_fields[1]];
        let of = self.return_type(&[left.data_type().clone(), right.data_type().clone()])?;
        let is_nullable = left.is_nullable() || right.is_nullable();
        Ok(Arc::new(Field::new(self.name(), of, is_nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let schema = columns(arrays[0].data_type(), arrays[1].data_type());
        operator().evaluate(&RecordBatch::try_new(Arc::new(schema), arrays)?)
    }
}
