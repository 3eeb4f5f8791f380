//! Files that speak of the same things agree.

use std::collections::{BTreeMap, BTreeSet};

use super::{Options, fs, options, run};

/// The rows of a dataset, each by header; no defects.
struct Files {
    folder: tempfile::TempDir,
    tolerated: u64,
}

type Line = BTreeMap<String, String>;

impl Files {
    fn of(datasets: &[&str]) -> Self {
        let datasets = datasets.iter().map(|name| (*name).to_owned()).collect();
        let options = Options { scale: 3, defects_per_million: 0, datasets, ..options() };
        let (folder, manifest) = run(&options);
        let tolerated = manifest.files.values().flat_map(|file| file.tolerated.values()).sum();
        Self { folder, tolerated }
    }

    fn rows(&self, dataset: &str) -> Vec<Line> {
        let mut rows = Vec::new();
        for entry in fs::read_dir(self.folder.path().join(dataset)).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let mut lines = text.lines();
            let header: Vec<_> = lines.next().unwrap().split(';').map(str::to_owned).collect();
            rows.extend(lines.map(|line| {
                header.iter().cloned().zip(line.split(';').map(str::to_owned)).collect::<Line>()
            }));
        }
        rows
    }
}

/// What a declaration is about: variable, nature or nothing, SIREN, year.
type Subject = (&'static str, String, String, String);

fn platform(files: &Files) -> BTreeMap<Subject, u64> {
    let mut counts = BTreeMap::new();
    let mut add = |variable, item: &str, row: &Line, date: &str| {
        let year = row[date].chars().take(4).collect();
        *counts.entry((variable, item.to_owned(), row["siren"].clone(), year)).or_default() += 1;
    };
    for row in files.rows("acts") {
        add("ACT_TOT", "", &row, "date_decision");
        add("ACT_TOT", &row["nature"], &row, "date_decision");
    }
    files.rows("consultations").iter().for_each(|row| add("CONS_TOT", "", row, "date_pub"));
    files.rows("bids").iter().for_each(|row| add("PLI_TOT", "", row, "date_depot"));
    let flows = files.rows("flows");
    let sent = flows.iter().filter(|row| row["message"] == "aller");
    sent.for_each(|row| add("PES_TOT", "", row, "date"));
    counts
}

#[test]
fn declared_totals_hold_what_is_on_the_platform_but_for_the_anomalies() {
    let files = Files::of(&["acts", "consultations", "bids", "flows", "reported"]);
    let platform = platform(&files);
    let (mut compared, mut below, mut parts) = (0, 0, BTreeMap::<_, (u64, u64)>::new());
    for row in files.rows("reported").iter().filter(|row| row["statut"] == "réponse") {
        let Some(variable) = ["ACT_TOT", "CONS_TOT", "PLI_TOT", "PES_TOT"]
            .into_iter()
            .find(|variable| *variable == row["variable"])
        else {
            continue;
        };
        let declared: u64 = row["valeur"].parse().unwrap();
        let subject =
            (variable, row["modalite"].clone(), row["siren"].clone(), row["annee"].clone());
        let online = platform.get(&subject).copied().unwrap_or_default();
        compared += u64::from(online > 0);
        if declared < online {
            assert_eq!(variable, "ACT_TOT", "{row:?}: {online}");
            below += 1;
        }
        if variable == "ACT_TOT" {
            let sums = parts.entry((subject.2, subject.3)).or_default();
            if subject.1.is_empty() {
                sums.0 = declared;
            } else {
                sums.1 += declared;
            }
        }
    }
    assert!(compared > 500, "{compared}");
    assert!(below > 0 && below == files.tolerated, "{below} {}", files.tolerated);
    let split = parts.values().filter(|(total, parts)| *total > 0 && *parts > 0);
    assert!(split.clone().count() > 50);
    assert!(split.clone().all(|(total, parts)| total == parts), "the natures add up to the total");
}

#[test]
fn bids_and_downloads_are_for_tenders_that_were_published() {
    let files = Files::of(&["consultations", "bids", "downloads"]);
    let tenders: BTreeMap<_, _> = files
        .rows("consultations")
        .into_iter()
        .map(|row| (row["id_consultation"].clone(), row))
        .collect();
    for (dataset, date) in [("bids", "date_depot"), ("downloads", "date_retrait")] {
        for row in files.rows(dataset) {
            let tender = &tenders[&row["id_consultation"]];
            assert_eq!(tender["siren"], row["siren"]);
            assert!(tender["date_pub"] <= row[date] && tender["statut"] != "brouillon", "{row:?}");
            assert!(row[date].as_str() <= "2026-06-30");
            let late = row.get("hors_delai").is_some_and(|late| late == "1");
            assert_eq!(late, row[date] > tender["date_cloture"], "{row:?}");
            let electronic = row.get("mode").is_some_and(|mode| mode == "E");
            assert!(!(electronic && tender["reponse_elec"] == "refusée"), "{row:?}");
            let paper = row.get("mode").is_some_and(|mode| mode == "P");
            assert!(!(paper && tender["reponse_elec"] == "obligatoire"), "{row:?}");
        }
    }
}

#[test]
fn sessions_are_of_accounts_and_services_that_are_open() {
    let files = Files::of(&["accounts", "sessions", "activations", "memberships"]);
    let accounts: BTreeMap<_, _> =
        files.rows("accounts").into_iter().map(|row| (row["compte"].clone(), row)).collect();
    let services: BTreeMap<_, _> = files
        .rows("activations")
        .into_iter()
        .map(|row| ((row["siren"].clone(), row["service"].clone()), row))
        .collect();
    let sessions = files.rows("sessions");
    assert!(sessions.len() > 10_000);
    for row in &sessions {
        let account = &accounts[&row["compte"]];
        assert!(account["siren"] == row["siren"] && account["cree"] <= row["date"], "{row:?}");
        assert_eq!(account["desactive"], "", "{row:?}");
        let service = &services[&(row["siren"].clone(), row["service"].clone())];
        assert!(service["date_activation"] <= row["date"], "{row:?}");
        assert!(service["date_fin"].is_empty() || row["date"] <= service["date_fin"], "{row:?}");
    }
    let members: BTreeSet<_> =
        files.rows("memberships").into_iter().map(|row| row["siren"].clone()).collect();
    assert!(services.keys().all(|(siren, _)| members.contains(siren)));
}
