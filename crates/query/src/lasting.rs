//! What is the same each time it is asked: neither the time nor chance moves it, and of a query, nothing that
//! is recorded beside the releases.

use std::ops::ControlFlow;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, TableReference};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Query, Statement as Sql, TableFactor, Visit, Visitor};

use crate::{Error, Layer, Result};

/// Returns whether a query has the same answer as long as the release and the definitions are the same.
///
/// # Errors
/// When the names of its tables cannot be read, or its plan cannot be visited.
pub(crate) fn lasts(
    session: &SessionState,
    statement: &Statement,
    plan: &LogicalPlan,
) -> Result<bool> {
    let Statement::Statement(sql) = statement else { return Ok(false) };
    let Sql::Query(query) = sql.as_ref() else { return Ok(false) };
    if !has_tables_only(query) || changing(plan).map_err(Error::planning)?.is_some() {
        return Ok(false);
    }
    let tables = session.resolve_table_references(statement).map_err(Error::planning)?;
    Ok(!tables.is_empty() && tables.iter().all(is_of_release))
}

/// Whether the rows of a table are of the release and the definitions, not of books of runs and queries.
fn is_of_release(table: &TableReference) -> bool {
    let published = Layer::Published;
    let schema = table.schema().unwrap_or(published.name());
    ["catalog", "lake", published.name()].contains(&schema) || published.may_read(schema)
}

/// Whether all that is read are tables and queries. Of a function of tables, what it is given is computed
/// before there is a plan in which it could be seen.
fn has_tables_only(query: &Query) -> bool {
    struct Other;

    impl Visitor for Other {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            match factor {
                TableFactor::Table { args: None, .. }
                | TableFactor::Derived { .. }
                | TableFactor::NestedJoin { .. } => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        }
    }

    query.visit(&mut Other).is_continue()
}

/// Returns the name of a function in a plan that may tell another thing each time.
///
/// # Errors
/// When the plan cannot be visited.
pub(crate) fn changing(plan: &LogicalPlan) -> Result<Option<String>, DataFusionError> {
    let mut found = None;
    plan.apply_with_subqueries(|plan| {
        plan.apply_expressions(|expr| {
            found = found.take().or(changing_in(expr)?);
            Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })
    })?;
    Ok(found)
}

/// Returns the name of a function in an expression that may tell another thing each time. Queries within it are
/// not looked into.
///
/// # Errors
/// When the expression cannot be visited.
pub(crate) fn changing_in(expr: &Expr) -> Result<Option<String>, DataFusionError> {
    let mut found = None;
    expr.apply(|expr| match expr {
        Expr::ScalarFunction(call) if call.func.signature().volatility != Volatility::Immutable => {
            found = Some(call.name().to_owned());
            Ok(TreeNodeRecursion::Stop)
        }
        _ => Ok(TreeNodeRecursion::Continue),
    })?;
    Ok(found)
}
