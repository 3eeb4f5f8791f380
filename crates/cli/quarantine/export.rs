//! `carnac quarantine export`: a CSV file that a spreadsheet opens, and runs nothing of.

use std::fs::File;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use carnac_query::Answer;
use futures::StreamExt;

use super::{ORDER, ROWS, Rejected};
use crate::args::Export;
use crate::config::Config;
use crate::print;

/// By which a spreadsheet knows UTF-8.
const MARK: &str = "\u{feff}";
/// What begins a formula in a spreadsheet, or hides one that follows.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// Writes the rows that are wanted; a file that could not be written whole is removed.
pub(super) async fn run(config: &Config, args: &Export) -> anyhow::Result<ExitCode> {
    let answer = Rejected::of(config, &args.wanted)?.ask(ROWS, ORDER).await?;
    let (path, release) = (args.out.display(), answer.release.id);
    let failed = || format!("write {path}");
    let file = File::create(&args.out).with_context(failed)?;
    match write(answer, file).await.with_context(failed) {
        Ok(count) => print::line(&format!("{path}: {count} rejected rows of release {release}"))?,
        Err(error) => {
            std::fs::remove_file(&args.out).with_context(failed)?;
            return Err(error);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes an answer batch by batch, and returns how many rows it has.
async fn write(mut answer: Answer, mut file: File) -> anyhow::Result<usize> {
    file.write_all(MARK.as_bytes())?;
    let mut writer =
        arrow::csv::WriterBuilder::new().with_header(true).with_delimiter(b';').build(file);
    // An empty batch writes the header of a file without rows.
    writer.write(&RecordBatch::new_empty(Arc::clone(&answer.schema)))?;
    let mut count = 0;
    while let Some(batch) = answer.stream.next().await {
        let batch = disarmed(&batch?)?;
        writer.write(&batch)?;
        count += batch.num_rows();
    }
    Ok(count)
}

/// Puts an apostrophe before each text that a spreadsheet would take for a formula.
fn disarmed(batch: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
    let column = |column: &ArrayRef| match column.as_string_opt::<i32>() {
        Some(texts) => {
            Arc::new(texts.iter().map(|text| text.map(harmless)).collect::<StringArray>())
        }
        None => Arc::clone(column),
    };
    RecordBatch::try_new(batch.schema(), batch.columns().iter().map(column).collect())
}

fn harmless(text: &str) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn what_begins_like_a_formula_is_a_text() {
        for text in ["=1+1", "+33", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["", "a=1", "'=1", " =1", "{\"a\":-1}"] {
            assert_eq!(harmless(text), text);
        }
    }
}
