//! The checksum of a data file, which its table's log holds beside its name.
//!
//! The Parquet library cannot write checksums of pages, and most changed bytes decode all the same.

use std::collections::HashMap;

use deltalake_core::kernel::Add;
use deltalake_core::{DeltaResult, DeltaTable};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};

/// The tag of an `add` that holds the SHA-256 of the file, in hexadecimal.
pub(crate) const TAG: &str = "carnac.sha256";

/// Reads files back as they stand on the storage, and puts their checksums into their tags.
pub(crate) async fn seal(delta: &DeltaTable, added: &mut [Add]) -> DeltaResult<()> {
    let store = delta.object_store();
    for file in added {
        let path = Path::from_url_path(&file.path).map_err(object_store::Error::from)?;
        let (sum, _) = of(&store, &path).await?;
        file.tags = Some(HashMap::from([(TAG.to_owned(), Some(sum))]));
    }
    Ok(())
}

/// Returns the SHA-256 of a file, in hexadecimal, and its length in bytes.
pub(crate) async fn of(
    store: &dyn ObjectStore,
    path: &Path,
) -> object_store::Result<(String, u64)> {
    let mut parts = store.get(path).await?.into_stream();
    let (mut hash, mut length) = (Sha256::new(), 0);
    while let Some(part) = parts.try_next().await? {
        hash.update(&part);
        length += part.len() as u64;
    }
    Ok((format!("{:x}", hash.finalize()), length))
}
