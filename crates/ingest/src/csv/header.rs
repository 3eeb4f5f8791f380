//! What stands above the rows of a CSV file: the separator that it may name, and the header.

use csv::{ByteRecord, ReaderBuilder};

use super::block::closing_quote;

/// What separates values, unless a file or its profile names another character.
const SEPARATORS: [u8; 4] = [b',', b'|', b'\t', b';'];

/// Returns the names of the header, as they are compared.
pub(crate) fn header_of(head: &[u8], delimiter: u8) -> Option<Vec<String>> {
    let (_, head) = named_separator(head);
    let mut lines = head.split(|byte| matches!(byte, b'\r' | b'\n'));
    let first = lines.find(|line| !line.is_empty())?;
    if !first.contains(&b'"') {
        // As the reader below has it, which takes longer to make than to use.
        return Some(names(first.split(|byte| *byte == delimiter)));
    }
    let mut reader = ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(head);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).ok()?.then(|| names(record.iter()))
}

/// Trimmed lower-case names, without the byte-order mark before the first.
fn names<'f>(fields: impl Iterator<Item = &'f [u8]>) -> Vec<String> {
    let name = |field: &[u8]| {
        String::from_utf8_lossy(field).trim_start_matches('\u{feff}').trim().to_lowercase()
    };
    fields.map(name).collect()
}

/// The separator that the file names, else the most frequent one of its header outside quotes; a
/// semicolon when there is none.
pub(crate) fn delimiter_of(head: &[u8]) -> u8 {
    let (named, head) = named_separator(head);
    let header = unquoted(head);
    let count = |separator: u8| header.iter().filter(|byte| **byte == separator).count();
    let most = || SEPARATORS.into_iter().max_by_key(|separator| count(*separator));
    named.or_else(most).unwrap_or(b';')
}

/// Returns how many records at the beginning of a file are no rows: the line that names a
/// separator, and the header unless the profile gives it.
pub(crate) fn records_above(head: &[u8], header_is_given: bool) -> usize {
    usize::from(named_separator(head).0.is_some()) + usize::from(!header_is_given)
}

/// The separator that a first line `sep=;` names, which is how Excel is told, and what follows that
/// line; blank lines do not count, as the reader of records passes over them.
fn named_separator(head: &[u8]) -> (Option<u8>, &[u8]) {
    let blank = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let start = head.iter().take_while(|byte| blank(byte)).count();
    let head = head.get(start..).unwrap_or_default();
    let (line, rest) = head.split_at(head.iter().position(blank).unwrap_or(head.len()));
    let inner = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\""));
    match inner.unwrap_or(line).split_last() {
        Some((separator, word)) if separator.is_ascii() && word.eq_ignore_ascii_case(b"sep=") => {
            let start = rest.iter().take_while(|byte| blank(byte)).count();
            (Some(*separator), rest.get(start..).unwrap_or_default())
        }
        _ => (None, head),
    }
}

/// The first record without its quoted texts, whatever separates them.
fn unquoted(head: &[u8]) -> Vec<u8> {
    let (mut at, mut at_start, mut kept) = (0, true, Vec::new());
    while let Some(&byte) = head.get(at).filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        let is_quote = at_start && byte == b'"';
        let end = if is_quote { closing_quote(head, at + 1) } else { None };
        at = end.unwrap_or_else(|| {
            kept.push(byte);
            at + 1
        });
        at_start = SEPARATORS.contains(&byte);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::land;

    #[test]
    fn the_separator_is_that_of_the_header() {
        for (head, separator) in [
            ("a;b,c;d\n1,2,3,4\n", b';'),
            ("a\n", b';'),
            ("", b';'),
            ("\"Objet (lot, tranche, option)\";b\n", b';'),
            ("a|\"x;\ny;;\"\"z\"\"\"|c\n", b'|'),
            ("tube 5\";a;b,\"c\"\n", b';'),
            ("\"a,b;c\n", b';'),
            ("\n\r\na,b\n", b','),
            ("\u{feff}\na\tb\n", b'\t'),
            ("sep=|\na;b|c;d\n", b'|'),
            ("\u{feff}\"SEP=,\"\r\na;b\r\n", b','),
            ("sep=\t\ra;b\r", b'\t'),
            ("sep=;;\na,b\n", b';'),
        ] {
            assert_eq!(delimiter_of(head.as_bytes()), separator, "{head:?}");
        }
    }

    #[test]
    fn a_header_without_quotes_is_read_as_one_with_them() {
        for (head, header) in [
            ("a;B ;c\n1;2;3\n", vec!["a", "b", "c"]),
            ("\u{feff}\r\n\n a;b;\r\n", vec!["a", "b", ""]),
            ("sep=;\na;b\n", vec!["a", "b"]),
            ("a", vec!["a"]),
            ("a\rb", vec!["a"]),
        ] {
            assert_eq!(header_of(head.as_bytes(), b';').unwrap(), header, "{head:?}");
            let (_, below) = named_separator(head.as_bytes());
            let mut reader =
                ReaderBuilder::new().delimiter(b';').has_headers(false).from_reader(below);
            let mut record = ByteRecord::new();
            assert!(reader.read_byte_record(&mut record).unwrap());
            assert_eq!(names(record.iter()), header, "{head:?}");
        }
        assert_eq!(header_of(b"\"a;\n\";b\n", b';').unwrap(), ["a;\n", "b"].map(str::trim));
        assert_eq!(header_of(b"\n\n", b';'), None);
    }

    #[test]
    fn lines_above_the_header_are_passed_over_and_count_as_lines() {
        let table = "id;acheteur.id;dateNotification;\"lots, tranches, options, reconductions\"\n\
                     a;21350238800019;2025-01-02;\nb;x;2025-01-02;\n";
        for (above, lines) in [
            ("", 0),
            ("\n\r\n", 2),
            ("\u{feff}\r\n", 1),
            ("sep=;\r\n", 1),
            ("\n\u{22}sep=;\u{22}\n\n", 3),
        ] {
            let landed = land("x.csv", "contracts", format!("{above}{table}").as_bytes()).unwrap();
            let bad: Vec<_> = landed.rejected.iter().map(|(line, ..)| *line).collect();
            assert_eq!((landed.accepted, bad), (1, vec![lines + 3]), "{above:?}");
        }
    }
}
