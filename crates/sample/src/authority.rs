//! The real authorities of Brittany, and when each of them took up each service.

use carnac_model::identifier::is_siret;

use crate::calendar::{Calendar, Day, FIRST_YEAR};
use crate::random::Random;

/// Communes and groupings of the 2026 edition, the four départements and the region.
const LIST: &str = include_str!("../authorities.csv");

/// What an authority is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A commune.
    Commune,
    /// A grouping of communes with its own taxes: CC, CA or métropole.
    Grouping,
    /// A département.
    Department,
    /// The region.
    Region,
}

/// One authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// What it is.
    pub kind: Kind,
    /// Its SIREN, nine digits.
    pub siren: &'static str,
    /// Its département; of a grouping, that of most of its inhabitants.
    pub department: &'static str,
    /// Inhabitants.
    pub population: u64,
    /// Its name.
    pub name: &'static str,
}

/// Services of the platform, in the order of [`SERVICES`].
pub(crate) const TENDERS: usize = 0;
pub(crate) const ACTS: usize = 1;
pub(crate) const FLOWS: usize = 2;
pub(crate) const SIGNATURE: usize = 3;

/// A service and how it spreads.
pub(crate) struct Service {
    pub(crate) code: &'static str,
    /// Year and month (from 0) in which it opens.
    opens: (u16, i64),
    /// Months from January 2007 until half the authorities of 512 inhabitants have it.
    half: i64,
    /// Months by which twice the inhabitants come earlier.
    lead: i64,
    /// Months of one unit of the logistic law.
    spread: i64,
    /// Year, month and share of those still without it that then must take it, in thousandths.
    compulsory: Option<(u16, i64, usize)>,
}

/// The services: e-procurement, acts, PES, signature, archive, council papers, open data, security.
pub(crate) const SERVICES: [Service; 8] = [
    service("sdm", (2007, 0), 112, 9, 26, Some((2018, 9, 700))),
    service("actes", (2008, 0), 145, 9, 28, None),
    service("pes", (2012, 0), 90, 3, 6, Some((2014, 11, 970))),
    service("parapheur", (2013, 0), 150, 9, 30, None),
    service("ged", (2016, 0), 240, 9, 30, None),
    service("idelibre", (2015, 0), 250, 9, 30, None),
    service("opendata", (2019, 0), 225, 6, 24, None),
    service("cyber", (2022, 0), 260, 9, 24, None),
];

const fn service(
    code: &'static str,
    opens: (u16, i64),
    half: i64,
    lead: i64,
    spread: i64,
    compulsory: Option<(u16, i64, usize)>,
) -> Service {
    Service { code, opens, half, lead, spread, compulsory }
}

/// When an authority joined, took up each service, and left.
#[derive(Debug, Clone)]
pub(crate) struct Adoption {
    pub(crate) joined: Option<Day>,
    /// The last day, when it has left.
    pub(crate) left: Option<Day>,
    pub(crate) services: [Option<Day>; SERVICES.len()],
}

/// Returns the real authorities, in a fixed order.
#[must_use]
pub fn authorities() -> Vec<Authority> {
    LIST.lines().skip(1).filter_map(parse).collect()
}

fn parse(line: &'static str) -> Option<Authority> {
    let mut cells = line.split(';');
    let kind = match cells.next()? {
        "commune" => Kind::Commune,
        "departement" => Kind::Department,
        "region" => Kind::Region,
        _ => Kind::Grouping,
    };
    let (siren, department) = (cells.next()?, cells.next()?);
    let (population, name) = (cells.next()?.parse().ok()?, cells.next()?);
    Some(Authority { kind, siren, department, population, name })
}

impl Authority {
    /// A SIRET of the authority, of which only the form is real.
    pub(crate) fn siret(&self) -> String {
        let siret = |key| format!("{}0001{key}", self.siren);
        (0..10).map(siret).find(|siret| is_siret(siret)).unwrap_or_default()
    }

    /// Population to the power of 3/4: how volumes grow with size.
    pub(crate) fn weight(&self) -> u64 {
        (self.population * self.population.isqrt()).isqrt()
    }

    /// Draws when it took up each service: big ones early, the rest along a logistic curve.
    pub(crate) fn adoption(&self, calendar: &Calendar, seed: u64, index: usize) -> Adoption {
        let mut random = Random::of(seed, "adoption", index as u64, 0);
        let services = std::array::from_fn(|place| {
            self.start(&SERVICES[place], calendar, &mut random)
                .filter(|day| *day <= calendar.horizon())
        });
        let first = services.iter().flatten().min().copied();
        let earliest = calendar.year_start(FIRST_YEAR);
        let joined = first.map(|day| day.saturating_sub(random.below(90)).max(earliest));
        let stays = 5 * 365 + random.below(6 * 365);
        let left = joined.filter(|_| random.chance(15)).map(|day| day + stays);
        let left = left.filter(|day| *day < calendar.horizon());
        // Nothing begins after it has left.
        let kept = services.map(|start| start.filter(|day| left.is_none_or(|left| *day < left)));
        Adoption { joined, left, services: kept }
    }

    fn start(&self, service: &Service, calendar: &Calendar, random: &mut Random) -> Option<Day> {
        let doublings = i64::from(self.population.max(1).ilog2()) - 9;
        let noise = service.spread * random.logistic() / 256;
        let month = service.half - service.lead * doublings + noise;
        let drawn = calendar.month_start(2007, month) + random.below(28);
        let opening = calendar.month_start(service.opens.0, service.opens.1);
        let soon = opening + random.below(180);
        let start = if drawn < opening { soon } else { drawn };
        let (hurries, rush) = (random.below(1000), random.below(150));
        match service.compulsory {
            Some((year, month, share)) if hurries < share => {
                let deadline = calendar.month_start(year, month);
                Some(if start > deadline { deadline - rush } else { start })
            }
            _ => Some(start),
        }
    }
}

#[cfg(test)]
mod tests {
    use carnac_model::identifier::is_siren;

    use super::*;

    #[test]
    fn the_list_is_that_of_brittany() {
        let all = authorities();
        let count = |kind| all.iter().filter(|authority| authority.kind == kind).count();
        assert_eq!(count(Kind::Commune), 1202);
        assert_eq!(count(Kind::Grouping), 61);
        assert_eq!(count(Kind::Department), 4);
        assert_eq!(count(Kind::Region), 1);
        for authority in &all {
            assert!(is_siren(authority.siren), "{authority:?}");
            assert!(is_siret(&authority.siret()), "{authority:?}");
        }
    }

    #[test]
    fn big_authorities_come_first_and_accounting_flows_become_compulsory() {
        let (calendar, all) = (Calendar::new(), authorities());
        let starts = |service: usize, of: &dyn Fn(&Authority) -> bool| -> Vec<Option<Day>> {
            let chosen = all.iter().enumerate().filter(|(_, authority)| of(authority));
            chosen.map(|(at, a)| a.adoption(&calendar, 42, at).services[service]).collect()
        };
        let day = |text: &str| calendar.day(text.parse().unwrap());
        let share_by = |starts: &[Option<Day>], day: Day| {
            starts.iter().flatten().filter(|start| **start <= day).count() * 100 / starts.len()
        };
        let (big, small) = (
            starts(ACTS, &|authority| authority.population > 10_000),
            starts(ACTS, &|authority| authority.population < 2_000),
        );
        let middle = day("2014-12-31");
        assert!(share_by(&big, middle) > share_by(&small, middle) + 20);
        let all_acts = starts(ACTS, &|_| true);
        // Seven or eight in ten sent their acts electronically in 2022.
        assert!((65..90).contains(&share_by(&all_acts, day("2022-02-01"))));
        let flows = starts(FLOWS, &|_| true);
        assert!(share_by(&flows, day("2015-01-01")) >= 95);
    }
}
