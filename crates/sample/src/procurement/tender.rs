//! The tenders of one year and their bids, drawn anew by every file that speaks of them.

use crate::Result;
use crate::calendar::{Day, Season};
use crate::random::wheel;
use crate::region::{Region, TENDERS};
use crate::row::Row;

/// Status of a tender that nobody has seen.
pub(crate) const DRAFT: &str = "brouillon";

/// One tender.
pub(crate) struct Tender {
    /// Its number among those of the authority and the year, from 1.
    number: u64,
    pub(crate) published: Day,
    pub(crate) closing: Day,
    pub(crate) procedure: &'static str,
    pub(crate) nature: &'static str,
    pub(crate) lots: u64,
    pub(crate) status: &'static str,
    pub(crate) e_reply: &'static str,
    /// How many bid for it.
    pub(crate) bidders: usize,
}

/// One bid.
pub(crate) struct Bid {
    /// Its number among those of the authority and the year of the tender, from 1.
    pub(crate) number: u64,
    pub(crate) lot: u64,
    pub(crate) is_electronic: bool,
    pub(crate) submitted: Day,
    pub(crate) is_late: bool,
    pub(crate) is_signed: bool,
}

/// The tenders of one year.
pub(crate) struct Tenders<'r> {
    region: &'r Region,
    year: u16,
    season: Season,
    /// From this day on a reply must be electronic, 1 October 2018.
    compulsory: Day,
    natures: Vec<&'static str>,
    lots: Vec<u64>,
    bidders: Vec<usize>,
    statuses: Vec<&'static str>,
}

impl Tender {
    /// Appends the end of its identifier to the cell in hand.
    pub(crate) fn id(&self, row: &mut Row, siren: &str, year: u16) {
        row.put(siren).put("-").put_number(year.into()).put("-").put_number(self.number);
    }
}

impl<'r> Tenders<'r> {
    pub(crate) fn new(region: &'r Region, year: u16) -> Self {
        Self {
            region,
            year,
            season: region.season(&TENDERS, year),
            compulsory: region.calendar.month_start(2018, 9),
            natures: wheel(&[(4, "travaux"), (3, "fournitures"), (3, "services")]),
            lots: wheel(&[(12, 1), (3, 2), (2, 4), (2, 7), (1, 12)]),
            bidders: wheel(&[(1, 0), (4, 1), (4, 2), (4, 3), (3, 4), (2, 6), (1, 9), (1, 15)]),
            statuses: wheel(&[
                (86, "publiée"),
                (4, "annulée"),
                (4, "infructueuse"),
                (2, "sans suite"),
                (4, DRAFT),
            ]),
        }
    }

    /// How many tenders an authority has: on the platform, and in all.
    pub(crate) fn counts(&self, index: usize) -> (u64, u64) {
        let plan = self.region.plan(&TENDERS, index, self.year, &self.season);
        (plan.platform, plan.total)
    }

    /// Draws every tender of an authority.
    pub(crate) fn each(
        &self,
        index: usize,
        mut then: impl FnMut(&Tender) -> Result<()>,
    ) -> Result<()> {
        let plan = self.region.plan(&TENDERS, index, self.year, &self.season);
        let mut random = self.region.random("tender", index, self.year);
        for number in 1..=plan.platform {
            let slot = plan.window.start + random.below(plan.window.len());
            let published = self.season.day(slot);
            let formalised = random.chance(180);
            let refused = published < self.compulsory
                && random.chance(if self.year < 2010 { 600 } else { 250 });
            let status = random.pick(&self.statuses);
            let bidders = random.pick(&self.bidders);
            then(&Tender {
                number,
                published,
                closing: published + if formalised { 35 } else { 15 } + random.below(25),
                procedure: if formalised { "formalisée" } else { "adaptée" },
                nature: random.pick(&self.natures),
                lots: random.pick(&self.lots),
                status,
                e_reply: match (published >= self.compulsory, refused) {
                    (true, _) => "obligatoire",
                    (_, true) => "refusée",
                    _ => "autorisée",
                },
                bidders: if status == "infructueuse" || status == DRAFT { 0 } else { bidders },
            })?;
        }
        Ok(())
    }

    /// Draws every bid for the tenders of an authority that has come in by 30 June 2026.
    pub(crate) fn each_bid(
        &self,
        index: usize,
        mut then: impl FnMut(&Tender, &Bid) -> Result<()>,
    ) -> Result<()> {
        let mut random = self.region.random("bids", index, self.year);
        // Some buyers type paper bids in, others never do.
        let types_paper = self.region.random("paper", index, 0).chance(300);
        let mut number = 0;
        self.each(index, |tender| {
            for _ in 0..tender.bidders {
                let is_late = random.chance(12);
                let early = random.below(10.min(tender.closing - tender.published));
                let submitted = if is_late { tender.closing + 1 } else { tender.closing - early };
                let may = tender.e_reply != "refusée";
                let is_electronic = may && random.chance(electronic_share(tender, self));
                let (lot, is_signed) = (1 + random.number(3), random.chance(700));
                let told = is_electronic || types_paper;
                if !told || submitted > self.region.calendar.horizon() {
                    continue;
                }
                number += 1;
                let lot = lot.min(tender.lots);
                let bid = Bid { number, lot, is_electronic, submitted, is_late, is_signed };
                then(tender, &bid)?;
            }
            Ok(())
        })
    }
}

/// Bids that are electronic where they may be, in thousandths.
fn electronic_share(tender: &Tender, of: &Tenders<'_>) -> usize {
    const FROM_2007: [usize; 12] = [10, 15, 30, 60, 90, 130, 180, 240, 310, 390, 480, 580];
    if tender.published >= of.compulsory {
        return 1000;
    }
    FROM_2007.get(usize::from(of.year.saturating_sub(2007))).copied().unwrap_or(1000)
}
