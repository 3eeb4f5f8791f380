//! File operations that last: each is on the disk when it returns.
//!
//! Each is logged once it is done, at level trace, as `sync FILE`, `name FILE -> FILE`,
//! `make FOLDER`, `sync-folder FOLDER`: tests cut the power between any two of them.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use object_store::PutPayload;
use tempfile::{Builder, NamedTempFile};

/// The folder of a lake in which files stand that have no name yet. A run that is killed leaves
/// them there.
pub(crate) const STAGING: &str = "staging";

/// Where operations are logged.
pub(super) const LOG: &str = "carnac_lake::disk";

/// The disk that a lake is on.
#[derive(Debug)]
pub(super) struct Disk {
    staging: PathBuf,
    /// The folders below the root that are known to outlast a power cut.
    lasting: Mutex<BTreeSet<PathBuf>>,
}

/// A file without a name: removed when dropped.
#[derive(Debug)]
pub(super) struct Staged(NamedTempFile);

impl Staged {
    pub(super) fn write_at(&mut self, at: u64, payload: &PutPayload) -> io::Result<()> {
        let file = self.0.as_file_mut();
        file.seek(SeekFrom::Start(at))?;
        payload.iter().try_for_each(|bytes| file.write_all(bytes))
    }
}

impl Disk {
    /// The disk of the lake whose staging folder that is; it is made when first used.
    pub(super) fn new(staging: PathBuf) -> Self {
        Self { staging, lasting: Mutex::default() }
    }

    /// Starts a file.
    pub(super) fn stage(&self) -> io::Result<Staged> {
        self.make_lasting(&self.staging)?;
        let mut builder = Builder::new();
        builder.prefix("");
        if let Some(permissions) = for_all_readers() {
            builder.permissions(permissions);
        }
        builder.tempfile_in(&self.staging).map(Staged)
    }

    /// Gives a file its name: its bytes are on the disk before, the name is when this returns.
    pub(super) fn name(&self, staged: Staged, to: &Path, only_if_absent: bool) -> io::Result<()> {
        let from = staged.0.path().to_owned();
        staged.0.as_file().sync_all()?;
        tracing::trace!(target: LOG, "sync {}", from.display());
        let folder = to.parent().unwrap_or(to);
        self.make_lasting(folder)?;
        if only_if_absent {
            staged.0.persist_noclobber(to).map_err(|failed| failed.error)?;
        } else {
            staged.0.persist(to).map_err(|failed| failed.error)?;
        }
        tracing::trace!(target: LOG, "name {} -> {}", from.display(), to.display());
        sync_folder(folder)
    }

    /// Makes a file last that has its name already.
    pub(super) fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()?;
        tracing::trace!(target: LOG, "sync {}", path.display());
        let folder = path.parent().unwrap_or(path);
        self.make_lasting(folder)?;
        sync_folder(folder)
    }

    /// Makes a folder and those above it, up to the root, where they are not there; a run that was
    /// killed may have made one that is not on the disk yet.
    fn make_lasting(&self, folder: &Path) -> io::Result<()> {
        if Some(folder) == self.staging.parent() || (self.lasts(folder) && folder.is_dir()) {
            return Ok(());
        }
        let above = folder.parent().unwrap_or(folder);
        self.make_lasting(above)?;
        make_one(folder)?;
        sync_folder(above)?;
        self.lasting.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
        Ok(())
    }

    fn lasts(&self, folder: &Path) -> bool {
        self.lasting.lock().unwrap_or_else(PoisonError::into_inner).contains(folder)
    }
}

/// Makes a folder and those above it that are not there, to last.
pub(crate) fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().unwrap_or(folder);
    make_folders(above)?;
    make_one(folder)?;
    sync_folder(if above.as_os_str().is_empty() { Path::new(".") } else { above })
}

fn make_one(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        made => {
            if made.is_ok() {
                tracing::trace!(target: LOG, "make {}", folder.display());
            }
            Ok(())
        }
    }
}

/// Puts on the disk which names a folder holds.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()?;
    tracing::trace!(target: LOG, "sync-folder {}", folder.display());
    Ok(())
}

/// A folder cannot be opened as a file elsewhere.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// What the umask leaves, as for any file; temporary files are their owner's alone otherwise.
#[cfg(unix)]
fn for_all_readers() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn for_all_readers() -> Option<Permissions> {
    None
}
