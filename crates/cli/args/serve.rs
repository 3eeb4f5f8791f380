//! Arguments of `carnac serve`, and the hook that it shares with `carnac refresh`.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use carnac_query::{Jwks, Principal, Provider};
use chrono_tz::Tz;
use clap::ValueEnum;
use reqwest::Url;
use serde::Deserialize;

/// Serve Arrow Flight SQL and HTTP on one port, and PostgreSQL on another, until Ctrl-C or SIGTERM
///
/// Who asks is told by a token of `carnac token`, sent as `authorization: Bearer` or as the password
/// of any user; who sends none is whom --anonymous says (over PostgreSQL the user anonymous, and no
/// other). No token may travel in the clear: name a certificate, or serve programs of this machine
/// alone with --insecure-loopback.
///
/// A new release is seen by the next query; a query that runs keeps the release that it began
/// with. When told to stop, the server refuses new queries and lets running ones end, for 30
/// seconds at most. At SIGHUP it reads anew its certificate, and of its configuration queries,
/// query_seconds and anonymous: for what comes from then on, and every connection stays.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  carnac serve --insecure-loopback --listen 127.0.0.1:50051 --postgres 127.0.0.1:5432
  carnac serve --listen 0.0.0.0:443 --tls-certificate carnac.pem --tls-key carnac.key --anonymous nobody
  carnac serve --insecure-loopback --refresh '0 2 * * *' --on-failure 'mail -s \"carnac: $CARNAC_OUTCOME\" exploitation'")]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) listen: Listen,

    /// Certificate of the server and those that vouch for it, as PEM: all doors speak TLS then, and
    /// nothing else. Read again at SIGHUP, as its key is
    #[arg(long, env = "CARNAC_TLS_CERTIFICATE", value_name = "FILE")]
    pub(crate) tls_certificate: Option<PathBuf>,

    /// Private key of the certificate, as PEM
    #[arg(long, env = "CARNAC_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Serve without TLS when no certificate is named, on a loopback address: whoever can listen to
    /// this machine's own traffic reads tokens and answers
    #[arg(long, env = "CARNAC_INSECURE_LOOPBACK")]
    pub(crate) insecure_loopback: bool,

    /// Run `carnac refresh` at these times, as a process of its own, one at a time: a cron
    /// expression of five fields (minute, hour, day of the month, month, day of the week). A run
    /// that was missed is caught up once [default: never]
    #[arg(long, env = "CARNAC_REFRESH", value_name = "CRON")]
    pub(crate) refresh: Option<String>,

    /// The time zone of --refresh. A time that the clocks skip or repeat is due once
    /// [default: Europe/Paris]
    #[arg(long, env = "CARNAC_REFRESH_TIMEZONE", value_name = "ZONE")]
    pub(crate) refresh_timezone: Option<Tz>,

    /// Address of a collector of OpenTelemetry, http://127.0.0.1:4318 say, to send a span of each query
    /// to, as OTLP over HTTP in JSON: its id, door, role, statement with ? for every value, outcome,
    /// rows and time. No query waits for it [default: none]
    #[arg(long, env = "CARNAC_OTLP", value_name = "URL", hide_env_values = true)]
    pub(crate) otlp: Option<Url>,

    #[command(flatten)]
    pub(crate) on_failure: OnFailure,
}

// No comment of documentation: it would be the help of whoever flattens this.
#[derive(Debug, clap::Args)]
pub(crate) struct Listen {
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:50051]
    #[arg(long, env = "CARNAC_LISTEN", value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,

    /// Address to speak the PostgreSQL protocol on as well; port 0 takes a free one [default: none]
    #[arg(long, env = "CARNAC_POSTGRES", value_name = "ADDR:PORT")]
    pub(crate) postgres: Option<SocketAddr>,

    /// Queries that run at once, half of them of one role at most; others wait for 30 seconds at
    /// most [default: one for each 24 MiB of --memory-mib, from 4 to 64]
    #[arg(long, env = "CARNAC_QUERIES", value_name = "COUNT")]
    pub(crate) queries: Option<NonZeroUsize>,

    /// Seconds that a query may go on, from its first step to its last row [default: 300]
    #[arg(long, env = "CARNAC_QUERY_SECONDS", value_name = "SECONDS")]
    pub(crate) query_seconds: Option<NonZeroU32>,

    /// Memory for what is kept, in MiB: small answers, for who asks the same again on the same release, and
    /// the rows of tables, for all, of one file 3/8 of it at most; what is being read or sent may take as
    /// much again; 0 keeps none [default: a 32nd of --memory-mib]
    #[arg(long, env = "CARNAC_CACHE_MIB", value_name = "MIB")]
    pub(crate) cache_mib: Option<usize>,

    /// Who asks without a token [default: nobody within TLS, else analyst]
    #[arg(long, env = "CARNAC_ANONYMOUS", value_enum, value_name = "ROLE")]
    pub(crate) anonymous: Option<Anonymous>,

    /// JWKS file, or its https address, of an identity provider (OIDC) whose tokens are taken too:
    /// their claim carnac_role is a role as `carnac token create` names it
    #[arg(long, env = "CARNAC_JWKS", value_name = "FILE|URL", requires_all = ["issuer", "audience"])]
    pub(crate) jwks: Option<Jwks>,

    /// What the claim iss of its tokens must be
    #[arg(long, env = "CARNAC_ISSUER", value_name = "URL", requires = "jwks")]
    pub(crate) issuer: Option<String>,

    /// What the claim aud of its tokens must be
    #[arg(long, env = "CARNAC_AUDIENCE", value_name = "NAME", requires = "jwks")]
    pub(crate) audience: Option<String>,
}

impl Listen {
    /// Returns the identity provider whose tokens are taken, if one is named.
    ///
    /// # Errors
    /// When the system has no certificates by which to know it.
    pub(crate) fn provider(&self) -> carnac_query::Result<Option<Provider>> {
        let named = self.jwks.clone().zip(self.issuer.clone()).zip(self.audience.clone());
        named.map(|((jwks, issuer), audience)| Provider::new(jwks, issuer, audience)).transpose()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Anonymous {
    /// An analyst: every program of this machine reads all figures and facts
    Analyst,
    /// Anybody: the published figures only
    Public,
    /// Nobody: a token is wanted
    Nobody,
}

impl Anonymous {
    /// Returns who asks without a token; nobody may when there is none.
    pub(crate) fn principal(self) -> Option<Principal> {
        match self {
            Self::Analyst => Some(Principal::Analyst),
            Self::Public => Some(Principal::Public),
            Self::Nobody => None,
        }
    }
}

// As above. Neither value is shown in the help: a command or an address may hold a secret.
#[derive(Debug, clap::Args)]
pub(crate) struct OnFailure {
    /// Command to run with `sh -c` after a refresh that failed or left files unread, for a minute
    /// at most; it has CARNAC_RUN_ID, CARNAC_OUTCOME and CARNAC_ERROR in its environment and the
    /// record of the run as JSON on its standard input
    #[arg(long, env = "CARNAC_ON_FAILURE", value_name = "COMMAND", hide_env_values = true)]
    pub(crate) on_failure: Option<String>,

    /// Address to POST the record of such a run to, as JSON
    #[arg(long, env = "CARNAC_ON_FAILURE_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) on_failure_url: Option<Url>,
}
