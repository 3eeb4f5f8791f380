//! Which of the tables here a client means that asks PostgreSQL's catalogue.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Select, Statement,
    TableAlias, TableFactor, visit_expressions,
};

use super::SCHEMA;
use super::relations::is_known;

/// The types of columns as PostgreSQL names them.
pub(super) const COLUMN_TYPES: &str = "column_types";
/// The names of the functions that read types from binary, as their own numbers: types name them so.
pub(super) const RECEIVERS: &str = "pg_receivers";
/// The rows of `pg_get_keywords()`.
pub(super) const KEYWORDS: &str = "pg_keywords";

fn named(table: &str) -> ObjectName {
    let part = |name| ObjectNamePart::Identifier(Ident::new(name));
    ObjectName(vec![part(SCHEMA), part(table)])
}

/// Whether a statement asks `information_schema` for what only PostgreSQL tells of columns.
pub(super) fn wants_types(statement: &Statement) -> bool {
    let found = visit_expressions(statement, |expr| {
        let column = match expr {
            Expr::Identifier(column) => Some(column),
            Expr::CompoundIdentifier(parts) => parts.last(),
            _ => None,
        };
        let name = column.map(|column| column.value.to_ascii_lowercase()).unwrap_or_default();
        match name.as_str() {
            "udt_name" | "udt_schema" | "is_identity" => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    found.is_break()
}

/// Returns the name of the table here, unless it is as it is written.
pub(super) fn own(relation: &ObjectName, wants_types: bool) -> Option<ObjectName> {
    let parts: Vec<_> = relation.0.iter().filter_map(ObjectNamePart::as_ident).collect();
    let lower = |name: &Ident| name.value.to_ascii_lowercase();
    match parts.as_slice() {
        [table] if lower(table).starts_with("pg_") => {
            let mut name = relation.clone();
            name.0.insert(0, ObjectNamePart::Identifier(Ident::new(SCHEMA)));
            Some(name)
        }
        [schema, table] if lower(schema) == "information_schema" => match lower(table).as_str() {
            "columns" if wants_types => Some(named(COLUMN_TYPES)),
            table if is_known(table) => Some(named(table)),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the table that has the rows of a function.
pub(super) fn of_function(name: &ObjectName) -> Option<ObjectName> {
    name.to_string().eq_ignore_ascii_case("pg_get_keywords").then(|| named(KEYWORDS))
}

/// Joins the functions by which types are read, where a client looks them up in `pg_proc` to find
/// which types are arrays.
pub(super) fn join_receivers(select: &mut Select) {
    for join in select.from.iter_mut().flat_map(|from| &mut from.joins) {
        let (JoinOperator::Join(on)
        | JoinOperator::Inner(on)
        | JoinOperator::Left(on)
        | JoinOperator::LeftOuter(on)) = &join.join_operator
        else {
            continue;
        };
        let JoinConstraint::On(on) = on else { continue };
        let TableFactor::Table { name, alias, .. } = &mut join.relation else { continue };
        let table = name.0.last().and_then(ObjectNamePart::as_ident);
        let is_proc = table.is_some_and(|table| table.value == "pg_proc");
        if is_proc && on.to_string().contains("typreceive") {
            let proc = || TableAlias {
                explicit: true,
                name: Ident::new("pg_proc"),
                columns: Vec::new(),
                at: None,
            };
            *name = named(RECEIVERS);
            alias.get_or_insert_with(proc);
        }
    }
}
