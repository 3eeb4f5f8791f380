//! The one place that writes to standard output and standard error.

use std::io::{self, Write};
use std::process::ExitCode;

/// Writes a line to standard output.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout().lock(), "{text}")?)
}

/// Writes an error to standard error, and returns the exit status of a failure.
pub(crate) fn failure(text: &str) -> ExitCode {
    // Nobody is left to tell when standard error is closed.
    drop(writeln!(io::stderr().lock(), "error: {text}"));
    ExitCode::FAILURE
}

/// Writes a remark to standard error, so that it never mixes with an answer.
pub(crate) fn remark(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Returns whether the reader of standard output has gone: `carnac … | head` is no failure.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// A text of a stranger on one line of at most `most` characters: what would move the cursor, or
/// change how the rest is shown, is written as its escape.
pub(crate) fn plain(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for (place, c) in text.chars().enumerate() {
        if place == most {
            shown.push('…');
            break;
        }
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Lays out rows of text in columns, the first row being the header.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<_> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_text_of_a_stranger_stays_on_its_line() {
        assert_eq!(plain("é;\"x\"", 10), "é;\"x\"");
        assert_eq!(plain("a\tb\r\n\u{1b}[2J\u{202e}c", 20), "a\\tb\\r\\n\\u{1b}[2J\\u{202e}c");
        assert_eq!((plain("éàü", 3), plain("éàü", 2)), ("éàü".to_owned(), "éà…".to_owned()));
    }
}
