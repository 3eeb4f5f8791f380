//! What authorities say of themselves: yearly totals, paper included, and survey answers.

mod answers;
mod reported;

pub(crate) use answers::{ANSWERS, profiles};
pub(crate) use reported::REPORTED;

use crate::authority::{Authority, Kind};
use crate::region::Region;

/// Scale from which as many answer as in real surveys; below it, in proportion.
const FULL_COVERAGE: u64 = 8;

/// Whether an authority answers in a year: about two in five of the communes that are not small.
fn responds(region: &Region, purpose: &str, index: usize, year: u16) -> bool {
    let per_thousand = rate(&region.authorities[index]);
    let drawn = region.random(purpose, index, year).number(1000);
    drawn * FULL_COVERAGE < per_thousand * region.scale.min(FULL_COVERAGE)
}

/// Answers in a thousand, by kind and size.
fn rate(authority: &Authority) -> u64 {
    match (authority.kind, authority.population) {
        (Kind::Commune, 0..500) => 100,
        (Kind::Commune, 500..2_000) => 180,
        (Kind::Commune, 2_000..10_000) => 350,
        (Kind::Commune, _) => 650,
        (Kind::Grouping, _) => 550,
        (Kind::Department | Kind::Region, _) => 950,
    }
}
