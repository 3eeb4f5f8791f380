//! How large a statement may be: what is larger would take the stack or the memory of the planner,
//! which walks a statement by recursion and puts the text of a CTE wherever its name stands.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, ObjectName, Query, Statement, Visit, Visitor};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::{Error, Result};

/// Longest SQL text, in bytes.
const TEXT: usize = 256 * 1024;
/// Words, signs and values of it.
const TOKENS: usize = 20_000;
/// `UNION`, `EXCEPT` and `INTERSECT` of it.
const SETS: usize = 200;
/// Operators and functions within one another; a chain of `or` counts each.
const DEPTH: usize = 500;
/// CTEs of one query.
const CTES: usize = 64;
/// Tables of it, those of a CTE wherever it is named.
const TABLES: u64 = 500;
/// Columns of one `CUBE` or the like: each doubles what it groups by.
const GROUPING: usize = 12;

fn refused(what: &str, most: u64) -> Error {
    Error::invalid(format!("the query is too large: it may have {most} {what} at most"))
}

/// Looks at the text before it is parsed.
///
/// # Errors
/// `Invalid` for one that is too long, or of too many parts.
pub(super) fn of_text(sql: &str) -> Result<()> {
    if sql.len() > TEXT {
        return Err(Error::invalid(format!("the query is longer than {} KiB", TEXT / 1024)));
    }
    // What is no text of SQL is refused by the parser, which says where.
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize() else { return Ok(()) };
    let is_set = |token: &&Token| {
        let Token::Word(word) = token else { return false };
        matches!(word.keyword, Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT)
    };
    if tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).count() > TOKENS {
        return Err(refused("words, signs and values", TOKENS as u64));
    }
    if tokens.iter().filter(is_set).count() > SETS {
        return Err(refused("set operations", SETS as u64));
    }
    Ok(())
}

/// Looks at a statement before it is planned.
///
/// # Errors
/// `Invalid` for one that is too deep or too wide, and for a recursive one, of which nobody can
/// tell how large it is.
pub(super) fn of_statement(statement: &Statement) -> Result<()> {
    match statement.visit(&mut Measure::default()) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

#[derive(Debug, Default)]
struct Measure {
    depth: usize,
    /// Tables of each query that is open.
    open: Vec<u64>,
    /// CTEs that were met and not yet measured, by where they are.
    names: HashMap<*const Query, String>,
    /// Tables of those that were.
    measured: HashMap<String, u64>,
}

type Flow = ControlFlow<Box<Error>>;

fn at_most(count: usize, most: usize, what: &str) -> Flow {
    if count > most {
        return ControlFlow::Break(Box::new(refused(what, most as u64)));
    }
    ControlFlow::Continue(())
}

impl Measure {
    fn add(&mut self, tables: u64) -> Flow {
        let Some(open) = self.open.last_mut() else { return ControlFlow::Continue(()) };
        *open = open.saturating_add(tables);
        if *open > TABLES {
            return ControlFlow::Break(Box::new(refused(
                "tables, those of a CTE counted wherever it is named",
                TABLES,
            )));
        }
        ControlFlow::Continue(())
    }
}

impl Visitor for Measure {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &Query) -> Flow {
        self.open.push(0);
        if let Some(with) = &query.with {
            if with.recursive {
                return ControlFlow::Break(Box::new(Error::denied(
                    "WITH RECURSIVE is not served: name what it would find, or use generate_series",
                )));
            }
            at_most(with.cte_tables.len(), CTES, "CTEs")?;
            for cte in &with.cte_tables {
                let name = cte.alias.name.value.to_lowercase();
                self.names.insert(std::ptr::from_ref(cte.query.as_ref()), name);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> Flow {
        let tables = self.open.pop().unwrap_or_default();
        match self.names.remove(&std::ptr::from_ref(query)) {
            Some(name) => {
                self.measured.insert(name, tables);
                ControlFlow::Continue(())
            }
            None => self.add(tables),
        }
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> Flow {
        let name = match relation.0.as_slice() {
            [part] => part.as_ident().map(|name| name.value.to_lowercase()),
            _ => None,
        };
        let known = name.and_then(|name| self.measured.get(&name)).copied();
        self.add(known.unwrap_or(1).max(1))
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Flow {
        self.depth += 1;
        at_most(self.depth, DEPTH, "operators within one another")?;
        match expr {
            Expr::Cube(sets) | Expr::GroupingSets(sets) | Expr::Rollup(sets) => {
                at_most(sets.len(), GROUPING, "columns in one grouping")
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, _: &Expr) -> Flow {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::admit;

    fn refusal(sql: &str) -> String {
        admit(sql).map(|_| "passes".to_owned()).unwrap_or_else(|error| error.to_string())
    }

    fn chain(count: usize, of: &str, sign: &str) -> String {
        format!("select {}", vec![of; count].join(sign))
    }

    /// `a` reads a table, and each of the others the one before it twice.
    fn doubling(count: usize) -> String {
        let name = |place: usize| format!("c{place}");
        let ctes: Vec<_> = (1..count)
            .map(|place| {
                let before = name(place - 1);
                format!(
                    "{} as (select x.* from {before} as x cross join {before} as y)",
                    name(place)
                )
            })
            .collect();
        format!(
            "with c0 as (select * from core.acts), {} select * from {}",
            ctes.join(", "),
            name(count - 1)
        )
    }

    #[test]
    fn what_is_small_passes() {
        for sql in [
            chain(400, "1", " + "),
            chain(400, "x = 1", " or "),
            format!("select 1 where 1 in ({})", vec!["1"; 5_000].join(",")),
            vec!["select 1"; 150].join(" union all "),
            doubling(8),
            "select (select (select 1))".to_owned(),
        ] {
            assert_eq!(refusal(&sql), "passes", "{sql:.60}");
        }
    }

    #[test]
    fn what_is_large_is_refused_before_it_is_planned() {
        let nested = |count| format!("select {}1{}", "(select ".repeat(count), ")".repeat(count));
        for (sql, expected) in [
            (chain(600, "1", " + "), "500 operators within one another"),
            (chain(3_000, "'a'", " || "), "500 operators within one another"),
            (chain(3_000, "x = 1", " or "), "500 operators within one another"),
            (chain(50_000, "1", "+"), "20000 words, signs and values"),
            (chain(300, "1", " union select "), "200 set operations"),
            (format!("select 1 where 1 in ({})", vec!["1"; 10_001].join(",")), "20000 words"),
            (doubling(11), "500 tables, those of a CTE counted wherever it is named"),
            (doubling(60), "500 tables"),
            (doubling(100), "64 CTEs"),
            (nested(60), "recursion limit"),
            ("select 1 group by cube(1,2,3,4,5,6,7,8,9,10,11,12,13)".to_owned(), "12 columns"),
            ("with recursive a as (select 1) select * from a".to_owned(), "WITH RECURSIVE"),
            (format!("select 1 {}", " ".repeat(300 * 1024)), "longer than 256 KiB"),
        ] {
            let found = refusal(&sql);
            assert!(found.contains(expected), "{sql:.60}: {found}");
        }
    }
}
