//! Whether a checkpoint repeats the log: the commits before it are read without it, and compared.

use std::sync::Arc;

use deltalake_core::DeltaResult;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use serde::Deserialize;
use serde_json::Value;

use super::{History, Verified};
use crate::delta::folder;
use crate::{Error, Lake, Result, commit};

/// The file that says which checkpoint is the last.
pub(crate) const HINT: &str = "_last_checkpoint";

#[derive(Deserialize)]
struct Hint {
    version: u64,
}

impl Lake {
    /// Compares a version as a reader opens it, by a checkpoint, with what its commits add up to.
    ///
    /// # Errors
    /// When the commits cannot be read. What differs is the inner error.
    pub(crate) async fn repeats(&self, table: &str, version: u64) -> Result<Result<(), String>> {
        let log = Path::from(format!("{}/_delta_log", folder(table)));
        let commits = self.clone().on(|_| Arc::new(InMemory::new()));
        let failed = |source| Error::Log { table: table.to_owned(), source };
        for version in 0..=version {
            let path = log.clone().join(format!("{version:020}.json"));
            let body =
                self.store.get(&path).await.map_err(failed)?.bytes().await.map_err(failed)?;
            commits.store.put(&path, PutPayload::from(body)).await.map_err(failed)?;
        }
        Ok(match (commits.state(table, version).await, self.state(table, version).await) {
            (Ok(replayed), Ok(read)) if replayed == read => Ok(()),
            (Ok(_), Ok(_)) => Err("it tells something else than the commits before it".to_owned()),
            (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
        })
    }

    /// What a reader is told of a version: its files, its columns, and how it is parted.
    async fn state(&self, table: &str, version: u64) -> DeltaResult<Vec<Value>> {
        let table = self.builder(table)?.with_version(version).load().await?;
        let mut state = Vec::new();
        for file in commit::files(&table)? {
            state.push(serde_json::to_value(file)?);
        }
        state.sort_by_key(|file| file["path"].as_str().map(str::to_owned));
        let snapshot = table.snapshot()?.snapshot();
        state.push(serde_json::to_value(snapshot.metadata())?);
        state.push(serde_json::to_value(snapshot.protocol())?);
        Ok(state)
    }

    /// All checkpoints up to the last version that a release names.
    pub(super) async fn verify_checkpoints(
        &self,
        table: &str,
        history: &History,
        last: u64,
        verified: &mut Verified,
    ) -> Result<()> {
        for version in history.checkpoints.iter().filter(|version| **version <= last) {
            if history.damage_until(*version).is_some() {
                // Told of the commit; there is nothing to compare with.
                continue;
            }
            if let Err(reason) = self.repeats(table, *version).await? {
                verified.found(format!("table {table}, checkpoint {version}"), reason);
            }
        }
        let path = Path::from(format!("{}/_delta_log/{HINT}", folder(table)));
        let what = || format!("table {table}, {HINT}");
        let hint = match self.store.get(&path).await {
            Ok(hint) => hint.bytes().await,
            Err(object_store::Error::NotFound { .. }) => return Ok(()),
            Err(error) => Err(error),
        };
        let hint = hint.map_err(|source| Error::Log { table: table.to_owned(), source })?;
        match serde_json::from_slice::<Hint>(&hint) {
            Err(error) => verified.found(what(), error.to_string()),
            Ok(hint) if !history.checkpoints.contains(&hint.version) => {
                verified.found(what(), format!("there is no checkpoint {}", hint.version));
            }
            Ok(_) => {}
        }
        Ok(())
    }
}
