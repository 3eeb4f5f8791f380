//! `carnac scenario`: a what-if of the savings model, asked as any other query.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use carnac_query::{At, Principal};

use crate::args::Scenario;
use crate::config::Config;
use crate::query;

/// What people are shown: no single years, and of intervals and swings the widest.
const SHOWN: &str = "where (year is null or section = 'scenario')
    and section not in ('interval_80', 'tornado_10', 'tornado_20')";

/// Runs `carnac scenario`.
pub(crate) async fn run(config: &Config, args: &Scenario) -> anyhow::Result<ExitCode> {
    let call = call(&text(&args.scenario)?, args.seed, args.draws);
    let sql = match args.format.form() {
        None => format!("select title, low, mid, high, unit from {call} {SHOWN}"),
        Some(_) => format!("select * from {call}"),
    };
    let gateway = config.gateway(config.open_lake()?)?;
    let at = args.release.map(At::Release);
    let answer = gateway.run(Principal::Operator, &sql, None, at.as_ref()).await?;
    query::write(answer, args.format, std::io::stdout()).await?;
    Ok(ExitCode::SUCCESS)
}

/// The text of the file; a name that is no file is passed on, and the program may know it.
fn text(path: &Path) -> anyhow::Result<String> {
    let is_name = path.extension().is_none() && path.components().count() == 1;
    if is_name && !path.exists() {
        return Ok(path.display().to_string());
    }
    std::fs::read_to_string(path).with_context(|| format!("read scenario {}", path.display()))
}

/// The call of the table function; a null stands for the scenario's own seed.
fn call(text: &str, seed: Option<u64>, draws: Option<u32>) -> String {
    let text = text.replace('\'', "''");
    match (seed, draws) {
        (None, None) => format!("scenario('{text}')"),
        (Some(seed), None) => format!("scenario('{text}', {seed})"),
        (seed, Some(draws)) => {
            let seed = seed.map_or_else(|| "null".to_owned(), |seed| seed.to_string());
            format!("scenario('{text}', {seed}, {draws})")
        }
    }
}
