//! The job: files in, audits, one release out; `refresh`, `ingest`, `demo` and `replay` run it.

mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use carnac_ingest::{
    Again, Known, Landing, Outcome, Profile, PseudonymKey, Report, Source, find_all,
};
use carnac_lake::{Draft, Lake};
use carnac_model::{
    Audit, AuditOutcome, DATASETS, Dataset, ExpectedDrop, Release, Run, freshness_audits,
};
use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::sleep;

use crate::config::{Config, now, storage_options};
use crate::print;
use crate::report::{Tally, told_again};
use crate::{report, told};

use record::random;
pub(crate) use record::{cannot_start, start};

/// Some files could not be read; the others are landed.
pub(crate) const SOME_UNREAD: u8 = 3;
/// An audit blocked the release.
pub(crate) const BLOCKED: u8 = 4;
/// Another refresh works on the same dataset.
pub(crate) const BUSY: u8 = 5;

/// Times that a run begins anew when another one published a table of it meanwhile.
const TRIES: u32 = 8;
/// The unit of the time that it waits before.
const RETREAT: Duration = Duration::from_millis(50);

/// Files passed over that are named.
const NAMES_SHOWN: usize = 5;

/// What a run is to do.
pub(crate) struct Job<'a> {
    pub(crate) config: &'a Config,
    pub(crate) lake: Lake,
    /// The command that the record names.
    pub(crate) command: &'static str,
    pub(crate) files: Files,
    /// What "today" means for what is new or changed.
    pub(crate) run_date: NaiveDate,
    /// Falls of rows that are no accident.
    pub(crate) declared: Vec<ExpectedDrop>,
}

/// The files of a run.
pub(crate) struct Files {
    /// Files, folders, archives and addresses.
    pub(crate) paths: Vec<PathBuf>,
    /// The dataset of them all, if it was named.
    pub(crate) named: Option<&'static Dataset>,
    pub(crate) profiles: Vec<Arc<Profile>>,
    /// What the respondents of surveys are named with.
    pub(crate) key: Option<PseudonymKey>,
    /// Only sources of these datasets; all when it is empty.
    pub(crate) only: Vec<&'static Dataset>,
    /// What of them lands again although it is landed already.
    pub(crate) again: LandAgain,
}

/// Which sources land again.
pub(crate) enum LandAgain {
    /// None.
    No,
    /// All that are named.
    Yes,
    /// Those landed sources, each with the date by which it was checked.
    These(BTreeMap<String, NaiveDate>),
}

/// How a run ended, when it did not fail on the way.
enum Ended {
    Published { unread: usize },
    Unchanged { unread: usize },
    Blocked(usize),
}

impl Ended {
    fn code(&self) -> ExitCode {
        match self {
            Self::Published { unread: 0 } | Self::Unchanged { unread: 0 } => ExitCode::SUCCESS,
            Self::Published { .. } | Self::Unchanged { .. } => ExitCode::from(SOME_UNREAD),
            Self::Blocked(_) => ExitCode::from(BLOCKED),
        }
    }
}

impl Job<'_> {
    /// Runs the job and records how it ended, whatever happens on the way.
    ///
    /// Nothing is visible to readers before the release is published.
    pub(crate) async fn run(&self) -> anyhow::Result<ExitCode> {
        self.recorded().await.1
    }

    /// Runs the job, and returns the record too.
    pub(crate) async fn recorded(&self) -> (Run, anyhow::Result<ExitCode>) {
        let (mut run, ended) = self.tried().await;
        record::end(&mut run, &ended);
        let recorded = self.lake.record_run(&run).await.context("record the run");
        let code = ended.and_then(|ended| recorded.map(|()| ended.code()));
        (run, code)
    }

    /// Runs the pipeline, from a new draft each time that another run was in its way.
    async fn tried(&self) -> (Run, anyhow::Result<Ended>) {
        let begun = start(self.command, self.run_date);
        let mut tries = 1;
        loop {
            let mut run = begun.clone();
            let ended = self.pipeline(&mut run).await;
            let conflict = ended.as_ref().err().filter(|error| is_conflict(error));
            let Some(error) = conflict.filter(|_| tries < TRIES) else { return (run, ended) };
            tries += 1;
            let error = told(error);
            print::remark(&format!("warning: trying again, {tries} of {TRIES}: {error}"));
            // Two that were in one another's way are not to meet again.
            sleep(RETREAT * (random() % (1 << tries))).await;
        }
    }

    /// Write, audit, publish.
    async fn pipeline(&self, run: &mut Run) -> anyhow::Result<Ended> {
        let mut draft = self.lake.draft(self.run_date).await?;
        run.base = draft.base().map(|base| base.id);
        let (sources, mut tally) = self.files.open_all(draft.base()).await?;
        let reports = self.land(&mut draft, &sources).await?;
        self.tell(&reports, &mut tally)?;
        run.unread = unread(&reports, &tally);
        self.build_cubes(&mut draft).await?;
        self.audit(&draft, run).await?;
        let (unread, others) = (tally.failed, tally.others());
        let blocking = tell_audits(&run.audits);
        if draft.is_empty() {
            print::line(&format!("nothing changed: no release to publish; {others}"))?;
            return Ok(Ended::Unchanged { unread });
        }
        if blocking > 0 {
            let count = format!("{blocking} blocking audits failed");
            print::line(&format!("{count}: no release published, readers see what they saw"))?;
            return Ok(Ended::Blocked(blocking));
        }
        let id = self.lake.publish(draft, now()).await.context("publish the release")?.id;
        run.release = Some(id);
        print::line(&format!("release {id} published: {} files landed; {others}", tally.landed))?;
        Ok(Ended::Published { unread })
    }

    async fn land(&self, draft: &mut Draft, sources: &[Source]) -> anyhow::Result<Vec<Report>> {
        let bar = progress(sources.iter().map(Source::bytes).sum());
        let advanced = |bytes| bar.inc(bytes);
        let landing = Landing { advanced: &advanced, ..self.files.landing(self.config.memory) };
        let reports = landing.land(&self.lake, draft, sources).await?;
        bar.finish_and_clear();
        Ok(reports)
    }

    fn tell(&self, reports: &[Report], tally: &mut Tally) -> anyhow::Result<()> {
        let again = matches!(self.files.again, LandAgain::Yes);
        for report in reports {
            tally.count(report);
            print::line(&if again { told_again(report) } else { report::told(report) })?;
        }
        Ok(())
    }

    /// Computes the cubes that the draft changes; one that cannot be is computed when it is read.
    async fn build_cubes(&self, draft: &mut Draft) -> anyhow::Result<()> {
        if draft.is_empty() {
            return Ok(());
        }
        let views = Arc::new(self.config.views()?);
        let built = carnac_query::build_cubes(&self.lake, &views, draft, self.config.memory);
        for cube in built.await.context("build the cubes")? {
            if let Some(error) = cube.failed {
                print::remark(&format!("warning: the cube {} is not built: {error}", cube.name));
            }
        }
        Ok(())
    }

    /// Puts what the draft changed and what the audits found of it into the record.
    async fn audit(&self, draft: &Draft, run: &mut Run) -> anyhow::Result<()> {
        let preview = draft.preview(now());
        run.audits.extend(freshness_audits(&preview));
        if draft.is_empty() {
            return Ok(());
        }
        let memory = self.config.memory;
        let found = self.lake.audit(draft, &self.declared, memory).await.context("audit")?;
        run.partitions = found.partitions;
        run.audits.extend(found.audits);
        let mut touched: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for part in &run.partitions {
            touched.entry(part.table.clone()).or_default().insert(part.period.clone());
        }
        let views = Arc::new(self.config.views()?);
        let in_sql = carnac_query::audit(&self.lake, &views, preview, &touched, memory);
        run.audits.extend(in_sql.await.context("audit")?);
        Ok(())
    }
}

impl Files {
    /// The datasets that may be among them: in an inbox on disk, those that have a folder there.
    pub(crate) fn datasets(&self) -> Vec<&'static Dataset> {
        if !self.only.is_empty() {
            return self.only.clone();
        }
        let has_folder = |dataset: &&&Dataset| {
            self.paths.iter().any(|path| !path.is_dir() || path.ends_with(dataset.name))
        };
        DATASETS.iter().filter(has_folder).copied().collect()
    }

    /// How they are read and landed, when nobody is told of progress.
    pub(crate) fn landing(&self, memory: usize) -> Landing<'_> {
        let again = match &self.again {
            LandAgain::No => Again::None,
            LandAgain::Yes => Again::All,
            LandAgain::These(dates) => Again::These(dates),
        };
        Landing { key: self.key.as_ref(), memory, again, advanced: &|_| () }
    }

    /// Opens every file, and reads those that do not look as they did when they landed; one that
    /// cannot be opened is told and does not stop the others.
    pub(crate) async fn open_all(
        &self,
        base: Option<&Release>,
    ) -> anyhow::Result<(Vec<Source>, Tally)> {
        let now = now();
        let contents = find_all(&self.paths, &storage_options()).await;
        let landed = |source: &str| match &self.again {
            LandAgain::Yes => None,
            LandAgain::These(dates) if dates.contains_key(source) => None,
            LandAgain::No | LandAgain::These(_) => base?.inputs.get(source),
        };
        let known = Some(Known { landed: &landed, now });
        let open = |file| Source::open_beside(file, self.named, &self.profiles, known);
        let (mut sources, mut errors) = (Vec::new(), contents.failed);
        for opened in beside_one_another(contents.files, open) {
            match opened {
                Ok(source) => sources.push(source),
                Err(error) => errors.push(error),
            }
        }
        let is_wanted =
            |source: &Source| self.only.iter().any(|only| std::ptr::eq(*only, source.dataset()));
        sources.retain(|source| self.only.is_empty() || is_wanted(source));
        let unopened: Vec<_> = errors.iter().map(ToString::to_string).collect();
        for error in &unopened {
            print::remark(&format!("error: {error}"));
        }
        let passed_over = contents.passed_over.len();
        if passed_over > 0 {
            print::line(&names_of(&contents.passed_over))?;
        }
        Ok((sources, Tally { failed: unopened.len(), passed_over, unopened, ..Tally::default() }))
    }
}

/// Does the same with each, on as many threads as the machine has; the results keep their order.
fn beside_one_another<T: Send, R: Send>(all: Vec<T>, each: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (share, each) = (all.len().div_ceil(threads).max(1), &each);
    let mut rest = all.into_iter();
    thread::scope(|scope| {
        let mut parts = Vec::new();
        while !rest.as_slice().is_empty() {
            let part: Vec<_> = rest.by_ref().take(share).collect();
            parts.push(scope.spawn(move || part.into_iter().map(each).collect::<Vec<_>>()));
        }
        let join = |part: thread::ScopedJoinHandle<'_, Vec<R>>| {
            part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        parts.into_iter().flat_map(join).collect()
    })
}

/// Whether another run was faster: what this one read is not what is published.
fn is_conflict(error: &anyhow::Error) -> bool {
    use carnac_lake::Error::Conflict;
    error.chain().any(|cause| {
        matches!(cause.downcast_ref(), Some(Conflict { .. }))
            || matches!(cause.downcast_ref(), Some(carnac_ingest::Error::Lake(Conflict { .. })))
    })
}

/// What was delivered and is not in the tables: by its name in the lake where that is known.
fn unread(reports: &[Report], tally: &Tally) -> Vec<String> {
    let failed = reports.iter().filter(|report| matches!(report.outcome, Outcome::Failed(_)));
    failed.map(|report| report.source.clone()).chain(tally.unopened.iter().cloned()).collect()
}

/// Prints what failed, warnings first, and returns how many failures stop the release.
fn tell_audits(audits: &[Audit]) -> usize {
    let failed = || audits.iter().filter(|audit| audit.outcome != AuditOutcome::Passed);
    for audit in failed().filter(|audit| !audit.blocks()) {
        let what = if audit.outcome == AuditOutcome::Declared { "declared" } else { "warning" };
        print::remark(&format!("{what}: {audit}"));
    }
    for audit in failed().filter(|audit| audit.blocks()) {
        print::remark(&format!("blocked: {audit}"));
    }
    failed().filter(|audit| audit.blocks()).count()
}

/// A line on the files that hold no data, the first of them by name.
fn names_of(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(NAMES_SHOWN).map(String::as_str).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    format!("{} files passed over, which hold no data: {}{more}", names.len(), shown.join(", "))
}

/// A bar over the bytes of all files; it shows on a terminal only.
fn progress(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use super::beside_one_another;

    #[test]
    fn results_keep_their_order() {
        for count in [0, 1, 2, 3, 100] {
            let doubled = beside_one_another((0..count).collect(), |number: usize| number * 2);
            assert_eq!(doubled, (0..count).map(|number| number * 2).collect::<Vec<_>>());
        }
    }
}
