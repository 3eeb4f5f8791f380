//! `carnac ingest` and `quarantine replay`: named files in, one release out, a report a file.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use carnac_model::{DATASETS, Dataset, dataset};

use crate::args::{Ingest, Reading, Replay};
use crate::config::{Config, today};
use crate::job::{Files, Job, LandAgain};
use crate::profile;

/// Runs `carnac ingest`.
pub(crate) async fn run(config: &Config, args: &Ingest) -> anyhow::Result<ExitCode> {
    let files = named(&args.paths, &args.reading, config)?;
    let lake = config.create_lake(config.root())?;
    let run_date = args.reading.run_date.unwrap_or_else(today);
    let declared = args.expect_drop.clone();
    Job { config, lake, command: "ingest", files, run_date, declared }.run().await
}

/// Runs `carnac quarantine replay`.
pub(crate) async fn replay(config: &Config, args: &Replay) -> anyhow::Result<ExitCode> {
    let mut files = named(&args.paths, &args.reading, config)?;
    files.again = LandAgain::Yes;
    // One that is there: nothing could be landed again in a new one.
    let lake = config.open_lake()?;
    let run_date = args.reading.run_date.unwrap_or_else(today);
    let declared = args.expect_drop.clone();
    Job { config, lake, command: "quarantine replay", files, run_date, declared }.run().await
}

/// The files that a command line names.
pub(crate) fn named(
    paths: &[PathBuf],
    reading: &Reading,
    config: &Config,
) -> anyhow::Result<Files> {
    let profiles = profile::load(config.root(), &reading.profiles)?;
    let named = reading.dataset.as_deref().map(known_dataset).transpose()?;
    let (paths, key) = (paths.to_vec(), config.pseudonym_key.clone());
    Ok(Files { paths, named, profiles, key, only: Vec::new(), again: LandAgain::No })
}

pub(crate) fn known_dataset(name: &str) -> anyhow::Result<&'static Dataset> {
    let known = || DATASETS.iter().map(|dataset| dataset.name).collect::<Vec<_>>().join(", ");
    dataset(name).with_context(|| format!("there is no dataset `{name}`; there are: {}", known()))
}
