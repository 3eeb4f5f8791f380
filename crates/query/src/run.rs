//! One query on an open catalogue: through the gate, planned, bound and run.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono::Utc;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ParamValues, ScalarValue, plan_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, execute_stream};
use datafusion::sql::parser::Statement;

use crate::catalog::{Catalog, rewrite};
use crate::clock::End;
use crate::{
    Answer, Description, Error, Part, Principal, Result, answer, clock, gate, kept, lasting, names,
    parts, pool,
};

/// A table of `information_schema` that shows the settings of the engine.
const SETTINGS: &str = "df_settings";

/// Runs one query on an open catalogue. No answer that is kept is looked at.
pub(crate) async fn run(
    catalog: &Catalog,
    principal: Principal,
    sql: &str,
    parameters: Option<&RecordBatch>,
) -> Result<Answer> {
    let session = session(catalog, principal);
    let plan = plan(&session, sql).await?;
    execute(catalog, (session, plan), parameters, (None, None)).await
}

/// Answers one query, all of it or one part, up to a moment at which it fails: by what is kept, or by what
/// is computed and kept then.
pub(crate) async fn run_until(
    catalog: &Catalog,
    principal: Principal,
    sql: &str,
    parameters: Option<&RecordBatch>,
    (part, end): (Option<Part>, Option<&End>),
) -> Result<Answer> {
    let asked = match part {
        Some(_) => None,
        None => kept::asked(catalog, principal, sql, parameters),
    };
    if let Some(answer) = asked.as_ref().and_then(|(kept, asked)| kept.answer(catalog, asked)) {
        return Ok(answer);
    }
    let mut session = session(catalog, principal);
    if let Some(part) = part {
        session = parts::session(session, part.of);
    }
    let plan = plan(&session, sql).await?;
    let asked = match asked {
        Some(asked) if lasting::lasts(&session, &admitted(sql)?, &plan)? => Some(asked),
        _ => None,
    };
    let answer = execute(catalog, (session, plan), parameters, (part, end)).await?;
    Ok(match asked {
        Some((kept, asked)) => kept.keeping(asked, answer),
        None => answer,
    })
}

/// Runs a query that is planned.
async fn execute(
    catalog: &Catalog,
    (mut session, plan): (SessionState, LogicalPlan),
    parameters: Option<&RecordBatch>,
    (part, end): (Option<Part>, Option<&End>),
) -> Result<Answer> {
    let (schema, mut physical) = physical(&mut session, plan, parameters).await?;
    if let Some(kept) = &catalog.kept {
        physical = kept::keeping(physical, kept).map_err(Error::running)?;
    }
    let physical = match end {
        Some(end) => clock::until(physical, end).map_err(Error::running)?,
        None => physical,
    };
    let task = Arc::new(pool::of_one((&session).into(), &physical));
    let rows = match part {
        Some(part) => parts::apart(physical).and_then(|plan| plan.execute(part.number, task)),
        None => execute_stream(physical, task),
    };
    Ok(Answer::new(schema, rows.map_err(Error::running)?, Arc::clone(&catalog.release)))
}

/// Plans one query, and says in how many parts it is answered when so many are asked for.
pub(crate) async fn parts(
    catalog: &Catalog,
    principal: Principal,
    sql: &str,
    parameters: Option<&RecordBatch>,
    asked: usize,
) -> Result<usize> {
    let mut session = parts::session(session(catalog, principal), asked);
    let plan = plan(&session, sql).await?;
    let (_, plan) = physical(&mut session, plan, parameters).await?;
    let plan = parts::apart(plan).map_err(Error::planning)?;
    Ok(plan.output_partitioning().partition_count())
}

/// The session of one query: `now()` is when it begins, wherever it stands in the query.
#[expect(clippy::disallowed_methods, reason = "no view may ask for it, only a query")]
fn session(catalog: &Catalog, principal: Principal) -> SessionState {
    let mut session = catalog.session(principal);
    session.execution_props_mut().query_execution_start_time = Some(Utc::now());
    session
}

/// Binds and plans one query down to its operators; returns its columns too.
///
/// The session is left with the size of batches that it is to be run with.
async fn physical(
    session: &mut SessionState,
    plan: LogicalPlan,
    parameters: Option<&RecordBatch>,
) -> Result<(SchemaRef, Arc<dyn ExecutionPlan>)> {
    let plan = bind(plan, parameters)?;
    let names = names::shown(&plan);
    let plan = session.optimize(&plan).map_err(Error::planning)?;
    let schema = answer::plain(&with_types(&names, &plan));
    let planner = Arc::clone(session.query_planner());
    let rows = pool::rows_of_batch(&plan, session.config().batch_size());
    take_at_once(session, rows);
    let mut physical = planner.create_physical_plan(&plan, session).await;
    if rows > pool::FEW_ROWS && physical.as_ref().is_ok_and(pool::is_kept_by_group) {
        take_at_once(session, pool::FEW_ROWS);
        physical = planner.create_physical_plan(&plan, session).await;
    }
    Ok((schema, physical.map_err(Error::running)?))
}

/// Sets the rows of a batch.
fn take_at_once(session: &mut SessionState, rows: usize) {
    let config = std::mem::take(session.config_mut());
    *session.config_mut() = config.with_batch_size(rows);
}

/// Plans one query on an open catalogue, and says what it would answer.
pub(crate) async fn describe(
    catalog: &Catalog,
    principal: Principal,
    sql: &str,
    parameters: Option<&RecordBatch>,
) -> Result<Description> {
    let asked = kept::asked(catalog, principal, sql, parameters);
    if let Some(told) = asked.as_ref().and_then(|(kept, asked)| kept.description(asked)) {
        return Ok(told);
    }
    let session = session(catalog, principal);
    let mut plan = plan(&session, sql).await?;
    let mut types: Vec<_> =
        plan.get_parameter_fields().map_err(Error::planning)?.into_iter().collect();
    types.sort_by_key(|(name, _)| place(name));
    let lists = lists(&plan).map_err(Error::planning)?;
    let field = |(name, field): (String, Option<Arc<Field>>)| {
        let of = lists.get(&name).cloned().or_else(|| Some(field?.data_type().clone()));
        Field::new(name, of.unwrap_or(DataType::Utf8), true)
    };
    if parameters.is_some() {
        plan = bind(plan, parameters)?;
    }
    let names = names::shown(&plan);
    // What is still unknown of parameters may be needed to tell; then the types are as they are written.
    let analyzed = session.analyzer().execute_and_check(plan, session.config_options(), |_, _| {});
    let schema = analyzed.map_or_else(|_| names.clone(), |plan| with_types(&names, &plan));
    let told = Description {
        schema: answer::plain(&schema),
        parameters: Arc::new(Schema::new(types.into_iter().map(field).collect::<Vec<_>>())),
        release: catalog.release.id,
    };
    if let Some((kept, asked)) = asked {
        kept.keep(asked, &told);
    }
    Ok(told)
}

/// The parameters that are cast to lists, with their types: the engine takes them for texts.
fn lists(plan: &LogicalPlan) -> Result<BTreeMap<String, DataType>, DataFusionError> {
    let mut lists = BTreeMap::new();
    plan.apply_with_subqueries(|plan| {
        plan.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Cast(cast) = expr
                    && let Expr::Placeholder(parameter) = cast.expr.as_ref()
                    && matches!(cast.field.data_type(), DataType::List(_))
                {
                    lists.insert(parameter.id.clone(), cast.field.data_type().clone());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(lists)
}

/// Columns of these names, and of the types that the rows will have: those of a union are of the type
/// that holds the values of both sides only when the plan has been analyzed.
fn with_types(names: &Schema, analyzed: &LogicalPlan) -> Schema {
    let types = analyzed.schema().as_arrow().fields();
    let field = |(field, of): (&Arc<Field>, &Arc<Field>)| {
        field.as_ref().clone().with_data_type(of.data_type().clone())
    };
    Schema::new(names.fields().iter().zip(types).map(field).collect::<Vec<_>>())
}

async fn plan(session: &SessionState, sql: &str) -> Result<LogicalPlan> {
    let statement = admitted(sql)?;
    for table in session.resolve_table_references(&statement).map_err(Error::planning)? {
        if table.table() == SETTINGS {
            return Err(Error::planning(plan_datafusion_err!("table '{table}' not found")));
        }
    }
    let plan = match session.statement_to_plan(statement).await {
        Err(error) if names::are_not_unique(&error) => uniquely_named(session, sql, error).await?,
        planned => planned.map_err(Error::planning)?,
    };
    gate::verify(&plan)?;
    Ok(plan)
}

/// Reads a statement that may be asked.
fn admitted(sql: &str) -> Result<Statement> {
    let mut statement = gate::admit(sql)?;
    rewrite(&mut statement);
    Ok(statement)
}

/// Plans a statement that has columns of one name, with names that are different.
async fn uniquely_named(
    session: &SessionState,
    sql: &str,
    error: DataFusionError,
) -> Result<LogicalPlan> {
    for which in [names::Which::Nameless, names::Which::All] {
        let mut unique = admitted(sql)?;
        names::make_unique(&mut unique, which);
        if let Ok(plan) = session.statement_to_plan(unique).await {
            return Ok(plan);
        }
    }
    // What the error is about has names that the query does not have.
    Err(Error::planning(error))
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
