//! A statement without its values, for the log: what was asked, and of nobody in person.

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// Longest shape, in characters.
const LENGTH: usize = 2_000;

/// Returns the words of a statement with `?` for each value, and without its comments; none of them
/// when it is no text of SQL.
pub(crate) fn shape(sql: &str) -> String {
    let dialect = PostgreSqlDialect {};
    let Ok(tokens) = Tokenizer::new(&dialect, sql).tokenize() else { return String::new() };
    let mut shape = String::new();
    for token in tokens {
        let text = match token {
            Token::Whitespace(_) => " ".to_owned(),
            Token::Word(_) | Token::Placeholder(_) => token.to_string(),
            token if is_value(&token) => "?".to_owned(),
            sign => sign.to_string(),
        };
        if text != " " || !shape.ends_with(' ') {
            shape.push_str(&text);
        }
    }
    shape.trim().chars().take(LENGTH).collect()
}

/// Whatever holds text or digits of the asker's.
fn is_value(token: &Token) -> bool {
    token.to_string().chars().any(|letter| letter.is_alphanumeric() || letter == '\'')
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn no_value_is_left() {
        let cases = [
            ("select 1", "select ?"),
            (
                "SELECT  a, b\nFROM t -- of Rennes\n WHERE a='Rennes' AND b > 12.5e3",
                "SELECT a, b FROM t WHERE a=? AND b > ?",
            ),
            (
                "select /* x */ $1, E'a', U&'b', N'c', X'ff', $$d$$, $t$e$t$",
                "select $1, ?, ?, ?, ?, ?, ?",
            ),
            ("select \"siren\" from t limit 5", "select \"siren\" from t limit ?"),
            ("select 'never ends", ""),
            ("", ""),
        ];
        for (sql, expected) in cases {
            assert_eq!(shape(sql), expected, "{sql}");
        }
        assert_eq!(shape(&"é ".repeat(5_000)).chars().count(), 2_000);
    }
}
