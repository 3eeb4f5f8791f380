//! One query on an open catalogue: through the gate, planned, bound and run.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use tokio::time::Instant;

use crate::catalog::{Catalog, rewrite};
use crate::{Answer, Description, Error, Principal, Result, answer, clock, gate};

/// Runs one query on an open catalogue.
pub(crate) async fn run(
    catalog: &Catalog,
    principal: Principal,
    sql: &str,
    parameters: Option<&RecordBatch>,
) -> Result<Answer> {
    run_until(catalog, principal, sql, parameters, None).await
}

/// As [`run`], up to a moment at which it fails.
pub(crate) async fn run_until(
    catalog: &Catalog,
    principal: Principal,
    sql: &str,
    parameters: Option<&RecordBatch>,
    until: Option<Instant>,
) -> Result<Answer> {
    let session = catalog.session(principal);
    let plan = bind(plan(&session, sql).await?, parameters)?;
    let schema = answer::plain(plan.schema().as_arrow());
    let plan = session.optimize(&plan).map_err(Error::planning)?;
    let physical = session
        .query_planner()
        .create_physical_plan(&plan, &session)
        .await
        .map_err(Error::running)?;
    let physical = match until {
        Some(until) => clock::until(physical, until).map_err(Error::running)?,
        None => physical,
    };
    let rows = execute_stream(physical, session.task_ctx()).map_err(Error::running)?;
    Ok(Answer::new(schema, rows, Arc::clone(&catalog.release)))
}

/// Plans one query on an open catalogue, and says what it would answer.
pub(crate) async fn describe(
    catalog: &Catalog,
    principal: Principal,
    sql: &str,
    parameters: Option<&RecordBatch>,
) -> Result<Description> {
    let mut plan = plan(&catalog.session(principal), sql).await?;
    let mut types: Vec<_> =
        plan.get_parameter_fields().map_err(Error::planning)?.into_iter().collect();
    types.sort_by_key(|(name, _)| place(name));
    let field = |(name, field): (String, Option<Arc<Field>>)| {
        Field::new(name, field.map_or(DataType::Utf8, |field| field.data_type().clone()), true)
    };
    if parameters.is_some() {
        plan = bind(plan, parameters)?;
    }
    Ok(Description {
        schema: answer::plain(plan.schema().as_arrow()),
        parameters: Arc::new(Schema::new(types.into_iter().map(field).collect::<Vec<_>>())),
        release: catalog.release.id,
    })
}

async fn plan(session: &SessionState, sql: &str) -> Result<LogicalPlan> {
    let mut statement = gate::admit(sql)?;
    rewrite(&mut statement);
    let plan = session.statement_to_plan(statement).await.map_err(Error::planning)?;
    gate::verify(&plan)?;
    Ok(plan)
}

/// Puts the one row of parameters in the place of `$1`, `$2`, …
fn bind(plan: LogicalPlan, parameters: Option<&RecordBatch>) -> Result<LogicalPlan> {
    let names = plan.get_parameter_names().map_err(Error::planning)?;
    let wanted = names.iter().map(|name| place(name)).max().unwrap_or_default();
    let given = parameters.map_or(0, RecordBatch::num_columns);
    if given != wanted {
        return Err(Error::invalid(format!(
            "the query has {wanted} parameters, {given} were given"
        )));
    }
    let Some(row) = parameters.filter(|_| wanted > 0) else { return Ok(plan) };
    if row.num_rows() != 1 {
        return Err(Error::invalid(format!(
            "one row of parameters is wanted, {} were given",
            row.num_rows()
        )));
    }
    let value =
        |column: &Arc<dyn Array>| ScalarValue::try_from_array(column, 0).map_err(Error::planning);
    let values: Result<Vec<_>> = row.columns().iter().map(value).collect();
    plan.with_param_values(ParamValues::from(values?)).map_err(Error::planning)
}

/// The place of a parameter: 10 of `$10`; one without a number comes last and cannot be bound.
fn place(name: &str) -> usize {
    name.trim_start_matches('$').parse().unwrap_or(usize::MAX)
}
