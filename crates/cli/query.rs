//! `carnac query` and `releases`: answers on standard output or in a file.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::pretty::pretty_format_batches_with_schema;
use carnac_query::{Answer, At, Encoder, Principal};
use futures::{Stream, StreamExt};

use crate::args::{Format, Query};
use crate::config::Config;
use crate::print;

/// Runs `carnac query`.
pub(crate) async fn run(config: &Config, args: &Query) -> anyhow::Result<ExitCode> {
    let binary = matches!(args.format, Format::Arrow | Format::Parquet);
    if binary && args.output.is_none() && io::stdout().is_terminal() {
        bail!("this form is not for a terminal: name a file with --output, or redirect the output");
    }
    let gateway = config.gateway(config.open_lake()?)?;
    let edition = args.edition.clone().map(At::Edition);
    let at = args.release.map(At::Release).or(edition);
    let answer = gateway.run(Principal::Operator, &args.text, None, at.as_ref()).await?;
    match &args.output {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("write {}", path.display()))?;
            write(answer, args.format, file).await?;
        }
        None => write(answer, args.format, io::stdout()).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes an answer.
pub(crate) async fn write(
    answer: Answer,
    format: Format,
    to: impl Write + Send,
) -> anyhow::Result<()> {
    write_rows(&answer.schema, answer.stream, format, to).await
}

/// Writes rows batch by batch; only the table for people is laid out as a whole.
pub(crate) async fn write_rows(
    schema: &SchemaRef,
    mut rows: impl Stream<Item = carnac_query::Result<RecordBatch>> + Unpin,
    format: Format,
    mut to: impl Write + Send,
) -> anyhow::Result<()> {
    let Some(form) = format.form() else {
        let mut batches = Vec::new();
        each(&mut rows, |batch| {
            batches.push(batch.clone());
            Ok(())
        })
        .await?;
        let table = pretty_format_batches_with_schema(Arc::clone(schema), &batches)?;
        return Ok(writeln!(to, "{table}")?);
    };
    let mut encoder = Encoder::new(form, schema)?;
    each(&mut rows, |batch| Ok(to.write_all(&encoder.encode(batch)?)?)).await?;
    to.write_all(&encoder.finish()?)?;
    Ok(to.flush()?)
}

async fn each(
    rows: &mut (impl Stream<Item = carnac_query::Result<RecordBatch>> + Unpin),
    mut write: impl FnMut(&RecordBatch) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    while let Some(batch) = rows.next().await {
        write(&batch?)?;
    }
    Ok(())
}

/// Runs `carnac releases`.
pub(crate) async fn releases(config: &Config) -> anyhow::Result<ExitCode> {
    let lake = config.open_lake()?;
    let header =
        ["release", "published at (UTC)", "run date", "sources", "accepted", "rejected", "tables"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for id in lake.release_ids().await?.into_iter().rev() {
        let release = match lake.record(id).await {
            Ok(release) => release,
            Err(error) => {
                print::remark(&format!("warning: {error}"));
                continue;
            }
        };
        let tables = release.tables.iter().map(|(table, version)| format!("{table}@{version}"));
        let tables = tables.collect::<Vec<_>>().join(" ");
        let is_retired = lake.is_retired(id).await?;
        rows.push(vec![
            id.to_string(),
            release.published_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            release.run_date.to_string(),
            release.inputs.len().to_string(),
            release.inputs.values().map(|input| input.accepted).sum::<u64>().to_string(),
            release
                .inputs
                .values()
                .map(carnac_model::Input::rejected_count)
                .sum::<u64>()
                .to_string(),
            if is_retired { "retired: files removed by upkeep".to_owned() } else { tables },
        ]);
    }
    print::line(&print::columns(&rows))?;
    Ok(ExitCode::SUCCESS)
}
