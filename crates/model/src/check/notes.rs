//! What the check finds out about rows: the rule that rejects one, what is remarkable, what was
//! written where a value was normalised.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Builder, RecordBatch, StringArray, StringBuilder};
use arrow::compute::kernels::cmp::gt;

use super::Checked;
use crate::dataset::{Dataset, Field, Order};
use crate::{Rows, rule};

/// Notes on the rows of one batch.
pub(super) struct Notes {
    /// The first rule that each row breaks, with the field it breaks it in.
    pub(super) faults: Vec<Option<(&'static str, Option<&'static str>)>>,
    /// Warnings, by row.
    pub(super) warnings: Vec<(usize, &'static str)>,
    /// Values as they were written, by row and field.
    pub(super) written: Vec<(usize, &'static str, String)>,
}

impl Notes {
    /// Starts with what the reader knew.
    pub(super) fn of(rows: &Rows) -> Self {
        let mut faults = vec![None; rows.len()];
        for (row, fault) in &rows.faults {
            faults[*row] = Some((rule(fault).map_or("malformed", |rule| rule.id), None));
        }
        Self { faults, warnings: rows.warnings.clone(), written: Vec::new() }
    }

    pub(super) fn fault(&mut self, row: usize, rule: &'static str, field: &Field) {
        self.faults[row].get_or_insert((rule, Some(field.name)));
    }

    /// Flags the rows in which two columns are the wrong way round.
    pub(super) fn disordered(&mut self, dataset: &Dataset, order: &Order, columns: &[ArrayRef]) {
        let column = |name| dataset.position(name).map(|place| &columns[place]);
        let (Some(first), Some(then)) = (column(order.first), column(order.then)) else { return };
        let Ok(disordered) = gt(first, then) else { return };
        for row in 0..disordered.len() {
            if disordered.is_valid(row) && disordered.value(row) {
                self.warnings.push((row, order.rule));
            }
        }
    }

    /// The columns `warnings` and `as_written`.
    pub(super) fn columns(&mut self, rows: usize) -> [ArrayRef; 2] {
        // Stable: the warnings of a row stay in the order of its fields.
        self.warnings.sort_by_key(|(row, _)| *row);
        once_a_row(&mut self.warnings);
        self.written.sort_by_key(|(row, ..)| *row);
        let warnings = by_row(
            rows,
            &self.warnings,
            |(row, _)| *row,
            |text, (_, rule)| {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(rule);
            },
        );
        let mut written = by_row(
            rows,
            &self.written,
            |(row, ..)| *row,
            |text, (_, field, value)| {
                text.push(if text.is_empty() { '{' } else { ',' });
                json_string(text, field);
                text.push(':');
                json_string(text, value);
            },
        );
        if !self.written.is_empty() {
            let closed = written.iter().map(|text| text.map(|text| format!("{text}}}")));
            written = closed.collect();
        }
        [Arc::new(warnings), Arc::new(written)]
    }

    /// The rejected rows, with their rule and their raw text.
    pub(super) fn rejected(&self, rows: &Rows) -> RecordBatch {
        let mut line = Int64Builder::new();
        let [mut member, mut rule, mut field, mut raw] = [(); 4].map(|()| StringBuilder::new());
        for (row, fault) in self.faults.iter().enumerate() {
            let Some((broken, column)) = fault else { continue };
            member.append_option(rows.member.is_valid(row).then(|| rows.member.value(row)));
            line.append_value(rows.line.value(row));
            rule.append_value(broken);
            field.append_option(*column);
            raw.append_value(rows.raw.value(row));
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(member.finish()),
            Arc::new(line.finish()),
            Arc::new(rule.finish()),
            Arc::new(field.finish()),
            Arc::new(raw.finish()),
        ];
        RecordBatch::try_new(Checked::rejected_schema(), columns)
            .expect("five columns of one length")
    }
}

/// Leaves the first of equal warnings of a row; they are sorted by row.
fn once_a_row(warnings: &mut Vec<(usize, &'static str)>) {
    let mut seen: Vec<&str> = Vec::new();
    let mut current = None;
    warnings.retain(|(row, rule)| {
        if current.replace(*row) != Some(*row) {
            seen.clear();
        }
        let is_new = !seen.contains(rule);
        seen.push(rule);
        is_new
    });
}

/// One text a row, written from its notes, which are sorted by row; null for a row without one.
fn by_row<N>(
    rows: usize,
    notes: &[N],
    row_of: impl Fn(&N) -> usize,
    write: impl Fn(&mut String, &N),
) -> StringArray {
    if notes.is_empty() {
        return StringArray::new_null(rows);
    }
    let mut column = StringBuilder::new();
    let mut text = String::new();
    let mut notes = notes.iter().peekable();
    for row in 0..rows {
        text.clear();
        while let Some(note) = notes.next_if(|note| row_of(note) == row) {
            write(&mut text, note);
        }
        column.append_option((!text.is_empty()).then_some(&text));
    }
    column.finish()
}

/// Appends a JSON string.
fn json_string(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c < ' ' => {
                let code = u32::from(c);
                write!(text, "\\u{code:04x}").expect("writing to a string cannot fail");
            }
            c => text.push(c),
        }
    }
    text.push('"');
}
