//! `carnac ingest` and `carnac refresh`: files in, one release out, a report a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use carnac_ingest::{Outcome, Profile, PseudonymKey, Report, Source, find_all, land};
use carnac_lake::Lake;
use carnac_model::{DATASETS, Dataset, dataset, rule};
use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{Ingest, Refresh};
use crate::config::{Config, now, storage_options, today};
use crate::{print, profile};

/// Some files could not be read; the others are landed.
const SOME_UNREAD: u8 = 3;

/// Files passed over that are named.
const NAMES_SHOWN: usize = 5;

/// Runs `carnac ingest`.
pub(crate) async fn run(config: &Config, args: &Ingest) -> anyhow::Result<ExitCode> {
    let named = args.dataset.as_deref().map(known_dataset).transpose()?;
    let profiles = profile::load(config.root(), &args.profiles)?;
    let lake = config.create_lake(config.root())?;
    let key = config.pseudonym_key.clone();
    let files = Files { paths: args.paths.clone(), named, profiles, key };
    land_files(config, &lake, &files, args.run_date.unwrap_or_else(today)).await
}

/// Runs `carnac refresh`.
pub(crate) async fn refresh(config: &Config, args: &Refresh) -> anyhow::Result<ExitCode> {
    let inbox = match &args.inbox {
        Some(inbox) => inbox.clone(),
        None if config.root().contains("://") => {
            bail!("name the inbox with --inbox DIR: that of a lake in a bucket is not read yet")
        }
        None => Path::new(config.root()).join("inbox"),
    };
    if !inbox.is_dir() {
        bail!("there is no inbox {}: make it, with one folder a dataset in it", inbox.display());
    }
    let lake = config.create_lake(config.root())?;
    let run_date = args.run_date.unwrap_or_else(today);
    let key = config.pseudonym_key.clone();
    let files = Files::of_inbox(config.root(), &inbox, key)?;
    land_files(config, &lake, &files, run_date).await
}

/// What to land.
pub(crate) struct Files {
    /// Files, folders, archives and addresses.
    paths: Vec<PathBuf>,
    /// The dataset of them all, if it was named.
    named: Option<&'static Dataset>,
    profiles: Vec<Arc<Profile>>,
    /// What the respondents of surveys are named with.
    key: Option<PseudonymKey>,
}

impl Files {
    /// The folders of an inbox that are named after a dataset.
    pub(crate) fn of_inbox(
        root: &str,
        inbox: &Path,
        key: Option<PseudonymKey>,
    ) -> anyhow::Result<Self> {
        let folders = DATASETS.iter().map(|dataset| inbox.join(dataset.name));
        let paths = folders.filter(|folder| folder.is_dir()).collect();
        Ok(Self { paths, named: None, profiles: profile::load(root, &[])?, key })
    }
}

/// Lands files, prints what became of each, and publishes one release if anything changed.
pub(crate) async fn land_files(
    config: &Config,
    lake: &Lake,
    files: &Files,
    run_date: NaiveDate,
) -> anyhow::Result<ExitCode> {
    let (sources, mut unread) = open_all(files).await?;
    let bar = progress(sources.iter().map(Source::bytes).sum());
    let mut draft = lake.draft(run_date).await?;
    let key = files.key.as_ref();
    let advanced = |bytes| bar.inc(bytes);
    let reports = land(lake, &mut draft, &sources, key, config.memory, &advanced).await?;
    bar.finish_and_clear();
    for report in &reports {
        unread += usize::from(matches!(report.outcome, Outcome::Failed(_)));
        print::line(&told(report))?;
    }
    if draft.is_empty() {
        print::line("nothing changed: no release to publish")?;
    } else {
        let changed = reports
            .iter()
            .filter(|report| matches!(report.outcome, Outcome::Landed { .. }))
            .count();
        let release = lake.publish(draft, now()).await.context("publish the release")?;
        print::line(&format!("release {} published: {changed} files landed", release.id))?;
    }
    Ok(if unread == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_UNREAD) })
}

/// Opens every file; one that cannot be opened is told and does not stop the others.
async fn open_all(files: &Files) -> anyhow::Result<(Vec<Source>, usize)> {
    let contents = find_all(&files.paths, &storage_options()).await;
    let (mut sources, mut errors) = (Vec::new(), contents.failed);
    for file in contents.files {
        match Source::open(file, files.named, &files.profiles) {
            Ok(source) => sources.push(source),
            Err(error) => errors.push(error),
        }
    }
    for error in &errors {
        print::remark(&format!("error: {error}"));
    }
    if !contents.passed_over.is_empty() {
        print::line(&passed_over(&contents.passed_over))?;
    }
    Ok((sources, errors.len()))
}

/// A line on the files that hold no data, the first of them by name.
fn passed_over(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(NAMES_SHOWN).map(String::as_str).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    format!("{} files passed over, which hold no data: {}{more}", names.len(), shown.join(", "))
}

fn known_dataset(name: &str) -> anyhow::Result<&'static Dataset> {
    let known = || DATASETS.iter().map(|dataset| dataset.name).collect::<Vec<_>>().join(", ");
    dataset(name).with_context(|| format!("there is no dataset `{name}`; there are: {}", known()))
}

/// A few lines on one file.
fn told(report: &Report) -> String {
    let source = &report.source;
    match &report.outcome {
        Outcome::Unchanged { landed_as, input } => {
            let other =
                if landed_as == source { String::new() } else { format!(" as {landed_as}") };
            format!(
                "{source}: unchanged ({} rows landed{other} in release {})",
                input.accepted, input.release
            )
        }
        Outcome::Failed(error) => format!("{source}: not landed: {error}"),
        Outcome::Landed { input, replaces } => {
            let rejected = input.rejected_count();
            let mut text = format!(
                "{source}: {} read, {} accepted, {rejected} rejected",
                input.read, input.accepted
            );
            if let Some(before) = replaces {
                text.push_str(&format!(" (replaces {before} rows of its earlier delivery)"));
            }
            for (id, count) in &input.rejected {
                let sentence =
                    rule(id).map(|rule| format!("{} / {}", rule.fr, rule.en)).unwrap_or_default();
                text.push_str(&format!("\n  {count:>8}  {id}: {sentence}"));
            }
            text
        }
    }
}

/// A bar over the bytes of all files; it shows on a terminal only.
fn progress(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
