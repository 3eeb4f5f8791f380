//! `scenario('…')`: a what-if of the savings model as a table.
//!
//! The argument is the text of a scenario in TOML, or the name of one that the program carries; a
//! seed (or null) and a number of draws may follow. Costs, volumes and reference figures are read from the
//! views of the release, as the one who asks sees them; `carnac_savings` computes. Without a year it
//! is of the last whole one that has volumes and costs, and empty when none has.

mod read;
mod table;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use carnac_savings::{Scenario, outcome};
use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::datasource::{MemTable, TableType};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use include_dir::{Dir, include_dir};

/// Name of the function.
pub(crate) const NAME: &str = "scenario";

/// The views that it reads.
pub(crate) const READS: [(&str, &str); 5] = [
    ("core", "authority_years"),
    ("core", "cost_lines"),
    ("core", "reference_figures"),
    ("cube", "unit_savings"),
    ("cube", "volumes"),
];

static CARRIED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../data-samples/scenarios");

/// The function itself.
#[derive(Debug)]
pub(crate) struct Function;

impl TableFunctionImpl for Function {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        let (text, options) = match args.exprs() {
            [text, options @ ..] if options.len() <= 2 => (literal(text)?, options),
            _ => return plan_err!("scenario(text [, seed [, draws]]) has one to three arguments"),
        };
        let ScalarValue::Utf8(Some(text)) = text else {
            return plan_err!("the first argument of scenario is the text or the name of one");
        };
        let mut scenario = Scenario::parse(&named(&text)?).map_err(|error| refused(&error))?;
        if let Some(seed) = options.first().map(whole).transpose()?.flatten() {
            scenario.draws.seed = seed;
        }
        if let Some(draws) = options.get(1).map(whole).transpose()?.flatten() {
            scenario.draws.count = u32::try_from(draws).unwrap_or(u32::MAX);
        }
        scenario.check().map_err(|error| refused(&error))?;
        Ok(Arc::new(WhatIf { scenario, schema: table::schema() }))
    }
}

/// The text of a scenario that the program carries, when this is its name; else the text itself.
fn named(text: &str) -> Result<String> {
    if text.contains(['\n', '=']) {
        return Ok(text.to_owned());
    }
    match CARRIED.get_file(format!("{text}.toml")).and_then(|file| file.contents_utf8()) {
        Some(found) => Ok(found.to_owned()),
        None => {
            let mut names: Vec<_> = CARRIED
                .files()
                .filter_map(|file| file.path().to_str()?.strip_suffix(".toml"))
                .collect();
            names.sort_unstable();
            plan_err!("there is no scenario of that name; there are {}", names.join(", "))
        }
    }
}

fn literal(expr: &Expr) -> Result<ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Ok(match value {
            ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text) => {
                ScalarValue::Utf8(text.clone())
            }
            other => other.clone(),
        }),
        _ => plan_err!("the arguments of scenario are literals, not columns or parameters"),
    }
}

/// A whole number from 0; none for a null.
fn whole(expr: &Expr) -> Result<Option<u64>> {
    let value = match literal(expr)? {
        ScalarValue::Null => return Ok(None),
        ScalarValue::Int64(Some(value)) => u64::try_from(value).ok(),
        ScalarValue::UInt64(value) => value,
        _ => None,
    };
    if value.is_none() {
        return plan_err!("seed and draws are whole numbers from 0");
    }
    Ok(value)
}

/// The reason why a scenario is not computed, if that is what failed.
pub(crate) fn refusal(error: &DataFusionError) -> Option<&carnac_savings::Error> {
    match error.find_root() {
        DataFusionError::External(source) => source.downcast_ref(),
        _ => None,
    }
}

/// As an error of planning, whose text is passed on.
fn refused(error: &carnac_savings::Error) -> DataFusionError {
    DataFusionError::Plan(error.to_string())
}

/// A scenario that is computed when it is read.
#[derive(Debug)]
struct WhatIf {
    scenario: Scenario,
    schema: SchemaRef,
}

#[async_trait]
impl TableProvider for WhatIf {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(scenario) = read::dated(state, &self.scenario).await? else {
            let none = MemTable::try_new(Arc::clone(&self.schema), vec![Vec::new()])?;
            return none.scan(state, projection, filters, limit).await;
        };
        let (inputs, references) = read::all(state, &scenario).await?;
        let compute = move || outcome(&scenario, &scenario.apply(inputs)?, &references);
        let rows = tokio::task::spawn_blocking(compute)
            .await
            .map_err(|error| DataFusionError::External(Box::new(error)))?
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        let batch = table::batch(&rows, &self.schema)?;
        let table = MemTable::try_new(Arc::clone(&self.schema), vec![vec![batch]])?;
        table.scan(state, projection, filters, limit).await
    }
}
