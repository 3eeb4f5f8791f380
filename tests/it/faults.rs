//! A night that goes wrong at any of its operations leaves the old release or the new one, and the
//! next night ends as an unbroken one does.
//!
//! `CARNAC_ALL=1 cargo test faults` tries every operation; a plain run tries some.

mod crowd;
mod kills;
mod night;
mod power;
mod store;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use carnac_lake::Lake;
use tempfile::TempDir;

use night::{Night, files_of, night_of, open, run, seen};
use store::{Fault, FaultStore, Log};

/// Tells the test binary, started by a test, that it is the process to kill: fault and operation.
const CHILD: &str = "CARNAC_TEST_FAULT";

/// Whether every case is asked for, rather than some.
fn all() -> bool {
    std::env::var_os("CARNAC_ALL").is_some()
}

/// Operations tried of each fault in a plain run.
const SOME: usize = 6;

/// Says what a test found, to whoever runs it with `--nocapture`.
#[expect(clippy::print_stdout, reason = "figures of a test are for whoever asks for them")]
fn tell(figures: &str) {
    println!("{figures}");
}

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
    let (place, inbox) = (Path::new(told.next().unwrap()), Path::new(told.next().unwrap()));
    let (lake, _) = faulty(place, Some((fault, at)));
    run(&lake, &night_of(inbox)).await.unwrap();
    std::fs::write(place.join("acknowledged"), "").unwrap();
}

/// Runs the night in a process of its own; returns whether it said that it published.
fn night_of_a_child(night: &Night, place: &TempDir, fault: Fault, at: usize) -> bool {
    let told = format!("{fault:?} {at} {} {}", place.path().display(), night.inbox().display());
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
        let landed = run(&lake, &night.files()).await;
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
    let left = seen(&lake).await.unwrap();
    let (is_old, is_new) = (left == night.before, left == night.after);
    assert!(is_old || is_new, "{case}: readers see neither release:\n{left}");
    assert!(is_new || !acknowledged, "{case}: it was published, and is lost");
    figures.cases += 1;
    figures.old += usize::from(is_old);
    figures.new += usize::from(is_new);
    figures.acknowledged += usize::from(acknowledged);
    if is_old {
        figures.orphans = figures.orphans.max(data_files(&place) - data_before);
    }
    let staged = files_of(&place.path().join("lake/staging"), "").len();
    figures.staged = figures.staged.max(staged);

    let again = run(&lake, &night.files()).await;
    assert!(again.is_ok(), "{case}: the next run fails: {again:?}");
    assert_eq!(seen(&lake).await.unwrap(), night.after, "{case}: the next run ends elsewhere");
    assert_eq!(data_files(&place), figures.needed, "{case}: it leaves files that nothing names");
    let staged = files_of(&place.path().join("lake/staging"), "").len();
    assert_eq!(staged, 0, "{case}: it leaves files without a name");
}

/// How many data files there are, whether or not a release names them.
fn data_files(place: &TempDir) -> usize {
    let mut files = files_of(&place.path().join("lake"), ".parquet");
    files.retain(|file| !file.components().any(|part| part.as_os_str() == "_delta_log"));
    files.len()
}

/// Breaks nights at operations of theirs, each by that fault.
async fn sweep(fault: Fault) {
    let night = Night::prepare().await;
    let unbroken = night.copy();
    let (lake, log) = faulty(unbroken.path(), None);
    run(&lake, &night.files()).await.unwrap();
    let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
    let (operations, puts) = (count(&log.count), count(&log.puts));
    assert!(operations > 100 && puts > 10, "{operations} operations, {puts} files put");
    let checkpoints = files_of(&unbroken.path().join("lake"), "checkpoint.parquet");
    // Of acts beside a commit before the night and one of it; of the other tables by upkeep.
    assert_eq!(checkpoints.len(), 5, "{checkpoints:?}");

    let mut figures = Figures { needed: data_files(&unbroken), ..Figures::default() };
    let operations = if fault == Fault::Torn { puts } else { operations };
    let step = if all() { 1 } else { operations.div_ceil(SOME) };
    // Others for each fault, in a plain run.
    for at in (fault as usize % step..operations).step_by(step) {
        one_case(&night, fault, at, &mut figures).await;
    }
    assert_eq!(figures.old + figures.new, figures.cases);
    tell(&format!("{operations} operations, {fault:?}: {figures:?}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_killed_before_an_operation() {
    sweep(Fault::KillBefore).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_killed_after_an_operation() {
    sweep(Fault::KillAfter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_with_a_request_that_is_refused() {
    sweep(Fault::Error).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_with_a_reply_that_is_lost() {
    sweep(Fault::ErrorAfter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_with_a_file_half_written() {
    sweep(Fault::Torn).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_with_a_disk_that_is_full() {
    sweep(Fault::Full).await;
}
