//! The parameters of a query stay parameters of it, also where nothing is computed of them any more:
//! clients were told, or know, how many there are.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Select, SetExpr, Statement, Value, visit_expressions,
};

use super::nothing::truth;

/// Returns the parameters that a statement names.
pub(super) fn of(statement: &Statement) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let visited = visit_expressions(statement, |expr| {
        if let Expr::Value(value) = expr
            && let Value::Placeholder(name) = &value.value
        {
            names.insert(name.clone());
        }
        ControlFlow::<()>::Continue(())
    });
    // Nothing breaks it off.
    visited.continue_value().map(|()| names).unwrap_or_default()
}

/// Puts those of `given` that a statement lost into a condition that always holds.
pub(super) fn keep(statement: &mut Statement, given: &BTreeSet<String>) {
    let left = of(statement);
    let Statement::Query(query) = statement else { return };
    for name in given.difference(&left) {
        if let Some(select) = first(&mut query.body) {
            let parameter = Expr::Value(Value::Placeholder(name.clone()).into());
            let is_null = Expr::IsNull(Box::new(parameter));
            let holds = Expr::Nested(Box::new(both(is_null, BinaryOperator::Or, truth(true))));
            select.selection = Some(match select.selection.take() {
                None => holds,
                Some(before) => both(Expr::Nested(Box::new(before)), BinaryOperator::And, holds),
            });
        }
    }
}

fn both(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn first(body: &mut SetExpr) -> Option<&mut Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => first(&mut query.body),
        SetExpr::SetOperation { left, .. } => first(left),
        _ => None,
    }
}
