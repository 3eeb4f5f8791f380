//! `carnac edition`: freeze, list and show what can be asked for ever.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context;
use carnac_query::Views;

use crate::args::{EditionCommand, Freeze, Show};
use crate::config::{Config, now};
use crate::{indicators, print};

/// Time of day in a table.
const TIME: &str = "%Y-%m-%d %H:%M:%S";

/// Runs `carnac edition`.
pub(crate) async fn run(config: &Config, command: &EditionCommand) -> anyhow::Result<ExitCode> {
    match command {
        EditionCommand::Freeze(args) => freeze(config, args).await,
        EditionCommand::List => list(config).await,
        EditionCommand::Show(args) => show(config, args).await,
    }
}

async fn freeze(config: &Config, args: &Freeze) -> anyhow::Result<ExitCode> {
    let gateway = config.gateway(config.open_lake()?)?;
    let edition = gateway.freeze(args.name.clone(), args.release, now()).await?;
    print::line(&format!(
        "edition {} frozen: release {}, {} SQL files, checksum {}",
        edition.name,
        edition.release,
        edition.files.len(),
        edition.checksum
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// One that is damaged is told apart, and hides no other.
async fn list(config: &Config) -> anyhow::Result<ExitCode> {
    let lake = config.open_lake()?;
    let header = ["edition", "release", "frozen at (UTC)", "program", "files", "checksum"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let mut status = ExitCode::SUCCESS;
    for name in lake.edition_names().await? {
        match lake.edition(&name).await {
            Ok(edition) => rows.push(vec![
                name.to_string(),
                edition.release.to_string(),
                edition.frozen_at.format(TIME).to_string(),
                edition.code.clone(),
                edition.files.len().to_string(),
                edition.checksum.chars().take(12).collect(),
            ]),
            Err(error) => status = print::failure(&error.to_string()),
        }
    }
    print::line(&print::columns(&rows))?;
    Ok(status)
}

async fn show(config: &Config, args: &Show) -> anyhow::Result<ExitCode> {
    let edition = config.open_lake()?.edition(&args.name).await?;
    if let Some(path) = &args.file {
        let text = edition.files.get(path).with_context(|| {
            let folder = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
            let (all, wanted) = (|| edition.files.keys(), folder(path));
            let mut names: BTreeSet<String> =
                all().filter(|name| folder(name) == wanted).cloned().collect();
            if names.is_empty() {
                names = all().map(|name| folder(name)).collect();
            }
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            format!("edition {} has no file {path}; it has {names}", args.name)
        })?;
        print::line(text.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    print::line(&format!(
        "edition   {}\nrelease   {}\nfrozen at {} UTC\nprogram   {}\nchecksum  {}\nSQL files {}\n",
        edition.name,
        edition.release,
        edition.frozen_at.format(TIME),
        edition.code,
        edition.checksum,
        edition.files.len()
    ))?;
    print::line(&indicators::list(&Views::from_texts(&edition.files)?))?;
    Ok(ExitCode::SUCCESS)
}
