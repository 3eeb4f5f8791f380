//! Answers to a survey of agents on their use of the services, in four waves.

use crate::Result;
use crate::authority::{ACTS, SIGNATURE, TENDERS};
use crate::calendar::Day;
use crate::random::Random;
use crate::region::Region;
use crate::table::Table;
use crate::writer::Output;

use super::responds;

pub(crate) static ANSWERS: Table = Table {
    dataset: "answers",
    columns: &[
        "survey",
        "wave",
        "respondent_key",
        "siren",
        "submitted_date",
        "is_complete",
        "question",
        "version",
        "item",
        "value",
        "status",
    ],
    revised: ("is_complete", ["0", "1"]),
    years: &[2013, 2018, 2021, 2024],
    write,
};

/// One item of a question.
struct Item {
    question: &'static str,
    item: &'static str,
    /// Mean of the answers in 2013, in tenths of a point from 1 to 5, and its change a year later,
    /// in hundredths; none: yes or no, with the share of yes in thousandths.
    likert: Option<(u64, i64)>,
    /// The service that it is about: who has none is not concerned.
    service: Option<usize>,
    /// The first wave that asks.
    since: u16,
}

const ITEMS: [Item; 11] = [
    scale("SATISFACTION", "SQ001", (32, 6), Some(TENDERS), 2013),
    scale("SATISFACTION", "SQ002", (36, 5), Some(ACTS), 2013),
    scale("SATISFACTION", "SQ003", (34, 4), Some(SIGNATURE), 2018),
    scale("SATISFACTION", "SQ004", (38, 2), None, 2013),
    scale("FREINS", "SQ001", (37, -8), None, 2013),
    scale("FREINS", "SQ002", (29, -5), None, 2013),
    scale("FREINS", "SQ003", (25, 1), None, 2013),
    scale("FREINS", "SQ004", (31, -3), None, 2018),
    scale("MOTEURS", "SQ001", (33, 5), None, 2013),
    scale("MOTEURS", "SQ002", (27, 8), None, 2013),
    Item { question: "CERTIFICAT", item: "", likert: None, service: None, since: 2013 },
];

const fn scale(
    question: &'static str,
    item: &'static str,
    likert: (u64, i64),
    service: Option<usize>,
    since: u16,
) -> Item {
    Item { question, item, likert: Some(likert), service, since }
}

/// One response: who, when, and whether it came to the end.
struct Response {
    index: usize,
    number: u64,
    submitted: Option<Day>,
}

fn write(region: &Region, year: u16, out: &mut Output) -> Result<()> {
    let mut number = 0;
    for index in 0..region.authorities.len() {
        if !responds(region, "answers", index, year) {
            continue;
        }
        number += 1;
        let mut random = region.random("answer", index, year);
        let day = region.calendar.year_start(year) + 120 + random.below(60);
        let submitted = Some(day).filter(|_| !random.chance(80));
        let response = Response { index, number, submitted };
        // Who gives up has answered the first items only.
        let reached = if submitted.is_some() { ITEMS.len() } else { 1 + random.below(8) };
        for (place, item) in ITEMS.iter().enumerate() {
            let answer = answer(region, &response, item, year, &mut random);
            let answer = if place < reached { answer } else { (None, "sans réponse") };
            put(region, year, &response, item, answer, out)?;
        }
    }
    Ok(())
}

/// The value and the status of an answer.
fn answer(
    region: &Region,
    response: &Response,
    item: &Item,
    year: u16,
    random: &mut Random,
) -> (Option<u64>, &'static str) {
    let last = region.calendar.year_start(year);
    let has = |service: usize| {
        region.adoptions[response.index].services[service].is_some_and(|start| start < last)
    };
    let (roll, drawn) = (random.below(1000), value(item, year, random));
    match roll {
        _ if year < item.since => (None, "non posée"),
        _ if item.service.is_some_and(|service| !has(service)) => (None, "SO"),
        0..30 => (None, "sans réponse"),
        30..80 => (None, "NSP"),
        _ => (Some(drawn), "réponse"),
    }
}

/// 1 to 5 around the item's mean of the year; of a yes-or-no item 1 or 0.
fn value(item: &Item, year: u16, random: &mut Random) -> u64 {
    let Some((mean, change)) = item.likert else { return u64::from(random.chance(600)) };
    let years = i64::from(year) - 2013;
    let mean = i64::try_from(mean).unwrap_or_default() * 10 + change * years;
    let point = (mean * 256 / 100 + random.logistic() / 2 + 128) / 256;
    u64::try_from(point.clamp(1, 5)).unwrap_or(1)
}

fn put(
    region: &Region,
    year: u16,
    response: &Response,
    item: &Item,
    (value, status): (Option<u64>, &str),
    out: &mut Output,
) -> Result<()> {
    let row = &mut out.row;
    row.text("SYN-USAGES");
    row.number(year.into());
    row.put("SYN-").put_number(year.into()).put("-").put_number(response.number).end();
    row.text(region.authorities[response.index].siren);
    row.day(&region.calendar, response.submitted);
    row.flag(response.submitted.is_some());
    row.text(item.question);
    row.text(if year < 2018 { "1" } else { "2" });
    row.text(item.item);
    match (value, item.likert) {
        (None, _) => row.empty(),
        (Some(value), Some(_)) => row.number(value),
        (Some(value), None) => row.text(if value == 1 { "Y" } else { "N" }),
    }
    row.text(status);
    out.write()
}
