//! From files to a draft: read, check, spool, merge, and say what became of every row.

use std::collections::BTreeMap;

use carnac_lake::{Delivery, Draft, Lake};
use carnac_model::{DATASETS, Dataset, Input};
use chrono::NaiveDate;

use crate::read::read;
use crate::{Error, PseudonymKey, Result, Source};

/// What became of one file.
#[derive(Debug)]
pub struct Report {
    /// Name of the source in release records: `<dataset>/<file name>`.
    pub source: String,
    /// What was done.
    pub outcome: Outcome,
}

/// What was done with one file.
#[derive(Debug)]
pub enum Outcome {
    /// The very same bytes are landed already; nothing was done.
    Unchanged {
        /// The source they were landed as: its own name, or another.
        landed_as: String,
        /// The counts of that landing; its release is 0 when it is of this run.
        input: Input,
    },
    /// Its rows are in the draft.
    Landed {
        /// The counts.
        input: Input,
        /// Those of its earlier delivery, which it replaces.
        replaces: Option<Input>,
    },
    /// It could not be read; nothing of it is in the draft.
    Failed(Error),
}

/// How a run reads and lands its sources.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "who is told of progress has none")]
pub struct Landing<'a> {
    /// Names the respondents of surveys, which do not land without.
    pub key: Option<&'a PseudonymKey>,
    /// Bounds a merge, in bytes.
    pub memory: usize,
    /// Which sources land again although they are landed already.
    pub again: Again<'a>,
    /// Is told the bytes of each file once it is read.
    pub advanced: &'a (dyn Fn(u64) + Sync),
}

/// Which sources land again although their bytes and their profile are unchanged.
#[derive(Debug, Clone, Copy)]
pub enum Again<'a> {
    /// None.
    None,
    /// All that are named; one that was never landed is refused.
    All,
    /// These, by the names under which they are landed, each with the date that "today" means
    /// for it.
    These(&'a BTreeMap<String, NaiveDate>),
}

/// Lands `sources` into the draft, dataset by dataset, each with one merge.
///
/// A file whose bytes are landed already is left alone, unless the profile or the key by which it
/// is read has changed since: it then replaces what it landed before.
///
/// `key` names the respondents of surveys, which do not land without; `memory` bounds a merge, in
/// bytes; `advanced` is told the bytes of each file once it is read.
/// Reports come in the order of datasets, then of files.
///
/// # Errors
/// Only when the lake fails. A file that cannot be read is a report, and the others land.
pub async fn land(
    lake: &Lake,
    draft: &mut Draft,
    sources: &[Source],
    key: Option<&PseudonymKey>,
    memory: usize,
    advanced: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Report>> {
    Landing { key, memory, again: Again::None, advanced }.land(lake, draft, sources).await
}

/// The sources of one dataset that a run has spooled.
struct Spool<'a> {
    delivery: Delivery,
    /// By the file name under which each lands.
    sources: BTreeMap<String, &'a Source>,
}

/// What is done with one source before the merge.
enum Step {
    /// Nothing more.
    Done(Box<Outcome>),
    /// It waits for the merge under a file name of this run: its own, or that of a copy of it.
    Waits(String),
}

/// What is to be done with one source, before it is read.
pub(crate) enum Verdict<'d> {
    /// Nothing: it is landed under this name, as it would be read now.
    Leave(&'d str, &'d Input),
    /// It lands under this file name.
    Land(String, Why, NaiveDate),
    /// It cannot land.
    Refuse(Error),
}

/// Why a source lands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing of that name or content is landed.
    New,
    /// Its content differs from what is landed under its name.
    Changed,
    /// The profile or the key by which it is read has changed.
    ReadOtherwise,
    /// It was asked for.
    AskedFor,
}

impl Landing<'_> {
    /// Lands sources as [`land`] does.
    ///
    /// # Errors
    /// As [`land`].
    pub async fn land(
        &self,
        lake: &Lake,
        draft: &mut Draft,
        sources: &[Source],
    ) -> Result<Vec<Report>> {
        let mut reports = Vec::with_capacity(sources.len());
        for &dataset in DATASETS {
            let is_of_dataset = |source: &&Source| std::ptr::eq(source.dataset, dataset);
            let of_dataset: Vec<_> = sources.iter().filter(is_of_dataset).collect();
            if !of_dataset.is_empty() {
                reports.extend(self.land_dataset(lake, draft, dataset, &of_dataset).await?);
            }
        }
        Ok(reports)
    }

    async fn land_dataset(
        &self,
        lake: &Lake,
        draft: &mut Draft,
        dataset: &'static Dataset,
        sources: &[&Source],
    ) -> Result<Vec<Report>> {
        let mut spool = Spool { delivery: Delivery::new(dataset)?, sources: BTreeMap::new() };
        let (mut reports, mut waiting) = (Vec::new(), Vec::new());
        let all = by_key(sources);
        for &source in sources {
            match self.step(draft, &mut spool, source, &all) {
                Step::Done(outcome) => {
                    note(draft, source, &outcome);
                    reports.push(Report { source: source.key(), outcome: *outcome });
                }
                Step::Waits(file) => waiting.push((source, file)),
            }
            (self.advanced)(source.bytes());
        }
        if waiting.is_empty() {
            return Ok(reports);
        }
        let landed = lake.replace(draft, spool.delivery, self.memory).await?;
        let landed: BTreeMap<_, _> = landed.into_iter().collect();
        for (source, file) in waiting {
            let Some(input) = landed.get(&file).cloned() else { continue };
            let landed_as = format!("{}/{file}", dataset.name);
            let is_copy =
                spool.sources.get(&file).is_none_or(|first| !std::ptr::eq(*first, source));
            reports.push(if is_copy {
                Report { source: source.key(), outcome: Outcome::Unchanged { landed_as, input } }
            } else {
                let replaces = draft.landed(&landed_as).cloned();
                Report { source: landed_as, outcome: Outcome::Landed { input, replaces } }
            });
        }
        Ok(reports)
    }

    /// Spools one source, unless there is a reason not to.
    fn step<'s>(
        &self,
        draft: &Draft,
        spool: &mut Spool<'s>,
        source: &'s Source,
        all: &Sources<'_>,
    ) -> Step {
        let failed = |error| Step::Done(Box::new(Outcome::Failed(error)));
        if let Some((file, _)) = spool.sources.iter().find(|(_, first)| is_copy(source, first)) {
            return Step::Waits(file.clone());
        }
        let (file, run_date) = match self.verdict(draft, source, all) {
            Verdict::Leave(landed_as, input) => {
                let (landed_as, input) = (landed_as.to_owned(), input.clone());
                return Step::Done(Box::new(Outcome::Unchanged { landed_as, input }));
            }
            Verdict::Refuse(error) => return failed(error),
            Verdict::Land(file, _, run_date) => (file, run_date),
        };
        if spool.sources.contains_key(&file) {
            return failed(same_name(source));
        }
        match self.spool(draft, &mut spool.delivery, source, (&file, run_date)) {
            Ok(()) => {
                spool.sources.insert(file.clone(), source);
                Step::Waits(file)
            }
            Err(error) => failed(error),
        }
    }

    /// Says whether a source lands, why, and with which date as today; `all` are those of its
    /// dataset in this run.
    pub(crate) fn verdict<'d>(
        &self,
        draft: &'d Draft,
        source: &'d Source,
        all: &Sources<'_>,
    ) -> Verdict<'d> {
        let today = draft.run_date();
        let own = draft.landed(&source.key());
        let Some((landed_as, input)) = landed_before(draft, source, all) else {
            if matches!(self.again, Again::All) && own.is_none() {
                let (path, dataset) = (source.path.clone(), source.dataset.name);
                return Verdict::Refuse(Error::NotLanded { path, dataset });
            }
            let why = if own.is_some() { Why::Changed } else { Why::New };
            return Verdict::Land(source.name.clone(), why, today);
        };
        let land = |why, run_date| Verdict::Land(file_of(landed_as).to_owned(), why, run_date);
        match self.again {
            Again::All => land(Why::AskedFor, today),
            Again::These(dates) if dates.contains_key(landed_as) => {
                land(Why::AskedFor, dates[landed_as])
            }
            Again::None | Again::These(_) if source.is_read_as(input, self.key) => {
                Verdict::Leave(landed_as, input)
            }
            Again::None | Again::These(_) => land(Why::ReadOtherwise, today),
        }
    }

    /// Reads one file through the check into the delivery, under a file name and with a date for
    /// today; on failure the delivery forgets it.
    fn spool(
        &self,
        draft: &Draft,
        delivery: &mut Delivery,
        source: &Source,
        (file, run_date): (&str, NaiveDate),
    ) -> Result<()> {
        delivery.begin(file, Input { run_date: Some(run_date), ..source.input(self.key) });
        let mut append = |checked| Ok(delivery.append(&checked)?);
        let outcome = read(source, self.key, run_date, &mut append);
        let outcome = outcome.and_then(|()| refuse_empty(source.dataset, file, draft, delivery));
        if outcome.is_err() {
            delivery.withdraw();
        }
        outcome
    }
}

/// Whether a source holds the bytes of another one of its run, and would land the same rows.
pub(crate) fn is_copy(source: &Source, other: &Source) -> bool {
    source.content.sha256 == other.content.sha256 && source.is_named_as(&other.name)
}

/// The hashes of the sources of a run, by the names under which they would land.
pub(crate) type Sources<'s> = BTreeMap<String, Vec<&'s str>>;

pub(crate) fn by_key<'s>(sources: &[&'s Source]) -> Sources<'s> {
    let mut by_key = Sources::new();
    for source in sources {
        by_key.entry(source.key()).or_default().push(source.content.sha256.as_str());
    }
    by_key
}

/// The source that the bytes are landed as: under their own name, or else another one.
///
/// Not one that another file of this run replaces: its rows are about to go.
fn landed_before<'d>(
    draft: &'d Draft,
    source: &'d Source,
    all: &Sources<'_>,
) -> Option<(&'d str, &'d Input)> {
    let is_replaced = |key: &str| {
        let others = all.get(key).into_iter().flatten();
        others.into_iter().any(|sha256| *sha256 != source.content.sha256)
    };
    let own = source.key();
    let mut landed: Vec<_> = draft
        .landed_bytes(source.dataset.name, &source.content.sha256)
        .filter(|(key, _)| source.is_named_as(file_of(key)) && !is_replaced(key))
        .collect();
    landed.sort_by_key(|(key, _)| *key != own);
    landed.into_iter().next()
}

/// Keeps what an unchanged file looks like, so that the next run need not read it.
fn note(draft: &mut Draft, source: &Source, outcome: &Outcome) {
    let Outcome::Unchanged { landed_as, input } = outcome else { return };
    let Some(stamp) = &source.content.stamp else { return };
    if *landed_as == source.key() && input.stamp.as_ref() != Some(stamp) {
        draft.note(landed_as, &input.sha256, stamp.clone());
    }
}

/// The file name in the name of a source.
fn file_of(key: &str) -> &str {
    key.split_once('/').map_or(key, |(_, file)| file)
}

/// A file whose rows are all bad must not wipe what its earlier delivery had landed.
fn refuse_empty(dataset: &Dataset, file: &str, draft: &Draft, delivery: &Delivery) -> Result<()> {
    let landed = draft.landed(&format!("{}/{file}", dataset.name));
    let landed = landed.map_or(0, |before| before.accepted);
    let accepted = delivery.current().map_or(0, |input| input.accepted);
    if accepted == 0 && landed > 0 {
        let (dataset, file) = (dataset.name.to_owned(), file.to_owned());
        return Err(carnac_lake::Error::EmptyDelivery { dataset, file, landed }.into());
    }
    Ok(())
}

fn same_name(source: &Source) -> Error {
    Error::SameName {
        path: source.path.clone(),
        name: source.name.clone(),
        dataset: source.dataset.name,
    }
}
