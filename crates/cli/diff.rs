//! `carnac diff`: what has changed between two editions or releases, and why.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::bail;
use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use carnac_query::{DIFF_METHOD, Principal, Wanted};

use crate::args::{Diff, Format};
use crate::config::Config;
use crate::{print, query};

/// Columns of the table for people: the column of the answer, and what stands above it.
const SHOWN: [(&str, &str); 12] = [
    ("indicator", "indicator"),
    ("period", "period"),
    ("item", "item"),
    ("figure_a", "A"),
    ("figure_b", "B"),
    ("change", "change"),
    ("data_effect", "data"),
    ("definition_effect", "definition"),
    ("scope_effect", "scope"),
    ("common_count", "in both"),
    ("left_count", "left"),
    ("entered_count", "entered"),
];

/// Runs `carnac diff`.
pub(crate) async fn run(config: &Config, args: &Diff) -> anyhow::Result<ExitCode> {
    let binary = matches!(args.format, Format::Arrow | Format::Parquet);
    if binary && io::stdout().is_terminal() {
        bail!("this form is not for a terminal: redirect the output");
    }
    let gateway = config.gateway(config.open_lake()?)?;
    let wanted = Wanted {
        indicator: args.indicator.clone(),
        period: args.period.clone(),
        siren: args.siren.clone(),
        unchanged: args.unchanged,
    };
    let states = (&args.before, &args.after);
    let changes = gateway.diff(Principal::Operator, states, &wanted).await?;
    if args.format == Format::Table {
        print::line(&told(args, &changes)?)?;
    } else {
        let schema = changes.schema();
        let rows = futures::stream::iter([Ok(changes)]);
        query::write_rows(&schema, rows, args.format, io::stdout()).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The table for people, and below it what its words mean.
fn told(args: &Diff, changes: &RecordBatch) -> anyhow::Result<String> {
    let (before, after) = (&args.before, &args.after);
    if changes.num_rows() == 0 {
        return Ok(format!("no figure differs between {before} and {after}"));
    }
    let shown = SHOWN.iter().filter(|(column, _)| !is_empty(changes, column));
    let mut rows = vec![Vec::new(); changes.num_rows() + 1];
    for (column, title) in shown {
        let Some(values) = changes.column_by_name(column) else { continue };
        let texts = ArrayFormatter::try_new(values, &FormatOptions::default().with_null("-"))?;
        let is_decimal = values.data_type().is_decimal();
        for (place, row) in rows.iter_mut().enumerate() {
            row.push(match place.checked_sub(1).map(|place| texts.value(place).to_string()) {
                None => (*title).to_owned(),
                // Subject 7.10 is no number.
                Some(text) => {
                    if is_decimal {
                        short(&text).to_owned()
                    } else {
                        text
                    }
                }
            });
        }
    }
    let [fr, en] = DIFF_METHOD;
    let table = print::columns(&rows);
    Ok(format!("A = {before}, B = {after}\n\n{table}\n\n{fr}\n\n{en}"))
}

fn is_empty(changes: &RecordBatch, column: &str) -> bool {
    changes.column_by_name(column).is_none_or(|values| values.null_count() == values.len())
}

/// A decimal without the zeros at its end.
fn short(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
