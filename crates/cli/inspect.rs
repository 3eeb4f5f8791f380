//! `carnac inspect`: what files are, and what would become of their rows, without a lake.

use std::process::ExitCode;

use carnac_ingest::{Fault, Inspection, Source, inspect};

use crate::args::Inspect;
use crate::config::{Config, today};
use crate::job::SOME_UNREAD;
use crate::report::by_rule;
use crate::{ingest, print};

/// Characters that are shown of a bad row.
const SHOWN: usize = 120;
/// Characters that are shown of a header.
const HEADER_SHOWN: usize = 300;

/// Runs `carnac inspect`.
pub(crate) async fn run(config: &Config, args: &Inspect) -> anyhow::Result<ExitCode> {
    let files = ingest::named(&args.paths, &args.reading, config)?;
    let (sources, mut tally) = files.open_all(None).await?;
    let run_date = args.reading.run_date.unwrap_or_else(today);
    let mut readable = 0;
    for source in &sources {
        match inspect(source, config.pseudonym_key.as_ref(), run_date) {
            Ok(found) => {
                readable += 1;
                print::line(&told(source, &found, usize::from(args.lines)))?;
            }
            Err(error) => {
                tally.failed += 1;
                print::remark(&format!("error: {error}"));
            }
        }
    }
    let (failed, passed_over) = (tally.failed, tally.passed_over);
    print::line(&format!(
        "{readable} files readable, {failed} not, {passed_over} passed over; nothing was landed"
    ))?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_UNREAD) })
}

/// What one file is, then its rows by rule, then its first bad rows.
fn told(source: &Source, found: &Inspection, faults: usize) -> String {
    let path = source.path().display();
    let dataset = found.dataset;
    let mut text = format!(
        "{path}\n  dataset  {} ({} / {})\n  format   {}",
        dataset.name,
        dataset.title_fr,
        dataset.title_en,
        layout(source, found)
    );
    if !source.header().is_empty() {
        let header = print::plain(&source.header().join(", "), HEADER_SHOWN);
        text.push_str(&format!("\n  header   {header}"));
    }
    let warnings: u64 = found.warned.values().sum();
    text.push_str(&format!(
        "\n  profile  {}\n  rows     {} read, {} accepted, {} rejected, {warnings} warnings",
        found.profile.as_deref().unwrap_or("none"),
        found.read,
        found.accepted,
        found.rejected_count(),
    ));
    text.push_str(&by_rule(&found.rejected, &found.warned));
    for fault in found.faults.iter().take(faults) {
        text.push_str(&told_fault(&path.to_string(), fault));
    }
    text.push('\n');
    text
}

/// `CSV, windows-1252, separator ";"`.
fn layout(source: &Source, found: &Inspection) -> String {
    let encoding = found.encoding.map(|encoding| format!(", {encoding}"));
    let separator = found.separator.map(|separator| format!(", separator {separator:?}"));
    [Some(source.format().to_owned()), encoding, separator].into_iter().flatten().collect()
}

/// `acts.csv:3: not_a_siren (siren)`, and below it the row.
fn told_fault(path: &str, fault: &Fault) -> String {
    let member = fault.member.as_ref().map(|member| format!("/{member}")).unwrap_or_default();
    let field = fault.field.as_ref().map(|field| format!(" ({field})")).unwrap_or_default();
    let raw = print::plain(&fault.raw, SHOWN);
    format!("\n  {path}{member}:{}: {}{field}\n    {raw}", fault.line, fault.rule)
}
