//! Functions in Rust, where SQL cannot say it well.

mod siren;
mod wilson;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

/// The scalar functions.
pub(crate) fn scalar() -> Vec<ScalarUDF> {
    vec![
        ScalarUDF::new_from_impl(siren::Valid::siren()),
        ScalarUDF::new_from_impl(siren::Valid::siret()),
    ]
}

/// The aggregate functions.
pub(crate) fn aggregate() -> Vec<AggregateUDF> {
    vec![
        AggregateUDF::new_from_impl(wilson::Wilson::low()),
        AggregateUDF::new_from_impl(wilson::Wilson::high()),
    ]
}
