//! The command line, as a person or a nightly job uses it.

use crate::support::{Place, acts, pes, text};

/// The acceptance of the first real input: every count by hand from the file itself.
#[test]
fn the_pes_file_from_arrival_to_figure() {
    let place = Place::new();
    let report = place.ok(&["ingest", &pes()]);
    assert!(
        report.contains("contracts/decp-2019-pes.json: 1148 read, 1146 accepted, 2 rejected"),
        "{report}"
    );
    assert!(report.contains("2  exact_copy:"), "{report}");
    assert!(report.contains("release 1 published"), "{report}");

    // Two SIRETs of one buyer, 11 records of which one is an exact copy.
    let pays_d_iroise = "select count(*) from core.contracts where buyer_siren = '242900074'";
    assert_eq!(place.rows(pays_d_iroise), ["10"]);
    let copy = "select source_line, rule, field from ops.quarantine
                where dataset = 'contracts' and raw like '%\"2019A18-0600\"%'";
    assert_eq!(place.rows(copy).len(), 1);
}

/// All 1,148 dates carry a zone; none is shifted: 7 contracts are of 31 December 2018.
#[test]
fn civil_dates_stay_as_written() {
    let place = Place::new();
    place.ok(&["ingest", &pes()]);
    let written = std::fs::read_to_string(pes()).unwrap();
    for day in ["2018-12-31", "2019-01-01"] {
        let in_file = written.matches(&format!("\"dateNotification\": \"{day}")).count();
        let landed =
            format!("select count(*) from lake.contracts where notification_date = '{day}'");
        let copies = format!(
            "select count(*) from ops.quarantine where raw like '%\"dateNotification\": \"{day}%'"
        );
        let count = |sql: &str| place.rows(sql)[0].parse::<usize>().unwrap();
        assert_eq!(count(&landed) + count(&copies), in_file, "{day}");
        assert!(in_file > 0);
    }
    let years = "select period, min(notification_date), max(notification_date) from lake.contracts
                 group by period order by period";
    assert_eq!(place.rows(years)[1], "2018,2018-01-17,2018-12-31");
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let place = Place::new();
    place.ok(&["ingest", &pes()]);
    let again = place.ok(&["ingest", &pes()]);
    assert!(
        again.contains("contracts/decp-2019-pes.json: unchanged (1146 rows landed in release 1)"),
        "{again}"
    );
    assert!(again.contains("no release to publish"), "{again}");
    // Nor do the same bytes under another name, which would count every contract's file twice.
    let copy = place.file("copy.json", std::fs::read(pes()).unwrap());
    let renamed = place.ok(&["ingest", &copy]);
    assert!(
        renamed.contains(
            "contracts/copy.json: unchanged (1146 rows landed as contracts/decp-2019-pes.json"
        ),
        "{renamed}"
    );
    assert_eq!(place.ok(&["releases"]).lines().count(), 2);
}

#[test]
fn every_bad_row_is_in_quarantine_with_file_line_rule_and_text() {
    let place = Place::new();
    let bad = "x;213502380;1;7.10;2025-01-01;;4;0";
    let content = format!(
        "{}{bad}\nshort;row\n\"a;b\";213502388;1;7.1;2025-02-31;;4;0\n",
        acts(&[("a", "213502388", "2025-01-01")])
    );
    let report = place.ok(&["ingest", &place.file("acts.csv", &content)]);
    assert!(report.contains("acts/acts.csv: 4 read, 1 accepted, 3 rejected"), "{report}");
    let rows = place
        .rows("select source_file, source_line, rule, field, raw from ops.quarantine order by 2");
    assert_eq!(
        rows,
        [
            format!("acts.csv,3,not_a_siren,siren,{bad}"),
            "acts.csv,4,malformed,,short;row".to_owned(),
            "acts.csv,5,not_a_date,decision_date,\"\"\"a;b\"\";213502388;1;7.1;2025-02-31;;4;0\""
                .to_owned(),
        ]
    );
}

/// CRLF, blank lines and a byte-order mark change neither lines nor texts.
#[test]
fn lines_are_counted_as_an_editor_does() {
    let place = Place::new();
    let content = "\u{feff}id_acte;siren;nature;matiere;date_decision;date_ar;statut;annule\r\n\
                   \r\nx;1;1;7.1;2025-01-01;;4;0\r\n\r\n\r\ny;2;1;7.1;2025-01-01;;4;0\r\n";
    place.ok(&["ingest", &place.file("acts.csv", content)]);
    let rows = place.rows("select source_line, raw from ops.quarantine order by 1");
    assert_eq!(rows, ["3,x;1;1;7.1;2025-01-01;;4;0", "6,y;2;1;7.1;2025-01-01;;4;0"]);
}

#[test]
fn a_file_that_cannot_be_read_stops_no_other() {
    let place = Place::new();
    let good = place.file("good/acts/a.csv", acts(&[("a", "213502388", "2025-01-01")]));
    let unknown = place.file("unknown.csv", "a;b\n1;2\n");
    let headless = place.file("bad/acts/b.csv", "id_acte;siren\n1;213502388\n");
    let missing = place.path().join("nowhere.csv").display().to_string();
    let output = place.carnac(&["ingest", &unknown, &missing, &headless, &good]);
    assert_eq!(output.status.code(), Some(3));
    let (told, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(told.contains("acts/a.csv: 1 read, 1 accepted"), "{told}");
    assert!(
        told.contains("acts/b.csv: not landed") && told.contains("column `nature` is missing"),
        "{told}"
    );
    assert!(errors.contains("unknown.csv: cannot tell which dataset"), "{errors}");
    assert!(errors.contains("nowhere.csv"), "{errors}");
    assert_eq!(place.rows("select count(*) from core.acts"), ["1"]);
}

#[test]
fn two_files_of_one_name_never_replace_each_other_unseen() {
    let place = Place::new();
    let first = place.file("in/2024/acts/acts.csv", acts(&[("a", "213502388", "2024-01-01")]));
    let second = place.file("in/2025/acts/acts.csv", acts(&[("b", "213502388", "2025-01-01")]));
    let output = place.carnac(&["ingest", &first, &second]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stdout).contains("another file of this run is also called acts.csv"));
    // As subfolders of one folder they have two names.
    let report =
        place.ok(&["ingest", "--dataset", "acts", &place.path().join("in").display().to_string()]);
    assert!(
        report.contains("acts/2024/acts/acts.csv: unchanged (1 rows landed as acts/acts.csv"),
        "{report}"
    );
    assert!(report.contains("acts/2025/acts/acts.csv: 1 read, 1 accepted"), "{report}");
    assert_eq!(place.rows("select count(*) from core.acts"), ["2"]);
}

#[test]
fn an_answer_has_five_forms() {
    let place = Place::new();
    place.ok(&["ingest", &pes()]);
    let sql = "select count(*) as n, cast(null as varchar) as nothing, date '2018-12-31' as day, 'é;\"' as text";
    let form = |format: &str| place.ok(&["query", sql, "--format", format]);
    assert_eq!(form("csv"), "n,nothing,day,text\n1,,2018-12-31,\"é;\"\"\"\n");
    assert_eq!(
        form("json"),
        "[{\"n\":1,\"nothing\":null,\"day\":\"2018-12-31\",\"text\":\"é;\\\"\"}]\n"
    );
    assert!(form("table").contains("| n | nothing | day        | text |"));

    for (format, magic) in [("parquet", &b"PAR1"[..]), ("arrow", &b"\xff\xff\xff\xff"[..])] {
        let file = place.path().join(format).display().to_string();
        place.ok(&["query", sql, "--format", format, "--output", &file]);
        assert!(std::fs::read(file).unwrap().starts_with(magic));
    }
    assert_eq!(place.ok(&["query", "select 1 as one where false", "--format", "csv"]), "one\n");
    assert_eq!(place.ok(&["query", "select 1 as one where false", "--format", "json"]), "[]\n");
}

#[test]
fn a_query_can_name_a_release() {
    let place = Place::new();
    place.ok(&["ingest", &place.file("1/acts/a.csv", acts(&[("a", "213502388", "2025-01-01")]))]);
    place.ok(&["ingest", &place.file("2/acts/b.csv", acts(&[("b", "213502388", "2025-01-02")]))]);
    let count = "select count(*) from core.acts";
    assert_eq!(place.rows(count), ["2"]);
    assert_eq!(
        place.ok(&["query", count, "--release", "1", "--format", "csv"]).lines().last(),
        Some("1")
    );
    assert!(place.fails(1, &["query", count, "--release", "9"]).contains("release 9 is not in"));
}

#[test]
fn mistakes_are_told_with_what_to_do_next() {
    let place = Place::new();
    let told = |status: i32, args: &[&str], part: &str| {
        let errors = place.fails(status, args);
        assert!(errors.contains(part), "{args:?}: {errors}");
    };
    told(1, &["query", "select 1"], "no such folder; `carnac ingest` makes one");
    told(1, &["releases"], "no such folder");
    told(1, &["refresh"], "there is no inbox");
    told(
        1,
        &["ingest", "--dataset", "nope", &pes()],
        "there is no dataset `nope`; there are: authorities, ",
    );
    told(2, &["ingest"], "required arguments were not provided");
    told(
        2,
        &["query", "select 1", "--format", "xml"],
        "possible values: table, csv, json, ndjson, arrow, parquet",
    );
    place.ok(&["ingest", &pes()]);
    told(1, &["query", "drop table core.acts"], "DROP TABLE is refused");
    told(1, &["query", "select 1; select 2"], "one statement at a time");
    told(1, &["query", "select * from core.act"], "core.act");
    told(1, &["demo", "--once"], "wants a fresh folder");
    told(1, &["serve", "--listen", "0.0.0.0:0"], "no token may travel in the clear");
    told(1, &["serve", "--insecure-loopback", "--listen", "0.0.0.0:0"], "with --insecure-loopback");
}

/// A file, what in it is replaced by what, and what the error then tells.
const BROKEN: [(&str, &str, &str, &str, &str); 7] = [
    (
        "staging/acts.sql",
        "    nature_code,",
        "    nature_kode,",
        "staging/acts.sql:8: ",
        "nature_kode",
    ),
    (
        "core/acts.sql",
        "from staging.acts",
        "from staging.acts where (",
        "core/acts.sql:",
        "Expected",
    ),
    (
        "core/acts.sql",
        "from staging.acts",
        "from lake.acts",
        "core/acts.sql:",
        "core may not read lake.acts",
    ),
    (
        "core/acts.sql",
        "from staging.acts",
        "from staging.acts where now() is not null",
        "core/acts.sql:",
        "now() tells another thing each time",
    ),
    (
        "indicator/membership_rate.sql",
        "-- unit: ratio",
        "-- units: ratio",
        "membership_rate.sql:3: ",
        "-- unit: ",
    ),
    (
        "core/reported.sql",
        "-- grain: siren,",
        "-- grain: sirene,",
        "core/reported.sql:4: ",
        "`sirene`",
    ),
    (
        "function/safe_ratio.sql",
        "function safe_ratio",
        "function ratio",
        "safe_ratio.sql:1: ",
        "the file safe_ratio",
    ),
];

#[test]
fn a_broken_sql_file_stops_the_start_with_file_line_and_reason() {
    let place = Place::new();
    place.ok(&["ingest", &pes()]);
    let sql = place.sql();
    let folder = sql.display().to_string();
    let run = |file: &str, from: &str, to: &str| {
        let path = sql.join(file);
        let good = std::fs::read_to_string(&path).unwrap();
        assert!(good.contains(from), "{file} has no {from}");
        std::fs::write(&path, good.replace(from, to)).unwrap();
        let errors = place.fails(
            1,
            &["--sql", &folder, "serve", "--insecure-loopback", "--listen", "127.0.0.1:0"],
        );
        std::fs::write(&path, good).unwrap();
        errors
    };
    for (file, from, to, place_told, reason) in BROKEN {
        let errors = run(file, from, to);
        assert!(errors.contains(place_told) && errors.contains(reason), "{file} {to}: {errors}");
    }
    let errors = run("indicator/membership_rate.sql", "'observed' as status", "1 as status");
    assert!(errors.contains("an indicator has the columns siren Utf8, period Utf8"), "{errors}");
}

#[test]
fn settings_come_from_file_then_environment_then_flag() {
    let place = Place::new();
    place.ok(&["ingest", &pes()]);
    let lake = place.root();
    let run = |file: &str, environment: Option<&str>, flag: Option<&str>| {
        place.file("carnac.toml", file);
        let mut command = std::process::Command::new(crate::support::CARNAC);
        command.env_clear().current_dir(place.path());
        command.envs(environment.map(|root| ("CARNAC_ROOT", root)));
        command.args(flag.iter().flat_map(|root| ["--root", root])).args(["releases"]);
        command.output().unwrap().status.success()
    };
    let in_file = format!("root = \"{lake}\"");
    assert!(run(&in_file, None, None));
    assert!(!run(&in_file, Some("/nowhere"), None));
    assert!(run("root = \"/nowhere\"", Some(&lake), None));
    assert!(run("", Some("/nowhere"), Some(&lake)));
    assert!(!run("rooot = \"x\"", None, Some(&lake)), "an unknown key is told");
}

#[test]
fn demo_lands_the_samples_and_answers() {
    let place = Place::new();
    let told = place.ok(&["demo", "--once"]);
    assert!(told.contains("release 1 published: 25 files landed"), "{told}");
    assert!(
        told.contains(
            "| Rennes                       | 2025   | 18        | 20          | 0.9   | observed |"
        ),
        "{told}"
    );
    assert!(told.contains("| 2018   | 5         | 1525790.50 |"), "{told}");
    let again = place.ok(&["refresh"]);
    assert!(again.contains("no release to publish"), "{again}");
}

#[test]
fn catalogue_help_and_completions() {
    let place = Place::new();
    let indicators = place.ok(&["indicators"]);
    for id in [
        "A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A13", "A15", "B01",
        "B02", "B03", "B05", "B08", "B09", "B10", "B11", "C01", "C04", "C08",
    ] {
        assert!(indicators.lines().any(|line| line.starts_with(id)), "{id}: {indicators}");
    }
    let help = place.ok(&["--help"]);
    for part in [
        "demo",
        "ingest",
        "refresh",
        "query",
        "scenario",
        "indicators",
        "releases",
        "serve",
        "completions",
        "CARNAC_ROOT",
        "Exit status",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.ok(&["completions", shell]).contains("carnac"));
    }
}
