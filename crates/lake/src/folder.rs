//! The store of a local folder: what it says is written outlasts a power cut, and listings come in
//! order, as those of a bucket do.
//!
//! A file is written under another name, synced, and only then named, so that no name ever stands
//! for half a file; the folder is synced before the write is said to be done.
//!
//! The Delta kernel reads a log in the order of its listing and sorts only what it knows to be a
//! folder, by a `file://` address that would open the whole machine.

mod disk;

use std::fmt;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result, UploadPart,
};

use disk::{Disk, Staged};

pub(crate) use disk::{STAGING, make_folders};

/// A folder whose files last, listed in the order of their names.
#[derive(Debug)]
pub(crate) struct Folder {
    files: LocalFileSystem,
    disk: Arc<Disk>,
}

impl Folder {
    pub(crate) fn open(path: &FilePath) -> Result<Self> {
        let files = LocalFileSystem::new_with_prefix(path)?;
        let staging = files.path_to_filesystem(&Path::from(STAGING))?;
        Ok(Self { files, disk: Arc::new(Disk::new(staging)) })
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(f)
    }
}

/// Reads a listing to its end and sorts it.
fn sorted(
    listing: BoxStream<'static, Result<ObjectMeta>>,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let all = async move {
        let mut all: Vec<ObjectMeta> = listing.try_collect().await?;
        all.sort_by(|a, b| a.location.cmp(&b.location));
        Ok::<_, Error>(stream::iter(all.into_iter().map(Ok)))
    };
    stream::once(all).try_flatten().boxed()
}

/// Runs what waits for the disk where it holds up nothing else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    let told = |error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return Error::AlreadyExists { path: error.to_string(), source: error.into() };
        }
        // Said here too: what writes data files may lose the reason.
        tracing::error!(%error, "a file of the lake cannot be written");
        Error::Generic { store: "Folder", source: error.into() }
    };
    tokio::task::spawn_blocking(work).await?.map_err(told)
}

fn written() -> PutResult {
    PutResult { e_tag: None, version: None }
}

#[async_trait]
impl ObjectStore for Folder {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let only_if_absent = match opts.mode {
            PutMode::Overwrite => false,
            PutMode::Create => true,
            // Not done in a folder: refused there.
            PutMode::Update(_) => return self.files.put_opts(location, payload, opts).await,
        };
        let to = self.files.path_to_filesystem(location)?;
        let disk = Arc::clone(&self.disk);
        blocking(move || {
            let mut staged = disk.stage()?;
            staged.write_at(0, &payload)?;
            disk.name(staged, &to, only_if_absent)
        })
        .await?;
        Ok(written())
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let to = self.files.path_to_filesystem(location)?;
        let disk = Arc::clone(&self.disk);
        let staged = blocking(move || disk.stage()).await?;
        let (disk, staged) = (Arc::clone(&self.disk), Arc::new(Mutex::new(Some(staged))));
        Ok(Box::new(Upload { disk, staged, written: 0, to }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let deleted = self.files.delete_stream(locations);
        deleted.inspect_ok(|path| tracing::trace!(target: disk::LOG, "remove {path}")).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.files.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.files.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let (disk, path) = (Arc::clone(&self.disk), self.files.path_to_filesystem(to)?);
        self.files.copy_opts(from, to, options).await?;
        blocking(move || disk.sync(&path)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let (disk, path) = (Arc::clone(&self.disk), self.files.path_to_filesystem(to)?);
        self.files.rename_opts(from, to, options).await?;
        blocking(move || disk.sync(&path)).await
    }
}

/// A file that comes in parts.
#[derive(Debug)]
struct Upload {
    disk: Arc<Disk>,
    /// None once it is complete or aborted.
    staged: Arc<Mutex<Option<Staged>>>,
    /// Bytes handed over so far.
    written: u64,
    to: PathBuf,
}

impl Upload {
    fn take(&self) -> std::io::Result<Staged> {
        let mut staged = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        staged.take().ok_or_else(|| std::io::Error::other("the upload has ended"))
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (staged, at) = (Arc::clone(&self.staged), self.written);
        self.written += data.content_length() as u64;
        Box::pin(blocking(move || {
            let mut staged = staged.lock().unwrap_or_else(PoisonError::into_inner);
            let ended = || std::io::Error::other("the upload has ended");
            staged.as_mut().ok_or_else(ended)?.write_at(at, &data)
        }))
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let (disk, staged, to) = (Arc::clone(&self.disk), self.take(), self.to.clone());
        blocking(move || disk.name(staged?, &to, false)).await?;
        Ok(written())
    }

    async fn abort(&mut self) -> Result<()> {
        // Dropped, it is removed.
        let staged = self.take();
        blocking(move || staged.map(drop)).await
    }
}

#[cfg(test)]
mod tests;
