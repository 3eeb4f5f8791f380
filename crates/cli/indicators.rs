//! `carnac indicators`: the list, the method sheet of one, and the whole catalogue as files.

mod schema;
mod sheet;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use carnac_query::{Principal, SqlFile, TableEntry, Views};
use chrono::{DateTime, NaiveDate};

use crate::args::IndicatorsCommand;
use crate::config::Config;
use crate::print;

/// Runs `carnac indicators`.
pub(crate) async fn run(
    config: &Config,
    command: Option<&IndicatorsCommand>,
) -> anyhow::Result<ExitCode> {
    let views = config.views()?;
    match command {
        None => print::line(&list(&views))?,
        Some(IndicatorsCommand::Show { id }) => show(&views, id)?,
        Some(IndicatorsCommand::Docs { out: None }) => print::line(&catalogue(&views))?,
        Some(IndicatorsCommand::Docs { out: Some(folder) }) => {
            write(config, &views, folder).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A table of the indicators that a set of definitions has.
pub(crate) fn list(views: &Views) -> String {
    let mut rows = vec![
        ["id", "titre / title", "unit", "class", "version", "view"].map(str::to_owned).to_vec(),
    ];
    for file in views.indicators() {
        let header = &file.header;
        let Some(definition) = &header.definition else { continue };
        rows.push(vec![
            header.id.clone(),
            header.title.to_string(),
            header.unit.clone(),
            definition.disclosure.clone(),
            definition.version.to_string(),
            format!("{}.{}", file.layer, file.name),
        ]);
    }
    rows[1..].sort();
    print::columns(&rows)
}

fn show(views: &Views, id: &str) -> anyhow::Result<()> {
    let named: Vec<_> =
        defined(views).into_iter().filter(|file| file.header.id.eq_ignore_ascii_case(id)).collect();
    if named.is_empty() {
        bail!("there is no indicator {}; `carnac indicators` lists them", print::plain(id, 80));
    }
    let sheets: Vec<_> = named.into_iter().map(sheet::markdown).collect();
    print::line(sheets.join("\n").trim_end())
}

/// What has a definition, by layer and identifier, the newest version first.
fn defined(views: &Views) -> Vec<&SqlFile> {
    let number = |file: &SqlFile| file.header.definition.as_ref().map(|said| said.version.number);
    let mut files: Vec<_> =
        views.files().iter().filter(|file| file.header.definition.is_some()).collect();
    files.sort_by(|a, b| {
        let key = |file: &SqlFile| (file.layer, file.header.id.clone());
        key(a).cmp(&key(b)).then(number(b).cmp(&number(a)))
    });
    files
}

fn catalogue(views: &Views) -> String {
    let sheets: Vec<_> = defined(views).into_iter().map(sheet::markdown).collect();
    format!("# Indicateurs / Indicators\n\n{}", sheets.join("\n")).trim_end().to_owned()
}

/// Writes `indicators.md`, and the schema of each view below `schema`.
async fn write(config: &Config, views: &Views, folder: &Path) -> anyhow::Result<()> {
    let schemas = folder.join("schema");
    fs::create_dir_all(&schemas).with_context(|| format!("make {}", schemas.display()))?;
    let put = |path: &Path, text: &str| {
        fs::write(path, format!("{text}\n")).with_context(|| format!("write {}", path.display()))
    };
    put(&folder.join("indicators.md"), &catalogue(views))?;
    let tables = tables(config).await?;
    for file in defined(views) {
        let is_it =
            |table: &&TableEntry| table.schema == file.layer.name() && table.name == file.name;
        let Some(table) = tables.iter().find(is_it) else { continue };
        let text = serde_json::to_string_pretty(&schema::of(file, &table.columns))?;
        put(&schemas.join(format!("{}.json", file.name)), &text)?;
    }
    Ok(())
}

/// The views as they are planned over a lake without data: no lake is needed to document them.
async fn tables(config: &Config) -> anyhow::Result<Vec<TableEntry>> {
    let folder =
        tempfile::TempDir::with_prefix("carnac-docs-").context("make a temporary folder")?;
    let lake = config.create_lake(&folder.path().join("lake").display().to_string())?;
    let draft = lake.draft(NaiveDate::default()).await?;
    lake.publish(draft, DateTime::UNIX_EPOCH).await?;
    Ok(config.gateway(lake)?.tables(Principal::Analyst, None).await?)
}
