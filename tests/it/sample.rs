//! Synthetic files land, and what is rejected of them is what was put in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{Place, REPOSITORY};

/// Reads a file of the place as JSON.
fn json(place: &Place, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(place.path().join(name)).unwrap()).unwrap()
}

/// Writes synthetic files, lands them as of their last day, and returns their manifest.
fn landed(place: &Place, args: &[&str]) -> Value {
    let out = place.path().join("synthetic").display().to_string();
    place.ok(&[&["sample", "--out", &out], args].concat());
    let mut ingest = vec!["ingest".to_owned(), "--run-date".to_owned(), "2026-06-30".to_owned()];
    // As the file README.md that comes with them says.
    let readme = std::fs::read_to_string(place.path().join("synthetic/README.md")).unwrap();
    let (_, command) = readme.split_once("\ncarnac ingest ").unwrap();
    let (command, _) = command.split_once("\n```").unwrap();
    ingest.extend(command.split_whitespace().map(|word| word.replacen("DIR", &out, 1)));
    place.ok(&ingest.iter().map(String::as_str).collect::<Vec<_>>());
    json(place, "synthetic/_manifest.json")
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// The same of a manifest and of a release: rows, and how many of them break which rule.
fn counts(rows: &Value, of: &Value) -> (u64, Value, Value) {
    (count(rows), of["rejected"].clone(), of["warned"].clone())
}

#[test]
fn what_ingest_rejects_and_flags_is_what_was_put_in() {
    let place = Place::new();
    let manifest = landed(&place, &["--defects", "0.03"]);
    let release = json(&place, "lake/releases/00000001.json");
    let put_in: BTreeMap<_, _> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["file"].as_str().unwrap(), counts(&file["rows"], file)))
        .collect();
    let inputs = release["inputs"].as_object().unwrap();
    let found: BTreeMap<_, _> =
        inputs.iter().map(|(name, input)| (name.as_str(), counts(&input["read"], input))).collect();
    assert_eq!(found, put_in);

    // The quarantine holds as many, and no dataset is missing.
    let mut rejected: BTreeMap<_, u64> = BTreeMap::new();
    for (rule, rows) in put_in.values().flat_map(|(_, rejected, _)| rejected.as_object().unwrap()) {
        *rejected.entry(rule.as_str()).or_default() += count(rows);
    }
    let expected: Vec<_> = rejected.iter().map(|(rule, rows)| format!("{rule},{rows}")).collect();
    let quarantine = "select rule, count(*) from ops.quarantine group by rule order by rule";
    assert_eq!(place.rows(quarantine), expected);
    for rule in ["duplicate_response", "exact_copy", "superseded"] {
        assert!(rejected.contains_key(rule), "{rule}");
    }
    let datasets: BTreeSet<_> =
        put_in.keys().filter_map(|name| Some(name.split_once('/')?.0)).collect();
    assert_eq!(datasets, carnac_sample::datasets().collect());

    // What authorities declare is never less than what they have on the platform.
    let rates = "select count(*), sum(case when value > 1 then 1 else 0 end)
                 from indicator.online_tender_rate where value is not null";
    let rates = place.rows(rates).remove(0);
    let (known, above_one) = rates.split_once(',').unwrap();
    assert!(known.parse::<u64>().unwrap() > 50, "{known} rates");
    assert_eq!(above_one, "0");
    // Every way of not answering is there, and wordings have versions.
    let statuses = "select distinct status from lake.answers order by status";
    let all = ["answered", "not_answered", "not_asked", "not_concerned", "unknown"];
    assert_eq!(place.rows(statuses), all);
    let asked = "select wave, version, count(distinct item), min(value), max(value)
                 from lake.answers where question = 'SATISFACTION' group by 1, 2 order by 1";
    assert_eq!(place.rows(asked), ["2013,1,3,1,5", "2018,2,4,1,5", "2021,2,4,1,5", "2024,2,4,1,5"]);
}

#[test]
fn parquet_lands_as_its_twin_in_csv() {
    let landed = |format: &str| {
        let place = Place::new();
        let only = ["--dataset", "consultations", "--defects", "0", "--format", format];
        let manifest = landed(&place, &only);
        let release = json(&place, "lake/releases/00000001.json");
        for file in manifest["files"].as_array().unwrap() {
            let name = file["file"].as_str().unwrap();
            assert!(name.ends_with(format), "{name}");
            assert_eq!(release["inputs"][name]["accepted"], file["rows"], "{name}");
        }
        place.rows(
            "select period, count(*), count(distinct siren), sum(lot_count), min(consultation_id),
                    max(closing_date), count(e_reply) from lake.consultations
             group by period order by period",
        )
    };
    let csv = landed("csv");
    assert!(csv.len() >= 20, "{csv:?}");
    assert_eq!(landed("parquet"), csv);
}

#[test]
fn a_wrong_share_of_defects_is_refused() {
    let place = Place::new();
    let error = place.fails(2, &["sample", "--out", "synthetic", "--defects", "2 %"]);
    assert!(error.contains("a part is written as 0.002"), "{error}");
    place.file("synthetic/mine.csv", "");
    let error = place.fails(1, &["sample", "--out", "synthetic"]);
    assert!(error.contains("is not empty"), "{error}");
}

/// The list that the generator carries is drawn from the sample data.
#[test]
fn the_authorities_of_the_generator_are_the_real_ones() {
    let list = |file: &str| -> Vec<Value> {
        let path = format!("{REPOSITORY}/data-samples/authorities/{file}");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let row = |siren: &Value, name: &Value, population: &Value| {
        format!("{};{};{}", siren.as_str().unwrap(), name.as_str().unwrap(), count(population))
    };
    let mut expected = BTreeSet::new();
    for commune in list("communes-bretagne-2026.json") {
        if commune["type"] == "commune-actuelle" {
            expected.insert(row(&commune["siren"], &commune["nom"], &commune["population"]));
        }
    }
    for grouping in list("epci-bretagne-2026.json") {
        let population = &grouping["populationMunicipale"];
        expected.insert(row(&grouping["code"], &grouping["nom"], population));
    }
    let path = format!("{REPOSITORY}/data-samples/authorities/departements-region-2019.csv");
    for line in std::fs::read_to_string(path).unwrap().lines().skip(1) {
        let cells: Vec<_> = line.split(';').collect();
        expected.insert([cells[2], cells[3], cells[6]].join(";"));
    }
    let found: BTreeSet<_> = carnac_sample::authorities()
        .iter()
        .map(|one| format!("{};{};{}", one.siren, one.name, one.population))
        .collect();
    assert_eq!(found, expected);
}
