//! What becomes of a lake whose last commit or release record is not what was written.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Place, acts, text};

const RENNES: &str = "213502388";

/// A lake with two releases, of the acts `a` and `b`.
fn two_releases() -> Place {
    let place = Place::new();
    for number in ["a", "b"] {
        let name = format!("acts/{number}.csv");
        place.ok(&["ingest", &place.file(&name, acts(&[(number, RENNES, "2024-01-01")]))]);
    }
    place
}

/// The commit that the newest release names, and the next one.
fn commits(place: &Place) -> (PathBuf, PathBuf) {
    let log = place.path().join("lake/tables/acts/_delta_log");
    let entry = |version: usize| log.join(format!("{version:020}.json"));
    let last = (0..).take_while(|version| entry(*version).exists()).last().unwrap();
    (entry(last), entry(last + 1))
}

/// What the newest readable release holds, and what is said beside it.
fn seen(place: &Place) -> (String, String) {
    let sql = "select act_id from lake.acts order by act_id";
    let output = place.carnac(&["query", sql, "--format", "csv"]);
    (text(&output.stdout).lines().skip(1).collect(), text(&output.stderr))
}

/// Whole files that a power cut, or a careless hand, may leave in the place of one.
fn damages(whole: &[u8]) -> Vec<Vec<u8>> {
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let mut damages: Vec<_> = (0..lines.len()).map(|kept| lines[..kept].concat()).collect();
    damages.push(whole[..whole.len() / 2].to_vec());
    damages.push(vec![0; whole.len()]);
    damages.push(b"not a commit".to_vec());
    // One digit of a number: of a size, a count, a date.
    let digit = whole.iter().rposition(u8::is_ascii_digit).unwrap();
    let mut changed = whole.to_vec();
    changed[digit] = if changed[digit] == b'1' { b'2' } else { b'1' };
    damages.push(changed);
    damages
}

#[test]
fn a_damaged_commit_is_never_taken_for_a_good_one() {
    let place = two_releases();
    let (commit, _) = commits(&place);
    let whole = fs::read(&commit).unwrap();
    let damages = damages(&whole);
    assert!(damages.len() >= 6, "an empty one and a line-cut one are among them");
    for damaged in damages {
        fs::write(&commit, &damaged).unwrap();
        let (rows, told) = seen(&place);
        assert_eq!(rows, "a", "{} bytes left; it said {told}", damaged.len());
        assert!(told.contains("of table acts is damaged"), "{told}");
        assert!(told.contains("using the release before"), "{told}");
        // Who names the release is told, and gets no other rows.
        let told = place.fails(1, &["query", "select * from lake.acts", "--release", "2"]);
        assert!(told.contains("of table acts is damaged"), "{told}");
    }
    fs::write(&commit, &whole).unwrap();
    assert_eq!(seen(&place), ("ab".to_owned(), String::new()));
}

#[test]
fn a_commit_that_is_gone_gives_way_to_the_release_before() {
    let place = two_releases();
    fs::remove_file(commits(&place).0).unwrap();
    let (rows, told) = seen(&place);
    assert_eq!(rows, "a");
    assert!(told.contains("it is not in the log"), "{told}");
}

#[test]
fn another_commit_in_the_place_of_a_published_one_is_not_it() {
    let place = two_releases();
    let (commit, _) = commits(&place);
    fs::copy(commit.with_file_name(format!("{:020}.json", 1)), &commit).unwrap();
    let (rows, told) = seen(&place);
    assert_eq!(rows, "a");
    assert!(told.contains("another commit than the one published"), "{told}");
}

#[test]
fn the_next_run_builds_on_the_release_before_and_lands_again_what_was_lost() {
    for damage in [0, 1, 2, 3] {
        let place = two_releases();
        let (commit, _) = commits(&place);
        let whole = fs::read(&commit).unwrap();
        fs::write(&commit, &damages(&whole)[damage]).unwrap();
        let report = place.ok(&["ingest", &place.path().join("acts/b.csv").display().to_string()]);
        assert!(report.contains("release 3 published: 1 files landed"), "{report}");
        assert_eq!(seen(&place).0, "ab", "damage {damage}");
    }
}

/// Whatever it holds: nobody could read the table's log past it.
#[test]
fn what_a_killed_run_leaves_half_written_is_set_aside() {
    for leaves in ["", "{\"commitInfo\":{}}\n{\"add\":{\"pa", "\0\0\0"] {
        let place = two_releases();
        let (_, next) = commits(&place);
        fs::write(&next, leaves).unwrap();
        assert_eq!(seen(&place), ("ab".to_owned(), String::new()));
        place.ok(&["ingest", &place.file("acts/c.csv", acts(&[("c", RENNES, "2025-01-01")]))]);
        assert_eq!(seen(&place).0, "abc", "{leaves:?}");
    }
}

#[test]
fn the_first_commit_of_a_table_may_be_half_written_too() {
    for leaves in ["", "{\"commitInfo\":{}}", "{\"proto"] {
        let place = Place::new();
        place.file("lake/tables/acts/_delta_log/00000000000000000000.json", leaves);
        place.ok(&["ingest", &place.file("acts/c.csv", acts(&[("c", RENNES, "2025-01-01")]))]);
        assert_eq!(seen(&place), ("c".to_owned(), String::new()), "{leaves:?}");
    }
}

#[test]
fn a_release_record_that_was_edited_is_not_read() {
    let place = two_releases();
    let record = place.path().join("lake/releases/00000002.json");
    let whole = fs::read_to_string(&record).unwrap();
    for (from, to) in [
        ("\"accepted\": 1", "\"accepted\": 2"),
        ("\"acts\": 2", "\"acts\": 1"),
        ("\n  \"", "\n \""),
    ] {
        assert!(whole.contains(from), "{from} is not in {whole}");
        fs::write(&record, whole.replace(from, to)).unwrap();
        let (rows, told) = seen(&place);
        assert_eq!(rows, "a");
        assert!(told.contains("release record is damaged"), "{told}");
    }
}

#[test]
fn files_without_a_name_yet_are_gone_after_a_run() {
    let place = two_releases();
    let left = |folder: &str| Path::new(&place.root()).join(folder).read_dir().unwrap().count();
    assert_eq!(left("staging"), 0);
}
