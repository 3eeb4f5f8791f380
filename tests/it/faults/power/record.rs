//! What a night does to the files of its lake, in order, as its log tells it.

use std::fmt::{Debug, Write};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use carnac_lake::Lake;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::Releases;
use crate::faults::night::{checkpoint_every_third_version, deliver, night_of, refresh, seen};

/// Tells the test binary, started by a test, that it is the process to record: where.
const CHILD: &str = "CARNAC_TEST_RECORD";

/// One operation; paths are those below the place of the lake.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Make(PathBuf),
    Sync(PathBuf),
    /// A file is renamed; its bytes are in the last one.
    Name(PathBuf, PathBuf, PathBuf),
    SyncFolder(PathBuf),
    /// A run was told that a release is published.
    Published(u64),
}

/// Runs two nights on a new lake in a process of its own; returns what they did to files, and the
/// rows of each release.
pub(super) fn record(place: &Path) -> (Vec<Op>, Releases) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "faults::power::record::child_that_is_recorded", "--nocapture"])
        .env(CHILD, place)
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let journal = fs::read_to_string(place.join("journal")).unwrap();
    let ops: Vec<Op> = journal.lines().map(|line| parse(line, place)).collect();
    let rows = |release: u64| fs::read_to_string(place.join(format!("rows-{release}"))).unwrap();
    let published = ops.iter().filter_map(|op| match op {
        Op::Published(release) => Some((*release, rows(*release))),
        _ => None,
    });
    let releases: Releases = published.collect();
    assert_eq!(releases.len(), 2);
    (ops, releases)
}

fn parse(line: &str, place: &Path) -> Op {
    let mut words = line.split(' ');
    let mut path = || {
        let path = Path::new(words.next().unwrap());
        path.strip_prefix(place).unwrap_or(path).to_owned()
    };
    let op = path();
    match op.to_str().unwrap() {
        "make" => Op::Make(path()),
        "sync" => Op::Sync(path()),
        "sync-folder" => Op::SyncFolder(path()),
        "published" => Op::Published(path().to_str().unwrap().parse().unwrap()),
        "name" => {
            let (from, _, to, bytes) = (path(), path(), path(), path());
            Op::Name(from, to, place.join(bytes))
        }
        other => panic!("{other}: the log says what no test knows"),
    }
}

/// Keeps what the log says of files, and the bytes of each file as it gets its name.
#[derive(Clone)]
struct Recorder {
    place: PathBuf,
    lines: Arc<Mutex<Vec<String>>>,
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            write!(self.0, "{value:?}").unwrap();
        }
    }
}

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if event.metadata().target() != "carnac_lake::disk" {
            return;
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        if !message.0.contains(&format!("{}", self.place.display())) {
            // Of another lake, from which the child takes the first commit.
            return;
        }
        let mut lines = self.lines.lock().unwrap();
        if let Some((_, to)) = message.0.split_once(" -> ") {
            let bytes = self.place.join(format!("bytes-{}", lines.len()));
            fs::copy(to, &bytes).unwrap();
            write!(message.0, " {}", bytes.display()).unwrap();
        }
        lines.push(message.0);
    }
}

/// Not a test: the process that is recorded, when a test starts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_is_recorded() {
    let Some(place) = std::env::var_os(CHILD) else { return };
    let place = Path::new(&place);
    let recorder = Recorder { place: place.to_owned(), lines: Arc::default() };
    let subscriber = tracing_subscriber::registry().with(recorder.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let lake = Lake::create(&place.join("lake").display().to_string(), &[]).unwrap();
    let published = async || {
        let release = lake.latest().await.unwrap().unwrap().id;
        recorder.lines.lock().unwrap().push(format!("published {release}"));
        let rows = seen(&lake).await.unwrap();
        fs::write(place.join(format!("rows-{release}")), rows).unwrap();
    };
    let files = place.join("files");
    for night in 0..2 {
        deliver(&files, night);
        if night == 0 {
            checkpoint_every_third_version(&lake, &night_of(&files)).await;
        }
        refresh(&lake, &night_of(&files)).await.unwrap();
        published().await;
    }
    fs::write(place.join("journal"), recorder.lines.lock().unwrap().join("\n")).unwrap();
}
