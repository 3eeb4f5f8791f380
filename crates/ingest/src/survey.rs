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
use std::io::Read;

use carnac_model::{Rows, RowsBuilder};
use chrono::NaiveDate;

pub use self::profile::{
    Encoding, Item, NoAnswer, Question, QuestionKind, SurveyProfile, Value,
};
pub use self::pseudonym::{KeyError, PseudonymKey};

use self::layout::Layout;
use self::record::{Record, Records, separator_of};
use self::response::Response;
use self::value::Submitted;
use crate::source::{HashingReader, Source};
use crate::{BATCH_BYTES, BATCH_ROWS, Error, Result};

/// Most authorities of a file: what is kept between the two passes grows with them.
const AUTHORITIES: usize = 1_000_000;

/// What it takes to read survey files.
#[derive(Debug, Clone, Default)]
pub struct Surveys {
    /// The profiles there are; a file is read by the one whose columns it has.
    pub profiles: Vec<SurveyProfile>,
    /// The secret of the respondents' pseudonyms.
    pub key: Option<PseudonymKey>,
}

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
    surveys: &Surveys,
    run_date: NaiveDate,
    each: &mut dyn FnMut(&Rows) -> Result<()>,
) -> Result<()> {
    let path = || source.path.clone();
    let key = surveys.key.as_ref().ok_or_else(|| Error::NoPseudonymKey { path: path() })?;
    let (profile, layout) = surveys.fitting(source)?;
    let export = Export { source, profile, layout, key, run_date };
    let latest = export.latest()?;
    export.land(&latest, each)
}

impl Surveys {
    /// The one profile whose columns the file has.
    fn fitting(&self, source: &Source) -> Result<(&SurveyProfile, Layout<'_>)> {
        let refused = |reason| Error::NoSurveyProfile { path: source.path.clone(), reason };
        let (mut fitting, mut reasons) = (Vec::new(), Vec::new());
        for profile in &self.profiles {
            let name = format!("{} {}", profile.id, profile.wave);
            let headings = headings(source, profile)?;
            match Layout::of(profile, &headings) {
                Ok(layout) => fitting.push((profile, layout, name)),
                Err(reason) => reasons.push(format!("{name}: {reason}")),
            }
        }
        if fitting.len() > 1 {
            let names: Vec<_> = fitting.into_iter().map(|(.., name)| name).collect();
            return Err(refused(format!("several fit, name one ({})", names.join(", "))));
        }
        let none = || match reasons.is_empty() {
            true => refused("there is no survey profile".to_owned()),
            false => refused(reasons.join("; ")),
        };
        fitting.pop().map(|(profile, layout, _)| (profile, layout)).ok_or_else(none)
    }
}

impl<'a> Export<'a> {
    /// The first pass: of each authority the latest complete response, else its last partial one.
    ///
    /// A response that is rejected for what it says does not count.
    fn latest(&self) -> Result<Latest> {
        let mut latest = Latest::new();
        self.each_record(&mut |record| {
            let Ok(response) = self.response(record) else { return Ok(()) };
            if let (None, Ok(siren), Ok(submitted)) =
                (response.fault(), response.siren, response.submitted)
            {
                let found = (submitted, record.line);
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
        let mut rows = RowsBuilder::new(self.source.dataset);
        self.each_record(&mut |record| {
            match self.response(record) {
                Ok(response) => self.push(&mut rows, record.line, &response, latest),
                Err(rule) => rows.push_fault(record.line, "…", rule),
            }
            if rows.len() >= BATCH_ROWS || rows.bytes() >= BATCH_BYTES {
                each(&rows.finish())?;
            }
            Ok(())
        })?;
        each(&rows.finish())
    }

    /// Pushes one row an item, or one rejected row.
    fn push(&self, rows: &mut RowsBuilder, line: i64, response: &Response<'a>, latest: &Latest) {
        let (Ok(id), Ok(siren), Ok(submitted), None) =
            (&response.id, &response.siren, &response.submitted, response.fault())
        else {
            let rule = response.fault().unwrap_or("malformed");
            return rows.push_fault(line, &response.raw(&self.layout), rule);
        };
        if latest.get(siren).is_none_or(|(_, counts)| *counts != line) {
            return rows.push_fault(line, &response.raw(&self.layout), "duplicate_response");
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

    fn response(&self, record: &Record<'_>) -> std::result::Result<Response<'a>, &'static str> {
        if record.too_long {
            return Err("too_long");
        }
        if record.len() != self.layout.width {
            return Err("malformed");
        }
        Ok(Response::read(self.profile, &self.layout, record, self.run_date))
    }

    fn each_record(&self, each: &mut dyn FnMut(&Record<'_>) -> Result<()>) -> Result<()> {
        let failed = |error| self.source.io("read", error);
        let mut records = records(self.source, self.profile)?;
        records.next().map_err(failed)?;
        while let Some(record) = records.next().map_err(failed)? {
            each(&record)?;
        }
        self.source.verify(records.into_inner())
    }
}

fn records(source: &Source, profile: &SurveyProfile) -> Result<Records<HashingReader>> {
    let mut head = Vec::new();
    let separator = match profile.separator.map(u8::try_from) {
        Some(Ok(separator)) => separator,
        _ => {
            let start = source.reader()?.take(64 * 1024).read_to_end(&mut head);
            start.map_err(|error| source.io("read", error))?;
            separator_of(&head)
        }
    };
    Ok(Records::new(source.reader()?, separator))
}

fn headings(source: &Source, profile: &SurveyProfile) -> Result<Vec<String>> {
    let mut records = records(source, profile)?;
    let header = records.next().map_err(|error| source.io("read", error))?;
    let Some(header) = header else { return Ok(Vec::new()) };
    let text = |place| header.text(place, None).map(std::borrow::Cow::into_owned);
    Ok((0..header.len()).map(|place| text(place).unwrap_or_default()).collect())
}

