//! Accounting flows (PES v2) and their acknowledgements.

use crate::Result;
use crate::calendar::{Day, Season, years};
use crate::random::{Random, wheel};
use crate::region::{self, Region};
use crate::table::Table;
use crate::writer::Output;

pub(crate) static FLOWS: Table = Table {
    dataset: "flows",
    columns: &[
        "flow_id",
        "siren",
        "siret",
        "message",
        "flow_date",
        "office_code",
        "budget_code",
        "fiscal_year",
        "domain",
        "batch_count",
        "piece_count",
        "line_count",
        "attachment_count",
        "amount_eur",
        "is_signed",
        "is_dematerialised",
        "is_acknowledged",
    ],
    export: None,
    revised: ("office_code", ["000001", "000002"]),
    years: &years::<15>(2012),
    write,
};

/// How many flows an authority has in a year: on the platform, and in all.
pub(crate) fn counts(region: &Region, index: usize, year: u16, season: &Season) -> (u64, u64) {
    let plan = region.plan(&region::FLOWS, index, year, season);
    (plan.platform, plan.total)
}

/// One flow and its acknowledgement, which may still be to come.
struct Flow {
    number: u64,
    sent: Day,
    accepted: bool,
}

fn write(region: &Region, year: u16, out: &mut Output) -> Result<()> {
    let season = region.season(&region::FLOWS, year);
    let domains = wheel(&[(6, "depense"), (3, "recette"), (4, "pj"), (1, "marche")]);
    let horizon = region.calendar.horizon();
    for index in 0..region.authorities.len() {
        let plan = region.plan(&region::FLOWS, index, year, &season);
        let mut random = region.random("flow", index, year);
        let siret = region.authorities[index].siret();
        for number in 1..=plan.platform {
            let slot = plan.window.start + random.below(plan.window.len());
            let sent = season.day(slot);
            let answered = Some(sent + random.below(3)).filter(|_| !random.chance(15));
            let acknowledged = answered.filter(|day| *day <= horizon);
            let flow = Flow { number, sent, accepted: random.chance(980) };
            let domain = random.pick(&domains);
            put_id(region, index, year, &flow, out);
            put_content(region, year, &flow, (&siret, domain), &mut random, out);
            out.write()?;
            if let Some(day) = acknowledged {
                put_id(region, index, year, &flow, out);
                put_acknowledgement(region, &flow, day, out);
                out.write()?;
            }
        }
    }
    Ok(())
}

fn put_id(region: &Region, index: usize, year: u16, flow: &Flow, out: &mut Output) {
    let siren = region.authorities[index].siren;
    out.row.put("SYN-F-").put(siren).put("-").put_number(year.into());
    out.row.put("-").put_number(flow.number).end();
    out.row.text(siren);
}

fn put_content(
    region: &Region,
    year: u16,
    flow: &Flow,
    (siret, domain): (&str, &str),
    random: &mut Random,
    out: &mut Output,
) {
    let row = &mut out.row;
    row.text(siret);
    row.text("aller");
    row.day(&region.calendar, Some(flow.sent));
    row.text("035012");
    row.text(if random.chance(800) { "00" } else { "01" });
    row.number(year.into());
    row.text(domain);
    let batches = 1 + random.number(3);
    let pieces = batches * (1 + random.number(12));
    row.number(batches);
    row.number(pieces);
    row.number(pieces * (1 + random.number(4)));
    row.number(random.number(2) * pieces);
    row.hundredths(random.wide() * random.number(400_000) / 64);
    row.flag(random.chance(if year < 2015 { 500 } else { 930 }));
    row.flag(random.chance(if year < 2015 { 300 } else { 900 }));
    row.empty();
}

fn put_acknowledgement(region: &Region, flow: &Flow, day: Day, out: &mut Output) {
    let row = &mut out.row;
    row.empty();
    row.text("acquit");
    row.day(&region.calendar, Some(day));
    for _ in 0..11 {
        row.empty();
    }
    row.flag(flow.accepted);
}
