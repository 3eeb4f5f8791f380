//! Delta tables of the lake: opened at a version, or made ready for a write on top of one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use deltalake_core::kernel::StructType;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::TransactionError;
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::{DeltaResult, DeltaTable, DeltaTableBuilder, DeltaTableError};
use url::Url;

use crate::commit::ATTEMPTS;
use crate::proof::Proof;
use crate::{Error, Lake, QUARANTINE, Result, commit, cube, store};

impl Lake {
    /// Opens a table at a version, whose commit must be whole and, when `published` names one, that
    /// very commit.
    pub(crate) async fn delta_at(
        &self,
        table: &str,
        version: u64,
        published: Option<&str>,
    ) -> Result<DeltaTable> {
        let commit = self.proven(table, version, published).await?.map(|commit| commit.file);
        if let Some(opened) = commit.as_ref().and_then(|commit| self.opened.get(table, commit)) {
            return Ok(opened);
        }
        let open = async || self.builder(table)?.with_version(version).load().await;
        let opened = open().await.map_err(|source| failed("open", table, source))?;
        if let Some(commit) = commit {
            self.opened.put(table, commit, &opened);
        }
        Ok(opened)
    }

    /// Makes a table ready for a write on top of what readers see of it.
    ///
    /// It is created when absent. Versions that no release names are leftovers of a run that
    /// ended before it published: they are undone, so that they never ride along.
    pub(crate) async fn delta_for_write(
        &self,
        table: &str,
        schema: SchemaRef,
        partition: &str,
        published: Option<u64>,
    ) -> Result<DeltaTable> {
        let open = async || self.open_or_create(table, &schema, partition).await;
        let wanted = published.unwrap_or(0);
        let newest = match open().await {
            Ok(newest) if newest.version() == Some(wanted) => newest,
            Ok(newest) => match self.set_aside(&folder(table), published).await {
                Ok(0) => newest,
                Ok(_) => open().await.map_err(|source| failed("open", table, source))?,
                Err(source) => return Err(failed("repair", table, source.into())),
            },
            Err(source) => {
                let aside = self.set_aside(&folder(table), published).await;
                if aside.map_err(|source| failed("repair", table, source.into()))? == 0 {
                    return Err(failed("open", table, source));
                }
                open().await.map_err(|source| failed("open", table, source))?
            }
        };
        if newest.version() == Some(wanted) {
            self.proven(table, wanted, None).await?;
            return Ok(newest);
        }
        tracing::warn!(
            table,
            version = newest.version(),
            published,
            "undoing what was never published"
        );
        let before = self.delta_at(table, wanted, None).await?;
        let undone = commit::undo(&newest, &before).await;
        let version = undone.map_err(|source| failed("undo", table, source))?;
        self.delta_at(table, version, None).await
    }

    async fn open_or_create(
        &self,
        table: &str,
        schema: &SchemaRef,
        partition: &str,
    ) -> DeltaResult<DeltaTable> {
        let exists = async || self.builder(table)?.build()?.verify_deltatable_existence().await;
        let mut attempt = 1;
        while !exists().await? {
            // After an error it may be there all the same: the reply was lost, or another run was
            // first.
            match self.create_delta(table, schema, partition).await {
                Err(error) if attempt == ATTEMPTS && !exists().await? => return Err(error),
                Err(error) => tracing::warn!(table, %error, "looking whether the table is there"),
                Ok(_) => break,
            }
            attempt += 1;
        }
        self.builder(table)?.load().await
    }

    async fn create_delta(
        &self,
        table: &str,
        schema: &SchemaRef,
        partition: &str,
    ) -> DeltaResult<DeltaTable> {
        let columns: StructType = schema.as_ref().try_into_kernel()?;
        CreateBuilder::new()
            .with_log_store(self.builder(table)?.build_storage()?)
            .with_table_name(table)
            .with_columns(columns.fields().cloned())
            .with_partition_columns([partition])
            .with_commit_properties(commit::properties(&Proof::of(&[])?)?)
            .await
    }

    /// Checks that a version's commit is whole, and returns it.
    ///
    /// None when the log has the commit in a checkpoint only.
    ///
    /// # Errors
    /// [`Error::DamagedCommit`] when it is not what was written, or not the one `published`.
    pub(crate) async fn proven(
        &self,
        table: &str,
        version: u64,
        published: Option<&str>,
    ) -> Result<Option<Proven>> {
        let damaged =
            |reason: String| Error::DamagedCommit { table: table.to_owned(), version, reason };
        let read = async || self.builder(table)?.build_storage()?.read_commit_entry(version).await;
        let commit = read().await.map_err(|source| failed("open", table, source))?;
        let Some(file) = commit else {
            let open = async || self.builder(table)?.with_version(version).load().await;
            return match open().await {
                Ok(_) => Ok(None),
                Err(source @ DeltaTableError::ObjectStore { .. }) => {
                    Err(failed("open", table, source))
                }
                Err(_) => Err(damaged("it is not in the log".to_owned())),
            };
        };
        let proof = Proof::read(&file).map_err(damaged)?;
        if published.is_some_and(|published| published != proof.sha256) {
            return Err(damaged("it is another commit than the one published".to_owned()));
        }
        Ok(Some(Proven { file, sha256: proof.sha256 }))
    }

    pub(crate) fn builder(&self, table: &str) -> DeltaResult<DeltaTableBuilder> {
        let url = Url::parse(&format!("{}{}/", store::ADDRESS, folder(table)))
            .map_err(|error| DeltaTableError::InvalidTableLocation(error.to_string()))?;
        Ok(DeltaTableBuilder::from_url(url.clone())?
            .with_storage_backend(Arc::clone(&self.store), url))
    }
}

/// A commit that is whole.
pub(crate) struct Proven {
    file: Bytes,
    /// SHA-256 of what it changes, in hexadecimal.
    pub(crate) sha256: String,
}

/// Tables as they were opened last: a run opens the same version ten times, and each time the whole
/// log is read.
///
/// By the file of their last commit, whose time no other has: of what it changes alone, two commits
/// that change nothing are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opened(Arc<Mutex<VecDeque<(String, Bytes, DeltaTable)>>>);

impl Opened {
    /// Versions that are kept.
    const MOST: usize = 16;

    fn tables(&self) -> MutexGuard<'_, VecDeque<(String, Bytes, DeltaTable)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, table: &str, commit: &Bytes) -> Option<DeltaTable> {
        let tables = self.tables();
        let found = tables.iter().find(|(of, by, _)| of == table && by == commit);
        found.map(|(_, _, opened)| opened.clone())
    }

    fn put(&self, table: &str, commit: Bytes, opened: &DeltaTable) {
        let mut tables = self.tables();
        if tables.len() == Self::MOST {
            tables.pop_front();
        }
        tables.push_back((table.to_owned(), commit, opened.clone()));
    }
}

/// Where a table is, below the root.
pub(crate) fn folder(table: &str) -> String {
    let is_whole = table == QUARANTINE || table.starts_with(cube::FOLDER);
    if is_whole { table.to_owned() } else { format!("tables/{table}") }
}

/// A Delta operation failed; that another run was faster is no fault of the table.
pub(crate) fn failed(step: &'static str, table: &str, source: DeltaTableError) -> Error {
    let table = table.to_owned();
    if is_conflict(&source) {
        return Error::Conflict { table };
    }
    Error::Delta { step, table, source: Box::new(source) }
}

/// Whether another run committed what this one was to build on.
pub(crate) fn is_conflict(error: &DeltaTableError) -> bool {
    let DeltaTableError::Transaction { source } = error else { return false };
    matches!(
        source,
        TransactionError::CommitConflict(_)
            | TransactionError::MaxCommitAttempts(_)
            | TransactionError::VersionAlreadyExists(_)
    )
}
