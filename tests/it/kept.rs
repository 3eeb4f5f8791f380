//! Answers that are kept are those that would be computed: of one release, one principal and one question,
//! and only if nothing else moves them. Without the data files of the lake, what is kept is all there is.

mod tables;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Schema;
use arrow::util::pretty::pretty_format_batches;
use carnac_lake::{DEFAULT_MEMORY, Lake};
use carnac_query::{At, Gateway, Kind, Limits, Part, Principal, Result, Views};
use futures::StreamExt;

use crate::identity::{IROISE, RENNES, http};
use crate::support::{Place, acts, files_below};

/// With a condition, so that the rows of the table are not kept.
const BY_AUTHORITY: &str =
    "select siren, count(*) from core.acts where siren > '' group by siren order by siren";
const OF_ONE: &str = "select count(*) from core.acts where siren = $1";

fn land(place: &Place, file: &str, rows: &[(&str, &str, &str)]) {
    place.ok(&["ingest", "--run-date", "2025-12-31", &place.file(file, acts(rows))]);
}

fn gateway(place: &Place) -> Gateway {
    let lake = Lake::open(&place.root(), &[]).unwrap();
    Gateway::new(lake, Views::embedded().unwrap(), DEFAULT_MEMORY)
}

/// A lake of one act, and a gateway that keeps so many bytes.
fn of_one_act(bytes: usize) -> (Place, Gateway) {
    let place = Place::new();
    land(&place, "acts/1.csv", &[("1", RENNES, "2025-01-01")]);
    let gateway = gateway(&place).keeping(bytes);
    (place, gateway)
}

async fn asked(
    gateway: &Gateway,
    (who, sql): (Principal, &str),
    parameter: Option<ArrayRef>,
    at: Option<&At>,
) -> Result<String> {
    let row = parameter.map(|value| RecordBatch::try_from_iter([("$1", value)]).unwrap());
    let rows = gateway.run(who, sql, row.as_ref(), at).await?.collect().await?;
    Ok(pretty_format_batches(&rows).unwrap().to_string())
}

fn remove_data(root: &str) {
    let is_data = |path: &Path| path.extension().is_some_and(|of| of == "parquet");
    for file in files_below(Path::new(root)).into_iter().filter(|path| is_data(path)) {
        std::fs::remove_file(file).unwrap();
    }
}

fn text(value: &str) -> Option<ArrayRef> {
    Some(Arc::new(StringArray::from(vec![value])))
}

#[tokio::test]
async fn what_is_kept_is_of_one_principal_one_question_and_one_release() {
    let place = Place::new();
    land(&place, "acts/1.csv", &[("1", RENNES, "2025-01-01"), ("2", IROISE, "2025-01-02")]);
    let (gateway, plain) = (gateway(&place).keeping(1024 * 1024), gateway(&place));
    let own = |siren: &str| (Principal::Authority(siren.parse().unwrap()), BY_AUTHORITY);
    let questions = [own(RENNES), own(IROISE), (Principal::Analyst, BY_AUTHORITY)];
    let mut first = Vec::new();
    for question in questions {
        let answer = asked(&gateway, question, None, None).await.unwrap();
        assert_eq!(answer, asked(&plain, question, None, None).await.unwrap());
        first.push(answer);
    }
    let of_one = (Principal::Analyst, OF_ONE);
    let one = asked(&gateway, of_one, text(RENNES), None).await.unwrap();
    land(&place, "acts/2.csv", &[("3", RENNES, "2025-01-03"), ("4", RENNES, "2024-01-03")]);
    let second = asked(&gateway, questions[2], None, None).await.unwrap();
    assert_ne!(second, first[2], "the new release is told at once");
    remove_data(&place.root());
    let before = At::Release(1);
    for (question, answer) in questions.into_iter().zip(&first) {
        assert_eq!(asked(&gateway, question, None, Some(&before)).await.unwrap(), *answer);
    }
    assert_eq!(asked(&gateway, questions[2], None, None).await.unwrap(), second);
    assert_eq!(asked(&gateway, of_one, text(RENNES), Some(&before)).await.unwrap(), one);
    // Of another principal, another release, another parameter, in other words: not kept.
    for (question, parameter, at) in [
        ((Principal::Operator, BY_AUTHORITY), None, None),
        (own(RENNES), None, None),
        (of_one, text(IROISE), Some(&before)),
        (of_one, Some(Arc::new(Int64Array::from(vec![213_502_388])) as ArrayRef), Some(&before)),
        ((Principal::Analyst, "select count(*) from core.acts where siren = '1'"), None, None),
    ] {
        assert!(asked(&gateway, question, parameter, at).await.is_err(), "{question:?}");
    }
}

#[tokio::test]
async fn what_changes_is_not_kept() {
    let (place, gateway) = of_one_act(1024 * 1024);
    let runs = (Principal::Operator, "select count(*) from ops.runs");
    assert!(asked(&gateway, runs, None, None).await.unwrap().contains("| 1 "));
    let some = "from (select * from core.acts where siren > '') as acts";
    let changing = [
        "select max(act_id), now() from core.acts",
        "select max(act_id) from core.acts where random() < 2",
        "select max(act_id) from core.acts where decision_date < current_date",
        "select max(act_id), (select count(*) from ops.runs) from core.acts",
        "select max(act_id), (select max(now())) from core.acts",
        "with a as (select now() as moment) select max(act_id), max(moment) from core.acts, a",
        "select max(act_id), (select count(*) from ops.quarantine) from core.acts",
        "select max(act_id), (select count(*) from information_schema.tables) from core.acts",
        "select max(act_id), (select count(*) from pg_class) from core.acts",
        "select max(act_id), current_user from core.acts",
        // What is given to a function of tables is computed before there is a plan.
        "select max(act_id), (select count(*) from generate_series(timestamp '2025-01-01', now(), \
         interval '1 year')) from core.acts",
        "select max(act_id), count(*) from core.acts, \
         lateral generate_series(timestamp '2025-01-01', now(), interval '1 year')",
        "with generate_series as (select 1 as one) select max(act_id), (select count(*) from \
         generate_series(timestamp '2025-01-01', now(), interval '1 year')) from core.acts",
        "select max(act_id) from core.acts, generate_series.core.acts(timestamp '2025-01-01', now(), \
         interval '1 year')",
    ];
    let changing = changing.map(|sql| sql.replace("from core.acts", some));
    for sql in &changing {
        assert!(asked(&gateway, (Principal::Operator, sql), None, None).await.is_ok(), "{sql}");
    }
    place.ok(&["upkeep"]);
    assert!(asked(&gateway, runs, None, None).await.unwrap().contains("| 2 "));
    remove_data(&place.root());
    for sql in &changing {
        assert!(asked(&gateway, (Principal::Operator, sql), None, None).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn what_is_large_or_not_read_to_its_end_is_not_kept() {
    let (place, gateway) = of_one_act(16 * 1024 * 1024);
    let name = "n".repeat(30_000);
    let wide = (0..7).map(|number| format!("siren as \"{number}{name}\""));
    let wide = wide.collect::<Vec<_>>().join(", ");
    let large = [
        "select repeat(act_id, 1700000) from core.acts where siren > ''",
        // Without a row, and named in 1,890,000 characters.
        &format!(
            "with a as (select {wide} from core.acts where upper(siren) = '') \
             select * from {}",
            (0..9).map(|number| format!("a as a{number}")).collect::<Vec<_>>().join(", ")
        ),
    ];
    let left = "select unnest(range(1, 40000)) as number, act_id from core.acts where siren > ''";
    let read = (Principal::Analyst, "select siren from core.acts where siren > ''");
    for sql in large {
        assert!(asked(&gateway, (Principal::Analyst, sql), None, None).await.is_ok());
    }
    let mut answer = gateway.run(Principal::Analyst, left, None, None).await.unwrap();
    let first = answer.stream.next().await.unwrap().unwrap();
    assert!(first.num_rows() < 39_999, "there is more");
    drop(answer);
    let answer = asked(&gateway, read, None, None).await.unwrap();
    // The same of other words, to its end.
    let whole = (
        Principal::Analyst,
        "select unnest(range(1, 40001)) as number, act_id from core.acts where siren > ''",
    );
    let whole_answer = asked(&gateway, whole, None, None).await.unwrap();
    remove_data(&place.root());
    assert_eq!(asked(&gateway, whole, None, None).await.unwrap(), whole_answer);
    for sql in large.into_iter().chain([left]) {
        assert!(asked(&gateway, (Principal::Analyst, sql), None, None).await.is_err(), "{sql:.40}");
    }
    assert_eq!(asked(&gateway, read, None, None).await.unwrap(), answer);
}

#[tokio::test]
async fn one_row_of_a_filter_is_small_and_a_long_question_large() {
    let (place, gateway) = of_one_act(128 * 1024);
    let filtered = "select * from core.acts where upper(siren) = '213502388' limit 1";
    let (filtered, of_one) = ((Principal::Analyst, filtered), (Principal::Analyst, OF_ONE));
    let long = "1".repeat(100_000);
    let answer = asked(&gateway, filtered, None, None).await.unwrap();
    assert!(asked(&gateway, of_one, text(&long), None).await.unwrap().contains("| 0 "));
    remove_data(&place.root());
    assert_eq!(asked(&gateway, filtered, None, None).await.unwrap(), answer);
    assert!(asked(&gateway, of_one, text(&long), None).await.is_err());
}

#[tokio::test]
async fn what_is_kept_is_admitted_and_counted_as_any_other() {
    let place = Place::new();
    land(&place, "acts/1.csv", &[("1", RENNES, "2025-01-01"), ("2", IROISE, "2025-01-02")]);
    let limits = Limits { rows: 1, ..Limits::default() };
    let gateway = gateway(&place).keeping(1024 * 1024).within(limits).unwrap();
    let of_one = (Principal::Analyst, OF_ONE);
    let cut = (Principal::Analyst, BY_AUTHORITY);
    let answer = asked(&gateway, of_one, text(RENNES), None).await.unwrap();
    let error = asked(&gateway, cut, None, None).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Exhausted);
    remove_data(&place.root());
    assert_eq!(asked(&gateway, of_one, text(RENNES), None).await.unwrap(), answer);
    // What was cut off was not kept: it is computed again.
    let error = asked(&gateway, cut, None, None).await.unwrap_err();
    assert_ne!(error.kind(), Kind::Exhausted);
    let text = gateway.metrics().await;
    assert!(text.contains("{role=\"analyst\",end=\"answered\"} 2\n"), "{text}");
    assert!(text.contains("carnac_rows_total 2\n"), "{text}");
}

#[tokio::test]
async fn the_answer_of_a_part_is_not_kept_and_none_of_what_is() {
    let (place, gateway) = of_one_act(1024 * 1024);
    let part = async |sql| {
        let of = (None, Some(Part { number: 0, of: 1 }));
        gateway.run_part(Principal::Analyst, sql, None, of).await?.collect().await
    };
    let (first, second) = (
        "select act_id from core.acts where siren > ''",
        "select siren from core.acts where siren > ''",
    );
    assert!(part(first).await.is_ok());
    assert!(asked(&gateway, (Principal::Analyst, second), None, None).await.is_ok());
    remove_data(&place.root());
    assert!(asked(&gateway, (Principal::Analyst, first), None, None).await.is_err());
    assert!(part(second).await.is_err());
}

#[tokio::test]
async fn a_server_keeps_as_much_as_it_is_told() {
    let place = Place::new();
    let file = place.file("none.toml", "cache_mib = 0\n");
    land(&place, "acts/1.csv", &[("1", RENNES, "2025-01-01")]);
    let before = ["--config", &*file];
    let servers = [
        (place.serve(), true),
        (place.serve_with(&before, &[]), false),
        (place.serve_with(&before, &["--cache-mib", "1"]), true),
    ];
    let sql = "select count(*) as acts from core.acts";
    for (server, _) in &servers {
        assert_eq!(http(server, None, sql).await.0, 200);
    }
    remove_data(&place.root());
    for (server, is_kept) in &servers {
        let (status, text) = http(server, None, sql).await;
        assert_eq!(status == 200, *is_kept, "{text}");
    }
}

#[tokio::test]
async fn moments_in_two_zones_are_two_questions() {
    let (_place, gateway) = of_one_act(1024 * 1024);
    let sql = "select arrow_typeof($1) as type, $1 as moment, max(act_id) as act_id from core.acts";
    for zone in [None, Some("UTC"), Some("+02:00")] {
        let moment = TimestampMicrosecondArray::from(vec![0]).with_timezone_opt(zone);
        let of = moment.data_type().clone();
        let row = RecordBatch::try_from_iter([("$1", Arc::new(moment) as ArrayRef)]).unwrap();
        for known in [Some(&row); 2] {
            let told = gateway.describe(Principal::Analyst, sql, known, None).await.unwrap();
            assert_eq!(*told.schema.field(1).data_type(), of);
            let rows = gateway.run(Principal::Analyst, sql, known, None).await.unwrap();
            let rows = rows.collect().await.unwrap();
            assert_eq!(*rows[0].column(1).data_type(), of);
        }
    }
    let told = gateway.describe(Principal::Analyst, sql, None, None).await.unwrap();
    assert_eq!(told.parameters.fields().len(), 1);
    let one = RecordBatchOptions::new().with_row_count(Some(1));
    let schema = Arc::new(Schema::empty());
    let none = RecordBatch::try_new_with_options(schema, Vec::new(), &one).unwrap();
    let none = gateway.describe(Principal::Analyst, sql, Some(&none), None).await;
    assert!(none.unwrap_err().to_string().contains("1 parameters"));
}

#[tokio::test]
async fn other_definitions_answer_for_themselves() {
    let place = Place::new();
    land(&place, "acts/1.csv", &[("1", RENNES, "2025-01-01")]);
    let folder = place.sql();
    let view = folder.join("core/acts.sql");
    let sql = std::fs::read_to_string(&view).unwrap();
    std::fs::write(&view, format!("{sql}\nlimit 0\n")).unwrap();
    place.ok(&["--sql", folder.to_str().unwrap(), "edition", "freeze", "other"]);
    let gateway = gateway(&place).keeping(1024 * 1024);
    let question = (Principal::Analyst, "select count(siren) as acts from core.acts");
    let other = At::Edition("other".parse().unwrap());
    for _ in 0..2 {
        assert!(asked(&gateway, question, None, None).await.unwrap().contains("| 1 "));
        assert!(asked(&gateway, question, None, Some(&other)).await.unwrap().contains("| 0 "));
    }
}

#[test]
fn what_a_folder_defines_is_the_same_each_time() {
    let place = Place::new();
    land(&place, "acts/1.csv", &[("1", RENNES, "2025-01-01")]);
    let sql = place.sql();
    let head = "-- title: Exécutions / Executions\n-- unit: row\n";
    let view = "-- grain: run_id\nselect run_id from ops.runs\n";
    let function = "-- grain: scalar\n-- example: today() > '2025-01-01'\n\
                    create function today() returns date language sql immutable return current_date\n";
    let nested = "-- grain: scalar\n-- example: today() > '2025-01-01'\n\
                  create function today() returns date language sql immutable \
                  return (select current_date())\n";
    let given = "-- grain: days\nselect count(*) as days from core.acts, \
                 lateral generate_series(timestamp '2025-01-01', now(), interval '1 day')\n";
    for (path, id, text, said) in [
        ("staging/executions.sql", "staging.executions", view, "tells of more than the release"),
        ("function/today.sql", "today", function, "current_date() tells another thing each time"),
        ("function/today.sql", "today", nested, "it may hold no query"),
        ("peer/days.sql", "peer.days", given, "current_timestamp"),
    ] {
        place.file(&format!("sql/{path}"), format!("-- id: {id}\n{head}{text}"));
        let told = place.fails(1, &["--sql", sql.to_str().unwrap(), "query", "select 1"]);
        assert!(told.contains(path) && told.contains(said), "{told}");
        std::fs::remove_file(sql.join(path)).unwrap();
    }
}
