//! The one door: every protocol asks here, and nowhere else.

mod planning;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use arrow::array::RecordBatch;
use carnac_lake::{Journal, Lake};
use carnac_model::{DataFile, Edition, EditionName, Receipt, Release};
use chrono::{DateTime, Utc};
use datafusion::execution::memory_pool::MemoryPool;
use tracing::Instrument;

use crate::admission::Admission;
use crate::catalog::Catalog;
use crate::kept::Kept;
use crate::meter::{self, Meter};
use crate::{
    Answer, At, Caller, Counts, Figure, Limits, Part, Principal, Result, Traces, Views, Wanted,
    diff, explain, pool, run,
};

pub use planning::Description;

/// Catalogues kept open beside the newest: of releases and editions that queries name.
const KEPT: usize = 4;

/// Answers queries over the releases of one lake.
#[derive(Debug)]
pub struct Gateway {
    lake: Lake,
    /// The definitions of today.
    views: Arc<Views>,
    /// None when queries may be as many as they are, and go on as long as they do.
    admission: RwLock<Option<Arc<Admission>>>,
    /// That of all queries together.
    memory: Arc<dyn MemoryPool>,
    /// Whether what a run has computed beforehand is read.
    cubes: bool,
    /// None when every query is computed.
    kept: Option<Arc<Kept>>,
    meter: Meter,
    /// Open catalogues, each of one release and one set of definitions; the last used at the end.
    open: Mutex<Vec<Arc<Catalog>>>,
}

impl Gateway {
    /// Makes the gateway of a lake; `memory` bounds all its queries together, in bytes.
    #[must_use]
    pub fn new(lake: Lake, views: Views, memory: usize) -> Self {
        Self {
            lake,
            views: Arc::new(views),
            admission: RwLock::default(),
            memory: pool::of_all(memory),
            cubes: true,
            kept: None,
            meter: Meter::default(),
            open: Mutex::default(),
        }
    }

    /// Bounds how many queries run at once, and how long each goes on.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn within(self, limits: Limits) -> Result<Self> {
        self.limit(limits).map(|()| self)
    }

    /// Bounds the queries that come from now on; those that run end under the bounds they began with.
    ///
    /// # Errors
    /// When the system gives no threads: then nothing has changed.
    pub fn limit(&self, limits: Limits) -> Result<()> {
        if self.admission().is_none_or(|admission| admission.limits() != limits) {
            let admission = Some(Arc::new(Admission::new(limits)?));
            *self.admission.write().unwrap_or_else(PoisonError::into_inner) = admission;
        }
        Ok(())
    }

    /// Returns how long a query may go on, if there is a limit.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        self.admission().map(|admission| admission.limits().time)
    }

    fn admission(&self) -> Option<Arc<Admission>> {
        self.admission.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Refuses memory to queries while they have more in use than they may take, whatever they say:
    /// `counts` tells the bytes of the process, of which others may take `beside`, and what is kept.
    #[must_use]
    pub fn counting(self, counts: Counts, beside: usize) -> Self {
        Self { memory: pool::counted(self.memory, counts, self.kept.clone(), beside), ..self }
    }

    /// Keeps small answers and descriptions, for who asks the same of the same release again, and the rows
    /// of tables, `bytes` of all together, or nothing when that is none; what is being read may take as
    /// much. Before [`Gateway::counting`].
    #[must_use]
    pub fn keeping(self, bytes: usize) -> Self {
        Self { kept: (bytes > 0).then(|| Arc::new(Kept::new(bytes))), ..self }
    }

    /// Writes every query down: when it comes, before it is run, and when it ends.
    #[must_use]
    pub fn recorded(self, journal: Journal) -> Self {
        Self { meter: self.meter.recorded(journal), ..self }
    }

    /// Tells of every query once it has ended, without its values.
    #[must_use]
    pub fn traced(self, traces: Traces) -> Self {
        Self { meter: self.meter.traced(traces), ..self }
    }

    /// Computes cubes when they are read, also those that a run has built: answers are the same.
    #[must_use]
    pub fn without_cubes(self) -> Self {
        Self { cubes: false, ..self }
    }

    /// Opens the newest release, so that a broken file of a folder stops the start.
    ///
    /// # Errors
    /// `SqlFile`, or when there is no release.
    pub async fn warm_up(&self) -> Result<Arc<Release>> {
        Ok(Arc::clone(&self.catalog(None).await?.release))
    }

    /// Opens what `at` names, so that a wrong name is told before a query.
    ///
    /// # Errors
    /// `NotFound` when there is no such release or edition.
    pub async fn check(&self, at: &At) -> Result<()> {
        self.catalog(Some(at)).await.map(|_| ())
    }

    /// Returns on what an answer depends beside the query: the release, and the hash of the
    /// definitions.
    ///
    /// # Errors
    /// When what `at` names, or else the newest release, cannot be opened.
    pub async fn state(&self, at: Option<&At>) -> Result<(u64, String)> {
        let catalog = self.catalog(at).await?;
        Ok((catalog.release.id, catalog.views.hash().to_owned()))
    }

    /// Freezes a release, the newest unless one is named, and the definitions of today.
    ///
    /// Every view is planned on it before: what cannot be asked is not frozen.
    ///
    /// # Errors
    /// When the release cannot be opened, or the name is taken.
    pub async fn freeze(
        &self,
        name: EditionName,
        release: Option<u64>,
        now: DateTime<Utc>,
    ) -> Result<Edition> {
        let catalog = self.catalog(release.map(At::Release).as_ref()).await?;
        catalog.check().await?;
        Ok(self.lake.freeze(name, catalog.release.id, catalog.views.texts(), now).await?)
    }

    /// Compares the figures of two states of the lake: one row a figure, see [`crate::DIFF_METHOD`].
    ///
    /// # Errors
    /// When either cannot be opened, when the definitions of `a` do not fit the data of `b`, or
    /// when no indicator has the identifier that is wanted.
    pub async fn diff(
        &self,
        principal: Principal,
        (a, b): (&At, &At),
        wanted: &Wanted,
    ) -> Result<RecordBatch> {
        let (old, new) = (self.catalog(Some(a)).await?, self.catalog(Some(b)).await?);
        let mixed = self.open(Arc::clone(&old.views), &new.release).await?;
        diff::compare(principal, [&old, &mixed, &new], wanted).await
    }

    /// Computes a figure with all that it was computed from.
    ///
    /// # Errors
    /// When no indicator, or no row of it, is the one that is asked for; as [`Gateway::run`] else.
    pub async fn explain(
        &self,
        principal: Principal,
        figure: &Figure,
        at: Option<&At>,
    ) -> Result<Receipt> {
        explain::receipt(&self.lake, &*self.catalog(at).await?, principal, figure, at).await
    }

    /// Reads a data file back, and returns why it is not what was written, if so.
    pub async fn damage_of(&self, file: &DataFile) -> Option<String> {
        self.lake.damage_of(file).await
    }

    /// Runs one query for `caller`, on what `at` names or else on the newest release.
    ///
    /// `parameters` is one row; its columns are the values of `$1`, `$2`, … in order.
    ///
    /// # Errors
    /// Before the first row for whatever can be told then; later in the stream.
    pub async fn run(
        &self,
        caller: impl Into<Caller>,
        sql: &str,
        parameters: Option<&RecordBatch>,
        at: Option<&At>,
    ) -> Result<Answer> {
        self.run_part(caller, sql, parameters, (at, None)).await
    }

    /// As [`Gateway::run`], all of the answer or one of its parts: see [`Gateway::parts`].
    ///
    /// # Errors
    /// As [`Gateway::run`].
    pub async fn run_part(
        &self,
        caller: impl Into<Caller>,
        sql: &str,
        parameters: Option<&RecordBatch>,
        of: (Option<&At>, Option<Part>),
    ) -> Result<Answer> {
        let caller = caller.into();
        let measured = self.meter.begin(&caller, sql).await?;
        let admitted = self.admitted(&caller, sql, parameters, of);
        let answer = admitted.instrument(measured.span()).await;
        measured.of(answer)
    }

    async fn admitted(
        &self,
        caller: &Caller,
        sql: &str,
        parameters: Option<&RecordBatch>,
        (at, part): (Option<&At>, Option<Part>),
    ) -> Result<Answer> {
        let (catalog, principal) = (self.catalog(at).await?, caller.principal);
        let Some(admission) = self.admission() else {
            return run::run_until(&catalog, principal, sql, parameters, (part, None)).await;
        };
        let (sql, parameters) = (sql.to_owned(), parameters.cloned());
        let query = |end| async move {
            let bounds = (part, Some(&end));
            run::run_until(&catalog, principal, &sql, parameters.as_ref(), bounds).await
        };
        admission.run(caller, query).await
    }

    /// Returns what its queries amount to, in the text of OpenMetrics.
    pub async fn metrics(&self) -> String {
        let release = self.state(None).await.ok().map(|(release, _)| release);
        let waiting = self.admission().map_or(0, |admission| admission.waiting());
        self.meter.text(&meter::Now { waiting, release })
    }

    /// Returns the open catalogue of what `at` names, or else of the newest release.
    async fn catalog(&self, at: Option<&At>) -> Result<Arc<Catalog>> {
        match at {
            Some(At::Release(id)) => self.of_release(&self.views, *id).await,
            Some(At::Edition(name)) => {
                let edition = self.lake.edition(name).await?;
                let views = Arc::new(Views::from_texts(&edition.files)?);
                self.of_release(&views, edition.release).await
            }
            None => {
                let newest = self.lake.release_ids().await?.last().copied();
                if let Some(open) = newest.and_then(|id| self.take_open(id, &self.views)) {
                    return Ok(open);
                }
                // The newest number may be that of a damaged record: the lake then takes the one
                // before.
                self.open(Arc::clone(&self.views), &self.lake.newest().await?).await
            }
        }
    }

    async fn of_release(&self, views: &Arc<Views>, id: u64) -> Result<Arc<Catalog>> {
        match self.take_open(id, views) {
            Some(open) => Ok(open),
            None => self.open(Arc::clone(views), &self.lake.release(id).await?).await,
        }
    }

    /// Opens a release under a set of definitions, unless it is open. The files of a folder are all
    /// planned first; those that the program carries were by its tests, those of an edition when
    /// it was frozen.
    async fn open(&self, views: Arc<Views>, release: &Release) -> Result<Arc<Catalog>> {
        if let Some(open) = self.take_open(release.id, &views) {
            return Ok(open);
        }
        let mut release = release.clone();
        if !self.cubes {
            release.cubes.clear();
        }
        let memory = Arc::clone(&self.memory);
        let mut catalog = Catalog::open(&self.lake, views, release, memory).await?;
        catalog.kept.clone_from(&self.kept);
        if catalog.views.is_to_check() {
            catalog.check().await?;
        }
        let catalog = Arc::new(catalog);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push(Arc::clone(&catalog));
        if open.len() > KEPT + 1 {
            open.remove(0);
        }
        Ok(catalog)
    }

    fn take_open(&self, id: u64, views: &Views) -> Option<Arc<Catalog>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted =
            |open: &Arc<Catalog>| open.release.id == id && open.views.hash() == views.hash();
        let place = open.iter().position(wanted)?;
        let catalog = open.remove(place);
        open.push(Arc::clone(&catalog));
        Some(catalog)
    }
}
