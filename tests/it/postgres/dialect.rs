//! What PostgreSQL answers otherwise than the engine does: days with an offset, columns of one name,
//! rows of a series, moments with a zone; and how long each statement of a text may take.

use super::{BINARY_FORMAT, Door};

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
        (reply.texts(), &reply.columns[0].0[..]),
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
