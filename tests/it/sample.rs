//! Synthetic files land, and what is rejected of them is what was put in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{Place, REPOSITORY};

/// Writes two datasets with many defects, and lands them as of their last day.
fn landed(place: &Place) -> Value {
    let out = place.path().join("synthetic").display().to_string();
    let wanted = ["--dataset", "consultations", "--dataset", "reported", "--defects", "0.03"];
    place.ok(&[&["sample", "--out", &out], wanted.as_slice()].concat());
    place.ok(&["ingest", "--run-date", "2026-06-30", &out]);
    let manifest = std::fs::read(place.path().join("synthetic/_manifest.json")).unwrap();
    serde_json::from_slice(&manifest).unwrap()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn what_ingest_rejects_is_what_was_put_in() {
    let place = Place::new();
    let manifest = landed(&place);
    let (mut files, mut rejected) = (BTreeSet::new(), BTreeMap::new());
    for file in manifest["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap().replacen('/', ",", 1);
        let rules = file["rejected"].as_object().unwrap();
        let bad: u64 = rules.values().map(count).sum();
        let rows = count(&file["rows"]);
        files.insert(format!("{name},{rows},{},{bad}", rows - bad));
        for (rule, rows) in rules {
            rejected.insert(format!("{name},{rule}"), count(rows));
        }
    }
    let sources =
        "select dataset, source_file, read_count, accepted_count, rejected_count from ops.sources";
    assert_eq!(place.rows(sources).into_iter().collect::<BTreeSet<_>>(), files);

    let quarantine =
        "select dataset, source_file, rule, count(*) from ops.quarantine group by 1, 2, 3";
    let found: BTreeMap<_, _> = place
        .rows(quarantine)
        .iter()
        .map(|row| row.rsplit_once(',').unwrap())
        .map(|(rule, rows)| (rule.to_owned(), rows.parse().unwrap()))
        .collect();
    assert_eq!(found, rejected);
    let rules: BTreeSet<_> = rejected.keys().filter_map(|key| key.rsplit(',').next()).collect();
    assert!(rules.contains("exact_copy") && rules.contains("superseded"), "{rules:?}");

    // What authorities declare is never less than what they have on the platform.
    let rates = "select count(*), sum(case when value > 1 then 1 else 0 end)
                 from indicator.online_tender_rate where value is not null";
    let rates = place.rows(rates).remove(0);
    let (known, above_one) = rates.split_once(',').unwrap();
    assert!(known.parse::<u64>().unwrap() > 50, "{known} rates");
    assert_eq!(above_one, "0");
}

/// The survey exports land by the profiles beside them, and nobody's address does.
#[test]
fn synthetic_surveys_land_by_their_profiles() {
    let place = Place::new();
    let out = place.path().join("synthetic").display().to_string();
    place.ok(&["sample", "--out", &out, "--dataset", "answers"]);
    place.file("cle", "une clé d'essai assez longue");
    let key = place.path().join("cle").display().to_string();
    let profiles = format!("{out}/profiles");
    let told = place.ok(&[
        "ingest",
        "--run-date",
        "2026-06-30",
        "--profile",
        &profiles,
        "--pseudonym-key-file",
        &key,
        &out,
    ]);
    assert_eq!(told.matches(" 0 rejected").count(), 4, "{told}");
    let asked =
        "select wave, version, count(distinct item), min(value), max(value) from core.answers
                 where question = 'FREINS' group by 1, 2 order by 1";
    assert_eq!(place.rows(asked), ["2013,1,3,1,5", "2018,2,4,1,5", "2021,2,4,1,5", "2024,2,4,1,5"]);
    let statuses = "select distinct status_code from core.answers order by 1";
    let all = ["answered", "not_answered", "not_concerned", "unknown"];
    assert_eq!(place.rows(statuses), all);
}

/// Parquet of the generator gives the rows of its CSV.
#[test]
fn parquet_lands_as_csv_does() {
    let landed = |format: &str| {
        let place = Place::new();
        let out = place.path().join("synthetic").display().to_string();
        let wanted = ["--dataset", "reported", "--defects", "0", "--format", format];
        place.ok(&[&["sample", "--out", &out], wanted.as_slice()].concat());
        place.ok(&["ingest", "--run-date", "2026-06-30", &out]);
        place.rows("select period, variable, count(*), sum(value) from core.reported group by 1, 2 order by 1, 2")
    };
    let (csv, parquet) = (landed("csv"), landed("parquet"));
    assert!(!csv.is_empty());
    assert_eq!(csv, parquet);
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
