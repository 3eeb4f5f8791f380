//! Columns of one name: a query may answer several (`select 1, 1`), the planner takes each name once.
//!
//! They are planned under names of their own, of which clients see what stands before a mark.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion::common::SchemaError;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr as Planned, LogicalPlan};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectNamePart, Select, SelectItem, SelectItemQualifiedWildcardKind, VisitMut,
    VisitorMut,
};

/// What comes after it in the name of a column is not shown.
pub(crate) const MARK: char = '\u{1}';

/// What PostgreSQL calls a column that has no name.
const NAMELESS: &str = "?column?";

/// Which columns are given names of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that the query gives no name.
    Nameless,
    /// All: what a query sorts by the name that it gave may not be found then.
    All,
}

/// Whether a query was not planned because two of its columns have one name.
pub(crate) fn are_not_unique(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::Plan(text) => text.contains("unique expression names"),
        DataFusionError::SchemaError(error, _) => matches!(
            error.as_ref(),
            SchemaError::DuplicateQualifiedField { .. }
                | SchemaError::DuplicateUnqualifiedField { .. }
                | SchemaError::AmbiguousReference { .. }
        ),
        _ => false,
    }
}

/// Gives the columns of every `SELECT` names of their own, where it names one more than once.
pub(crate) fn make_unique(statement: &mut Statement, which: Which) {
    match statement {
        Statement::Statement(statement) => {
            // Nothing breaks it off.
            statement.visit(&mut Namer(which)).continue_value().unwrap_or_default();
        }
        Statement::Explain(explain) => make_unique(&mut explain.statement, which),
        _ => {}
    }
}

struct Namer(Which);

impl VisitorMut for Namer {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let tables = Tables::of(select);
        let mut seen = BTreeSet::new();
        for (place, item) in select.projection.iter_mut().enumerate() {
            let (expr, name) = match item {
                SelectItem::UnnamedExpr(expr) => {
                    let name = name_of(expr);
                    let is_told = is_column(expr) && !tables.have(expr);
                    // Only a column is found again by its name: what is computed never is.
                    if is_told && seen.insert(name.clone()) {
                        continue;
                    }
                    (expr, name)
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let is_new = seen.insert(alias.value.clone());
                    if is_new && !(self.0 == Which::All && tables.are_any()) {
                        continue;
                    }
                    (expr, alias.value.clone())
                }
                _ => continue,
            };
            let alias = Ident::with_quote('"', format!("{name}{MARK}{place}"));
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
        ControlFlow::Continue(())
    }
}

/// The tables of which a query takes all columns.
struct Tables {
    all: bool,
    names: BTreeSet<String>,
}

impl Tables {
    fn of(select: &Select) -> Self {
        let all = select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_)));
        let name = |item: &SelectItem| match item {
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                name.0.last().and_then(ObjectNamePart::as_ident).map(|name| name.value.clone())
            }
            _ => None,
        };
        Self { all, names: select.projection.iter().filter_map(name).collect() }
    }

    fn are_any(&self) -> bool {
        self.all || !self.names.is_empty()
    }

    /// Whether a column may be one of these.
    fn have(&self, expr: &Expr) -> bool {
        match expr {
            Expr::CompoundIdentifier(parts) => {
                let table = parts.iter().rev().nth(1);
                self.all || table.is_some_and(|table| self.names.contains(&table.value))
            }
            _ => self.are_any(),
        }
    }
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
}

/// What PostgreSQL calls a column that is given no name.
pub(crate) fn name_of(expr: &Expr) -> String {
    let name = |ident: &Ident| match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    };
    let found = match expr {
        Expr::Identifier(ident) => Some(name(ident)),
        Expr::CompoundIdentifier(parts) => parts.last().map(name),
        Expr::Function(function) => {
            function.name.0.last().and_then(ObjectNamePart::as_ident).map(name)
        }
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => Some(name_of(inner)),
        Expr::CompoundFieldAccess { root, .. } => Some(name_of(root)),
        Expr::Cast { expr: inner, data_type, .. } => Some(match name_of(inner) {
            inner if inner == NAMELESS => data_type.to_string().to_lowercase(),
            inner => inner,
        }),
        Expr::TypedString(typed) => Some(typed.data_type.to_string().to_lowercase()),
        Expr::Case { .. } => Some("case".to_owned()),
        Expr::Exists { .. } => Some("exists".to_owned()),
        _ => None,
    };
    found.unwrap_or_else(|| NAMELESS.to_owned())
}

/// Returns the columns of a plan under the names that the query gives them.
pub(crate) fn shown(plan: &LogicalPlan) -> Schema {
    let schema = plan.schema().as_arrow();
    let added = added(plan);
    let field = |field: &Arc<Field>| {
        let name = field.name();
        let shown = name.split_once(MARK).map_or(name.as_str(), |(shown, _)| shown);
        let shown = match shown.rsplit_once(':') {
            Some((before, _)) if added.contains(shown) => before,
            _ => shown,
        };
        field.as_ref().clone().with_name(shown)
    };
    Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>())
}

/// Names that the planner made: the second `a` of a subquery is `a:1`.
fn added(plan: &LogicalPlan) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let found = plan.apply(|plan| {
        let LogicalPlan::SubqueryAlias(of) = plan else { return Ok(TreeNodeRecursion::Continue) };
        let LogicalPlan::Projection(inner) = of.input.as_ref() else {
            return Ok(TreeNodeRecursion::Continue);
        };
        for expr in &inner.expr {
            if let Planned::Alias(alias) = expr
                && let Planned::Column(column) = alias.expr.as_ref()
                && let Some((name, number)) = alias.name.rsplit_once(':')
                && name == column.name
                && number.parse::<usize>().is_ok()
            {
                names.insert(alias.name.clone());
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    // Looking at it does not fail.
    found.map(|_| names).unwrap_or_default()
}
