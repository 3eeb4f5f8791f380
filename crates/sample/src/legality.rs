//! Acts sent to the préfecture.

use crate::Result;
use crate::calendar::{Day, Season, years};
use crate::random::wheel;
use crate::region::{self, Region};
use crate::table::Table;
use crate::writer::Output;

pub(crate) static ACTS: Table = Table {
    dataset: "acts",
    columns: &[
        "act_id",
        "siren",
        "nature_code",
        "subject_code",
        "decision_date",
        "acknowledged_date",
        "status",
        "is_cancelled",
    ],
    export: None,
    revised: ("status", ["3", "2"]),
    years: &years::<19>(2008),
    write,
};

/// Natures with their weights: the code, and the abbreviation in identifiers.
const NATURES: [(usize, Nature); 6] = [
    (46, Nature { code: 1, name: "DE" }),
    (18, Nature { code: 2, name: "AR" }),
    (14, Nature { code: 3, name: "AI" }),
    (10, Nature { code: 4, name: "CC" }),
    (5, Nature { code: 5, name: "BF" }),
    (7, Nature { code: 6, name: "AU" }),
];

/// Subjects with their weights. 7.10 is not 7.1; a third level belongs to one préfecture.
const SUBJECTS: [(usize, &str); 36] = [
    (9, "1.1"),
    (2, "1.2"),
    (4, "1.4"),
    (2, "1.6"),
    (2, "1.7"),
    (6, "2.1"),
    (9, "2.2"),
    (3, "2.3"),
    (5, "3.1"),
    (4, "3.2"),
    (3, "3.3"),
    (3, "3.5"),
    (2, "3.6"),
    (10, "4.1"),
    (8, "4.2"),
    (2, "4.5"),
    (2, "5.1"),
    (4, "5.2"),
    (3, "5.3"),
    (3, "5.4"),
    (2, "5.6"),
    (4, "5.7"),
    (7, "6.1"),
    (2, "6.4"),
    (12, "7.1"),
    (3, "7.1.2"),
    (4, "7.2"),
    (2, "7.3"),
    (8, "7.5"),
    (2, "7.8"),
    (9, "7.10"),
    (4, "8.1"),
    (3, "8.3"),
    (3, "8.5"),
    (3, "8.8"),
    (5, "9.1"),
];

#[derive(Debug, Clone, Copy)]
pub(crate) struct Nature {
    /// 1 to 6.
    pub(crate) code: u64,
    name: &'static str,
}

/// One act.
pub(crate) struct Act {
    /// Its number among those of the authority and the year, from 1.
    number: u64,
    pub(crate) nature: Nature,
    subject: &'static str,
    decided: Day,
    acknowledged: Option<Day>,
    status: &'static str,
    is_cancelled: bool,
}

/// The acts of one year.
pub(crate) struct Acts<'r> {
    region: &'r Region,
    year: u16,
    season: Season,
    natures: Vec<Nature>,
    subjects: Vec<&'static str>,
}

impl<'r> Acts<'r> {
    pub(crate) fn new(region: &'r Region, year: u16) -> Self {
        let season = region.season(&region::ACTS, year);
        Self { region, year, season, natures: wheel(&NATURES), subjects: wheel(&SUBJECTS) }
    }

    /// How many acts an authority has in all, paper included.
    pub(crate) fn total(&self, index: usize) -> u64 {
        self.region.plan(&region::ACTS, index, self.year, &self.season).total
    }

    /// A nature as it is drawn for an act.
    pub(crate) fn natures(&self) -> &[Nature] {
        &self.natures
    }

    /// Draws every act of an authority that goes through the platform.
    pub(crate) fn each(
        &self,
        index: usize,
        mut then: impl FnMut(&Act) -> Result<()>,
    ) -> Result<()> {
        let plan = self.region.plan(&region::ACTS, index, self.year, &self.season);
        let mut random = self.region.random("act", index, self.year);
        for number in 1..=plan.platform {
            let slot = plan.window.start + random.below(plan.window.len());
            let decided = self.season.day(slot);
            let (nature, subject) = (random.pick(&self.natures), random.pick(&self.subjects));
            let answered = decided + random.below(4);
            let acknowledged = Some(answered).filter(|day| *day <= self.region.calendar.horizon());
            let status = match (acknowledged, random.below(1000)) {
                (_, 0..5) => "-1",
                (_, 5..15) => "6",
                (None, _) | (_, 15..45) => "3",
                (_, 45..300) => "5",
                _ => "4",
            };
            let acknowledged = acknowledged.filter(|_| matches!(status, "4" | "5"));
            let is_cancelled = random.chance(10);
            then(&Act { number, nature, subject, decided, acknowledged, status, is_cancelled })?;
        }
        Ok(())
    }
}

fn write(region: &Region, year: u16, out: &mut Output) -> Result<()> {
    let acts = Acts::new(region, year);
    for (index, authority) in region.authorities.iter().enumerate() {
        let prefix = format!("SYN-0{}-{}-", authority.department, authority.siren);
        acts.each(index, |act| {
            let row = &mut out.row;
            row.put(&prefix).put_compact(&region.calendar, act.decided);
            row.put("-").put_number(act.number).put("-").put(act.nature.name).end();
            row.text(authority.siren);
            row.number(act.nature.code);
            row.text(act.subject);
            row.day(&region.calendar, Some(act.decided));
            row.day(&region.calendar, act.acknowledged);
            row.text(act.status);
            row.flag(act.is_cancelled);
            out.write()
        })?;
    }
    Ok(())
}
