//! The nightly job: what it lands, what it plans, what its audits stop, and what it writes down.

use std::collections::BTreeMap;
use std::path::Path;

use carnac_ingest::{Known, Outcome, Source, find, land};
use carnac_lake::{DEFAULT_MEMORY, Lake};
use carnac_model::Input;
use chrono::{DateTime, NaiveDate, Utc};

use crate::support::{Place, acts, text};

pub(crate) const RENNES: &str = "213502388";
const VANNES: &str = "215602608";

/// Acts `a0`, `a1`… of one year, one a day.
pub(crate) fn year(year: &str, count: usize) -> Vec<(String, &'static str, String)> {
    (0..count).map(|n| (format!("{year}-{n}"), RENNES, format!("{year}-01-{:02}", n + 1))).collect()
}

pub(crate) fn file_of(rows: &[(String, &'static str, String)]) -> String {
    let rows: Vec<_> = rows.iter().map(|(id, siren, date)| (&**id, *siren, &**date)).collect();
    acts(&rows)
}

/// Puts a file into the inbox of the lake.
pub(crate) fn deliver(place: &Place, name: &str, content: impl AsRef<[u8]>) {
    place.file(&format!("lake/inbox/{name}"), content);
}

/// A lake with ten acts of 2024 and ten of 2025, each year a file, both refreshed.
pub(crate) fn two_years() -> Place {
    let place = Place::new();
    deliver(&place, "acts/2024.csv", file_of(&year("2024", 10)));
    deliver(&place, "acts/2025.csv", file_of(&year("2025", 10)));
    place.ok(&["refresh", "--run-date", "2025-12-31"]);
    place
}

/// Every file below a folder, with its bytes.
fn bytes_below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

const RUNS: &str =
    "select command, outcome, release_id, base_release_id from ops.runs order by run_id";

#[test]
fn a_second_run_changes_nothing_and_is_recorded() {
    let place = two_years();
    let told = place.ok(&["refresh"]);
    assert!(told.contains("nothing changed: no release to publish; 2 unchanged"), "{told}");
    assert_eq!(place.rows(RUNS), ["refresh,published,1,", "refresh,unchanged,,1"]);
    let partitions = "select table_name, period, action, rows_before, rows_after, release_id
                      from ops.partitions order by period";
    assert_eq!(place.rows(partitions), ["acts,2024,added,0,10,1", "acts,2025,added,0,10,1"]);
    let audits = "select distinct audit from ops.audits where outcome = 'passed' order by audit";
    let audits = place.rows(audits);
    for audit in ["books", "freshness", "key_unique", "row_count", "schema", "quarantine_balances"]
    {
        assert!(audits.contains(&audit.to_owned()), "{audit}: {audits:?}");
    }
}

/// Lands the files of the inbox, opened at that time, and publishes what changed.
async fn night(place: &Place, now: DateTime<Utc>) -> Vec<Outcome> {
    let lake = Lake::create(&place.root(), &[]).unwrap();
    let mut draft = lake.draft(NaiveDate::from_ymd_opt(2025, 12, 31).unwrap()).await.unwrap();
    let base = draft.base().cloned();
    let landed = |source: &str| base.as_ref()?.inputs.get(source);
    let known = Some(Known { landed: &landed, now });
    let files = find(&place.path().join("lake/inbox/acts")).unwrap().files.into_iter();
    let open = |file| Source::open_beside(file, None, &[], known).unwrap();
    let sources: Vec<_> = files.map(open).collect();
    let reports = land(&lake, &mut draft, &sources, None, DEFAULT_MEMORY, &|_| ()).await.unwrap();
    if !draft.is_empty() {
        lake.publish(draft, DateTime::UNIX_EPOCH).await.unwrap();
    }
    reports.into_iter().map(|report| report.outcome).collect()
}

/// What the newest release says of a source.
async fn landed(place: &Place, source: &str) -> Input {
    let lake = Lake::open(&place.root(), &[]).unwrap();
    lake.newest().await.unwrap().inputs[source].clone()
}

#[tokio::test]
async fn a_file_is_known_by_its_look_once_it_is_old_enough() {
    let (early, late) = (DateTime::UNIX_EPOCH, DateTime::from_timestamp(1 << 35, 0).unwrap());
    let place = Place::new();
    deliver(&place, "acts/2024.csv", file_of(&year("2024", 2)));
    night(&place, early).await;
    let first = landed(&place, "acts/2024.csv").await;
    assert!(first.stamp.is_none(), "it may be written yet at the same time");
    // Without a change, nothing is published; with the next one, the look is kept.
    assert!(matches!(night(&place, late).await[..], [Outcome::Unchanged { .. }]));
    assert_eq!(landed(&place, "acts/2024.csv").await, first);
    deliver(&place, "acts/2025.csv", file_of(&year("2025", 2)));
    night(&place, late).await;
    let (old, new) = (landed(&place, "acts/2024.csv").await, landed(&place, "acts/2025.csv").await);
    let bytes = |input: &Input| input.stamp.as_ref().unwrap().bytes;
    let length = |name| place.path().join("lake/inbox/acts").join(name).metadata().unwrap().len();
    assert_eq!((bytes(&old), bytes(&new)), (length("2024.csv"), length("2025.csv")));
    assert_eq!(Input { stamp: None, ..old }, first);

    // As many bytes as before: the look is another one all the same.
    deliver(&place, "acts/2024.csv", file_of(&year("2023", 2)));
    let told = night(&place, late).await;
    assert!(matches!(told[..], [Outcome::Unchanged { .. }, Outcome::Landed { .. }]), "{told:?}");
    assert_eq!(place.rows("select distinct period from lake.acts order by 1"), ["2023", "2025"]);
}

#[test]
fn a_plan_names_sources_partitions_and_indicators_and_writes_nothing() {
    let place = two_years();
    deliver(&place, "acts/2025.csv", file_of(&year("2025", 12)));
    deliver(&place, "acts/2023.csv", file_of(&year("2023", 3)));
    deliver(&place, "bids/broken.csv", "not;a;known;header\n1;2;3;4\n");
    let before = bytes_below(place.path());
    let output = place.carnac(&["refresh", "--plan", "--period", "2024"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert_eq!(bytes_below(place.path()), before);

    let told = text(&output.stdout);
    let line = |begin: &str| {
        let line = told.lines().find(|line| line.starts_with(begin));
        let words: Vec<_> = line.unwrap_or_default().split_whitespace().collect();
        words.join(" ")
    };
    let today = line("acts/2023.csv").split(' ').nth(2).unwrap().to_owned();
    assert_eq!(line("acts/2023.csv"), format!("acts/2023.csv new {today} 3 0 2023"));
    assert_eq!(line("acts/2025.csv"), format!("acts/2025.csv changed {today} 12 0 2025"));
    assert_eq!(line("acts/2024.csv"), "acts/2024.csv asked for 2025-12-31 10 0 2024");
    assert_eq!(line("acts/2023 "), "acts/2023 0 3 1");
    assert_eq!(line("acts/2024 "), "acts/2024 10 10 1");
    assert_eq!(line("acts/2025 "), "acts/2025 10 12 1");
    assert!(line("A08").starts_with("A08 indicator.act_transmission_rate "), "{told}");
    assert!(!told.contains("A05"), "bids are not readable: {told}");
    assert!(told.contains("plan: 3 sources, 25 rows, 3 partitions; 1 unreadable"), "{told}");
}

#[test]
fn a_plan_makes_no_lake_and_says_when_there_is_nothing_to_do() {
    let place = Place::new();
    place.file("inbox/acts/a.csv", acts(&[("a", RENNES, "2025-01-01")]));
    let told = place.ok(&["refresh", "--plan", "--inbox", "inbox"]);
    assert!(told.contains("plan: 1 sources, 1 rows, 1 partitions"), "{told}");
    assert!(!place.path().join("lake").exists());
    place.ok(&["refresh", "--inbox", "inbox"]);
    // An address, as that of a bucket, is an inbox too.
    let address = format!("file://{}", place.path().join("inbox").display());
    let again = place.ok(&["refresh", "--inbox", &address]);
    assert!(again.contains("nothing changed: no release to publish; 1 unchanged"), "{again}");
    let told = place.ok(&["refresh", "--plan", "--inbox", "inbox"]);
    assert_eq!(told, "nothing to do: 1 files unchanged, 0 unreadable\n");
}

/// A backfill gives the rows that were given then, whatever day it is run.
#[test]
fn a_backfill_works_from_the_original_run_date() {
    let place = Place::new();
    let rows = acts(&[("early", RENNES, "2024-05-01"), ("late", RENNES, "2024-08-01")]);
    deliver(&place, "acts/2024.csv", rows);
    place.ok(&["refresh", "--run-date", "2024-06-30"]);
    let landed = "select act_id from lake.acts";
    assert_eq!(place.rows(landed), ["early"]);
    // Not even the second time, when the release before is itself of a later day.
    for release in ["release 2 published", "release 3 published"] {
        let told = place.ok(&["refresh", "--period", "2024"]);
        assert!(told.contains(release), "{told}");
        assert_eq!(place.rows(landed), ["early"]);
    }
    let rejected = "select rule, raw from ops.quarantine";
    assert_eq!(place.rows(rejected).len(), 1);
    // What is new is checked by the day of the run.
    deliver(&place, "acts/later.csv", acts(&[("new", RENNES, "2024-09-01")]));
    place.ok(&["refresh", "--all", "--run-date", "2024-12-31"]);
    assert_eq!(place.rows("select act_id from lake.acts order by 1"), ["early", "new"]);
}

#[test]
fn only_what_is_asked_for_lands_again() {
    let place = two_years();
    let landed = |args: &[&str]| -> Vec<String> {
        let told = place.ok(&[&["refresh"], args].concat());
        let landed = told.lines().filter(|line| line.contains(" read, "));
        landed.filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
    };
    assert_eq!(landed(&["--period", "2024"]), ["acts/2024.csv"]);
    assert_eq!(landed(&["--since", "2025-06-01"]), ["acts/2025.csv"]);
    assert_eq!(landed(&["--since", "2024-12-31"]), ["acts/2024.csv", "acts/2025.csv"]);
    assert_eq!(landed(&["--all", "--dataset", "bids"]), [""; 0]);
    assert_eq!(landed(&["--all"]), ["acts/2024.csv", "acts/2025.csv"]);
    assert!(place.fails(2, &["refresh", "--period", "24"]).contains("is not a period"));
    assert!(place.fails(2, &["refresh", "--all", "--period", "2024"]).contains("cannot be used"));
}

#[test]
fn a_partition_that_loses_a_third_of_its_rows_blocks_the_release() {
    let place = two_years();
    // One fewer is no accident yet.
    deliver(&place, "acts/2024.csv", file_of(&year("2024", 8)));
    place.ok(&["refresh"]);
    deliver(&place, "acts/2025.csv", file_of(&year("2025", 7)));
    let told = place.fails(4, &["refresh"]);
    let why = "blocked: row_count, acts/2025: measured 7, expected more than 7: ";
    assert!(told.contains(why), "{told}");

    let counts = "select period, count(*) from lake.acts group by period order by period";
    assert_eq!(place.rows(counts), ["2024,8", "2025,10"]);
    let failed = "select audit, level, table_name, period, measured, expected, sentence_fr <> ''
                  from ops.audits where outcome = 'failed'";
    assert_eq!(place.rows(failed), ["row_count,blocking,acts,2025,7,more than 7,true"]);
    let last = "select outcome, release_id, base_release_id, error, failed_audit_count
                from ops.runs order by run_id desc limit 1";
    assert_eq!(place.rows(last), ["failed,,2,1 blocking audits failed,1"]);
    let stale = "select is_stale, reason_en like '%the run failed%' from ops.freshness";
    assert_eq!(place.rows(stale), ["true,true"]);

    place.fails(4, &["refresh", "--expect-drop", "acts/2024"]);
    let told = place.ok(&["refresh", "--expect-drop", "acts/2025"]);
    assert!(told.contains("release 3 published"), "{told}");
    assert_eq!(place.rows(counts), ["2024,8", "2025,7"]);
    assert_eq!(place.rows("select is_stale from ops.freshness"), ["false"]);
    let declared = "select period from ops.audits where outcome = 'declared'";
    assert_eq!(place.rows(declared), ["2025"]);
    assert!(place.fails(2, &["refresh", "--expect-drop", "act"]).contains("no table `act`"));
}

/// A job that reports success and imports nothing is the worst one.
#[test]
fn a_build_that_imports_no_row_is_reported() {
    let place = two_years();
    // The supplier's export is empty: a header and nothing below.
    deliver(&place, "acts/2025.csv", acts(&[]));
    let output = place.carnac(&["refresh"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stdout));
    let last = "select outcome, error, unread_count from ops.runs order by run_id desc limit 1";
    assert_eq!(place.rows(last), ["failed,1 files could not be read,1"]);
    let stale = "select table_name, is_stale, reason_en from ops.freshness";
    let told = place.rows(stale);
    assert!(told[0].starts_with("acts,true,") && told[0].contains("no acceptable row"), "{told:?}");
    assert_eq!(place.rows("select count(*) from lake.acts"), ["20"]);

    // The same file under another name replaces nothing, but it is told that it brought nothing.
    deliver(&place, "acts/2025.csv", file_of(&year("2025", 10)));
    deliver(&place, "acts/2026.csv", acts(&[]));
    let told = place.carnac(&["refresh"]);
    let warning = "warning: source_rows, acts/all: measured 2026.csv: 0 read, 0 accepted";
    assert!(text(&told.stderr).contains(warning), "{}", text(&told.stderr));
    let failed = "select audit, level, measured from ops.audits
                  where outcome = 'failed' and audit = 'source_rows'";
    assert_eq!(place.rows(failed), ["source_rows,warning,\"2026.csv: 0 read, 0 accepted\""]);
}

#[test]
fn a_partition_that_loses_all_its_rows_blocks_the_release() {
    let place = two_years();
    // All rows of 2024 come back dated 2025.
    let moved = year("2024", 10)
        .into_iter()
        .map(|(id, siren, date)| (id, siren, date.replace("2024-", "2025-")));
    deliver(&place, "acts/2024.csv", file_of(&moved.collect::<Vec<_>>()));
    let told = place.fails(4, &["refresh"]);
    assert!(told.contains("row_count, acts/2024: measured 0, expected more than 7"), "{told}");
    let parts = "select period, action, rows_before, rows_after, outcome from ops.partitions
                 where outcome = 'failed' order by period";
    assert_eq!(place.rows(parts), ["2024,removed,10,0,failed", "2025,replaced,10,20,failed"]);
    assert_eq!(place.rows("select count(*) from lake.acts where period = '2024'"), ["10"]);
}

#[test]
fn what_lags_behind_is_stale() {
    let place = Place::new();
    let one = |id: &str, date: &str| acts(&[(id, RENNES, date)]);
    deliver(&place, "acts/rennes-2025-11.csv", one("a", "2025-11-01"));
    deliver(&place, "acts/rennes-2025-12.csv", one("b", "2025-12-01"));
    deliver(&place, "acts/vannes-2025-10.csv", acts(&[("c", VANNES, "2025-10-01")]));
    deliver(&place, "acts/vannes-2025-11.csv", acts(&[("d", VANNES, "2025-11-01")]));
    let bid = "id_pli;id_consultation;siren;lot;mode;date_depot;hors_delai;signe\n\
               p;c;213502388;1;E;2023-01-26;0;0\n";
    deliver(&place, "bids/plis.csv", bid);
    let output = place.carnac(&["refresh", "--run-date", "2025-12-31"]);
    assert!(output.status.success());
    let told = text(&output.stderr);
    for part in [
        "warning: freshness, bids/2023: measured 2023, expected 2025",
        "warning: freshness, acts/2025: measured vannes-#.csv, 2025-11, expected 2025-12",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let stale = "select table_name, newest_period, newest_source, run_date, is_stale
                 from ops.freshness order by table_name";
    assert_eq!(
        place.rows(stale),
        [
            "acts,2025,acts/vannes-2025-11.csv,2025-12-31,true",
            "bids,2023,bids/plis.csv,2025-12-31,true"
        ]
    );
    // When what was late arrives, nothing is.
    deliver(&place, "acts/vannes-2025-12.csv", acts(&[("e", VANNES, "2025-12-01")]));
    deliver(&place, "bids/plis.csv", bid.replace("2023-", "2025-"));
    place.ok(&["refresh", "--run-date", "2025-12-31", "--expect-drop", "bids/2023"]);
    assert_eq!(place.rows("select count(*) from ops.freshness where is_stale"), ["0"]);
}

/// Of two partitions one cannot be rebuilt: the figures of the table are marked.
#[test]
fn a_partition_whose_file_is_unreadable_is_stale() {
    let place = two_years();
    deliver(&place, "acts/2024.csv", file_of(&year("2024", 11)));
    deliver(&place, "acts/2025.csv", "id_acte;siren\n1;2\n");
    let output = place.carnac(&["refresh"]);
    assert_eq!(output.status.code(), Some(3));
    let counts = "select period, count(*) from lake.acts group by period order by period";
    assert_eq!(place.rows(counts), ["2024,11", "2025,10"]);
    assert_eq!(place.rows("select is_stale from ops.freshness"), ["true"]);
    deliver(&place, "acts/2025.csv", file_of(&year("2025", 11)));
    place.ok(&["refresh"]);
    assert_eq!(place.rows("select is_stale from ops.freshness"), ["false"]);
}

#[test]
fn a_run_that_cannot_start_is_recorded() {
    let place = two_years();
    place.fails(1, &["refresh", "--inbox", "nowhere"]);
    let last = "select outcome, base_release_id, error from ops.runs order by run_id desc limit 1";
    let told = place.rows(last);
    assert!(told[0].starts_with("failed,1,") && told[0].contains("no inbox nowhere"), "{told:?}");
    // Where there is no lake, none is made for it.
    let nowhere = Place::new();
    nowhere.fails(1, &["refresh"]);
    assert!(!nowhere.path().join("lake").exists());
}
