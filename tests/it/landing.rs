//! What a delivery replaces, and what it leaves.

use crate::support::{Place, REPOSITORY, acts};

const RENNES: &str = "213502388";
const VANNES: &str = "215602608";

fn ids(place: &Place) -> String {
    place.rows("select act_id from lake.acts order by act_id").join(" ")
}

#[test]
fn a_file_leaves_the_rows_of_others_in_its_periods() {
    let place = Place::new();
    place.ok(&[
        "ingest",
        &place.file(
            "1/acts/rennes.csv",
            acts(&[("r1", RENNES, "2025-01-01"), ("r2", RENNES, "2024-01-01")]),
        ),
    ]);
    place.ok(&["ingest", &place.file("2/acts/vannes.csv", acts(&[("v1", VANNES, "2025-06-01")]))]);
    assert_eq!(ids(&place), "r1 r2 v1");
}

#[test]
fn a_new_delivery_of_a_file_replaces_the_old_one() {
    let place = Place::new();
    place.ok(&[
        "ingest",
        &place
            .file("acts/a.csv", acts(&[("a", RENNES, "2024-01-01"), ("b", RENNES, "2025-01-01")])),
    ]);
    // Row b is gone, row c is new, row a has moved to another year, which leaves none in its own.
    let report = place.ok(&[
        "ingest",
        "--expect-drop",
        "acts/2024",
        &place
            .file("acts/a.csv", acts(&[("a", RENNES, "2025-01-01"), ("c", RENNES, "2025-01-01")])),
    ]);
    assert!(report.contains("(replaces 2 rows of its earlier delivery)"), "{report}");
    assert_eq!(
        place.rows("select act_id, period from lake.acts order by act_id"),
        ["a,2025", "c,2025"]
    );
}

#[test]
fn the_last_delivery_of_a_key_wins_across_files() {
    let place = Place::new();
    place.ok(&[
        "ingest",
        &place
            .file("acts/a.csv", acts(&[("a", RENNES, "2025-01-01"), ("b", RENNES, "2025-01-01")])),
    ]);
    place.ok(&["ingest", &place.file("acts/b.csv", acts(&[("b", VANNES, "2025-01-01")]))]);
    assert_eq!(
        place.rows("select act_id, siren from lake.acts order by act_id"),
        [format!("a,{RENNES}"), format!("b,{VANNES}")]
    );
    // Within one run the later file wins too.
    let both = Place::new();
    let first = both.file("acts/a.csv", acts(&[("b", RENNES, "2025-01-01")]));
    let second = both.file("acts/b.csv", acts(&[("b", VANNES, "2025-01-01")]));
    both.ok(&["ingest", &first, &second]);
    assert_eq!(both.rows("select act_id, siren from lake.acts"), [format!("b,{VANNES}")]);
}

#[test]
fn a_tender_that_moves_to_another_year_is_not_counted_twice() {
    let place = Place::new();
    let tender = |date: &str| {
        format!(
            "id_consultation;siren;siret;date_pub;date_cloture;procedure;nature;lots;statut;reponse_elec\n\
             c1;{RENNES};;{date};;adaptée;travaux;1;publiée;obligatoire\n"
        )
    };
    place.ok(&["ingest", &place.file("consultations/january.csv", tender("2024-12-31"))]);
    let corrected = place.file("consultations/corrected.csv", tender("2025-01-02"));
    place.ok(&["ingest", &corrected, "--expect-drop", "consultations/2024"]);
    assert_eq!(place.rows("select consultation_id, period from lake.consultations"), ["c1,2025"]);
}

#[test]
fn in_a_file_the_last_row_of_a_key_counts() {
    let place = Place::new();
    let rows = acts(&[
        ("a", RENNES, "2025-01-01"),
        ("a", RENNES, "2025-01-02"),
        ("a", RENNES, "2025-01-02"),
    ]);
    let report = place.ok(&["ingest", &place.file("acts/a.csv", rows)]);
    assert!(report.contains("3 read, 1 accepted, 2 rejected"), "{report}");
    assert_eq!(place.rows("select decision_date, source_line from lake.acts"), ["2025-01-02,4"]);
    let why = "select source_line, rule from ops.quarantine order by source_line";
    assert_eq!(place.rows(why), ["2,superseded", "3,exact_copy"]);
}

#[test]
fn a_file_of_only_bad_rows_wipes_nothing() {
    let place = Place::new();
    place.ok(&["ingest", &place.file("acts/a.csv", acts(&[("a", RENNES, "2025-01-01")]))]);
    let output =
        place.carnac(&["ingest", &place.file("acts/a.csv", acts(&[("a", "1", "2025-01-01")]))]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        String::from_utf8_lossy(&output.stdout)
            .contains("no row is acceptable, and 1 of its rows are landed")
    );
    assert_eq!(ids(&place), "a");
    // A file that never landed a row may be all bad: its rows are in quarantine.
    let report =
        place.ok(&["ingest", &place.file("acts/bad.csv", acts(&[("b", "1", "2025-01-01")]))]);
    assert!(report.contains("1 read, 0 accepted, 1 rejected"), "{report}");
    assert_eq!(place.rows("select source_file from ops.quarantine"), ["bad.csv"]);
}

#[test]
fn mended_rows_leave_the_quarantine() {
    let place = Place::new();
    place.ok(&[
        "ingest",
        &place.file("acts/a.csv", acts(&[("a", "1", "2025-01-01"), ("b", RENNES, "2025-01-01")])),
    ]);
    assert_eq!(place.rows("select count(*) from ops.quarantine"), ["1"]);
    place.ok(&[
        "ingest",
        &place
            .file("acts/a.csv", acts(&[("a", RENNES, "2025-01-01"), ("b", RENNES, "2025-01-01")])),
    ]);
    assert_eq!(place.rows("select count(*) from ops.quarantine"), ["0"]);
    assert_eq!(ids(&place), "a b");
}

#[test]
fn the_books_balance_for_every_source() {
    let place = Place::demo();
    let unbalanced =
        "select source_file from ops.sources where read_count <> accepted_count + rejected_count";
    assert!(place.rows(unbalanced).is_empty());
    let quarantine = "select (select sum(rejected_count) from ops.sources) - (select count(*) from ops.quarantine)";
    assert_eq!(place.rows(quarantine), ["0"]);
    for table in
        ["authorities", "memberships", "acts", "consultations", "bids", "reported", "contracts"]
    {
        let landed = format!(
            "select (select count(*) from lake.{table})
                  - (select sum(accepted_count) from ops.sources where dataset = '{table}')"
        );
        assert_eq!(place.rows(&landed), ["0"], "{table}");
    }
}

/// The provider lists only the partitions that a filter leaves, and counts from the log alone.
#[test]
fn a_scan_is_plain_parquet_of_the_partitions_asked_for() {
    let place = Place::new();
    let rows = acts(&[
        ("a", RENNES, "2023-01-01"),
        ("b", RENNES, "2024-01-01"),
        ("c", RENNES, "2025-01-01"),
    ]);
    place.ok(&["ingest", &place.file("acts/a.csv", rows)]);
    let plan = |sql: &str| place.ok(&["query", &format!("explain {sql}"), "--format", "csv"]);
    let one = plan("select act_id from core.acts where period = '2024'");
    assert!(one.contains("DataSourceExec") && one.contains("period=2024"), "{one}");
    assert!(!one.contains("period=2023") && !one.contains("period=2025"), "{one}");
    let by_date = plan("select act_id from lake.acts where decision_date >= date '2025-01-01'");
    assert!(by_date.contains("period=2025") && !by_date.contains("period=2024"), "{by_date}");
    let count = plan("select count(*) from lake.acts");
    assert!(!count.contains("DataSourceExec"), "the log knows the count: {count}");
}

#[test]
fn the_2022_layout_and_its_modifications() {
    let place = Place::new();
    let contracts = r#"{"marches":{"marche":[{"id":"M1","acheteur":{"id":"21350238800019"},"nature":"Marché",
        "objet":"Fournitures","montant":100.50,"dureeMois":12,"dateNotification":"2024-03-01","offresRecues":"NC",
        "titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"1"}},{"titulaire":{"typeIdentifiant":"TVA","id":"2"}}],
        "modifications":[{"modification":{"id":2,"montant":300.125}},{"modification":{"id":1,"montant":200,"dureeMois":24}}]}],
        "contrat-concession":[{"id":"C1","autoriteConcedante":{"id":"21350238800019"},"nature":"Concession de service",
        "objet":"Eau","valeurGlobale":1000000.01,"dateSignature":"2024-12-31","concessionnaires":[]}]}}"#;
    place.ok(&["ingest", &place.file("decp.json", contracts)]);
    let rows = place.rows(
        "select contract_id, kind, layout, amount_eur, duration_months, bid_count, supplier_count, notification_date
         from lake.contracts order by contract_id",
    );
    assert_eq!(
        rows,
        ["C1,concession,2022,1000000.01,,,0,2024-12-31", "M1,marche,2022,300.13,24,,2,2024-03-01"]
    );
}

#[test]
fn one_bad_record_of_a_json_file_is_one_bad_row() {
    let place = Place::new();
    let record = |id: &str, extra: &str| {
        format!(
            r#"{{"id":"{id}","acheteur":{{"id":"21350238800019"}},"dateNotification":"2024-03-01"{extra}}}"#
        )
    };
    let list = [record("1", ""), record("2", ",\"montant\":NaN"), "7".to_owned(), record("3", "")]
        .join(",\n");
    let report =
        place.ok(&["ingest", &place.file("decp.json", format!("{{\"marches\":[{list}]}}"))]);
    assert!(report.contains("4 read, 2 accepted, 2 rejected"), "{report}");
    assert_eq!(
        place.rows("select source_line, rule, raw from ops.quarantine where source_line = 3"),
        ["3,malformed,7"]
    );
}

#[test]
fn an_xml_file_that_breaks_off_lands_what_was_read() {
    let place = Place::new();
    let record = |id: &str| {
        format!(
            "<marche><id>{id}</id><acheteur><id>21350238800019</id></acheteur>\
             <objet>Caf\u{e9}</objet><dateNotification>2024-03-01</dateNotification></marche>\n"
        )
    };
    let file = [
        "<?xml version='1.0' encoding='ISO-8859-1'?>\n<marches>\n",
        &record("1"),
        &record("2").replace("</objet>", ""),
        &record("3"),
        "<marche><id>4",
    ];
    let latin: Vec<u8> =
        file.concat().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let report = place.ok(&["ingest", &place.file("decp.xml", latin)]);
    assert!(report.contains("4 read, 2 accepted, 2 rejected"), "{report}");
    assert_eq!(
        place.rows("select contract_id, object, source_line from lake.contracts order by 1"),
        ["1,Café,3", "3,Café,5"]
    );
    assert_eq!(
        place.rows("select source_line, rule, raw from ops.quarantine where source_line = 6"),
        ["6,malformed,<marche><id>4"]
    );
}

/// Seen to wait for ever on two cores, with the engine's dynamic join filters on.
#[test]
fn figures_of_two_indicators_join() {
    let place = Place::demo();
    let joined = "select count(*) from indicator.act_transmission_rate as n
                  join indicator.act_transmission_rate as t on n.siren = t.siren and n.period = t.period
                  where n.siren = '213502388'";
    assert_eq!(place.rows(joined), ["2"]);
}

/// A few rows of any view: the engine once stopped on a limit above distinct rows of a list.
#[test]
fn the_first_rows_of_every_core_view_are_answered() {
    let place = Place::new();
    place.ok(&["ingest", &format!("{REPOSITORY}/data-samples/contracts")]);
    let views =
        place.rows("select table_name from information_schema.tables where table_schema = 'core'");
    assert!(views.contains(&"contract_suppliers".to_owned()));
    for view in views {
        assert!(place.rows(&format!("select * from core.{view} limit 3")).len() <= 3, "{view}");
    }
}
