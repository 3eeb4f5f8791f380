//! A store that counts its operations and goes wrong at one of them.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process dies before the operation.
    KillBefore,
    /// The process dies after it.
    KillAfter,
    /// It is not done, and an error says so.
    Error,
    /// It is done, and an error says that it is not.
    ErrorAfter,
    /// Half of a file stands under its name, and the process dies.
    Torn,
    /// From there on nothing can be written.
    Full,
}

impl Fault {
    pub(super) const ALL: [Self; 6] =
        [Self::KillBefore, Self::KillAfter, Self::Error, Self::ErrorAfter, Self::Torn, Self::Full];

    pub(super) fn kills(self) -> bool {
        matches!(self, Self::KillBefore | Self::KillAfter | Self::Torn)
    }
}

/// What the store was asked, and by which operation the fault was met.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) count: AtomicUsize,
    /// Files put, of all operations.
    pub(super) puts: AtomicUsize,
    /// The faulty operation and its path.
    pub(super) met: Mutex<Option<(&'static str, String)>>,
}

/// A store that goes wrong at one operation, counted from 0; at one file put, when it tears that;
/// never when there is no fault.
#[derive(Debug)]
pub(super) struct FaultStore {
    inner: Arc<dyn ObjectStore>,
    fault: Option<(Fault, usize)>,
    log: Arc<Log>,
}

impl FaultStore {
    pub(super) fn new(inner: Arc<dyn ObjectStore>, fault: Option<(Fault, usize)>) -> Self {
        Self { inner, fault, log: Arc::default() }
    }

    pub(super) fn log(&self) -> Arc<Log> {
        Arc::clone(&self.log)
    }

    /// Counts an operation, and returns the fault that it meets.
    fn meets(&self, name: &'static str, path: Option<&Path>) -> Option<Fault> {
        let number = self.log.count.fetch_add(1, Ordering::SeqCst);
        let (fault, at) = self.fault.filter(|(fault, _)| *fault != Fault::Torn)?;
        let writes = matches!(name, "put" | "multipart" | "delete" | "copy" | "rename");
        let met = match fault {
            Fault::Full => writes && number >= at,
            _ => number == at,
        };
        if !met {
            return None;
        }
        let path = path.map(ToString::to_string).unwrap_or_default();
        self.log.met.lock().unwrap().get_or_insert((name, path));
        if fault == Fault::KillBefore {
            std::process::abort();
        }
        Some(fault)
    }

    async fn run<T>(
        &self,
        name: &'static str,
        path: &Path,
        operation: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match self.meets(name, Some(path)) {
            None | Some(Fault::KillBefore) => operation.await,
            Some(Fault::Error) => Err(error("the request was refused")),
            Some(Fault::Full) => Err(error("no space left on device")),
            Some(Fault::ErrorAfter) => {
                operation.await?;
                Err(error("the reply was lost"))
            }
            Some(Fault::KillAfter | Fault::Torn) => {
                drop(operation.await);
                std::process::abort();
            }
        }
    }

    fn stream<T: Send + 'static>(
        &self,
        name: &'static str,
        path: Option<&Path>,
        stream: BoxStream<'static, Result<T>>,
    ) -> BoxStream<'static, Result<T>> {
        match self.meets(name, path) {
            None | Some(Fault::KillBefore | Fault::Torn) => stream,
            Some(Fault::Error) => failing("the request was refused"),
            Some(Fault::Full) => failing("no space left on device"),
            Some(Fault::ErrorAfter) => stream.chain(failing("the reply was lost")).boxed(),
            Some(Fault::KillAfter) => {
                stream.chain(stream::once(async { std::process::abort() })).boxed()
            }
        }
    }
}

fn error(reason: &'static str) -> Error {
    Error::Generic { store: "FaultStore", source: reason.into() }
}

fn failing<T: Send + 'static>(reason: &'static str) -> BoxStream<'static, Result<T>> {
    stream::once(async move { Err(error(reason)) }).boxed()
}

/// The first half of a file.
fn half(payload: &PutPayload) -> PutPayload {
    let bytes = payload.iter().flatten().copied().collect::<Vec<u8>>();
    bytes[..bytes.len() / 2].to_vec().into()
}

impl fmt::Display for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} that fails", self.inner)
    }
}

#[async_trait]
impl ObjectStore for FaultStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let number = self.log.puts.fetch_add(1, Ordering::SeqCst);
        if self.fault == Some((Fault::Torn, number)) {
            drop(self.inner.put_opts(location, half(&payload), opts).await);
            std::process::abort();
        }
        self.run("put", location, self.inner.put_opts(location, payload, opts)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.run("multipart", location, self.inner.put_multipart_opts(location, opts)).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.run("get", location, self.inner.get_opts(location, options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.run("get", location, self.inner.get_ranges(location, ranges)).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.stream("delete", None, self.inner.delete_stream(locations))
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.stream("list", prefix, self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.stream("list", prefix, self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let path = prefix.cloned().unwrap_or_default();
        self.run("list", &path, self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.run("copy", to, self.inner.copy_opts(from, to, options)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.run("rename", to, self.inner.rename_opts(from, to, options)).await
    }
}
