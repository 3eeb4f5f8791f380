//! Fetching what is in a bucket into a temporary folder, one object at a time.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use carnac_lake::open_bucket;
use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use tempfile::TempDir;

use crate::find::may_hold_data;
use crate::source::{Member, extension};
use crate::unpack::Room;
use crate::{Contents, Error, Found, Result};

/// Adds what is at `address`: an object, or all objects below it.
pub(crate) async fn fetch(
    address: &str,
    options: &[(String, String)],
    contents: &mut Contents,
    room: &mut Room,
) -> Result<()> {
    let (store, prefix) = open_bucket(address, options)?;
    fetch_from(&store, address, &prefix, contents, room).await
}

async fn fetch_from(
    store: &dyn ObjectStore,
    address: &str,
    prefix: &Key,
    contents: &mut Contents,
    room: &mut Room,
) -> Result<()> {
    let failed = |step| move |source| Error::Fetch { step, address: address.to_owned(), source };
    let mut objects = list(store, address, prefix, room).await?;
    let mut folder = address.trim_end_matches('/');
    if objects.is_empty() {
        objects.push(store.head(prefix).await.map_err(failed("fetch"))?);
        folder = folder.rsplit_once('/').map_or(folder, |(folder, _)| folder);
    }
    for object in objects {
        let below = object.location.prefix_match(prefix);
        let parts: Vec<_> = below.into_iter().flatten().collect();
        let name = match parts.as_slice() {
            [] => object.location.filename().unwrap_or_default().to_owned(),
            parts => parts.iter().map(AsRef::as_ref).collect::<Vec<_>>().join("/"),
        };
        let path = PathBuf::from(format!("{folder}/{name}"));
        let hidden = name.split('/').any(|part| part.starts_with(['.', '_']));
        if hidden || !may_hold_data(&name) {
            contents.passed_over.push(path.display().to_string());
            continue;
        }
        let outcome = download(store, &object, path, name, room).await;
        let outcome = outcome.and_then(|file| add(file, contents, room));
        contents.failed.extend(outcome.err());
    }
    Ok(())
}

/// Returns the objects below a prefix, in order.
async fn list(
    store: &dyn ObjectStore,
    address: &str,
    prefix: &Key,
    room: &Room,
) -> Result<Vec<ObjectMeta>> {
    let failed = |source| Error::Fetch { step: "list", address: address.to_owned(), source };
    let limit = room.limits.members;
    let mut objects = Vec::new();
    let mut listing = store.list(Some(prefix));
    while let Some(object) = listing.try_next().await.map_err(failed)? {
        if objects.len() == limit {
            return Err(Error::TooMany { path: PathBuf::from(address), limit });
        }
        objects.push(object);
    }
    objects.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(objects)
}

/// Writes an object into a folder of its own, under the name that tells its format.
async fn download(
    store: &dyn ObjectStore,
    object: &ObjectMeta,
    path: PathBuf,
    name: String,
    room: &mut Room,
) -> Result<Found> {
    let failed =
        |source| Error::Fetch { step: "fetch", address: path.display().to_string(), source };
    let on_disk = |source| Error::Io { step: "fetch", path: path.clone(), source };
    let folder = TempDir::new().map_err(on_disk)?;
    let local = folder.path().join(format!("object.{}", extension(&name)));
    let mut file = File::create_new(&local).map_err(on_disk)?;
    let mut stream = store.get(&object.location).await.map_err(failed)?.into_stream();
    while let Some(bytes) = stream.try_next().await.map_err(failed)? {
        room.take(bytes.len(), &path)?;
        file.write_all(&bytes).map_err(on_disk)?;
    }
    let members = vec![Member { path: local, name: None }];
    Ok(Found { path, name, members, kept: Some(Arc::new(folder)) })
}

fn add(file: Found, contents: &mut Contents, room: &mut Room) -> Result<()> {
    let local = file.members[0].path.clone();
    contents.add_file(&local, file, room)
}
