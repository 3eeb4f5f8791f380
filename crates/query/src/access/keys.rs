//! The public keys of an identity provider (JWKS, RFC 7517): of a file, or of an address.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::JwkSet;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::sync::Mutex;

use crate::{Error, Kind, Result};

/// How long the provider may take to send its keys.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest set of keys, in bytes.
const LONGEST: usize = 1024 * 1024;

/// When keys are asked for again, whatever the token.
const OLD: TimeDelta = TimeDelta::minutes(5);

/// When they are asked for again because a token names a key that is not among them, or because
/// the provider did not answer.
const AGAIN: TimeDelta = TimeDelta::seconds(30);

/// How long keys hold when the provider does not answer.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// Where the public keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jwks {
    /// In a file, which is read at each token.
    File(PathBuf),
    /// At an address: of `https`, or of this machine. They are asked for every five minutes, and
    /// for a key that is not known at most every 30 seconds; they hold for an hour when nobody
    /// answers.
    Address(Url),
}

impl FromStr for Jwks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let address: Url = text.parse().map_err(|_| format!("`{text}` is no address"))?;
        let is_of_this_machine = matches!(address.host_str(), Some("127.0.0.1" | "[::1]"));
        match address.scheme() {
            "https" => Ok(Self::Address(address)),
            "http" if is_of_this_machine => Ok(Self::Address(address)),
            _ => {
                Err("keys are fetched by https only: whoever changes them says who asks".to_owned())
            }
        }
    }
}

/// The keys, as they were had last.
#[derive(Debug)]
pub(super) struct Keys {
    jwks: Jwks,
    client: Client,
    fetched: Mutex<Fetched>,
}

#[derive(Debug, Default)]
struct Fetched {
    keys: Option<(Arc<JwkSet>, DateTime<Utc>)>,
    tried_at: Option<DateTime<Utc>>,
}

impl Keys {
    /// # Errors
    /// When the system has no certificates by which to know the provider.
    pub(super) fn of(jwks: Jwks) -> Result<Self> {
        let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).build();
        let client = client.map_err(|error| unreadable(&jwks, &error))?;
        Ok(Self { jwks, client, fetched: Mutex::default() })
    }

    /// Returns the keys for a token that names one of them, if it names any.
    ///
    /// # Errors
    /// `Unavailable` when they cannot be had, or are no JWKS.
    pub(super) async fn at(&self, now: DateTime<Utc>, key: Option<&str>) -> Result<Arc<JwkSet>> {
        let address = match &self.jwks {
            Jwks::File(path) => {
                let read = tokio::fs::read(path).await;
                return self.parse(&read.map_err(|error| unreadable(&self.jwks, &error))?);
            }
            Jwks::Address(address) => address,
        };
        // One asks, and the others wait for what it is told.
        let mut fetched = self.fetched.lock().await;
        if let Some((keys, at)) = &fetched.keys {
            let is_known = key.is_none_or(|key| keys.find(key).is_some());
            if is_known && (TimeDelta::zero()..OLD).contains(&(now - *at)) {
                return Ok(Arc::clone(keys));
            }
        }
        let may_ask =
            fetched.tried_at.is_none_or(|at| !(TimeDelta::zero()..AGAIN).contains(&(now - at)));
        let asked = if may_ask {
            fetched.tried_at = Some(now);
            self.fetch(address).await
        } else {
            Err(unavailable())
        };
        match (asked, &fetched.keys) {
            (Ok(keys), _) => {
                fetched.keys = Some((Arc::clone(&keys), now));
                Ok(keys)
            }
            (Err(_), Some((keys, at))) if now - *at < LIFE => Ok(Arc::clone(keys)),
            (Err(error), _) => Err(error),
        }
    }

    async fn fetch(&self, address: &Url) -> Result<Arc<JwkSet>> {
        let failed = |error| unreadable(&self.jwks, &error);
        let answer = self.client.get(address.clone()).send().await;
        let mut answer = answer.and_then(reqwest::Response::error_for_status).map_err(failed)?;
        let mut bytes = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&part);
            if bytes.len() > LONGEST {
                return Err(unreadable(&self.jwks, &format!("more than {LONGEST} bytes")));
            }
        }
        self.parse(&bytes)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Arc<JwkSet>> {
        let keys = serde_json::from_slice(bytes).map_err(|error| unreadable(&self.jwks, &error))?;
        Ok(Arc::new(keys))
    }
}

/// Tells the log why; clients are told of no path and no address.
fn unreadable(jwks: &Jwks, reason: &dyn std::fmt::Display) -> Error {
    let from = match jwks {
        Jwks::File(path) => path.display().to_string(),
        Jwks::Address(address) => address.to_string(),
    };
    tracing::error!("read the keys of the identity provider, {from}: {reason}");
    unavailable()
}

fn unavailable() -> Error {
    let reason = "the keys of the identity provider cannot be read".to_owned();
    Error::Refused { kind: Kind::Unavailable, reason }
}
