//! Small tables that do not grow with the scale: panels and parameters of the cost model.

use crate::Result;
use crate::region::Region;
use crate::table::Table;
use crate::writer::Output;

pub(crate) static PANELS: Table = Table {
    dataset: "panels",
    columns: &["panel", "member", "siren", "start_date", "end_date"],
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
        "factor",
        "stratum",
        "unit",
        "per_count",
        "low",
        "mid",
        "high",
        "start_date",
        "end_date",
        "origin",
        "source",
    ],
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

/// A factor of a cost: its name, process, item, side, what it is, unit, for how many of them, and
/// the middle value in hundredths. What bears one name is one thing.
struct Parameter(&'static str, [&'static str; 5], u64, u64);

const PARAMETERS: [Parameter; 33] = [
    Parameter("pages-acte", ["acte", "impression", "papier", "quantité", "pages/acte"], 1, 2_400),
    Parameter("page", ["acte", "impression", "papier", "prix", "EUR/100 pages"], 100, 600),
    Parameter("timbre-acte", ["acte", "affranchissement", "papier", "prix", "EUR/acte"], 1, 180),
    Parameter("minutes-acte", ["acte", "temps", "papier", "quantité", "min/acte"], 1, 1_400),
    Parameter("heure", ["acte", "temps", "papier", "prix", "EUR/h"], 60, 3_000),
    Parameter("clics-acte", ["acte", "temps", "électronique", "quantité", "min/acte"], 1, 500),
    Parameter("heure", ["acte", "temps", "électronique", "prix", "EUR/h"], 60, 3_000),
    Parameter(
        "pages-dce",
        ["consultation", "impression", "papier", "quantité", "pages"],
        1,
        75_000,
    ),
    Parameter("page", ["consultation", "impression", "papier", "prix", "EUR/100 pages"], 100, 600),
    Parameter("minutes-dce", ["consultation", "temps", "papier", "quantité", "min"], 1, 18_000),
    Parameter("heure", ["consultation", "temps", "papier", "prix", "EUR/h"], 60, 3_000),
    Parameter("clics-dce", ["consultation", "temps", "électronique", "quantité", "min"], 1, 12_000),
    Parameter("heure", ["consultation", "temps", "électronique", "prix", "EUR/h"], 60, 3_000),
    Parameter("minutes-pli", ["pli", "temps", "papier", "quantité", "min/pli"], 1, 2_500),
    Parameter("heure", ["pli", "temps", "papier", "prix", "EUR/h"], 60, 3_000),
    Parameter("clics-pli", ["pli", "temps", "électronique", "quantité", "min/pli"], 1, 900),
    Parameter("heure", ["pli", "temps", "électronique", "prix", "EUR/h"], 60, 3_000),
    Parameter("envoi-pli", ["pli", "affranchissement", "papier", "prix", "EUR/pli"], 1, 950),
    Parameter("pages-flux", ["flux", "impression", "papier", "quantité", "pages/flux"], 1, 4_000),
    Parameter("page", ["flux", "impression", "papier", "prix", "EUR/100 pages"], 100, 600),
    Parameter("minutes-flux", ["flux", "temps", "papier", "quantité", "min/flux"], 1, 1_100),
    Parameter("heure", ["flux", "temps", "papier", "prix", "EUR/h"], 60, 3_000),
    Parameter("clics-flux", ["flux", "temps", "électronique", "quantité", "min/flux"], 1, 300),
    Parameter("heure", ["flux", "temps", "électronique", "prix", "EUR/h"], 60, 3_000),
    Parameter("part-seuls", ["service", "actes", "autonome", "quantité", "%"], 1, 6_000),
    Parameter("actes-seul", ["service", "actes", "autonome", "prix", "EUR/an"], 100, 30_000),
    Parameter("part-seuls", ["service", "sdm", "autonome", "quantité", "%"], 1, 6_000),
    Parameter("sdm-seul", ["service", "sdm", "autonome", "prix", "EUR/an"], 100, 90_000),
    Parameter("part-seuls", ["service", "pes", "autonome", "quantité", "%"], 1, 6_000),
    Parameter("pes-seul", ["service", "pes", "autonome", "prix", "EUR/an"], 100, 25_000),
    Parameter("actes-commun", ["service", "actes", "mutualisé", "prix", "EUR/an"], 1, 4_000_000),
    Parameter("sdm-commun", ["service", "sdm", "mutualisé", "prix", "EUR/an"], 1, 12_000_000),
    Parameter("certificat", ["service", "actes", "propre", "prix", "EUR/an"], 1, 3_000),
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
    for Parameter(name, [process, item, side, factor, unit], per, mid) in PARAMETERS {
        let place = PARAMETERS.iter().position(|parameter| parameter.0 == name);
        let mut random = region.random("cost", place.unwrap_or_default(), 0);
        let mid = mid * random.wide().midpoint(1024) / 1024 + 1;
        let periods = [(mid, "2011-01-01", "2017-12-31"), (mid * 11 / 10 + 1, "2018-01-01", "")];
        for (mid, start, end) in periods {
            let row = &mut out.row;
            row.put("SYN-").put(name).end();
            for text in [process, item, side, factor] {
                row.text(text);
            }
            row.empty();
            row.text(unit);
            row.number(per);
            // No share is above 100 %.
            let most = if unit == "%" { 10_000 } else { u64::MAX };
            for value in [mid * 7 / 10, mid, mid * 3 / 2] {
                row.hundredths(value.min(most));
            }
            row.text(start);
            row.text(end);
            row.text("synthétique");
            row.text("Valeur inventée par le générateur");
            out.write()?;
        }
    }
    Ok(())
}
