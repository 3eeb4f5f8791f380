//! The program itself, killed anywhere in a night.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::night::{Night, open, seen};
use super::{all, tell};
use crate::support::CARNAC;

/// What a killed run logs: enough lines that they are spread over all that it does.
const LOG: &str = "warn,carnac_lake=trace,deltalake_core=debug,datafusion=debug,object_store=debug";

/// Runs `carnac refresh`, killed once it has logged so many lines; returns those, and whether it
/// ended well.
fn refresh(place: &Path, inbox: &Path, lines: usize) -> (Vec<String>, bool) {
    let mut child = Command::new(CARNAC)
        .env_clear()
        .args(["--log", LOG, "--root"])
        .arg(place.join("lake"))
        .args(["refresh", "--run-date", "2025-12-31", "--inbox"])
        .arg(inbox)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap()).lines();
    let logged: Vec<_> = log.take(lines).map(Result::unwrap).collect();
    if logged.len() == lines {
        // It may be over already.
        child.kill().unwrap_or_default();
    }
    (logged, child.wait().unwrap().success())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_refresh_leaves_one_release_whole_and_the_next_one_completes_it() {
    let kills = if all() { 200 } else { 6 };
    let night = Night::prepare().await;
    let (log, ended_well) = refresh(night.copy().path(), &night.inbox(), usize::MAX);
    let lines = log.len();
    assert!(ended_well && lines > 100, "{lines} lines");
    let (mut old, mut new, mut acknowledged) = (0, 0, 0);
    for kill in 0..kills {
        let place = night.copy();
        // Half of them spread evenly, half in the last lines, where it publishes; where the program is
        // by then is up to the machine.
        let line = if kill % 2 == 0 { 1 + lines * kill / kills } else { lines - kill / 2 };
        let (_, ended_well) = refresh(place.path(), &night.inbox(), line);
        let left = seen(&open(place.path())).await.unwrap();
        assert!(left == night.before || left == night.after, "kill {kill} of {kills}:\n{left}");
        assert!(left == night.after || !ended_well, "kill {kill} of {kills}: a release is lost");
        old += usize::from(left == night.before);
        new += usize::from(left == night.after);
        acknowledged += usize::from(ended_well);
        let (log, ended_well) = refresh(place.path(), &night.inbox(), usize::MAX);
        let last = || log[log.len().saturating_sub(20)..].join("\n");
        assert!(ended_well, "kill {kill}: the next run:\n{}", last());
        assert_eq!(seen(&open(place.path())).await.unwrap(), night.after, "kill {kill}");
    }
    tell(&format!(
        "{kills} kills in {lines} lines of log: {old} old, {new} new, {acknowledged} ended"
    ));
}
