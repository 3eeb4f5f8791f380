//! A wave as the survey tool exports it: a line a response, codes, and columns that must not land.

use std::fs;
use std::path::Path;

use carnac_model::Kind as Column;

use super::profile::{path as profile_path, profile, siren_heading};
use super::question::{Cell, Form, cells};
use super::response::{Fate, Response, answers, responses};
use crate::calendar::Calendar;
use crate::defect::{Defect, Defects, Verdict};
use crate::random::Random;
use crate::region::Region;
use crate::{Error, FileCounts, Options, Result};

/// The years in which it was asked.
pub(crate) const WAVES: [u16; 4] = [2013, 2018, 2021, 2024];

/// Columns before the answers; the last two are the authority's and its agent's.
const HEAD: [&str; 9] = [
    "id",
    "submitdate",
    "lastpage",
    "startlanguage",
    "startdate",
    "datestamp",
    "ipaddr",
    "SIREN",
    "COURRIEL",
];
const SUBMITTED: usize = 1;
const SIREN: usize = 7;
/// Columns behind the answers: free text and a timing.
const TAIL: [&str; 2] = ["REMARQUE", "interviewtime"];

/// Writes the export of a wave and its profile; returns its path below `folder` and its counts.
pub(crate) fn write_wave(
    region: &Region,
    options: &Options,
    folder: &Path,
    wave: u16,
) -> Result<(String, FileCounts)> {
    let cells = cells(wave);
    let mut export = Export::new(options, wave, &cells);
    for (number, response) in (1..).zip(responses(region, wave)) {
        let mut line = head(region, &response, number);
        let said = answers(region, &response, wave, &cells);
        line.extend(said.into_iter().map(String::into_bytes));
        let remark = if number % 7 == 0 { "Texte inventé, rien de vrai" } else { "" };
        line.extend([remark, "412.5"].map(|text| text.as_bytes().to_vec()));
        export.add(&response, line);
    }
    let name = export_path(wave);
    for (name, bytes) in [(&name, export.bytes), (&profile_path(wave), profile(wave).into())] {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(Error::io("write", &path))?;
    }
    Ok((name, export.counts))
}

/// Where the export of a wave lies below the folder.
pub(crate) fn export_path(wave: u16) -> String {
    format!("answers/answers-synthetic-{wave}.csv")
}

/// The cells before the answers.
fn head(region: &Region, response: &Response, number: u64) -> Vec<Vec<u8>> {
    let at = moment(&region.calendar, response);
    let submitted = if response.is_complete { at.as_str() } else { "" };
    let cells: [&str; HEAD.len()] = [
        &number.to_string(),
        submitted,
        if response.is_complete { "3" } else { "1" },
        "fr",
        &at,
        &at,
        &format!("192.0.2.{}", 1 + number % 254),
        region.authorities[response.index].siren,
        "synthetic@example.invalid",
    ];
    cells.map(|cell| cell.as_bytes().to_vec()).to_vec()
}

/// `2024-05-02 14:07:00`.
fn moment(calendar: &Calendar, response: &Response) -> String {
    let day = String::from_utf8_lossy(calendar.text(response.day));
    format!("{day} {:02}:{:02}:00", response.minute / 60, response.minute % 60)
}

/// An export being written: it grows with the authorities, not with the scale.
struct Export {
    bytes: Vec<u8>,
    counts: FileCounts,
    defects: Defects,
    /// Rows that an accepted response gives.
    items: u64,
}

impl Export {
    fn new(options: &Options, wave: u16, cells: &[Cell]) -> Self {
        let random = Random::of(options.seed, "answers", u64::MAX, wave.into());
        let per_million = usize::try_from(options.defects_per_million).unwrap_or_default();
        let defects = Defects::among(random, per_million, possible(cells));
        let counts = FileCounts::default();
        let mut export = Self { bytes: Vec::new(), counts, defects, items: cells.len() as u64 };
        let mut headings: Vec<_> = HEAD.map(str::to_owned).to_vec();
        headings[SIREN] = siren_heading(wave);
        headings.extend(cells.iter().map(|cell| cell.heading.clone()));
        headings.extend(TAIL.map(str::to_owned));
        let headings: Vec<_> = headings.into_iter().map(String::into_bytes).collect();
        export.put(&headings);
        export
    }

    /// Adds a response, perhaps with something wrong in it, and counts what is to become of it.
    ///
    /// Nothing is wrong where an authority has two: which one counts would depend on it.
    fn add(&mut self, response: &Response, mut line: Vec<Vec<u8>>) {
        let defect = match response.fate {
            Fate::Only => self.defects.of_this_row(),
            Fate::Counts => None,
            Fate::Duplicate => {
                self.count(Verdict::Rejected("duplicate_response"));
                return self.put(&line);
            }
        };
        let verdict = defect.and_then(|(defect, place)| spoil(&mut line, defect, place));
        match verdict {
            Some(verdict) => self.count(verdict),
            None => self.counts.rows += self.items,
        }
        self.put(&line);
    }

    /// A response that is refused is one row, one that is accepted as many as there are items.
    fn count(&mut self, verdict: Verdict) {
        let FileCounts { rejected, warned, tolerated, .. } = &mut self.counts;
        let (counts, name, rows) = match verdict {
            Verdict::Rejected(rule) => (rejected, rule, 1),
            Verdict::Warned(rule) => (warned, rule, self.items),
            Verdict::Tolerated(what) => (tolerated, what, self.items),
        };
        *counts.entry(name).or_default() += rows;
        self.counts.rows += rows;
    }

    fn put(&mut self, line: &[Vec<u8>]) {
        self.bytes.push(b'"');
        self.bytes.extend(line.join(b"\",\"".as_slice()));
        self.bytes.extend(b"\"\n");
    }
}

/// Puts a defect into a line; `None` where it does not apply.
fn spoil(line: &mut Vec<Vec<u8>>, defect: Defect, place: usize) -> Option<Verdict> {
    if defect == Defect::Malformed {
        line.push(Vec::new());
    } else {
        line[place] = defect.text(&line[place])?;
    }
    Some(defect.verdict(Column::Siren))
}

/// Which defects a response can have, with the columns of each.
fn possible(cells: &[Cell]) -> Vec<(Defect, Vec<usize>)> {
    let is_number = |cell: &Cell| matches!(cell.question.form, Form::Number(_));
    let (numbers, choices): (Vec<_>, Vec<_>) =
        (HEAD.len()..HEAD.len() + cells.len()).zip(cells).partition(|(_, cell)| is_number(cell));
    let places = |of: Vec<(usize, &Cell)>| of.into_iter().map(|(place, _)| place).collect();
    let (numbers, choices): (Vec<usize>, Vec<usize>) = (places(numbers), places(choices));
    vec![
        (Defect::Malformed, vec![0]),
        (Defect::Missing, vec![SIREN]),
        (Defect::Key, vec![SIREN]),
        (Defect::Spaces, vec![SIREN]),
        (Defect::Impossible, vec![SUBMITTED]),
        (Defect::Absurd, vec![SUBMITTED]),
        (Defect::French, vec![SUBMITTED]),
        (Defect::Undated, vec![SUBMITTED]),
        (Defect::Code, choices.clone()),
        (Defect::Word, choices),
        (Defect::Words, numbers.clone()),
        (Defect::Negative, numbers.clone()),
        (Defect::Comma, numbers),
    ]
}
