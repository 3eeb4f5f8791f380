//! What is done after a refresh that failed: a command, a call of an address, or both.

use std::io::{Seek, Write};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use carnac_model::{Run, RunOutcome};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use tokio::process::Command;
use tokio::time::timeout;

use crate::config::KEY_VARIABLE;
use crate::print;

/// How long a command or a call may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whom to tell that a refresh failed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hook {
    /// A command for `sh -c`.
    pub(crate) command: Option<String>,
    /// Where the record is sent.
    pub(crate) url: Option<Url>,
}

impl Hook {
    /// Tells of a run, unless all went well. That the hook itself fails is told and changes
    /// nothing.
    pub(crate) async fn after(&self, run: &Run) {
        let Some(error) = wrong(run) else { return };
        let told = async {
            let record = serde_json::to_vec_pretty(run).context("write the record")?;
            if let Some(command) = &self.command {
                let ran = timeout(PATIENCE, execute(command, run, &error, &record)).await;
                ran.context("it took too long").flatten().context("run the command")?;
            }
            if let Some(url) = &self.url {
                send(url.clone(), record).await.context("call the address")?;
            }
            anyhow::Ok(())
        };
        if let Err(error) = told.await {
            print::remark(&format!("warning: nobody was told of the failure: {error:#}"));
        }
    }
}

/// What went wrong in a run, in words.
fn wrong(run: &Run) -> Option<String> {
    if run.outcome != RunOutcome::Failed && run.unread.is_empty() {
        return None;
    }
    let unread = || format!("{} files could not be read", run.unread.len());
    Some(run.error.clone().unwrap_or_else(unread))
}

async fn execute(command: &str, run: &Run, error: &str, record: &[u8]) -> anyhow::Result<()> {
    // A file, as a pipe would wait for a command that does not read it.
    let mut input = tempfile::tempfile()?;
    input.write_all(record)?;
    input.rewind()?;
    let mut child = Command::new("sh")
        .args(["-c", command])
        .env_remove(KEY_VARIABLE)
        .env("CARNAC_RUN_ID", &run.id)
        .env("CARNAC_OUTCOME", run.outcome.name())
        .env("CARNAC_ERROR", error)
        .stdin(Stdio::from(input))
        .kill_on_drop(true)
        .spawn()?;
    let status = child.wait().await?;
    if status.success() { Ok(()) } else { bail!("{status}") }
}

/// Errors leave the address out: it may hold a token.
async fn send(url: Url, record: Vec<u8>) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let request = client.post(url).header(CONTENT_TYPE, "application/json").body(record);
    let sent = request.send().await.and_then(reqwest::Response::error_for_status);
    sent.map_err(reqwest::Error::without_url)?;
    Ok(())
}
