//! A night that goes wrong at any of its operations leaves the old release or the new one, and the
//! next night ends as an unbroken one does.
//!
//! `CARNAC_ALL=1 cargo test faults` tries every operation; a plain run tries some.

mod night;
mod store;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use carnac_lake::Lake;
use tempfile::TempDir;

use night::{Chores, Night, files_of, open, refresh, seen};
use store::{Fault, FaultStore, Log};

/// Tells the test binary, started by a test, that it is the process to kill: fault and operation.
const CHILD: &str = "CARNAC_TEST_FAULT";

/// Asks for every operation rather than some.
const ALL: &str = "CARNAC_ALL";

/// Operations tried of each fault in a plain run.
const SOME: usize = 6;

/// Figures of a sweep.
#[derive(Debug, Default)]
struct Figures {
    cases: usize,
    /// Cases in which the fault was met, by what readers saw after it.
    old: usize,
    new: usize,
    /// Runs that said that they published.
    acknowledged: usize,
    /// Data files of a broken run that no release names, at most.
    orphans: usize,
    /// Files without a name, at most.
    staged: usize,
    /// Data files after a night that does not break.
    needed: usize,
}

/// Returns a lake that goes wrong, and what it was asked.
fn faulty(place: &Path, fault: Option<(Fault, usize)>) -> (Lake, Arc<Log>) {
    let mut log = None;
    let lake = open(place).on(|store| {
        let store = FaultStore::new(store, fault);
        log = Some(store.log());
        Arc::new(store)
    });
    (lake, log.unwrap())
}

/// Not a test: the process that dies, when a test starts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_dies() {
    let Some(told) = std::env::var_os(CHILD) else { return };
    let told = told.into_string().unwrap();
    let mut told = told.split_whitespace();
    let (fault, at) = (told.next().unwrap(), told.next().unwrap().parse().unwrap());
    let fault = Fault::ALL.into_iter().find(|known| format!("{known:?}") == fault).unwrap();
    let (place, files) = (Path::new(told.next().unwrap()), Path::new(told.next().unwrap()));
    let chores = if told.next().is_some() { Chores::Upkeep } else { Chores::None };
    let (lake, _) = faulty(place, Some((fault, at)));
    refresh(&lake, files, chores).await.unwrap();
    std::fs::write(place.join("acknowledged"), "").unwrap();
}

/// Runs the night in a process of its own; returns whether it said that it published.
fn night_of_a_child(night: &Night, place: &TempDir, fault: Fault, at: usize) -> bool {
    let mut told = format!("{fault:?} {at} {} {}", place.path().display(), night.files().display());
    if night.chores == Chores::Upkeep {
        told.push_str(" upkeep");
    }
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "faults::child_that_dies", "--test-threads=1"])
        .env(CHILD, told)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    place.path().join("acknowledged").exists()
}

/// Breaks a night at one operation, looks, and runs it again.
async fn one_case(night: &Night, fault: Fault, at: usize, figures: &mut Figures) {
    let place = night.copy();
    let data_before = data_files(&place);
    let case = format!("{fault:?} at operation {at}");
    let acknowledged = if fault.kills() {
        night_of_a_child(night, &place, fault, at)
    } else {
        let (lake, log) = faulty(place.path(), Some((fault, at)));
        let landed = refresh(&lake, &night.files(), night.chores).await;
        if let (Fault::ErrorAfter, Some((operation, path)), Err(error)) =
            (fault, &*log.met.lock().unwrap(), &landed)
        {
            // A commit or a record that is written is no failure, whatever the reply.
            let is_ours = path.ends_with(".json") && *operation == "put";
            assert!(!is_ours, "{case}: {path} is written, and the run says {error}");
        }
        landed.is_ok()
    };
    let lake = open(place.path());
    let left = seen(&lake).await;
    let (is_old, is_new) = (left == night.before, left == night.after);
    assert!(is_old || is_new, "{case}: readers see neither release:\n{left}");
    assert!(is_new || !acknowledged, "{case}: it was published, and is lost");
    figures.cases += 1;
    figures.old += usize::from(is_old);
    figures.new += usize::from(is_new);
    figures.acknowledged += usize::from(acknowledged);
    if is_old {
        figures.orphans = figures.orphans.max(data_files(&place).saturating_sub(data_before));
    }
    let staged = files_of(&place.path().join("lake/staging"), "").len();
    figures.staged = figures.staged.max(staged);

    let again = refresh(&lake, &night.files(), night.chores).await;
    assert!(again.is_ok(), "{case}: the next run fails: {again:?}");
    assert_eq!(seen(&lake).await, night.after, "{case}: the next run ends elsewhere");
    if night.chores == Chores::Upkeep {
        assert_eq!(data_files(&place), figures.needed, "{case}: data files that nothing names");
        let staged = files_of(&place.path().join("lake/staging"), "").len();
        assert_eq!(staged, 0, "{case}: files without a name");
    }
}

/// How many data files there are, named by a release or not.
fn data_files(place: &TempDir) -> usize {
    let mut files = files_of(&place.path().join("lake"), ".parquet");
    files.retain(|file| !file.components().any(|part| part.as_os_str() == "_delta_log"));
    files.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_that_breaks_leaves_one_release_whole_and_the_next_one_completes_it() {
    let all = std::env::var_os(ALL).is_some();
    sweep(&Night::with_upkeep().await, all).await;
    if all {
        sweep(&Night::with_checkpoint().await, all).await;
    }
}

async fn sweep(night: &Night, all: bool) {
    let unbroken = night.copy();
    let (lake, log) = faulty(unbroken.path(), None);
    refresh(&lake, &night.files(), night.chores).await.unwrap();
    let operations = log.count.load(Ordering::SeqCst);
    assert!(operations > 50, "{operations} operations");
    let has_checkpoint = !files_of(&unbroken.path().join("lake"), "checkpoint.parquet").is_empty();
    assert!(has_checkpoint);

    let step = if all { 1 } else { operations.div_ceil(SOME) };
    for (place, fault) in Fault::ALL.into_iter().enumerate() {
        let mut figures = Figures { needed: data_files(&unbroken), ..Figures::default() };
        // Another operation for each fault.
        for at in ((place * step / Fault::ALL.len())..operations).step_by(step) {
            one_case(night, fault, at, &mut figures).await;
        }
        println!("{:?}, {operations} operations, {fault:?}: {figures:?}", night.chores);
        assert_eq!(figures.old + figures.new, figures.cases);
    }
}
