//! Reads data files back: all bytes against the checksum, then all pages, against the columns and
//! the rows that the log says.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use tokio::task::JoinSet;

use super::{Advanced, History, Named, Verified};
use crate::history::Added;
use crate::replace::workers;
use crate::{Lake, sum};

/// The data files that releases name, each once, with its table's columns.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<Path, (Added, Option<SchemaRef>)>);

impl Files {
    /// Adds the files of a table's versions.
    pub(super) fn name(
        &mut self,
        columns: Option<&SchemaRef>,
        history: &History,
        named: &Named<'_>,
    ) {
        let versions: BTreeSet<u64> = named.keys().copied().collect();
        for (path, lives) in &history.files {
            let is_named =
                |versions_of: &Range<u64>| versions.range(versions_of.clone()).next().is_some();
            if let Some(life) = lives.iter().find(|life| is_named(&life.versions)) {
                self.0.insert(path.clone(), (life.file.clone(), columns.cloned()));
            }
        }
    }
}

impl Lake {
    /// Reads those files, as many beside one another as there are cores.
    pub(super) async fn verify_files(
        &self,
        files: Files,
        advanced: Advanced<'_>,
        verified: &mut Verified,
    ) {
        let total = files.0.len();
        let mut waiting = files.0.into_iter();
        let mut reads = JoinSet::new();
        let mut names = BTreeMap::new();
        loop {
            while reads.len() < workers() {
                let Some((path, (said, columns))) = waiting.next() else { break };
                verified.bytes += said.size;
                verified.without_checksum += usize::from(said.sha256().is_none());
                let (store, of) = (Arc::clone(&self.store), path.clone());
                let read = async move { check(store, &of, &said, columns.as_ref()).await };
                names.insert(reads.spawn(read).id(), path);
            }
            let Some(read) = reads.join_next_with_id().await else { break };
            let (id, found) = match read {
                Ok((id, found)) => (id, found),
                // A page of a file without a checksum may be worse than the decoder can tell.
                Err(error) => (error.id(), Err("it cannot be decoded".to_owned())),
            };
            let path = names.remove(&id).unwrap_or_default();
            if let Err(reason) = found {
                verified.found(format!("file {path}"), reason);
            }
            verified.files += 1;
            advanced(verified.files, total);
        }
    }
}

/// Reads one file, or says what is wrong with it.
async fn check(
    store: Arc<dyn ObjectStore>,
    path: &Path,
    said: &Added,
    columns: Option<&SchemaRef>,
) -> Result<(), String> {
    let (sum, length) = sum::of(&store, path).await.map_err(|error| match error {
        Error::NotFound { .. } => "it is not there".to_owned(),
        error => error.to_string(),
    })?;
    if length != said.size {
        return Err(format!("it has {length} bytes; {} were written", said.size));
    }
    if said.sha256().is_some_and(|said| said != sum) {
        return Err("its bytes are not those that were written (SHA-256)".to_owned());
    }
    let undecodable = |error: ParquetError| format!("it cannot be decoded: {error}");
    let reader = Reader { store, path: path.clone(), length };
    let builder = ParquetRecordBatchStreamBuilder::new(reader).await.map_err(undecodable)?;
    let has = told(builder.schema());
    if let Some(wanted) = columns.map(|columns| told(columns)).filter(|wanted| *wanted != has) {
        let of = |columns: &[String], others: &[String]| {
            columns.iter().filter(|c| !others.contains(c)).cloned().collect::<Vec<_>>().join(", ")
        };
        let (has, wanted) = (of(&has, &wanted), of(&wanted, &has));
        return Err(format!("its columns are not those of its table: {has} for {wanted}"));
    }
    let mut batches = builder.build().map_err(undecodable)?;
    let mut rows = 0;
    while let Some(batch) = batches.try_next().await.map_err(undecodable)? {
        rows += batch.num_rows() as u64;
    }
    match said.rows() {
        Some(said) if said != rows => Err(format!("it has {rows} rows; {said} were written")),
        _ => Ok(()),
    }
}

fn told(columns: &Schema) -> Vec<String> {
    columns.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect()
}

/// Reads the parts of a file that the decoder asks for.
struct Reader {
    store: Arc<dyn ObjectStore>,
    path: Path,
    length: u64,
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        let read = async move { self.store.get_range(&self.path, range).await };
        read.map_err(|error| ParquetError::External(Box::new(error))).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        let length = self.length;
        let read = async move { ParquetMetaDataReader::new().load_and_finish(self, length).await };
        read.map_ok(Arc::new).boxed()
    }
}
