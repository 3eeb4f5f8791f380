//! What only PostgreSQL says, in the words of standard SQL.
//!
//! Clients ask its catalogue in its own dialect: `OPERATOR(pg_catalog.~)`, `COLLATE "default"`,
//! `'core.acts'::regclass`. Everything else is left as it is.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem, TableFactor,
    Value, VisitMut, VisitorMut,
};

use super::{
    REGCLASS_NAME, REGCLASS_OID, REGTYPE_OID, SCHEMA, lists, nothing, parameters, patterns, single,
    tables, told,
};

/// Rewrites a statement in place.
pub(crate) fn rewrite(statement: &mut Statement) {
    match statement {
        Statement::Statement(statement) => {
            let given = parameters::of(statement);
            let mut rewriter = Rewriter { wants_types: tables::wants_types(statement) };
            // Nothing breaks it off.
            statement.visit(&mut rewriter).continue_value().unwrap_or_default();
            parameters::keep(statement, &given);
        }
        Statement::Explain(explain) => rewrite(&mut explain.statement),
        _ => {}
    }
}

struct Rewriter {
    /// Whether the columns of `information_schema` are asked for their types as PostgreSQL names them.
    wants_types: bool,
}

impl VisitorMut for Rewriter {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        if let Some(own) = tables::own(relation, self.wants_types) {
            *relation = own;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        tables::join_receivers(select);
        for item in &mut select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let is_series = is_series(expr);
                    spread(expr);
                    if is_series {
                        let (expr, alias) = (expr.clone(), Ident::new(SERIES));
                        *item = SelectItem::ExprWithAlias { expr, alias };
                    }
                }
                SelectItem::ExprWithAlias { expr, .. } => spread(expr),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        nothing::clear(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<()> {
        match table {
            TableFactor::Table { name, args: args @ Some(_), .. } => {
                unqualify(name);
                if let Some(table) = tables::of_function(name) {
                    (*name, *args) = (table, None);
                }
            }
            TableFactor::Function { name, .. } => unqualify(name),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => {
                unqualify(&mut function.name);
                // ARRAY(SELECT …), and what is made of it.
                if matches!(function.args, FunctionArguments::Subquery(_))
                    || joins_nothing(function)
                {
                    *expr = null();
                } else if let Some(told) = told::told(function) {
                    *expr = told;
                }
            }
            Expr::BinaryOp { left, op, right } => {
                // 0 is no function, whose name is `-`.
                if names_function(left) && **right == number(0) {
                    **right = Expr::Value(Value::SingleQuotedString("-".to_owned()).into());
                }
                if let BinaryOperator::PGCustomBinaryOperator(parts) = op
                    && let Some(plain) = parts.last().and_then(|sign| operator(sign))
                {
                    *op = plain;
                }
            }
            Expr::Collate { expr: inner, .. } => {
                let inner = std::mem::replace(inner.as_mut(), null());
                *expr = inner;
            }
            // (f(x)).n: of functions that return rows, which there are none of.
            Expr::CompoundFieldAccess { root, .. } if matches!(root.as_ref(), Expr::Nested(inner) if matches!(**inner, Expr::Function(_))) =>
            {
                *expr = null();
            }
            Expr::Subquery(query) if nothing::is_null(query) => *expr = null(),
            Expr::Subquery(query) => single::sum_up(query),
            Expr::Exists { subquery, negated } | Expr::InSubquery { subquery, negated, .. }
                if nothing::is_cleared(subquery) =>
            {
                *expr = nothing::truth(*negated);
            }
            Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
                patterns::escape(pattern, escape_char);
            }
            Expr::AnyOp { right, .. } | Expr::AllOp { right, .. } => lists::of_parameter(right),
            Expr::Cast { .. } => match lists::literal(expr) {
                Some(list) => *expr = list,
                None => cast(expr),
            },
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// The function that gives rows also where a column is asked for.
const SERIES: &str = "generate_series";

fn is_series(expr: &Expr) -> bool {
    let Expr::Function(Function { name, .. }) = expr else { return false };
    let name = name.0.last().and_then(ObjectNamePart::as_ident);
    name.is_some_and(|name| name.value.eq_ignore_ascii_case(SERIES))
}

/// Makes rows of `select generate_series(1, 3)`, and of what is computed of it: it would be a list.
fn spread(expr: &mut Expr) {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => spread(inner),
        Expr::BinaryOp { left, right, .. } => {
            spread(left);
            spread(right);
        }
        series if is_series(series) => {
            let inner = std::mem::replace(series, null());
            *series = call("unnest", vec![inner]);
        }
        _ => {}
    }
}

fn number(number: u8) -> Expr {
    Expr::Value(Value::Number(number.to_string(), false).into())
}

/// Whether this is a column of `pg_type` that names a function.
fn names_function(expr: &Expr) -> bool {
    let column = match expr {
        Expr::Identifier(column) => Some(column),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    };
    column.is_some_and(|column| {
        matches!(column.value.as_str(), "typinput" | "typoutput" | "typreceive" | "typsend")
    })
}

pub(super) fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

/// Takes the schema from the name of a function of PostgreSQL's own.
fn unqualify(name: &mut ObjectName) {
    let is_own = |part: &ObjectNamePart| {
        part.as_ident().is_some_and(|ident| {
            let schema = ident.value.to_ascii_lowercase();
            schema == SCHEMA || schema == "information_schema"
        })
    };
    if name.0.len() == 2 && name.0.first().is_some_and(is_own) {
        name.0.remove(0);
    }
}

/// `array_to_string(a || NULL, …)`, or of NULL itself, of which the engine knows no list.
fn joins_nothing(function: &Function) -> bool {
    let is_join = function.name.to_string().eq_ignore_ascii_case("array_to_string");
    let FunctionArguments::List(list) = &function.args else { return false };
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) = list.args.first() else {
        return false;
    };
    let is_null = |expr: &Expr| *expr == null();
    is_join && (is_null(first) || matches!(first, Expr::BinaryOp { right, .. } if is_null(right)))
}

fn operator(sign: &str) -> Option<BinaryOperator> {
    Some(match sign {
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "=" => BinaryOperator::Eq,
        "<>" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        ">" => BinaryOperator::Gt,
        "<=" => BinaryOperator::LtEq,
        ">=" => BinaryOperator::GtEq,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "||" => BinaryOperator::StringConcat,
        _ => return None,
    })
}

/// Puts the types of PostgreSQL's own catalogue into those that there are.
fn cast(expr: &mut Expr) {
    let Expr::Cast { expr: inner, data_type, .. } = expr else { return };
    let name = match data_type {
        DataType::Regclass => "regclass".to_owned(),
        DataType::Custom(name, _) => name
            .0
            .last()
            .and_then(ObjectNamePart::as_ident)
            .map_or_else(String::new, |ident| ident.value.to_ascii_lowercase()),
        _ => return,
    };
    let is_text = match inner.as_ref() {
        Expr::Value(value) => {
            matches!(value.value, Value::SingleQuotedString(_) | Value::Placeholder(_))
        }
        Expr::Function(function) => function.name.to_string().eq_ignore_ascii_case("format"),
        _ => false,
    };
    let mut inner = || std::mem::replace(inner.as_mut(), null());
    match name.as_str() {
        "regclass" if is_text => *expr = call(REGCLASS_OID, vec![inner()]),
        "regclass" => *expr = call(REGCLASS_NAME, vec![inner()]),
        "regtype" if is_text => *expr = call(REGTYPE_OID, vec![inner()]),
        "regtype" => *expr = call("format_type", vec![inner(), null()]),
        "oid" | "xid" | "cid" | "int8" => *data_type = DataType::BigInt(None),
        "int4" => *data_type = DataType::Int(None),
        "int2" => *data_type = DataType::SmallInt(None),
        "bool" => *data_type = DataType::Boolean,
        "float8" => *data_type = DataType::DoublePrecision,
        "text" | "varchar" | "name" | "char" | "regproc" | "regnamespace" | "regrole"
        | "int2vector" | "oidvector" | "bpchar" | "json" | "jsonb" | "uuid" | "pg_lsn"
        | "aclitem" | "cstring" => {
            *data_type = DataType::Text;
        }
        _ => {}
    }
}

pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let argument = |expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr));
    Expr::Function(Function {
        name: ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name))]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.into_iter().map(argument).collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate;

    fn rewritten(sql: &str) -> String {
        let mut statement = gate::admit(sql).unwrap();
        rewrite(&mut statement);
        statement.to_string()
    }

    const SAID: &[(&str, &str)] = &[
        ("SELECT a FROM core.acts WHERE b = 'pg_c'", "SELECT a FROM core.acts WHERE b = 'pg_c'"),
        ("SELECT relname FROM pg_class", "SELECT relname FROM pg_catalog.pg_class"),
        ("SELECT pg_catalog.f(a) FROM t", "SELECT f(a) FROM t"),
        ("SELECT a OPERATOR(pg_catalog.~) '^b$' FROM t", "SELECT a ~ '^b$' FROM t"),
        ("SELECT a COLLATE pg_catalog.default FROM t", "SELECT a FROM t"),
        ("SELECT 'core.acts'::regclass", "SELECT regclass_oid('core.acts')"),
        ("SELECT a::regclass FROM t", "SELECT regclass_name(a) FROM t"),
        ("SELECT a::oid, b::pg_catalog.text FROM t", "SELECT a::BIGINT, b::TEXT FROM t"),
        ("SELECT ARRAY(SELECT 1)", "SELECT NULL"),
        (
            "SELECT generate_series(1, 3), pg_catalog.generate_series(1, a) + 1 AS b FROM t",
            "SELECT unnest(generate_series(1, 3)) AS generate_series, \
                 unnest(generate_series(1, a)) + 1 AS b FROM t",
        ),
        ("SELECT cardinality(generate_series(1, 3))", "SELECT cardinality(generate_series(1, 3))"),
        ("SELECT (SELECT x FROM pg_attrdef d WHERE d.y = t.y) FROM t", "SELECT NULL FROM t"),
        (
            "SELECT (SELECT c.relkind FROM pg_class c WHERE c.oid = t.a) FROM pg_type t",
            "SELECT (SELECT max(c.relkind) FROM pg_catalog.pg_class c WHERE c.oid = t.a) \
                 FROM pg_catalog.pg_type t",
        ),
        (
            "SELECT (SELECT siren FROM core.acts WHERE a = t.a) FROM t",
            "SELECT (SELECT siren FROM core.acts WHERE a = t.a) FROM t",
        ),
        ("SELECT '{a,b}'::text[]", "SELECT ARRAY['a', 'b']"),
        ("SELECT '{a,NULL}'::text[]", "SELECT '{a,NULL}'::TEXT[]"),
        ("SELECT (SELECT count(*) WHERE false)", "SELECT (SELECT count(*) WHERE false)"),
        (
            "SELECT array_upper(current_schemas(true), 1)",
            "SELECT CAST(array_length(ARRAY['published'], 1) AS BIGINT)",
        ),
        ("SELECT x FROM pg_get_keywords()", "SELECT x FROM pg_catalog.pg_keywords"),
        (
            "SELECT 1 FROM pg_type t JOIN pg_proc ON pg_proc.oid = t.typreceive",
            "SELECT 1 FROM pg_catalog.pg_type t JOIN pg_catalog.pg_receivers AS pg_proc \
                 ON pg_proc.oid = t.typreceive",
        ),
        ("SELECT a FROM INFORMATION_SCHEMA.Columns", "SELECT a FROM INFORMATION_SCHEMA.Columns"),
        (
            "SELECT udt_name FROM INFORMATION_SCHEMA.Columns",
            "SELECT udt_name FROM pg_catalog.column_types",
        ),
        ("SELECT a FROM t WHERE b = ANY ($1)", "SELECT a FROM t WHERE b = ANY(CAST($1 AS TEXT[]))"),
        (
            "SELECT a FROM t WHERE b = (SELECT max(x) FROM pg_index WHERE y = $2) AND c = $1",
            "SELECT a FROM t WHERE (b = NULL AND c = $1) AND ($2 IS NULL OR true)",
        ),
    ];

    #[test]
    fn what_only_postgresql_says_is_said_otherwise() {
        for (sql, expected) in SAID {
            assert_eq!(rewritten(sql), *expected);
        }
    }
}
