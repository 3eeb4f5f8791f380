//! Totals of a year as authorities declare them. They are drawn so that what the other files hold
//! is a part of them, by generating those files again; a few are too low, on purpose.

use crate::Result;
use crate::calendar::{Season, years};
use crate::finance;
use crate::legality::Acts;
use crate::procurement::{Tenders, bids_submitted};
use crate::random::Random;
use crate::reference::is_panel_member;
use crate::region::{self, Region};
use crate::table::Table;
use crate::writer::Output;

use super::responds;

pub(crate) static REPORTED: Table = Table {
    dataset: "reported",
    columns: &["siren", "year", "variable", "item", "value", "status", "wave"],
    export: None,
    revised: ("wave", ["SYN saisie 1", "SYN saisie 2"]),
    years: &years::<19>(2007),
    write,
};

const ANSWERED: &str = "réponse";

/// A figure, or why there is none.
enum Figure {
    Known(u64),
    Without(&'static str),
}

/// The files of a year that are generated again to be counted.
struct Counted<'r> {
    region: &'r Region,
    year: u16,
    acts: Acts<'r>,
    tenders: Tenders<'r>,
    tenders_before: Tenders<'r>,
    flows: Season,
}

fn write(region: &Region, year: u16, out: &mut Output) -> Result<()> {
    let counted = Counted {
        region,
        year,
        acts: Acts::new(region, year),
        tenders: Tenders::new(region, year),
        tenders_before: Tenders::new(region, year - 1),
        flows: region.season(&region::FLOWS, year),
    };
    for (index, authority) in region.authorities.iter().enumerate() {
        let in_panel = is_panel_member(authority.siren, year);
        if in_panel || responds(region, "reported", index, year) {
            counted.declare(index, out)?;
        }
    }
    Ok(())
}

impl Counted<'_> {
    /// Writes what one authority declares.
    fn declare(&self, index: usize, out: &mut Output) -> Result<()> {
        let mut random = self.region.random("figures", index, self.year);
        self.declare_acts(index, &mut random, out)?;
        let (online, tenders) = self.tenders.counts(index);
        let figure = if online == 0 && random.chance(50) {
            Figure::Without("SO")
        } else {
            perhaps(&mut random, tenders)
        };
        self.put(index, "CONS_TOT", 0, &figure, out)?;
        let bids =
            bids_submitted(self.region, self.year, [&self.tenders_before, &self.tenders], index)?;
        let paper = bids * random.number(if self.year < 2019 { 1500 } else { 60 }) / 1000;
        let asked = if self.year < 2009 {
            Figure::Without("non posée")
        } else {
            perhaps(&mut random, bids + paper)
        };
        self.put(index, "PLI_TOT", 0, &asked, out)?;
        let (_, flows) = finance::counts(self.region, index, self.year, &self.flows);
        let asked = if self.year < 2012 {
            Figure::Without("non posée")
        } else {
            perhaps(&mut random, flows)
        };
        self.put(index, "PES_TOT", 0, &asked, out)?;
        let agents = self.region.authorities[index].weight() * random.wide() / 20_480 + 1;
        self.put(index, "AGENTS", 0, &perhaps(&mut random, agents), out)?;
        let minutes = 4 + random.wide() / 100;
        self.put(index, "TPS_ACTE_MIN", 0, &perhaps(&mut random, minutes), out)?;
        let pages = 2 + random.number(12);
        self.put(index, "PAGES_ACTE", 0, &perhaps(&mut random, pages), out)
    }

    /// The total of acts, and of one in three authorities those of each nature.
    fn declare_acts(&self, index: usize, random: &mut Random, out: &mut Output) -> Result<()> {
        if self.year < 2008 {
            return self.put(index, "ACT_TOT", 0, &Figure::Without("non posée"), out);
        }
        let mut by_nature = [0; 7];
        let mut online = 0;
        self.acts.each(index, |act| {
            online += 1;
            *nature(&mut by_nature, act.nature.code) += 1;
            Ok(())
        })?;
        if online >= 4 && random.chance(20) {
            out.tolerate("total_below_platform");
            return self.put(index, "ACT_TOT", 0, &Figure::Known(online * 3 / 4), out);
        }
        let total = self.acts.total(index);
        self.put(index, "ACT_TOT", 0, &perhaps(random, total), out)?;
        if !random.chance(330) {
            return Ok(());
        }
        for _ in online..total {
            *nature(&mut by_nature, random.pick(self.acts.natures()).code) += 1;
        }
        for (code, count) in (0..).zip(by_nature).skip(1) {
            self.put(index, "ACT_TOT", code, &Figure::Known(count), out)?;
        }
        Ok(())
    }

    /// Writes one figure; item 0 is the total.
    fn put(
        &self,
        index: usize,
        variable: &str,
        item: u64,
        figure: &Figure,
        out: &mut Output,
    ) -> Result<()> {
        let row = &mut out.row;
        row.text(self.region.authorities[index].siren);
        row.number(self.year.into());
        row.text(variable);
        if item == 0 {
            row.empty();
        } else {
            row.number(item);
        }
        match figure {
            Figure::Known(value) => {
                row.number(*value);
                row.text(ANSWERED);
            }
            Figure::Without(why) => {
                row.empty();
                row.text(why);
            }
        }
        row.put("SYN-").put_number(self.year.into()).end();
        out.write()
    }
}

/// The figure, unless the authority does not know it.
fn perhaps(random: &mut Random, value: u64) -> Figure {
    if random.chance(80) { Figure::Without("NSP") } else { Figure::Known(value) }
}

/// The count of a nature from 1 to 6; that of place 0 stands for none.
fn nature(counts: &mut [u64; 7], code: u64) -> &mut u64 {
    &mut counts[usize::try_from(code).unwrap_or_default().min(6)]
}
