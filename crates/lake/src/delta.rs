//! Delta tables of the lake: opened at a version, or made ready for a write on top of one.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use deltalake_core::kernel::StructType;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::{DeltaResult, DeltaTable, DeltaTableBuilder, DeltaTableError};
use url::Url;

use crate::{Error, Lake, QUARANTINE, Result, store};

impl Lake {
    /// Opens a table at the version that a release pins.
    pub(crate) async fn delta_at(&self, table: &str, version: u64) -> Result<DeltaTable> {
        let open = async || self.builder(table)?.with_version(version).load().await;
        open().await.map_err(|source| failed("open", table, source))
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
        let open = async || {
            let opened = self.builder(table)?.build()?;
            if opened.verify_deltatable_existence().await? {
                self.builder(table)?.load().await
            } else {
                self.create_delta(table, schema, partition).await
            }
        };
        let newest = open().await.map_err(|source| failed("open", table, source))?;
        let wanted = published.unwrap_or(0);
        if newest.version() == Some(wanted) {
            return Ok(newest);
        }
        tracing::warn!(
            table,
            version = newest.version(),
            published,
            "undoing what was never published"
        );
        let (restored, _) = newest
            .restore()
            .with_version_to_restore(wanted)
            .await
            .map_err(|source| failed("restore", table, source))?;
        Ok(restored)
    }

    async fn create_delta(
        &self,
        table: &str,
        schema: SchemaRef,
        partition: &str,
    ) -> DeltaResult<DeltaTable> {
        let columns: StructType = schema.as_ref().try_into_kernel()?;
        CreateBuilder::new()
            .with_log_store(self.builder(table)?.build_storage()?)
            .with_table_name(table)
            .with_columns(columns.fields().cloned())
            .with_partition_columns([partition])
            .await
    }

    fn builder(&self, table: &str) -> DeltaResult<DeltaTableBuilder> {
        let folder =
            if table == QUARANTINE { QUARANTINE.to_owned() } else { format!("tables/{table}") };
        let url = Url::parse(&format!("{}{folder}/", store::ADDRESS))
            .map_err(|error| DeltaTableError::InvalidTableLocation(error.to_string()))?;
        Ok(DeltaTableBuilder::from_url(url.clone())?
            .with_storage_backend(Arc::clone(&self.store), url))
    }
}

pub(crate) fn failed(step: &'static str, table: &str, source: DeltaTableError) -> Error {
    Error::Delta { step, table: table.to_owned(), source: Box::new(source) }
}
