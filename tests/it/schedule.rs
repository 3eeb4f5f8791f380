//! The night by itself: refreshes that start when they are due, one at a time, that tell when they
//! fail, beside a server that goes on answering and stops when it is told to.

mod server;

use std::net::TcpListener;

use carnac_ingest::{Source, find, land};
use carnac_lake::{DEFAULT_MEMORY, Draft, Error, Lake};
use chrono::{DateTime, NaiveDate};

use crate::support::{Place, acts, receive, text};

const RENNES: &str = "213502388";

/// Delivers acts of 2024 with these numbers, as one file of the inbox.
fn deliver(place: &Place, file: &str, numbers: &[&str]) {
    let rows: Vec<_> = numbers.iter().map(|number| (*number, RENNES, "2024-01-01")).collect();
    place.file(&format!("lake/inbox/acts/{file}.csv"), acts(&rows));
}

/// A lake with one refresh that landed one act.
fn refreshed() -> Place {
    let place = Place::new();
    deliver(&place, "a", &["a"]);
    place.ok(&["refresh"]);
    place
}

/// Writes the lease of another process on the acts.
fn lease(place: &Place, expires: &str) {
    let lease =
        format!(r#"{{"holder": "elsewhere, process 7", "expires": "{expires}", "version": 1}}"#);
    place.file("lake/leases/acts.json", lease);
}

fn has_lease(place: &Place) -> bool {
    place.path().join("lake/leases/acts.json").exists()
}

#[test]
fn a_refresh_that_finds_a_live_lease_leaves_with_status_5() {
    let place = refreshed();
    assert!(!has_lease(&place), "the lease is not given back");
    deliver(&place, "b", &["b"]);
    lease(&place, "2999-01-01T00:00:00Z");
    let error = place.fails(5, &["refresh", "--on-failure", "echo nobody is told of that"]);
    assert_eq!(
        error.trim(),
        "error: another refresh works on acts: elsewhere, process 7, until 2999-01-01 00:00:00 UTC \
         unless it goes on; nothing was done, try again later"
    );
    assert!(has_lease(&place), "the lease of another process is gone");
    assert_eq!(place.rows("select count(*) from ops.runs"), ["1"]);
    // Another dataset is not held up, nor is who only looks.
    place.file(
        "lake/inbox/memberships/m.csv",
        format!("siren;date_debut;date_fin\n{RENNES};2020-01-01;\n"),
    );
    place.ok(&["refresh", "--dataset", "memberships"]);
    place.ok(&["refresh", "--plan"]);
}

#[test]
fn a_lease_that_has_expired_or_is_damaged_holds_up_nobody() {
    for damaged in [false, true] {
        let place = refreshed();
        deliver(&place, "b", &["b"]);
        if damaged {
            place.file("lake/leases/acts.json", r#"{"holder": "els"#);
        } else {
            lease(&place, "2000-01-01T00:00:00Z");
        }
        assert!(place.ok(&["refresh"]).contains("release 2 published"));
        assert!(!has_lease(&place), "the lease is not given back");
    }
}

async fn run(lake: &Lake, mut draft: Draft, path: &str) -> Result<(), Error> {
    let source = Source::open(find(path.as_ref()).unwrap().files.remove(0), None, &[]).unwrap();
    let reports = land(lake, &mut draft, &[source], None, DEFAULT_MEMORY, &|_| ()).await;
    match reports {
        Ok(_) => lake.publish(draft, DateTime::UNIX_EPOCH).await.map(drop),
        Err(carnac_ingest::Error::Lake(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

/// Correctness does not rest on leases: these two have none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_refreshers_without_a_lease_never_mix() {
    let place = refreshed();
    let lake = Lake::open(&place.root(), &[]).unwrap();
    let date = NaiveDate::from_ymd_opt(2025, 12, 31).unwrap();
    let (one, two) = (lake.draft(date).await.unwrap(), lake.draft(date).await.unwrap());
    let [b, c] = ["b", "c"].map(|number| {
        place.file(&format!("acts/{number}.csv"), acts(&[(number, RENNES, "2024-01-01")]))
    });
    let (one, two) = tokio::join!(run(&lake, one, &b), run(&lake, two, &c));
    let landed = match (one, two) {
        (Ok(()), Err(Error::Conflict { table })) => ("b", table),
        (Err(Error::Conflict { table }), Ok(())) => ("c", table),
        ended => panic!("one of two has to conflict: {ended:?}"),
    };
    assert_eq!(landed.1, "acts");
    let seen = "select act_id from lake.acts order by act_id";
    assert_eq!(place.rows(seen), ["a", landed.0]);
    place.ok(&["ingest", &b, &c]);
    assert_eq!(place.rows(seen), ["a", "b", "c"]);
}

/// They wait for nobody: whoever was too late begins anew.
#[test]
fn three_at_once_all_publish() {
    let place = refreshed();
    let started = ["b", "c", "d"].map(|number| {
        let acts = acts(&[(number, RENNES, "2024-01-01")]);
        let file = place.file(&format!("acts/{number}.csv"), acts);
        let mut command = std::process::Command::new(crate::support::CARNAC);
        command.env_clear().args(["--root", &place.root(), "ingest", &file]).spawn().unwrap()
    });
    for mut ingest in started {
        assert!(ingest.wait().unwrap().success());
    }
    let seen = place.rows("select act_id from lake.acts order by act_id");
    assert_eq!(seen, ["a", "b", "c", "d"]);
    assert_eq!(place.rows("select max(release_id) from ops.runs where error is null"), ["4"]);
}

/// What the hook of a failed run writes down: its environment, then its standard input.
const NOTE: &str = "on_failure = '''printf '%s|%s|%s|%s|' \"$CARNAC_RUN_ID\" \"$CARNAC_OUTCOME\" \
                    \"$CARNAC_ERROR\" \"$CARNAC_PSEUDONYM_KEY\" > note; cat >> note'''\n";

#[test]
fn a_failed_refresh_runs_the_command_with_its_record() {
    let place = Place::new();
    place.file("carnac.toml", NOTE);
    deliver(&place, "a", &["a", "b", "c", "d"]);
    place.ok(&["refresh"]);
    let note = place.path().join("note");
    assert!(!note.exists(), "a run that went well was told");

    deliver(&place, "a", &["a"]);
    let output = std::process::Command::new(crate::support::CARNAC)
        .env_clear()
        .env("CARNAC_PSEUDONYM_KEY", "seize caractères au moins")
        .args(["--root", &place.root(), "refresh"])
        .current_dir(place.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    let note = std::fs::read_to_string(note).unwrap();
    let [id, outcome, error, key, record] = note.splitn(5, '|').collect::<Vec<_>>()[..] else {
        panic!("{note}")
    };
    assert_eq!((outcome, error, key), ("failed", "1 blocking audits failed", ""));
    assert_eq!(place.rows("select max(run_id) from ops.runs"), [id]);
    let record: serde_json::Value = serde_json::from_str(record).unwrap();
    assert_eq!((&record["id"], &record["outcome"]), (&id.into(), &"failed".into()));
    assert!(record["audits"].as_array().unwrap().iter().any(|audit| audit["outcome"] == "failed"));
}

/// A hook that fails changes no status; nor does a run that could not start go untold.
#[test]
fn a_run_that_cannot_start_is_told_and_a_hook_that_fails_is_too() {
    let place = Place::new();
    let error =
        place.fails(1, &["refresh", "--on-failure", "echo \"told: $CARNAC_ERROR\" >&2; exit 9"]);
    assert!(error.contains("told: there is no inbox"), "{error}");
    assert!(
        error.contains("warning: nobody was told of the failure: run the command: exit status: 9"),
        "{error}"
    );
}

#[test]
fn a_failed_refresh_sends_its_record_to_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/runs?token=secret", listener.local_addr().unwrap());
    let receiver = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        receive(stream, b"HTTP/1.1 500 no\r\ncontent-length: 0\r\n\r\n")
    });
    let place = refreshed();
    std::fs::remove_dir_all(place.path().join("lake/inbox")).unwrap();
    let error = place.fails(1, &["refresh", "--on-failure-url", &url]);
    let (head, body) = receiver.join().unwrap();
    assert!(head.starts_with("post /runs?token=secret http/1.1"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    let record: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(place.rows("select max(run_id) from ops.runs"), [record["id"].as_str().unwrap()]);
    // The answer was no good one: told, without what the address may hold.
    assert!(error.contains("nobody was told of the failure: call the address"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}
