//! The certificate of the server: the files that hold it and its key, read again at SIGHUP.

use std::path::{Path, PathBuf};

use anyhow::Context;
use carnac_server::{Security, Tls};

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

    /// Reads both files again, for the connections to come.
    ///
    /// # Errors
    /// As [`Certificate::read`]; the one that was read remains.
    pub(super) fn again(&self) -> anyhow::Result<()> {
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
