//! Random nights: deliveries, replacements and withdrawals, always the same ones.

use std::fmt::Write;

use carnac_ingest::{Outcome, Source, find, land as land_sources};
use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

pub(super) const BIDS: &str = "id_pli;id_consultation;siren;mode;date_depot;hors_delai";

const SIRENS: [&str; 3] = [RENNES, VANNES, "212201131"];
const DATASETS: [&str; 5] = ["acts", "act_messages", "consultations", "bids", "reported"];

/// How many nights: planning the views of each takes a second or two in this profile.
const NIGHTS: usize = 6;

/// One file of a night; the same one again replaces what it had brought.
#[derive(Debug, Clone)]
struct Delivery {
    dataset: usize,
    file: usize,
    rows: Vec<Row>,
}

/// What a row is made of: identifier, authority, year and kind, each a small number.
type Row = (usize, usize, usize, usize);

fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    let row = (0..12usize, 0..SIRENS.len(), 2023..2026usize, 0..6usize);
    let delivery = (0..DATASETS.len(), 0..3usize, vec(row, 1..8));
    let delivery = delivery.prop_map(|(dataset, file, rows)| Delivery { dataset, file, rows });
    vec(delivery, 1..4)
}

impl Delivery {
    fn text(&self) -> String {
        let header = match DATASETS[self.dataset] {
            "acts" => "id_acte;siren;nature;matiere;date_decision;date_ar;statut;annule",
            "act_messages" => "message;id_acte;siren;departement;date_decision;date;nature;matiere",
            "consultations" => "id_consultation;siren;date_pub;statut",
            "bids" => BIDS,
            _ => "siren;annee;variable;modalite;valeur;statut;vague",
        };
        let mut text = format!("{header}\n");
        for row in &self.rows {
            writeln!(text, "{}", self.line(*row)).unwrap();
        }
        text
    }

    fn line(&self, (id, siren, year, kind): Row) -> String {
        let (siren, subject) = (SIRENS[siren], ["7.1", "7.10", "7.10.2", "1.1"][id % 4]);
        let (day, nature) = (format!("{year}-03-0{}", id % 9 + 1), kind % 6 + 1);
        match DATASETS[self.dataset] {
            "acts" => {
                let (status, cancelled) = ([3, 4, 5][kind % 3], usize::from(kind == 5));
                let received = if kind == 4 { "" } else { &day };
                format!("{id};{siren};{nature};{subject};{day};{received};{status};{cancelled}")
            }
            "act_messages" => {
                let message = ["1-1", "1-2", "6-2"][kind % 3];
                format!("{message};{id};{siren};35;{day};{day};{nature};{subject}")
            }
            "consultations" => {
                let status = ["publiée", "annulée", "brouillon"][kind % 3];
                format!("{id};{siren};{day};{status}")
            }
            "bids" => {
                let (mode, late) = (["E", "P"][kind % 2], usize::from(kind > 3));
                format!("{id};{id};{siren};{mode};{day};{late}")
            }
            _ => {
                let variable = ["ACT_TOT", "CONS_TOT", "PLI_TOT"][kind % 3];
                format!("{siren};{year};{variable};;{id};réponse;{year}")
            }
        }
    }
}

/// Lands a file and publishes it, as a run does; with the cubes, unless told otherwise.
pub(super) async fn land(
    place: &Place,
    dataset: &str,
    file: &str,
    text: &str,
    with_cubes: bool,
) -> BTreeMap<String, Touched> {
    let path = place.file(&format!("{dataset}/{file}"), text);
    publish(place, &[path], with_cubes).await
}

async fn publish(place: &Place, paths: &[String], with_cubes: bool) -> BTreeMap<String, Touched> {
    let lake = Lake::create(&place.root(), &[]).unwrap();
    let source = |path: &String| {
        Source::open(find(path.as_ref()).unwrap().files.remove(0), None, &[]).unwrap()
    };
    let sources: Vec<_> = paths.iter().map(source).collect();
    let mut draft = lake.draft(run_date()).await.unwrap();
    let reports = land_sources(&lake, &mut draft, &sources, None, DEFAULT_MEMORY, &|_| ()).await;
    // A file whose rows are all copies of another's is refused: that is no matter here.
    let reports = reports.unwrap();
    assert!(!reports.iter().any(|report| {
        matches!(&report.outcome, Outcome::Failed(error) if !error.to_string().contains("no row"))
    }), "{reports:?}");
    if draft.is_empty() {
        return BTreeMap::new();
    }
    let mut found = BTreeMap::new();
    if with_cubes {
        let views = Arc::new(Views::embedded().unwrap());
        found = touched(build_cubes(&lake, &views, &mut draft, DEFAULT_MEMORY).await.unwrap());
    }
    lake.publish(draft, chrono::DateTime::UNIX_EPOCH).await.unwrap();
    found
}

/// The periods of a cube that follow from what a run has changed below it.
async fn expected(lake: &Lake, ids: (u64, u64), tables: &[&str]) -> BTreeSet<String> {
    let (before, after) = (lake.release(ids.0).await.unwrap(), lake.release(ids.1).await.unwrap());
    let mut periods = BTreeSet::new();
    for table in tables {
        let versions = (before.tables.get(*table).copied(), after.tables.get(*table).copied());
        periods.extend(lake.changed_periods(table, versions).await.unwrap());
    }
    periods
}

async fn only_touched(lake: &Lake, ids: (u64, u64), found: &BTreeMap<String, Touched>) {
    let (before, after) = (lake.release(ids.0).await.unwrap(), lake.release(ids.1).await.unwrap());
    let below: [(&str, &[&str]); 3] = [
        ("acts", &["acts", "act_messages"]),
        ("bids", &["bids"]),
        ("consultations", &["consultations"]),
    ];
    for (cube, tables) in below {
        let (old, new) = (&before.cubes[cube], &after.cubes[cube]);
        let expected = expected(lake, ids, tables).await;
        let versions = (Some(old.version), Some(new.version));
        let rewritten = lake.changed_periods(&new.table, versions).await.unwrap();
        assert!(rewritten.is_subset(&expected), "{cube}: {rewritten:?} of {expected:?}");
        match found.get(cube) {
            Some(touched) => assert_eq!(*touched, Touched::Periods(expected), "{cube}"),
            None => assert_eq!(old, new, "{cube}"),
        }
    }
}

#[tokio::test]
async fn cubes_answer_what_their_tables_do_on_random_releases() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let place = Place::new();
    let authorities = "type;code;siren;nom;departement;region;population;edition\n\
        commune-actuelle;35238;213502388;Rennes;35;53;227830;2019-01-01\n\
        commune-actuelle;56260;215602608;Vannes;56;53;54000;2019-01-01\n";
    land(&place, "authorities", "a.csv", authorities, true).await;
    for _ in 0..NIGHTS {
        let deliveries = deliveries().new_tree(&mut runner).unwrap().current();
        let mut paths = BTreeSet::new();
        for delivery in deliveries {
            let name = format!("{}/{}.csv", DATASETS[delivery.dataset], delivery.file);
            paths.insert(place.file(&name, delivery.text()));
        }
        let before = lake(&place).newest().await.unwrap().id;
        let found = publish(&place, &paths.into_iter().collect::<Vec<_>>(), true).await;
        let after = lake(&place).newest().await.unwrap().id;
        if before != after {
            only_touched(&lake(&place), (before, after), &found).await;
        }
    }
    let differ = same_answers(&place).await;
    assert!(differ > 2 * NIGHTS, "the answers of few releases differ: {differ}");
}

/// Compares the answers on every release; returns how many were not those of the one before.
async fn same_answers(place: &Place) -> usize {
    let [built, computed] = gateways(place);
    let mut differ = 0;
    let mut before: BTreeMap<String, String> = BTreeMap::new();
    for id in lake(place).release_ids().await.unwrap() {
        let at = At::Release(id);
        let release = lake(place).release(id).await.unwrap();
        for (name, cube) in &release.cubes {
            let of_release =
                cube.built_from.iter().all(|(table, version)| release.tables[table] == *version);
            assert!(of_release, "release {id} has the cube {name} of other versions");
        }
        for sql in queries() {
            let (one, other) =
                (answer(&built, &sql, Some(&at)).await, answer(&computed, &sql, Some(&at)).await);
            assert_eq!(one, other, "release {id}: {sql}");
            differ += usize::from(before.insert(sql, one.clone()).is_some_and(|old| old != one));
        }
    }
    differ
}
