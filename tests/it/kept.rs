//! Answers that are kept are those that would be computed: of one release, one principal and one question,
//! and only if nothing else moves them. Without the data files of the lake, what is kept is all there is.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::util::pretty::pretty_format_batches;
use carnac_lake::{DEFAULT_MEMORY, Lake};
use carnac_query::{At, Gateway, Principal, Result, Views};

use crate::identity::{IROISE, RENNES};
use crate::support::{Place, acts, files_below};

const BY_AUTHORITY: &str = "select siren, count(*) from core.acts group by siren order by siren";
const OF_ONE: &str = "select count(*) from core.acts where siren = $1";

fn land(place: &Place, file: &str, rows: &[(&str, &str, &str)]) {
    place.ok(&["ingest", "--run-date", "2025-12-31", &place.file(file, acts(rows))]);
}

fn gateway(place: &Place) -> Gateway {
    let lake = Lake::open(&place.root(), &[]).unwrap();
    Gateway::new(lake, Views::embedded().unwrap(), DEFAULT_MEMORY)
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
    let place = Place::new();
    land(&place, "acts/1.csv", &[("1", RENNES, "2025-01-01")]);
    let gateway = gateway(&place).keeping(1024 * 1024);
    let runs = (Principal::Operator, "select count(*) from ops.runs");
    assert!(asked(&gateway, runs, None, None).await.unwrap().contains("| 1 "));
    let changing = [
        "select max(act_id), now() from core.acts",
        "select max(act_id) from core.acts where random() < 2",
        "select max(act_id) from core.acts where decision_date < current_date",
        "select max(act_id), (select count(*) from ops.runs) from core.acts",
        "select max(act_id), (select max(now())) from core.acts",
        "with a as (select now() as moment) select max(act_id), max(moment) from core.acts, a",
        "select max(act_id), (select count(*) from ops.quarantine) from core.acts",
        "select max(act_id), (select count(*) from generate_series(timestamp '2025-01-01', now(), \
         interval '1 year')) from core.acts",
        "select max(act_id), (select count(*) from range(1, 9)) from core.acts",
    ];
    for sql in changing {
        assert!(asked(&gateway, (Principal::Operator, sql), None, None).await.is_ok(), "{sql}");
    }
    place.ok(&["upkeep"]);
    assert!(asked(&gateway, runs, None, None).await.unwrap().contains("| 2 "));
    remove_data(&place.root());
    for sql in changing {
        assert!(asked(&gateway, (Principal::Operator, sql), None, None).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn what_is_large_or_not_read_to_its_end_is_not_kept() {
    let place = Place::new();
    land(&place, "acts/1.csv", &[("1", RENNES, "2025-01-01")]);
    let gateway = gateway(&place).keeping(1024 * 1024);
    let large = "select repeat(act_id, 20000) from core.acts";
    let left = "select act_id from core.acts";
    let read = (Principal::Analyst, "select siren from core.acts");
    assert!(asked(&gateway, (Principal::Analyst, large), None, None).await.is_ok());
    drop(gateway.run(Principal::Analyst, left, None, None).await.unwrap());
    let answer = asked(&gateway, read, None, None).await.unwrap();
    remove_data(&place.root());
    assert!(asked(&gateway, (Principal::Analyst, large), None, None).await.is_err());
    assert!(asked(&gateway, (Principal::Analyst, left), None, None).await.is_err());
    assert_eq!(asked(&gateway, read, None, None).await.unwrap(), answer);
}

#[test]
fn a_view_reads_no_book_of_runs() {
    let place = Place::new();
    land(&place, "acts/1.csv", &[("1", RENNES, "2025-01-01")]);
    let sql = place.sql();
    let view = "-- id: staging.executions\n-- title: Exécutions / Executions\n-- unit: row\n-- grain: run_id\n\
                select run_id from ops.runs\n";
    std::fs::write(sql.join("staging/executions.sql"), view).unwrap();
    let asked = ["--sql", sql.to_str().unwrap(), "query", "select 1"];
    let said = place.fails(1, &asked);
    assert!(
        said.contains("staging/executions.sql:5: ops.runs tells of more than the release"),
        "{said}"
    );
}
