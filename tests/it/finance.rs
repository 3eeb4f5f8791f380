//! Budgets and accounting flows, from their files to their tables.

use crate::support::{Place, REPOSITORY};

fn sample(name: &str) -> String {
    format!("{REPOSITORY}/tests/data/{name}")
}

#[test]
fn what_a_commune_and_a_department_spent_on_paper_and_post_in_2021() {
    let place = Place::new();
    for file in [
        "totem/DOCBUDG-21560046100010-056025-CA-2021-01032022000000.scdl-budget.csv",
        "totem/CA_2021_D56_BUDGET_PRINCIPAL.scdl-budget.csv",
    ] {
        place.ok(&["ingest", &sample(file)]);
    }
    assert_eq!(
        place.rows(
            "select siren, nature_code, sum(actual_eur), count(*) from lake.budget_lines
             where document = 'Compte administratif' and year = 2021
             group by siren, nature_code order by 1, 2"
        ),
        [
            "215600461,6064,7410.67,1",
            "215600461,6231,2263.81,1",
            "215600461,6261,11041.83,1",
            "225600014,6261,424981.80,4",
        ]
    );
}

#[test]
fn a_document_that_comes_in_both_forms_lands_once() {
    let place = Place::new();
    let lines = |sql: &str| place.rows(&format!("select count(*) from lake.budget_lines {sql}"));
    place.ok(&["ingest", &sample("totem/budget-crach-001.scdl-budget.csv")]);
    assert_eq!(lines(""), ["14"]);
    place.ok(&["ingest", &sample("totem/budget-crach-001.totem.xml")]);
    assert_eq!(lines(""), ["14"]);
    assert_eq!(lines("where source_file like '%.xml'"), ["14"]);
}

/// As in the accounts of the Morbihan for 2021: what told them apart is not in the columns.
#[test]
fn equal_lines_of_a_budget_all_count() {
    let place = Place::new();
    let line = "Compte administratif,2021,22560001400016,45442,recette,5000\n";
    let header = "BGT_NATDEC,BGT_ANNEE,BGT_SIRET,BGT_NATURE,BGT_CODRD,BGT_CREDOUV\n";
    let report =
        place.ok(&["ingest", &place.file("budget_lines/a.csv", [header, line, line].concat())]);
    assert!(report.contains("2 read, 2 accepted, 0 rejected"), "{report}");
    assert_eq!(place.rows("select sum(open_credit_eur) from lake.budget_lines"), ["10000.00"]);
}

#[test]
fn amendments_of_one_year_stand_beside_one_another() {
    let place = Place::new();
    place.ok(&[
        "ingest",
        &sample("totem/DOCBUDG-21560046100010-056025-DM2-2021-25112021000000.totem.xml"),
        &sample("totem/DOCBUDG-21560046100010-056025-DM3-2021-17122021000000.totem.xml"),
    ]);
    assert_eq!(
        place.rows(
            "select document, document_number, count(*) from lake.budget_lines
             group by document, document_number order by 2"
        ),
        ["Décision modificative,2,14", "Décision modificative,3,14"]
    );
}

#[test]
fn a_flow_and_its_acknowledgement_land_as_two_messages_of_one_name() {
    let place = Place::new();
    place.ok(&["ingest", &sample("pes")]);
    assert_eq!(
        place.rows(
            "select siren, message, flow_date, batch_count, amount_eur, is_acknowledged
             from lake.flows where flow_id = 'PESALR2_212201131_20240116_0001' order by message"
        ),
        ["212201131,acquit,2024-01-18,2,,false", "212201131,aller,2024-01-16,2,1350.30,"]
    );
}
