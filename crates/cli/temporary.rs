//! The temporary folder of this process: removed at its end, or by the next process of its kind
//! when it was killed.

use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// How the folders of all processes begin.
const PREFIX: &str = "carnac-run-";

/// A folder for all that the process writes aside; as long as it lasts it is locked, so that no
/// other process takes it for one that was left behind.
pub(crate) struct Temporary {
    _folder: TempDir,
    _lock: File,
}

impl Temporary {
    /// Makes it, and removes those of processes that ended without removing theirs.
    pub(crate) fn make() -> io::Result<Self> {
        let place = std::env::temp_dir();
        remove_abandoned(&place)?;
        let (folder, lock) = locked_folder(&place)?;
        // It is set here only.
        tempfile::env::override_temp_dir(folder.path())
            .map_err(|other| io::Error::other(format!("it is {} already", other.display())))?;
        Ok(Self { _folder: folder, _lock: lock })
    }
}

/// Makes a locked folder: until it is locked, another process may take it for abandoned.
fn locked_folder(place: &Path) -> io::Result<(TempDir, File)> {
    loop {
        let folder = TempDir::with_prefix_in(PREFIX, place)?;
        let Ok(lock) = File::open(folder.path()) else { continue };
        if lock.try_lock().is_ok() && folder.path().exists() {
            return Ok((folder, lock));
        }
    }
}

/// Removes folders that no process has locked; those of other users stay.
fn remove_abandoned(place: &Path) -> io::Result<()> {
    for entry in place.read_dir()? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(lock) = File::open(entry.path()) else { continue };
        if lock.try_lock().is_ok()
            && let Err(error) = std::fs::remove_dir_all(entry.path())
        {
            tracing::warn!(path = %entry.path().display(), %error, "a folder is left behind");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_another_one_has_is_not() {
        let place = TempDir::new().unwrap();
        let (running, _lock) = locked_folder(place.path()).unwrap();
        let (killed, lock) = locked_folder(place.path()).unwrap();
        let killed = killed.keep();
        std::fs::write(killed.join("spool"), "rows").unwrap();
        std::fs::create_dir(place.path().join("carnac-other")).unwrap();
        drop(lock);
        remove_abandoned(place.path()).unwrap();
        assert!(running.path().exists() && !killed.exists());
        assert!(place.path().join("carnac-other").exists());
    }
}
