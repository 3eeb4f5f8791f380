//! Who stands behind a call: every door asks here before it asks the gateway.
//!
//! A token is `carnac_<id>_<secret>`. The lake keeps of each one a file by its id, with the argon2id
//! hash of the secret. The file is read at each call, so a token that is revoked is refused at once;
//! a secret that was found right is known again by a digest, and costs no second hash.

mod checks;
mod keys;
mod memory;
mod misses;
mod provider;
mod secret;

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use carnac_lake::{Lake, Token};
use chrono::{DateTime, Utc};

use crate::{Caller, Error, Principal, Result};
use checks::Checks;
pub use keys::Jwks;
use memory::Memory;
pub use misses::network;
use misses::{Misses, Tried};
pub use provider::Provider;
use secret::{Key, Secret};

const WANTED: &str =
    "a token is wanted: send it as `authorization: Bearer`, or as the password of any user";

const REFUSED: &str = "the token is refused: it is not one of this lake, was revoked, or has \
                       expired; `carnac token list` says which there are";

const TOO_MANY: &str = "the token is refused: too many wrong ones were sent from this address; it \
                        is looked at again within a minute";

/// Tells who asks by the token that a call presents.
#[derive(Debug)]
pub struct Access {
    lake: Lake,
    /// Who asks without a token; nobody may when there is none.
    anonymous: RwLock<Option<Principal>>,
    /// Whose tokens are taken beside those of the lake.
    provider: Option<Provider>,
    clock: fn() -> DateTime<Utc>,
    memory: Arc<Memory>,
    misses: Arc<Misses>,
    checks: Checks,
    session_key: Key,
}

impl Access {
    /// Makes the access to a lake: its tokens, and who asks without one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(
        lake: Lake,
        anonymous: Option<Principal>,
        clock: fn() -> DateTime<Utc>,
    ) -> Result<Self> {
        let (memory, checks) = (Arc::new(Memory::new(secret::random()?)), Checks::default());
        let (misses, session_key) = (Arc::default(), Key(secret::random()?));
        let anonymous = RwLock::new(anonymous);
        Ok(Self { lake, anonymous, provider: None, clock, memory, misses, checks, session_key })
    }

    /// Returns the key of this process, under which a door may seal what it hands out.
    #[must_use]
    pub fn session_key(&self) -> [u8; 32] {
        self.session_key.0
    }

    /// Returns the clock by which tokens expire.
    #[must_use]
    pub fn clock(&self) -> fn() -> DateTime<Utc> {
        self.clock
    }

    /// Takes the tokens of an identity provider too.
    ///
    /// # Errors
    /// When its keys cannot be read.
    pub async fn trusting(self, provider: Provider) -> Result<Self> {
        provider.check((self.clock)()).await?;
        Ok(Self { provider: Some(provider), ..self })
    }

    /// Says anew who asks without a token.
    pub fn admit(&self, anonymous: Option<Principal>) {
        *self.anonymous.write().unwrap_or_else(PoisonError::into_inner) = anonymous;
    }

    /// Creates a token for `principal` and returns the whole text of it, which is kept nowhere.
    ///
    /// # Errors
    /// `Invalid` when it would have expired already; when it cannot be kept.
    pub async fn create(
        lake: &Lake,
        principal: Principal,
        label: String,
        created_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<String> {
        if expires_at <= created_at {
            return Err(Error::invalid("the token would have expired already: name a later day"));
        }
        let secret = Secret::draw()?;
        let (id, role, hash) = (secret.id().to_owned(), principal.to_string(), secret.hash()?);
        lake.put_token(&Token { id, role, label, created_at, expires_at, hash }).await?;
        Ok(secret.text().to_owned())
    }

    /// Returns who presents this token, the whole text of it, or who asks without one; `sender` is
    /// the address that it came from.
    ///
    /// # Errors
    /// `Unauthenticated` for a token that does not hold, which is never taken for none, and for
    /// none where one is wanted; `Unavailable` when the lake does not answer. No text shows a part
    /// of a secret.
    pub async fn caller(&self, presented: Option<&str>, sender: IpAddr) -> Result<Caller> {
        let Some(text) = presented else {
            let anonymous = *self.anonymous.read().unwrap_or_else(PoisonError::into_inner);
            return anonymous.map(Caller::from).ok_or_else(|| Error::unauthenticated(WANTED));
        };
        let refused = || Error::unauthenticated(REFUSED);
        if let Some(provider) = self.provider.as_ref().filter(|_| text.contains('.')) {
            return self.signed(provider, text, sender).await;
        }
        let secret = Secret::parse(text).ok_or_else(refused)?;
        let token = self.lake.token(secret.id()).await?.ok_or_else(refused)?;
        if token.expires_at <= (self.clock)() {
            return Err(refused());
        }
        let role = token.role.parse().map_err(|_| refused())?;
        let caller = Caller::known(role, &token.id);
        self.check(secret, token, sender).await.map(|()| caller)
    }

    /// Returns whom a token of the provider names.
    async fn signed(&self, provider: &Provider, text: &str, sender: IpAddr) -> Result<Caller> {
        let (tried, now) = (Tried::signed(sender), (self.clock)());
        self.refuse_too_many(&tried)?;
        let caller = provider.caller(text, now).await?;
        caller.ok_or_else(|| {
            self.misses.add(tried, now);
            Error::unauthenticated(REFUSED)
        })
    }

    fn refuse_too_many(&self, tried: &Tried) -> Result<()> {
        match self.misses.are_too_many(tried, (self.clock)()) {
            true => Err(Error::unauthenticated(TOO_MANY)),
            false => Ok(()),
        }
    }

    /// Checks a secret: by its digest when it was found right before, else by its hash.
    async fn check(&self, secret: Secret, token: Token, sender: IpAddr) -> Result<()> {
        let digest = self.memory.digest(secret.text(), &token.hash);
        if self.memory.knows(&token.id, digest) {
            return Ok(());
        }
        // Who is shut out keeps nobody waiting.
        let tried = Tried::token(&token.id, sender);
        self.refuse_too_many(&tried)?;
        // So many calls of one dashboard cost one hash: the others wait, and find it known.
        let turn = self.checks.turn().await;
        if self.memory.knows(&token.id, digest) {
            return Ok(());
        }
        self.refuse_too_many(&tried)?;
        let (memory, misses) = (Arc::clone(&self.memory), Arc::clone(&self.misses));
        let (id, clock) = (token.id, self.clock);
        let told = move |is_right| match is_right {
            true => {
                memory.learn(id, digest);
                misses.forgive(&tried);
            }
            false => misses.add(tried, clock()),
        };
        match turn.compare(secret, token.hash, told).await {
            true => Ok(()),
            false => Err(Error::unauthenticated(REFUSED)),
        }
    }
}
