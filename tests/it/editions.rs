//! Editions, which stay what they were, and what `carnac diff` says of two states.

use crate::support::{Place, REPOSITORY, acts, text};

/// The definition of a transmitted act, and one by which a cancelled act counts as well.
const TRANSMITTED: &str = "acknowledged_date is not null and not is_cancelled as is_transmitted";
const CANCELLED_TOO: &str = "acknowledged_date is not null as is_transmitted";

const RENNES: &str = "213502388";
const VANNES: &str = "215602608";
const LANNION: &str = "212201131";
const QUIMPER: &str = "212902324";

/// A folder of definitions of one's own.
struct Sql<'p> {
    place: &'p Place,
}

impl<'p> Sql<'p> {
    fn of(place: &'p Place) -> Self {
        place.sql();
        Self { place }
    }

    fn folder(&self) -> String {
        self.place.path().join("sql").display().to_string()
    }

    /// Puts one text in the place of another in a file.
    fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.place.path().join("sql").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
    }

    /// Runs the program with these definitions, and returns its standard output.
    fn ok(&self, args: &[&str]) -> String {
        let folder = self.folder();
        let mut all = vec!["--sql", folder.as_str()];
        all.extend(args);
        self.place.ok(&all)
    }
}

/// Lands acts of 2025 and how many the authorities report; the same again replaces the former.
fn land(place: &Place, folder: &str, sent: &[(&str, usize, usize)], reported: &[(&str, u32)]) {
    let mut csv = acts(&[]);
    for (siren, count, cancelled) in sent {
        for number in 0..count + cancelled {
            let is_cancelled = usize::from(number >= *count);
            let day = "2025-01-10";
            csv += &format!("{siren}-{number};{siren};1;7.10;{day};{day};4;{is_cancelled}\n");
        }
    }
    let mut totals = "siren;annee;variable;modalite;valeur;statut;vague\n".to_owned();
    for (siren, total) in reported {
        totals += &format!("{siren};2025;ACT_TOT;;{total};réponse;2025\n");
    }
    let csv = place.file(&format!("{folder}/acts/acts.csv"), csv);
    let totals = place.file(&format!("{folder}/reported/reported.csv"), totals);
    place.ok(&["ingest", &csv, &totals, "--run-date", "2025-12-31"]);
}

/// Release 1: Rennes 3 of 4, Vannes 1 of 2, Lannion 4 of 4.
fn before(place: &Place) {
    let sent = [(RENNES, 3, 1), (VANNES, 1, 0), (LANNION, 4, 0)];
    land(place, "1", &sent, &[(RENNES, 4), (VANNES, 2), (LANNION, 4)]);
}

/// Release 2: Rennes reports 6, Lannion no more, Quimper for the first time 1 of 5.
fn after(place: &Place) {
    let sent = [(RENNES, 3, 1), (VANNES, 1, 0), (LANNION, 4, 0), (QUIMPER, 1, 0)];
    land(place, "2", &sent, &[(RENNES, 6), (VANNES, 2), (QUIMPER, 5)]);
}

#[test]
fn an_edition_answers_the_figures_of_its_day_bit_for_bit() {
    let place = Place::new();
    before(&place);
    let sql = Sql::of(&place);
    sql.ok(&["edition", "freeze", "2025-S1"]);
    let question = "select * from indicator.act_transmission_rate order by siren, period";
    let frozen = ["query", question, "--edition", "2025-S1", "--format", "csv"];
    let today = ["query", question, "--format", "csv"];
    let figures = sql.ok(&frozen);
    assert_eq!(figures, sql.ok(&today));
    assert!(figures.contains("213502388,2025,3,4,0.75,observed"), "{figures}");

    sql.change("core/acts.sql", TRANSMITTED, CANCELLED_TOO);
    assert!(sql.ok(&today).contains("213502388,2025,4,4,1.0,observed"));
    after(&place);
    assert!(sql.ok(&today).contains("213502388,2025,4,6,"));
    assert_eq!(sql.ok(&frozen), figures);
    // Nor does it matter which definitions the program is given, or that they cannot be read.
    assert_eq!(place.ok(&frozen), figures);
    sql.change("core/acts.sql", "-- unit: row", "-- unit");
    assert!(
        place.fails(1, &["--sql", &sql.folder(), "query", question]).contains("core/acts.sql:3")
    );
    std::fs::remove_dir_all(place.path().join("sql")).unwrap();
    assert_eq!(place.ok(&frozen), figures);
    // A release has the definitions of today.
    let one = place.ok(&["query", question, "--release", "1", "--format", "csv"]);
    assert_eq!(one, figures);
}

#[test]
fn an_edition_is_frozen_once() {
    let place = Place::new();
    before(&place);
    after(&place);
    let told = place.ok(&["edition", "freeze", "2025-S1", "--release", "1"]);
    assert!(told.starts_with("edition 2025-S1 frozen: release 1, "), "{told}");
    let file = place.path().join("lake/editions/2025-S1.json");
    let written = std::fs::read(&file).unwrap();
    let again = place.fails(1, &["edition", "freeze", "2025-S1"]);
    assert!(again.contains("edition 2025-S1 is frozen already and cannot change"), "{again}");
    assert_eq!(std::fs::read(&file).unwrap(), written);
    for name in ["2025", "../x", "", "été"] {
        let error = place.fails(2, &["edition", "freeze", name]);
        assert!(error.contains("and not digits only"), "{error}");
    }
    let none = place.fails(1, &["edition", "freeze", "x", "--release", "7"]);
    assert!(none.contains("release 7 is not in"), "{none}");
    assert_eq!(std::fs::read_dir(place.path().join("lake/editions")).unwrap().count(), 1);
}

#[test]
fn an_edition_tells_what_it_holds() {
    let place = Place::new();
    before(&place);
    assert_eq!(place.ok(&["edition", "list"]).lines().count(), 1);
    place.ok(&["edition", "freeze", "2025-S1"]);
    let list = place.ok(&["edition", "list"]);
    assert!(list.lines().nth(1).unwrap().starts_with("2025-S1  1 "), "{list}");
    let shown = place.ok(&["edition", "show", "2025-S1"]);
    assert!(
        shown.contains("release   1\n") && shown.contains("Taux d'actes télétransmis"),
        "{shown}"
    );
    let file = ["edition", "show", "2025-S1", "--file", "core/acts.sql"];
    let text = std::fs::read_to_string(format!("{REPOSITORY}/sql/core/acts.sql")).unwrap();
    assert_eq!(place.ok(&file), text);
    let none = place.fails(1, &["edition", "show", "2025-S1", "--file", "core/act.sql"]);
    assert!(none.contains("has no file core/act.sql; it has core/activations.sql, "), "{none}");
    let none = place.fails(1, &["edition", "show", "2025-S1", "--file", "acts"]);
    assert!(none.contains("has no file acts; it has assessment, audit, core, "), "{none}");
    let none = place.fails(1, &["query", "select 1", "--edition", "2025-S2"]);
    assert!(none.contains("edition 2025-S2 is not in"), "{none}");
}

/// One byte of a definition changed: nobody gets another figure under the old name.
#[test]
fn a_damaged_edition_is_refused_and_hides_no_other() {
    let place = Place::new();
    before(&place);
    place.ok(&["edition", "freeze", "good"]);
    place.ok(&["edition", "freeze", "bad"]);
    let file = place.path().join("lake/editions/bad.json");
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("status_code >= 4"));
    std::fs::write(&file, written.replace("status_code >= 4", "status_code >= 3")).unwrap();
    for args in [&["query", "select 1", "--edition", "bad"][..], &["edition", "show", "bad"]] {
        let error = place.fails(1, args);
        assert!(error.contains("edition bad is damaged: its checksum is another"), "{error}");
    }
    let list = place.carnac(&["edition", "list"]);
    assert_eq!(list.status.code(), Some(1));
    assert!(text(&list.stdout).contains("good"), "{}", text(&list.stdout));
    assert!(text(&list.stderr).contains("edition bad is damaged"), "{}", text(&list.stderr));
}

/// The rows of a comparison: its columns from the identifier on, without the versions.
fn compare(place: &Place, args: &[&str]) -> Vec<String> {
    let mut all = vec!["diff"];
    all.extend(args);
    all.extend(["--format", "csv"]);
    place.ok(&all).lines().skip(1).map(str::to_owned).collect()
}

/// By hand, the share of acts transmitted in 2025 (A08). Rennes, Vannes and Lannion at first:
///     (3 + 1 + 4) / (4 + 2 + 4) = 8/10 = 0.8
/// Then Rennes reports 6 acts instead of 4, Lannion no more, Quimper enters with 1 of 5, and by
/// the new definition the cancelled act of Rennes counts:
///     (4 + 1 + 1) / (6 + 2 + 5) = 6/13 = 0.4615384615
/// Rennes and Vannes are in both: 4/6 at first; 4/8 with the new data; 5/8 by the new definition.
///     data        4/8 − 4/6 = −0.1666666667
///     definition  5/8 − 4/8 = +0.1250000000
///     scope       the rest of −0.3384615385: −0.2967948718
#[test]
fn a_change_is_data_definition_and_scope() {
    let place = Place::new();
    before(&place);
    place.ok(&["edition", "freeze", "2025-S1"]);
    after(&place);
    let sql = Sql::of(&place);
    sql.change("core/acts.sql", TRANSMITTED, CANCELLED_TOO);
    sql.ok(&["edition", "freeze", "2025-S2"]);
    let a08 = ["--indicator", "A08", "--period", "2025"];
    let of = |states: [&'static str; 2]| compare(&place, &[&states[..], &a08[..]].concat());
    assert_eq!(
        of(["2025-S1", "2025-S2"]),
        ["A08,2025,,,1,1,8,10,0.8000000000,6,13,0.4615384615,-0.3384615385,\
          -0.1666666667,0.1250000000,-0.2967948718,2,1,1"]
    );
    // The definitions of today are those of the first edition: nothing is due to them.
    assert_eq!(
        of(["1", "2"]),
        ["A08,2025,,,1,1,8,10,0.8000000000,5,13,0.3846153846,-0.4153846154,\
          -0.1666666667,0.0000000000,-0.2487179487,2,1,1"]
    );
    // The same data under two definitions: Rennes' cancelled act, and nothing else.
    place.ok(&["edition", "freeze", "2025-S3"]);
    assert_eq!(
        of(["2025-S3", "2025-S2"]),
        ["A08,2025,,,1,1,5,13,0.3846153846,6,13,0.4615384615,0.0769230769,\
          0.0000000000,0.0769230769,0.0000000000,3,0,0"]
    );
    assert_eq!(of(["2025-S1", "1"]), [""; 0]);
    let all = compare(&place, &["1", "2025-S1", "--indicator", "A08", "--unchanged"]);
    assert_eq!(all.len(), 1);
}

#[test]
fn one_authority_is_compared_with_itself() {
    let place = Place::new();
    before(&place);
    after(&place);
    let of = |siren| compare(&place, &["1", "2", "--indicator", "A08", "--siren", siren]);
    assert_eq!(
        of(RENNES),
        ["A08,2025,,213502388,1,1,3,4,0.7500000000,3,6,0.5000000000,-0.2500000000,\
          -0.2500000000,0.0000000000,0.0000000000,1,0,0"]
    );
    // It has a figure in one of them only: there is no change to split.
    assert_eq!(of(QUIMPER), ["A08,2025,,212902324,1,1,,,,1,5,0.2000000000,,,,,0,0,1"]);
    assert_eq!(of(LANNION), ["A08,2025,,212201131,1,1,4,4,1.0000000000,,,,,,,,0,1,0"]);
    assert_eq!(of(VANNES), [""; 0]);
}

/// Acts by subject (A10): Vannes has no act of 7.10 at first, and counts there with 0 of 2.
///     subject 7.10: 2 / (2 + 2) = 0.5, then 3 / (2 + 2) = 0.75
///     subject 1.1:  2 / (2 + 2) = 0.5, then 1 / (2 + 2) = 0.25
#[test]
fn the_items_of_a_split_are_shares_of_the_whole_region() {
    let place = Place::new();
    let land = |folder: &str, last: &str| {
        let row = |number: &str, siren: &str, subject: &str| {
            format!("{number};{siren};1;{subject};2025-01-10;2025-01-10;4;0\n")
        };
        let csv = [
            acts(&[]),
            row("a", RENNES, "7.10"),
            row("b", RENNES, "7.10"),
            row("c", VANNES, "1.1"),
            row("d", VANNES, last),
        ];
        let path = place.file(&format!("{folder}/acts/acts.csv"), csv.concat());
        place.ok(&["ingest", &path, "--run-date", "2025-12-31"]);
    };
    land("1", "1.1");
    land("2", "7.10");
    assert_eq!(
        compare(&place, &["1", "2", "--indicator", "act_structure_by_subject"]),
        [
            "A10,2025,1.1,,1,1,2,4,0.5000000000,1,4,0.2500000000,-0.2500000000,\
             -0.2500000000,0.0000000000,0.0000000000,2,0,0",
            "A10,2025,7.10,,1,1,2,4,0.5000000000,3,4,0.7500000000,0.2500000000,\
             0.2500000000,0.0000000000,0.0000000000,2,0,0"
        ]
    );
    // In the table a figure loses its last zeros, an item does not.
    let told = place.ok(&["diff", "1", "2", "--indicator", "A10"]);
    let line = told.lines().nth(4).unwrap();
    let words: Vec<_> = line.split_whitespace().take(6).collect();
    assert_eq!(words, ["A10", "2025", "7.10", "0.5", "0.75", "0.25"]);
}

#[test]
fn a_comparison_reads_well_and_says_its_method() {
    let place = Place::new();
    before(&place);
    place.ok(&["edition", "freeze", "2025-S1"]);
    after(&place);
    let told = place.ok(&["diff", "2025-S1", "2", "--indicator", "A08"]);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines[0], "A = 2025-S1, B = 2");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        words(lines[3]),
        [
            "A08",
            "2025",
            "0.8",
            "0.3846153846",
            "-0.4153846154",
            "-0.1666666667",
            "0",
            "-0.2487179487",
            "2",
            "1",
            "1"
        ]
    );
    assert!(told.contains("Méthode : ") && told.contains("Method: "), "{told}");
    assert_eq!(place.ok(&["diff", "1", "2025-S1"]), "no figure differs between 1 and 2025-S1\n");
    let json = place.ok(&["diff", "1", "2", "--indicator", "A08", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["left_count"], 1);
    for (args, part) in [
        (["diff", "1", "9"], "release 9 is not in"),
        (["diff", "nope", "1"], "edition nope is not in"),
    ] {
        let error = place.fails(1, &args);
        assert!(error.contains(part), "{error}");
    }
    let error = place.fails(1, &["diff", "1", "2", "--indicator", "A99"]);
    assert!(error.contains("there is no indicator `A99`"), "{error}");
    assert!(place.fails(2, &["diff", "1", "2", "--siren", "1"]).contains("nine digits"));
}

/// An indicator that only one side defines has a figure there, and no change.
#[test]
fn definitions_that_are_no_more_are_compared_as_absent() {
    let place = Place::new();
    before(&place);
    place.ok(&["edition", "freeze", "whole"]);
    let sql = Sql::of(&place);
    for name in ["act_structure_by_subject.sql", "online_tenders.sql"] {
        std::fs::remove_file(place.path().join("sql/indicator").join(name)).unwrap();
    }
    sql.ok(&["edition", "freeze", "fewer"]);
    let rows = compare(&place, &["whole", "fewer"]);
    assert_eq!(rows, ["A10,2025,7.10,,1,,8,8,1.0000000000,,,,,,,,0,3,0"]);
}
