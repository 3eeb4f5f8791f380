//! Files of a folder come whole or not at all.

use object_store::ObjectStoreExt;
use tempfile::TempDir;

use super::*;

fn folder() -> (TempDir, Folder) {
    let place = TempDir::new().unwrap();
    let folder = Folder::open(place.path()).unwrap();
    (place, folder)
}

async fn content(folder: &Folder, path: &str) -> Vec<u8> {
    folder.get(&Path::from(path)).await.unwrap().bytes().await.unwrap().to_vec()
}

fn staged_files(place: &TempDir) -> usize {
    place.path().join(STAGING).read_dir().map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_file_is_put_whole_and_replaced_whole() {
    let (place, folder) = folder();
    let path = Path::from("tables/acts/period=2024/a.parquet");
    folder.put(&path, "one".into()).await.unwrap();
    folder.put(&path, "three".into()).await.unwrap();
    assert_eq!(content(&folder, path.as_ref()).await, b"three");
    assert_eq!(staged_files(&place), 0);
}

#[tokio::test]
async fn of_two_that_put_one_name_if_absent_the_second_is_refused() {
    let (place, folder) = folder();
    let path = Path::from("releases/1.json");
    let absent = || PutOptions::from(PutMode::Create);
    folder.put_opts(&path, "first".into(), absent()).await.unwrap();
    let second = folder.put_opts(&path, "second".into(), absent()).await;
    assert!(matches!(second, Err(Error::AlreadyExists { .. })), "{second:?}");
    assert_eq!(content(&folder, path.as_ref()).await, b"first");
    assert_eq!(staged_files(&place), 0);
}

#[tokio::test]
async fn a_file_in_parts_has_no_name_before_it_is_complete() {
    let (place, folder) = folder();
    let path = Path::from("a/b.parquet");
    let mut upload = folder.put_multipart(&path).await.unwrap();
    let parts = [upload.put_part("begin ".into()), upload.put_part("end".into())];
    // Parts may come to the disk in another order than they were handed over.
    for part in parts.into_iter().rev() {
        part.await.unwrap();
    }
    assert!(folder.head(&path).await.is_err());
    upload.complete().await.unwrap();
    assert_eq!(content(&folder, path.as_ref()).await, b"begin end");

    let mut aborted = folder.put_multipart(&Path::from("a/c.parquet")).await.unwrap();
    aborted.put_part("gone".into()).await.unwrap();
    aborted.abort().await.unwrap();
    assert!(aborted.complete().await.is_err());
    assert_eq!(staged_files(&place), 0);
    assert_eq!(folder.list(None).try_collect::<Vec<_>>().await.unwrap().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn who_may_read_a_file_is_left_to_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let (place, folder) = folder();
    folder.put(&Path::from("a"), "a".into()).await.unwrap();
    std::fs::write(place.path().join("b"), "b").unwrap();
    let mode = |name: &str| place.path().join(name).metadata().unwrap().permissions().mode();
    assert_eq!(mode("a"), mode("b"));
}
