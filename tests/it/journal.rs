//! The audit log: what is asked is written down before it is run, without its values, and holds.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arrow::array::AsArray;
use carnac_lake::{DEFAULT_MEMORY, Journal, Lake};
use carnac_query::{Gateway, Kind, Principal, Views};
use chrono::{DateTime, TimeDelta};
use reqwest::Client;

use crate::flight::{connect, query};
use crate::identity::{RENNES, create, id, two_authorities};
use crate::support::files_below;

/// A word that stands in queries and must stand nowhere else.
const CANARY: &str = "ker-madalen";

/// The day of the second test, from that of Unix.
static DAYS: AtomicI64 = AtomicI64::new(1);

fn log(folder: &Path) -> String {
    let files = files_below(folder).into_iter().filter(|file| file.extension().is_some());
    files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

#[tokio::test]
async fn what_is_asked_at_a_door_is_written_down_without_its_values() {
    let place = two_authorities();
    let token = create(&place, &format!("authority:{RENNES}"));
    let folder = place.path().join("audit");
    let with_log = ["--log", "warn", "--audit-log", folder.to_str().unwrap()];
    let server = place.serve_with(&with_log, &[]);
    let http = async |sql: String| {
        let request = Client::new().post(format!("http://{}/query", server.address)).body(sql);
        request.bearer_auth(&token).send().await.unwrap().status().as_u16()
    };
    assert_eq!(http(format!("select '{CANARY}' as a, siren from core.acts")).await, 200);
    assert_eq!(http(format!("select * from published.nothing where a = '{CANARY}'")).await, 400);
    assert_eq!(http(format!("delete from core.acts where a = '{CANARY}'")).await, 403);
    let mut client = connect(&server).await;
    query(&mut client, &format!("select 1 as a where '{CANARY}' = ''")).await;
    assert_eq!(server.stop(), Some(0));

    let flags = ["--audit-log", folder.to_str().unwrap()];
    let sql = "select door, role, coalesce(token_id, '-'), outcome, coalesce(row_count, -1), \
                      statement \
               from ops.queries order by asked_at";
    let rows = place.ok(&[&flags[..], &["query", sql, "--format", "ndjson"]].concat());
    let rows: Vec<Vec<String>> = rows
        .lines()
        .map(|row| {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            row.as_object()
                .unwrap()
                .values()
                .map(|value| value.to_string().replace('"', ""))
                .collect()
        })
        .collect();
    let who = |door: &'static str, role: &str, token: &str, end: &str, count: &str, sql: &str| {
        [door, role, token, end, count, sql].map(str::to_owned).to_vec()
    };
    let role = format!("authority:{RENNES}");
    let rennes = |end, count, sql| who("http", &role, id(&token), end, count, sql);
    let expected = [
        rennes("answered", "2", "select ? as a, siren from core.acts"),
        rennes("invalid", "0", "select * from published.nothing where a = ?"),
        rennes("denied", "0", "delete from core.acts where a = ?"),
        who("flight", "analyst", "-", "answered", "0", "select ? as a where ? = ?"),
    ];
    assert_eq!(rows, expected);
    assert!(!log(&folder).contains(CANARY) && !log(&folder).contains(&token));

    let verify = [&flags[..], &["audit", "verify"]].concat();
    let said = place.ok(&verify);
    let anchor = said.trim().rsplit(' ').next().unwrap();
    place.ok(&[&verify[..], &["--anchor", anchor]].concat());
    let file = files_below(&folder).into_iter().find(|file| file.extension().is_some()).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("answered", "refused!", 1)).unwrap();
    let output = place.carnac(&verify);
    let said = crate::support::text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(".jsonl:3: it does not bear out its hash"), "{said}");
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    std::fs::write(&file, lines[..lines.len() - 2].concat()).unwrap();
    place.ok(&verify);
    place.fails(1, &[&verify[..], &["--anchor", anchor]].concat());
    assert!(place.fails(1, &["audit", "verify"]).contains("--audit-log"));
}

/// A client of Flight plans before it runs, one of PostgreSQL may prepare: a refusal then is one, too.
#[tokio::test]
async fn what_is_refused_before_it_runs_is_written_down() {
    let place = two_authorities();
    let folder = place.path().join("audit");
    let with_log = ["--audit-log", folder.to_str().unwrap()];
    let server = place.serve_with(&with_log, &["--anonymous", "public"]);
    let mut client = connect(&server).await;
    for sql in ["delete from core.acts", "select * from core.acts"] {
        assert!(client.execute(sql.to_owned(), None).await.is_err(), "{sql}");
        assert!(client.prepare(sql.to_owned(), None).await.is_err(), "{sql}");
    }
    assert!(client.execute("select 1 as a".to_owned(), None).await.is_ok());
    assert_eq!(server.stop(), Some(0));
    let sql = "select statement, outcome, count(*) from ops.queries group by 1, 2 order by 1";
    let rows = place.ok(&[&with_log[..], &["query", sql, "--format", "csv"]].concat());
    let expected = ["delete from core.acts,denied,2", "select * from core.acts,invalid,2"];
    assert_eq!(rows.lines().skip(1).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_run() {
    let place = two_authorities();
    let folder = place.path().join("audit");
    let lake = Lake::open(&place.root(), &[]).unwrap().with_journal(folder.clone());
    let clock = || DateTime::UNIX_EPOCH + TimeDelta::days(DAYS.load(Ordering::SeqCst));
    let journal = Journal::open(&folder, clock, "1.0").unwrap();
    let gateway = Gateway::new(lake.clone(), Views::embedded().unwrap(), DEFAULT_MEMORY);
    let reader = Gateway::new(lake, Views::embedded().unwrap(), DEFAULT_MEMORY);
    let gateway = Arc::new(gateway.recorded(journal));
    let ask = async || gateway.run(Principal::Analyst, "select 1 as a", None, None).await;
    // One that is not read to its end has left; one that is still read has not ended.
    drop(ask().await.unwrap());
    let open = ask().await.unwrap();
    let outcomes = async || {
        let sql = "select coalesce(outcome, 'runs') from ops.queries order by query_id";
        let answer = reader.run(Principal::Operator, sql, None, None).await.unwrap();
        let rows = answer.collect().await.unwrap();
        let texts = rows.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter());
        texts.map(|text| text.unwrap().to_owned()).collect::<Vec<_>>()
    };
    let left = async || ask().await.map(drop);
    left().await.unwrap();
    assert_eq!(outcomes().await[..2], ["left", "runs"]);
    assert!(open.collect().await.is_ok());
    // The file of the next month cannot be made.
    let file = folder.join("1970-02.jsonl");
    std::fs::create_dir(&file).unwrap();
    DAYS.store(32, Ordering::SeqCst);
    assert_eq!(left().await.unwrap_err().kind(), Kind::Unavailable);
    std::fs::remove_dir(&file).unwrap();
    left().await.unwrap();
}
