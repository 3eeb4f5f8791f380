//! Cubes: what a run has computed is what the views would answer, and only what it changed is
//! computed again.

mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carnac_lake::{DEFAULT_MEMORY, Lake, Touched};
use carnac_query::{At, BuiltCube, Gateway, Layer, Principal, Views, build_cubes};
use chrono::NaiveDate;

use crate::support::{Place, acts};

const RENNES: &str = "213502388";
const VANNES: &str = "215602608";

const TRANSMITTED: &str =
    "select numerator from indicator.act_structure_by_subject order by period";

fn run_date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 31).unwrap()
}

fn lake(place: &Place) -> Lake {
    Lake::open(&place.root(), &[]).unwrap()
}

/// Reads what was built where it may, or computes everything.
fn gateways(place: &Place) -> [Gateway; 2] {
    let gateway = || Gateway::new(lake(place), Views::embedded().unwrap(), DEFAULT_MEMORY);
    [gateway(), gateway().without_cubes()]
}

/// What a query answers, as text.
async fn answer(gateway: &Gateway, sql: &str, at: Option<&At>) -> String {
    let answer = gateway.run(Principal::Operator, sql, None, at).await.unwrap();
    let rows = answer.collect().await.unwrap();
    arrow::util::pretty::pretty_format_batches(&rows).unwrap().to_string()
}

/// Acts decided in three years, `count` of them in the second, which has a file of its own.
fn land(place: &Place, count: usize) {
    let ids: Vec<_> = (0..count).map(|number| format!("b{number}")).collect();
    let second: Vec<_> = ids.iter().map(|id| (id.as_str(), RENNES, "2024-01-01")).collect();
    let others = acts(&[("a", RENNES, "2023-01-01"), ("c", VANNES, "2025-01-01")]);
    let others = place.file("acts/others.csv", others);
    let second = place.file("acts/2024.csv", acts(&second));
    place.ok(&["ingest", &others, &second, "--run-date", "2025-12-31"]);
}

/// The folder of a cube's table.
fn folder(place: &Place, cube: &str) -> PathBuf {
    let cubes = place.path().join("lake/cubes");
    let folders = cubes.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let is_of = |path: &PathBuf| path.display().to_string().contains(&format!("cubes/{cube}-"));
    folders.into_iter().find(is_of).unwrap()
}

/// The names of the files in it.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = folder.read_dir().unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// So that a refresh of one period costs the same beside a long history.
#[tokio::test]
async fn what_is_asked_of_one_period_reads_no_other() {
    let place = Place::new();
    land(&place, 2);
    let [_, live] = gateways(&place);
    for view in ["cube.acts", "cube.volumes", "audit.acts_are_kept", "audit.acts_within_reported"] {
        let sql = format!("explain select * from {view} where period in ('2024')");
        let plan = answer(&live, &sql, None).await;
        assert!(plan.contains("acts/period=2024"), "{view}: {plan}");
        assert!(!plan.contains("period=2023") && !plan.contains("period=2025"), "{view}: {plan}");
    }
}

#[tokio::test]
async fn only_touched_periods_are_written_again() {
    let place = Place::new();
    land(&place, 2);
    let folder = folder(&place, "acts");
    let names_of = || {
        let periods = ["2023", "2024", "2025"];
        periods.map(|period| names(&folder.join(format!("period={period}"))))
    };
    let before = names_of();
    assert!(before.iter().all(|names| names.len() == 1), "{before:?}");
    land(&place, 3);
    let after = names_of();
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]));
    // The old file of the year stays for the old release.
    assert_eq!(after[1].len(), 2);

    let [built, computed] = gateways(&place);
    let (first, second) = (At::Release(1), At::Release(2));
    for gateway in [&built, &computed] {
        assert_eq!(column(&answer(gateway, TRANSMITTED, Some(&first)).await), ["1", "2", "1"]);
        assert_eq!(column(&answer(gateway, TRANSMITTED, Some(&second)).await), ["1", "3", "1"]);
    }
    let log = names(&folder.join("_delta_log"));
    let bids = place.file("bids/b.csv", format!("{}\nP;R;{RENNES};E;2025-01-01;0\n", random::BIDS));
    place.ok(&["ingest", &bids]);
    assert_eq!(names(&folder.join("_delta_log")), log, "no act has changed");
}

/// The values of a table of one column.
fn column(table: &str) -> Vec<String> {
    let cells = table.lines().skip(3).filter(|line| line.starts_with('|'));
    cells.map(|line| line.trim_matches(['|', ' ']).to_owned()).collect()
}

/// Without its files a cube cannot be read: what answers all the same has not read it.
fn remove_files(place: &Place, cube: &str) {
    let folder = folder(place, cube);
    for entry in folder.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        if entry.display().to_string().contains("period=") {
            std::fs::remove_dir_all(entry).unwrap();
        }
    }
}

#[tokio::test]
async fn a_cube_of_other_versions_is_not_read() {
    let place = Place::new();
    land(&place, 2);
    let [built, _] = gateways(&place);
    assert_eq!(column(&answer(&built, TRANSMITTED, None).await), ["1", "2", "1"]);
    // A run that builds no cube: its release names the cube of the one before.
    let act = acts(&[("b0", RENNES, "2024-01-01")]);
    random::land(&place, "acts", "2024.csv", &act, false).await;
    let release = lake(&place).newest().await.unwrap();
    assert_ne!(release.cubes["acts"].built_from["acts"], release.tables["acts"]);
    remove_files(&place, "acts");
    let [built, computed] = gateways(&place);
    for gateway in [&built, &computed] {
        assert_eq!(column(&answer(gateway, TRANSMITTED, None).await), ["1", "1", "1"]);
    }
    let first = At::Release(1);
    assert_eq!(column(&answer(&computed, TRANSMITTED, Some(&first)).await), ["1", "2", "1"]);
    let read = built.run(Principal::Operator, TRANSMITTED, None, Some(&first)).await.unwrap();
    assert!(read.collect().await.is_err(), "the first release reads its cube, which is gone");
}

#[test]
fn a_cube_of_another_definition_is_not_read() {
    let place = Place::new();
    land(&place, 2);
    let sql = place.sql();
    let of_folder = |query: &str| {
        let args = ["--sql", &sql.display().to_string(), "query", query, "--format", "csv"];
        place.ok(&args).lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let change = |file: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(sql.join(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        std::fs::write(sql.join(file), text.replace(from, to)).unwrap();
    };
    assert_eq!(of_folder(TRANSMITTED), ["1", "2", "1"]);
    // Of a layer below: of two acts in one year, one is left.
    change("staging/acts.sql", "from lake.acts", "from lake.acts where act_id <> 'b1'");
    assert_eq!(of_folder(TRANSMITTED), ["1", "1", "1"]);
    // The editions and the definitions of old stay what they were.
    assert_eq!(place.rows(TRANSMITTED), ["1", "2", "1"]);
}

#[test]
fn a_damaged_cube_is_computed() {
    let place = Place::new();
    land(&place, 2);
    std::fs::remove_dir_all(folder(&place, "acts").join("_delta_log")).unwrap();
    assert_eq!(place.rows(TRANSMITTED), ["1", "2", "1"]);
}

#[test]
fn a_cube_names_the_tables_that_it_reads() {
    let place = Place::new();
    land(&place, 1);
    let sql = place.sql();
    let file = sql.join("cube/acts.sql");
    let text = std::fs::read_to_string(&file).unwrap();
    for (from, to, told) in [
        (
            "acts=period\n",
            "bids=period\n",
            "cube/acts.sql:6: the cube is built from act_messages, acts",
        ),
        ("acts=period\n", "acts=year\n", "cube/acts.sql:6: a cube is `built_from:"),
        (", period, nature_code", ", nature_code", "the grain of a cube has the column period"),
        (
            "from core.acts\n",
            "from core.acts where (select release_id from staging.release) > 0\n",
            "no cube may depend on release_id of the release",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let error = place.fails(1, &["--sql", &sql.display().to_string(), "query", "select 1"]);
        assert!(error.contains(told), "{from}: {error}");
    }
}

/// A cube that depends on what "today" means is built anew when that changes, and else not.
#[tokio::test]
async fn a_cube_that_knows_the_day_is_of_its_day() {
    let place = Place::new();
    let sql = place.sql();
    let file = sql.join("cube/consultations.sql");
    let text = std::fs::read_to_string(&file).unwrap();
    let closed = text.replace("count(*)", "sum(case when is_closed then 1 else 0 end)");
    std::fs::write(&file, closed).unwrap();
    let tenders = place.file(
        "consultations/c.csv",
        format!("id_consultation;siren;date_pub;date_cloture;statut\nR;{RENNES};2025-01-01;2025-02-01;publiée\n"),
    );
    let sql = sql.display().to_string();
    let days = ["2025-01-15", "2025-02-01"];
    for (number, day) in days.iter().enumerate() {
        let act = place.file(&format!("acts/{number}.csv"), acts(&[(day, RENNES, "2025-01-01")]));
        place.ok(&["--sql", &sql, "ingest", &tenders, &act, "--run-date", day]);
    }
    for (release, closed) in [("1", "0"), ("2", "1")] {
        let query = "select tender_count from cube.consultations";
        let args = ["--sql", &sql, "query", query, "--format", "csv", "--release", release];
        assert_eq!(place.ok(&args).lines().last(), Some(closed));
    }
    let release = lake(&place).newest().await.unwrap();
    assert_eq!(release.cubes["consultations"].run_date, Some(days[1].parse().unwrap()));
    assert_eq!(release.cubes["acts"].run_date, None);
}

/// The periods of each cube that a run has computed, as far as it could.
fn touched(built: Vec<BuiltCube>) -> BTreeMap<String, Touched> {
    let touched = |cube: BuiltCube| {
        assert!(cube.failed.is_none(), "{cube:?}");
        (cube.name, cube.touched)
    };
    built.into_iter().map(touched).collect()
}

/// The cubes that are built, and the views that read one: all of their rows in order.
fn queries() -> Vec<String> {
    let views = Views::embedded().unwrap();
    let is_built = |file: &&carnac_query::SqlFile| file.sql.contains("-- built_from: ");
    let built: Vec<_> = views.layer(Layer::Cube).filter(is_built).collect();
    let reads =
        |text: &str| built.iter().any(|cube| text.contains(&format!("from cube.{}\n", cube.name)));
    let files = views.files().iter().filter(|file| is_built(file) || reads(&file.sql));
    let query = |file: &carnac_query::SqlFile| {
        let (layer, name, grain) = (file.layer, &file.name, file.header.grain.join(", "));
        format!("select * from {layer}.{name} order by {grain}")
    };
    files.map(query).collect()
}
