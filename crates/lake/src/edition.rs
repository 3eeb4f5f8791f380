//! Editions on storage: `editions/<name>.json`, each put only if absent and never changed.

use std::collections::{BTreeMap, BTreeSet};

use carnac_model::{Edition, EditionName};
use chrono::{DateTime, Utc};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::{Error, Lake, Result};

const FOLDER: &str = "editions";

impl Lake {
    /// Freezes `files` (texts by `<layer>/<name>.sql`) and a release under a name, for ever.
    ///
    /// # Errors
    /// [`Error::NoRelease`], [`Error::EditionExists`], or when storage fails.
    pub async fn freeze(
        &self,
        name: EditionName,
        release: u64,
        files: BTreeMap<String, String>,
        now: DateTime<Utc>,
    ) -> Result<Edition> {
        let release = self.release(release).await?.id;
        let edition = Edition::new(name, release, now, env!("CARGO_PKG_VERSION"), files);
        let body = serde_json::to_vec_pretty(&edition).expect("an edition has text keys only");
        match self.put_if_absent(&path(&edition.name), body).await {
            // Upkeep may have taken its files meanwhile.
            Ok(()) => self.release(release).await.map(|_| edition),
            Err(object_store::Error::AlreadyExists { .. }) => {
                Err(Error::EditionExists { name: edition.name.to_string() })
            }
            Err(source) => Err(Error::Editions { step: "write", source }),
        }
    }

    /// Returns one edition, whole.
    ///
    /// # Errors
    /// [`Error::NoEdition`], or [`Error::DamagedEdition`] when it is not what was frozen.
    pub async fn edition(&self, name: &EditionName) -> Result<Edition> {
        let read = |source| match source {
            object_store::Error::NotFound { .. } => Error::NoEdition { name: name.to_string() },
            source => Error::Editions { step: "read", source },
        };
        let body = self.store.get(&path(name)).await.map_err(read)?.bytes().await.map_err(read)?;
        let damaged = |reason: String| Error::DamagedEdition { name: name.to_string(), reason };
        let edition: Edition =
            serde_json::from_slice(&body).map_err(|error| damaged(error.to_string()))?;
        if edition.name != *name {
            return Err(damaged(format!("it calls itself {}", edition.name)));
        }
        if !edition.is_whole() {
            return Err(damaged("its checksum is another".to_owned()));
        }
        Ok(edition)
    }

    /// Returns the names of all editions, in order.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub async fn edition_names(&self) -> Result<BTreeSet<EditionName>> {
        let names = self.records_in(FOLDER).await;
        names.map_err(|source| Error::Editions { step: "list", source })
    }
}

fn path(name: &EditionName) -> Path {
    Path::from(format!("{FOLDER}/{name}.json"))
}
