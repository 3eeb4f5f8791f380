//! The rows of a query as a file: `COPY (SELECT …) TO STDOUT` in text, CSV or binary.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::SchemaRef;
use bytes::{BufMut, BytesMut};
use pgwire::messages::copy::CopyOutResponse;

use super::connection::ENOUGH;
use super::encode::{self, Format};
use super::problem::Problem;
use super::token::{Kind, Token};

/// What a binary file begins with: its signature, no flags, no extension.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// How the file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    form: Form,
    header: bool,
    delimiter: u8,
    null: String,
    quote: u8,
    escape: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Csv,
    Binary,
}

impl Options {
    /// Reads what comes after STDOUT: `(FORMAT csv, HEADER)`, or `WITH CSV HEADER` as of old.
    ///
    /// # Errors
    /// For an option that is not served.
    pub(super) fn parse(words: &[Token<'_>]) -> Result<Self, Problem> {
        let is_noise = |word: &Token<'_>| {
            ["with", "as", "format"].iter().any(|noise| word.is(noise))
                || ["(", ")", ","].iter().any(|sign| word.is_sign(sign))
        };
        let mut words = words.iter().filter(|word| !is_noise(word)).peekable();
        let (mut form, mut header) = (Form::Text, false);
        let (mut delimiter, mut null, mut quote, mut escape) = (None, None, b'"', None);
        while let Some(word) = words.next() {
            let mut byte = || one_byte(words.next());
            match word.value().to_ascii_lowercase().as_str() {
                "text" => form = Form::Text,
                "csv" => form = Form::Csv,
                "binary" => form = Form::Binary,
                "delimiter" => delimiter = Some(byte()?),
                "quote" => quote = byte()?,
                "escape" => escape = Some(byte()?),
                "null" => null = Some(words.next().map(Token::value).unwrap_or_default()),
                "header" => {
                    let said = words.next_if(|word| {
                        ["true", "false", "on", "off"].iter().any(|value| word.is(value))
                    });
                    header = said.is_none_or(|word| word.is("true") || word.is("on"));
                }
                "encoding" => {
                    let encoding = words.next().map(Token::value).unwrap_or_default();
                    if !matches!(encoding.to_ascii_uppercase().as_str(), "UTF8" | "UTF-8") {
                        return Err(Problem::error("0A000", "COPY writes UTF8"));
                    }
                }
                other => {
                    return Err(Problem::error(
                        "0A000",
                        format!("COPY has no option {other} here"),
                    ));
                }
            }
        }
        let (comma, nothing) = if form == Form::Csv { (b',', "") } else { (b'\t', "\\N") };
        Ok(Self {
            form,
            header,
            delimiter: delimiter.unwrap_or(comma),
            null: null.unwrap_or_else(|| nothing.to_owned()),
            quote,
            escape,
        })
    }

    /// Says what comes.
    pub(super) fn response(&self, columns: usize) -> CopyOutResponse {
        let format = i16::from(self.form == Form::Binary);
        let count = i16::try_from(columns).unwrap_or(i16::MAX);
        CopyOutResponse::new(i8::from(format == 1), count, vec![format; columns])
    }

    /// Writes what stands before the first row; returns what is to begin its message.
    pub(super) fn begin(&self, schema: &SchemaRef, to: &mut BytesMut) -> &'static [u8] {
        match self.form {
            Form::Binary => return SIGNATURE,
            Form::Csv | Form::Text if self.header => message(to, |to| {
                for (place, field) in schema.fields().iter().enumerate() {
                    self.separate(place, to);
                    self.value(field.name().as_bytes(), to);
                }
                to.put_u8(b'\n');
            }),
            Form::Csv | Form::Text => {}
        }
        &[]
    }

    /// Writes rows from `row` on, each as a message, until enough bytes wait or there are no
    /// more; returns the row after the last.
    pub(super) fn rows(
        &self,
        columns: &[ArrayRef],
        (mut row, end): (usize, usize),
        head: &mut &'static [u8],
        to: &mut BytesMut,
    ) -> usize {
        let mut value = BytesMut::new();
        while row < end && to.len() < ENOUGH {
            message(to, |to| match self.form {
                Form::Binary => {
                    to.put_slice(std::mem::take(head));
                    to.put_u16(u16::try_from(columns.len()).unwrap_or(u16::MAX));
                    for column in columns {
                        encode::cell(column, row, Format::Binary, to);
                    }
                }
                Form::Csv | Form::Text => {
                    for (place, column) in columns.iter().enumerate() {
                        self.separate(place, to);
                        if column.is_null(row) {
                            to.put_slice(self.null.as_bytes());
                            continue;
                        }
                        value.clear();
                        encode::text(column, row, &mut value);
                        self.value(&value, to);
                    }
                    to.put_u8(b'\n');
                }
            });
            row += 1;
        }
        row
    }

    /// Writes what stands after the last row.
    pub(super) fn end(&self, head: &'static [u8], to: &mut BytesMut) {
        if self.form == Form::Binary {
            message(to, |to| {
                to.put_slice(head);
                to.put_i16(-1);
            });
        }
    }

    fn separate(&self, place: usize, to: &mut BytesMut) {
        if place > 0 {
            to.put_u8(self.delimiter);
        }
    }

    fn value(&self, value: &[u8], to: &mut BytesMut) {
        if self.form == Form::Csv { self.csv(value, to) } else { self.escaped(value, to) }
    }

    fn csv(&self, value: &[u8], to: &mut BytesMut) {
        let special = [self.delimiter, self.quote, b'\n', b'\r'];
        let is_null = value == self.null.as_bytes();
        if !is_null && value != b"\\." && !value.iter().any(|byte| special.contains(byte)) {
            return to.put_slice(value);
        }
        let escape = self.escape.unwrap_or(self.quote);
        to.put_u8(self.quote);
        for byte in value {
            if *byte == self.quote || *byte == escape {
                to.put_u8(escape);
            }
            to.put_u8(*byte);
        }
        to.put_u8(self.quote);
    }

    fn escaped(&self, value: &[u8], to: &mut BytesMut) {
        for byte in value {
            let letter = match byte {
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                b'\\' => b'\\',
                byte if *byte == self.delimiter => *byte,
                byte => {
                    to.put_u8(*byte);
                    continue;
                }
            };
            to.put_slice(&[b'\\', letter]);
        }
    }
}

fn one_byte(token: Option<&Token<'_>>) -> Result<u8, Problem> {
    let text = token.filter(|token| token.kind == Kind::Text).map(Token::value);
    // As it is written to PostgreSQL: E'\t'.
    match text.unwrap_or_default().as_bytes() {
        [byte] => Ok(*byte),
        b"\\t" => Ok(b'\t'),
        _ => Err(Problem::error("22023", "COPY wants one character there")),
    }
}

fn message(to: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    to.put_u8(b'd');
    encode::framed(to, write);
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn options(text: &str) -> Result<Options, Problem> {
        Options::parse(&tokens(text))
    }

    #[test]
    fn options_are_read_in_both_ways() {
        let csv = options("(format csv, header, delimiter ';', null 'NULL')").unwrap();
        assert_eq!(csv, options("with csv header delimiter as ';' null as 'NULL'").unwrap());
        assert_eq!((csv.form, csv.header, csv.delimiter), (Form::Csv, true, b';'));
        assert!(!options("(format 'csv', header false)").unwrap().header);
        assert_eq!(options("").unwrap().null, "\\N");
        for wrong in ["(freeze)", "(delimiter 'ab')", "(encoding 'latin1')"] {
            assert!(options(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn values_are_quoted_or_escaped() {
        let written = |text: &str, value: &str| {
            let mut to = BytesMut::new();
            options(text).unwrap().value(value.as_bytes(), &mut to);
            String::from_utf8(to.to_vec()).unwrap()
        };
        assert_eq!(written("(format csv)", "a\"b,c"), "\"a\"\"b,c\"");
        assert_eq!(written("(format csv)", ""), "\"\"");
        assert_eq!(written("(format csv)", "plain é"), "plain é");
        assert_eq!(written("", "a\tb\\c\nd"), "a\\tb\\\\c\\nd");
    }
}
