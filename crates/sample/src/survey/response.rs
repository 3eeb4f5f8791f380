//! Who answers a wave, when, how often and what.

use super::question::{Cell, Form};
use crate::authority::{Authority, Kind};
use crate::calendar::Day;
use crate::random::Random;
use crate::region::Region;

/// One response.
pub(super) struct Response {
    /// Place of its authority in the region.
    pub(super) index: usize,
    pub(super) day: Day,
    /// Of the day.
    pub(super) minute: usize,
    pub(super) is_complete: bool,
    pub(super) fate: Fate,
}

/// What a response is among those of its authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The only one.
    Only,
    /// The latest complete one of two.
    Counts,
    /// The other of two.
    Duplicate,
}

/// The responses of a wave, in the order in which they came in.
pub(super) fn responses(region: &Region, wave: u16) -> Vec<Response> {
    let opening = region.calendar.year_start(wave) + 120;
    let mut responses = Vec::new();
    for (index, authority) in region.authorities.iter().enumerate() {
        let is_member = region.adoptions[index].joined.is_some_and(|joined| joined < opening);
        let mut random = region.random("response", index, wave);
        if !is_member || !random.chance(rate(authority)) {
            continue;
        }
        let (first, second) = (random.below(40), 41 + random.below(20));
        let kind = random.below(100);
        let mut respond = |days: Day, is_complete, fate| {
            let (day, minute) = (opening + days, 8 * 60 + random.below(10 * 60));
            responses.push(Response { index, day, minute, is_complete, fate });
        };
        // Of two, the later complete one counts: another agent answers, or the same again.
        match kind {
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

/// The answers, by cell; who gives up has said something at the beginning only.
pub(super) fn answers(
    region: &Region,
    response: &Response,
    wave: u16,
    cells: &[Cell],
) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::export::WAVES;
    use super::super::question::cells;
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
