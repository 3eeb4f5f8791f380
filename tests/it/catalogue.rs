//! The catalogue: queryable, printed, written, and with its past versions.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Place, REPOSITORY};

/// Answers a query over a lake with one member and the calibrated costs of the samples.
fn rows(place: &Place, options: &[&str], sql: &str) -> Vec<Value> {
    let args = [options, &["query", sql, "--format", "json"]].concat();
    serde_json::from_str(&place.ok(&args)).unwrap()
}

fn with_a_member() -> Place {
    let place = Place::new();
    let file = place
        .file("memberships/adhesions.csv", "siren;date_debut;date_fin\n213502388;2024-01-01;\n");
    let lists = place.file(
        "authorities/communes.csv",
        "type;code;siren;nom;departement;region;population;edition\n\
         commune-actuelle;35238;213502388;Rennes;35;53;227830;2024-01-01\n",
    );
    let costs = format!("{REPOSITORY}/data-samples/cost_parameters/parametres-2013-calage.csv");
    place.ok(&["ingest", &file, &lists, &costs, "--run-date", "2025-12-31"]);
    place
}

/// Of the files of a folder every view is optimised when a release opens; of those that the
/// program carries, which are the same, it is done here.
#[test]
fn every_view_that_the_program_carries_is_sound() {
    let place = with_a_member();
    let sql = format!("{REPOSITORY}/sql");
    assert_eq!(rows(&place, &["--sql", &sql], "select 1 as one").len(), 1);
}

#[test]
fn every_example_of_a_function_is_true() {
    let place = with_a_member();
    let functions = rows(&place, &[], "select name, signature, example from catalog.functions");
    assert!(functions.len() >= 17, "{functions:?}");
    let answers: Vec<_> = functions
        .iter()
        .map(|row| {
            let (name, example) = (row["name"].as_str().unwrap(), row["example"].as_str().unwrap());
            assert!(row["signature"].as_str().unwrap().starts_with(&format!("{name}(")), "{row}");
            format!("select '{name}' as name, ({example}) as holds")
        })
        .collect();
    for row in rows(&place, &[], &answers.join(" union all ")) {
        assert_eq!(row["holds"], true, "{row}");
    }
}

#[test]
fn indicators_are_queryable_in_two_languages() {
    let place = with_a_member();
    let sql =
        "select id, version, valid_from, is_current, view_name, title_fr, definition_en, caveat_fr
               from catalog.indicators where id = 'B01'";
    let found = rows(&place, &[], sql);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["title_fr"], "Taux d'adhésion");
    assert_eq!(found[0]["is_current"], true);
    assert_eq!(found[0]["valid_from"], "2007-01-01");
    assert!(found[0]["caveat_fr"].as_str().unwrap().starts_with("Adhésion directe"));
}

#[test]
fn a_method_sheet_is_french_and_english() {
    let place = Place::new();
    let sheet = place.ok(&["indicators", "show", "a08"]);
    for part in [
        "## A08 : Taux d'actes télétransmis",
        "*Share of acts transmitted electronically*",
        "- **Dénominateur** : tous les actes de l'année",
        "  *Denominator: all acts of the year",
        "- **Version** : 1, depuis le 2007-01-01",
        "`indicator.act_transmission_rate`",
        "from cube.acts",
    ] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
    assert!(place.fails(1, &["indicators", "show", "Z99"]).contains("no indicator Z99"));
}

#[test]
fn the_catalogue_is_written_without_a_lake() {
    let place = Place::new();
    let out = place.path().join("methode").display().to_string();
    place.ok(&["indicators", "docs", "--out", &out]);
    let text = |name: &str| fs::read_to_string(Path::new(&out).join(name)).unwrap();
    assert!(text("indicators.md").contains("## B01 : Taux d'adhésion"));
    assert!(!Path::new(&place.root()).exists());
    let schema: Value =
        serde_json::from_str(&text("schema/act_transmission_rate_by_nature.json")).unwrap();
    let names: Vec<_> =
        schema["fields"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
    assert_eq!(names, ["siren", "period", "item", "numerator", "denominator", "value", "status"]);
    assert_eq!(schema["primaryKey"], serde_json::json!(["siren", "period", "item"]));
    assert_eq!(schema["fields"][3]["type"], "integer");
    for file in fs::read_dir(Path::new(&out).join("schema")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let schema: Value = serde_json::from_str(&text(&format!("schema/{name}"))).unwrap();
        for field in schema["fields"].as_array().unwrap() {
            assert_ne!(field["description"], "", "{name}: {field}");
        }
    }
}

/// The catalogue that was proposed: 44 indicators, none of them forgotten.
#[test]
fn every_indicator_that_was_proposed_is_there() {
    let place = Place::new();
    let list = place.ok(&["indicators"]);
    for (group, last) in [("A", 15), ("B", 12), ("C", 10), ("D", 7)] {
        for number in 1..=last {
            let id = format!("{group}{number:02} ");
            assert!(list.lines().any(|line| line.starts_with(&id)), "{id}: {list}");
        }
    }
}

/// A copy of the SQL files in which the membership rate has two versions.
fn two_versions(place: &Place) -> String {
    let copy = place.sql();
    let newest = copy.join("indicator/membership_rate.sql");
    let text = fs::read_to_string(&newest).unwrap();
    let first = text.replace("-01-01\n-- definition", "-01-01, until 2024-12-31\n-- definition");
    fs::write(copy.join("indicator/membership_rate_v1.sql"), first).unwrap();
    let second = text.replace("version: 1, from 2007", "version: 2, from 2025");
    let second = second.replace("when m.siren is null then 0 else 1", "when true then 7 else 1");
    fs::write(newest, second).unwrap();
    copy.display().to_string()
}

#[test]
fn a_past_version_stays_computable() {
    let place = with_a_member();
    let sql = two_versions(&place);
    let figures = "select 1 as version, sum(numerator) as members from indicator.membership_rate_v1
                   where period = '2024' union all
                   select 2, sum(numerator) from indicator.membership_rate where period = '2024'
                   order by version";
    let figures = rows(&place, &["--sql", &sql], figures);
    assert_eq!((&figures[0]["members"], &figures[1]["members"]), (&1.into(), &7.into()));
    let versions = "select version, view_name, is_current, valid_until
                    from catalog.indicators where id = 'B01' order by version";
    let versions = rows(&place, &["--sql", &sql], versions);
    assert_eq!(versions.len(), 2, "{versions:?}");
    assert_eq!(versions[0]["view_name"], "membership_rate_v1");
    assert_eq!(versions[0]["valid_until"], "2024-12-31");
    assert_eq!(versions[1]["is_current"], true);
    let sheets = place.ok(&["--sql", &sql, "indicators", "show", "B01"]);
    assert!(sheets.find("2, depuis le 2025-01-01") < sheets.find("1, du 2007-01-01 au 2024-12-31"));
}
