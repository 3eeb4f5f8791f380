//! Members, services taken up, accounts and sessions.

use crate::Result;
use crate::authority::SERVICES;
use crate::calendar::{FIRST_YEAR, Season, years};
use crate::region::{self, Region};
use crate::table::Table;
use crate::writer::Output;

pub(crate) static MEMBERSHIPS: Table = Table {
    dataset: "memberships",
    columns: &["siren", "start_date", "end_date"],
    export: None,
    revised: ("end_date", ["2026-06-30", "2026-06-29"]),
    years: &[],
    write: write_memberships,
};

pub(crate) static ACTIVATIONS: Table = Table {
    dataset: "activations",
    columns: &["siren", "service", "start_date", "end_date"],
    export: None,
    revised: ("end_date", ["2026-06-30", "2026-06-29"]),
    years: &[],
    write: write_activations,
};

pub(crate) static ACCOUNTS: Table = Table {
    dataset: "accounts",
    columns: &["account_key", "siren", "created_date", "closed_date"],
    export: None,
    revised: ("closed_date", ["2026-06-30", "2026-06-29"]),
    years: &years::<20>(2007),
    write: write_accounts,
};

pub(crate) static SESSIONS: Table = Table {
    dataset: "sessions",
    columns: &["session_id", "account_key", "siren", "service", "session_date"],
    export: None,
    revised: ("service", ["sdm", "actes"]),
    years: &years::<20>(2007),
    write: write_sessions,
};

/// One account in this many is never used, and closed for that.
const IDLE: u64 = 10;

fn write_memberships(region: &Region, _: u16, out: &mut Output) -> Result<()> {
    for (authority, adoption) in region.authorities.iter().zip(&region.adoptions) {
        let Some(joined) = adoption.joined else { continue };
        out.row.text(authority.siren);
        out.row.day(&region.calendar, Some(joined));
        out.row.day(&region.calendar, adoption.left);
        out.write()?;
    }
    Ok(())
}

fn write_activations(region: &Region, _: u16, out: &mut Output) -> Result<()> {
    for (authority, adoption) in region.authorities.iter().zip(&region.adoptions) {
        for (service, start) in SERVICES.iter().zip(adoption.services) {
            let Some(start) = start else { continue };
            out.row.text(authority.siren);
            out.row.text(service.code);
            out.row.day(&region.calendar, Some(start));
            out.row.day(&region.calendar, adoption.left);
            out.write()?;
        }
    }
    Ok(())
}

/// Accounts that an authority opens in a year, the first of them on the day it joins.
fn opened(region: &Region, index: usize, year: u16, season: &Season) -> u64 {
    let plan = region.plan(&region::ACCOUNTS, index, year, season);
    plan.platform.max(u64::from(joins_in(region, index, year)))
}

fn joins_in(region: &Region, index: usize, year: u16) -> bool {
    let joined = region.adoptions[index].joined;
    joined.is_some_and(|day| region.calendar.year(year).contains(&day))
}

/// Accounts that each authority has opened before a year.
fn opened_before(region: &Region, year: u16) -> Vec<u64> {
    let mut counts = vec![0; region.authorities.len()];
    for past in FIRST_YEAR..year {
        let season = region.season(&region::ACCOUNTS, past);
        for (index, count) in counts.iter_mut().enumerate() {
            *count += opened(region, index, past, &season);
        }
    }
    counts
}

fn write_accounts(region: &Region, year: u16, out: &mut Output) -> Result<()> {
    let season = region.season(&region::ACCOUNTS, year);
    let horizon = region.calendar.horizon();
    let before = opened_before(region, year);
    for (index, authority) in region.authorities.iter().enumerate() {
        let plan = region.plan(&region::ACCOUNTS, index, year, &season);
        let mut random = region.random("account", index, year);
        let first = region.adoptions[index].joined.filter(|_| joins_in(region, index, year));
        for place in 0..opened(region, index, year, &season) {
            let slot = plan.window.start + random.below(plan.window.len());
            let idle_days = 400 + random.below(400);
            let created = match first {
                Some(joined) if place == 0 => joined,
                _ => season.day(slot),
            };
            let number = before[index] + place;
            let closed = Some(created + idle_days)
                .filter(|day| number % IDLE == IDLE - 1 && *day <= horizon);
            let row = &mut out.row;
            row.put("SYN-").put(authority.siren).put("-").put_number(number).end();
            row.text(authority.siren);
            row.day(&region.calendar, Some(created));
            row.day(&region.calendar, closed);
            out.write()?;
        }
    }
    Ok(())
}

fn write_sessions(region: &Region, year: u16, out: &mut Output) -> Result<()> {
    let season = region.season(&region::SESSIONS, year);
    let before = opened_before(region, year);
    for (index, authority) in region.authorities.iter().enumerate() {
        let adoption = &region.adoptions[index];
        let plan = region.plan(&region::SESSIONS, index, year, &season);
        let mut random = region.random("session", index, year);
        // In its first year only the first account is sure to be open on any day.
        let accounts = usize::try_from(before[index].max(1)).unwrap_or(usize::MAX);
        for number in 1..=plan.platform {
            let day = season.day(plan.window.start + random.below(plan.window.len()));
            let drawn = random.number(accounts);
            let account = if drawn % IDLE == IDLE - 1 { drawn - 1 } else { drawn };
            let wanted = random.below(SERVICES.len());
            let has = |place: usize| adoption.services[place].is_some_and(|start| start <= day);
            // The one wanted, else the next that the authority has that day.
            let service = (0..SERVICES.len())
                .map(|step| (wanted + step) % SERVICES.len())
                .find(|place| has(*place));
            let Some(service) = service else { continue };
            let row = &mut out.row;
            row.put("SYN-S-").put(authority.siren).put("-").put_number(year.into());
            row.put("-").put_number(number).end();
            row.put("SYN-").put(authority.siren).put("-").put_number(account).end();
            row.text(authority.siren);
            row.text(SERVICES[service].code);
            row.day(&region.calendar, Some(day));
            out.write()?;
        }
    }
    Ok(())
}
