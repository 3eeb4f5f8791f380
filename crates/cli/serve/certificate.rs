//! The certificate of the server: the files that hold it and its key, read again at SIGHUP.

use std::path::{Path, PathBuf};

use anyhow::Context;
use carnac_server::{Security, Tls};
use tokio::signal::unix::{SignalKind, signal};

use crate::print;

/// A certificate that was read.
pub(crate) struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    tls: Tls,
}

impl Certificate {
    /// # Errors
    /// When a file cannot be read, or they hold no certificate and its key.
    pub(crate) fn read(certificate: PathBuf, key: PathBuf) -> anyhow::Result<Self> {
        let told = || told(&certificate, &key);
        let tls = Tls::of(&bytes(&certificate)?, &bytes(&key)?).with_context(told)?;
        Ok(Self { certificate, key, tls })
    }

    fn again(&self) -> anyhow::Result<()> {
        let (certificate, key) = (bytes(&self.certificate)?, bytes(&self.key)?);
        self.tls.renew(&certificate, &key).with_context(|| told(&self.certificate, &self.key))
    }
}

fn told(certificate: &Path, key: &Path) -> String {
    format!("TLS by {} and {}", certificate.display(), key.display())
}

fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("read {}", path.display()))
}

/// Returns how tokens travel.
pub(super) fn security(certificate: Option<&Certificate>) -> Security {
    match certificate {
        Some(certificate) => Security::Tls(certificate.tls.clone()),
        None => Security::Loopback,
    }
}

/// Reads the certificate again at each SIGHUP, for ever; without one, there is nothing to do.
pub(super) async fn keep(certificate: Option<Certificate>) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup()).context("listen for SIGHUP")?;
    while hangup.recv().await.is_some() {
        let Some(certificate) = &certificate else { continue };
        match certificate.again() {
            Ok(()) => print::remark("the certificate was read again"),
            Err(error) => print::remark(&format!("warning: the certificate remains: {error:#}")),
        }
    }
    Ok(())
}
