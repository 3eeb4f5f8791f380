//! Queries of PostgreSQL's own catalogue that have no rows, whatever they compute: of its tables most
//! are always empty here, as there are no keys, no indexes and no triggers.
//!
//! Clients compute much of them that only PostgreSQL can (`unnest(conkey)`, `(keys).x`). What has no
//! rows is not computed: it becomes `SELECT NULL AS a, … WHERE false`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DataType, Expr, Function, GroupByExpr, Ident, JoinOperator, ObjectName, ObjectNamePart, Query,
    Select, SelectItem, SetExpr, TableFactor, TableWithJoins, Value, Visit, Visitor,
};

use super::SCHEMA;
use super::relations::is_always_empty;
use super::rewrite::null;
use crate::names;

/// CTEs that have no rows, by name.
type Names = BTreeSet<String>;

/// Functions that make one row of none, and one of those that makes something else than NULL.
pub(super) const OF_ALL_ROWS: [&str; 11] = [
    "array_agg",
    "avg",
    "bool_and",
    "bool_or",
    "count",
    "every",
    "json_agg",
    "max",
    "min",
    "string_agg",
    "sum",
];
/// Those whose value of no rows is not NULL, and what makes another of NULL.
const NOT_NULL: [&str; 2] = ["count", "coalesce"];

/// Takes what is computed of no rows from a query and its CTEs, whose own queries were treated before.
pub(super) fn clear(query: &mut Query) {
    let mut names = Names::new();
    for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
        clear_body(&mut cte.query.body, &names);
        if is_cleared(&cte.query) {
            cte.query.order_by = None;
            names.insert(cte.alias.name.value.clone());
        }
    }
    clear_body(&mut query.body, &names);
    if is_cleared(query) {
        // It may sort by what is no longer read.
        query.order_by = None;
    }
}

fn clear_body(body: &mut SetExpr, names: &Names) {
    match body {
        SetExpr::Select(select) => clear_select(select, names),
        SetExpr::SetOperation { left, right, .. } => {
            clear_body(left, names);
            clear_body(right, names);
        }
        _ => {}
    }
}

fn clear_select(select: &mut Select, names: &Names) {
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    let makes_a_row = !is_grouped && (select.having.is_some() || computes(select, &OF_ALL_ROWS));
    if makes_a_row || !reads_nothing(select, names) {
        return;
    }
    let mut seen = BTreeSet::new();
    let columns = select.projection.iter().enumerate().map(|(place, item)| {
        let mut made = column(item)?;
        if let SelectItem::ExprWithAlias { alias, .. } = &mut made
            && !seen.insert(alias.value.clone())
        {
            // What nobody can name again is told apart by what is not shown.
            *alias = Ident::with_quote('"', format!("{}{}{place}", alias.value, names::MARK));
        }
        Some(made)
    });
    let Some(columns) = columns.collect::<Option<Vec<_>>>() else { return };
    select.projection = columns;
    select.distinct = None;
    select.from.clear();
    select.group_by = GroupByExpr::Expressions(Vec::new(), Vec::new());
    select.having = None;
    select.named_window.clear();
    select.qualify = None;
    select.selection = Some(truth(false));
}

/// A column of the same name and without a value; none for all columns of a table.
fn column(item: &SelectItem) -> Option<SelectItem> {
    let (expr, alias) = match item {
        SelectItem::UnnamedExpr(expr) => (expr, Ident::with_quote('"', names::name_of(expr))),
        SelectItem::ExprWithAlias { expr, alias } => (expr, alias.clone()),
        _ => return None,
    };
    let expr = match expr {
        Expr::Value(_) => expr.clone(),
        Expr::Cast { kind, data_type, array, format, .. } if !is_unknown(data_type) => Expr::Cast {
            kind: kind.clone(),
            expr: Box::new(null()),
            data_type: data_type.clone(),
            array: *array,
            format: format.clone(),
        },
        _ => null(),
    };
    Some(SelectItem::ExprWithAlias { expr, alias })
}

/// Whether this is a type that only PostgreSQL has (`regoperator`).
fn is_unknown(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Custom(..))
}

/// Whether a query was cleared, or is as one that was.
pub(super) fn is_cleared(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let is_value = |expr: &Expr| match expr {
        Expr::Cast { expr, .. } => matches!(**expr, Expr::Value(_)),
        expr => matches!(expr, Expr::Value(_)),
    };
    // What sums up is a row of no rows: `SELECT count(*) WHERE false`.
    let mut columns = select.projection.iter();
    select.from.is_empty()
        && select.having.is_none()
        && select.selection == Some(truth(false))
        && columns
            .all(|item| matches!(item, SelectItem::ExprWithAlias { expr, .. } if is_value(expr)))
}

/// Whether the one value that a query answers is NULL: it has no rows, or sums up none.
pub(super) fn is_null(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let names = Names::new();
    is_cleared(query) || (reads_nothing(select, &names) && !computes(select, &NOT_NULL))
}

pub(super) fn truth(is_true: bool) -> Expr {
    Expr::Value(Value::Boolean(is_true).into())
}

/// Whether what a query reads has no rows. It reads PostgreSQL's catalogue only: the names of other
/// tables are for the planner to find, or not.
fn reads_nothing(select: &Select, names: &Names) -> bool {
    let is_own = |from: &TableWithJoins| {
        let joined = from.joins.iter().map(|join| &join.relation);
        std::iter::once(&from.relation).chain(joined).all(|factor| is_own(factor, names))
    };
    let is_empty = |from: &TableWithJoins| {
        let mut is_empty = is_nothing(&from.relation, names);
        for join in &from.joins {
            is_empty = match join.join_operator {
                JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => is_empty,
                JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_) => {
                    is_empty || is_nothing(&join.relation, names)
                }
                JoinOperator::Right(_) | JoinOperator::RightOuter(_) => {
                    is_nothing(&join.relation, names)
                }
                _ => return false,
            };
        }
        is_empty
    };
    select.from.iter().all(is_own) && select.from.iter().any(is_empty)
}

fn is_nothing(factor: &TableFactor, names: &Names) -> bool {
    match factor {
        TableFactor::Table { name, args: None, .. } => match own_table(name) {
            Some(table) => is_always_empty(table),
            None => is_named(name, names),
        },
        TableFactor::Derived { subquery, .. } => is_cleared(subquery),
        _ => false,
    }
}

/// Whether a table is one of PostgreSQL's catalogue, or made of what else is read.
fn is_own(factor: &TableFactor, names: &Names) -> bool {
    match factor {
        TableFactor::Table { name, args: None, .. } => {
            own_table(name).is_some() || is_named(name, names)
        }
        TableFactor::Table { .. }
        | TableFactor::Derived { .. }
        | TableFactor::Function { .. }
        | TableFactor::UNNEST { .. } => true,
        _ => false,
    }
}

pub(super) fn own_table(name: &ObjectName) -> Option<&str> {
    let mut parts = name.0.iter().rev().filter_map(ObjectNamePart::as_ident);
    let (table, schema) = (parts.next()?, parts.next()?);
    (schema.value == SCHEMA).then_some(table.value.as_str())
}

fn is_named(name: &ObjectName, names: &Names) -> bool {
    match name.0.as_slice() {
        [part] => part.as_ident().is_some_and(|name| names.contains(&name.value)),
        _ => false,
    }
}

/// Whether a query computes one of these functions, not counting what queries within it compute.
pub(super) fn computes(select: &Select, functions: &[&str]) -> bool {
    let mut search = Search { functions, depth: 0 };
    select.projection.visit(&mut search).is_break()
}

struct Search<'a> {
    functions: &'a [&'a str],
    /// How many queries of the projection this is in.
    depth: usize,
}

impl Visitor for Search<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let Expr::Function(Function { name, .. }) = expr else { return ControlFlow::Continue(()) };
        let name = name.0.last().and_then(ObjectNamePart::as_ident);
        let is_one = |name: &Ident| self.functions.contains(&name.value.to_lowercase().as_str());
        match self.depth == 0 && name.is_some_and(is_one) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}
