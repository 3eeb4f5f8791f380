//! A run that ends before it publishes leaves what readers see, whole; and two runs never mix.

use carnac_ingest::{Outcome, Source, find, land};
use carnac_lake::{DEFAULT_MEMORY, Draft, Error, Lake};
use chrono::{DateTime, NaiveDate};

use crate::support::{Place, acts};

const RENNES: &str = "213502388";

fn run_date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 31).unwrap()
}

/// Lands one file into a new draft, as a run does before it publishes.
async fn land_one(lake: &Lake, path: &str) -> Draft {
    let source = Source::open(find(path.as_ref()).unwrap().files.remove(0), None, &[]).unwrap();
    let mut draft = lake.draft(run_date()).await.unwrap();
    let reports = land(lake, &mut draft, &[source], None, DEFAULT_MEMORY, &|_| ()).await.unwrap();
    assert!(
        reports.iter().all(|report| matches!(report.outcome, Outcome::Landed { .. })),
        "{reports:?}"
    );
    draft
}

#[tokio::test]
async fn what_was_never_published_is_never_seen_and_never_rides_along() {
    let place = Place::new();
    let first = place.file("acts/a.csv", acts(&[("a", RENNES, "2024-01-01")]));
    place.ok(&["ingest", &first]);
    let lake = Lake::open(&place.root(), &[]).unwrap();

    // The run commits its Delta versions, then dies: another partition and the first one too.
    let dead = place.file(
        "acts/dead.csv",
        acts(&[("dead", RENNES, "2024-06-01"), ("dead2", RENNES, "2025-06-01")]),
    );
    drop(land_one(&lake, &dead).await);
    let seen = "select act_id from lake.acts order by act_id";
    assert_eq!(place.rows(seen), ["a"]);

    // The next run builds on what readers see.
    place.ok(&["ingest", &place.file("acts/b.csv", acts(&[("b", RENNES, "2025-01-01")]))]);
    assert_eq!(place.rows(seen), ["a", "b"]);
    // Landing the dead run's file again brings its rows.
    place.ok(&["ingest", &dead]);
    assert_eq!(place.rows(seen), ["a", "b", "dead", "dead2"]);
}

#[tokio::test]
async fn a_first_run_that_dies_leaves_an_empty_lake() {
    let place = Place::new();
    let lake = Lake::create(&place.root(), &[]).unwrap();
    let file =
        place.file("acts/a.csv", acts(&[("a", RENNES, "2024-01-01"), ("bad", "1", "2024-01-01")]));
    drop(land_one(&lake, &file).await);
    assert!(place.fails(1, &["query", "select 1"]).contains("no release in"));
    place.ok(&["ingest", &file]);
    assert_eq!(place.rows("select act_id from lake.acts"), ["a"]);
    assert_eq!(place.rows("select count(*) from ops.quarantine"), ["1"]);
}

#[tokio::test]
async fn of_two_runs_on_one_table_the_later_one_is_told() {
    let place = Place::new();
    let lake = Lake::create(&place.root(), &[]).unwrap();
    let now = DateTime::UNIX_EPOCH;
    let mine =
        land_one(&lake, &place.file("acts/a.csv", acts(&[("a", RENNES, "2024-01-01")]))).await;
    let theirs =
        land_one(&lake, &place.file("acts/b.csv", acts(&[("b", RENNES, "2024-01-01")]))).await;
    lake.publish(theirs, now).await.unwrap();
    assert!(
        matches!(lake.publish(mine, now).await, Err(Error::Conflict { table }) if table == "acts")
    );
    assert_eq!(place.rows("select act_id from lake.acts"), ["b"]);
}

#[tokio::test]
async fn two_runs_on_different_tables_both_publish() {
    let place = Place::new();
    let lake = Lake::create(&place.root(), &[]).unwrap();
    let members = place
        .file("memberships/m.csv", format!("siren;date_debut;date_fin\n{RENNES};2020-01-01;\n"));
    let mine =
        land_one(&lake, &place.file("acts/a.csv", acts(&[("a", RENNES, "2024-01-01")]))).await;
    let theirs = land_one(&lake, &members).await;
    assert_eq!(lake.publish(theirs, DateTime::UNIX_EPOCH).await.unwrap().id, 1);
    let release = lake.publish(mine, DateTime::UNIX_EPOCH).await.unwrap();
    assert_eq!((release.id, release.tables.len(), release.inputs.len()), (2, 2, 2));
    assert_eq!(
        place.rows(
            "select (select count(*) from lake.acts) + (select count(*) from lake.memberships)"
        ),
        ["2"]
    );
}

#[test]
fn a_damaged_release_record_gives_way_to_the_one_before() {
    let place = Place::new();
    place.ok(&["ingest", &place.file("acts/a.csv", acts(&[("a", RENNES, "2024-01-01")]))]);
    place.ok(&["ingest", &place.file("acts/b.csv", acts(&[("b", RENNES, "2024-01-01")]))]);
    let record = place.path().join("lake/releases/00000002.json");
    let whole = std::fs::read(&record).unwrap();
    for damaged in [&whole[..0], &whole[..whole.len() / 2], &b"{}"[..]] {
        std::fs::write(&record, damaged).unwrap();
        let output = place.carnac(&["query", "select act_id from lake.acts", "--format", "csv"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "act_id\na\n");
        assert!(String::from_utf8_lossy(&output.stderr).contains("release record is damaged"));
    }
    // The next release takes the next number: the damaged record is left for whoever repairs it.
    let report =
        place.ok(&["ingest", &place.file("acts/c.csv", acts(&[("c", RENNES, "2024-01-01")]))]);
    assert!(report.contains("release 3 published"), "{report}");
    assert_eq!(place.rows("select act_id from lake.acts order by act_id"), ["a", "c"]);
}
