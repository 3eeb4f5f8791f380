//! One mapping for JSON and XML: the rows that official and made-up contracts give.

use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use carnac_model::dataset;
use chrono::NaiveDate;
use tempfile::TempDir;

use crate::read::read;
use crate::{Error, Result, Source, find};

const RENNES: &str = "21350238800019";

/// Accepted and rejected rows of a file.
fn land(name: &str, text: &str) -> Result<(RecordBatch, RecordBatch)> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let source = Source::open(find(&path)?.files.remove(0), None, &[])?;
    let mut batches = Vec::new();
    let run_date = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    read(&source, None, run_date, &mut |checked| {
        batches.push((checked.rows(), checked.rejected().clone()));
        Ok(())
    })?;
    let [batch] = <[_; 1]>::try_from(batches).unwrap();
    Ok(batch)
}

/// An official example, whose concessions have a buyer with a false key: the SIRET of Rennes
/// stands in for it.
fn example(name: &str) -> RecordBatch {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/decp").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("12345678901234", RENNES).replace("12345678901250", RENNES);
    let (accepted, rejected) = land(name, &text).unwrap();
    assert_eq!(rejected.num_rows(), 0, "{name}");
    accepted
}

/// Values of one row, by the names of their columns.
fn values(batch: &RecordBatch, row: usize, names: &[&str]) -> Vec<String> {
    let value = |name: &&str| array_value_to_string(batch.column_by_name(name).unwrap(), row);
    names.iter().map(|name| value(name).unwrap()).collect()
}

/// Fields of the dataset that two rows do not have in common.
fn differing(one: &RecordBatch, a: usize, other: &RecordBatch, b: usize) -> Vec<&'static str> {
    let names = dataset("contracts").unwrap().fields.iter().map(|field| field.name);
    names.filter(|name| values(one, a, &[name]) != values(other, b, &[name])).collect()
}

#[test]
fn official_examples_of_xml() {
    let contracts = example("Marche.xml");
    assert_eq!(contracts.num_rows(), 2);
    assert_eq!(values(&contracts, 1, &["source_line"]), ["71"]);
    let names = [
        "contract_id",
        "buyer_siren",
        "buyer_siret",
        "layout",
        "kind",
        "nature",
        "object",
        "cpv_code",
        "procedure",
        "place_code",
        "place_kind",
        "duration_months",
        "notification_date",
        "published_date",
        "amount_eur",
        "bid_count",
        "supplier_id",
        "supplier_id_kind",
        "supplier_count",
        "suppliers",
        "is_subcontracted",
        "modification_count",
        "warnings",
    ];
    let expected = [
        "TEST2022",
        "217500016",
        "21750001630040",
        "2022",
        "marche",
        "Marché",
        "envoi pour Json test",
        "45000000-7",
        "Appel d'offres ouvert",
        "75000",
        "Code postal",
        "48",
        "2024-05-15",
        "2024-05-25",
        "575000.00",
        "4",
        "55204599900869",
        "SIRET",
        "1",
        "SIRET:55204599900869",
        "true",
        "0",
        "",
    ];
    assert_eq!(values(&contracts, 0, &names), expected);
}

#[test]
fn a_concession_of_xml_after_its_modification() {
    let concessions = example("Contrat-concession-modification.xml");
    let names = [
        "contract_id",
        "buyer_siret",
        "layout",
        "kind",
        "nature",
        "duration_months",
        "notification_date",
        "amount_eur",
        "supplier_count",
        "suppliers",
        "modification_count",
    ];
    let expected = [
        "0612202306122023",
        RENNES,
        "2022",
        "concession",
        "Concession de travaux",
        "14",
        "2024-04-02",
        "25.00",
        "2",
        "SIRET:38103128500491 SIRET:38103128500574",
        "1",
    ];
    assert_eq!(values(&concessions, 0, &names), expected);
    let before = example("Contrat-concession.xml");
    let changed = ["duration_months", "amount_eur", "modification_count"];
    assert_eq!(differing(&before, 0, &concessions, 0), changed);
}

/// The official examples are twins but for these fields, which they fill differently.
#[test]
fn examples_of_xml_and_of_json_give_the_same_rows() {
    for (xml, json, but) in [
        (
            "Marche.xml",
            "marches_avec_modifications.json",
            // The contract of the JSON is modified.
            &[
                "contract_id",
                "object",
                "duration_months",
                "amount_eur",
                "supplier_id",
                "suppliers",
                "modification_count",
            ][..],
        ),
        ("Contrat-concession.xml", "concessions.json", &["object"]),
        ("Contrat-concession-modification.xml", "concessions_avec_modifications.json", &["object"]),
    ] {
        assert_eq!(differing(&example(xml), 0, &example(json), 1), but, "{xml}");
    }
}

/// One contract that uses all fields, in both formats.
#[test]
fn twins_give_the_same_row() {
    let json = r#"{"marches":{"marche":[{"id":"M1","acheteur":{"id":"213 502 388 00019","nom":"Rennes"},
        "nature":"MARCHE","objet":"Eau &amp; \"gaz\"","codeCPV":"45000000-7","procedure":"Procédure adaptée",
        "lieuExecution":{"code":"35000","typeCode":"Code postal"},"dureeMois":12,
        "dateNotification":"2024-03-01+01:00","datePublicationDonnees":"2024-03-02","montant":100.505,
        "offresRecues":"NC","sousTraitanceDeclaree":false,"techniques":{"technique":["Concours"]},
        "actesSousTraitance":[{"acteSousTraitance":{"id":1}}],
        "titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"552 045 999 00869"}},
                      {"titulaire":{"typeIdentifiant":"TVA","id":"FR 1"}}],
        "modifications":[{"modification":{"id":2,"montant":"NC","dureeMois":24}},
                         {"modification":{"id":1,"montant":1e3,"dureeMois":18}}]}]}}"#;
    let xml = "<?xml version='1.0'?><marches xmlns:d='urn:d'><d:marche><id>M1</id>
        <acheteur><id>213 502 388 00019</id><nom>Rennes</nom></acheteur>
        <nature>MARCHE</nature><objet>Eau &amp;amp; &quot;gaz&quot;</objet><codeCPV>45000000-7</codeCPV>
        <procedure>Procédure adaptée</procedure>
        <lieuExecution><code>35000</code><typeCode>Code postal</typeCode></lieuExecution>
        <dureeMois>12</dureeMois><dateNotification>2024-03-01+01:00</dateNotification>
        <datePublicationDonnees>2024-03-02</datePublicationDonnees><montant>100.505</montant>
        <offresRecues>NC</offresRecues><sousTraitanceDeclaree>false</sousTraitanceDeclaree>
        <techniques><technique>Concours</technique></techniques>
        <actesSousTraitance><acteSousTraitance><id>1</id></acteSousTraitance></actesSousTraitance>
        <titulaires><titulaire><typeIdentifiant>SIRET</typeIdentifiant><id>552 045 999 00869</id></titulaire>
        <titulaire><typeIdentifiant>TVA</typeIdentifiant><id>FR 1</id></titulaire></titulaires>
        <modifications><modification><id>2</id><montant>NC</montant><dureeMois>24</dureeMois></modification>
        <modification><id>1</id><montant>1e3</montant><dureeMois>18</dureeMois></modification></modifications>
        </d:marche></marches>";
    let (from_json, rejected) = land("a.json", json).unwrap();
    assert_eq!(rejected.num_rows(), 0);
    let (from_xml, rejected) = land("marches.xml", xml).unwrap();
    assert_eq!(rejected.num_rows(), 0);
    assert_eq!(differing(&from_json, 0, &from_xml, 0), [""; 0]);
    let notes = ["warnings", "as_written"];
    assert_eq!(values(&from_json, 0, &notes), values(&from_xml, 0, &notes));
    let names =
        ["buyer_siren", "amount_eur", "duration_months", "bid_count", "suppliers", "warnings"];
    let expected = [
        "213502388",
        "1000.00",
        "24",
        "",
        "SIRET:55204599900869 TVA:FR1",
        "contradictory_subcontracting",
    ];
    assert_eq!(values(&from_xml, 0, &names), expected);
}

#[test]
fn layouts_of_xml_are_told_by_their_elements() {
    let contract = |kind: &str, inside: &str| {
        format!(
            "<{kind}><id>{}</id><acheteur><id>21350238800019</id></acheteur>{inside}</{kind}>",
            inside.len()
        )
    };
    let file = format!(
        "<marches>{}{}{}</marches>",
        contract("marche", "<titulaires><titulaire><id>1</id></titulaire></titulaires>"),
        contract("contrat-concession", ""),
        contract("marche", "<considerationsSociales/>")
    );
    let (contracts, _) = land("a.xml", &file).unwrap();
    let told = |row| values(&contracts, row, &["layout", "kind", "supplier_count", "suppliers"]);
    assert_eq!(told(0), ["2019", "marche", "1", ":1"]);
    assert_eq!(told(1), ["2019", "concession", "0", ""]);
    assert_eq!(told(2), ["2022", "marche", "0", ""]);
}

#[test]
fn odd_lists_of_json_are_read() {
    let file = r#"{"marches":[{"id":"1","acheteur.id":"21350238800019",
        "titulaires":[{"id":"1"},[{"id":"2"}],null,"3",{"titulaire":"id"}],
        "modifications":[{"titulaires":[[[{"id":"4"}]]]},{"titulaires":[]},"5"]}]}"#;
    let (contracts, _) = land("a.json", file).unwrap();
    let names = ["buyer_siret", "supplier_id", "supplier_count", "modification_count"];
    assert_eq!(values(&contracts, 0, &names), ["21350238800019", "4", "1", "1"]);
    let file = r#"{"marches":[{"id":"1","acheteur":"","autoriteConcedante":{"id":"21350238800019"},
        "dateNotification":"","dateSignature":"2024-03-01"}]}"#;
    let (contracts, _) = land("a.json", file).unwrap();
    assert_eq!(
        values(&contracts, 0, &["buyer_siret", "notification_date"]),
        ["21350238800019", "2024-03-01"]
    );
}

#[test]
fn a_modification_that_tells_nothing_changes_nothing() {
    let file = r#"{"marches":[{"id":"1","acheteur":{"id":"21350238800019"},"montant":180000,
        "dureeMois":12,"modifications":[{"montant":0,"dureeMois":"NC"},{"montant":"0.00"}]}]}"#;
    let (contracts, _) = land("a.json", file).unwrap();
    let names = ["amount_eur", "duration_months", "modification_count", "warnings"];
    assert_eq!(values(&contracts, 0, &names), ["180000.00", "12", "2", ""]);
}

#[test]
fn what_stands_twice_is_a_bad_row() {
    let record = |inside: &str| {
        let buyer = r#""acheteur":{"id":"21350238800019"}"#;
        format!("{{\"marches\":[{{\"id\":\"1\",{buyer},{inside}}}]}}")
    };
    for inside in [
        r#""montant":1,"montant":1"#,
        r#""montant":[1,2]"#,
        r#""montant":NaN"#,
        r#""modifications":[{"id":1,"montant":[1,2]}]"#,
    ] {
        let (_, rejected) = land("a.json", &record(inside)).unwrap();
        assert_eq!(values(&rejected, 0, &["rule"]), ["malformed"], "{inside}");
    }
    let xml =
        "<marches><marche><id>1</id><montant>1</montant><montant>2</montant></marche></marches>";
    let (_, rejected) = land("a.xml", xml).unwrap();
    assert_eq!(values(&rejected, 0, &["rule", "raw"])[0], "malformed");
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let error = |text: &str| land("a.xml", text).unwrap_err();
    let entity = error("<!DOCTYPE marches [<!ENTITY a 'b'>]><marches><marche/></marches>");
    assert!(
        entity.to_string().ends_with("the XML defines a document type (<!…>), which is refused")
    );
    assert!(matches!(error("<marches></marches>"), Error::NoRecords { .. }));
    assert!(matches!(error("<other></other>"), Error::UnknownDataset { .. }));
}
