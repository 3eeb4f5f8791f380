//! Which statements are of the session, and what they ask; every other is a query for the gateway.

use super::copy::Options;
use super::problem::Problem;
use super::token::{Kind, Token, statements, tokens};

/// What a client asks for by one statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statement {
    /// Nothing at all.
    Empty,
    /// Rows that the gateway answers, or a refusal.
    Query(String),
    /// The rows of a query as a file.
    Copy {
        query: String,
        options: Options,
    },
    /// A cursor over a query.
    Declare {
        name: String,
        query: String,
        binary: bool,
        hold: bool,
    },
    /// Rows of a cursor: so many, or all; sent, or passed over.
    Fetch {
        name: String,
        count: Option<u64>,
        moves: bool,
    },
    /// Ends a cursor, or all.
    CloseCursor(Option<String>),
    Begin,
    Commit,
    Rollback,
    /// Ends, or goes back to, a part of a transaction: nothing here, but for its word.
    Savepoint {
        tag: &'static str,
        mends: bool,
    },
    Set {
        name: String,
        value: Option<String>,
    },
    /// Puts one setting, or all, to what it was at the start.
    Reset(Option<String>),
    Show(String),
    Discard,
    Deallocate(Option<String>),
    /// Asks for what is so already.
    Nothing(&'static str),
}

impl Statement {
    /// Reads the statement of a text that holds at most one.
    ///
    /// # Errors
    /// For several, and for a statement of the session that is not served.
    pub(super) fn one(sql: &str) -> Result<Self, Problem> {
        match statements(sql).as_slice() {
            [] => Ok(Self::Empty),
            [one] => Self::parse(one),
            _ => Err(Problem::error("42601", "one statement at a time can be prepared")),
        }
    }

    /// Reads one statement.
    ///
    /// # Errors
    /// For a statement of the session that is not served.
    pub(super) fn parse(sql: &str) -> Result<Self, Problem> {
        let words = tokens(sql);
        let mut words = Words { sql, words: &words };
        let Some(first) = words.next() else { return Ok(Self::Empty) };
        let first = if first.kind == Kind::Word { first.value() } else { String::new() };
        match first.as_str() {
            "begin" | "start" => Ok(Self::Begin),
            "commit" | "end" => Ok(Self::Commit),
            "rollback" | "abort" => Ok(words.rollback()),
            "savepoint" => Ok(Self::Savepoint { tag: "SAVEPOINT", mends: false }),
            "release" => Ok(Self::Savepoint { tag: "RELEASE", mends: false }),
            "set" => words.set(),
            "reset" => words.reset(),
            "show" => words.show(),
            "discard" => Ok(Self::Discard),
            "deallocate" => {
                words.passes("prepare");
                words.name_or_all().map(Self::Deallocate)
            }
            "unlisten" => Ok(Self::Nothing("UNLISTEN")),
            "close" => words.name_or_all().map(Self::CloseCursor),
            "declare" => words.declare(),
            "fetch" => words.fetch(false),
            "move" => words.fetch(true),
            "copy" => words.copy(),
            _ => Ok(Self::Query(sql.to_owned())),
        }
    }

    /// Whether it may be said in a transaction that failed.
    pub(super) fn ends_failure(&self) -> bool {
        match self {
            Self::Commit | Self::Rollback | Self::Empty => true,
            Self::Savepoint { mends, .. } => *mends,
            _ => false,
        }
    }
}

/// The words of a statement that are still to be read.
struct Words<'w, 's> {
    sql: &'s str,
    words: &'w [Token<'s>],
}

impl<'s> Words<'_, 's> {
    fn next(&mut self) -> Option<Token<'s>> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(*first)
    }

    /// Passes a word if it comes next.
    fn passes(&mut self, word: &str) -> bool {
        let is_next = self.words.first().is_some_and(|token| token.is(word));
        if is_next {
            self.words = &self.words[1..];
        }
        is_next
    }

    fn passes_sign(&mut self, sign: &str) -> bool {
        let is_next = self.words.first().is_some_and(|token| token.is_sign(sign));
        if is_next {
            self.words = &self.words[1..];
        }
        is_next
    }

    /// The text from the next word to the end.
    fn rest(&self) -> &'s str {
        let start = self.words.first().map_or(self.sql.len(), |token| token.start);
        self.sql.get(start..).unwrap_or_default()
    }

    fn name(&mut self) -> Result<String, Problem> {
        let token = self.next().filter(|token| matches!(token.kind, Kind::Word | Kind::Name));
        token.map(|token| token.value()).ok_or_else(|| self.wrong("a name is missing"))
    }

    fn name_or_all(&mut self) -> Result<Option<String>, Problem> {
        if self.passes("all") { Ok(None) } else { self.name().map(Some) }
    }

    fn wrong(&self, reason: &str) -> Problem {
        let near = self.words.first().map_or("its end", |token| token.text);
        Problem::error("42601", format!("the statement cannot be read near {near}: {reason}"))
    }

    fn rollback(&mut self) -> Statement {
        let is_part = self.words.iter().any(|word| word.is("to"));
        if is_part {
            Statement::Savepoint { tag: "ROLLBACK", mends: true }
        } else {
            Statement::Rollback
        }
    }

    fn set(&mut self) -> Result<Statement, Problem> {
        if !self.passes("local") && self.passes("session") {
            if self.passes("characteristics") {
                return Ok(Statement::Nothing("SET"));
            }
            if self.passes("authorization") {
                return Err(nobody_else());
            }
        }
        if self.passes("role") {
            return Err(nobody_else());
        }
        if self.passes("transaction") {
            return Ok(Statement::Nothing("SET"));
        }
        if self.passes("names") {
            return Ok(Statement::Set { name: "client_encoding".to_owned(), value: self.value() });
        }
        if self.passes("time") {
            self.passes("zone");
            return Ok(Statement::Set { name: "timezone".to_owned(), value: self.value() });
        }
        let name = self.setting()?;
        if !self.passes("to") && !self.passes_sign("=") {
            return Err(self.wrong("a setting is followed by = or TO"));
        }
        Ok(Statement::Set { name, value: self.value() })
    }

    /// The name of a setting, which may have two parts.
    fn setting(&mut self) -> Result<String, Problem> {
        let mut name = self.name()?;
        while self.passes_sign(".") {
            name = format!("{name}.{}", self.name()?);
        }
        Ok(name.to_ascii_lowercase())
    }

    /// What a setting is set to: the words up to the end, none for the default.
    fn value(&mut self) -> Option<String> {
        let is_default = matches!(self.words, [word] if word.is("default") || word.is("local"));
        if is_default {
            return None;
        }
        let mut value = String::new();
        while let Some(word) = self.next() {
            value.push_str(&word.value());
            if word.is_sign(",") {
                value.push(' ');
            }
        }
        Some(value)
    }

    fn reset(&mut self) -> Result<Statement, Problem> {
        if self.passes("all") {
            return Ok(Statement::Reset(None));
        }
        self.setting().map(|name| Statement::Reset(Some(name)))
    }

    fn show(&mut self) -> Result<Statement, Problem> {
        if self.passes("time") {
            return Ok(Statement::Show("timezone".to_owned()));
        }
        if self.passes("transaction") {
            return Ok(Statement::Show("transaction_isolation".to_owned()));
        }
        self.setting().map(Statement::Show)
    }

    fn declare(&mut self) -> Result<Statement, Problem> {
        let name = self.name()?;
        let (mut binary, mut hold) = (false, false);
        while !self.passes("cursor") {
            binary |= self.words.first().is_some_and(|word| word.is("binary"));
            self.next().ok_or_else(|| self.wrong("DECLARE name CURSOR FOR query"))?;
        }
        while !self.passes("for") {
            let without = self.passes("without");
            hold |= self.words.first().is_some_and(|word| word.is("hold")) && !without;
            self.next().ok_or_else(|| self.wrong("DECLARE name CURSOR FOR query"))?;
        }
        Ok(Statement::Declare { name, query: self.rest().to_owned(), binary, hold })
    }

    fn fetch(&mut self, moves: bool) -> Result<Statement, Problem> {
        const BACK: [&str; 5] = ["backward", "prior", "first", "last", "absolute"];
        let forward = self.passes("forward");
        let mut count = Some(1);
        if self.passes("all") {
            count = None;
        } else if !self.passes("next") {
            let token = self.words.first().copied();
            if token.is_some_and(|token| BACK.iter().any(|word| token.is(word))) {
                return Err(Problem::error("0A000", "a cursor goes forward only"));
            }
            if let Some(token) = token.filter(|token| token.kind == Kind::Number) {
                let number = token.text.parse();
                count = Some(number.map_err(|_| self.wrong("a number of rows is expected"))?);
                self.next();
            } else if forward && !token.is_some_and(|token| token.is("from") || token.is("in")) {
                return Err(self.wrong("a number of rows is expected"));
            }
        }
        if !self.passes("from") {
            self.passes("in");
        }
        Ok(Statement::Fetch { name: self.name()?, count, moves })
    }

    fn copy(&mut self) -> Result<Statement, Problem> {
        let source = self.words;
        let Some(open) = source.first().filter(|word| word.is_sign("(")).copied() else {
            return Ok(Statement::Query(self.sql.to_owned()));
        };
        let mut depth = 0_usize;
        let close = source.iter().position(|word| {
            depth += usize::from(word.is_sign("("));
            depth -= usize::from(word.is_sign(")"));
            depth == 0
        });
        let Some(close) = close else { return Err(self.wrong("a ) is missing")) };
        let query = self.sql.get(open.end()..source[close].start).unwrap_or_default().to_owned();
        self.words = &source[close + 1..];
        // A file of the server is refused by the gateway, as every other COPY.
        if !(self.passes("to") && self.passes("stdout")) {
            return Ok(Statement::Query(self.sql.to_owned()));
        }
        let options = Options::parse(self.words)?;
        Ok(Statement::Copy { query, options })
    }
}

fn nobody_else() -> Problem {
    Problem::error("42501", "nobody else can be asked to be")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(sql: &str) -> Statement {
        Statement::Query(sql.to_owned())
    }

    #[test]
    fn statements_of_the_session_are_told_from_queries() {
        let set = |name: &str, value: Option<&str>| Statement::Set {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        for (sql, expected) in [
            (" -- nothing", Statement::Empty),
            ("select 1", query("select 1")),
            ("(select 1)", query("(select 1)")),
            ("drop table t", query("drop table t")),
            ("copy t from stdin", query("copy t from stdin")),
            ("copy (select 1) to '/tmp/x'", query("copy (select 1) to '/tmp/x'")),
            ("BEGIN ISOLATION LEVEL SERIALIZABLE", Statement::Begin),
            ("rollback", Statement::Rollback),
            ("rollback to s", Statement::Savepoint { tag: "ROLLBACK", mends: true }),
            ("SET DateStyle TO ISO, MDY", set("datestyle", Some("iso, mdy"))),
            ("set local statement_timeout = '5s'", set("statement_timeout", Some("5s"))),
            ("set carnac.release = 3", set("carnac.release", Some("3"))),
            ("set time zone 'Europe/Paris'", set("timezone", Some("Europe/Paris"))),
            ("set names 'UTF8'", set("client_encoding", Some("UTF8"))),
            ("set search_path to default", set("search_path", None)),
            ("set session characteristics as transaction read only", Statement::Nothing("SET")),
            ("reset all", Statement::Reset(None)),
            ("show transaction isolation level", Statement::Show("transaction_isolation".into())),
            ("deallocate prepare all", Statement::Deallocate(None)),
            ("close \"C\"", Statement::CloseCursor(Some("C".to_owned()))),
        ] {
            assert_eq!(Statement::one(sql).unwrap(), expected, "{sql}");
        }
    }

    #[test]
    fn cursors_are_declared_and_fetched() {
        let declared =
            Statement::one("declare \"c\" no scroll cursor with hold for select 1 for x");
        let expected = Statement::Declare {
            name: "c".to_owned(),
            query: "select 1 for x".to_owned(),
            binary: false,
            hold: true,
        };
        assert_eq!(declared.unwrap(), expected);
        for (sql, count) in [
            ("fetch c", Some(1)),
            ("fetch next from c", Some(1)),
            ("fetch 5 from c", Some(5)),
            ("fetch forward 5 in c", Some(5)),
            ("fetch forward all from c", None),
            ("fetch all c", None),
        ] {
            let expected = Statement::Fetch { name: "c".to_owned(), count, moves: false };
            assert_eq!(Statement::one(sql).unwrap(), expected, "{sql}");
        }
        for sql in ["fetch backward 1 from c", "fetch absolute 1 from c", "fetch -1 from c"] {
            assert!(Statement::one(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn several_and_broken_statements_are_refused() {
        for sql in ["select 1; select 2", "set x", "copy (select 1", "declare c", "fetch", "close"]
        {
            assert!(Statement::one(sql).is_err(), "{sql}");
        }
    }
}
