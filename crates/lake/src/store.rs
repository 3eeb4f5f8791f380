//! The one object store of a lake: everything is under its root, nothing outside can be named.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::plan_err;
use datafusion::execution::object_store::ObjectStoreRegistry;
use deltalake_core::DeltaResult;
use deltalake_core::logstore::{
    LogStore, LogStoreFactory, ObjectStoreRef, StorageConfig, default_logstore, logstore_factories,
};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, parse_url_opts};
use url::Url;

use crate::folder::{Folder, make_folders};
use crate::{Error, Result};

/// Address of every lake for the libraries above: the store behind it is locked to the root, so
/// neither a Delta log nor a query can name a file outside it.
pub(crate) const ADDRESS: &str = "lake://root/";

/// Opens the store of `root` and makes Delta tables work at [`ADDRESS`].
pub(crate) fn open(root: &str, options: &[(String, String)]) -> Result<Arc<dyn ObjectStore>> {
    logstore_factories().entry(scheme()).or_insert_with(|| Arc::new(LakeLogStores));
    let bad = |reason: String| Error::Root { root: root.to_owned(), reason };
    if let Some(folder) = folder(root)? {
        if !folder.is_dir() {
            return Err(bad(
                "no such folder; `carnac ingest` makes one when it lands data".to_owned()
            ));
        }
        let store = Folder::open(&folder).map_err(|error| bad(error.to_string()))?;
        return Ok(Arc::new(store));
    }
    let (store, prefix) = open_bucket(root, options)?;
    Ok(Arc::new(PrefixStore::new(store, prefix)))
}

/// Opens the bucket of an `s3://bucket/prefix` address, and returns it with the prefix.
///
/// `options` are the storage's own settings, as for [`crate::Lake::open`].
///
/// # Errors
/// When the address cannot be read as one.
pub fn open_bucket(
    address: &str,
    options: &[(String, String)],
) -> Result<(Arc<dyn ObjectStore>, Path)> {
    let bad = |reason: String| Error::Root { root: address.to_owned(), reason };
    let url = Url::parse(address).map_err(|error| bad(error.to_string()))?;
    let options = options.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let (store, prefix) = parse_url_opts(&url, options).map_err(|error| bad(error.to_string()))?;
    Ok((Arc::from(store), prefix))
}

/// Makes the folder of a local lake.
pub(crate) fn make_folder(root: &str) -> Result<()> {
    let Some(folder) = folder(root)? else { return Ok(()) };
    make_folders(&folder)
        .map_err(|error| Error::Root { root: root.to_owned(), reason: error.to_string() })
}

/// The folder that `root` names; none when it is the address of a bucket.
fn folder(root: &str) -> Result<Option<PathBuf>> {
    if !root.contains("://") {
        return Ok(Some(PathBuf::from(root)));
    }
    let bad = |reason: &str| Error::Root { root: root.to_owned(), reason: reason.to_owned() };
    let url = Url::parse(root).map_err(|error| bad(&error.to_string()))?;
    if url.scheme() != "file" {
        return Ok(None);
    }
    url.to_file_path().map(Some).map_err(|()| bad("not an absolute file address"))
}

fn scheme() -> Url {
    Url::parse("lake://").expect("a constant scheme")
}

/// Commits at `lake://` by put-if-absent, as the default log store does for folders.
#[derive(Debug)]
struct LakeLogStores;

impl LogStoreFactory for LakeLogStores {
    fn with_options(
        &self,
        prefixed_store: ObjectStoreRef,
        root_store: ObjectStoreRef,
        location: &Url,
        options: &StorageConfig,
    ) -> DeltaResult<Arc<dyn LogStore>> {
        Ok(default_logstore(prefixed_store, root_store, location, options))
    }
}

/// A registry that knows this lake's store and refuses every other address.
///
/// DataFusion's own registry serves `file://` of the whole machine.
#[derive(Debug)]
pub(crate) struct OnlyThisLake {
    store: Arc<dyn ObjectStore>,
}

impl OnlyThisLake {
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }
}

impl ObjectStoreRegistry for OnlyThisLake {
    fn register_store(
        &self,
        _url: &Url,
        _store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> datafusion::error::Result<Arc<dyn ObjectStore>> {
        if url.as_str().starts_with(ADDRESS) {
            Ok(Arc::clone(&self.store))
        } else {
            plan_err!("only the lake's own tables can be read")
        }
    }
}
