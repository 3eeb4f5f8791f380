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
    columns: &[],
    export: Some(headers),
    revised: ("", ["", ""]),
    years: &WAVES,
    write,
};

const WAVES: [u16; 4] = [2013, 2018, 2021, 2024];

/// Columns of an export that come before its questions. Those of a person never land.
const PERSON: [&str; 7] =
    ["id", "submitdate", "lastpage", "startlanguage", "ipaddr", "courriel", "SIREN"];

/// The header of a wave: a mark of it, by which its profile is told, then the items it asks.
fn headers(year: u16) -> Vec<String> {
    let mut headers: Vec<String> = PERSON.iter().map(|name| (*name).to_owned()).collect();
    headers.push(mark(year));
    headers.extend(asked(year).map(|item| match item.item {
        "" => item.question.to_owned(),
        sub => format!("{}[{sub}]", item.question),
    }));
    headers
}

fn mark(year: u16) -> String {
    format!("vague{year}")
}

fn asked(year: u16) -> impl Iterator<Item = &'static Item> {
    ITEMS.iter().filter(move |item| item.since <= year)
}

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
        // Who gives up has answered the first items only.
        let reached = if submitted.is_some() { ITEMS.len() } else { 1 + random.below(8) };
        put_person(region, index, number, submitted, out);
        out.row.empty();
        for (place, item) in ITEMS.iter().enumerate() {
            let drawn = answer(region, index, item, year, &mut random);
            if item.since <= year {
                let text = if place < reached { drawn } else { Answer::Nothing };
                put(text, item, out);
            }
        }
        out.write()?;
    }
    Ok(())
}

/// What is in a box of the export.
#[derive(Clone, Copy)]
enum Answer {
    Nothing,
    Word(&'static str),
    Value(u64),
}

fn answer(region: &Region, index: usize, item: &Item, year: u16, random: &mut Random) -> Answer {
    let last = region.calendar.year_start(year);
    let has = |service: usize| {
        region.adoptions[index].services[service].is_some_and(|start| start < last)
    };
    let (roll, drawn) = (random.below(1000), value(item, year, random));
    match roll {
        _ if item.service.is_some_and(|service| !has(service)) => Answer::Word("SO"),
        0..30 => Answer::Nothing,
        30..80 => Answer::Word("NSP"),
        _ => Answer::Value(drawn),
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

/// The columns before the questions: an address that nobody has, from a range for examples.
fn put_person(
    region: &Region,
    index: usize,
    number: u64,
    submitted: Option<Day>,
    out: &mut Output,
) {
    let row = &mut out.row;
    row.put("SYN-").put_number(number).end();
    row.day(&region.calendar, submitted);
    row.text(if submitted.is_some() { "3" } else { "1" });
    row.text("fr");
    row.text("192.0.2.1");
    row.text("synthetique@exemple.invalid");
    row.text(region.authorities[index].siren);
}

fn put(answer: Answer, item: &Item, out: &mut Output) {
    match (answer, item.likert) {
        (Answer::Nothing, _) => out.row.empty(),
        (Answer::Word(word), _) => out.row.text(word),
        (Answer::Value(value), Some(_)) => out.row.number(value),
        (Answer::Value(value), None) => out.row.text(if value == 1 { "Y" } else { "N" }),
    }
}

/// The profile by which the export of a wave is read, `enquete-synthetic-<wave>.toml`.
pub(crate) fn profiles() -> impl Iterator<Item = (String, String)> {
    WAVES.iter().map(|year| (format!("enquete-synthetic-{year}.toml"), profile(*year)))
}

fn profile(year: u16) -> String {
    let version = if year < 2018 { "1" } else { "2" };
    let mark = mark(year);
    let mut text = format!(
        "# Enquête synthétique : personne n'a répondu. / Synthetic survey: nobody answered.\n\
         name = \"enquete-synthetic-{year}\"\ndataset = \"answers\"\n\
         detect = [\"id\", \"submitdate\", \"{mark}\"]\n\n\
         [survey]\nid = \"SYN-USAGES\"\nwave = \"{year}\"\n\
         fr = \"Usages (synthétique)\"\nen = \"Uses (synthetic)\"\n\
         siren_column = \"SIREN\"\nresponse_column = \"id\"\nsubmitted_column = \"submitdate\"\n"
    );
    for (code, fr, en) in [
        ("SATISFACTION", "Satisfaction", "Satisfaction"),
        ("FREINS", "Freins", "Obstacles"),
        ("MOTEURS", "Moteurs", "Drivers"),
    ] {
        let items = asked(year).filter(|item| item.question == code);
        let item = |item: &Item| {
            format!("  {{ code = \"{0}\", fr = \"{0}\", en = \"{0}\" }},\n", item.item)
        };
        let items: String = items.map(item).collect();
        let point = |n: u8| format!("  {{ code = \"{n}\", fr = \"{n}\", en = \"{n}\" }},\n");
        let values: String = (1..=5).map(point).collect();
        text.push_str(&format!(
            "\n[[survey.question]]\ncode = \"{code}\"\nkind = \"array\"\nversion = \"{version}\"\n\
             fr = \"{fr}\"\nen = \"{en}\"\nitems = [\n{items}]\nvalues = [\n{values}]\n"
        ));
    }
    text.push_str(&format!(
        "\n[[survey.question]]\ncode = \"CERTIFICAT\"\nkind = \"single\"\nversion = \"{version}\"\n\
         fr = \"Certificat\"\nen = \"Certificate\"\nvalues = [\n  {{ code = \"Y\", fr = \"Oui\", en = \"Yes\" }},\n  \
         {{ code = \"N\", fr = \"Non\", en = \"No\" }},\n]\n"
    ));
    text
}
