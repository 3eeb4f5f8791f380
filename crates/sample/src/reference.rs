//! Small tables that do not grow with the scale: panels and parameters of the cost model.

use crate::Result;
use crate::region::Region;
use crate::table::Table;
use crate::writer::Output;

pub(crate) static PANELS: Table = Table {
    dataset: "panels",
    columns: &["panel", "member", "siren", "start_date", "end_date"],
    export: None,
    revised: ("end_date", ["2014-12-31", "2014-12-30"]),
    years: &[],
    write: write_panels,
};

pub(crate) static COST_PARAMETERS: Table = Table {
    dataset: "cost_parameters",
    columns: &[
        "parameter",
        "process",
        "item",
        "side",
        "stratum",
        "unit",
        "low",
        "mid",
        "high",
        "start_date",
        "end_date",
        "origin",
        "source",
    ],
    export: None,
    revised: ("source", ["Première version, inventée", "Version provisoire, inventée"]),
    years: &[],
    write: write_cost_parameters,
};

/// Panel, member, SIREN. Rennes is one member with two SIREN; the communities of Guingamp and of
/// Paimpol-Goëlo stand under the SIREN of the one that took over from both.
const MEMBERS: [(&str, &str, &str); 15] = [
    ("SYN-A", "Brest Métropole", "242900314"),
    ("SYN-A", "Côtes-d'Armor", "222200016"),
    ("SYN-A", "Paimpol-Goëlo", "200067981"),
    ("SYN-A", "Rennes", "243500139"),
    ("SYN-A", "Rennes", "213502388"),
    ("SYN-A", "Vitré Communauté", "200039022"),
    ("SYN-B", "Bretagne", "233500016"),
    ("SYN-B", "Côtes-d'Armor", "222200016"),
    ("SYN-B", "Brest Métropole", "242900314"),
    ("SYN-B", "Pontivy Communauté", "245614433"),
    ("SYN-B", "Cap Sizun", "242900629"),
    ("SYN-B", "Guingamp et Paimpol-Goëlo", "200067981"),
    ("SYN-B", "Vannes", "215602608"),
    ("SYN-B", "Lannion", "212201131"),
    ("SYN-B", "Rennes", "213502388"),
];

/// Years of the panels.
const PANEL_YEARS: std::ops::RangeInclusive<u16> = 2011..=2013;

/// Process, item, side, unit, and the middle value in hundredths.
const PARAMETERS: [(&str, &str, &str, &str, u64); 14] = [
    ("acte", "impression", "papier", "EUR/page", 6),
    ("acte", "affranchissement", "papier", "EUR/acte", 180),
    ("acte", "temps", "papier", "min/acte", 1_400),
    ("acte", "temps", "électronique", "min/acte", 500),
    ("acte", "service", "électronique", "EUR/acte", 30),
    ("consultation", "impression", "papier", "EUR/dossier", 4_500),
    ("consultation", "temps", "papier", "min/consultation", 18_000),
    ("consultation", "temps", "électronique", "min/consultation", 12_000),
    ("pli", "temps", "papier", "min/pli", 2_500),
    ("pli", "temps", "électronique", "min/pli", 900),
    ("pli", "affranchissement", "papier", "EUR/pli", 950),
    ("flux", "impression", "papier", "EUR/bordereau", 220),
    ("flux", "temps", "papier", "min/bordereau", 1_100),
    ("flux", "temps", "électronique", "min/bordereau", 300),
];

/// Whether an authority is of a panel in a year: then it always declares.
pub(crate) fn is_panel_member(siren: &str, year: u16) -> bool {
    PANEL_YEARS.contains(&year) && MEMBERS.iter().any(|(_, _, member)| *member == siren)
}

fn write_panels(_: &Region, _: u16, out: &mut Output) -> Result<()> {
    for (panel, member, siren) in MEMBERS {
        let row = &mut out.row;
        row.text(panel);
        row.text(member);
        row.text(siren);
        row.text("2011-01-01");
        row.text("2013-12-31");
        out.write()?;
    }
    Ok(())
}

/// Two values of each parameter: from 2011, and a tenth more from 2018.
fn write_cost_parameters(region: &Region, _: u16, out: &mut Output) -> Result<()> {
    for (place, (process, item, side, unit, mid)) in PARAMETERS.into_iter().enumerate() {
        let mut random = region.random("cost", place, 0);
        let mid = mid * random.wide().midpoint(1024) / 1024 + 1;
        let periods = [(mid, "2011-01-01", "2017-12-31"), (mid * 11 / 10 + 1, "2018-01-01", "")];
        for (mid, start, end) in periods {
            let row = &mut out.row;
            row.put("SYN-").put(process).put("-").put(item).put("-").put(side).end();
            row.text(process);
            row.text(item);
            row.text(side);
            row.empty();
            row.text(unit);
            row.hundredths(mid * 7 / 10);
            row.hundredths(mid);
            row.hundredths(mid * 3 / 2);
            row.text(start);
            row.text(end);
            row.text("synthétique");
            row.text("Valeur inventée par le générateur");
            out.write()?;
        }
    }
    Ok(())
}
