//! A journal in a temporary folder: what it holds, and what of it can be changed unseen.

use std::fs;

use chrono::TimeDelta;
use tempfile::TempDir;

use super::*;

fn november() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(315)
}

fn december() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(340)
}

fn asked(query: &str) -> Event {
    let text = |text: &str| text.to_owned();
    Event::Asked {
        query: text(query),
        door: text("http"),
        role: text("analyst"),
        token: None,
        sql: text("SELECT ?"),
    }
}

fn ended(query: &str) -> Event {
    let (query, outcome) = (query.to_owned(), "answered".to_owned());
    Event::Ended { query, outcome, release: Some(1), rows: 1, bytes: 8, milliseconds: 3 }
}

/// A folder with a journal of two months, and eight lines.
async fn two_months() -> TempDir {
    let folder = TempDir::new().unwrap();
    for clock in [november, december] {
        let journal = Journal::open(folder.path(), clock, "1.0").unwrap();
        journal.begin(asked("q-1")).await.unwrap();
        journal.end(ended("q-1"));
        journal.begin(asked("q-2")).await.unwrap();
    }
    folder
}

#[tokio::test]
async fn what_was_written_is_read_back_and_holds() {
    let folder = two_months().await;
    let names = chain::files(folder.path()).unwrap();
    assert_eq!(names, ["1970-11", "1970-12"]);
    let chain = Journal::verify(folder.path(), None).unwrap();
    assert!(chain.broken.is_empty(), "{:?}", chain.broken);
    assert_eq!((chain.files, chain.lines, chain.first), (2, 8, Some(1)));
    let last = chain.last.unwrap();
    assert_eq!(last.number, 8);
    assert!(Journal::verify(folder.path(), Some(&last)).unwrap().is_anchored);
    assert_eq!(last.to_string().parse(), Ok(last));
    // The newest file is what a table shows.
    let events: Vec<_> = Journal::recent(folder.path()).unwrap();
    let events: Vec<_> = events.into_iter().skip(1).map(|entry| entry.event).collect();
    assert_eq!(events, [asked("q-1"), ended("q-1"), asked("q-2")]);
}

#[tokio::test]
async fn whatever_is_changed_is_seen() {
    let folder = two_months().await;
    let file = folder.path().join("1970-11.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let put = |lines: &[&str]| fs::write(&file, lines.concat()).unwrap();
    let breaks = || Journal::verify(folder.path(), None).unwrap().broken.len();
    for place in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[place] = if changed[place] == b'7' { b'8' } else { b'7' };
        fs::write(&file, changed).unwrap();
        assert!(breaks() > 0, "byte {place}");
    }
    put(&[lines[0], lines[2], lines[3]]);
    assert_eq!(breaks(), 1);
    put(&[lines[0], lines[2], lines[1], lines[3]]);
    assert_eq!(breaks(), 3);
    put(&[lines[0], lines[1], lines[1], lines[2], lines[3]]);
    assert_eq!(breaks(), 1);
    put(&lines[..3]);
    assert_eq!(breaks(), 1);
    put(&lines);
    assert_eq!(breaks(), 0);
}

#[tokio::test]
async fn an_anchor_tells_of_an_end_that_is_gone() {
    let folder = two_months().await;
    let anchor = Journal::verify(folder.path(), None).unwrap().last.unwrap();
    fs::remove_file(folder.path().join("1970-12.jsonl")).unwrap();
    let chain = Journal::verify(folder.path(), Some(&anchor)).unwrap();
    assert!(chain.broken.is_empty() && !chain.is_anchored);
    // What was cut and written anew does not bear it out either.
    let journal = Journal::open(folder.path(), december, "1.0").unwrap();
    for query in ["q-7", "q-8", "q-9", "q-10"] {
        journal.begin(asked(query)).await.unwrap();
    }
    let chain = Journal::verify(folder.path(), Some(&anchor)).unwrap();
    assert!(chain.broken.is_empty() && !chain.is_anchored && chain.lines > 8);
}

#[tokio::test]
async fn an_unfinished_line_is_cut_off_and_told() {
    let folder = two_months().await;
    let file = folder.path().join("1970-12.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.clone() + "{\"number\":9,").unwrap();
    assert_eq!(Journal::verify(folder.path(), None).unwrap().broken.len(), 1);
    drop(Journal::open(folder.path(), november, "1.0").unwrap());
    assert!(Journal::verify(folder.path(), None).unwrap().broken.is_empty());
    let last = Journal::recent(folder.path()).unwrap().pop().unwrap();
    // The clock went back: it goes on in the newest file.
    assert_eq!(last.event, Event::Opened { code: "1.0".to_owned(), cut: 12 });
    fs::write(&file, text.replace("q-2", "q-3")).unwrap();
    assert!(Journal::open(folder.path(), december, "1.0").is_err());
}

#[tokio::test]
async fn one_writes_at_a_time() {
    let folder = TempDir::new().unwrap();
    let first = Journal::open(folder.path(), november, "1.0").unwrap();
    let second = Journal::open(folder.path(), november, "1.0").unwrap_err();
    assert!(second.to_string().contains("another server writes it"), "{second}");
    drop(first);
    assert!(Journal::open(folder.path(), november, "1.0").is_ok());
}

#[tokio::test]
async fn what_cannot_be_written_is_told_and_an_end_is_kept_for_later() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::open(folder.path(), december_then_full, "1.0").unwrap();
    journal.begin(asked("q-1")).await.unwrap();
    // A folder stands where the file of the next month would be.
    let file = folder.path().join("1971-01.jsonl");
    fs::create_dir(&file).unwrap();
    IS_JANUARY.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(journal.begin(asked("q-2")).await.is_err());
    journal.end(ended("q-1"));
    assert!(journal.begin(asked("q-3")).await.is_err());
    fs::remove_dir(&file).unwrap();
    journal.begin(asked("q-4")).await.unwrap();
    drop(journal);
    let events: Vec<_> = Journal::recent(folder.path()).unwrap();
    let events: Vec<_> = events.into_iter().map(|entry| entry.event).collect();
    assert_eq!(events, [ended("q-1"), asked("q-4")]);
    assert!(Journal::verify(folder.path(), None).unwrap().broken.is_empty());
}

static IS_JANUARY: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

fn december_then_full() -> DateTime<Utc> {
    let later = IS_JANUARY.load(std::sync::atomic::Ordering::SeqCst);
    december() + TimeDelta::days(if later { 31 } else { 0 })
}
