//! What a process remembers of the tokens that exist: which secrets were right.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

/// Digests of right secrets, by the id of the token.
pub(super) struct Memory {
    key: [u8; 32],
    right: Mutex<HashMap<String, [u8; 32]>>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Memory {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { key, right: Mutex::default() }
    }

    /// A digest of a token's text that nobody can compute elsewhere, and that is another one when
    /// the hash that is kept of it is.
    pub(super) fn digest(&self, text: &str, hash: &str) -> [u8; 32] {
        let digest = Sha256::new().chain_update(self.key);
        let hash = Sha256::digest(hash);
        digest.chain_update(hash).chain_update(text).finalize().into()
    }

    pub(super) fn knows(&self, id: &str, digest: [u8; 32]) -> bool {
        self.right().get(id) == Some(&digest)
    }

    pub(super) fn learn(&self, id: String, digest: [u8; 32]) {
        self.right().insert(id, digest);
    }

    fn right(&self) -> MutexGuard<'_, HashMap<String, [u8; 32]>> {
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
