//! The words of a text of SQL: enough to tell statements apart and those of the session from
//! queries. What a query says is for the gateway's own parser.

/// A word, name, value or sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind,
    /// As it is written.
    pub(super) text: &'s str,
    /// Where it begins, in bytes.
    pub(super) start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A key word or a plain name.
    Word,
    /// A name between double quotes.
    Name,
    /// A text between quotes or dollars.
    Text,
    /// A number or a parameter.
    Number,
    /// One sign.
    Sign,
}

impl Token<'_> {
    /// Whether it is this key word.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this sign.
    pub(super) fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    /// Returns what a name or a value means: without quotes, and a plain name in small letters.
    pub(super) fn value(&self) -> String {
        let inner = |quote: char| {
            let text = self.text.trim_start_matches(['e', 'E']);
            let text = text.strip_prefix(quote).unwrap_or(text);
            let text = text.strip_suffix(quote).unwrap_or(text);
            text.replace(&format!("{quote}{quote}"), &quote.to_string())
        };
        match self.kind {
            Kind::Word => self.text.to_ascii_lowercase(),
            Kind::Name => inner('"'),
            Kind::Text => inner('\''),
            Kind::Number | Kind::Sign => self.text.to_owned(),
        }
    }

    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Returns the words of a text, without comments. A text or comment that does not end goes to the
/// end: it is for the parser to refuse.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = sql.get(start..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = first(rest);
        if let (Some(kind), Some(text)) = (kind, rest.get(..length)) {
            tokens.push(Token { kind, text, start });
        }
        start += length;
    }
    tokens
}

/// Returns the statements of a text, each without the semicolon that ends it.
pub(super) fn statements(sql: &str) -> Vec<&str> {
    let ends = tokens(sql).into_iter().filter(|token| token.is_sign(";")).map(|token| token.start);
    let mut start = 0;
    let mut statements = Vec::new();
    for end in ends.chain([sql.len()]) {
        statements.extend(sql.get(start..end).filter(|text| !tokens(text).is_empty()));
        start = end + 1;
    }
    statements
}

/// The kind of what a text begins with, none for what says nothing, and its length in bytes.
fn first(rest: &str) -> (Option<Kind>, usize) {
    let bytes = rest.as_bytes();
    let second = bytes.get(1).copied().unwrap_or_default();
    match bytes[0] {
        b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => (None, 1),
        b'-' if second == b'-' => (None, rest.find('\n').unwrap_or(rest.len())),
        b'/' if second == b'*' => (None, comment(bytes)),
        b'\'' => (Some(Kind::Text), quoted(bytes, 0, b'\'', false)),
        b'e' | b'E' if second == b'\'' => (Some(Kind::Text), quoted(bytes, 1, b'\'', true)),
        b'"' => (Some(Kind::Name), quoted(bytes, 0, b'"', false)),
        b'$' => dollar(rest),
        b'0'..=b'9' => (Some(Kind::Number), run(rest, |c| c.is_ascii_alphanumeric() || c == '.')),
        _ if rest.starts_with(is_of_name) => (Some(Kind::Word), run(rest, is_of_name)),
        _ => (Some(Kind::Sign), rest.chars().next().map_or(1, char::len_utf8)),
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn run(rest: &str, is_part: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !is_part(c)).unwrap_or(rest.len())
}

/// Length of a comment, which may hold others.
fn comment(bytes: &[u8]) -> usize {
    let (mut depth, mut place) = (0_usize, 0);
    while place < bytes.len() {
        match bytes.get(place..place + 2) {
            Some(b"/*") => (depth, place) = (depth + 1, place + 2),
            Some(b"*/") => (depth, place) = (depth - 1, place + 2),
            _ => place += 1,
        }
        if depth == 0 {
            return place;
        }
    }
    bytes.len()
}

/// Length of what stands between quotes, the first of which is at `open`.
fn quoted(bytes: &[u8], open: usize, quote: u8, escapes: bool) -> usize {
    let mut place = open + 1;
    while let Some(byte) = bytes.get(place) {
        if escapes && *byte == b'\\' {
            place += 2;
        } else if *byte != quote {
            place += 1;
        } else if bytes.get(place + 1) == Some(&quote) {
            place += 2;
        } else {
            return place + 1;
        }
    }
    bytes.len()
}

/// A parameter, or a text between two tags of dollars.
fn dollar(rest: &str) -> (Option<Kind>, usize) {
    let inner = rest.strip_prefix('$').unwrap_or(rest);
    let name = run(inner, |c| c.is_alphanumeric() || c == '_');
    if inner.starts_with(|c: char| c.is_ascii_digit()) {
        return (Some(Kind::Number), 1 + name);
    }
    let (Some(tag), Some(after)) = (rest.get(..name + 2), rest.get(name + 2..)) else {
        return (Some(Kind::Sign), 1);
    };
    if !tag.ends_with('$') {
        return (Some(Kind::Sign), 1);
    }
    let end = after.find(tag).map_or(rest.len(), |end| tag.len() + end + tag.len());
    (Some(Kind::Text), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_at_semicolons_that_are_not_quoted() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[]),
            (" ; ;; -- nothing", &[]),
            ("select 1", &["select 1"]),
            ("a;b", &["a", "b"]),
            ("select ';'';'; b", &["select ';'';'", " b"]),
            (r"select e'\';'; b", &[r"select e'\';'", " b"]),
            (r#"select ";" /* ; /* ; */ ; */; b"#, &[r#"select ";" /* ; /* ; */ ; */"#, " b"]),
            ("select $t$;$$;$t$, $1; b -- ;", &["select $t$;$$;$t$, $1", " b -- ;"]),
            ("select 'open; b", &["select 'open; b"]),
        ];
        for (sql, expected) in cases {
            assert_eq!(statements(sql), expected, "{sql}");
        }
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for sql in ["é'à", "$", "$é$ à $é", "/*", "e'\\", "\"", "a$b$;", "’;’", "\u{feff}x"]
        {
            let read: usize = statements(sql).iter().map(|text| text.len()).sum();
            assert!(read <= sql.len(), "{sql}");
        }
    }

    #[test]
    fn names_and_texts_have_a_meaning() {
        let values: Vec<_> =
            tokens("Core \"A\"\"b\" 'it''s' 12").iter().map(Token::value).collect();
        assert_eq!(values, ["core", "A\"b", "it's", "12"]);
    }
}
