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
        let written = room.written;
        match download(store, &object, path, name, room).await {
            Ok(file) => {
                let outcome = add(file, contents, room);
                contents.failed.extend(outcome.err());
            }
            Err(error) => {
                room.written = written;
                contents.failed.push(error);
            }
        }
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

#[cfg(test)]
mod tests {
    use object_store::PutPayload;
    use object_store::memory::InMemory;

    use super::*;
    use crate::Source;
    use crate::unpack::Limits;

    async fn bucket(objects: &[(&str, &'static [u8])]) -> InMemory {
        let store = InMemory::new();
        for (key, bytes) in objects {
            store.put(&Key::from(*key), PutPayload::from_static(bytes)).await.unwrap();
        }
        store
    }

    async fn contents(store: &InMemory, prefix: &str, limits: Limits) -> Result<Contents> {
        let (mut contents, address) = (Contents::default(), format!("s3://b/{prefix}"));
        let mut room = Room::of(limits);
        fetch_from(store, &address, &Key::from(prefix), &mut contents, &mut room).await?;
        Ok(contents)
    }

    #[tokio::test]
    async fn a_prefix_is_a_folder() {
        let store = bucket(&[
            ("in/acts/2024.csv", b"a;b"),
            ("in/acts/plan.pdf", b"p"),
            ("in/_tmp/x.csv", b"x"),
            ("in/z.zip", b"PK\x03\x04"),
            ("inner/other.csv", b"o"),
        ])
        .await;
        let found = contents(&store, "in", Limits::default()).await.unwrap();
        let names: Vec<_> = found.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["acts/2024.csv"]);
        assert_eq!(found.passed_over, ["s3://b/in/_tmp/x.csv", "s3://b/in/acts/plan.pdf"]);
        assert!(found.failed[0].to_string().starts_with("unpack s3://b/in/z.zip"));
        let source = Source::open(found.files.into_iter().next().unwrap(), None, &[]).unwrap();
        assert_eq!((source.key().as_str(), source.bytes()), ("acts/2024.csv", 3));
    }

    #[tokio::test]
    async fn an_address_may_be_one_object() {
        let store = bucket(&[("in/acts/2024.csv", b"a;b")]).await;
        let found = contents(&store, "in/acts/2024.csv", Limits::default()).await.unwrap();
        assert_eq!(found.files[0].name, "2024.csv");
        assert_eq!(found.files[0].path, PathBuf::from("s3://b/in/acts/2024.csv"));
        let nothing = contents(&store, "else", Limits::default()).await.unwrap_err();
        assert!(nothing.to_string().starts_with("fetch s3://b/else: "), "{nothing}");
    }

    #[tokio::test]
    async fn a_bucket_does_not_fill_the_disk() {
        let store = bucket(&[("a.csv", b"1234"), ("b.csv", b"1234"), ("c.csv", b"1")]).await;
        let small = Limits { total: 6, ..Limits::default() };
        let found = contents(&store, "", small).await.unwrap();
        let names: Vec<_> = found.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.csv", "c.csv"]);
        assert!(found.failed[0].to_string().contains("b.csv: this run would write"));
        let few = Limits { members: 2, ..Limits::default() };
        let many = contents(&store, "", few).await.unwrap_err();
        assert!(many.to_string().contains("more than 2 files"), "{many}");
    }
}
