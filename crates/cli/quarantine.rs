//! `carnac quarantine`: the rejected rows, counted, explained, exported.

mod export;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use carnac_query::{Answer, Gateway, Principal};
use futures::StreamExt;

use crate::args::{Explain, QuarantineCommand, Wanted};
use crate::config::Config;
use crate::{ingest, print, report};

/// Every column of a rejected row, and its rule in words.
const ROWS: &str = "
    select q.dataset, q.source_file, q.source_member, q.source_line, q.rule, q.field, q.raw,
           r.fr as sentence_fr, r.en as sentence_en
    from ops.quarantine as q left join ops.rules as r on q.rule = r.id";
/// The order in which rows are shown.
const ORDER: &str = "order by q.dataset, q.source_file, q.source_member, q.source_line, q.rule";
/// Characters that are shown of a row.
const SHOWN: usize = 400;

/// Runs `carnac quarantine`.
pub(crate) async fn run(config: &Config, command: &QuarantineCommand) -> anyhow::Result<ExitCode> {
    match command {
        QuarantineCommand::List(wanted) => list(config, wanted).await,
        QuarantineCommand::Explain(args) => explain(config, args).await,
        QuarantineCommand::Export(args) => export::run(config, args).await,
        QuarantineCommand::Replay(args) => ingest::replay(config, args).await,
    }
}

async fn list(config: &Config, wanted: &Wanted) -> anyhow::Result<ExitCode> {
    let rows = Rejected::of(config, wanted)?;
    let counts = rows
        .ask(
            "select q.dataset, q.source_file, q.rule, count(*) as row_count from ops.quarantine as q",
            "group by q.dataset, q.source_file, q.rule order by q.dataset, q.source_file, q.rule",
        )
        .await?;
    let release = counts.release.id;
    let header = ["dataset", "file", "rule", "rows"].map(str::to_owned).to_vec();
    let (mut table, mut rules, mut total) = (vec![header], Vec::new(), 0);
    for batch in counts.collect().await? {
        let count = batch["row_count"].as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let text = |column: &str| print::plain(text_at(&batch, column, row), SHOWN);
            let of_row = ["dataset", "source_file", "rule"].map(text);
            rules.push(text_at(&batch, "rule", row).to_owned());
            total += count.value(row);
            table.push(of_row.into_iter().chain([count.value(row).to_string()]).collect());
        }
    }
    if total == 0 {
        return nothing(release);
    }
    print::line(&print::columns(&table))?;
    print::line(&format!("\n{total} rows in quarantine in release {release}"))?;
    rules.sort();
    rules.dedup();
    for rule in rules {
        print::line(&format!("  {rule}: {}", report::words(&rule)))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn explain(config: &Config, args: &Explain) -> anyhow::Result<ExitCode> {
    let rows = Rejected::of(config, &args.wanted)?;
    let counted = rows.ask("select count(*) as row_count from ops.quarantine as q", "").await?;
    let release = counted.release.id;
    let counted = counted.collect().await?;
    let total: i64 = counted
        .iter()
        .flat_map(|batch| batch["row_count"].as_primitive::<Int64Type>().values())
        .sum();
    if total == 0 {
        return nothing(release);
    }
    let mut answer = rows.ask(ROWS, &format!("{ORDER} limit {}", args.limit)).await?;
    while let Some(batch) = answer.stream.next().await {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            print::line(&explained(&batch, row))?;
        }
    }
    let shown = total.min(i64::from(args.limit));
    let more = if shown < total { "; --limit N shows more, `export` writes them all" } else { "" };
    print::line(&format!("{shown} of {total} rows in quarantine in release {release}{more}"))?;
    Ok(ExitCode::SUCCESS)
}

/// A rejected row in four lines: where, in French, in English, and the text.
fn explained(batch: &RecordBatch, row: usize) -> String {
    let text = |column: &str| print::plain(text_at(batch, column, row), SHOWN);
    let optional = |before: &str, column: &str, after: &str| match text(column) {
        value if value.is_empty() => value,
        value => format!("{before}{value}{after}"),
    };
    let line = batch["source_line"].as_primitive::<Int64Type>().value(row);
    format!(
        "{}/{}{}, line {line}: {}{}\n  {}\n  {}\n  {}\n",
        text("dataset"),
        text("source_file"),
        optional(", ", "source_member", ""),
        text("rule"),
        optional(" (", "field", ")"),
        text("sentence_fr"),
        text("sentence_en"),
        text("raw"),
    )
}

fn nothing(release: u64) -> anyhow::Result<ExitCode> {
    print::line(&format!("no such row in quarantine in release {release}"))?;
    Ok(ExitCode::SUCCESS)
}

/// A text of a batch; empty where there is none.
fn text_at<'b>(batch: &'b RecordBatch, column: &str, row: usize) -> &'b str {
    let texts = batch[column].as_string::<i32>();
    if texts.is_valid(row) { texts.value(row) } else { "" }
}

/// The rejected rows that are wanted, asked for as an operator.
struct Rejected {
    gateway: Gateway,
    condition: String,
    /// One row: the values of `$1`, `$2`, … of the condition.
    values: Option<RecordBatch>,
}

impl Rejected {
    fn of(config: &Config, wanted: &Wanted) -> anyhow::Result<Self> {
        if let Some(dataset) = &wanted.dataset {
            ingest::known_dataset(dataset)?;
        }
        let (mut conditions, mut values) = (Vec::new(), Vec::new());
        let tests = [
            (&wanted.dataset, "q.dataset = $"),
            // As `list` names a file, or as the report of `ingest` does.
            (&wanted.file, "$ in (q.source_file, concat(q.dataset, '/', q.source_file))"),
            (&wanted.rule, "q.rule = $"),
        ];
        for (value, test) in tests {
            let Some(value) = value else { continue };
            let name = format!("p{}", values.len());
            values.push((name, Arc::new(StringArray::from(vec![value.as_str()])) as ArrayRef));
            conditions.push(test.replace('$', &format!("${}", values.len())));
        }
        let mut condition = conditions.join(" and ");
        if !condition.is_empty() {
            condition.insert_str(0, "where ");
        }
        let values = (!values.is_empty()).then(|| RecordBatch::try_from_iter(values)).transpose();
        let values = values.context("put the conditions together")?;
        Ok(Self { gateway: config.gateway(config.open_lake()?)?, condition, values })
    }

    async fn ask(&self, select: &str, rest: &str) -> anyhow::Result<Answer> {
        let sql = format!("{select} {} {rest}", self.condition);
        Ok(self.gateway.run(Principal::Operator, &sql, self.values.as_ref(), None).await?)
    }
}
