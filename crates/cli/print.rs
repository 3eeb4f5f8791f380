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
