//! The data files of a table of a release, and whether they still are what was written.

use carnac_model::{DataFile, Release, TableVersion};
use deltalake_core::kernel::Add;
use object_store::path::Path;

use crate::{Error, Lake, Result, commit, delta, sum};

impl Lake {
    /// Returns a table as a release names it, with its data files by path; `None` when the release
    /// has none of that name.
    ///
    /// Checksums are those of the log. A file that was written before there were any is read.
    ///
    /// # Errors
    /// When the log cannot be read or is not the one published, or such a file cannot be read.
    pub async fn table_version(
        &self,
        release: &Release,
        table: &str,
    ) -> Result<Option<TableVersion>> {
        let Some(&version) = release.tables.get(table) else { return Ok(None) };
        let commit = release.commits.get(table).cloned();
        let opened = self.delta_at(table, version, commit.as_deref()).await?;
        let added =
            commit::files(&opened).map_err(|source| delta::failed("open", table, source))?;
        let mut files = Vec::with_capacity(added.len());
        for file in added {
            files.push(self.data_file(table, &file).await?);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Some(TableVersion { version, commit, files }))
    }

    /// Reads a data file back, and returns why it is not what was written, if so.
    pub async fn damage_of(&self, file: &DataFile) -> Option<String> {
        match sum::of(&self.store, &Path::from(file.path.as_str())).await {
            Ok((_, bytes)) if bytes != file.bytes => {
                Some(format!("it has {bytes} bytes; {} were written", file.bytes))
            }
            Ok((sha256, _)) if sha256 != file.sha256 => {
                Some("its bytes are not those that were written (SHA-256)".to_owned())
            }
            Ok(_) => None,
            Err(object_store::Error::NotFound { .. }) => Some("it is not there".to_owned()),
            Err(error) => Some(error.to_string()),
        }
    }

    async fn data_file(&self, table: &str, added: &Add) -> Result<DataFile> {
        let failed = |source| Error::Log { table: table.to_owned(), source };
        let path = Path::from_url_path(format!("{}/{}", delta::folder(table), added.path))
            .map_err(|source| failed(source.into()))?;
        let said = added.tags.as_ref().and_then(|tags| tags.get(sum::TAG).cloned().flatten());
        let sha256 = match said {
            Some(sha256) => sha256,
            None => sum::of(&self.store, &path).await.map_err(failed)?.0,
        };
        let bytes = u64::try_from(added.size).unwrap_or_default();
        Ok(DataFile { path: path.to_string(), bytes, sha256 })
    }
}
