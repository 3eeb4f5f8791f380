//! `carnac verify` tells all damage, wherever it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use carnac_ingest::{Source, find};
use carnac_lake::{DEFAULT_MEMORY, Damage, Lake, Upkeep};
use carnac_model::{Run, RunOutcome};
use chrono::{DateTime, NaiveDate};

use crate::support::{Place, acts, files_below};

const RENNES: &str = "213502388";

/// A small lake with everything in it: two tables, rejected rows, checkpoints with a commit after
/// one of them, three releases of which one is of upkeep, an edition, the record of a run.
async fn small_lake() -> Place {
    let place = Place::new();
    let lake = Lake::create(&place.root(), &[]).unwrap();
    let rows = [("a", RENNES, "2024-01-01"), ("x", "1", "2024-01-01")];
    land(&lake, &place.file("acts/a.csv", acts(&rows))).await;
    let name = "kept".parse().unwrap();
    let files = BTreeMap::from([("core/acts.sql".to_owned(), "select 1".to_owned())]);
    lake.freeze(name, 1, files, DateTime::UNIX_EPOCH).await.unwrap();
    let aims = Upkeep { checkpoint_every: 1, ..Upkeep::default() };
    let base = lake.newest().await.unwrap();
    let mut draft = lake.draft(base.run_date).await.unwrap();
    for rewrite in lake.rewrites(&base, &aims).await.unwrap() {
        lake.rewrite(&mut draft, &rewrite, &aims, DEFAULT_MEMORY).await.unwrap();
    }
    lake.publish(draft, DateTime::UNIX_EPOCH).await.unwrap();
    land(&lake, &place.file("acts/c.csv", acts(&[("c", RENNES, "2025-01-01")]))).await;
    lake.record_run(&run_of(3)).await.unwrap();
    place
}

/// Lands a file and publishes it, as one release.
async fn land(lake: &Lake, file: &str) {
    let source = Source::open(find(file.as_ref()).unwrap().files.remove(0), None, &[]).unwrap();
    let mut draft = lake.draft(run_date()).await.unwrap();
    let sources = [source];
    carnac_ingest::land(lake, &mut draft, &sources, None, DEFAULT_MEMORY, &|_| ()).await.unwrap();
    lake.publish(draft, DateTime::UNIX_EPOCH).await.unwrap();
}

fn run_date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 31).unwrap()
}

/// The record of the run that published a release.
fn run_of(release: u64) -> Run {
    Run {
        id: "20251231T020000000Z-00000000".to_owned(),
        command: "refresh".to_owned(),
        started_at: DateTime::UNIX_EPOCH,
        finished_at: DateTime::UNIX_EPOCH,
        run_date: run_date(),
        outcome: RunOutcome::Published,
        release: Some(release),
        base: None,
        error: None,
        unread: Vec::new(),
        partitions: Vec::new(),
        audits: Vec::new(),
    }
}

async fn damage(lake: &Lake) -> Vec<Damage> {
    lake.verify(None, &|_, _| ()).await.unwrap().damage
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Data,
    Commit,
    Checkpoint,
    Hint,
    Release,
    Edition,
    Run,
}

fn kind(path: &Path) -> Kind {
    let path = path.display().to_string();
    let has = |part: &str| path.contains(part);
    match path.rsplit('.').next() {
        _ if has("_last_checkpoint") => Kind::Hint,
        _ if has("/releases/") => Kind::Release,
        _ if has("/editions/") => Kind::Edition,
        _ if has("/ops/runs/") => Kind::Run,
        Some("json") => Kind::Commit,
        _ if has("checkpoint.parquet") => Kind::Checkpoint,
        _ => Kind::Data,
    }
}

/// Bodies that a file may have in the place of its own, `None` when it is gone, with what was done.
fn damages(kind: Kind, whole: &[u8]) -> Vec<(String, Option<Vec<u8>>)> {
    let mut damages = vec![
        ("emptied".to_owned(), Some(Vec::new())),
        ("cut in half".to_owned(), Some(whole[..whole.len() / 2].to_vec())),
        ("cut by a byte".to_owned(), Some(whole[..whole.len() - 1].to_vec())),
        ("zeroed".to_owned(), Some(vec![0; whole.len()])),
        ("grown by a byte".to_owned(), Some([whole, b"x"].concat())),
    ];
    // Nothing names an edition or a run, and a hint is one.
    if !matches!(kind, Kind::Edition | Kind::Run | Kind::Hint) {
        damages.push(("removed".to_owned(), None));
    }
    let flipped = match kind {
        // Every byte of these is checked.
        Kind::Data | Kind::Release | Kind::Edition => 0..whole.len(),
        // The lines that say what changed; not those that say by which program, and when.
        Kind::Commit => changes(whole),
        Kind::Checkpoint | Kind::Hint | Kind::Run => 0..0,
    };
    let step = (flipped.len() / 17).max(1);
    for at in flipped.step_by(step) {
        let mut changed = whole.to_vec();
        changed[at] ^= 1;
        damages.push((format!("bit changed at {at}"), Some(changed)));
    }
    if kind == Kind::Commit {
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        for count in 1..lines.len() {
            damages.push((format!("cut to {count} lines"), Some(lines[..count].concat())));
        }
    }
    damages
}

/// Where the lines of a commit are that add and remove files; they stand together.
fn changes(commit: &[u8]) -> std::ops::Range<usize> {
    let (mut range, mut at) = (0..0, 0);
    for line in commit.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"{\"add\"") || line.starts_with(b"{\"remove\"") {
            let from = if range.is_empty() { at } else { range.start };
            range = from..at + line.len();
        }
        at += line.len();
    }
    range
}

/// Whether a damage changes nothing that is read.
fn is_harmless(kind: Kind, what: &str) -> bool {
    match kind {
        // A line feed at the end.
        Kind::Commit | Kind::Hint => what == "cut by a byte",
        _ => false,
    }
}

#[tokio::test]
async fn every_damage_to_every_file_is_told() {
    let place = small_lake().await;
    let lake = Lake::open(&place.root(), &[]).unwrap();
    assert_eq!(damage(&lake).await, [], "the lake is whole");
    let files: Vec<PathBuf> = files_below(&place.path().join("lake"));
    let kinds: Vec<Kind> = files.iter().map(|file| kind(file)).collect();
    for wanted in [
        Kind::Data,
        Kind::Commit,
        Kind::Checkpoint,
        Kind::Hint,
        Kind::Release,
        Kind::Edition,
        Kind::Run,
    ] {
        assert!(kinds.contains(&wanted), "{wanted:?}");
    }
    let (mut tried, mut missed) = (0, Vec::new());
    for (file, kind) in files.iter().zip(kinds) {
        let whole = fs::read(file).unwrap();
        for (what, body) in damages(kind, &whole) {
            match body {
                Some(body) => fs::write(file, body).unwrap(),
                None => fs::remove_file(file).unwrap(),
            }
            tried += 1;
            if damage(&lake).await.is_empty() && !is_harmless(kind, &what) {
                missed.push(format!("{kind:?} {}: {what}", file.display()));
            }
        }
        fs::write(file, whole).unwrap();
    }
    assert_eq!(damage(&lake).await, [], "all is back");
    assert!(tried > 200, "{tried}");
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[tokio::test]
async fn a_checkpoint_of_another_version_is_told() {
    let place = small_lake().await;
    let lake = Lake::open(&place.root(), &[]).unwrap();
    let log = place.path().join("lake/tables/acts/_delta_log");
    let of = |version: u64| log.join(format!("{version:020}.checkpoint.parquet"));
    // Version 3 has the act `c`, the checkpoint of version 2 has not.
    fs::copy(of(2), of(3)).unwrap();
    let told = damage(&lake).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].what, "table acts, checkpoint 3");
}

#[tokio::test]
async fn all_damage_is_told_and_not_the_first_only() {
    let place = small_lake().await;
    let root = place.path().join("lake");
    let data: Vec<_> = files_below(&root).into_iter().filter(|f| kind(f) == Kind::Data).collect();
    for file in &data {
        let mut bytes = fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(file, bytes).unwrap();
    }
    fs::write(root.join("releases/00000001.json"), "").unwrap();
    fs::write(root.join("editions/kept.json"), "").unwrap();
    let output = place.carnac(&["verify"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(told.matches("SHA-256").count(), data.len(), "{told}");
    assert!(told.contains("release 1 "), "{told}");
    assert!(told.contains("edition kept"), "{told}");
    let count = data.len() + 2;
    assert!(told.ends_with(&format!(": {count} things are damaged\n")), "{told}");
}

#[tokio::test]
async fn one_release_is_verified_alone() {
    let place = small_lake().await;
    assert!(place.ok(&["verify", "--release", "1"]).contains("verified 1 releases"));
    fs::write(place.path().join("lake/releases/00000003.json"), "").unwrap();
    place.ok(&["verify", "--release", "1"]);
    place.fails(1, &["verify", "--release", "9"]);
    let told = place.carnac(&["verify", "--release", "3"]);
    assert_eq!(told.status.code(), Some(1));
}
