//! What PostgreSQL answers otherwise than the engine does: days with an offset, columns of one name,
//! rows of a series, moments with a zone; and how long each statement of a text may take.

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::{BINARY_FORMAT, Door, TEXT_FORMAT};
use crate::flight::{connect, query};

const DAY: u32 = 1082;
const MOMENT: u32 = 1114;
const ZONED: u32 = 1184;

/// The driver of Java adds the offset of its own zone to every day: 2024 begins in Paris as well.
const PARIS: &str = "2024-01-01 00:30:00+02";

#[test]
fn an_offset_does_not_move_what_is_written() {
    let door = Door::open();
    let mut client = door.client();
    let mut sent = |sql: &str, types: &[u32], text: &str| {
        let reply = client.extended(sql, types, &[Some(text.as_bytes())], TEXT_FORMAT);
        reply.value().to_owned()
    };
    for types in [&[][..], &[0], &[25]] {
        assert_eq!(sent("select cast($1 as date)", types, PARIS), "2024-01-01");
        assert_eq!(sent("select cast($1 as date)", types, "2024-01-01 +01"), "2024-01-01");
        assert_eq!(sent("select $1::timestamp", types, PARIS), "2024-01-01 00:30:00");
        let zoned = sent("select cast($1 as timestamptz)", types, PARIS);
        assert_eq!(zoned, "2023-12-31 22:30:00+00");
        let counted = "select count(*) from core.acts where decision_date = $1";
        assert_eq!(sent(counted, types, "2025-01-02 00:00:00+01"), "1");
    }
    for (of, expected) in
        [(DAY, "2024-01-01"), (MOMENT, "2024-01-01 00:30:00"), (ZONED, "2023-12-31 22:30:00+00")]
    {
        assert_eq!(sent("select $1", &[of], PARIS), expected);
    }
}

/// The same in the text of a query, and in parameters of text, at every door.
#[tokio::test]
async fn no_door_moves_a_day() {
    const WRITTEN: &str = "select cast(date '2024-01-01 00:30:00+02' as varchar) as day, \
        cast('2024-01-01 00:30:00-03:30'::timestamp as varchar) as moment, \
        (select count(*) from core.acts where decision_date = '2025-01-02 +01') as acts";
    let door = Door::open();
    let expected = ["2024-01-01", "2024-01-01T00:30:00", "1"];
    let (reply, mut flight) = (door.client().simple(WRITTEN), connect(&door.server).await);
    assert_eq!(reply.texts(), [expected.map(Some)]);
    let batch = query(&mut flight, WRITTEN).await;
    let text = arrow::util::pretty::pretty_format_batches(&[batch]).unwrap().to_string();
    assert!(expected.iter().all(|value| text.contains(value)), "{text}");

    let body = json!({
        "sql": "select cast($1 as date) as day, cast($1 as timestamp) as moment",
        "parameters": [PARIS],
    });
    let asked = reqwest::Client::new().post(format!("http://{}/query", door.server.address));
    let asked = asked.header(CONTENT_TYPE, "application/json").body(body.to_string());
    let rows: Value =
        serde_json::from_str(&asked.send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(rows, json!([{"day": "2024-01-01", "moment": "2024-01-01T00:30:00"}]));
}

#[test]
fn columns_may_have_one_name() {
    let door = Door::open();
    let mut client = door.client();
    let mut names = |sql: &str| {
        let text = client.simple(sql);
        let binary = client.extended(sql, &[], &[], BINARY_FORMAT);
        assert_eq!((&text.error, &text.columns), (&None, &binary.columns), "{sql}");
        assert_eq!(text.rows.len(), binary.rows.len(), "{sql}");
        let names: Vec<_> = text.columns.into_iter().map(|(name, _)| name).collect();
        names.join(",")
    };
    for (sql, expected) in [
        ("select 1, 1", "?column?,?column?"),
        ("select 1 as a, 2 as a", "a,a"),
        (
            "select count(*), count(*), siren, siren from core.acts group by siren",
            "count,count,siren,siren",
        ),
        ("select act_id, a.act_id from core.acts as a order by act_id", "act_id,act_id"),
        ("select a.x, b.x from (select 1 as x) as a, (select 2 as x) as b", "x,x"),
        (
            "select * from (select a.x, b.x from (select 1 as x) as a, (select 2 as x) as b) as t",
            "x,x",
        ),
        ("select * from (select 1 as a, 2 as a) as t", "a,a"),
        ("with t as (select 3, 3) select * from t", "?column?,?column?"),
        ("select 1, 1 union all select 2, 2", "?column?,?column?"),
        ("select t.a, t.* from (select 1 as a, 2 as b) as t", "a,a,b"),
        ("select *, b as a from (select 1 as a, 2 as b) as t", "a,b,a"),
        ("select 1 as \"a:1\"", "a:1"),
    ] {
        assert_eq!(names(sql), expected, "{sql}");
    }
    assert_eq!(client.simple("select 1 as a, 2 as a").texts(), [[Some("1"), Some("2")]]);
    // An error is that of the query, whose names it tells.
    let (code, text) = client.simple("select siren, siren, nothing from core.acts").error.unwrap();
    assert!(code == "42703" && !text.contains('\u{1}'), "{code} {text}");
}

#[test]
fn a_series_gives_rows() {
    let door = Door::open();
    let mut client = door.client();
    let three = [[Some("1")], [Some("2")], [Some("3")]];
    let reply = client.simple("select generate_series(1, 3)");
    assert_eq!(
        (reply.texts(), reply.columns[0].0.as_str()),
        (three.map(Vec::from).to_vec(), "generate_series")
    );
    for sql in [
        "select generate_series(0, 2) + 1 as n",
        "select n from (select generate_series(1, 3) as n) as t order by n",
        "select generate_series(1, 3) from (select 1) as t",
    ] {
        assert_eq!(client.simple(sql).texts(), three, "{sql}");
    }
    let days = "select generate_series(timestamp '2024-01-30', timestamp '2024-02-02', interval '1 day')::date as day, 'x'";
    assert_eq!(client.simple(days).rows.len(), 4);
    assert_eq!(client.simple("select array_length(generate_series(1, 3))").value(), "3");
}

#[test]
fn a_moment_with_a_zone_is_told_as_one() {
    let door = Door::open();
    let mut client = door.client();
    let sql = "select timestamptz '2024-01-01 00:00:00.5+02' as a, \
               cast('2024-01-01' as timestamp with time zone) as b, \
               timestamp '2024-01-01 00:00:00' as c";
    let text = client.simple(sql);
    let types: Vec<_> = text.columns.iter().map(|column| column.1).collect();
    assert_eq!(types, [ZONED, ZONED, MOMENT]);
    let row = &text.texts()[0];
    assert_eq!(row[..2], [Some("2023-12-31 22:00:00.5+00"), Some("2024-01-01 00:00:00+00")]);
    assert_eq!(row[2], Some("2024-01-01 00:00:00"));
    let binary = client.extended(sql, &[], &[], BINARY_FORMAT);
    // Microseconds from 2000-01-01.
    let expected = 757_375_200_500_000_i64;
    assert_eq!(binary.rows[0][0].as_deref(), Some(&expected.to_be_bytes()[..]));
}

/// Each statement of a text has all of the time, which the one before it may have set.
#[test]
fn a_time_is_of_one_statement() {
    let door = Door::open();
    let mut client = door.client();
    let endless = "select count(*) from generate_series(1, 1000000000000) t";
    assert_eq!(client.simple(&format!("set statement_timeout = 20; {endless}")).code(), "57014");
    assert_eq!(client.simple("set statement_timeout = 20").error, None);
    // The time of the text would be over within its second statement.
    let long = "select count(*) from generate_series(1, 20000000) t";
    assert_eq!(client.simple(&format!("reset statement_timeout; {long}")).value(), "20000000");
}

/// All of a query has one now, in UTC, and a condition may be about it.
#[test]
fn now_is_a_moment() {
    let door = Door::open();
    let mut client = door.client();
    for sql in ["select now()", "select current_timestamp"] {
        for reply in [client.simple(sql), client.extended(sql, &[], &[], BINARY_FORMAT)] {
            assert_eq!(
                (reply.error, reply.columns[0].1, reply.rows.len()),
                (None, ZONED, 1),
                "{sql}"
            );
        }
    }
    let days = "select current_date = cast(now() as date), now() between timestamptz '2024-01-01 00:00:00+00' and now() + interval '1 hour', \
        (select now()) = current_timestamp, \
        (select count(*) from core.acts where decision_date < now() - interval '1 day') > 0";
    assert_eq!(client.simple(days).texts(), [[Some("t"); 4]]);
}

/// The columns of a union are told as they are sent.
#[test]
fn a_union_is_told_as_it_is_sent() {
    let door = Door::open();
    let mut client = door.client();
    for sql in ["select 1 as a union all select 2.5", "select null as a union all select 7"] {
        let (sent, told) = (client.simple(sql), client.extended(sql, &[], &[], TEXT_FORMAT));
        assert_eq!(
            (&sent.error, sent.rows.len(), &sent.columns),
            (&None, 2, &told.columns),
            "{sql}"
        );
    }
}

#[test]
fn a_pattern_may_be_escaped_by_any_sign() {
    let door = Door::open();
    let mut client = door.client();
    for (sql, expected) in [
        ("select 'a_b' like 'a/_b' escape '/', 'axb' like 'a/_b' escape '/'", ["t", "f"]),
        ("select 'a/b' like 'a//%' escape '/', 'a\\b' like 'a\\_' escape '/'", ["t", "t"]),
        ("select 'A%' ilike 'a' || '!%' escape '!', 'a%' not like '%!%' escape '!'", ["t", "f"]),
    ] {
        assert_eq!(client.simple(sql).texts(), [expected.map(Some)], "{sql}");
    }
    let sent = client.extended("select 'pg_x' like $1 || '%' escape '/'", &[], &[Some(b"pg/_")], 0);
    assert_eq!(sent.value(), "t");
}
