//! `carnac ingest`, `refresh` and `quarantine replay`: files in, one release out, a report a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use carnac_ingest::{Profile, PseudonymKey, Source, find_all, land, land_again};
use carnac_lake::Lake;
use carnac_model::{DATASETS, Dataset, dataset};
use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{Ingest, Reading, Refresh, Replay};
use crate::config::{Config, now, storage_options, today};
use crate::report::{Tally, told, told_again};
use crate::{print, profile};

/// Some files could not be read; the others are landed.
pub(crate) const SOME_UNREAD: u8 = 3;

/// Files passed over that are named.
const NAMES_SHOWN: usize = 5;

/// Runs `carnac ingest`.
pub(crate) async fn run(config: &Config, args: &Ingest) -> anyhow::Result<ExitCode> {
    let files = Files::named(&args.paths, &args.reading, config)?;
    let lake = config.create_lake(config.root())?;
    land_files(config, &lake, &files, args.reading.run_date.unwrap_or_else(today)).await
}

/// Runs `carnac quarantine replay`.
pub(crate) async fn replay(config: &Config, args: &Replay) -> anyhow::Result<ExitCode> {
    let mut files = Files::named(&args.paths, &args.reading, config)?;
    files.again = true;
    // One that is there: nothing could be landed again in a new one.
    let lake = config.open_lake()?;
    land_files(config, &lake, &files, args.reading.run_date.unwrap_or_else(today)).await
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
    /// Whether they are landed although they are landed already.
    again: bool,
}

impl Files {
    /// Those that a command line names.
    pub(crate) fn named(
        paths: &[PathBuf],
        reading: &Reading,
        config: &Config,
    ) -> anyhow::Result<Self> {
        let profiles = profile::load(config.root(), &reading.profiles)?;
        let named = reading.dataset.as_deref().map(known_dataset).transpose()?;
        let (paths, key) = (paths.to_vec(), config.pseudonym_key.clone());
        Ok(Self { paths, named, profiles, key, again: false })
    }

    /// The folders of an inbox that are named after a dataset.
    pub(crate) fn of_inbox(
        root: &str,
        inbox: &Path,
        key: Option<PseudonymKey>,
    ) -> anyhow::Result<Self> {
        let folders = DATASETS.iter().map(|dataset| inbox.join(dataset.name));
        let paths = folders.filter(|folder| folder.is_dir()).collect();
        Ok(Self { paths, named: None, profiles: profile::load(root, &[])?, key, again: false })
    }
}

/// Lands files, prints what became of each, and publishes one release if anything changed.
pub(crate) async fn land_files(
    config: &Config,
    lake: &Lake,
    files: &Files,
    run_date: NaiveDate,
) -> anyhow::Result<ExitCode> {
    let (sources, mut tally) = open_all(files).await?;
    let bar = progress(sources.iter().map(Source::bytes).sum());
    let mut draft = lake.draft(run_date).await?;
    let key = files.key.as_ref();
    let advanced = |bytes| bar.inc(bytes);
    let reports = if files.again {
        land_again(lake, &mut draft, &sources, key, config.memory, &advanced).await?
    } else {
        land(lake, &mut draft, &sources, key, config.memory, &advanced).await?
    };
    bar.finish_and_clear();
    for report in &reports {
        tally.count(report);
        print::line(&if files.again { told_again(report) } else { told(report) })?;
    }
    let others = tally.others();
    if draft.is_empty() {
        print::line(&format!("nothing changed: no release to publish; {others}"))?;
    } else {
        let id = lake.publish(draft, now()).await.context("publish the release")?.id;
        print::line(&format!("release {id} published: {} files landed; {others}", tally.landed))?;
    }
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_UNREAD) })
}

/// Opens every file; one that cannot be opened is told and does not stop the others.
pub(crate) async fn open_all(files: &Files) -> anyhow::Result<(Vec<Source>, Tally)> {
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
    let passed_over = contents.passed_over.len();
    if passed_over > 0 {
        print::line(&names_of(&contents.passed_over))?;
    }
    Ok((sources, Tally { failed: errors.len(), passed_over, ..Tally::default() }))
}

/// A line on the files that hold no data, the first of them by name.
fn names_of(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(NAMES_SHOWN).map(String::as_str).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    format!("{} files passed over, which hold no data: {}{more}", names.len(), shown.join(", "))
}

pub(crate) fn known_dataset(name: &str) -> anyhow::Result<&'static Dataset> {
    let known = || DATASETS.iter().map(|dataset| dataset.name).collect::<Vec<_>>().join(", ");
    dataset(name).with_context(|| format!("there is no dataset `{name}`; there are: {}", known()))
}

/// A bar over the bytes of all files; it shows on a terminal only.
fn progress(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
