//! Settings: configuration file, then environment, then flags. The only reader of the
//! environment and of the clock.

use std::env::VarError;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use carnac_ingest::PseudonymKey;
use carnac_lake::{DEFAULT_MEMORY, Journal, Lake};
use carnac_query::{Access, Gateway, Limits, Principal, Views};
use chrono::{DateTime, Local, NaiveDate, Utc};
use chrono_tz::Tz;
use reqwest::Url;
use serde::Deserialize;

use crate::args::{Anonymous, Args, Listen, OnFailure, Serve};
use crate::hook::Hook;
use crate::serve::{Certificate, Collector};

/// Holds the secret of the respondents' pseudonyms. Clap is not told of it: it would show it.
pub(crate) const KEY_VARIABLE: &str = "CARNAC_PSEUDONYM_KEY";

/// Where the file is looked for when none is named.
const FILE: &str = "carnac.toml";

/// Bytes for each query that may run: what one of a dashboard takes while it is planned and read, with another
/// that is planned beside it.
const OF_A_QUERY: usize = 24 * 1024 * 1024;

/// Queries that run at once in little memory.
const FEWEST: usize = 4;

/// What the configuration file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    root: Option<String>,
    sql: Option<PathBuf>,
    memory_mib: Option<usize>,
    cache_mib: Option<usize>,
    listen: Option<SocketAddr>,
    postgres: Option<SocketAddr>,
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    audit_log: Option<PathBuf>,
    insecure_loopback: Option<bool>,
    queries: Option<NonZeroUsize>,
    query_seconds: Option<NonZeroU32>,
    anonymous: Option<Anonymous>,
    pseudonym_key_file: Option<PathBuf>,
    refresh: Option<String>,
    refresh_timezone: Option<String>,
    on_failure: Option<String>,
    on_failure_url: Option<String>,
    otlp: Option<String>,
}

/// The settings of one run.
#[derive(Debug)]
pub(crate) struct Config {
    /// Whether there was a configuration file.
    pub(crate) has_file: bool,
    /// The lake as it was named, if it was.
    pub(crate) named_root: Option<String>,
    /// Memory for merging or querying, in bytes.
    pub(crate) memory: usize,
    cache_mib: Option<usize>,
    /// Address to listen on when the command names none.
    pub(crate) listen: SocketAddr,
    /// Address to speak the PostgreSQL protocol on when the command names none.
    pub(crate) postgres: Option<SocketAddr>,
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    insecure_loopback: bool,
    queries: Option<NonZeroUsize>,
    query_seconds: Option<NonZeroU32>,
    /// Who asks without a token when the command names nobody.
    anonymous: Option<Anonymous>,
    /// The secret of the respondents' pseudonyms, without which no survey lands.
    pub(crate) pseudonym_key: Option<PseudonymKey>,
    /// When the server refreshes, as a cron expression, and in which time zone.
    pub(crate) refresh: Option<String>,
    pub(crate) refresh_timezone: Tz,
    /// What another process of this program is to be told before its command.
    pub(crate) flags: Vec<OsString>,
    hook: Hook,
    /// Where traces of queries are sent when the command names nowhere.
    otlp: Option<Url>,
    sql: Option<PathBuf>,
    /// The folder of the audit log.
    pub(crate) audit_log: Option<PathBuf>,
}

impl Config {
    /// Reads the file, if any, and puts environment and flags over it.
    pub(crate) fn load(args: &Args) -> anyhow::Result<Self> {
        let found = match &args.config {
            Some(path) => Some(read(path)?),
            None if Path::new(FILE).try_exists()? => Some(read(Path::new(FILE))?),
            None => None,
        };
        let has_file = found.is_some();
        let file = found.unwrap_or_default();
        let mib = args.memory_mib.or(file.memory_mib);
        Ok(Self {
            has_file,
            named_root: args.root.clone().or(file.root),
            memory: mib.map_or(DEFAULT_MEMORY, bytes),
            cache_mib: file.cache_mib,
            listen: file.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 50051))),
            postgres: file.postgres,
            tls_certificate: file.tls_certificate,
            tls_key: file.tls_key,
            insecure_loopback: file.insecure_loopback.unwrap_or(false),
            queries: file.queries,
            query_seconds: file.query_seconds,
            anonymous: file.anonymous,
            pseudonym_key: pseudonym_key(args, file.pseudonym_key_file.as_deref())?,
            refresh: file.refresh,
            refresh_timezone: parsed("refresh_timezone", file.refresh_timezone)?
                .unwrap_or(Tz::Europe__Paris),
            flags: args.global_flags(),
            hook: Hook {
                command: file.on_failure,
                url: parsed("on_failure_url", file.on_failure_url)?,
            },
            otlp: parsed("otlp", file.otlp)?,
            sql: args.sql.clone().or(file.sql),
            audit_log: args.audit_log.clone().or(file.audit_log),
        })
    }

    /// Returns the lake's folder or address.
    pub(crate) fn root(&self) -> &str {
        self.named_root.as_deref().unwrap_or("lake")
    }

    /// Returns whom to tell that a refresh failed.
    pub(crate) fn hook(&self, args: &OnFailure) -> Hook {
        Hook {
            command: args.on_failure.clone().or_else(|| self.hook.command.clone()),
            url: args.on_failure_url.clone().or_else(|| self.hook.url.clone()),
        }
    }

    /// Starts to send traces where a server with these arguments is to, if anywhere.
    pub(crate) fn collector(&self, args: &Serve) -> anyhow::Result<Option<Collector>> {
        args.otlp.as_ref().or(self.otlp.as_ref()).map(Collector::start).transpose()
    }

    /// Returns where a server with these arguments listens.
    pub(crate) fn address(&self, args: &Listen) -> SocketAddr {
        args.listen.unwrap_or(self.listen)
    }

    /// Reads the certificate of a server with these arguments; none when it is to do without.
    pub(crate) fn certificate(&self, args: &Serve) -> anyhow::Result<Option<Certificate>> {
        let named = |flag: &Option<PathBuf>, file: &Option<PathBuf>| flag.clone().or(file.clone());
        let certificate = named(&args.tls_certificate, &self.tls_certificate);
        match (certificate, named(&args.tls_key, &self.tls_key)) {
            (Some(certificate), Some(key)) => Certificate::read(certificate, key).map(Some),
            (None, None) if args.insecure_loopback || self.insecure_loopback => Ok(None),
            (None, None) => {
                bail!(carnac_server::Error::InTheClear { address: self.address(&args.listen) })
            }
            (Some(_), None) => bail!("a certificate without its key: name it with --tls-key"),
            (None, Some(_)) => {
                bail!("a key without its certificate: name it with --tls-certificate")
            }
        }
    }

    /// Returns who asks a server with these arguments without a token: unless that is said, an analyst where
    /// only programs of this machine come, and nobody where others may.
    pub(crate) fn anonymous(
        &self,
        args: &Listen,
        certificate: Option<&Certificate>,
    ) -> Option<Principal> {
        let unsaid = if certificate.is_some() { Anonymous::Nobody } else { Anonymous::Analyst };
        args.anonymous.or(self.anonymous).unwrap_or(unsaid).principal()
    }

    /// Makes the access to a lake, for a server with these arguments.
    pub(crate) async fn access(
        &self,
        lake: Lake,
        args: &Listen,
        certificate: Option<&Certificate>,
    ) -> anyhow::Result<Access> {
        let access = Access::new(lake, self.anonymous(args, certificate), now)?;
        Ok(match args.provider()? {
            Some(provider) => access.trusting(provider).await?,
            None => access,
        })
    }

    /// Opens a lake to read.
    pub(crate) fn open_lake(&self) -> anyhow::Result<Lake> {
        Ok(self.with_audit_log(Lake::open(self.root(), &storage_options())?))
    }

    /// Opens a lake to land data in.
    pub(crate) fn create_lake(&self, root: &str) -> anyhow::Result<Lake> {
        Ok(self.with_audit_log(Lake::create(root, &storage_options())?))
    }

    fn with_audit_log(&self, lake: Lake) -> Lake {
        match &self.audit_log {
            Some(folder) => lake.with_journal(folder.clone()),
            None => lake,
        }
    }

    /// Makes the gateway of a lake for a server with these arguments, which writes down what is asked;
    /// others of the process may take `beside` bytes.
    pub(crate) fn door(&self, lake: Lake, args: &Listen, beside: usize) -> anyhow::Result<Gateway> {
        let kept = args.cache_mib.or(self.cache_mib).map_or(self.memory / 32, bytes);
        let gateway = self.gateway(lake)?.keeping(kept);
        let gateway = gateway.counting(crate::memory::COUNTS, beside);
        let gateway = gateway.within(self.limits(args, self.memory))?;
        Ok(match &self.audit_log {
            Some(folder) => {
                gateway.recorded(Journal::open(folder, now, env!("CARGO_PKG_VERSION"))?)
            }
            None => gateway,
        })
    }

    /// Loads the SQL files.
    pub(crate) fn views(&self) -> anyhow::Result<Views> {
        Ok(match &self.sql {
            Some(folder) => Views::from_folder(folder)?,
            None => Views::embedded()?,
        })
    }

    /// Makes the gateway of a lake.
    pub(crate) fn gateway(&self, lake: Lake) -> anyhow::Result<Gateway> {
        Ok(Gateway::new(lake, self.views()?, self.memory))
    }

    /// Returns what queries of the server may take, that has so many bytes for them.
    pub(crate) fn limits(&self, args: &Listen, memory: usize) -> Limits {
        let mut limits = Limits::default();
        let queries = args.queries.or(self.queries).map(NonZeroUsize::get);
        limits.running = queries.unwrap_or_else(|| queries_in(memory, limits.running));
        if let Some(seconds) = args.query_seconds.or(self.query_seconds) {
            limits.time = Duration::from_secs(seconds.get().into());
        }
        limits
    }
}

/// Returns how many queries run at once in so many bytes, if nobody says so.
fn queries_in(memory: usize, most: usize) -> usize {
    (memory / OF_A_QUERY).clamp(FEWEST, most)
}

/// So many MiB.
fn bytes(mib: usize) -> usize {
    mib.saturating_mul(1024 * 1024)
}

fn read(path: &Path) -> anyhow::Result<File> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("read configuration {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("read configuration {}", path.display()))
}

/// A value of the configuration file; what does not fit is named, not shown: it may be a secret.
fn parsed<T: FromStr>(key: &str, value: Option<String>) -> anyhow::Result<Option<T>> {
    let parse =
        |value: String| value.parse().ok().with_context(|| format!("read the setting {key}"));
    value.map(parse).transpose()
}

/// The key of the file that a flag names, else of the environment, else of the file that the
/// configuration names. Errors name the place, never the key.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn pseudonym_key(args: &Args, configured: Option<&Path>) -> anyhow::Result<Option<PseudonymKey>> {
    let of_file = |path: &Path| {
        let place = || format!("read the pseudonym key {}", path.display());
        let text = std::fs::read_to_string(path).with_context(place)?;
        PseudonymKey::parse(&text).with_context(place)
    };
    if let Some(path) = &args.pseudonym_key_file {
        return of_file(path).map(Some);
    }
    match std::env::var(KEY_VARIABLE) {
        Ok(text) => {
            PseudonymKey::parse(&text).with_context(|| format!("read {KEY_VARIABLE}")).map(Some)
        }
        Err(VarError::NotUnicode(_)) => bail!("read {KEY_VARIABLE}: it is not UTF-8 text"),
        Err(VarError::NotPresent) => configured.map(of_file).transpose(),
    }
}

/// The storage's own settings, as every S3 tool reads them.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(crate) fn storage_options() -> Vec<(String, String)> {
    std::env::vars()
        .filter(|(name, _)| name.starts_with("AWS_"))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect()
}

/// The file of this program.
pub(crate) fn own_executable() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("find the program's own file")
}

/// The time of the run.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The date of the run, where it runs.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub(crate) fn today() -> NaiveDate {
    Local::now().date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_queries_run_as_have_memory() {
        let found = [8, 96, 256, 512, 1536, 8192].map(|mib| queries_in(bytes(mib), 64));
        assert_eq!(found, [4, 4, 10, 21, 64, 64]);
    }
}
