//! How much of each activity every authority has in a year, on the platform and in all.

use std::ops::Range;

use crate::authority::{self, Adoption, Authority, authorities};
use crate::calendar::{Calendar, Season};
use crate::random::Random;

/// What all files are drawn from; a function of the seed and the scale alone.
#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) seed: u64,
    pub(crate) scale: u64,
    pub(crate) calendar: Calendar,
    pub(crate) authorities: Vec<Authority>,
    pub(crate) adoptions: Vec<Adoption>,
}

/// Something that authorities do, and by what law.
#[derive(Debug)]
pub(crate) struct Activity {
    /// Names its draws.
    pub(crate) name: &'static str,
    /// Yearly volume a unit of weight, at scale 1, in 1/2^32.
    rate: u64,
    /// Factors of a commune, a grouping, a département and the region, in 1/256.
    kinds: [u64; 4],
    /// The service it goes through; none: any.
    service: Option<usize>,
    /// Whether less is done in a year of municipal elections.
    votes: bool,
    /// How busy each month is.
    months: [usize; 12],
}

pub(crate) static TENDERS: Activity = Activity {
    name: "tenders",
    rate: 1_750_000,
    kinds: [200, 256, 200, 200],
    service: Some(authority::TENDERS),
    votes: false,
    months: [4, 5, 5, 5, 5, 6, 4, 2, 4, 5, 5, 6],
};

pub(crate) static ACTS: Activity = Activity {
    name: "acts",
    rate: 22_000_000,
    kinds: [256, 160, 60, 30],
    service: Some(authority::ACTS),
    votes: true,
    months: [4, 4, 5, 5, 4, 6, 4, 1, 4, 5, 5, 7],
};

pub(crate) static FLOWS: Activity = Activity {
    name: "flows",
    rate: 5_000_000,
    kinds: [256, 160, 60, 30],
    service: Some(authority::FLOWS),
    votes: false,
    months: [3, 4, 4, 4, 4, 5, 4, 3, 4, 4, 5, 7],
};

pub(crate) static ACCOUNTS: Activity = Activity {
    name: "accounts",
    rate: 1_200_000,
    kinds: [256, 200, 100, 60],
    service: None,
    votes: false,
    months: [5, 4, 4, 4, 4, 4, 3, 1, 6, 5, 4, 3],
};

pub(crate) static SESSIONS: Activity = Activity {
    name: "sessions",
    rate: 10_000_000,
    kinds: [256, 200, 100, 60],
    service: None,
    votes: false,
    months: [4, 4, 5, 4, 4, 6, 4, 2, 5, 5, 5, 7],
};

/// What an authority does of an activity in a year.
pub(crate) struct Plan {
    /// In all, paper included.
    pub(crate) total: u64,
    /// On the platform; never more than in all.
    pub(crate) platform: u64,
    /// Slots of the season in which the platform is used.
    pub(crate) window: Range<usize>,
}

/// Part of the volume that passes over the platform, by years since the service was taken up.
const RAMP: [u64; 6] = [60, 120, 170, 205, 230, 243];

impl Region {
    pub(crate) fn new(seed: u64, scale: u64) -> Self {
        let (calendar, authorities) = (Calendar::new(), authorities());
        let adoption =
            |(index, authority): (usize, &Authority)| authority.adoption(&calendar, seed, index);
        let adoptions = authorities.iter().enumerate().map(adoption).collect();
        Self { seed, scale, calendar, authorities, adoptions }
    }

    /// The stream of draws of an authority for a purpose in a year.
    pub(crate) fn random(&self, purpose: &str, index: usize, year: u16) -> Random {
        Random::of(self.seed, purpose, index as u64, year.into())
    }

    /// The days of a year, as an activity has them.
    pub(crate) fn season(&self, activity: &Activity, year: u16) -> Season {
        Season::new(&self.calendar, year, &activity.months)
    }

    /// How much of an activity an authority has in the year of `season`.
    pub(crate) fn plan(
        &self,
        activity: &Activity,
        index: usize,
        year: u16,
        season: &Season,
    ) -> Plan {
        let authority = &self.authorities[index];
        let always = Random::of(self.seed, activity.name, index as u64, 0).wide();
        let mut random = self.random(activity.name, index, year);
        let elections = activity.votes && [2008, 2014, 2020, 2026].contains(&year);
        let factors = [
            activity.rate,
            self.scale,
            authority.weight(),
            activity.kinds[authority.kind as usize],
            always,
            random.narrow(),
            if elections { 218 } else { 256 },
            season.len() as u64,
        ];
        // Bits of the fractions: 8 of the kind, 10 of each law, 8 of the elections.
        let full_year = self.season_slots(activity);
        let product = factors
            .iter()
            .fold(1_u128, |product, factor| product.saturating_mul(u128::from(*factor)));
        let expected = (product >> 36) / u128::from(full_year);
        let dice = u128::from(random.bits());
        let window = self.window(activity, index, season);
        let part = self.share(activity, index, year) * window.len() as u64;
        let platform = expected / 256 * u128::from(part) / season.len() as u128;
        // One throw for both, so that the platform never has more than there is.
        let whole = |expected: u128| u64::try_from((expected + dice) >> 32).unwrap_or(u64::MAX);
        Plan { total: whole(expected), platform: whole(platform), window }
    }

    /// Slots of a full year, about.
    fn season_slots(&self, activity: &Activity) -> u64 {
        // Five weekdays of weight 4 and a Saturday of weight 1, over 30.4 / 7 weeks a month.
        let months: usize = activity.months.iter().sum();
        (months * 21 * 304 / 70) as u64
    }

    /// The part of the year in which the service was there.
    fn window(&self, activity: &Activity, index: usize, season: &Season) -> Range<usize> {
        let adoption = &self.adoptions[index];
        let start = activity.service.map_or(adoption.joined, |service| adoption.services[service]);
        let end = adoption.left.unwrap_or(self.calendar.horizon());
        start.map_or(0..0, |start| season.window(start..end + 1))
    }

    /// The part that passes over the platform in a year, in 1/256.
    fn share(&self, activity: &Activity, index: usize, year: u16) -> u64 {
        let adoption = &self.adoptions[index];
        let start = activity.service.map_or(adoption.joined, |service| adoption.services[service]);
        let since = start.map_or(0, |day| year.saturating_sub(self.calendar.year_of(day)));
        RAMP[usize::from(since).min(RAMP.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{FIRST_YEAR, LAST_YEAR};

    #[test]
    fn the_platform_never_has_more_than_there_is() {
        let region = Region::new(7, 3);
        for year in FIRST_YEAR..=LAST_YEAR {
            for activity in [&TENDERS, &ACTS, &FLOWS] {
                let season = region.season(activity, year);
                for index in 0..region.authorities.len() {
                    let plan = region.plan(activity, index, year, &season);
                    assert!(plan.platform <= plan.total, "{index} {year}");
                    assert!(plan.platform == 0 || !plan.window.is_empty(), "{index} {year}");
                }
            }
        }
    }

    #[test]
    fn twice_the_scale_is_twice_the_volume() {
        let volume = |scale| -> u64 {
            let region = Region::new(42, scale);
            let season = region.season(&ACTS, 2019);
            (0..region.authorities.len())
                .map(|index| region.plan(&ACTS, index, 2019, &season).platform)
                .sum()
        };
        let (once, hundred) = (volume(1), volume(100));
        assert!((95..105).contains(&(hundred / once)), "{once} {hundred}");
    }

    #[test]
    fn fewer_acts_in_years_of_municipal_elections() {
        let region = Region::new(42, 100);
        let total = |year| -> u64 {
            let season = region.season(&ACTS, year);
            (0..region.authorities.len())
                .map(|index| region.plan(&ACTS, index, year, &season).total)
                .sum()
        };
        assert!(total(2014) * 10 < total(2013) * 9);
        assert!(total(2014) * 10 < total(2015) * 9);
    }
}
