//! Rows of tables are kept for all, by file and columns, below what is shown to each.

use std::path::Path;

use arrow::array::RecordBatch;
use carnac_query::{At, Gateway, Part, Principal};

use super::{asked, gateway, land, remove_data};
use crate::identity::{IROISE, RENNES};
use crate::support::Place;

#[tokio::test]
async fn rows_of_tables_are_those_of_the_files_and_the_columns() {
    let place = Place::new();
    land(&place, "acts/1.csv", &[("1", RENNES, "2025-01-01"), ("2", IROISE, "2024-01-02")]);
    let (gateway, plain) = (gateway(&place).keeping(1024 * 1024), gateway(&place));
    let ask = async |gateway: &Gateway, sql, at: Option<&At>| {
        asked(gateway, (Principal::Operator, sql), None, at).await
    };
    let again = [
        "select max(act_id), siren from lake.acts group by siren order by siren",
        "select act_id as id, siren as act_id from lake.acts order by 1",
    ];
    let other = [
        "select siren, act_id, period from lake.acts",
        "select act_id, siren from lake.acts where siren = '213502388'",
        "select act_id, siren from lake.acts limit 1",
        "select act_id, siren from lake.acts where upper(act_id) <> '' order by 1",
    ];
    let swapped = "select siren as act_id, act_id as siren from lake.acts order by 1";
    let mut expected = Vec::new();
    for sql in again {
        expected.push(ask(&plain, sql, None).await.unwrap());
    }
    assert!(ask(&gateway, "select act_id, siren from lake.acts", None).await.is_ok());
    let told = ask(&gateway, swapped, None).await.unwrap();
    assert_eq!(told, ask(&plain, swapped, None).await.unwrap());
    // Of the files of 2024 and 2025, one is another in the next release, and one is the same.
    land(&place, "acts/2.csv", &[("3", RENNES, "2025-01-03")]);
    let expected_now = ask(&plain, again[0], None).await.unwrap();
    remove_data(&format!("{}/tables/acts/period=2024", place.root()));
    let now = ask(&gateway, again[0], None).await.unwrap();
    assert_eq!(now, expected_now);
    assert!(now != expected[0] && now.contains("| 3 "), "{now}");
    remove_data(&place.root());
    let before = At::Release(1);
    for (sql, expected) in again.iter().zip(&expected) {
        assert_eq!(ask(&gateway, sql, Some(&before)).await.unwrap(), *expected, "{sql}");
    }
    for sql in other {
        assert!(ask(&gateway, sql, Some(&before)).await.is_err(), "{sql}");
    }
}

/// What is shown of a table is decided above what is kept of it.
#[tokio::test]
async fn rows_of_tables_are_kept_for_all_behind_barriers_too() {
    let place = Place::demo();
    let (gateway, plain) = (gateway(&place).keeping(64 * 1024 * 1024), gateway(&place));
    let sql = "select * from published.opinions";
    let of = |who| (who, sql);
    let shown = asked(&plain, of(Principal::Public), None, None).await.unwrap();
    assert!(shown.lines().count() > 4, "it has rows: {shown}");
    let plan = (Principal::Public, "explain select * from published.opinions");
    assert!(asked(&plain, plan, None, None).await.unwrap().contains("BarrierExec"));
    let other = Principal::Authority(RENNES.parse().unwrap());
    assert!(asked(&gateway, of(other), None, None).await.is_ok());
    remove_data(&place.root());
    assert_eq!(asked(&gateway, of(Principal::Public), None, None).await.unwrap(), shown);
    assert!(asked(&plain, of(Principal::Public), None, None).await.is_err());
}

/// Files of several batches, each of which is read by several.
#[tokio::test]
async fn long_tables_are_kept_and_come_in_parts() {
    let place = Place::new();
    let ids = (0..40_000).map(|number| number.to_string()).collect::<Vec<_>>();
    let date = |number: usize| if number.is_multiple_of(2) { "2024-01-01" } else { "2025-01-01" };
    let rows = ids.iter().enumerate().map(|(number, id)| (id.as_str(), RENNES, date(number)));
    land(&place, "acts/1.csv", &rows.collect::<Vec<_>>());
    let (all, pull) = (
        "select act_id, period from lake.acts order by act_id",
        "select act_id, period from lake.acts",
    );
    let plain = asked(&gateway(&place), (Principal::Operator, all), None, None).await.unwrap();
    // In 256 KiB, no file of 20,000 rows has room.
    for (bytes, is_kept) in [(16 * 1024 * 1024, true), (256 * 1024, false)] {
        let gateway = gateway(&place).keeping(bytes);
        for of in [1, 2, 3] {
            let plan = gateway.parts(Principal::Operator, pull, None, (None, of)).await.unwrap();
            let mut rows = 0;
            for number in 0..plan {
                let of = (None, Some(Part { number, of }));
                let part = gateway.run_part(Principal::Operator, pull, None, of).await.unwrap();
                let batches = part.collect().await.unwrap();
                rows += batches.iter().map(RecordBatch::num_rows).sum::<usize>();
            }
            assert_eq!(rows, 40_000, "{plan} of {of}");
        }
        let moved = Path::new(&place.root()).join("tables");
        let away = moved.with_file_name("away");
        std::fs::rename(&moved, &away).unwrap();
        let told = asked(&gateway, (Principal::Operator, all), None, None).await;
        assert_eq!(told.is_ok(), is_kept);
        assert!(told.is_err() || told.unwrap() == plain);
        std::fs::rename(&away, &moved).unwrap();
    }
}
