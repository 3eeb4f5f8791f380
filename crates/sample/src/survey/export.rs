//! A wave as the survey tool exports it: a line a response, codes, and columns that must not land.

use std::fs;
use std::path::Path;

use carnac_model::Kind as Column;

use super::profile::{path as profile_path, profile, siren_heading};
use super::question::{Cell, Form, cells};
use crate::authority::{Authority, Kind};
use crate::calendar::{Calendar, Day};
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

/// One response.
struct Response {
    index: usize,
    day: Day,
    /// Of the day.
    minute: usize,
    is_complete: bool,
    fate: Fate,
}

/// What a response is among those of its authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Only,
    Counts,
    Duplicate,
}

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

/// The responses of a wave, in the order in which they came in.
fn responses(region: &Region, wave: u16) -> Vec<Response> {
    let opening = region.calendar.year_start(wave) + 120;
    let mut responses = Vec::new();
    for (index, authority) in region.authorities.iter().enumerate() {
        let is_member = region.adoptions[index].joined.is_some_and(|joined| joined < opening);
        let mut random = region.random("response", index, wave);
        if !random.chance(rate(authority)) || !is_member {
            continue;
        }
        let mut respond = |days: Day, is_complete, fate| {
            let (day, minute) = (opening + days, 8 * 60 + random.below(10 * 60));
            responses.push(Response { index, day, minute, is_complete, fate });
        };
        let mut random = region.random("responses", index, wave);
        let (first, second) = (random.below(40), 41 + random.below(20));
        // Of two, the later complete one counts: another agent answers, or the same again.
        match random.below(100) {
            0..2 => {
                respond(first, false, Fate::Duplicate);
                respond(second, true, Fate::Counts);
            }
            2..3 => {
                respond(first, true, Fate::Duplicate);
                respond(second, true, Fate::Counts);
            }
            3..4 => {
                respond(first, true, Fate::Counts);
                respond(second, false, Fate::Duplicate);
            }
            4..12 => respond(first, false, Fate::Only),
            _ => respond(first, true, Fate::Only),
        }
    }
    responses.sort_by_key(|response| (response.day, response.minute, response.index));
    responses
}

/// Responses in a thousand by kind and size: two in five over all.
fn rate(authority: &Authority) -> usize {
    match (authority.kind, authority.population) {
        (Kind::Commune, 0..500) => 260,
        (Kind::Commune, 500..2_000) => 380,
        (Kind::Commune, 2_000..10_000) => 480,
        (Kind::Commune, _) => 700,
        (Kind::Grouping, _) => 600,
        (Kind::Department | Kind::Region, _) => 950,
    }
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

/// The answers, by cell; who gives up has said something at the beginning only.
fn answers(region: &Region, response: &Response, wave: u16, cells: &[Cell]) -> Vec<String> {
    let mut random = region.random("answer", response.index, wave);
    let reached = if response.is_complete { cells.len() } else { 1 + random.below(cells.len()) };
    let mut said: Vec<String> = Vec::with_capacity(cells.len());
    for (place, cell) in cells.iter().enumerate() {
        let text = answer(region, response, wave, cell, &mut random);
        let is_asked = cell.question.asked_if.is_none_or(|(column, answer)| {
            let condition = cells.iter().position(|cell| cell.heading == column);
            condition.and_then(|place| said.get(place)).is_some_and(|said| said == answer)
        });
        said.push(if is_asked && place < reached { text } else { String::new() });
    }
    said
}

/// The answer to one item, were it asked.
fn answer(
    region: &Region,
    response: &Response,
    wave: u16,
    cell: &Cell,
    random: &mut Random,
) -> String {
    let start = cell
        .item
        .and_then(|item| item.service)
        .map(|service| region.adoptions[response.index].services[service]);
    let has = |start: Option<Day>| start.is_some_and(|day| day <= response.day);
    let roll = random.below(1000);
    let number = match cell.question.form {
        Form::Ticked => return if start.is_some_and(has) { "Y".to_owned() } else { String::new() },
        Form::Scale if !start.is_none_or(has) => return "SO".to_owned(),
        Form::YesNo => return ["Y", "Y", "N"][random.below(3)].to_owned(),
        Form::Scale => cell.item.map_or(3, |item| point(item.mean, wave, random)),
        Form::Number(max) => (1 + random.wide() / 200 * random.wide() / 512).min(max),
    };
    match roll {
        0..30 => String::new(),
        30..80 => "NSP".to_owned(),
        _ => number.to_string(),
    }
}

/// 1 to 5 around the mean of the wave.
fn point((mean, change): (u64, i64), wave: u16, random: &mut Random) -> u64 {
    let years = i64::from(wave) - 2013;
    let mean = i64::try_from(mean).unwrap_or_default() * 10 + change * years;
    let point = (mean * 256 / 100 + random.logistic() / 2 + 128) / 256;
    u64::try_from(point.clamp(1, 5)).unwrap_or(1)
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
        export.put(headings.into_iter().map(String::into_bytes).collect());
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
                return self.put(line);
            }
        };
        let verdict = defect.and_then(|(defect, place)| spoil(&mut line, defect, place));
        match verdict {
            Some(verdict) => self.count(verdict),
            None => self.counts.rows += self.items,
        }
        self.put(line);
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

    fn put(&mut self, line: Vec<Vec<u8>>) {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn two_in_five_members_answer_and_one_response_of_each_counts() {
        let region = Region::new(42, 1);
        for wave in WAVES {
            let day = region.calendar.year_start(wave) + 120;
            let joined = region.adoptions.iter().filter_map(|adoption| adoption.joined);
            let members = joined.filter(|joined| *joined < day).count();
            let responses = responses(&region, wave);
            let mut of: BTreeMap<usize, Vec<&Response>> = BTreeMap::new();
            for response in &responses {
                of.entry(response.index).or_default().push(response);
            }
            let rate = of.len() * 100 / members;
            assert!((36..=46).contains(&rate), "{wave}: {rate} % of {members}");
            assert!(responses.iter().filter(|one| !one.is_complete).count() > 10, "{wave}");
            for several in of.values().filter(|all| all.len() > 1) {
                let latest =
                    several.iter().max_by_key(|one| (one.is_complete, one.day, one.minute));
                assert_eq!(latest.unwrap().fate, Fate::Counts);
                let others = several.iter().filter(|one| one.fate == Fate::Duplicate).count();
                assert_eq!(others, several.len() - 1);
            }
            assert!(of.values().any(|all| all.len() > 1), "{wave}");
        }
    }

    #[test]
    fn a_question_is_answered_only_after_the_answer_that_shows_it() {
        let region = Region::new(42, 1);
        let cells = cells(2024);
        let place = |heading: &str| cells.iter().position(|cell| cell.heading == heading).unwrap();
        let (certificate, agents) = (place("CERTIFICAT"), place("AGENTS"));
        let all = responses(&region, 2024);
        let said: Vec<_> = all.iter().map(|one| answers(&region, one, 2024, &cells)).collect();
        assert!(said.iter().all(|one| one[certificate] == "Y" || one[agents].is_empty()));
        for text in ["NSP", "SO", "", "5"] {
            assert!(said.iter().any(|one| one.iter().any(|said| said == text)), "{text:?}");
        }
    }
}
