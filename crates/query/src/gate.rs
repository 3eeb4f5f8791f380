//! The gate before planning: one statement, read-only, of bounded size.

mod shape;
mod size;

use std::ops::ControlFlow;

use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SQLOptions;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::{Statement as Sql, visit_statements};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;

pub(crate) use self::shape::shape;
use crate::{Error, Result};

/// Parses `sql`, which must be one query, or a plain `EXPLAIN` of one.
///
/// # Errors
/// `Invalid` for text that does not parse, for none or several statements; `Denied` for every
/// statement that is no query.
pub(crate) fn admit(sql: &str) -> Result<Statement> {
    size::of_text(sql)?;
    let mut statements =
        DFParser::parse_sql_with_dialect(sql, &PostgreSqlDialect {}).map_err(Error::planning)?;
    let Some(statement) = statements.pop_front() else {
        return Err(Error::invalid("there is no statement in the text"));
    };
    if !statements.is_empty() {
        return Err(Error::invalid("one statement at a time: send the others on their own"));
    }
    refuse(&statement)?;
    Ok(statement)
}

fn refuse(statement: &Statement) -> Result<()> {
    match statement {
        Statement::Statement(sql) => match sql.as_ref() {
            Sql::Query(_) => size::of_statement(sql).and_then(|()| only_queries(sql)),
            _ => Err(read_only(&first_words(&sql.to_string()))),
        },
        Statement::Explain(explain) if explain.options.analyze || explain.options.verbose => {
            Err(Error::denied(
                "EXPLAIN ANALYZE and VERBOSE are not served: they tell of rows behind the query",
            ))
        }
        Statement::Explain(explain) => refuse(&explain.statement),
        other => Err(read_only(&first_words(&other.to_string()))),
    }
}

/// Refuses what would be written within a query: `with a as (insert into …) …`.
fn only_queries(sql: &Sql) -> Result<()> {
    let found = visit_statements(sql, |inner| match inner {
        Sql::Query(_) => ControlFlow::Continue(()),
        other => ControlFlow::Break(read_only(&first_words(&other.to_string()))),
    });
    found.break_value().map_or(Ok(()), Err)
}

fn read_only(what: &str) -> Error {
    Error::denied(&format!("{what} is refused: this server answers queries and changes nothing"))
}

/// The words in capitals that a statement begins with, at most two: never a name or a value.
fn first_words(sql: &str) -> String {
    let words: Vec<_> = sql
        .split_whitespace()
        .take(2)
        .take_while(|word| word.bytes().all(|byte| byte.is_ascii_uppercase()))
        .collect();
    if words.is_empty() { "this statement".to_owned() } else { words.join(" ") }
}

/// Checks the plan again: a statement that hides in a query is found here.
///
/// # Errors
/// `Denied` for a plan that would write or set anything.
pub(crate) fn verify(plan: &LogicalPlan) -> Result<()> {
    let options =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    options.verify_plan(plan).map_err(|_| read_only("this statement"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn queries_pass() {
        for sql in [
            "select 1",
            "with a as (select 1) select * from a;",
            "values (1)",
            "explain select 1",
            "(select 1) union all select 2",
        ] {
            assert!(admit(sql).is_ok(), "{sql}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let denied = [
            "drop table core.acts",
            "create table t as select 1",
            "create view v as select 1",
            "create external table t stored as csv location '/etc/passwd'",
            "create schema s",
            "create function f() returns int return 1",
            "copy (select 1) to '/tmp/x.csv'",
            "insert into core.acts values (1)",
            "with a as (insert into core.acts values (1) returning siren) select * from a",
            "with a as (select 1) delete from core.acts",
            "update core.acts set siren = 'x'",
            "delete from core.acts",
            "truncate table core.acts",
            "set datafusion.runtime.memory_limit = '8G'",
            "reset all",
            "show all",
            "prepare p as select 1",
            "execute p",
            "deallocate p",
            "begin",
            "commit",
            "explain analyze select 1",
            "explain verbose select 1",
            "explain drop table core.acts",
            "explain explain analyze select 1",
            "describe core.acts",
            "use carnac",
            "vacuum",
        ];
        for sql in denied {
            match admit(sql) {
                Err(error) => {
                    assert!(matches!(error.kind(), Kind::Denied | Kind::Invalid), "{sql}: {error}")
                }
                Ok(_) => panic!("{sql} passed"),
            }
        }
        for sql in ["", ";", "select", "select 1; select 2", "select 1; drop table t", "nonsense"] {
            assert_eq!(
                admit(sql).map_err(|error| error.kind()).err(),
                Some(Kind::Invalid),
                "{sql:.20}"
            );
        }
    }

    #[test]
    fn the_refusal_names_no_value() {
        let text = admit("insert into t values ('secret')").unwrap_err().to_string();
        assert!(!text.contains("secret") && text.starts_with("INSERT INTO is refused"), "{text}");
    }
}
