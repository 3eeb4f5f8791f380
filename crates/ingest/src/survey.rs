//! Survey exports: one row an item of a response, and nobody's name.
//!
//! A file is read twice: first to find which response of each authority counts, then to land it.
//! Only columns that the profile names are decoded, and what lands of them is a declared code, a
//! number, a date or a SIREN; the respondent is a keyed hash.

mod authority;
mod layout;
mod profile;
mod pseudonym;
mod record;
mod response;
mod value;

use std::collections::HashMap;

use carnac_model::{Rows, RowsBuilder};
use chrono::NaiveDate;

pub use self::profile::SurveyProfile;
pub use self::pseudonym::{KeyError, PseudonymKey};

use self::layout::Layout;
use self::record::{Record, headings};
use self::response::Response;
use self::value::Submitted;
use crate::batches::Batches;
use crate::source::Source;
use crate::{Error, Result};

/// The dataset that surveys land in.
pub(crate) const DATASET: &str = "answers";
/// Most authorities of a file: what is kept between the two passes grows with them.
const AUTHORITIES: usize = 1_000_000;
/// What is seen of a record that has not the columns of the header.
const HIDDEN: &str = "…";

/// The response that counts of each authority, by its line.
type Latest = HashMap<String, (Submitted, i64)>;

/// One export being read.
struct Export<'a> {
    source: &'a Source,
    profile: &'a SurveyProfile,
    layout: Layout<'a>,
    key: &'a PseudonymKey,
    run_date: NaiveDate,
}

/// Reads a survey export in batches; responses dated after `run_date` are rejected.
pub(crate) fn read(
    source: &Source,
    key: Option<&PseudonymKey>,
    run_date: NaiveDate,
    each: &mut dyn FnMut(&Rows) -> Result<()>,
) -> Result<()> {
    let path = || source.path.clone();
    let key = key.ok_or_else(|| Error::NoPseudonymKey { path: path() })?;
    let profile = source.profile.as_ref().and_then(|profile| profile.survey.as_ref());
    let profile = profile.ok_or_else(|| Error::NoSurveyProfile { path: path() })?;
    let layout = Layout::of(profile, &headings(source)?)
        .map_err(|reason| Error::SurveyLayout { path: path(), reason })?;
    let export = Export { source, profile, layout, key, run_date };
    let latest = export.latest()?;
    export.land(&latest, each)
}

impl<'a> Export<'a> {
    /// The first pass: of each authority the latest complete response, else its last partial one.
    ///
    /// A response that is rejected for what it says does not count.
    fn latest(&self) -> Result<Latest> {
        let mut latest = Latest::new();
        record::each(self.source, &mut |line, record| {
            let Ok(response) = self.response(record) else { return Ok(()) };
            if let (None, Ok(siren), Ok(submitted)) =
                (response.fault(), response.siren, response.submitted)
            {
                let found = (submitted, line);
                let known = latest.entry(siren).or_insert(found);
                *known = found.max(*known);
            }
            if latest.len() > AUTHORITIES {
                return Err(Error::TooManyAuthorities { path: self.source.path.clone() });
            }
            Ok(())
        })?;
        Ok(latest)
    }

    /// The second pass: the rows.
    fn land(&self, latest: &Latest, each: &mut dyn FnMut(&Rows) -> Result<()>) -> Result<()> {
        let mut batches = Batches::new(self.source, each);
        record::each(self.source, &mut |line, record| {
            match self.response(record) {
                Ok(response) => self.push(&mut batches.rows, line, &response, latest),
                Err(rule) => batches.rows.push_fault(line, HIDDEN, rule),
            }
            batches.hand_on_when_full()
        })?;
        batches.finish()
    }

    fn response(&self, record: Record<'_>) -> Result<Response<'a>, &'static str> {
        let record = record?;
        if record.len() != self.layout.width {
            return Err("malformed");
        }
        Ok(Response::read(self.profile, &self.layout, record, self.run_date))
    }

    /// Pushes one row an item, or one rejected row.
    fn push(&self, rows: &mut RowsBuilder, line: i64, response: &Response<'a>, latest: &Latest) {
        let refuse = |rows: &mut RowsBuilder, rule| {
            rows.push_fault(line, &response.raw(&self.layout), rule);
        };
        let (Ok(id), Ok(siren), Ok(submitted), None) =
            (&response.id, &response.siren, &response.submitted, response.fault())
        else {
            return refuse(rows, response.fault().unwrap_or("malformed"));
        };
        if latest.get(siren).is_none_or(|(_, counts)| *counts != line) {
            return refuse(rows, "duplicate_response");
        }
        let SurveyProfile { id: survey, wave, .. } = self.profile;
        let respondent = self.key.respondent(survey, wave, id);
        let date = submitted.at.map(|at| at.date().to_string());
        let is_complete = if submitted.is_complete { "1" } else { "0" };
        for (cell, answer) in self.layout.cells.iter().zip(response.answers(&self.layout)) {
            let value = answer.value.unwrap_or(answer.status);
            let raw = format!("{respondent}; siren={siren}; {}={value}", cell.name);
            let values = [
                Some(survey.as_str()),
                Some(wave),
                Some(&respondent),
                Some(siren),
                date.as_deref(),
                Some(is_complete),
                Some(&cell.question.code),
                Some(&cell.question.version),
                Some(cell.item),
                answer.value,
                Some(answer.status),
            ];
            rows.push(line, &raw, values);
            if submitted.is_complete && date.is_none() {
                rows.warn("anonymised_date");
            }
        }
    }
}
