//! `carnac upkeep`: small files become one, files that no release needs go.

use std::process::ExitCode;

use anyhow::Context;
use carnac_lake::{Lake, Rewrite, Unneeded, Upkeep as Aims};
use carnac_model::{Release, Run, RunOutcome};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::args::Upkeep;
use crate::config::{Config, now};
use crate::{job, print, told};

/// Runs `carnac upkeep`.
pub(crate) async fn run(config: &Config, args: &Upkeep) -> anyhow::Result<ExitCode> {
    let lake = config.open_lake()?;
    let base = lake.newest().await?;
    let aims = args.aims();
    if args.plan {
        tell_rewrites(&lake.rewrites(&base, &aims).await?, "to be written")?;
        return tell_unneeded(&lake.unneeded(&aims, now()).await?, "to be removed");
    }
    let mut run = job::start("upkeep", base.run_date);
    run.base = Some(base.id);
    let ended = work(config, &lake, &base, &aims, &mut run).await;
    run.finished_at = now();
    if let Err(error) = &ended {
        (run.outcome, run.error) = (RunOutcome::Failed, Some(told(error)));
    }
    lake.record_run(&run).await.context("record the run")?;
    ended
}

/// Rewrite, publish, remove.
async fn work(
    config: &Config,
    lake: &Lake,
    base: &Release,
    aims: &Aims,
    run: &mut Run,
) -> anyhow::Result<ExitCode> {
    let rewrites = lake.rewrites(base, aims).await?;
    run.outcome = RunOutcome::Unchanged;
    if !rewrites.is_empty() {
        let mut draft = lake.draft(base.run_date).await?;
        let bar = progress(rewrites.len());
        for rewrite in &rewrites {
            lake.rewrite(&mut draft, rewrite, aims, config.memory).await?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        let release = lake.publish(draft, now()).await.context("publish the release")?;
        (run.outcome, run.release) = (RunOutcome::Published, Some(release.id));
        tell_rewrites(&rewrites, "written")?;
        print::line(&format!("release {} published: the rows of {}", release.id, base.id))?;
    }
    let unneeded = lake.unneeded(aims, now()).await?;
    let bar = progress(unneeded.count());
    lake.remove(&unneeded, now(), &|| bar.inc(1)).await?;
    bar.finish_and_clear();
    tell_unneeded(&unneeded, "removed")
}

fn tell_rewrites(rewrites: &[Rewrite], written: &str) -> anyhow::Result<()> {
    for Rewrite { table, partitions, commits } in rewrites {
        for (partition, files) in partitions {
            let (count, bytes) = (files.len(), HumanBytes(files.iter().sum()));
            print::line(&format!("{table} {partition}: {count} files, {bytes}, {written} as one"))?;
        }
        if let Some(commits) = commits {
            print::line(&format!(
                "{table}: checkpoint {written}, {commits} commits after the last"
            ))?;
        }
    }
    Ok(())
}

/// A table that is refused makes the run a failure.
fn tell_unneeded(unneeded: &Unneeded, removed: &str) -> anyhow::Result<ExitCode> {
    for (table, (files, bytes)) in &unneeded.tables {
        print::line(&format!("{table}: {files} files, {}, {removed}", HumanBytes(*bytes)))?;
    }
    let mut status = ExitCode::SUCCESS;
    for (table, damage) in &unneeded.refused {
        let text = format!("{table}: no file {removed}, as its log is damaged: {damage}");
        status = print::failure(&text);
    }
    let (kept, retired) = (unneeded.kept.len(), unneeded.retired.len());
    let (count, bytes) = (unneeded.count(), HumanBytes(unneeded.bytes()));
    print::line(&format!(
        "{count} files, {bytes}, {removed}; {kept} releases kept, {retired} retired"
    ))?;
    Ok(status)
}

/// A bar over tables or files; it shows on a terminal only.
pub(crate) fn progress(count: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}");
    let bar = ProgressBar::new(count as u64);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
