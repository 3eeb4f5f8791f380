//! Surveys: what lands of them, and above all what does not.

mod search;

use std::path::Path;
use std::process::{Command, Output};

use search::{Searched, finds};

use crate::support::{CARNAC, Place, REPOSITORY, text};

const KEY: &str = "une phrase de passe pour les essais";

/// The columns of the example profile, and those that any export has beside them.
const HEADER: &str = "id,submitdate,lastpage,token,ipaddr,refurl,Q0,Q0nom,Q1,Q2,Q3[SQ001],Q3[SQ002],\
                      Q3[SQ003],Q3[other],Q4[SQ001],Q4[SQ002],Q4[SQ003],Q4[SQ003comment],Q5[1],Q5[2],Q6,Q7";
/// A SIRET of Rennes, of Vannes and of Quimper.
const RENNES: &str = "21350238800019";
const VANNES: &str = "21560260800014";

/// A person who must not be found, in the ways she may be named.
const CANARIES: [&str; 4] =
    ["Zephyrine-Canari", "zephyrine.canari@exemple.invalid", "203.0.113.77", "JETONZC42"];

impl Place {
    fn key(&self) -> String {
        self.file("key.txt", KEY)
    }

    /// Lands one export.
    fn survey(&self, name: &str, content: impl AsRef<[u8]>) -> Output {
        let file = self.file(&format!("answers/{name}"), content);
        self.carnac(&["--pseudonym-key-file", &self.key(), "ingest", &file])
    }
}

/// A response: the number, the date, the SIRET and the answers from Q1 on.
fn response(id: &str, date: &str, siret: &str, answers: &str) -> String {
    format!("{id},{date},3,,,,{siret},,{answers}\n")
}

fn export(responses: &[String]) -> String {
    format!("{HEADER}\n{}", responses.concat())
}

#[test]
fn the_samples_land_with_each_defect_told() {
    let place = Place::new();
    let folder = format!("{REPOSITORY}/data-samples/answers");
    let report = place.ok(&["--pseudonym-key-file", &place.key(), "ingest", &folder]);
    assert!(report.contains("fictif.csv: 251 read, 242 accepted, 9 rejected"), "{report}");
    assert!(report.contains("tableur.csv: 46 read, 44 accepted, 2 rejected"), "{report}");
    let why = "select rule, count(*) from ops.quarantine group by rule order by rule";
    let rules = [
        "ambiguous_number,1",
        "duplicate_response,2",
        "malformed,1",
        "missing,1",
        "not_a_date,1",
        "not_a_siret,3",
        "out_of_range,1",
        "unknown_code,1",
    ];
    assert_eq!(place.rows(why), rules);
    // As a spreadsheet wrote them: `1 200`, `7,5`, a label, a date of 12 November.
    let answers = "select value, submitted_date from lake.answers
                   where siren = '213500895' and question in ('Q2', 'Q6', 'Q4') order by question, item";
    let expected = ["1200", "5", "4", "", "7.5"].map(|value| format!("{value},2024-11-12"));
    assert_eq!(place.rows(answers), expected);
    let undated = "select distinct period, is_complete, warnings from lake.answers
                   where submitted_date is null order by 2";
    assert_eq!(place.rows(undated), ["undated,false,", "undated,true,anonymised_date"]);
}

#[test]
fn of_an_authority_the_latest_complete_response_counts() {
    let place = Place::new();
    let answers = |q1: &str| format!("{q1},,,,,,,,,,,,,");
    let output = place.survey(
        "a.csv",
        export(&[
            response("1", "2024-11-03 10:00:00", RENNES, &answers("Y")),
            response("2", "2024-11-04 10:00:00", RENNES, &answers("N")),
            response("3", "", RENNES, &answers("Y")),
            response("4", "2024-11-02 10:00:00", RENNES, &answers("Y")),
            // Later, but no response: it does not push out the one that is.
            response("5", "2024-11-09 10:00:00", RENNES, &answers("Peut-être")),
            response("6", "", VANNES, &answers("Y")),
            response("7", "", VANNES, &answers("N")),
        ]),
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(
        place.rows(
            "select siren, value, is_complete from core.answers where question = 'Q1' order by 1"
        ),
        ["213502388,N,true", "215602608,N,false"]
    );
    assert_eq!(
        place.rows("select source_line, rule from ops.quarantine order by 1"),
        [
            "2,duplicate_response",
            "4,duplicate_response",
            "5,duplicate_response",
            "6,unknown_code",
            "7,duplicate_response"
        ]
    );
}

#[test]
fn a_respondent_keeps_the_pseudonym_and_another_key_gives_another() {
    let keys = |key: &str| {
        let place = Place::new();
        let line = response("1", "2024-11-03 10:00:00", RENNES, "Y,,,,,,,,,,,,,");
        let file = place.file("answers/a.csv", export(&[line]));
        let named = place.file("key.txt", key);
        place.ok(&["--pseudonym-key-file", &named, "ingest", &file]);
        place.rows("select distinct respondent_key from lake.answers")
    };
    assert_eq!(keys(KEY).len(), 1);
    assert_eq!(keys(KEY), keys(&format!("{KEY}\n")));
    assert_ne!(keys(KEY), keys("une autre phrase, assez longue"));
}

#[test]
fn the_key_comes_from_the_flag_then_the_environment_then_the_configuration() {
    let pseudonym = |flag: Option<&str>, variable: Option<&str>, configured: Option<&str>| {
        let place = Place::new();
        let line = response("1", "2024-11-03 10:00:00", RENNES, "Y,,,,,,,,,,,,,");
        let mut args = vec!["ingest".to_owned(), place.file("answers/a.csv", export(&[line]))];
        if let Some(key) = flag {
            args.extend(["--pseudonym-key-file".to_owned(), place.file("flag.txt", key)]);
        }
        if let Some(key) = configured {
            place.file("configured.txt", key);
            place.file("carnac.toml", "pseudonym_key_file = \"configured.txt\"");
        }
        let mut command = Command::new(CARNAC);
        command.env_clear().args(["--root", &place.root()]).args(&args).current_dir(place.path());
        let output =
            command.envs(variable.map(|key| ("CARNAC_PSEUDONYM_KEY", key))).output().unwrap();
        match output.status.success() {
            true => Ok(place.rows("select distinct respondent_key from lake.answers")),
            false => Err(text(&output.stdout) + &text(&output.stderr)),
        }
    };
    let (one, two, three) =
        ("première phrase de passe", "deuxième phrase de passe", "troisième phrase de passe");
    let first = pseudonym(Some(one), None, None).unwrap();
    assert_eq!(pseudonym(None, Some(one), None), Ok(first.clone()));
    assert_eq!(pseudonym(None, None, Some(one)), Ok(first.clone()));
    assert_eq!(pseudonym(Some(one), Some(two), Some(three)), Ok(first.clone()));
    assert_eq!(pseudonym(None, Some(one), Some(three)), Ok(first));

    let none = pseudonym(None, None, None).unwrap_err();
    assert!(none.contains("there is no key") && none.contains("CARNAC_PSEUDONYM_KEY"), "{none}");
    let short = pseudonym(None, Some("court-SECRET"), None).unwrap_err();
    assert!(short.contains("16 characters") && !short.contains("SECRET"), "{short}");
}

#[test]
fn without_a_profile_nothing_of_a_survey_is_read_or_shown() {
    let place = Place::new();
    let [name, ..] = CANARIES;
    let refused = |file: &str, content: &str, why: &str| {
        let output = place.survey(file, content);
        let told = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains(why) && !told.contains(name), "{told}");
    };
    let without = "no profile with a [survey]";
    refused("unknown.csv", &format!("id,{name}\n1,{name}\n"), without);
    refused("unknown.json", &format!("[{{\"id\":\"{name}\"}}]"), without);
    // With the columns of the table itself: its text columns would hold anything.
    let own = "enquete;vague;repondant;siren;complete;question;version;modalite;valeur;statut";
    refused("own.csv", &format!("{own}\ns;1;{name};213502388;1;Q;1;all;{name};réponse\n"), without);
    let short = format!("id,submitdate,Q0,{name}\n1,,{RENNES},{name}\n");
    refused("short.csv", &short, "column `Q1` is missing");
    let twice = export(&[]).replacen("Q7", &format!("Q1. {name}"), 1);
    refused("twice.csv", &twice, "column `Q1` stands twice");
}

/// The one test that must never be weakened: a person is put wherever a person may be, and every
/// byte that the program leaves behind is searched for her.
#[test]
fn nobody_is_found_in_the_lake_or_in_what_is_told() {
    let place = Place::new();
    let output = place.survey("canary.csv", canary_export());
    let log = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{log}");
    assert!(log.contains("30 read, 22 accepted, 8 rejected"), "{log}");

    let mut output = place.carnac(&[
        "--log",
        "debug",
        "--pseudonym-key-file",
        &place.key(),
        "ingest",
        &place.file("answers/again.csv", canary_export().replace(" 11:00", " 12:00")),
    ]);
    assert!(output.status.success());
    output.stdout.extend_from_slice(&output.stderr);
    assert!(output.stdout.len() > 2000, "there is a log to search");

    let lake = Searched::of(Path::new(&place.root()));
    assert!(lake.parquet_count >= 3, "answers and quarantine: {}", lake.parquet_count);
    for canary in CANARIES {
        assert!(!finds(&output.stdout, canary), "{canary} is in the log");
        assert_eq!(lake.places(canary), Vec::<String>::new(), "{canary}");
    }
    // The key, and the number of a response, are not there either.
    assert_eq!(lake.places(KEY), Vec::<String>::new());
    assert_eq!(lake.places("4242424242"), Vec::<String>::new());

    // What did land is found, in pages and elsewhere: the search can find.
    for landed in ["213502388", "enquete-exemple", "duplicate_response"] {
        let places = lake.places(landed);
        assert!(places.iter().any(|place| place.ends_with(" pages")), "{landed}: {places:?}");
    }
    assert!(lake.places("respondent_key").iter().any(|place| place.ends_with(".json")));
}

/// One good response, one of a partial respondent, and rejected ones, all full of canaries.
fn canary_export() -> String {
    let [name, mail, address, token] = CANARIES;
    let header = format!("{HEADER},Question de {name},{mail}");
    let around = |id: &str, date: &str, siret: &str, q1: &str, q2: &str, q5: &str| {
        format!(
            "{id},{date},3,{token},{address},https://exemple.invalid/{mail},{siret},{name},{q1},{q2},Y,,,\
             \"{name}, {mail}\",A1,A2,A3,{address},{q5},,5,\"Signé\n{name}\",{name},{mail}\n"
        )
    };
    let complete = "2024-11-05 11:00:00";
    let rows = [
        // Accepted: the person's name is even the number of a response.
        around("4242424242", complete, RENNES, "Y", "3", "COUT"),
        around(name, "", VANNES, "Y", "3", "COUT"),
        // Rejected, each for a person in a box.
        around("2", "2024-11-04 10:00:00", RENNES, "Y", "3", "COUT"),
        around("3", complete, mail, "Y", "3", "COUT"),
        around("4", complete, "21290232400012", name, "3", "COUT"),
        around("5", complete, "21290232400012", "Y", address, "COUT"),
        around("6", complete, "21290232400012", "Y", "3", mail),
        around("7", name, "21290232400012", "Y", "3", "COUT"),
        format!("8,{complete},{name},{mail},{address},{token}\n"),
        format!("9,\"{name} n'a pas fermé ses guillemets,{mail}\n"),
    ];
    format!("{header}\n{}", rows.concat())
}
