//! Tenders, the bids for them and the downloads of their documents.

mod tender;

use crate::Result;
use crate::calendar::years;
use crate::random::{Random, wheel};
use crate::region::Region;
use crate::table::Table;
use crate::writer::Output;

pub(crate) use tender::Tenders;

pub(crate) static CONSULTATIONS: Table = Table {
    dataset: "consultations",
    columns: &[
        "consultation_id",
        "siren",
        "siret",
        "published_date",
        "closing_date",
        "procedure",
        "nature",
        "lot_count",
        "status",
        "e_reply",
    ],
    export: None,
    revised: ("status", ["brouillon", "publiée"]),
    years: &years::<20>(2007),
    write: write_consultations,
};

pub(crate) static BIDS: Table = Table {
    dataset: "bids",
    columns: &[
        "bid_id",
        "consultation_id",
        "siren",
        "lot",
        "mode",
        "submitted_date",
        "is_late",
        "is_signed",
    ],
    export: None,
    revised: ("is_late", ["1", "0"]),
    years: &years::<20>(2007),
    write: write_bids,
};

pub(crate) static DOWNLOADS: Table = Table {
    dataset: "downloads",
    columns: &[
        "download_id",
        "consultation_id",
        "siren",
        "downloaded_date",
        "is_anonymous",
        "company_siren",
    ],
    export: None,
    revised: ("is_anonymous", ["1", "0"]),
    years: &years::<20>(2007),
    write: write_downloads,
};

fn write_consultations(region: &Region, year: u16, out: &mut Output) -> Result<()> {
    let tenders = Tenders::new(region, year);
    for (index, authority) in region.authorities.iter().enumerate() {
        let siret = authority.siret();
        tenders.each(index, |tender| {
            let row = &mut out.row;
            tender.id(row.put("SYN-C-"), authority.siren, year);
            row.end();
            row.text(authority.siren);
            row.text(&siret);
            row.day(&region.calendar, Some(tender.published));
            row.day(&region.calendar, Some(tender.closing));
            row.text(tender.procedure);
            row.text(tender.nature);
            row.number(tender.lots);
            row.text(tender.status);
            row.text(tender.e_reply);
            out.write()
        })?;
    }
    Ok(())
}

/// Bids for the tenders published in `year`: some of them come in the year after.
fn write_bids(region: &Region, year: u16, out: &mut Output) -> Result<()> {
    let tenders = Tenders::new(region, year);
    for (index, authority) in region.authorities.iter().enumerate() {
        tenders.each_bid(index, |tender, bid| {
            let row = &mut out.row;
            row.put("SYN-P-").put(authority.siren).put("-").put_number(year.into());
            row.put("-").put_number(bid.number).end();
            tender.id(row.put("SYN-C-"), authority.siren, year);
            row.end();
            row.text(authority.siren);
            row.number(bid.lot);
            row.text(if bid.is_electronic { "E" } else { "P" });
            row.day(&region.calendar, Some(bid.submitted));
            row.flag(bid.is_late);
            if bid.is_electronic {
                row.flag(bid.is_signed);
            } else {
                row.empty();
            }
            out.write()
        })?;
    }
    Ok(())
}

/// Downloads for the tenders published in `year`.
fn write_downloads(region: &Region, year: u16, out: &mut Output) -> Result<()> {
    let tenders = Tenders::new(region, year);
    let extras = wheel(&[(4, 0), (3, 1), (2, 2), (1, 5)]);
    for (index, authority) in region.authorities.iter().enumerate() {
        let mut random = region.random("downloads", index, year);
        let mut number = 0;
        tenders.each(index, |tender| {
            if tender.status == tender::DRAFT {
                return Ok(());
            }
            for _ in 0..tender.bidders + random.pick(&extras) {
                let day = tender.published + random.below(tender.closing - tender.published + 1);
                let is_anonymous = random.chance(400);
                let company = company(&mut random);
                if day > region.calendar.horizon() {
                    continue;
                }
                number += 1;
                let row = &mut out.row;
                row.put("SYN-R-").put(authority.siren).put("-").put_number(year.into());
                row.put("-").put_number(number).end();
                tender.id(row.put("SYN-C-"), authority.siren, year);
                row.end();
                row.text(authority.siren);
                row.day(&region.calendar, Some(day));
                row.flag(is_anonymous);
                if is_anonymous {
                    row.empty();
                } else {
                    row.text(company);
                }
                out.write()?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The SIREN of no company: the key holds, but none that begins with 999 is given out.
fn company(random: &mut Random) -> [u8; 9] {
    let mut digits = *b"999000000";
    let mut number = random.below(100_000);
    for place in (3..8).rev() {
        digits[place] = digit(number % 10);
        number /= 10;
    }
    let sum: usize = digits
        .iter()
        .take(8)
        .enumerate()
        .map(|(place, byte)| {
            let value = usize::from(byte - b'0') * (1 + place % 2);
            value / 10 + value % 10
        })
        .sum();
    digits[8] = digit((10 - sum % 10) % 10);
    digits
}

fn digit(value: usize) -> u8 {
    b'0' + u8::try_from(value).unwrap_or_default()
}

/// All bids that came in during `year`, on paper where that was typed in too; tenders of the year
/// before may still have some.
pub(crate) fn bids_submitted(
    region: &Region,
    year: u16,
    of_two_years: [&Tenders<'_>; 2],
    index: usize,
) -> Result<u64> {
    let days = region.calendar.year(year);
    let mut count = 0;
    for tenders in of_two_years {
        tenders.each_bid(index, |_, bid| {
            count += u64::from(days.contains(&bid.submitted));
            Ok(())
        })?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use carnac_model::identifier::is_siren;

    use super::*;

    #[test]
    fn companies_are_well_formed_and_belong_to_nobody() {
        let mut random = Random::of(1, "test", 0, 0);
        for _ in 0..1000 {
            let siren = String::from_utf8(company(&mut random).to_vec()).unwrap();
            assert!(is_siren(&siren) && siren.starts_with("999"), "{siren}");
        }
    }
}
