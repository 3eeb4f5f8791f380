//! `carnac audit`: the audit log of the servers.

use std::process::ExitCode;

use anyhow::bail;
use carnac_lake::{Anchor, Chain, Journal};

use crate::args::AuditCommand;
use crate::config::Config;
use crate::print;

/// Runs `carnac audit`.
pub(crate) fn run(config: &Config, command: &AuditCommand) -> anyhow::Result<ExitCode> {
    let AuditCommand::Verify { anchor } = command;
    let Some(folder) = &config.audit_log else {
        bail!("there is no audit log: name its folder with --audit-log");
    };
    let chain = Journal::verify(folder, anchor.as_ref())?;
    for broken in &chain.broken {
        print::line(&format!("{}:{}: {}", broken.file, broken.line, broken.reason))?;
    }
    let is_anchored = anchor.is_none() || chain.is_anchored;
    if let Some(anchor) = anchor.as_ref().filter(|_| !is_anchored) {
        print::line(&format!(
            "line {} is not there as it was: the anchor does not hold",
            anchor.number
        ))?;
    }
    print::line(&summary(&chain))?;
    let holds = chain.broken.is_empty() && is_anchored;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn summary(chain: &Chain) -> String {
    let found = match chain.broken.len() {
        0 => "each follows the one before".to_owned(),
        1 => "1 does not hold".to_owned(),
        count => format!("{count} do not hold"),
    };
    let before = match chain.first {
        Some(first) if first > 1 => format!("\nthe lines before {first} are not here"),
        _ => String::new(),
    };
    let anchor = chain.last.as_ref().map(Anchor::to_string);
    let keep = anchor.map_or(String::new(), |anchor| format!("\nkeep elsewhere: {anchor}"));
    format!("verified {} lines in {} files: {found}{before}{keep}", chain.lines, chain.files)
}
