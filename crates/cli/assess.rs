//! `carnac assess`: the sheet of one authority, in French, asked as any other query.

mod french;
mod question;
mod sheet;

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::bail;
use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use carnac_query::{At, Gateway, Principal};

use crate::args::Assess;
use crate::config::Config;
use crate::print;

/// One row of an answer: text by column, an absent value being absent.
type Row = BTreeMap<String, String>;

/// Runs `carnac assess`.
pub(crate) async fn run(config: &Config, args: &Assess) -> anyhow::Result<ExitCode> {
    let gateway = config.gateway(config.open_lake()?)?;
    let at = args.release.map(At::Release).or(args.edition.clone().map(At::Edition));
    let last = args.period.as_deref().unwrap_or("9999");
    let ask = async |sql: String| ask(&gateway, &sql, at.as_ref()).await;
    let Some(identity) = ask(question::identity(&args.siren, last)).await?.pop() else {
        bail!("{} is in no official list of authorities of the lake", args.siren);
    };
    let periods = ask(question::periods(&args.siren, last)).await?;
    let sheet = sheet::Sheet {
        titles: ask(question::titles()).await?,
        rates: ask(question::rates(&args.siren, &periods)).await?,
        declared: ask(question::declared(&args.siren, last)).await?,
        savings: ask(question::savings(&args.siren, last)).await?,
        identity,
    };
    print::line(&sheet.text())?;
    Ok(ExitCode::SUCCESS)
}

async fn ask(gateway: &Gateway, sql: &str, at: Option<&At>) -> anyhow::Result<Vec<Row>> {
    let answer = gateway.run(Principal::Operator, sql, None, at).await?;
    let mut rows = Vec::new();
    for batch in answer.collect().await? {
        rows.extend(texts(&batch)?);
    }
    Ok(rows)
}

fn texts(batch: &RecordBatch) -> anyhow::Result<Vec<Row>> {
    let mut rows = vec![Row::new(); batch.num_rows()];
    let options = FormatOptions::default();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let values = ArrayFormatter::try_new(column, &options)?;
        for (place, row) in rows.iter_mut().enumerate().filter(|(place, _)| column.is_valid(*place))
        {
            row.insert(field.name().clone(), values.value(place).to_string());
        }
    }
    Ok(rows)
}
