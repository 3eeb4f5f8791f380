//! What a run would land, and why, without landing it.

use std::collections::BTreeMap;

use carnac_lake::Draft;
use carnac_model::Input;
use chrono::NaiveDate;

use crate::land::{Landing, Verdict, Why, by_key, is_copy};
use crate::{Error, Inspection, Source, inspect};

/// One source that a run would land.
#[derive(Debug)]
pub struct Planned<'s> {
    /// The file.
    pub source: &'s Source,
    /// The name under which it lands, `<dataset>/<file name>`.
    pub lands_as: String,
    /// Why it lands.
    pub why: Why,
    /// The date that "today" means for it.
    pub run_date: NaiveDate,
    /// What is landed under that name, which it replaces.
    pub replaces: Option<Input>,
    /// What is expected of it.
    pub expected: Expected,
}

/// What is expected of a source.
#[derive(Debug)]
pub enum Expected {
    /// It is landed, and its rows are known.
    Known,
    /// It was read through the check.
    Inspected(Box<Inspection>),
    /// It will not land.
    Unreadable(Error),
}

impl Planned<'_> {
    /// Returns the rows that are expected to land.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        match &self.expected {
            Expected::Known => self.replaces.as_ref().map_or(0, |input| input.accepted),
            Expected::Inspected(found) => found.accepted,
            Expected::Unreadable(_) => 0,
        }
    }

    /// Returns the periods that it is expected to touch, those that it leaves too, each with the
    /// rows that land where they are known.
    #[must_use]
    pub fn periods(&self) -> BTreeMap<String, Option<u64>> {
        if matches!(self.expected, Expected::Unreadable(_)) {
            return BTreeMap::new();
        }
        let before = self.replaces.iter().flat_map(|input| input.periods.iter().cloned());
        match &self.expected {
            Expected::Inspected(found) => {
                let mut periods: BTreeMap<_, _> = before.map(|period| (period, Some(0))).collect();
                let rows = found.periods.iter().map(|(period, rows)| (period.clone(), Some(*rows)));
                periods.extend(rows);
                periods
            }
            Expected::Known | Expected::Unreadable(_) => {
                let one = self.replaces.as_ref().is_some_and(|input| input.periods.len() == 1);
                let rows = one.then(|| self.accepted());
                before.map(|period| (period, rows)).collect()
            }
        }
    }
}

/// Says which of `sources` would land and what of them; the others are left alone.
///
/// A file that is new, changed or read otherwise is read through the check, one that is only asked
/// for is not: its periods and rows are known.
///
/// A file that cannot be read is told among the others.
#[must_use]
pub fn plan<'s>(draft: &Draft, sources: &'s [Source], how: &Landing<'_>) -> Vec<Planned<'s>> {
    let mut planned: Vec<Planned<'s>> = Vec::new();
    let all = by_key(&sources.iter().collect::<Vec<_>>());
    for source in sources {
        let copies = |first: &Planned<'_>| {
            std::ptr::eq(first.source.dataset, source.dataset) && is_copy(source, first.source)
        };
        if planned.iter().any(copies) {
            continue;
        }
        let Verdict::Land(file, why, run_date) = how.verdict(draft, source, &all) else {
            continue;
        };
        let lands_as = format!("{}/{file}", source.dataset.name);
        let replaces = draft.landed(&lands_as).cloned();
        let expected = match why {
            Why::AskedFor if replaces.as_ref().is_some_and(|b| source.is_read_as(b, how.key)) => {
                Expected::Known
            }
            _ => match inspect(source, how.key, run_date) {
                Ok(found) => Expected::Inspected(Box::new(found)),
                Err(error) => Expected::Unreadable(error),
            },
        };
        planned.push(Planned { source, lands_as, why, run_date, replaces, expected });
    }
    planned
}
