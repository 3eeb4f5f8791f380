//! The receipt of a figure, and the check of one that was saved.

use std::fs;
use std::path::Path;

use carnac_lake::{DEFAULT_MEMORY, Lake};
use carnac_query::{Figure, Gateway, Layer, Principal, Views};

use crate::support::{Place, acts, files_below};

const RENNES: &str = "213502388";

/// Three acts of Rennes in 2025 of which one is cancelled, one rejected row, and a report of 4.
fn three_acts() -> Place {
    let place = Place::new();
    let rows = [("a", RENNES, "2025-01-01"), ("b", RENNES, "2025-01-02"), ("x", "1", "2025-01-02")];
    let text = acts(&rows) + &format!("c;{RENNES};1;7.10;2025-01-03;2025-01-03;4;1\n");
    let acts = place.file("acts/a.csv", text);
    let reported = place.file(
        "reported/r.csv",
        format!(
            "siren;annee;variable;modalite;valeur;statut;vague\n\
             {RENNES};2025;ACT_TOT;;4;réponse;2025\n"
        ),
    );
    place.ok(&["ingest", "--run-date", "2025-12-31", &acts, &reported]);
    place
}

#[tokio::test]
async fn a_receipt_says_what_a_figure_was_computed_from() {
    let place = three_acts();
    let lake = Lake::open(&place.root(), &[]).unwrap();
    let views = Views::embedded().unwrap();
    let gateway = Gateway::new(lake, views.clone(), DEFAULT_MEMORY).without_cubes();
    let figure = |indicator: &str, period: &str| Figure {
        indicator: indicator.to_owned(),
        siren: RENNES.to_owned(),
        period: period.to_owned(),
    };
    let explain = async |principal, indicator: &str, period: &str| {
        gateway.explain(principal, &figure(indicator, period), None).await
    };
    let receipt = explain(Principal::Operator, "a08", "2025").await.unwrap();
    let value = |column: &str| receipt.figure[0][column].as_deref();
    assert_eq!(
        (value("numerator"), value("denominator"), value("value")),
        (Some("2"), Some("4"), Some("0.5"))
    );
    let [acts, reported] = receipt.rows.as_slice() else { panic!("{:?}", receipt.rows) };
    assert_eq!((acts.counted, acts.set_aside["is_transmitted"]), (2, 1));
    assert_eq!((reported.counted, reported.set_aside.len()), (1, 0));
    assert_eq!(receipt.tables.keys().collect::<Vec<_>>(), ["acts", "reported"]);
    assert_eq!(receipt.tables["acts"].files.len(), 1);
    let input = &receipt.inputs["acts/a.csv"];
    assert_eq!((input.read, input.accepted, input.rejected["not_a_siren"]), (4, 3, 1));

    let refused = async |principal, indicator: &str, period: &str| {
        explain(principal, indicator, period).await.unwrap_err().to_string()
    };
    let error = refused(Principal::Operator, "A99", "2025").await;
    assert!(error.starts_with("there is no indicator `A99`"), "{error}");
    let error = refused(Principal::Operator, "A08", "2024").await;
    assert_eq!(error, "A08 has no figure of 213502388 in period 2024 in release 1");
    // Who may not see an indicator gets no receipt of it; who may not list rows counts none.
    let error = refused(Principal::Public, "A08", "2025").await;
    assert!(error.contains("indicator.act_transmission_rate"), "{error}");
    assert_eq!(explain(Principal::Analyst, "A08", "2025").await.unwrap(), receipt);

    // What a definition says of the rows behind it is a true query.
    for said in views.layer(Layer::Indicator).filter_map(|file| file.header.definition.as_ref()) {
        for rows in &said.rows {
            let conditions = rows.scope.iter().chain(&rows.conditions).cloned();
            let conditions = conditions.collect::<Vec<_>>().join(" and ");
            let filter =
                if conditions.is_empty() { conditions } else { format!(" and {conditions}") };
            let sql = format!("select * from {} where siren = ''{filter}", rows.view);
            gateway.describe(Principal::Operator, &sql, None, None).await.unwrap();
        }
    }
}

/// What an edition keeps holds whatever becomes of the definitions; one changed byte of the receipt
/// or of a data file does not.
#[test]
fn a_saved_receipt_holds_until_a_byte_changes() {
    let place = three_acts();
    place.ok(&["edition", "freeze", "first"]);
    let figure = ["explain", "A08", "--siren", RENNES, "--period", "2025", "--edition", "first"];
    let told = place.ok(&[&figure[..], &["--rows", "--save", "receipt.json"]].concat());
    assert!(told.contains("2          4            0.5    observed"), "{told}");
    assert!(told.contains("| false          | is_transmitted |"), "the row set aside: {told}");
    let sql = place.sql();
    let definition = sql.join("core/acts.sql");
    let text = fs::read_to_string(&definition).unwrap();
    fs::write(&definition, text.replace("status_code >= 4", "status_code >= 3")).unwrap();
    let sql = sql.display().to_string();
    let verify = ["--sql", &sql, "explain", "--verify", "receipt.json"];
    assert!(place.ok(&verify).contains("verified, 2 files and 2 sources of release 1"));

    let receipt = place.path().join("receipt.json");
    let whole = fs::read(&receipt).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 7) {
        change(&receipt, at);
        assert!(place.fails(1, &verify).contains("is not what was saved"), "byte {at}");
        fs::write(&receipt, &whole).unwrap();
    }
    let files = files_below(&place.path().join("lake/tables/acts/period=2025"));
    let [file] = files.as_slice() else { panic!("{files:?}") };
    change(file, 100);
    let error = place.fails(1, &verify);
    assert!(error.contains("table acts, file tables/acts/period=2025/"), "{error}");
    assert!(error.contains("its bytes are not those that were written"), "{error}");
    fs::remove_file(file).unwrap();
    assert!(place.fails(1, &verify).contains("it is not there"));
}

/// Changes one byte of a file.
fn change(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}
