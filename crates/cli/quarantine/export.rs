//! `carnac quarantine export`: a CSV file that a spreadsheet opens, and runs nothing of.

use std::fs::File;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use futures::StreamExt;

use super::{ORDER, ROWS, Rejected};
use crate::args::Export;
use crate::config::Config;
use crate::print;

/// By which a spreadsheet knows UTF-8.
const MARK: &str = "\u{feff}";
/// What begins a formula in a spreadsheet, or hides one that follows.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// Writes the rows that are wanted, batch by batch.
pub(super) async fn run(config: &Config, args: &Export) -> anyhow::Result<ExitCode> {
    let mut answer = Rejected::of(config, &args.wanted)?.ask(ROWS, ORDER).await?;
    let path = args.out.display();
    let failed = || format!("write {path}");
    let mut file = File::create(&args.out).with_context(failed)?;
    file.write_all(MARK.as_bytes()).with_context(failed)?;
    let mut writer =
        arrow::csv::WriterBuilder::new().with_header(true).with_delimiter(b';').build(file);
    // An empty batch writes the header of a file without rows.
    writer.write(&RecordBatch::new_empty(Arc::clone(&answer.schema))).with_context(failed)?;
    let mut count = 0;
    while let Some(batch) = answer.stream.next().await {
        let batch = disarmed(&batch?).with_context(failed)?;
        writer.write(&batch).with_context(failed)?;
        count += batch.num_rows();
    }
    print::line(&format!("{path}: {count} rejected rows of release {}", answer.release.id))?;
    Ok(ExitCode::SUCCESS)
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
