//! Layouts that are not ours: each one that comes with the program lands its sample.

use crate::support::{Place, REPOSITORY};

fn sample(name: &str) -> String {
    format!("{REPOSITORY}/tests/data/{name}")
}

/// What the report says of the one file, and rows of a query.
fn landed(file: &str, sql: &str) -> (String, Vec<String>) {
    let place = Place::new();
    let report = place.ok(&["ingest", &sample(file)]);
    let counts = report.lines().next().unwrap().split(": ").nth(1).unwrap().to_owned();
    (counts, place.rows(sql))
}

/// Both states of the second contract have two suppliers each.
#[test]
fn tabular_contracts() {
    let (counts, rows) = landed(
        "marches/decp-table-exemple-valide.csv",
        "select contract_id, buyer_siret, buyer_name, layout, amount_eur, place_code, place_kind,
                supplier_id_kind, supplier_id, bid_count, is_current
         from lake.contracts order by source_line",
    );
    assert_eq!(counts, "4 read, 4 accepted, 0 rejected, 0 warnings");
    let row = |id: &str, supplier: &str, is_current: &str| {
        format!(
            "{id},23350001600040,Conseil régional de Bretagne,table,21800.10,35238,Code commune,\
             SIRET,{supplier},4,{is_current}"
        )
    };
    assert_eq!(
        rows,
        [
            row("201900056462300", "81223113200034", "false"),
            row("201900056462300", "82379887100013", "false"),
            row("201900056462301", "81223113200034", "true"),
            row("201900056462301", "82379887100013", "true"),
        ]
    );
}

#[test]
fn a_tabular_contract_counts_once_and_in_its_last_state() {
    let (_, rows) = landed(
        "marches/decp-table-exemple-valide.csv",
        "select contract_id, amount_eur, duration_months, supplier_count from core.contracts",
    );
    assert_eq!(rows, ["201900056462301,21800.10,6,2"]);
}

#[test]
fn flattened_contracts() {
    let (counts, rows) = landed(
        "marches/decp-aplati-extrait.csv",
        "select contract_id, buyer_siren, kind, nature, amount_eur, duration_months,
                modification_count, bid_count, place_code, warnings
         from lake.contracts order by source_line",
    );
    assert_eq!(counts, "6 read, 6 accepted, 0 rejected, 1 warnings");
    assert_eq!(rows[1], "2023-203-07,200056943,marche,Marché,774800.00,36,,,,");
    assert_eq!(rows[3], "20190500,200034882,marche,Marché,440000.00,12,,,74170,");
}

#[test]
fn contracts_of_a_french_spreadsheet() {
    let sql = "select contract_id, buyer_siret, object, amount_eur, notification_date,
                      published_date, cpv_code, place_code, duration_months, supplier_id
               from lake.contracts order by source_line";
    let (counts, rows) = landed("marches/region-2019-exemple-fictif.csv", sql);
    assert_eq!(counts, "7 read, 6 accepted, 1 rejected, 0 warnings");
    let group = |supplier: &str| {
        format!(
            "2019-0001,23350001600040,Impression d’affiches – saison d’été (fictif),1820542.00,\
             2019-01-07,2019-02-15,79810000-5,35238,12,{supplier}"
        )
    };
    assert_eq!(rows[..3], [group("999999014"), group("999999022"), group("999999030")]);
    assert_eq!(
        rows[4..],
        [
            "2019-0002,23350001600040,\"Entretien des lycées, lot 2 : ascenseurs (fictif)\",\
             25500.50,2018-12-31,,50750000-7,53,48,999999055",
            "2019-0003,23350001600040,Étude d'une œuvre d'art (fictif),30000.00,,2019-02-28,,,,\
             999999014",
        ]
    );
}

/// 1,820,542.00 + 40,000.00 + 25,500.50 + 30,000.00, where the rows add up to 5,557,126.50.
#[test]
fn members_of_a_group_do_not_multiply_the_amount() {
    let sql = "select count(*), sum(amount_eur), sum(supplier_count) from core.contracts";
    assert_eq!(landed("marches/region-2019-exemple-fictif.csv", sql).1, ["4,1916042.50,6"]);
}

#[test]
fn contracts_with_bars_and_no_break_spaces() {
    let sql = "select contract_id, object, amount_eur, notification_date, period, supplier_id
               from lake.contracts order by source_line";
    let (counts, rows) = landed("marches/region-2021-exemple-fictif.csv", sql);
    assert_eq!(counts, "3 read, 3 accepted, 0 rejected, 0 warnings");
    let ends: Vec<_> = rows.iter().map(|row| row.rsplit_once(',').unwrap().0).collect();
    assert_eq!(
        ends,
        [
            "2021-0001,Réseau des lycées (fictif),1820542.00,2021-01-04,2021",
            "2021-0002,Restauration ; lycée de Lannion (fictif),40000.10,2021-03-15,2021",
            "2021-0003,Étude (fictif),999.99,2021-12-31,2021",
        ]
    );
}

#[test]
fn a_budget_without_a_header() {
    let place = Place::new();
    let file = sample("totem/budget-crach-001-xslt-custom.scdl-budget.csv");
    let report = place.ok(&["ingest", "--dataset", "budget_lines", &file]);
    assert!(report.contains("14 read, 14 accepted, 0 rejected"), "{report}");
    let first = "select siret, year, document, nature_code, side, voted_eur
                 from lake.budget_lines where source_line = 1";
    assert_eq!(place.rows(first), ["21560046100010,2022,Budget primitif,6413,dépense,42000.00"]);
    // One with a header is read by its header.
    let file = sample("totem/budget-crach-001.scdl-budget.csv");
    let report = place.ok(&["ingest", "--dataset", "budget_lines", &file]);
    assert!(report.contains("14 read, 14 accepted, 0 rejected"), "{report}");
}
