//! `carnac inspect`: what a file is and what would become of it, without a lake.

use crate::support::{Place, REPOSITORY, acts, text};

const RENNES: &str = "213502388";

fn has(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_file_is_told_with_its_first_faults_and_nothing_is_landed() {
    let place = Place::new();
    let content = format!(
        "{}x;213502380;1;7.10;2025-01-01;;4;0\nshort;row\n",
        acts(&[("a", RENNES, "2025-01-01")])
    );
    let file = place.file("acts/acts.csv", content);
    let told = place.ok(&["inspect", &file]);
    has(
        &told,
        &[
            "dataset  acts (Actes transmis au contrôle de légalité / Acts sent to the préfecture)",
            "format   CSV, UTF-8, separator ';'",
            "header   id_acte, siren, nature, matiere, date_decision, date_ar, statut, annule",
            "profile  none",
            "rows     3 read, 1 accepted, 2 rejected, 0 warnings",
            "1  not_a_siren: n'est pas un SIREN (neuf chiffres, clé de Luhn) / not a SIREN",
            &format!("{file}:3: not_a_siren (siren)\n    x;213502380;1;7.10;2025-01-01;;4;0\n"),
            &format!("{file}:4: malformed\n    short;row\n"),
            "1 files readable, 0 not, 0 passed over; nothing was landed",
        ],
    );
    assert!(!place.path().join("lake").exists());
    let one = place.ok(&["inspect", &file, "--lines", "1"]);
    assert!(one.contains(":3: ") && !one.contains(":4: "), "{one}");
}

/// But for the copies, which the merge alone finds.
#[test]
fn an_inspection_counts_as_landing_does() {
    let place = Place::new();
    for (dataset, count) in [("acts", 3), ("consultations", 0), ("panels", 0)] {
        let samples = format!("{REPOSITORY}/data-samples/{dataset}");
        let rules = |told: String| {
            let of_rule = |line: &&str| line.contains(": ") && line.starts_with("       ");
            let lines: Vec<_> = told.lines().filter(of_rule).map(str::to_owned).collect();
            lines.into_iter().filter(|line| !line.contains("  exact_copy: ")).collect::<Vec<_>>()
        };
        let (told, landed) =
            (rules(place.ok(&["inspect", &samples])), rules(place.ok(&["ingest", &samples])));
        assert_eq!(told.len(), count, "{dataset}");
        assert_eq!(told, landed);
    }
}

#[test]
fn encoding_separator_and_profile_are_told() {
    let place = Place::new();
    let profile = place.file(
        "p.toml",
        "name = \"essai\"\ndataset = \"acts\"\ndetect = [\"Numéro\"]\n\
         [columns]\nid_acte = \"Numéro\"\nsiren = \"Collectivité\"\n",
    );
    let content = "Numéro\tCollectivité\tnature\tmatiere\tdate_decision\tdate_ar\tstatut\tannule\n\
                   é\t213502388\t1\t7.1\t2025-01-01\t\t4\t0\n";
    let latin: Vec<u8> = content.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let file = place.file("export.csv", latin);
    let told = place.ok(&["inspect", &file, "--profile", &profile]);
    has(
        &told,
        &[
            "format   CSV, windows-1252, separator '\\t'",
            "header   numéro, collectivité, nature",
            "profile  essai",
            "1 read, 1 accepted, 0 rejected",
        ],
    );
    // What "today" means decides, as it does when the file lands.
    let early = place.ok(&["inspect", &file, "--profile", &profile, "--run-date", "2024-12-31"]);
    assert!(early.contains("1 read, 0 accepted, 1 rejected"), "{early}");
}

#[test]
fn an_unreadable_file_is_told_and_stops_no_other() {
    let place = Place::new();
    let good = place.file("acts/a.csv", acts(&[("a", RENNES, "2025-01-01")]));
    let unknown = place.file("unknown.csv", "a;b\n1;2\n");
    let headless = place.file("bad/acts/b.csv", "id_acte;siren\n1;213502388\n");
    let output = place.carnac(&["inspect", &unknown, &headless, &good]);
    assert_eq!(output.status.code(), Some(3));
    has(
        &text(&output.stdout),
        &["1 read, 1 accepted", "1 files readable, 2 not, 0 passed over; nothing was landed"],
    );
    has(
        &text(&output.stderr),
        &["unknown.csv: cannot tell which dataset", "column `nature` is missing"],
    );
    // A row out of place is no failure.
    let bad = place.file("acts/bad.csv", acts(&[("a", "1", "2025-01-01")]));
    assert!(place.ok(&["inspect", &bad]).contains("1 read, 0 accepted, 1 rejected"));
    assert!(
        place.fails(1, &["inspect", "--dataset", "nope", &good]).contains("there is no dataset")
    );
}

/// A terminal obeys what it is shown.
#[test]
fn a_row_is_cut_and_its_control_characters_are_not_sent_to_the_terminal() {
    let place = Place::new();
    let row = format!("\u{1b}[2J{};1\n", "é".repeat(500));
    let told = place.ok(&["inspect", &place.file("acts/a.csv", acts(&[]) + &row)]);
    assert!(!told.contains('\u{1b}'), "{told}");
    let shown = told.lines().find(|line| line.contains("\\u{1b}[2J")).unwrap().trim();
    assert!(shown.ends_with("é…") && shown.chars().count() < 130, "{shown}");
}

#[test]
fn of_a_survey_neither_headings_nor_answers_in_words_are_shown() {
    let place = Place::new();
    let key = place.file("key.txt", "une phrase de passe pour les essais");
    let header = "id,submitdate,Q0,Q1,Q2,Q3[SQ001],Q3[SQ002],Q3[SQ003],Q4[SQ001],Q4[SQ002],\
                  Q4[SQ003],Q5[1],Q5[2],Q6,Téléphone de Mme Canari\n";
    let row = "1,2024-11-03 10:00:00,99,Canari,,,,,,,,,,,Canari\n";
    let file = place.file("answers/a.csv", format!("{header}{row}"));
    let told = place.ok(&["--pseudonym-key-file", &key, "inspect", &file]);
    has(&told, &["dataset  answers", "profile  enquete-exemple-2024", "1 rejected", ":2: "]);
    assert!(!told.contains("Canari") && !told.contains("canari"), "{told}");
    let without = place.fails(3, &["inspect", &file]);
    assert!(without.contains("there is no key to make them with"), "{without}");
}
