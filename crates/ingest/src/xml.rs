//! XML: cuts a file into the elements that are its records, so that one bad record is one bad row
//! and memory holds one record at a time. What a record says is parsed by `quick-xml`.
//!
//! Document type definitions are refused: nothing outside the file is fetched, nothing expands.

mod element;
mod encoding;
mod tags;

#[cfg(test)]
mod tests;

use std::io::{self, BufRead, BufReader, Read};

use carnac_model::{Rows, RowsBuilder};
use memchr::{memchr, memchr_iter};

use crate::actes::{self, Envelope, classification};
use crate::batches::Batches;
use crate::source::Source;
use crate::text::Utf8;
use crate::{Error, MAX_RECORD, Result, decp, pes, totem};

pub(crate) use element::{Element, MAX_DEPTH, MAX_PARTS};
pub(crate) use tags::Tags;

/// Turns one record into a row.
type Push = fn(&Source, &mut RowsBuilder, i64, &str, &Element);

/// Reads an XML file, or the XML members of an archive, in batches.
pub(crate) fn read(source: &Source, each: &mut dyn FnMut(&Rows) -> Result<()>) -> Result<()> {
    let mut batches = Batches::new(source, each);
    let mut envelope = Envelope::default();
    let mut count = 0;
    for member in source.members() {
        let mut reader = source.reader_of(member)?;
        batches.rows.member(member.name.as_deref());
        let file = member.name.as_deref().unwrap_or(&source.name);
        let (bytes, to) = (&mut reader, &mut batches);
        count += match source.dataset.name {
            "contracts" => each_record(source, bytes, &decp::ELEMENTS, decp::push_xml, to),
            "act_messages" => actes::read(file, bytes, &mut envelope, to),
            "classifications" => classification::read(file, bytes, to),
            "flows" => pes::read(bytes, to),
            "budget_lines" => totem::read(bytes, to),
            dataset => Err(Error::NoXml { path: source.path.clone(), dataset }),
        }?;
        source.verify(reader)?;
    }
    if count == 0 {
        return Err(Error::NoRecords { path: source.path.clone() });
    }
    batches.finish()
}

/// Reads the elements that have one of the wanted names, each a row; returns how many there were.
fn each_record(
    source: &Source,
    reader: impl Read,
    wanted: &'static [&'static str],
    push: Push,
    batches: &mut Batches<'_>,
) -> Result<u64> {
    let mut records = Records::new(reader, wanted);
    let mut count = 0;
    while let Some(record) = records.next().map_err(|reason| batches.unread(reason))? {
        let line = i64::try_from(record.line).unwrap_or(i64::MAX);
        match &record.element {
            Ok(element) => push(source, &mut batches.rows, line, &record.raw, element),
            Err(rule) => batches.rows.push_fault(line, &record.raw, rule),
        }
        batches.hand_on_when_full()?;
        count += 1;
    }
    Ok(count)
}

/// Returns the local name of the first element in the first bytes of a file.
pub(crate) fn root(head: &str) -> Option<&str> {
    let tag = head.split('<').skip(1).find(|tag| !tag.starts_with(['?', '!']))?;
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '>');
    tag.split(ends).next()?.rsplit(':').next()
}

/// One element that was asked for, with what it holds.
#[derive(Debug)]
pub(crate) struct Record {
    /// Line of its first byte, from 1.
    pub(crate) line: u64,
    /// Its own text, from its start tag to its end tag.
    pub(crate) raw: String,
    /// The element, or the rule by which the record is rejected.
    pub(crate) element: Result<Element, &'static str>,
}

/// A cursor over the elements that have one of the wanted local names, at any depth.
///
/// Records do not stand inside one another: a wanted start tag inside a record says that the end
/// tag of that record is missing, and begins the next one.
pub(crate) struct Records<R> {
    text: BufReader<Utf8<R>>,
    wanted: &'static [&'static str],
    /// The token in hand, and where it began.
    token: Vec<u8>,
    token_line: u64,
    /// The token in hand, when it begins the next record.
    held: Option<Token>,
    line: u64,
    /// Elements open outside records.
    depth: usize,
    /// Whether a record had no end, and may have swallowed end tags that stand outside records.
    unbalanced: bool,
}

/// A run of text, or a piece of markup.
#[derive(Clone, Copy, PartialEq)]
enum Token {
    Text,
    Start,
    Empty,
    End,
    /// A comment, a section of character data or a processing instruction.
    Other,
    /// `<!` and a word: a document type, an entity.
    Definition,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(reader: R, wanted: &'static [&'static str]) -> Self {
        Self {
            text: BufReader::with_capacity(64 * 1024, Utf8::told(reader, encoding::encoding)),
            wanted,
            token: Vec::new(),
            token_line: 1,
            held: None,
            line: 1,
            depth: 0,
            unbalanced: false,
        }
    }

    /// Moves to the next wanted element; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read, names an encoding that is not known, or defines a document type.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record>> {
        while let Some(token) = self.token()? {
            match token {
                Token::Start | Token::Empty if self.is_wanted() => {
                    return self.record(token).map(Some);
                }
                // The start tag is spoiled, or was a record's that broke off.
                Token::End if self.is_wanted() => return Ok(Some(self.fault())),
                Token::Start => self.depth += 1,
                Token::End => self.depth = self.depth.saturating_sub(1),
                Token::Definition => return Err(refused()),
                Token::Text | Token::Empty | Token::Other => {}
            }
        }
        Ok(self.cut_short())
    }

    /// Reads the record whose start tag is in hand.
    fn record(&mut self, first: Token) -> io::Result<Record> {
        let (line, name) = (self.token_line, self.name().to_owned());
        let mut raw = self.token.clone();
        let mut ended = first == Token::Empty;
        while !ended {
            let Some(token) = self.token()? else { break };
            if matches!(token, Token::Start | Token::Empty) && self.is_wanted() {
                self.held = Some(token);
                break;
            }
            if raw.len() <= MAX_RECORD {
                raw.extend_from_slice(&self.token);
            }
            ended = token == Token::End && self.name() == name;
        }
        self.unbalanced |= !ended;
        Ok(Record::new(line, raw, ended))
    }

    /// At the end of the file: one bad record when an element is still open, unless a record
    /// without end said so.
    fn cut_short(&mut self) -> Option<Record> {
        if self.depth == 0 || self.unbalanced {
            return None;
        }
        self.unbalanced = true;
        Some(self.fault())
    }

    /// A bad record that is the token in hand.
    fn fault(&self) -> Record {
        let raw = String::from_utf8_lossy(&self.token).into_owned();
        Record { line: self.token_line, raw, element: Err("malformed") }
    }

    fn is_wanted(&self) -> bool {
        let local = self.name().rsplit(|byte| *byte == b':').next().unwrap_or_default();
        self.wanted.iter().any(|wanted| wanted.as_bytes() == local)
    }

    /// Name in the tag in hand, with its prefix.
    fn name(&self) -> &[u8] {
        let tag = self.token.get(1..).unwrap_or_default();
        let tag = tag.strip_prefix(b"/").unwrap_or(tag);
        let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'<');
        tag.split(ends).next().unwrap_or_default()
    }

    /// Moves to the next token, which the field `token` then holds; `None` at the end of the file,
    /// where the last token stays in hand.
    fn token(&mut self) -> io::Result<Option<Token>> {
        if let Some(token) = self.held.take() {
            return Ok(Some(token));
        }
        let Some(first) = self.peek()? else { return Ok(None) };
        self.token.clear();
        self.token_line = self.line;
        if first != b'<' {
            self.take_text()?;
            return Ok(Some(Token::Text));
        }
        self.take()?;
        match self.peek()? {
            Some(b'?') => self.take_through(b"?>").map(|()| Some(Token::Other)),
            Some(b'!') => self.declaration().map(Some),
            _ => self.tag().map(Some),
        }
    }

    /// Reads what begins with `<!`.
    fn declaration(&mut self) -> io::Result<Token> {
        self.take()?;
        match self.peek()? {
            Some(b'-') => {
                // Both hyphens, which are no part of the end.
                self.take()?;
                self.take()?;
                self.take_through(b"-->").map(|()| Token::Other)
            }
            Some(b'[') => self.take_through(b"]]>").map(|()| Token::Other),
            _ => self.tag().map(|_| Token::Definition),
        }
    }

    /// Reads the rest of a tag. It also ends before a `<`, which no tag may hold: a tag that is not
    /// closed does not swallow what follows. What the file breaks off in is no tag.
    fn tag(&mut self) -> io::Result<Token> {
        let mut quote = None;
        let mut last = b'<';
        let end = self.peek()? == Some(b'/');
        loop {
            let Some(byte) = self.peek()? else { return Ok(Token::Text) };
            if byte == b'<' {
                break;
            }
            self.take()?;
            match quote {
                Some(open) if open == byte => quote = None,
                None if matches!(byte, b'"' | b'\'') && !end => quote = Some(byte),
                None if byte == b'>' => break,
                _ => {}
            }
            last = byte;
        }
        Ok(match last {
            _ if end => Token::End,
            b'/' => Token::Empty,
            _ => Token::Start,
        })
    }

    /// Reads up to and with `end`, three bytes at most.
    fn take_through(&mut self, end: &[u8]) -> io::Result<()> {
        let mut last = [0; 3];
        while let Some(byte) = self.take()? {
            last = [last[1], last[2], byte];
            if last.ends_with(end) {
                break;
            }
        }
        Ok(())
    }

    /// Reads text up to the next `<`, or a part of it.
    fn take_text(&mut self) -> io::Result<()> {
        let text = self.text.fill_buf()?;
        let text = &text[..memchr(b'<', text).unwrap_or(text.len())];
        self.token.extend_from_slice(text);
        self.line += memchr_iter(b'\n', text).count() as u64;
        let length = text.len();
        self.text.consume(length);
        Ok(())
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.text.fill_buf()?.first().copied())
    }

    /// Reads one byte; the token keeps it unless the token is too long already.
    fn take(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.text.consume(1);
            self.line += u64::from(byte == b'\n');
            if self.token.len() <= MAX_RECORD {
                self.token.push(byte);
            }
        }
        Ok(byte)
    }
}

fn refused() -> io::Error {
    let reason = "the XML defines a document type (<!…>), which is refused";
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

impl Record {
    /// `ended` says whether the last byte of `raw` is that of the end tag.
    fn new(line: u64, mut raw: Vec<u8>, ended: bool) -> Self {
        let fault =
            if raw.len() > MAX_RECORD { Some("too_long") } else { (!ended).then_some("malformed") };
        raw.truncate(MAX_RECORD);
        match String::from_utf8(raw) {
            Ok(raw) if fault.is_none() => {
                let element = element::parse(&raw).ok_or("malformed");
                Self { line, raw, element }
            }
            Ok(raw) => {
                let rule = fault.unwrap_or("malformed");
                Self { line, raw: raw.trim_end().to_owned(), element: Err(rule) }
            }
            Err(error) => {
                let raw = String::from_utf8_lossy(error.as_bytes()).trim_end().to_owned();
                Self { line, raw, element: Err(fault.unwrap_or("bad_encoding")) }
            }
        }
    }
}
