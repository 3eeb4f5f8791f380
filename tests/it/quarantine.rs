//! The rejected rows in the hands of an operator, and files that are landed again.

use carnac_ingest::{Source, find, land};
use carnac_lake::{DEFAULT_MEMORY, Lake};
use chrono::NaiveDate;

use crate::support::{Place, acts};

const RENNES: &str = "213502388";
const VANNES: &str = "215602608";

/// A lake with one file of one good and three bad rows, which a spreadsheet would obey.
fn with_faults() -> Place {
    let place = Place::new();
    let content = format!(
        "{}=1+1;213502380;1;7.10;2025-01-01;;4;0\n@short;row\n\
         -a;213502388;1;7.1;2025-02-31;;4;0\n",
        acts(&[("a", RENNES, "2025-01-01")])
    );
    place.ok(&["ingest", &place.file("acts/acts.csv", content)]);
    place
}

#[test]
fn rejected_rows_are_counted_by_dataset_file_and_rule() {
    let place = with_faults();
    let other = acts(&[("b", "1", "2025-01-01"), ("c", "2", "2025-01-01")]);
    place.ok(&["ingest", &place.file("acts/other.csv", other)]);
    let told = place.ok(&["quarantine", "list"]);
    let lines: Vec<_> = told.lines().take(7).collect();
    assert_eq!(
        lines,
        [
            "dataset  file       rule         rows",
            "acts     acts.csv   malformed    1",
            "acts     acts.csv   not_a_date   1",
            "acts     acts.csv   not_a_siren  1",
            "acts     other.csv  not_a_siren  2",
            "",
            "5 rows in quarantine in release 2",
        ]
    );
    assert!(told.contains("  not_a_siren: n'est pas un SIREN"), "{told}");
    let some =
        place.ok(&["quarantine", "list", "--rule", "not_a_siren", "--file", "acts/other.csv"]);
    assert!(some.contains("2 rows in quarantine") && !some.contains("acts.csv "), "{some}");
    let none = place.ok(&["quarantine", "list", "--file", "' or 1 = 1 --"]);
    assert_eq!(none, "no such row in quarantine in release 2\n");
    assert!(place.fails(1, &["quarantine", "list", "--dataset", "x"]).contains("no dataset `x`"));
}

#[test]
fn a_lake_without_bad_rows_says_so() {
    let place = Place::new();
    place.ok(&["ingest", &place.file("acts/a.csv", acts(&[("a", RENNES, "2025-01-01")]))]);
    for command in ["list", "explain"] {
        let told = place.ok(&["quarantine", command]);
        assert_eq!(told, "no such row in quarantine in release 1\n");
    }
    assert_eq!(place.rows("select count(*) from ops.quarantine"), ["0"]);
}

#[test]
fn a_rejected_row_is_explained_in_two_languages() {
    let place = with_faults();
    let told = place.ok(&["quarantine", "explain", "--dataset", "acts", "--limit", "1"]);
    assert_eq!(
        told,
        "acts/acts.csv, line 3: not_a_siren (siren)\n  \
         n'est pas un SIREN (neuf chiffres, clé de Luhn)\n  \
         not a SIREN (nine digits, Luhn key)\n  \
         =1+1;213502380;1;7.10;2025-01-01;;4;0\n\n\
         1 of 3 rows in quarantine in release 1; --limit N shows more, `export` writes them all\n"
    );
    let all = place.ok(&["quarantine", "explain", "--rule", "malformed"]);
    assert!(all.contains("line 4: malformed\n"), "{all}");
    assert!(all.ends_with("1 of 1 rows in quarantine in release 1\n"), "{all}");
}

/// A spreadsheet would run a cell that begins like a formula.
#[test]
fn an_exported_text_is_no_formula() {
    let place = with_faults();
    let out = place.path().join("out.csv").display().to_string();
    let told = place.ok(&["quarantine", "export", "--out", &out]);
    assert_eq!(told, format!("{out}: 3 rejected rows of release 1\n"));
    let csv = std::fs::read_to_string(&out).unwrap();
    let csv = csv.strip_prefix('\u{feff}').unwrap();
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "dataset;source_file;source_member;source_line;rule;field;raw;sentence_fr;sentence_en"
    );
    let begins = [
        "acts;acts.csv;;3;not_a_siren;siren;\"'=1+1;213502380;1;7.10;2025-01-01;;4;0\";n'est",
        "acts;acts.csv;;4;malformed;;\"'@short;row\";la ligne",
        "acts;acts.csv;;5;not_a_date;decision_date;\"'-a;213502388;1;7.1;2025-02-31;;4;0\";n'est",
    ];
    for (line, begin) in lines[1..].iter().zip(begins) {
        assert!(line.starts_with(begin), "{line}");
    }
    assert_eq!(lines.len(), 4);
    // What programs read is as it was written.
    assert_eq!(place.rows("select raw from ops.quarantine where source_line = 4"), ["@short;row"]);
}

#[tokio::test]
async fn only_what_was_published_is_shown() {
    let place = with_faults();
    let lake = Lake::open(&place.root(), &[]).unwrap();
    let file = place.file("acts/dead.csv", acts(&[("a", "1", "2025-01-01")]));
    let source = Source::open(find(file.as_ref()).unwrap().files.remove(0), None, &[]).unwrap();
    let run_date = NaiveDate::from_ymd_opt(2025, 12, 31).unwrap();
    let mut draft = lake.draft(run_date).await.unwrap();
    land(&lake, &mut draft, &[source], None, DEFAULT_MEMORY, &|_| ()).await.unwrap();
    assert!(!draft.is_empty());
    drop(draft);
    let told = place.ok(&["quarantine", "list"]);
    assert!(!told.contains("dead.csv") && told.contains("3 rows in quarantine"), "{told}");
}

/// A layout in which the SIREN stands in that column.
fn profile(place: &Place, column: &str) -> String {
    let text = format!(
        "name = \"essai\"\ndataset = \"acts\"\ndetect = [\"Code\"]\n[columns]\nsiren = \"{column}\"\n"
    );
    place.file("essai.toml", text)
}

/// Two acts, with the SIREN in the column `SIREN` and something else in `Code`.
fn foreign(place: &Place, name: &str) -> String {
    let rows = acts(&[
        ("a", &format!("{RENNES};35"), "2025-01-01"),
        ("b", &format!("{VANNES};56"), "2025-01-01"),
    ]);
    place.file(name, rows.replace("siren;", "SIREN;Code;"))
}

#[test]
fn a_file_is_landed_again_when_its_profile_has_changed() {
    let place = Place::new();
    let file = foreign(&place, "acts/a.csv");
    let ingest = |column: &str| place.ok(&["ingest", &file, "--profile", &profile(&place, column)]);
    assert!(ingest("Code").contains("acts/a.csv: 2 read, 0 accepted, 2 rejected"));
    assert!(ingest("Code").contains("acts/a.csv: unchanged (0 rows landed in release 1)"));
    let mended = ingest("SIREN");
    assert!(mended.contains("acts/a.csv: 2 read, 2 accepted, 0 rejected"), "{mended}");
    assert_eq!(place.rows("select count(*) from ops.quarantine"), ["0"]);
    // A run that knows no profile for it leaves it as it is.
    assert!(place.ok(&["ingest", &file]).contains("unchanged (2 rows landed in release 2)"));
    let known = "select profile, length(layout) from ops.sources";
    assert_eq!(place.rows(known), ["essai,16"]);
}

#[test]
fn a_replay_replaces_what_the_file_had_landed_and_says_the_counts() {
    let place = Place::new();
    let file = foreign(&place, "in/acts/2025/a.csv");
    let folder = place.path().join("in").display().to_string();
    place.ok(&["ingest", &folder, "--profile", &profile(&place, "Code")]);
    let mended = profile(&place, "SIREN");
    // The file alone has another name than in its folder: its bytes tell what it replaces.
    let told = place.ok(&["quarantine", "replay", &file, "--profile", &mended]);
    assert_eq!(
        told,
        "acts/2025/a.csv\n  before: 2 read, 0 accepted, 2 rejected, 0 warnings\n  \
         after:  2 read, 2 accepted, 0 rejected, 0 warnings\n\
         release 2 published: 1 files landed; 0 unchanged, 0 failed, 0 passed over\n"
    );
    assert_eq!(place.rows("select count(*) from ops.sources"), ["1"]);
    assert_eq!(place.rows("select count(*) from ops.quarantine"), ["0"]);
    // Again, although nothing has changed at all.
    let again = place.ok(&["quarantine", "replay", &file, "--profile", &mended]);
    assert!(again.contains("before: 2 read, 2 accepted") && again.contains("release 3"), "{again}");
    assert_eq!(place.rows("select act_id from lake.acts order by 1"), ["a", "b"]);
    // A profile that is worse wipes nothing.
    let worse = ["quarantine", "replay", &file, "--profile", &profile(&place, "Code")];
    assert!(String::from_utf8_lossy(&place.carnac(&worse).stdout).contains("not landed"));
    assert_eq!(place.rows("select count(*) from lake.acts"), ["2"]);
}

#[test]
fn what_was_never_landed_is_not_replayed() {
    let place = with_faults();
    let file = place.file("acts/new.csv", acts(&[("n", RENNES, "2025-01-01")]));
    let output = place.carnac(&["quarantine", "replay", &file]);
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        told.contains("acts/new.csv: not landed: ") && told.contains("nothing to replay"),
        "{told}"
    );
    assert!(told.contains("no release to publish; 0 unchanged, 1 failed"), "{told}");
    assert!(Place::new().fails(1, &["quarantine", "replay", &file]).contains("no such folder"));
}

#[test]
fn a_survey_is_landed_again_under_another_key_only() {
    let place = Place::new();
    let header = "id,submitdate,Q0,Q1,Q2,Q3[SQ001],Q3[SQ002],Q3[SQ003],Q4[SQ001],Q4[SQ002],\
                  Q4[SQ003],Q5[1],Q5[2],Q6\n";
    let row = "1,2024-11-03 10:00:00,21350238800019,Y,,,,,,,,,,\n";
    let file = place.file("answers/a.csv", format!("{header}{row}"));
    let with = |key: &str| {
        place.ok(&["--pseudonym-key-file", &place.file("key.txt", key), "ingest", &file])
    };
    let names = || place.rows("select distinct respondent_key from lake.answers");
    let first = "une phrase de passe pour les essais";
    assert!(with(first).contains("1 files landed"));
    let before = names();
    assert!(with(first).contains("unchanged"));
    assert!(place.ok(&["ingest", &file]).contains("unchanged"), "no key: nothing is known of it");
    assert!(with("une autre phrase, assez longue").contains("1 files landed"));
    assert_ne!(before, names());
    let record = std::fs::read_to_string(place.path().join("lake/releases/00000002.json")).unwrap();
    assert!(record.contains("\"profile\": \"enquete-exemple-2024\"") && !record.contains("phrase"));
}

#[test]
fn of_two_files_of_the_same_bytes_one_lands() {
    let place = Place::new();
    let rows = acts(&[("a", RENNES, "2025-01-01"), ("b", "1", "2025-01-01")]);
    place.file("acts/a.csv", &rows);
    place.file("acts/b.csv", &rows);
    let folder = place.path().join("acts").display().to_string();
    let told = place.ok(&["ingest", &folder]);
    assert!(told.contains("acts/a.csv: 2 read, 1 accepted, 1 rejected"), "{told}");
    assert!(
        told.contains("acts/b.csv: unchanged (1 rows landed as acts/a.csv in this run)"),
        "{told}"
    );
    assert!(told.contains("1 files landed; 1 unchanged, 0 failed, 0 passed over"), "{told}");
    assert_eq!(place.rows("select source_file, rejected_count from ops.sources"), ["a.csv,1"]);
    let again = place.ok(&["ingest", &folder]);
    assert!(again.contains("acts/b.csv: unchanged (1 rows landed as acts/a.csv in release 1)"));
    assert!(again.contains("2 unchanged"), "{again}");
}

/// Last month's `acts.csv` is kept as another file, and `acts.csv` is new: both are there.
#[test]
fn a_file_that_takes_the_name_of_another_pushes_none_of_its_rows_out() {
    let place = Place::new();
    let old = acts(&[("old", RENNES, "2024-01-01")]);
    place.ok(&["ingest", &place.file("acts/acts.csv", &old)]);
    place.file("acts/acts-old.csv", &old);
    place.file("acts/acts.csv", acts(&[("new", RENNES, "2025-01-01")]));
    place.ok(&["ingest", &place.path().join("acts").display().to_string()]);
    assert_eq!(place.rows("select act_id from lake.acts order by 1"), ["new", "old"]);
}

/// The name dates these lists: the same bytes of two years are two lists.
#[test]
fn lists_of_two_editions_are_no_copies() {
    let place = Place::new();
    let communes = r#"[{"type":"commune-actuelle","code":"35238","nom":"Rennes","siren":"213502388","departement":"35","region":"53","population":1}]"#;
    let file = |name: &str| place.file(&format!("authorities/communes-{name}.json"), communes);
    let told = place.ok(&["ingest", &file("2024"), &file("2025")]);
    assert!(told.contains("2 files landed; 0 unchanged"), "{told}");
    let told = place.ok(&["ingest", &file("2026"), &file("bretagne-2025")]);
    assert!(told.contains("1 files landed; 1 unchanged"), "{told}");
}

#[test]
fn broken_rules_are_counted_as_quarantine_and_warnings_hold_them() {
    let place = Place::new();
    let told = place.ok(&["demo", "--once"]);
    let blocking =
        "select dataset, source_file, rule, sum(count) from ops.checks where level = 'blocking'
                    group by dataset, source_file, rule order by 1, 2, 3";
    let quarantined = "select dataset, source_file, rule, count(*) from ops.quarantine
                       group by dataset, source_file, rule order by 1, 2, 3";
    assert_eq!(place.rows(blocking), place.rows(quarantined));
    let warned = "select rule, sum(count) from ops.checks
                  where level = 'warning' and dataset = 'contracts' group by rule order by rule";
    let warned = place.rows(warned);
    assert!(!warned.is_empty());
    for line in warned {
        let (rule, count) = line.split_once(',').unwrap();
        let flagged = format!(
            "select count(*) from lake.contracts where concat(' ', warnings, ' ') like '% {rule} %'"
        );
        assert_eq!(place.rows(&flagged), [count], "{rule}");
        assert!(told.contains(&format!("  {rule} (warning): ")), "{rule}: {told}");
    }
    let words = "select count(*) from ops.checks as c join ops.rules as r
                 on c.rule = r.id and c.level = r.level and c.sentence_fr = r.fr and c.sentence_en = r.en";
    assert_eq!(place.rows(words), place.rows("select count(*) from ops.checks"));
}

#[test]
fn the_last_line_counts_every_file_that_did_not_land() {
    let place = Place::new();
    let good = acts(&[("a", RENNES, "2025-01-01")]);
    place.file("in/acts/a.csv", good);
    place.file("in/acts/photo.jpg", "x");
    place.file("in/acts/notes.txt", "x");
    place.file("in/unknown.csv", "a;b\n1;2\n");
    let output = place.carnac(&["ingest", &place.path().join("in").display().to_string()]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = "release 1 published: 1 files landed; 0 unchanged, 1 failed, 2 passed over";
    assert_eq!((output.status.code(), told.lines().last()), (Some(3), Some(last)));
}

#[test]
fn each_command_has_help_with_an_example_and_a_completion() {
    let place = Place::new();
    let commands: [&[&str]; 7] = [
        &["inspect"],
        &["ingest"],
        &["refresh"],
        &["quarantine", "list"],
        &["quarantine", "explain"],
        &["quarantine", "export"],
        &["quarantine", "replay"],
    ];
    for command in commands {
        let help = place.ok(&[command, &["--help"]].concat());
        let example = format!("\n  carnac {}", command.join(" "));
        assert!(help.contains("Example") && help.contains(&example), "{command:?}: {help}");
    }
    // The prose beyond the first line is there too, of the command itself.
    for (command, part) in [
        (&["quarantine", "export"][..], "an apostrophe is put before each such cell"),
        (&["quarantine", "replay"], "one without an acceptable row changes nothing"),
        (&["ingest"], "A release is published when no audit blocks it"),
        (&["ingest"], "or a folder of them; may be given more than once. Those of the lake's"),
        (&["inspect"], "or a folder of them; may be given more than once. Those of the lake's"),
        (&["quarantine", "replay"], "or a folder of them; may be given more than once"),
        (&["demo"], "Without --root the lake is a temporary folder"),
    ] {
        let help = place.ok(&[command, &["--help"]].concat());
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(part), "{command:?}: {help}");
    }
    let bash = place.ok(&["completions", "bash"]);
    for word in ["inspect", "quarantine", "explain", "export", "replay", "--lines", "--out"] {
        assert!(bash.contains(word), "{word}");
    }
}
