//! What-if scenarios of the savings model, from the command line and in SQL.

use crate::support::{Place, REPOSITORY, acts, text};

const CALIBRATED: &str = "data-samples/cost_parameters/parametres-2013-calage.csv";

/// A lake that holds the calibrated cost parameters only.
fn calibrated() -> Place {
    let place = Place::new();
    place.ok(&["ingest", &format!("{REPOSITORY}/{CALIBRATED}")]);
    place
}

/// `section,item,mid` of the rows of a scenario without a year.
fn figures(place: &Place, call: &str) -> Vec<String> {
    place.rows(&format!(
        "select section, item, mid from scenario({call})
         where year is null and mid is not null and section not like 'tornado%'"
    ))
}

fn figure(figures: &[String], name: &str) -> String {
    let found = figures.iter().find_map(|row| row.strip_prefix(&format!("{name},")));
    found.unwrap_or_else(|| panic!("no {name} in {figures:?}")).to_owned()
}

/// An amount as a French reader writes it.
fn french(amount: &str) -> String {
    let (whole, cents) = amount.split_once('.').unwrap();
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    format!("{grouped},{cents}")
}

#[test]
fn the_figures_of_2013_are_reproduced_within_half_a_per_cent() {
    let place = calibrated();
    let figures = figures(&place, "'bilan-2013', 1, 100");
    let published = [
        ("pooling", "1120000.00"),
        ("five_years", "3800000.00"),
        ("full_rate", "9700000.00"),
        ("remaining", "5900000.00"),
        ("share", "39.18"),
    ];
    for (name, value) in published {
        assert_eq!(figure(&figures, &format!("reference,{name}")), value);
        let gap: f64 = figure(&figures, &format!("gap,{name}")).parse().unwrap();
        assert!(gap.abs() <= 0.5, "{name}: {gap} %");
    }
    // The page that shows the sums by hand ends in the same amounts.
    let page = format!("{REPOSITORY}/data-samples/scenarios/bilan-2013.md");
    let page = std::fs::read_to_string(page).unwrap();
    for measure in ["pooling_net", "at_present_rate", "at_full_rate", "remaining"] {
        let amount = french(&figure(&figures, &format!("{measure},all")));
        assert!(page.contains(&amount), "{measure} is {amount}, which the page does not say");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let place = calibrated();
    let run = |seed: &str| {
        let args = ["scenario", "bilan-2013", "--format", "csv", "--draws", "200", "--seed", seed];
        place.ok(&args)
    };
    let first = run("7");
    assert_eq!(first, run("7"));
    let other = run("8");
    let intervals = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("interval_")).map(str::to_owned).collect()
    };
    assert_ne!(intervals(&first), intervals(&other));
    let others = |text: &str| -> Vec<String> {
        let drawn = |line: &&str| line.starts_with("interval_") || line.starts_with("scenario,");
        text.lines().filter(|line| !drawn(line)).map(str::to_owned).collect()
    };
    assert_eq!(others(&first), others(&other), "only intervals are drawn");
}

#[test]
fn a_file_asks_about_the_lake_and_its_perimeter() {
    let place = Place::new();
    let rows = [
        ("035-213502388-20250110-1-DE", "213502388", "2025-01-10"),
        ("035-213502388-20250110-2-DE", "213502388", "2025-01-10"),
        ("056-215602608-20250110-1-DE", "215602608", "2025-01-10"),
    ];
    place.file("in/acts/acts.csv", acts(&rows));
    place.file(
        "in/reported/reported.csv",
        "siren;annee;variable;modalite;valeur;statut;vague\n\
         213502388;2025;ACT_TOT;;8;réponse;2025\n215602608;2025;ACT_TOT;;2;réponse;2025\n",
    );
    place.file(
        "in/cost_parameters/parameters.csv",
        "parametre;procedure;poste;support;facteur;unite;bas;moyen;haut;date_debut;origine;source\n\
         timbre;acte;envoi;papier;prix;EUR;1;2;3;2025-01-01;hypothèse;exemple\n",
    );
    place.ok(&["ingest", &place.path().join("in").display().to_string()]);
    // At 2 € an act: 3 of 10 acts now, all of them from next year on.
    let all = "title = \"essai\"\nyear = 2025\nyears = 2\n[trajectory.act]\n2026 = 1\n";
    let file = place.file("what-if.toml", all);
    let csv = place.ok(&["scenario", &file, "--format", "csv", "--draws", "100"]);
    for row in [
        "rate,act,\"Taux actuel, actes\",,,30.00,,percent",
        "realised,all,Économies réalisées (C05),,3.00,6.00,9.00,eur",
        "at_trajectory,all,Projection selon la trajectoire,,20.00,40.00,60.00,eur",
        "at_full_rate,all,Projection à 100 % (C07),,20.00,40.00,60.00,eur",
        "remaining,all,Gisement restant (C08),,14.00,28.00,42.00,eur",
        "remaining,all,\"Gisement restant (C08), 2026\",2026,7.00,14.00,21.00,eur",
    ] {
        assert!(csv.lines().any(|line| line == row), "{row} is not in\n{csv}");
    }
    // Vannes alone: 1 of 2 acts.
    let one = format!("'{all}[perimeter]\nsirens = [\"215602608\"]\n'");
    assert_eq!(figure(&figures(&place, &one), "realised,all"), "2.00");
    let none = "'title = \"x\"\nyear = 2025\nperimeter.strata = [\"<500\"]\n'";
    let sql = format!("select * from scenario({none})");
    let error = place.fails(1, &["query", &sql]);
    assert!(error.contains("no volume is known for 2025 in this perimeter"), "{error}");
}

#[test]
fn what_is_wrong_with_a_scenario_is_told() {
    let place = calibrated();
    let error = place.fails(1, &["scenario", "bilan-2012"]);
    assert!(error.contains("there are bilan-2013, trajectoire-2030"), "{error}");
    let file = |name: &str, text: &str| place.file(name, format!("title = \"x\"\n{text}"));
    let cases = [
        (file("a.toml", "year = 2013\nyeers = 5"), "unknown field `yeers`"),
        (file("b.toml", "year = 2005"), "no cost parameter is in force on 31 December 2005"),
        (file("c.toml", "year = 2013"), "no volume is known for 2013"),
        (file("d.toml", "year = 2013\ncompare = \"l'an\""), "no reference figures named `l'an`"),
        (place.path().join("none.toml").display().to_string(), "read scenario"),
    ];
    for (path, expected) in cases {
        let error = place.fails(1, &["scenario", &path]);
        assert!(error.contains(expected), "{path}: {error}");
    }
    for sql in [
        "select * from scenario()",
        "select * from scenario('bilan-2013', -1)",
        "select * from scenario('bilan-2013', 1, 99)",
        "select * from scenario(1)",
    ] {
        place.fails(1, &["query", sql]);
    }
    let output = place.carnac(&["scenario", "bilan-2013", "--draws", "99"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}
