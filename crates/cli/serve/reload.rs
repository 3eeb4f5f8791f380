//! What a server that runs is told anew, at SIGHUP: its certificate, and settings for the queries to come.

use anyhow::{Context, bail};
use carnac_query::{Access, Gateway};
use tokio::signal::unix::{SignalKind, signal};

use super::Certificate;
use crate::args::{Args, Listen};
use crate::config::Config;
use crate::print;

/// A server, and what it was told when it started.
pub(super) struct Told<'s> {
    pub(super) config: &'s Config,
    pub(super) all: &'s Args,
    pub(super) args: &'s Listen,
    pub(super) certificate: Option<Certificate>,
    pub(super) gateway: &'s Gateway,
    pub(super) access: &'s Access,
}

impl Told<'_> {
    /// Reads all again at each SIGHUP, for ever; what is wrong remains as it was.
    pub(super) async fn keep(self) -> anyhow::Result<()> {
        let mut hangup = signal(SignalKind::hangup()).context("listen for SIGHUP")?;
        while hangup.recv().await.is_some() {
            if let Some(certificate) = &self.certificate {
                say(
                    "the certificate was read again",
                    "the certificate remains",
                    certificate.again(),
                );
            }
            let read = "queries, query_seconds and anonymous were read again, and what else there is \
                        will be at the next start";
            say(read, "the settings remain", self.settings());
        }
        Ok(())
    }

    fn settings(&self) -> anyhow::Result<()> {
        let config = Config::load(self.all)?;
        // Without it who asks could be more than it says: it may be about to be there again.
        if self.config.has_file && !config.has_file {
            bail!("the configuration file is gone");
        }
        self.gateway.limit(config.limits(self.args, self.config.memory))?;
        self.access.admit(config.anonymous(self.args, self.certificate.as_ref()));
        Ok(())
    }
}

fn say(read: &str, remains: &str, again: anyhow::Result<()>) {
    match again {
        Ok(()) => print::remark(read),
        Err(error) => print::remark(&format!("warning: {remains}: {error:#}")),
    }
}
