//! What a run that was killed may leave at the end of a table's log: entries that nobody can read.

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, Result};
use parquet::file::metadata::ParquetMetaDataReader;

use crate::Lake;
use crate::proof::Proof;
use crate::verify::HINT;

/// An entry of a log: its version, and whether it is a checkpoint.
type Entry = (u64, bool);

impl Lake {
    /// Sets aside what cannot be read at the end of a table's log, after the version that readers
    /// see: in `damaged/`, where nothing reads it. Returns how many entries that were.
    ///
    /// A store that puts whole files or none leaves none.
    pub(crate) async fn set_aside(&self, folder: &str, published: Option<u64>) -> Result<usize> {
        let log = Path::from(format!("{folder}/_delta_log"));
        let listed: Vec<_> = self.store.list(Some(&log)).try_collect().await?;
        let named = |path: Path| Some((entry(path.filename()?)?, path));
        let mut entries: Vec<_> = listed.into_iter().filter_map(|f| named(f.location)).collect();
        entries.retain(|((version, _), _)| published.is_none_or(|seen| *version > seen));
        entries.sort_unstable_by(|a, b| b.cmp(a));
        let mut moved = 0;
        for (entry, path) in entries {
            let body = self.store.get(&path).await?.bytes().await?;
            if is_readable(entry, &body) {
                // What stands before it was read by whoever wrote it.
                break;
            }
            if entry.1 {
                // A table cannot be opened by a hint whose checkpoint is not there.
                match self.store.delete(&log.clone().join(HINT)).await {
                    Ok(()) | Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            let aside = Path::from(format!("damaged/{path}"));
            tracing::warn!(%path, %aside, "setting aside what cannot be read and no release names");
            self.store.rename(&path, &aside).await?;
            moved += 1;
        }
        Ok(moved)
    }
}

fn entry(name: &str) -> Option<Entry> {
    let (version, kind) = name.split_once('.')?;
    let is_checkpoint = match kind {
        "json" => false,
        "checkpoint.parquet" => true,
        _ => return None,
    };
    Some((version.parse().ok()?, is_checkpoint))
}

/// Whether Delta can read an entry; the first must say what the table is.
fn is_readable((version, is_checkpoint): Entry, body: &[u8]) -> bool {
    if is_checkpoint {
        let body = bytes::Bytes::copy_from_slice(body);
        return ParquetMetaDataReader::new().parse_and_finish(&body).is_ok();
    }
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let says = |action: &str| {
        let lines =
            || text.lines().filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok());
        lines().any(|line| line.get(action).is_some())
    };
    // Delta reads one that is cut between two lines, and takes it for one that changed less.
    !Proof::is_broken(text) && (version > 0 || (says("metaData") && says("protocol")))
}
