//! The record of a run: begun before anything is read, written when all is over.

use std::hash::{BuildHasher, Hasher, RandomState};

use carnac_model::{Run, RunOutcome};
use chrono::NaiveDate;

use super::Ended;
use crate::config::{Config, now};
use crate::{print, told};

/// Begins the record of a run: failed, until it is not.
pub(crate) fn start(command: &str, run_date: NaiveDate) -> Run {
    let started_at = now();
    Run {
        id: format!("{}-{:08x}", started_at.format("%Y%m%dT%H%M%S%3fZ"), random()),
        command: command.to_owned(),
        started_at,
        finished_at: started_at,
        run_date,
        outcome: RunOutcome::Failed,
        release: None,
        base: None,
        error: None,
        unread: Vec::new(),
        partitions: Vec::new(),
        audits: Vec::new(),
    }
}

/// A random number.
pub(super) fn random() -> u32 {
    // The standard library's only source of them.
    u32::try_from(RandomState::new().build_hasher().finish() >> 32).unwrap_or_default()
}

/// Says how the run ended.
pub(super) fn end(run: &mut Run, ended: &anyhow::Result<Ended>) {
    run.finished_at = now();
    (run.outcome, run.error) = match ended {
        Ok(Ended::Published { .. }) => (RunOutcome::Published, None),
        Ok(Ended::Unchanged { unread: 0 }) => (RunOutcome::Unchanged, None),
        Ok(Ended::Unchanged { unread }) => {
            (RunOutcome::Failed, Some(format!("{unread} files could not be read")))
        }
        Ok(Ended::Blocked(count)) => {
            (RunOutcome::Failed, Some(format!("{count} blocking audits failed")))
        }
        Err(error) => (RunOutcome::Failed, Some(told(error))),
    };
}

/// Records a run that could not start, where there is a lake with a release to record it in, and
/// returns the record.
pub(crate) async fn cannot_start(
    config: &Config,
    command: &str,
    run_date: NaiveDate,
    error: &anyhow::Error,
) -> Run {
    let mut run = start(command, run_date);
    run.error = Some(told(error));
    let Ok(lake) = config.open_lake() else { return run };
    let Ok(Some(base)) = lake.latest().await else { return run };
    run.base = Some(base.id);
    if let Err(error) = lake.record_run(&run).await {
        print::remark(&format!("warning: this run is not recorded: {error}"));
    }
    run
}
