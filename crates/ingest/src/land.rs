//! From files to a draft: read, check, spool, merge, and say what became of every row.

use std::collections::BTreeSet;

use carnac_lake::{Delivery, Draft, Lake};
use carnac_model::{DATASETS, Dataset, Input};

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
        /// The counts of that landing.
        input: Input,
    },
    /// Its rows are in the draft; `replaces` counts the rows of its earlier delivery.
    Landed {
        /// The counts.
        input: Input,
        /// Rows that its earlier delivery had landed.
        replaces: Option<u64>,
    },
    /// It could not be read; nothing of it is in the draft.
    Failed(Error),
}

/// Lands `sources` into the draft, dataset by dataset, each with one merge.
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
    let mut reports = Vec::with_capacity(sources.len());
    for &dataset in DATASETS {
        let mut of_dataset =
            sources.iter().filter(|source| std::ptr::eq(source.dataset, dataset)).peekable();
        if of_dataset.peek().is_some() {
            reports.extend(
                land_dataset(lake, draft, dataset, of_dataset, key, memory, advanced).await?,
            );
        }
    }
    Ok(reports)
}

async fn land_dataset(
    lake: &Lake,
    draft: &mut Draft,
    dataset: &'static Dataset,
    sources: impl Iterator<Item = &Source>,
    key: Option<&PseudonymKey>,
    memory: usize,
    advanced: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Report>> {
    let mut delivery = Delivery::new(dataset)?;
    let mut reports = Vec::new();
    let mut names = BTreeSet::new();
    for source in sources {
        let landed = draft.landed_bytes(dataset.name, &source.sha256);
        let done = match landed.map(|(name, input)| (name.to_owned(), input.clone())) {
            Some((landed_as, input)) => Some(Outcome::Unchanged { landed_as, input }),
            None if !names.insert(&source.name) => Some(Outcome::Failed(same_name(source))),
            None => spool(source, key, draft, &mut delivery).err().map(Outcome::Failed),
        };
        advanced(source.bytes());
        reports.extend(done.map(|outcome| Report { source: source.key(), outcome }));
    }
    if !delivery.is_empty() {
        for (file, input) in lake.replace(draft, delivery, memory).await? {
            let source = format!("{}/{file}", dataset.name);
            let replaces = draft.landed(&source).map(|before| before.accepted);
            reports.push(Report { source, outcome: Outcome::Landed { input, replaces } });
        }
    }
    Ok(reports)
}

/// Reads one file through the check into the delivery; on failure the delivery forgets it.
fn spool(
    source: &Source,
    key: Option<&PseudonymKey>,
    draft: &Draft,
    delivery: &mut Delivery,
) -> Result<()> {
    delivery.begin(&source.name, &source.sha256);
    let outcome =
        read(source, key, draft.run_date(), &mut |checked| Ok(delivery.append(&checked)?));
    let outcome = outcome.and_then(|()| refuse_empty(source, draft, delivery));
    if outcome.is_err() {
        delivery.withdraw();
    }
    outcome
}

/// A file whose rows are all bad must not wipe what its earlier delivery had landed.
fn refuse_empty(source: &Source, draft: &Draft, delivery: &Delivery) -> Result<()> {
    let landed = draft.landed(&source.key()).map_or(0, |before| before.accepted);
    let accepted = delivery.current().map_or(0, |input| input.accepted);
    if accepted == 0 && landed > 0 {
        let (dataset, file) = (source.dataset.name.to_owned(), source.name.clone());
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
