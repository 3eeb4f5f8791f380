//! JSON: cuts a file into the records of its lists, so that one bad record is one bad row and
//! memory holds one record at a time. What a record says is parsed by `serde_json`.

mod scan;
pub(crate) mod tree;

use std::io::{self, BufRead, BufReader, Read};

use carnac_model::{Rows, RowsBuilder};

use self::scan::Scan;
use crate::batches::Batches;
use crate::source::Source;
use crate::{Error, MAX_RECORD, Result, decp, geography, outline};

/// Brackets nested deeper than this are refused.
const MAX_DEPTH: usize = 64;

/// Turns one record into a row; `Err` means the text is not the JSON that it should be.
type Push = fn(&Source, &mut RowsBuilder, i64, &str, &str) -> serde_json::Result<()>;

/// Reads a JSON file in batches.
pub(crate) fn read(source: &Source, each: &mut dyn FnMut(&Rows) -> Result<()>) -> Result<()> {
    let (lists, push): (&'static [&'static str], Push) = match source.dataset.name {
        "contracts" => (&decp::LISTS, decp::push_json),
        "authorities" => (&[""], geography::push),
        "outlines" => {
            outline::named(source)?;
            (&["features"], outline::push)
        }
        dataset => return Err(Error::NoJson { path: source.path.clone(), dataset }),
    };
    let mut records = Records::new(source.reader()?, lists);
    records.whole = source.is_one_feature;
    let mut batches = Batches::new(source, each);
    while let Some(record) = records.next().map_err(|reason| batches.unread(reason))? {
        let line = i64::try_from(record.line).unwrap_or(i64::MAX);
        let rows = &mut batches.rows;
        match String::from_utf8(record.text) {
            Err(error) => {
                rows.push_fault(line, &String::from_utf8_lossy(error.as_bytes()), "bad_encoding")
            }
            Ok(text) => {
                if text.len() >= MAX_RECORD {
                    rows.push_fault(line, &text, "too_long");
                } else if !record.complete || push(source, rows, line, &record.list, &text).is_err()
                {
                    rows.push_fault(line, &text, "malformed");
                }
            }
        }
        batches.hand_on_when_full()?;
    }
    if !records.found_list {
        let path = source.path.clone();
        return Err(match records.roots {
            0 | 1 => Error::NoRecords { path },
            _ => Error::ObjectALine { path, list: named(lists) },
        });
    }
    batches.finish()?;
    source.verify(records.reader.into_inner())
}

/// A list of records, in words.
fn named(lists: &[&str]) -> String {
    match lists {
        [""] => "one list".to_owned(),
        names => format!("one list called `{}`", names.join("` or `")),
    }
}

/// One element of a list.
struct Record {
    /// The key before the list; empty for a list that is the whole file.
    list: String,
    /// Line of its first byte.
    line: u64,
    text: Vec<u8>,
    /// Whether it is an object that ends where it should, within the length allowed.
    complete: bool,
}

/// An open bracket outside records.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Object,
    List { wanted: bool },
}

/// A cursor over the elements of the lists that have one of the wanted names.
struct Records<R> {
    reader: BufReader<R>,
    lists: &'static [&'static str],
    open: Vec<Open>,
    /// The last string outside records: the key of what follows it.
    key: String,
    list: String,
    /// The last byte outside records that is no blank.
    before: u8,
    line: u64,
    /// Objects that stand in nothing: one, unless the file has an object a line.
    roots: u64,
    found_list: bool,
    /// Whether a record broke off, so that what closes the lists may be lost.
    broken: bool,
    /// Whether the file is one record instead of lists of them.
    whole: bool,
}

impl<R: Read> Records<R> {
    fn new(reader: R, lists: &'static [&'static str]) -> Self {
        Self {
            reader: BufReader::with_capacity(256 * 1024, reader),
            lists,
            open: Vec::new(),
            key: String::new(),
            list: String::new(),
            before: b' ',
            line: 1,
            roots: 0,
            found_list: false,
            broken: false,
            whole: false,
        }
    }

    /// Moves to the next element of a wanted list; `None` at the end of the file.
    fn next(&mut self) -> io::Result<Option<Record>> {
        while let Some(byte) = self.byte()? {
            let before = self.before;
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                self.before = byte;
            }
            let innermost = self.open.last().copied();
            let in_list = innermost == Some(Open::List { wanted: true });
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | 0xEF | 0xBB | 0xBF => {}
                b'}' if innermost == Some(Open::Object) => drop(self.open.pop()),
                b']' if matches!(innermost, Some(Open::List { .. })) => drop(self.open.pop()),
                b'}' | b']' => {}
                b'{' if self.whole && self.open.is_empty() => {
                    self.found_list = true;
                    return self.object().map(Some);
                }
                b'{' if in_list => return self.object().map(Some),
                _ if in_list => return self.scalar(byte).map(Some),
                b'{' if self.found_list && is_stray(before, innermost) => {
                    return self.object().map(Some);
                }
                b'{' => {
                    self.roots += u64::from(self.open.is_empty());
                    self.enter(Open::Object)?;
                }
                b'[' => {
                    let name = if self.open.is_empty() { "" } else { self.key.as_str() };
                    let wanted = self.lists.contains(&name);
                    if wanted {
                        self.found_list = true;
                        self.list = name.to_owned();
                    }
                    self.enter(Open::List { wanted })?;
                }
                b'"' => self.key = String::from_utf8_lossy(&self.string()?).into_owned(),
                _ => {}
            }
        }
        Ok(self.cut_short())
    }

    /// At the end of the file: one bad record when a bracket is still open, unless a record that
    /// broke off said so.
    fn cut_short(&mut self) -> Option<Record> {
        if self.open.is_empty() || self.broken {
            return None;
        }
        self.broken = true;
        Some(self.record(self.before))
    }

    fn enter(&mut self, bracket: Open) -> io::Result<()> {
        if self.open.len() == MAX_DEPTH {
            return Err(io::Error::other(format!("brackets nested more than {MAX_DEPTH} deep")));
        }
        self.open.push(bracket);
        Ok(())
    }

    /// Reads an object whose first brace is behind the cursor.
    fn object(&mut self) -> io::Result<Record> {
        let mut record = self.record(b'{');
        let mut scan = Scan::new();
        while !scan.is_over() {
            let Some(byte) = self.peek()?.filter(|byte| !scan.is_foreign(*byte)) else {
                self.broken = true;
                return Ok(record);
            };
            self.byte()?;
            scan.pass(byte);
            if record.text.len() < MAX_RECORD {
                record.text.push(byte);
            }
        }
        self.before = b'}';
        record.complete = record.text.len() < MAX_RECORD;
        Ok(record)
    }

    /// Reads an element that is no object, up to the comma or bracket that ends it.
    fn scalar(&mut self, first: u8) -> io::Result<Record> {
        let mut record = self.record(first);
        if first == b'"' {
            record.text.extend(self.string()?);
            record.text.push(b'"');
            return Ok(record);
        }
        let mut depth = usize::from(first == b'[');
        while let Some(byte) = self.peek()? {
            match byte {
                b',' | b']' | b'}' if depth == 0 => break,
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            self.byte()?;
            if record.text.len() < MAX_RECORD {
                record.text.push(byte);
            }
        }
        Ok(record)
    }

    /// Reads the rest of a string, up to its closing quote.
    fn string(&mut self) -> io::Result<Vec<u8>> {
        let (mut text, mut escaped) = (Vec::new(), false);
        while let Some(byte) = self.byte()? {
            match byte {
                b'"' if !escaped => break,
                _ => escaped = byte == b'\\' && !escaped,
            }
            if text.len() < MAX_RECORD {
                text.push(byte);
            }
        }
        Ok(text)
    }

    fn record(&self, first: u8) -> Record {
        Record { list: self.list.clone(), line: self.line, text: vec![first], complete: false }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.reader.fill_buf()?.first().copied())
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.reader.consume(1);
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }
}

/// Whether an object cannot stand here: after a comma, and in no list. It is a record whose list
/// was closed too early, by a bracket left over from a record that broke off.
fn is_stray(before: u8, innermost: Option<Open>) -> bool {
    before == b',' && matches!(innermost, None | Some(Open::Object))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(json: &str, lists: &'static [&'static str]) -> Vec<(u64, String, bool)> {
        let mut cursor = Records::new(json.as_bytes(), lists);
        let mut found = Vec::new();
        while let Some(record) = cursor.next().unwrap() {
            found.push((record.line, String::from_utf8(record.text).unwrap(), record.complete));
        }
        found
    }

    fn texts(json: &str, lists: &'static [&'static str]) -> Vec<(String, bool)> {
        records(json, lists).into_iter().map(|(_, text, complete)| (text, complete)).collect()
    }

    #[test]
    fn both_layouts_and_bare_lists() {
        let whole = |text: &str| (text.to_owned(), true);
        assert_eq!(
            texts(r#"{"marches":[{"a":1},{"b":[{}]}]}"#, &["marches"]),
            [whole(r#"{"a":1}"#), whole(r#"{"b":[{}]}"#)]
        );
        let nested =
            r#"{"marches":{"marche":[{"a":"]}"}],"other":[{}],"contrat-concession":[{"c":"\\"}]}}"#;
        assert_eq!(
            texts(nested, &["marches", "marche", "contrat-concession"]),
            [whole(r#"{"a":"]}"}"#), whole(r#"{"c":"\\"}"#)]
        );
        assert_eq!(texts("[{},{}]", &[""]), [whole("{}"), whole("{}")]);
        assert!(texts("[]", &[""]).is_empty());
    }

    #[test]
    fn what_is_no_record_is_a_bad_row() {
        let bad = |text: &str| (text.to_owned(), false);
        assert_eq!(
            texts(r#"[1, "a,]", [2,3], {"x""#, &[""]),
            [bad("1"), bad(r#""a,]""#), bad("[2,3]"), bad(r#"{"x""#)]
        );
    }

    #[test]
    fn a_record_that_breaks_off_does_not_swallow_the_next() {
        let list = |records: &str| texts(&format!("{{\"marches\":[{records}]}}"), &["marches"]);
        let bad = |text: &str| (text.to_owned(), false);
        let good = |text: &str| (text.to_owned(), true);
        // A brace, a list, a string and all at once that are not closed.
        assert_eq!(
            list(r#"{"a":{"b":1}, {"c":2}, {"c":3}"#),
            [bad(r#"{"a":{"b":1}, "#), good(r#"{"c":2}"#), good(r#"{"c":3}"#)]
        );
        assert_eq!(
            list(r#"{"a":[1}, {"c":2}, {"c":3}"#),
            [bad(r#"{"a":[1"#), good(r#"{"c":2}"#), good(r#"{"c":3}"#)]
        );
        assert_eq!(
            list("{\"a\":\"b\n {\"c\":2}, {\"c\":3}"),
            [bad("{\"a\":\"b\n "), good(r#"{"c":2}"#), good(r#"{"c":3}"#)]
        );
        assert_eq!(
            list("{\"a\":[{\"b\":\"c\n{\"d\":\"e\"}]},\n{\"c\":2},{\"c\":3}"),
            [
                bad("{\"a\":[{\"b\":\"c\n"),
                good(r#"{"d":"e"}"#),
                good(r#"{"c":2}"#),
                good(r#"{"c":3}"#)
            ]
        );
    }

    #[test]
    fn a_record_that_nests_deep_and_breaks_off_does_not_swallow_the_next() {
        let deep = "[".repeat(100_000);
        let found = texts(&format!("[{{\"a\":{deep}}}, {{\"c\":2}}]"), &[""]);
        let bad = (format!("{{\"a\":{deep}"), false);
        assert_eq!(found, [bad, (r#"{"c":2}"#.to_owned(), true)]);
    }

    #[test]
    fn a_file_cut_anywhere_has_one_bad_row() {
        let file = r#"{"marches":[{"a":1}, {"b":["c{", {"d":"\\"}]}]}"#;
        let list = file.find('[').unwrap();
        for end in list + 1..file.len() {
            let found = texts(file.get(..end).unwrap(), &["marches"]);
            let bad = found.iter().filter(|(_, complete)| !complete).count();
            assert_eq!(bad, 1, "cut at {end}: {found:?}");
        }
        assert!(texts(file, &["marches"]).iter().all(|(_, complete)| *complete));
    }

    #[test]
    fn lines_are_those_of_the_first_brace() {
        let lines: Vec<_> =
            records("[\n{},\n\n{\"a\":\n1}, {}]", &[""]).iter().map(|r| r.0).collect();
        assert_eq!(lines, [2, 4, 5]);
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = b"{\"a\":".repeat(100);
        let mut cursor = Records::new(&deep[..], &["marches"]);
        assert!(cursor.next().is_err());
    }
}
