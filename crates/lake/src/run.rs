//! The records of runs, `ops/runs/<run>.json`: one a run, written when it ends, never changed.

use carnac_model::Run;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::{Error, Lake, Result};

const FOLDER: &str = "ops/runs";

/// Records that are read beside one another.
const AT_ONCE: usize = 16;

impl Lake {
    /// Writes the record of a run that has ended.
    ///
    /// # Errors
    /// When it cannot be written, or one of that name is there.
    pub async fn record_run(&self, run: &Run) -> Result<()> {
        let body = serde_json::to_vec_pretty(run).expect("a run has text keys only");
        let path = Path::from(format!("{FOLDER}/{}.json", run.id));
        let failed = |source| Error::RunLog { step: "write", source };
        self.put_if_absent(&path, body).await.map_err(failed)
    }

    /// Returns the records of all runs, the oldest first; one that is damaged is passed over with a
    /// warning.
    ///
    /// # Errors
    /// When they cannot be listed or read.
    pub async fn runs(&self) -> Result<Vec<Run>> {
        Ok(self.run_records().await?.into_iter().filter_map(|(_, run)| run.ok()).collect())
    }

    /// Reads the records of all runs, the oldest first, with where they are; of one that is damaged,
    /// why.
    pub(crate) async fn run_records(&self) -> Result<Vec<(Path, Result<Run, String>)>> {
        let failed = |step| move |source| Error::RunLog { step, source };
        let folder = Path::from(FOLDER);
        let entries: Vec<_> =
            self.store.list(Some(&folder)).try_collect().await.map_err(failed("list"))?;
        let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.location).collect();
        paths.sort();
        let read = |path: Path| async move {
            let body = self.store.get(&path).await?.bytes().await?;
            let run = serde_json::from_slice::<Run>(&body)
                .inspect_err(|error| tracing::warn!(%path, %error, "run record is damaged"));
            Ok((path, run.map_err(|error| error.to_string())))
        };
        futures::stream::iter(paths.into_iter().map(read))
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .map_err(failed("read"))
    }
}
