//! Runs `carnac refresh` when it is due, as a process of its own: what ends it ends no query.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use carnac_lake::Lake;
use chrono::{DateTime, Utc};
use tokio::process::Command;
use tokio::time::sleep;

use super::schedule::Schedule;
use crate::config::{Config, now, own_executable, today};
use crate::hook::Hook;
use crate::job::{BUSY, cannot_start};
use crate::print;

/// The longest time without a look at the clock, which may be set or have stood still.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// How long to wait for another refresh that works on the same dataset.
const BUSY_SLEEP: Duration = Duration::from_secs(60);

/// The command whose runs count.
const REFRESH: &str = "refresh";

/// Starts refreshes, one at a time.
pub(crate) struct Refresher<'a> {
    config: &'a Config,
    lake: Lake,
    schedule: Schedule,
    hook: Hook,
    /// When the last refresh began, whoever started it; when the server began if there was none.
    last: DateTime<Utc>,
}

impl<'a> Refresher<'a> {
    /// Looks up the last run, so that one that was missed is caught up.
    ///
    /// # Errors
    /// When the records of runs cannot be read, or the schedule is never due.
    pub(crate) async fn new(
        config: &'a Config,
        lake: Lake,
        schedule: Schedule,
        hook: Hook,
    ) -> anyhow::Result<Self> {
        let last = last_run(&lake).await?.unwrap_or_else(now);
        schedule.after(last)?;
        Ok(Self { config, lake, schedule, hook, last })
    }

    /// Makes the first release at once, where there is none: a server has nothing to serve before.
    ///
    /// # Errors
    /// When it is not known whether there is one.
    pub(crate) async fn first_release(&mut self) -> anyhow::Result<()> {
        if self.lake.latest().await?.is_none() {
            print::line("no release yet: the first refresh begins")?;
            let began = now();
            if self.refresh(began).await {
                self.last = began;
            }
        }
        Ok(())
    }

    /// Starts what is due, until it is dropped: then the refresh that runs is ended too, and is
    /// caught up by the next server.
    pub(crate) async fn keep(mut self) -> anyhow::Result<()> {
        loop {
            let due = self.schedule.after(self.last)?;
            print::line(&format!("refresh due at {}", due.format("%Y-%m-%d %H:%M %Z")))?;
            while let Some(wait) = time_to(due.with_timezone(&Utc)) {
                sleep(wait.min(LONGEST_SLEEP)).await;
            }
            let began = now();
            if self.refresh(began).await {
                self.last = began;
            } else {
                sleep(BUSY_SLEEP).await;
                let last = last_run(&self.lake).await.ok().flatten();
                self.last = self.last.max(last.unwrap_or(self.last));
            }
        }
    }

    /// Runs one refresh to its end; false when another one was at work.
    async fn refresh(&self, began: DateTime<Utc>) -> bool {
        let ended = self.run().await;
        let is = |code: u8| matches!(&ended, Ok(status) if status.code() == Some(code.into()));
        if is(BUSY) {
            return false;
        }
        let is_recorded = match last_run(&self.lake).await {
            Ok(last) => last.is_some_and(|last| last >= began),
            Err(error) => {
                print::remark(&format!("warning: {error:#}"));
                true
            }
        };
        if !is(0) && !is_recorded {
            // A process that was killed tells nobody.
            let error = match ended {
                Ok(status) => anyhow::anyhow!("the refresh ended by {status}"),
                Err(error) => error,
            };
            print::remark(&format!("error: {error:#}"));
            let run = cannot_start(self.config, REFRESH, today(), &error).await;
            self.hook.after(&run).await;
        }
        true
    }

    async fn run(&self) -> anyhow::Result<ExitStatus> {
        let mut command = Command::new(own_executable()?);
        command.args(&self.config.flags).arg(REFRESH).stdin(Stdio::null()).kill_on_drop(true);
        // Not among the arguments, which the whole machine sees.
        if let Some(text) = &self.hook.command {
            command.env("CARNAC_ON_FAILURE", text);
        }
        if let Some(url) = &self.hook.url {
            command.env("CARNAC_ON_FAILURE_URL", url.as_str());
        }
        let mut child = command.spawn().context("start the refresh")?;
        child.wait().await.context("wait for the refresh")
    }
}

/// How long it is to a time that has not come.
fn time_to(due: DateTime<Utc>) -> Option<Duration> {
    (due - now()).to_std().ok().filter(|wait| !wait.is_zero())
}

/// When the last refresh began.
async fn last_run(lake: &Lake) -> anyhow::Result<Option<DateTime<Utc>>> {
    let runs = lake.runs().await?;
    Ok(runs.iter().filter(|run| run.command == REFRESH).map(|run| run.started_at).max())
}
