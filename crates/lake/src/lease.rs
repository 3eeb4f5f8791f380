//! Leases, `leases/<dataset>.json`: who works on a dataset, so that another one need not begin.
//!
//! They spare work and nothing more. That two runs never mix rests on the conflict check of the
//! commit and on the release log, whatever clocks, leases and dead processes say.

use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use serde::{Deserialize, Serialize};

use crate::{Error, Lake, Result};

const FOLDER: &str = "leases";

/// Says who works on a dataset, and until when unless it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The process, in words that no other one has.
    pub holder: String,
    /// When anybody may take it.
    pub expires: DateTime<Utc>,
    /// The version of the table that the holder builds on: what it commits is the next one, or
    /// conflicts. None before there is a table.
    pub version: Option<u64>,
}

impl Lake {
    /// Takes the lease of a dataset, unless a live one is there: one that has not expired `now`
    /// and whose holder is not known to be gone.
    ///
    /// In a bucket one of several that take over a dead lease gets it; in a folder they all may
    /// think so, and the conflict check stops all but one.
    ///
    /// # Errors
    /// [`Error::Leased`], or when storage fails.
    pub async fn take_lease(
        &self,
        dataset: &str,
        lease: &Lease,
        now: DateTime<Utc>,
        is_gone: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let path = path(dataset);
        loop {
            match self.put_if_absent(&path, body(lease)).await {
                Ok(()) => return Ok(()),
                Err(object_store::Error::AlreadyExists { .. }) => {}
                Err(source) => return Err(failed("write", source)),
            }
            // Given back meanwhile.
            let Some((held, version)) = self.held(&path).await? else { continue };
            if let Some(held) = held.filter(|held| held.expires > now && !is_gone(&held.holder)) {
                return Err(leased(dataset, held));
            }
            tracing::warn!(dataset, "taking over the lease of a process that is gone");
            let only_if_same = PutOptions::from(PutMode::Update(version));
            match self.store.put_opts(&path, body(lease).into(), only_if_same).await {
                Ok(_) => return Ok(()),
                Err(object_store::Error::Precondition { .. }) => {}
                Err(object_store::Error::NotImplemented { .. }) => {
                    let put = self.store.put(&path, body(lease).into()).await;
                    return put.map(drop).map_err(|source| failed("write", source));
                }
                Err(source) => return Err(failed("write", source)),
            }
        }
    }

    /// Writes a lease of the same holder over the one that it has: with a later end.
    ///
    /// # Errors
    /// [`Error::Leased`] when another one has it meanwhile, or when storage fails.
    pub async fn renew_lease(&self, dataset: &str, lease: &Lease) -> Result<()> {
        let path = path(dataset);
        match self.held(&path).await? {
            Some((Some(held), _)) if held.holder != lease.holder => Err(leased(dataset, held)),
            _ => {
                let put = self.store.put(&path, body(lease).into()).await;
                put.map(drop).map_err(|source| failed("write", source))
            }
        }
    }

    /// Removes the lease of a dataset if that holder has it.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn give_back_lease(&self, dataset: &str, holder: &str) -> Result<()> {
        let path = path(dataset);
        match self.held(&path).await? {
            Some((Some(held), _)) if held.holder == holder => {
                self.store.delete(&path).await.map_err(|source| failed("remove", source))
            }
            _ => Ok(()),
        }
    }

    /// Reads a lease and what tells its bytes from later ones; none when there is none, and no
    /// lease when it is damaged, which holds up nobody.
    async fn held(&self, path: &Path) -> Result<Option<(Option<Lease>, UpdateVersion)>> {
        let read = async || {
            let found = self.store.get(path).await?;
            let (e_tag, version) = (found.meta.e_tag.clone(), found.meta.version.clone());
            Ok((found.bytes().await?, UpdateVersion { e_tag, version }))
        };
        match read().await {
            Ok((body, version)) => Ok(Some((serde_json::from_slice(&body).ok(), version))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(failed("read", source)),
        }
    }
}

fn path(dataset: &str) -> Path {
    Path::from(format!("{FOLDER}/{dataset}.json"))
}

fn body(lease: &Lease) -> Vec<u8> {
    serde_json::to_vec_pretty(lease).expect("a lease has text keys only")
}

fn failed(step: &'static str, source: object_store::Error) -> Error {
    Error::Leases { step, source }
}

fn leased(dataset: &str, held: Lease) -> Error {
    Error::Leased { dataset: dataset.to_owned(), holder: held.holder, expires: held.expires }
}
