//! Tokens of an identity provider: JWTs (RFC 7519) that a key of its JWKS file has signed.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, JwkSet};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use crate::{Error, Kind, Principal, Result};

/// An identity provider (OIDC) whose tokens are taken.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The JWKS file with its public keys; it is read at each token, so keys may be changed.
    pub jwks: PathBuf,
    /// What the claim `iss` must be.
    pub issuer: String,
    /// What the claim `aud` must be, or name.
    pub audience: String,
}

/// What is read of a token; a date that is no whole number of seconds is refused.
#[derive(Deserialize)]
struct Claims {
    exp: i64,
    nbf: Option<i64>,
    /// A role, as `carnac token create` names it.
    carnac_role: String,
}

impl Provider {
    /// Returns whom a token names, if a key has signed it, it is for us, and it holds `now`.
    ///
    /// # Errors
    /// When the file of the keys cannot be read.
    pub(super) async fn principal(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Principal>> {
        let keys = self.keys().await?;
        let claims = self.claims(token, &keys);
        let holds = |claims: &Claims| {
            let (now, from) = (now.timestamp(), claims.nbf.unwrap_or(i64::MIN));
            (from..claims.exp).contains(&now)
        };
        Ok(claims.filter(holds).and_then(|claims| claims.carnac_role.parse().ok()))
    }

    /// Reads the file of the keys.
    ///
    /// # Errors
    /// When it cannot be read, or is no JWKS.
    pub(super) async fn keys(&self) -> Result<JwkSet> {
        let bytes =
            tokio::fs::read(&self.jwks).await.map_err(|error| unreadable(&self.jwks, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| unreadable(&self.jwks, &error))
    }

    fn claims(&self, token: &str, keys: &JwkSet) -> Option<Claims> {
        let header = decode_header(token).ok()?;
        let key = keys.find(&header.kid?)?;
        // A secret that both sides know is no proof of who signed.
        if matches!(key.algorithm, AlgorithmParameters::OctetKey(_)) {
            return None;
        }
        let mut wanted = Validation::new(header.alg);
        wanted.set_issuer(&[&self.issuer]);
        wanted.set_audience(&[&self.audience]);
        wanted.set_required_spec_claims(&["exp", "iss", "aud"]);
        // By our clock, above.
        wanted.validate_exp = false;
        decode(token, &DecodingKey::from_jwk(key).ok()?, &wanted).ok().map(|data| data.claims)
    }
}

fn unreadable(path: &Path, reason: &dyn std::error::Error) -> Error {
    // Clients are told of no path.
    tracing::error!("read the keys of the identity provider, {}: {reason}", path.display());
    let reason = "the keys of the identity provider cannot be read".to_owned();
    Error::Refused { kind: Kind::Unavailable, reason }
}
