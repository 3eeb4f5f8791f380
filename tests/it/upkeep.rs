//! `carnac upkeep`: fewer files of the same rows, and no file that a reader may want is removed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use carnac_ingest::{Source, find};
use carnac_lake::{DEFAULT_MEMORY, Lake};
use chrono::{DateTime, NaiveDate, Utc};

use crate::support::{Place, acts, files_below};

const RENNES: &str = "213502388";

/// All rows of the acts, in one order.
const ALL: &str = "select * from lake.acts order by act_id";

/// Upkeep that keeps the newest release only, whatever its age.
const STRICT: [&str; 5] = ["upkeep", "--keep-releases", "1", "--keep-days", "0"];

/// Rows of a file of which a batch does not fit into the memory of one sorted run.
const MANY: usize = 100;

/// Memory for landing, in bytes: so little that a batch of rows is a file.
const LITTLE_MEMORY: usize = 32 * 1024;

/// Lands acts of 2024 under numbers that begin with `name`, each batch as a file of its own.
async fn land_many(place: &Place, name: &str) {
    let named = |row: usize| (format!("{name}-{row:04}"), format!("2024-03-{:02}", row % 31 + 1));
    let numbers: Vec<_> = (0..MANY).map(named).collect();
    let rows: Vec<_> =
        numbers.iter().map(|(id, date)| (id.as_str(), RENNES, date.as_str())).collect();
    land_file(place, &place.file(&format!("acts/{name}.csv"), acts(&rows)), LITTLE_MEMORY).await;
}

async fn land(place: &Place, number: &str) {
    let file = place.file(&format!("acts/{number}.csv"), acts(&[(number, RENNES, "2024-01-01")]));
    land_file(place, &file, DEFAULT_MEMORY).await;
}

/// Lands a file and publishes it, as one release.
async fn land_file(place: &Place, file: &str, memory: usize) {
    let lake = Lake::create(&place.root(), &[]).unwrap();
    let source = Source::open(find(file.as_ref()).unwrap().files.remove(0), None, &[]).unwrap();
    let run_date = NaiveDate::from_ymd_opt(2025, 12, 31).unwrap();
    let mut draft = lake.draft(run_date).await.unwrap();
    carnac_ingest::land(&lake, &mut draft, &[source], None, memory, &|_| ()).await.unwrap();
    lake.publish(draft, now()).await.unwrap();
}

/// The time, by which releases of this test are young.
#[expect(clippy::disallowed_methods, reason = "the program under test goes by the clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The data files that are there, of all tables and versions.
fn data_files(place: &Place) -> Vec<PathBuf> {
    let mut files = files_below(&place.path().join("lake/tables"));
    files.retain(|file| !file.components().any(|part| part.as_os_str() == "_delta_log"));
    files
}

/// All files of a lake, with their bytes.
fn bytes(place: &Place) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files_below(&place.path().join("lake"));
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

#[tokio::test]
async fn small_files_become_one_sorted_file_of_the_same_rows() {
    let place = Place::new();
    land_many(&place, "b").await;
    land_many(&place, "a").await;
    let rows = place.rows(ALL);
    assert_eq!(rows.len(), 2 * MANY);
    let told = place.ok(&STRICT);
    assert!(told.contains("acts 2024: 2 files"), "{told}");
    assert!(told.contains("release 3 published: the rows of 2"), "{told}");
    assert_eq!(place.rows(ALL), rows);
    assert_eq!(data_files(&place).len(), 1, "the files of releases 1 and 2 are gone");
    // Two runs were sorted one by one; now all rows are.
    let sorted = place.rows("select decision_date from lake.acts");
    assert_eq!(sorted.len(), 2 * MANY);
    assert!(sorted.is_sorted(), "rows stand in the order of the file");
    assert_eq!(
        place.rows("select command, outcome from ops.runs order by run_id").last().unwrap(),
        "upkeep,published"
    );

    // Doing it again finds nothing to do, and the next delivery builds on it.
    assert!(place.ok(&STRICT).starts_with("0 files, 0 B, removed; 1 releases kept, 0 retired"));
    land(&place, "c").await;
    assert_eq!(place.rows("select count(*) from lake.acts"), ["201"]);
    assert!(place.ok(&["verify"]).contains("no damage"));
}

#[tokio::test]
async fn a_long_log_gets_a_checkpoint_that_readers_read() {
    let place = Place::new();
    for number in 0..12 {
        land(&place, &format!("a{number:02}")).await;
    }
    let rows = place.rows(ALL);
    let told = place.ok(&["upkeep"]);
    assert!(told.contains("acts: checkpoint written, 12 commits after the last"), "{told}");
    assert_eq!(place.rows(ALL), rows);
    let log = place.path().join("lake/tables/acts/_delta_log");
    assert!(log.join("00000000000000000013.checkpoint.parquet").exists());
    assert!(log.join("00000000000000000000.json").exists(), "no commit is ever removed");
    // Old releases are read by the commits, new ones by the checkpoint.
    assert_eq!(
        place.ok(&["query", "select count(*) from lake.acts", "--release", "3", "--format", "csv"]),
        "count(*)\n3\n"
    );
    land(&place, "b").await;
    assert_eq!(place.rows("select count(*) from lake.acts"), ["13"]);
    let told = place.ok(&["verify"]);
    assert!(told.contains("verified 14 releases") && told.ends_with(": no damage\n"), "{told}");
}

#[tokio::test]
async fn a_plan_writes_nothing() {
    let place = Place::new();
    land_many(&place, "a").await;
    land_many(&place, "b").await;
    let before = bytes(&place);
    let told = place.ok(&[&STRICT[..], &["--plan"]].concat());
    assert!(told.contains("acts 2024: 2 files"), "{told}");
    assert!(told.contains("acts: 1 files"), "{told}");
    assert!(told.contains("to be removed; 1 releases kept, 1 retired"), "{told}");
    assert_eq!(bytes(&place), before);
}

#[tokio::test]
async fn what_an_edition_or_a_kept_release_names_stays_and_the_rest_goes() {
    let place = Place::new();
    for number in ["a", "b", "c", "d"] {
        land(&place, number).await;
    }
    place.ok(&["edition", "freeze", "first", "--release", "1"]);
    let acts = "select act_id from lake.acts order by act_id";
    let of_edition = ["query", acts, "--edition", "first", "--format", "csv"];
    let of_release = |release| ["query", acts, "--release", release, "--format", "csv"];
    let frozen = place.ok(&of_edition);
    assert_eq!(data_files(&place).len(), 4);

    // By age nothing may go yet; by number release 2 alone.
    assert!(place.ok(&["upkeep", "--keep-releases", "1"]).starts_with("0 files"));
    let told = place.ok(&["upkeep", "--keep-releases", "2", "--keep-days", "0"]);
    assert!(told.contains("acts: 1 files"), "{told}");
    assert!(told.contains("3 releases kept, 1 retired"), "{told}");
    assert_eq!(data_files(&place).len(), 3);
    assert_eq!(place.ok(&of_edition), frozen);
    assert_eq!(place.ok(&of_release("3")), "act_id\na\nb\nc\n");
    assert_eq!(place.rows(acts), ["a", "b", "c", "d"]);

    // What is gone is said to be gone, and cannot be frozen.
    let told = place.fails(1, &of_release("2"));
    assert!(told.contains("release 2 is retired"), "{told}");
    place.fails(1, &["edition", "freeze", "second", "--release", "2"]);
    assert!(place.ok(&["releases"]).contains("retired: files removed by upkeep"));
    let told = place.ok(&["verify"]);
    assert!(told.contains("1 retired releases"), "{told}");
    assert!(told.contains("verified 3 releases") && told.ends_with(": no damage\n"), "{told}");
}

#[tokio::test]
async fn files_of_dead_runs_go_when_they_are_old_enough() {
    let place = Place::new();
    land(&place, "a").await;
    let kept = data_files(&place);
    place.file("lake/tables/acts/period=2024/part-of-a-dead-run.parquet", "x");
    place.file("lake/staging/half", "x");
    place.file("lake/tables/unknown/period=2024/part.parquet", "not ours to judge");
    assert!(place.ok(&["upkeep"]).starts_with("0 files"), "a run may be under way");
    let told = place.ok(&STRICT);
    assert!(told.ends_with("2 files, 2 B, removed; 1 releases kept, 0 retired\n"), "{told}");
    let mut left = data_files(&place);
    left.retain(|file| !file.display().to_string().contains("unknown"));
    assert_eq!(left, kept);
    assert_eq!(place.rows(ALL).len(), 1);
}

#[tokio::test]
async fn of_a_table_with_a_damaged_log_nothing_is_removed() {
    let place = Place::new();
    for number in ["a", "b", "c"] {
        land(&place, number).await;
    }
    let commit = place.path().join("lake/tables/acts/_delta_log/00000000000000000002.json");
    let whole = fs::read(&commit).unwrap();
    let files = data_files(&place);
    for damaged in ["", "{}"] {
        fs::write(&commit, damaged).unwrap();
        let told = place.fails(1, &STRICT);
        assert!(told.contains("acts: no file removed, as its log is damaged: version 2"), "{told}");
        assert_eq!(data_files(&place), files);
    }
    fs::write(&commit, whole).unwrap();
    assert!(place.ok(&STRICT).contains("acts: 2 files"));
}

#[tokio::test]
async fn what_a_damaged_record_may_have_named_is_kept() {
    let place = Place::new();
    for number in ["a", "b", "c"] {
        land(&place, number).await;
    }
    let record = place.path().join("lake/releases/00000002.json");
    let whole = fs::read(&record).unwrap();
    fs::write(&record, "").unwrap();
    place.ok(&["upkeep", "--keep-releases", "2", "--keep-days", "0"]);
    // Its record is brought back from a copy, and its rows are there.
    fs::write(&record, whole).unwrap();
    let sql = "select act_id from lake.acts order by act_id";
    assert_eq!(place.ok(&["query", sql, "--release", "2", "--format", "csv"]), "act_id\na\nb\n");
}
