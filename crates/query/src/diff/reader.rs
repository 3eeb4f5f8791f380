//! The rows of one indicator in one state, period by period.

use std::vec::IntoIter;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use carnac_model::indicator::SPLIT;
use futures::StreamExt;

use super::Wanted;
use crate::catalog::Catalog;
use crate::{Answer, Principal, Result, SqlFile, run};

/// One row of an indicator view.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) period: String,
    /// None in an indicator that is not split.
    pub(super) item: Option<String>,
    pub(super) siren: String,
    pub(super) numerator: Option<i64>,
    pub(super) denominator: Option<i64>,
    pub(super) is_observed: bool,
}

/// Rows in the order of their periods. One that reads no view has none.
#[derive(Debug, Default)]
pub(super) struct Reader {
    answer: Option<Answer>,
    rows: IntoIter<Row>,
    next: Option<Row>,
}

impl Reader {
    /// Asks a view for the rows that are wanted.
    pub(super) async fn open(
        catalog: &Catalog,
        principal: Principal,
        view: Option<&SqlFile>,
        wanted: &Wanted,
    ) -> Result<Self> {
        let Some(view) = view else { return Ok(Self::default()) };
        let (sql, parameters) = question(view, wanted)?;
        let answer = run::run(catalog, principal, &sql, parameters.as_ref()).await?;
        let mut reader = Self { answer: Some(answer), ..Self::default() };
        reader.advance().await?;
        Ok(reader)
    }

    /// Returns the period of the next row.
    pub(super) fn period(&self) -> Option<&str> {
        self.next.as_ref().map(|row| row.period.as_str())
    }

    /// Takes the rows of a period; those of periods before it are passed over.
    pub(super) async fn take(&mut self, period: &str) -> Result<Vec<Row>> {
        let mut taken = Vec::new();
        while self.period().is_some_and(|next| next <= period) {
            let row = self.advance().await?;
            taken.extend(row.filter(|row| row.period == period));
        }
        Ok(taken)
    }

    /// Returns the next row and puts the one after it in its place.
    async fn advance(&mut self) -> Result<Option<Row>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(self.next.replace(row));
            }
            let Some(answer) = &mut self.answer else { return Ok(self.next.take()) };
            match answer.stream.next().await {
                Some(batch) => self.rows = rows(&batch?).into_iter(),
                None => self.answer = None,
            }
        }
    }
}

/// The query and its row of parameters, if it has any.
fn question(view: &SqlFile, wanted: &Wanted) -> Result<(String, Option<RecordBatch>)> {
    let is_split = view.header.grain.iter().any(|column| column == SPLIT.0);
    let item = if is_split { SPLIT.0 } else { "cast(null as varchar)" };
    // The middle value of an amount, in cents.
    let parts = match view.header.unit.as_str() {
        "eur" => "cast(mid * 100 as bigint) as numerator, cast(null as bigint) as denominator",
        _ => "numerator, denominator",
    };
    let mut sql = format!(
        "select period, {item} as item, siren, {parts}, status = 'observed' \
         from {}.\"{}\"",
        view.layer, view.name
    );
    let mut values = Vec::new();
    for (column, value) in [("period", &wanted.period), ("siren", &wanted.siren)] {
        let Some(value) = value else { continue };
        let before = if values.is_empty() { "where" } else { "and" };
        let place = values.len() + 1;
        sql.push_str(&format!(" {before} {column} = ${place}"));
        values.push((place.to_string(), StringArray::from(vec![value.as_str()])));
    }
    sql.push_str(" order by period");
    if values.is_empty() {
        return Ok((sql, None));
    }
    let columns = values.into_iter().map(|(name, value)| (name, std::sync::Arc::new(value) as _));
    let row = RecordBatch::try_from_iter(columns).expect("columns of one row each");
    Ok((sql, Some(row)))
}

fn rows(batch: &RecordBatch) -> Vec<Row> {
    let text = |place: usize| batch.column(place).as_string::<i32>();
    let number = |place: usize| batch.column(place).as_primitive::<Int64Type>();
    let (periods, items, sirens) = (text(0), text(1), text(2));
    let (numerators, denominators) = (number(3), number(4));
    let observed = batch.column(5).as_boolean();
    (0..batch.num_rows())
        .map(|row| Row {
            period: periods.value(row).to_owned(),
            item: items.is_valid(row).then(|| items.value(row).to_owned()),
            siren: sirens.value(row).to_owned(),
            numerator: numerators.is_valid(row).then(|| numerators.value(row)),
            denominator: denominators.is_valid(row).then(|| denominators.value(row)),
            is_observed: observed.is_valid(row) && observed.value(row),
        })
        .collect()
}
