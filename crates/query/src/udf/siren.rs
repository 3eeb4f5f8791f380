//! `siren_valid(text)` and `siret_valid(text)`: the Luhn key, with La Poste's exception.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::datatypes::DataType;
use carnac_model::identifier::{is_siren, is_siret};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

/// Tells of a text whether it is an identifier; null stays null.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Valid {
    name: &'static str,
    fourteen_digits: bool,
    signature: Signature,
}

impl Valid {
    pub(super) fn siren() -> Self {
        Self::new("siren_valid", false)
    }

    pub(super) fn siret() -> Self {
        Self::new("siret_valid", true)
    }

    fn new(name: &'static str, fourteen_digits: bool) -> Self {
        let signature = Signature::exact(vec![DataType::Utf8], Volatility::Immutable);
        Self { name, fourteen_digits, signature }
    }
}

impl ScalarUDFImpl for Valid {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let valid = if self.fourteen_digits { is_siret } else { is_siren };
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let answer: BooleanArray =
            arrays[0].as_string::<i32>().iter().map(|text| text.map(valid)).collect();
        Ok(ColumnarValue::Array(Arc::new(answer)))
    }
}
