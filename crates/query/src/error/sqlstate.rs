//! The SQLSTATE of an error: its class in the SQL standard, as PostgreSQL fills it.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use super::{Error, Kind, ON_A_VALUE};

impl Error {
    /// Returns five letters and digits that clients branch on: `42601` for a text that cannot be
    /// read, `42P01` for a table and `42703` for a column that are not there, `42501` for what is
    /// refused, `22000` for a value that fails, and others.
    #[must_use]
    pub fn sqlstate(&self) -> &'static str {
        match (self, self.kind()) {
            (Self::Query { public, .. }, Kind::Invalid) if public == ON_A_VALUE => "22000",
            (Self::Query { source, .. }, Kind::Invalid) => of_planning(source.find_root()),
            (_, Kind::Invalid) => "42601",
            (_, Kind::Unauthenticated) => "28P01",
            (_, Kind::Denied) => "42501",
            (_, Kind::NotFound) => "42704",
            (_, Kind::Exhausted) => "53200",
            (_, Kind::Busy) => "53300",
            (_, Kind::TimedOut) => "57014",
            (_, Kind::Unavailable) => "58030",
            (_, Kind::Internal) => "XX000",
        }
    }
}

fn of_planning(error: &DataFusionError) -> &'static str {
    match error {
        DataFusionError::SQL(..) => "42601",
        DataFusionError::SchemaError(error, _) => match **error {
            SchemaError::FieldNotFound { .. } => "42703",
            SchemaError::AmbiguousReference { .. } => "42702",
            _ => "42701",
        },
        DataFusionError::NotImplemented(_) => "0A000",
        DataFusionError::Plan(reason) => of_text(reason),
        _ => "42000",
    }
}

/// DataFusion tells these apart by their words only.
fn of_text(reason: &str) -> &'static str {
    let has = |words: &str| reason.contains(words);
    match () {
        () if has("table '") && has("not found") || has("table function '") => "42P01",
        () if has("Invalid function") => "42883",
        () if has("No field named") || has("Column in") && has("must be") => "42703",
        () if has("failed to resolve schema") || has("failed to resolve catalog") => "3F000",
        () if has("coerc") || has("cannot be evaluated to comparison") => "42804",
        () => "42000",
    }
}
