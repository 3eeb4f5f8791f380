//! What a request asks for, and the query that it is.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use carnac_query::{Answer, At, Caller, Gateway};
use serde::Deserialize;

use super::problem::Problem;

/// What every request may say. A name that is not known is refused: a filter that is misspelt must
/// not be passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The form of the answer.
    pub(super) format: Option<String>,
    /// A release or an edition.
    at: Option<String>,
}

impl Asked {
    pub(super) fn at(&self) -> Result<Option<At>, Problem> {
        let Some(at) = &self.at else { return Ok(None) };
        at.parse().map(Some).map_err(|_| {
            Problem::invalid("`at` is the number of a release or the name of an edition")
        })
    }
}

/// What a request for figures may say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figures {
    format: Option<String>,
    at: Option<String>,
    pub(super) siren: Option<String>,
    pub(super) period: Option<String>,
    pub(super) item: Option<String>,
    pub(super) status: Option<String>,
}

impl Figures {
    pub(super) fn asked(&self) -> Asked {
        Asked { format: self.format.clone(), at: self.at.clone() }
    }
}

/// A query of ours with the values of a request as its parameters.
#[derive(Debug)]
pub(super) struct Ask {
    sql: String,
    conditions: Vec<String>,
    values: Vec<String>,
    order: &'static str,
}

impl Ask {
    pub(super) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), conditions: Vec::new(), values: Vec::new(), order: "" }
    }

    /// Leaves the rows in which a column is `value`; all when there is none.
    pub(super) fn with(mut self, column: &'static str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.values.push(value.to_owned());
            self.conditions.push(format!("{column} = ${}", self.values.len()));
        }
        self
    }

    pub(super) fn and(mut self, condition: &'static str) -> Self {
        self.conditions.push(condition.to_owned());
        self
    }

    pub(super) fn order(mut self, by: &'static str) -> Self {
        self.order = by;
        self
    }

    pub(super) async fn run(
        &self,
        gateway: &Gateway,
        caller: &Caller,
        at: Option<&At>,
    ) -> Result<Answer, Problem> {
        let mut sql = self.sql.clone();
        if !self.conditions.is_empty() {
            sql.push_str(&format!(" where {}", self.conditions.join(" and ")));
        }
        if !self.order.is_empty() {
            sql.push_str(&format!(" order by {}", self.order));
        }
        Ok(gateway.run(caller.clone(), &sql, self.row().as_ref(), at).await?)
    }

    fn row(&self) -> Option<RecordBatch> {
        let column = |(place, value): (usize, &String)| {
            let value: ArrayRef = Arc::new(StringArray::from(vec![value.as_str()]));
            (place.to_string(), value)
        };
        // Without columns there is no row.
        RecordBatch::try_from_iter(self.values.iter().enumerate().map(column))
            .ok()
            .filter(|row| row.num_columns() > 0)
    }
}
