//! Subqueries of one value in PostgreSQL's own catalogue: they look up by a number that is there once,
//! which only its clients know (`(SELECT relkind FROM pg_class c WHERE c.oid = t.typrelid)`).

use datafusion::sql::sqlparser::ast::{
    GroupByExpr, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins,
};

use super::nothing::{OF_ALL_ROWS, computes, own_table};
use super::rewrite::{call, null};

/// Takes the greatest of the values, as the engine wants one row to be sure, unless it is already.
pub(super) fn sum_up(query: &mut Query) {
    let is_whole = query.with.is_none() && query.limit_clause.is_none() && query.fetch.is_none();
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    if !is_whole || !is_lookup(select) {
        return;
    }
    if let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] =
        select.projection.as_mut_slice()
    {
        let value = std::mem::replace(expr, null());
        *expr = call("max", vec![value]);
        query.order_by = None;
    }
}

fn is_lookup(select: &Select) -> bool {
    let is_own = |from: &TableWithJoins| {
        let joined = from.joins.iter().map(|join| &join.relation);
        std::iter::once(&from.relation).chain(joined).all(|factor| {
            matches!(factor, TableFactor::Table { name, args: None, .. } if own_table(name).is_some())
        })
    };
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    !select.from.is_empty()
        && select.from.iter().all(is_own)
        && select.selection.is_some()
        && !is_grouped
        && !computes(select, &OF_ALL_ROWS)
}
