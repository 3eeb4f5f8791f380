//! Tables on storage: replace partitions, publish a release, open a release.
//!
//! ```text
//! Checked ─▶ Delivery (local spool) ─ Lake::replace ─▶ Delta version ─┐
//!                                                                     ├─ Lake::publish ─▶ Release
//! rejected rows ───────────────────────────────────▶ quarantine ──────┘
//! Draft ─ Lake::audit ─▶ Audited, which the caller looks at before it publishes
//! Release ─ Lake::table ─▶ Table (a plain Parquet scan of the pinned version's files)
//! Lake::{rewrites, rewrite} ─▶ Draft of the same rows;  Lake::{unneeded, remove};  Lake::verify
//! ```
//! This crate is the only one that writes, and it writes only by replacing whole
//! partitions and by adding records of releases, runs and editions, and lines of the audit log; leases
//! and tokens come and go. It removes only files that no kept release names.

mod audit;
mod bounds;
mod commit;
mod cube;
mod delivery;
mod delta;
mod edition;
mod error;
mod files;
mod folder;
mod history;
mod journal;
mod keep;
mod lease;
mod proof;
mod release;
mod repair;
mod replace;
mod run;
mod statistics;
mod store;
mod sum;
mod table;
mod token;
mod upkeep;
mod vacuum;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use object_store::ObjectStore;

pub use audit::Audited;
pub use cube::{CubeRows, Touched};
pub use delivery::Delivery;
pub use error::{Error, Result};
pub use journal::{Anchor, Broken, Chain, Entry, Event, Journal};
pub use lease::Lease;
pub use release::Draft;
pub use replace::quarantine_schema;
pub use store::open_bucket;
pub use table::Table;
pub use token::Token;
pub use upkeep::{Rewrite, Upkeep};
pub use vacuum::Unneeded;
pub use verify::{Damage, Verified};

/// Name of the table of rejected rows.
pub const QUARANTINE: &str = "quarantine";

/// Memory that sorting and merging may use before they spill to disk, in bytes.
pub const DEFAULT_MEMORY: usize = 512 * 1024 * 1024;

/// How many times the memory of queries their spilled rows may take on the disk.
const SPILLED: u64 = 32;

/// One lake: a folder or a bucket prefix that holds tables and their releases.
#[derive(Debug, Clone)]
pub struct Lake {
    store: Arc<dyn ObjectStore>,
    root: String,
    opened: delta::Opened,
    journal: Option<PathBuf>,
    /// Where the queries of all runtimes spill: what bounds them is counted here.
    disk: Arc<DiskManager>,
}

impl Lake {
    /// Opens the lake at `root`: a folder that exists, or an `s3://bucket/prefix` address.
    ///
    /// `options` are the storage's own settings by their usual names, `aws_endpoint` for instance.
    ///
    /// # Errors
    /// When the address cannot be read as one, or the folder is not there.
    pub fn open(root: &str, options: &[(String, String)]) -> Result<Self> {
        let (store, opened) = (store::open(root, options)?, delta::Opened::default());
        let disk = DiskManager::builder().build().map_err(|source| Error::Runtime { source })?;
        Ok(Self { store, root: root.to_owned(), opened, journal: None, disk: Arc::new(disk) })
    }

    /// Opens the lake at `root` for landing: a folder is made when it is not there yet.
    ///
    /// # Errors
    /// As [`Lake::open`], or when the folder cannot be made.
    pub fn create(root: &str, options: &[(String, String)]) -> Result<Self> {
        store::make_folder(root)?;
        Self::open(root, options)
    }

    /// Returns the lake on what `wrap` makes of its store: a store that fails on purpose, say.
    #[must_use]
    pub fn on(self, wrap: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>) -> Self {
        Self { store: wrap(self.store), opened: delta::Opened::default(), ..self }
    }

    /// Returns the lake with the journal of its servers, whose folder may be not there yet.
    #[must_use]
    pub fn with_journal(self, folder: PathBuf) -> Self {
        Self { journal: Some(folder), ..self }
    }

    /// Returns the last lines of the journal of its servers; none when it has none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn asked(&self) -> Result<Vec<Entry>> {
        let Some(folder) = self.journal.clone() else { return Ok(Vec::new()) };
        let read = tokio::task::spawn_blocking(move || Journal::recent(&folder));
        read.await.unwrap_or_else(|_| Ok(Vec::new()))
    }

    /// Returns where the lake is, as it was given.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Returns a runtime that reads this lake's files and nothing else on the machine. All runtimes of a
    /// lake and of its clones together spill at most 32 times what `memory` of the newest may hold.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn runtime(&self, memory: Arc<dyn MemoryPool>) -> Result<Arc<RuntimeEnv>> {
        let spilled = match memory.memory_limit() {
            MemoryLimit::Finite(bytes) => (bytes as u64).saturating_mul(SPILLED),
            MemoryLimit::Infinite | MemoryLimit::Unknown => u64::MAX,
        };
        let failed = |source| Error::Runtime { source };
        self.disk.set_max_temp_directory_size(spilled).map_err(failed)?;
        let disk = Some(Arc::clone(&self.disk));
        RuntimeEnvBuilder { disk_manager: disk, ..RuntimeEnvBuilder::new() }
            .with_memory_pool(memory)
            .with_object_store_registry(Arc::new(store::OnlyThisLake::new(Arc::clone(&self.store))))
            .build_arc()
            .map_err(failed)
    }
}

/// Address under which the lake's files are known to DataFusion: `lake://root/`.
fn store_url() -> ObjectStoreUrl {
    ObjectStoreUrl::parse(store::ADDRESS).expect("a constant address")
}

/// An SQL text literal.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use datafusion::execution::SpillFile;
    use datafusion::execution::memory_pool::GreedyMemoryPool;
    use tempfile::TempDir;

    use super::*;

    fn spill(runtime: &RuntimeEnv, bytes: usize) -> std::io::Result<Arc<dyn SpillFile>> {
        let file = runtime.disk_manager.create_tmp_file("a test")?;
        file.open_writer()?.write_all(&vec![0; bytes])?;
        Ok(file)
    }

    #[test]
    fn all_runtimes_of_a_lake_spill_into_one_quota() {
        let folder = TempDir::new().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), &[]).unwrap();
        let runtime = |lake: &Lake| lake.runtime(Arc::new(GreedyMemoryPool::new(1024))).unwrap();
        let (first, second) = (runtime(&lake), runtime(&lake.clone()));
        let most = 1024 * usize::try_from(SPILLED).unwrap();

        let kept = spill(&first, most - 10).unwrap();
        assert!(spill(&second, 11).is_err());
        drop((spill(&second, 10).unwrap(), kept));
        drop(spill(&second, most).unwrap());
        assert!(spill(&first, most + 1).is_err());
    }
}
