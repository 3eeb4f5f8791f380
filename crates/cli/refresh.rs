//! `carnac refresh`: what is new in the inbox, or a past period again, in one release.

mod plan;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use carnac_ingest::PseudonymKey;
use carnac_lake::{Draft, Lake};
use carnac_model::{DATASETS, Dataset, Input};
use chrono::{Datelike, NaiveDate};

use crate::args::Refresh;
use crate::config::{Config, today};
use crate::ingest::known_dataset;
use crate::job::{BUSY, Files, Job, LandAgain, cannot_start};
use crate::lease::Leases;
use crate::{print, profile};

/// Runs `carnac refresh`; a run that cannot start is recorded too. Whom to tell of a failure is
/// told last, when the next run may begin.
pub(crate) async fn run(config: &Config, args: &Refresh) -> anyhow::Result<ExitCode> {
    let run_date = args.run_date.unwrap_or_else(today);
    if args.plan {
        return plan::run(config, args, inbox_files(config, args)?, run_date).await;
    }
    let (run, code) = match prepare(config, args, run_date).await {
        Ok((job, leases)) => {
            let ended = job.recorded().await;
            leases.give_back().await;
            ended
        }
        Err(error) if is_busy(&error) => {
            print::remark(&format!("error: {error}"));
            return Ok(ExitCode::from(BUSY));
        }
        Err(error) => (cannot_start(config, "refresh", run_date, &error).await, Err(error)),
    };
    config.hook(&args.on_failure).after(&run).await;
    code
}

/// Takes the leases of the datasets that may land, and says what is to do.
async fn prepare<'c>(
    config: &'c Config,
    args: &Refresh,
    run_date: NaiveDate,
) -> anyhow::Result<(Job<'c>, Leases)> {
    let files = inbox_files(config, args)?;
    let lake = config.create_lake(config.root())?;
    let draft = lake.draft(run_date).await?;
    let leases = Leases::take(&lake, draft.base(), &files.datasets()).await?;
    let again = match asked_for(&lake, &draft, args, &files.only).await {
        Ok(again) => again,
        Err(error) => {
            leases.give_back().await;
            return Err(error);
        }
    };
    let (files, declared) = (Files { again, ..files }, args.expect_drop.clone());
    Ok((Job { config, lake, command: "refresh", files, run_date, declared }, leases))
}

fn is_busy(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(carnac_lake::Error::Leased { .. }))
}

/// The files of the inbox, as far as they are of the datasets asked for.
fn inbox_files(config: &Config, args: &Refresh) -> anyhow::Result<Files> {
    let only: Vec<_> =
        args.dataset.iter().map(|name| known_dataset(name)).collect::<anyhow::Result<_>>()?;
    let inbox = match &args.inbox {
        Some(inbox) => inbox.clone(),
        None if config.root().contains("://") => {
            PathBuf::from(format!("{}/inbox", config.root().trim_end_matches('/')))
        }
        None => Path::new(config.root()).join("inbox"),
    };
    of_inbox(config.root(), &inbox, only, config.pseudonym_key.clone())
}

/// The folders of an inbox that are named after a dataset; all of an inbox in a bucket.
pub(crate) fn of_inbox(
    root: &str,
    inbox: &Path,
    only: Vec<&'static Dataset>,
    key: Option<PseudonymKey>,
) -> anyhow::Result<Files> {
    let is_address = inbox.to_str().is_some_and(|text| text.contains("://"));
    if !is_address && !inbox.is_dir() {
        bail!("there is no inbox {}: make it, with one folder a dataset in it", inbox.display());
    }
    let wanted = if only.is_empty() { DATASETS.to_vec() } else { only.clone() };
    let folders = wanted.iter().map(|dataset| inbox.join(dataset.name));
    let paths = if is_address {
        vec![inbox.to_owned()]
    } else {
        folders.filter(|folder| folder.is_dir()).collect()
    };
    let profiles = profile::load(root, &[])?;
    Ok(Files { paths, named: None, profiles, key, only, again: LandAgain::No })
}

/// The landed sources that are to land again, each with the date by which it was checked.
///
/// Of a release record that does not say, it is the run date of the release in which the source
/// arrived; when that record is gone, the run date of the newest.
async fn asked_for(
    lake: &Lake,
    draft: &Draft,
    args: &Refresh,
    only: &[&'static Dataset],
) -> anyhow::Result<LandAgain> {
    let Some(base) = draft.base().filter(|_| args.asks_again()) else { return Ok(LandAgain::No) };
    let is_of = |source: &str| {
        let dataset = source.split_once('/').map_or(source, |(dataset, _)| dataset);
        only.is_empty() || only.iter().any(|only| only.name == dataset)
    };
    let mut dates = BTreeMap::new();
    for (source, input) in base.inputs.iter().filter(|(source, _)| is_of(source)) {
        if !includes(args, input) {
            continue;
        }
        let date = match input.run_date {
            Some(date) => date,
            None => lake.record(input.release).await.map_or(base.run_date, |r| r.run_date),
        };
        dates.insert(source.clone(), date);
    }
    Ok(LandAgain::These(dates))
}

/// Whether a source has rows of what is asked for. What has no date is of every day.
fn includes(args: &Refresh, input: &Input) -> bool {
    let is_asked = |period: &String| match (&args.period, args.since) {
        (Some(asked), _) => asked.as_str() == period,
        (_, Some(since)) => reaches(period, since),
        (None, None) => args.all,
    };
    (args.all && input.periods.is_empty()) || input.periods.iter().any(is_asked)
}

/// Whether a period holds a day from `since` on.
fn reaches(period: &str, since: NaiveDate) -> bool {
    let (year, month) = period.split_once('-').unwrap_or((period, "12"));
    let last: Option<(i32, u32)> = year.parse().ok().zip(month.parse().ok());
    last.is_none_or(|last| last >= (since.year(), since.month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_reaches_a_day_until_its_last_one() {
        let since = NaiveDate::from_ymd_opt(2024, 6, 30).unwrap();
        for (period, expected) in [
            ("2023", false),
            ("2024", true),
            ("2025", true),
            ("2024-05", false),
            ("2024-06", true),
            ("all", true),
            ("undated", true),
        ] {
            assert_eq!(reaches(period, since), expected, "{period}");
        }
    }
}
