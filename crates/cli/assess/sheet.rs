//! The sheet of an authority, laid out for people.

use super::Row;
use super::french::{number, percent, points};
use super::question::RATES;
use crate::print;

/// What an authority's sheet is made of.
pub(super) struct Sheet {
    pub(super) identity: Row,
    pub(super) titles: Vec<Row>,
    pub(super) rates: Vec<Row>,
    pub(super) declared: Vec<Row>,
    pub(super) savings: Vec<Row>,
}

/// How kinds are called.
const KINDS: [(&str, &str); 7] = [
    ("commune", "commune"),
    ("CC", "communauté de communes"),
    ("CA", "communauté d'agglomération"),
    ("CU", "communauté urbaine"),
    ("METRO", "métropole"),
    ("departement", "département"),
    ("region", "région"),
];

const PROCESSES: [(&str, &str); 4] = [
    ("act", "actes"),
    ("bid", "offres"),
    ("consultation", "consultations"),
    ("flow", "flux comptables"),
];

const STATUSES: [(&str, &str); 3] =
    [("not_concerned", "non concernée"), ("not_reported", "non répondu"), ("observed", "observé")];

const OUTCOMES: [(&str, &str); 4] = [
    ("reached", "atteinte"),
    ("on_time", "à temps"),
    ("late", "en retard"),
    ("not_reached", "non atteinte à ce rythme"),
];

const SAVINGS: [&str; 5] = [
    "réalisées dans l'année, brutes",
    "réalisées dans l'année, nettes",
    "sur 5 ans au taux actuel",
    "sur 5 ans à 100 %",
    "gisement restant sur 5 ans",
];

const NOTES: &str = "\
Comparaison : collectivités du même type et de la même strate, elle-même exclue ; sous 5 autres, le
groupe s'élargit au type, puis à la région. Un taux supérieur à 100 % est une anomalie : le total
déclaré est faux ou de périmètre différent ; il n'est ni comparé ni classé. Tendance : pente de
Theil-Sen des cinq dernières années. Année d'atteinte : projection linéaire, jamais au-delà de
100 % ni de 2100. Couverture : part des collectivités du groupe qui ont un taux. Taux déclarés,
rang et économies ne sont montrés qu'à la collectivité (classe D2).";

impl Sheet {
    /// Returns the whole text.
    pub(super) fn text(&self) -> String {
        let parts = [
            ("", self.heading()),
            ("Taux", self.levels()),
            ("Collectivités comparables", self.peers()),
            ("Tendance et cible", self.trends()),
            ("Déclaré et observé", self.declared()),
            ("Économies (en euros : bas, central, haut)", self.savings()),
            ("", NOTES.to_owned()),
        ];
        let told = |(title, text): (&str, String)| match title {
            "" => text,
            title => format!("{title}\n\n{text}"),
        };
        parts.map(told).join("\n\n")
    }

    fn heading(&self) -> String {
        let of = |column: &str| self.identity.get(column).map_or("-", String::as_str);
        let kind = word(&KINDS, of("kind"));
        let grouping = self.identity.get("epci_name").map(|name| format!(", {name}"));
        let member = if of("is_member") == "true" {
            "adhérente, elle-même ou par son EPCI"
        } else {
            "non adhérente"
        };
        format!(
            "{} (SIREN {})\n{kind}, département {}{} ; {} habitants, strate {} ; {member}\n\
             liste officielle de {} ; publication {}, « aujourd'hui » {}",
            of("name"),
            of("siren"),
            of("department_code"),
            grouping.unwrap_or_default(),
            number(self.identity.get("population_count"), 0),
            of("stratum_code"),
            of("period"),
            of("release_id"),
            of("run_date"),
        )
    }

    /// The rates that the sheet shows, in its order.
    fn shown(&self) -> impl Iterator<Item = &Row> {
        let is = |row: &Row, id: &str| row.get("indicator_id").is_some_and(|of| of == id);
        RATES.iter().filter_map(move |id| self.rates.iter().find(|row| is(row, id)))
    }

    fn title(&self, id: &str) -> &str {
        let named = |row: &&Row| row.get("id").is_some_and(|of| of == id);
        self.titles
            .iter()
            .find(named)
            .and_then(|row| row.get("title_fr"))
            .map_or("", String::as_str)
    }

    fn levels(&self) -> String {
        let mut table = vec![header(["", "indicateur", "année", "taux", "calcul", ""])];
        for row in self.shown() {
            let id = cell(row, "indicator_id");
            let is_partial = cell(row, "is_complete") == "false";
            let status = cell(row, "status");
            let calculation = match (row.get("numerator"), row.get("denominator")) {
                (Some(_), Some(_)) => format!(
                    "{} / {}",
                    number(row.get("numerator"), 0),
                    number(row.get("denominator"), 0)
                ),
                _ => "-".to_owned(),
            };
            let remark = if cell(row, "is_anomaly") == "true" {
                "anomalie : plus que le total déclaré"
            } else if status != "observed" {
                word(&STATUSES, &status)
            } else if is_partial {
                "année incomplète"
            } else {
                ""
            };
            let title = self.title(&id).to_owned();
            let rate = percent(row.get("value"));
            table.push(vec![id, title, cell(row, "period"), rate, calculation, remark.to_owned()]);
        }
        or_none(&table, "aucun taux connu")
    }

    fn peers(&self) -> String {
        let columns = ["", "médiane", "quartiles", "écart", "rang", "couverture", "groupe"];
        let mut table = vec![header(columns)];
        for row in self.shown() {
            let quartiles = match row.get("q1") {
                Some(_) => format!("{} à {}", percent(row.get("q1")), percent(row.get("q3"))),
                None => "-".to_owned(),
            };
            let rank = match row.get("place") {
                Some(place) => format!("{place} sur {}", cell(row, "used_count")),
                None => "-".to_owned(),
            };
            table.push(vec![
                cell(row, "indicator_id"),
                percent(row.get("median")),
                quartiles,
                points(row.get("gap_points")),
                rank,
                percent(row.get("coverage")),
                group(row),
            ]);
        }
        or_none(&table, "aucune comparaison")
    }

    fn trends(&self) -> String {
        let columns = ["", "sur un an", "par an sur 5 ans", "cible", "écart", "atteinte", "100 %"];
        let mut table = vec![header(columns)];
        for row in self.shown() {
            let target = match row.get("target_year") {
                Some(year) => format!("{} en {year}", percent(row.get("target_value"))),
                None => "aucune".to_owned(),
            };
            let reached = match (row.get("outcome"), row.get("target_reached_year")) {
                (Some(outcome), Some(year)) => format!("{} ({year})", word(&OUTCOMES, outcome)),
                (Some(outcome), None) => word(&OUTCOMES, outcome).to_owned(),
                (None, _) => "-".to_owned(),
            };
            let full = match (row.get("full_reached_year"), row.get("value")) {
                (Some(year), _) => year.clone(),
                (None, Some(_)) => "non atteint".to_owned(),
                (None, None) => "-".to_owned(),
            };
            table.push(vec![
                cell(row, "indicator_id"),
                points(row.get("change_points")),
                points(row.get("slope_points")),
                target,
                points(row.get("target_gap_points")),
                reached,
                full,
            ]);
        }
        or_none(&table, "aucune tendance")
    }

    fn declared(&self) -> String {
        let columns = ["", "année", "observé en ligne", "total déclaré", "part", ""];
        let mut table = vec![header(columns)];
        for row in &self.declared {
            let counts = ["electronic_count", "declared_count"]
                .map(|column| row.get(column).and_then(|text| text.parse::<f64>().ok()));
            let share = match counts {
                [Some(online), Some(total)] if total > 0.0 => Some((online / total).to_string()),
                _ => None,
            };
            let remark = match counts {
                [Some(online), Some(total)] if online > total => "anomalie : plus que déclaré",
                [_, Some(_)] => "",
                [_, None] => {
                    word(&STATUSES, row.get("status").map_or("non déclaré", String::as_str))
                }
            };
            table.push(vec![
                word(&PROCESSES, &cell(row, "process")).to_owned(),
                cell(row, "period"),
                number(row.get("electronic_count"), 0),
                number(row.get("declared_count"), 0),
                percent(share.as_ref()),
                remark.to_owned(),
            ]);
        }
        or_none(&table, "rien n'est déclaré ni observé")
    }

    fn savings(&self) -> String {
        let mut table = vec![header(["", "année", "bas", "central", "haut"])];
        for row in &self.savings {
            let place: usize = cell(row, "place").parse().unwrap_or_default();
            let title = place.checked_sub(1).and_then(|place| SAVINGS.get(place));
            let amounts = ["low", "mid", "high"].map(|bound| number(row.get(bound), 2));
            let mut line = vec![title.copied().unwrap_or_default().to_owned(), cell(row, "period")];
            line.extend(amounts);
            table.push(line);
        }
        or_none(&table, "aucun paramètre de coût, ou aucun usage : rien n'est calculé")
    }
}

/// With whom a rate is compared.
fn group(row: &Row) -> String {
    let Some(level) = row.get("group_level") else {
        return "moins de 5 autres dans la région : pas de comparaison".to_owned();
    };
    let (code, count) = (cell(row, "group_code"), cell(row, "peer_count"));
    match level.as_str() {
        "stratum" => format!("{count} autres, {code}"),
        "kind" => format!("{count} autres, {code} (élargi au type : moins de 5 dans la strate)"),
        _ => format!("{count} autres, région (élargi : moins de 5 du même type)"),
    }
}

fn or_none(table: &[Vec<String>], none: &str) -> String {
    if table.len() == 1 { none.to_owned() } else { print::columns(table) }
}

fn cell(row: &Row, column: &str) -> String {
    row.get(column).cloned().unwrap_or_else(|| "-".to_owned())
}

/// The French word of a code, or the code.
fn word<'w>(words: &[(&str, &'w str)], code: &'w str) -> &'w str {
    words.iter().find(|(of, _)| *of == code).map_or(code, |(_, word)| word)
}

fn header<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}
