//! Tokens of an identity provider: JWTs (RFC 7519) that one of its keys has signed.

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::keys::{Jwks, Keys};
use crate::{Caller, Result};

/// Who a token is of that does not say it.
const ANY_SUBJECT: &str = "jwt";

/// An identity provider (OIDC) whose tokens are taken.
#[derive(Debug)]
pub struct Provider {
    keys: Keys,
    issuer: String,
    audience: String,
}

/// What is read of a token; a date that is no whole number of seconds is refused.
#[derive(Deserialize)]
struct Claims {
    exp: i64,
    nbf: Option<i64>,
    /// Whom the provider knows it by.
    sub: Option<String>,
    /// A role, as `carnac token create` names it.
    carnac_role: String,
}

impl Provider {
    /// Makes one of where its public keys are, what the claim `iss` of its tokens must be, and what
    /// their claim `aud` must be, or name.
    ///
    /// # Errors
    /// When the system has no certificates by which to know it.
    pub fn new(jwks: Jwks, issuer: String, audience: String) -> Result<Self> {
        Ok(Self { keys: Keys::of(jwks)?, issuer, audience })
    }

    /// Looks whether its keys can be had.
    ///
    /// # Errors
    /// When they cannot.
    pub(super) async fn check(&self, now: DateTime<Utc>) -> Result<()> {
        self.keys.at(now, None).await.map(|_| ())
    }

    /// Returns whom a token names, if a key has signed it, it is for us, and it holds `now`.
    ///
    /// # Errors
    /// When the keys cannot be had.
    pub(super) async fn caller(&self, token: &str, now: DateTime<Utc>) -> Result<Option<Caller>> {
        let Ok(header) = decode_header(token) else { return Ok(None) };
        let Some(kid) = header.kid else { return Ok(None) };
        let keys = self.keys.at(now, Some(&kid)).await?;
        let claims = keys.find(&kid).and_then(|key| self.claims(token, header.alg, key));
        let holds = |claims: &Claims| {
            let (now, from) = (now.timestamp(), claims.nbf.unwrap_or(i64::MIN));
            (from..claims.exp).contains(&now)
        };
        Ok(claims.filter(holds).and_then(|claims| {
            let subject = claims.sub.as_deref().unwrap_or(ANY_SUBJECT);
            Some(Caller::known(claims.carnac_role.parse().ok()?, subject))
        }))
    }

    fn claims(&self, token: &str, algorithm: Algorithm, key: &Jwk) -> Option<Claims> {
        // A secret that both sides know is no proof of who signed.
        if matches!(key.algorithm, AlgorithmParameters::OctetKey(_)) {
            return None;
        }
        let mut wanted = Validation::new(algorithm);
        wanted.set_issuer(&[&self.issuer]);
        wanted.set_audience(&[&self.audience]);
        wanted.set_required_spec_claims(&["exp", "iss", "aud"]);
        // By our clock, above.
        wanted.validate_exp = false;
        decode(token, &DecodingKey::from_jwk(key).ok()?, &wanted).ok().map(|data| data.claims)
    }
}
