//! The hashing of what is presented: one secret at a time, in one block of memory that is kept.
//!
//! A hash takes 19 MiB. Were they asked for each time, the allocator would keep as much for every
//! thread that ever computed one.

use std::sync::Arc;

use argon2::Block;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::secret::Secret;

/// The memory of all hashes. It is there from the first one on, and does not shrink.
#[derive(Default)]
pub(super) struct Checks {
    blocks: Arc<Mutex<Vec<Block>>>,
}

/// The right to compute the next hash.
pub(super) struct Turn {
    blocks: OwnedMutexGuard<Vec<Block>>,
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checks").finish_non_exhaustive()
    }
}

impl Checks {
    /// Waits until no other secret is hashed; who came first goes first.
    pub(super) async fn turn(&self) -> Turn {
        Turn { blocks: Arc::clone(&self.blocks).lock_owned().await }
    }
}

impl Turn {
    /// Returns whether a secret is what was hashed, once `told` has heard it. The hash is computed
    /// to its end, and told of, also for who does not wait for it.
    pub(super) async fn compare(
        mut self,
        secret: Secret,
        hash: String,
        told: impl FnOnce(bool) + Send + 'static,
    ) -> bool {
        let hashed = tokio::task::spawn_blocking(move || {
            let is_right = secret.is_of(&hash, &mut self.blocks);
            told(is_right);
            is_right
        });
        hashed.await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use argon2::Params;
    use futures::FutureExt;
    use futures::future::join_all;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn hashes_take_turns_in_one_block_of_memory() {
        let checks = Checks::default();
        let (secret, other) = (Secret::draw().unwrap(), Secret::draw().unwrap());
        let hash = secret.hash().unwrap();
        let read = |text: &str| Secret::parse(text).unwrap();
        let check =
            async |text: &str| checks.turn().await.compare(read(text), hash.clone(), drop).await;
        assert!(check(secret.text()).await);
        let first = checks.turn().await.blocks.as_ptr();
        let texts = [other.text(), secret.text()].repeat(3);
        let found = join_all(texts.iter().map(|text| check(text))).await;
        assert_eq!(found, [false, true].repeat(3));
        let kept = checks.turn().await.blocks;
        assert_eq!((kept.as_ptr(), kept.len()), (first, Params::DEFAULT.block_count()));
    }

    /// Who leaves before the end has guessed all the same.
    #[tokio::test]
    async fn a_hash_that_nobody_waits_for_is_told_of() {
        static WRONG: AtomicUsize = AtomicUsize::new(0);
        let (checks, hash) = (Checks::default(), Secret::draw().unwrap().hash().unwrap());
        for _ in 0..2 {
            let told = |is_right: bool| {
                WRONG.fetch_add(usize::from(!is_right), Ordering::SeqCst);
            };
            let check = checks.turn().await.compare(Secret::draw().unwrap(), hash.clone(), told);
            assert_eq!(check.now_or_never(), None);
        }
        drop(checks.turn().await);
        assert_eq!(WRONG.load(Ordering::SeqCst), 2);
    }
}
