//! What a process remembers of the tokens that exist: which secrets were right, and how many wrong.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

/// Wrong secrets of one token after which no unknown one is looked at.
const MISSES: usize = 5;

/// How long they are held against it.
const HELD: TimeDelta = TimeDelta::minutes(1);

/// Digests of right secrets, and misses, by the id of the token.
pub(super) struct Memory {
    key: [u8; 32],
    tokens: Mutex<HashMap<String, Seen>>,
}

#[derive(Default)]
struct Seen {
    right: Option<[u8; 32]>,
    misses: Vec<DateTime<Utc>>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Memory {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { key, tokens: Mutex::default() }
    }

    /// A digest of a token's text that nobody can compute elsewhere, and that is another one when
    /// the hash that is kept of it is.
    pub(super) fn digest(&self, text: &str, hash: &str) -> [u8; 32] {
        let digest = Sha256::new().chain_update(self.key);
        let hash = Sha256::digest(hash);
        digest.chain_update(hash).chain_update(text).finalize().into()
    }

    pub(super) fn knows(&self, id: &str, digest: [u8; 32]) -> bool {
        self.tokens().get(id).is_some_and(|seen| seen.right == Some(digest))
    }

    pub(super) fn right(&self, id: String, digest: [u8; 32]) {
        *self.tokens().entry(id).or_default() = Seen { right: Some(digest), misses: Vec::new() };
    }

    pub(super) fn wrong(&self, id: String, now: DateTime<Utc>) {
        self.tokens().entry(id).or_default().misses.push(now);
    }

    /// Returns whether too many wrong secrets of this token were seen lately.
    pub(super) fn is_shut(&self, id: &str, now: DateTime<Utc>) -> bool {
        let mut tokens = self.tokens();
        let Some(seen) = tokens.get_mut(id) else { return false };
        seen.misses.retain(|miss| now.signed_duration_since(*miss) < HELD);
        seen.misses.len() >= MISSES
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
