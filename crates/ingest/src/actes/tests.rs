//! Messages read from samples, one envelope throughout as in an archive.

use carnac_model::Checked;

use super::*;
use crate::batches::tests::{checked, table};

/// Names of the samples, fictitious all.
const SENT_IN: &str = "EACT--212201131--20240116-1.xml";
const ACT: &str = "022-212201131-20240115-2024_001-DE-1-1_0.xml";
const RECEIVED: &str = "022-212201131-20240115-2024_001-DE-1-2_1.xml";
const CANCELLED: &str = "022-212201131-20240115-2024_001-DE-6-1_0.xml";
const CANCELLATION_RECEIVED: &str = "022-212201131-20240115-2024_001-DE-6-2_1.xml";
const OF_A_PERSON: &str = "022-212201131-20240115-2024_002-AI-1-1_0.xml";
const OTHER_NATURE: &str = "022-212201131-20240115-2024_003-DE-1-1_0.xml";
const ANOMALY: &str = "022-212201131-20240115-2024_003-DE-1-3_1.xml";
const ASCII: &str = "022-212201131-20240115-2024_005-AU-1-1_0.xml";
const UNNAMED: &str = "delib-sans-nom.xml";
const SUBJECTS: &str = "022-212201131----7-2_1.xml";

fn sample(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/actes");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// Reads files in order with one envelope, as those of an archive.
fn read_all(files: &[(&str, &[u8])]) -> Checked {
    let (_, checked) = checked("act_messages", |batches| {
        let mut envelope = Envelope::default();
        files.iter().map(|(name, bytes)| read(name, *bytes, &mut envelope, batches)).sum()
    });
    checked
}

/// Reads samples in order, as [`read_all`].
fn messages(names: &[&str]) -> Checked {
    let files: Vec<_> = names.iter().map(|name| (*name, sample(name))).collect();
    let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    read_all(&files)
}

fn subjects(name: &str, bytes: &[u8]) -> Checked {
    checked("classifications", |batches| classification::read(name, bytes, batches)).1
}

#[test]
fn an_act_is_read_from_its_message_and_its_envelope() {
    let checked = messages(&[SENT_IN, ACT]);
    let columns = "message act_id siren department_code decision_date message_date \
                   internal_number nature_code subject_code subject classification_date \
                   attachment_count is_paper anomaly_code period";
    assert_eq!(
        table(&checked.rows(), columns),
        ["1-1|022-212201131-20240115-2024_001-DE|212201131|22|2024-01-15|2024-01-16|2024_001|1|\
          7.10|Admission en non-valeur de créances (fictif)|2019-08-29|2|false||2024"]
    );
}

#[test]
fn without_an_envelope_the_name_says_who_sent_it() {
    let checked = messages(&[ACT]);
    assert_eq!(table(&checked.rows(), "siren department_code message_date"), ["212201131|22|"]);
}

#[test]
fn an_envelope_names_the_sender_of_an_unnamed_message() {
    let checked = messages(&[SENT_IN, UNNAMED]);
    assert_eq!(
        table(&checked.rows(), "act_id siren department_code message_date"),
        ["022-212201131-20240115-2024_004-DE|212201131|22|2024-01-16"]
    );
    let orphan = messages(&[UNNAMED]);
    assert_eq!(table(orphan.rejected(), "rule field"), ["missing|act_id"]);
}

#[test]
fn an_envelope_serves_only_the_messages_it_lists() {
    let checked = messages(&[SENT_IN, ASCII]);
    assert_eq!(table(&checked.rows(), "siren message_date"), ["212201131|"]);
}

#[test]
fn each_message_about_an_act_carries_its_identifier_and_its_date() {
    let checked = messages(&[RECEIVED, ANOMALY, CANCELLED, CANCELLATION_RECEIVED]);
    let columns = "message act_id decision_date message_date subject_code anomaly_code";
    assert_eq!(
        table(&checked.rows(), columns),
        [
            "1-2|022-212201131-20240115-2024_001-DE|2024-01-15|2024-01-17|7.10|",
            "1-3|022-212201131-20240115-2024_003-DE|2024-01-15|2024-01-18|1.1|008",
            "6-1|022-212201131-20240115-2024_001-DE|2024-01-15|||",
            "6-2|022-212201131-20240115-2024_001-DE|2024-01-15|2024-02-01||",
        ]
    );
    assert_eq!(
        table(&checked.rows(), "classification_date").first().map(String::as_str),
        Some("2023-12-01")
    );
}

#[test]
fn text_is_decoded_whatever_the_encoding() {
    let checked = messages(&[OTHER_NATURE, ASCII]);
    assert_eq!(
        table(&checked.rows(), "subject"),
        [
            "Avenant n°2 au marché «\u{a0}d’entretien\u{a0}» – 10\u{a0}000\u{a0}€ (fictif)",
            "Vœu pour l’école (fictif)"
        ]
    );
}

#[test]
fn a_nature_that_differs_from_the_name_is_a_warning() {
    let checked = messages(&[ACT, OTHER_NATURE, RECEIVED]);
    assert_eq!(table(&checked.rows(), "nature_code warnings"), ["1|", "4|nature_differs", "1|"]);
}

#[test]
fn a_date_that_differs_from_the_identifier_is_a_warning() {
    let text = sample(ACT).iter().map(|byte| char::from(*byte)).collect::<String>();
    let text = text.replace("ISO-8859-1", "UTF-8").replace("2024-01-15", "2023-12-31");
    let checked = read_all(&[(ACT, text.as_bytes())]);
    assert_eq!(table(&checked.rows(), "decision_date warnings"), ["2024-01-15|date_differs"]);
}

#[test]
fn an_individual_act_lands_without_the_subject_that_names_a_person() {
    let accepted = messages(&[OF_A_PERSON]);
    assert_eq!(table(&accepted.rows(), "nature_code subject"), ["3|"]);

    let bytes = sample(OF_A_PERSON);
    let bad = String::from_utf8(bytes.clone()).unwrap().replace("2019-08-29", "2019-02-31");
    let rejected = read_all(&[(OF_A_PERSON, bad.as_bytes())]);
    assert_eq!(table(rejected.rejected(), "rule field"), ["not_a_date|classification_date"]);
    let cut = read_all(&[(OF_A_PERSON, &bytes[..bytes.len() - 20])]);
    assert_eq!(table(cut.rejected(), "rule"), ["malformed"]);
    for checked in [rejected, cut] {
        let shown = table(checked.rejected(), "raw").concat();
        assert!(shown.contains("NumeroInterne=\"2024_002\""), "{shown}");
        assert!(!shown.contains("FICTIVE"), "{shown}");
    }
}

#[test]
fn who_to_call_about_an_envelope_never_shows() {
    let envelope = sample(SENT_IN);
    let cut = &envelope[..envelope.len() - 40];
    let checked = read_all(&[(SENT_IN, cut), (ACT, &sample(ACT))]);
    let shown = table(checked.rejected(), "rule raw").concat();
    assert!(shown.starts_with("malformed|") && !shown.contains("Camille"), "{shown}");
    assert_eq!(checked.rows().num_rows(), 1);
}

#[test]
fn a_bad_message_is_a_bad_row_with_its_text() {
    let act = sample(ACT);
    let bad = String::from_utf8_lossy(&act).replace("</actes:Objet>", "");
    let checked = read_all(&[(ACT, bad.as_bytes()), (ACT, &act)]);
    assert_eq!((checked.read(), checked.rows().num_rows()), (2, 1));
    assert_eq!(table(checked.rejected(), "line rule"), ["3|malformed"]);
    assert!(table(checked.rejected(), "raw")[0].starts_with("<actes:Acte "));
}

#[test]
fn other_messages_hold_nothing() {
    let courier = b"<a:CourrierSimple xmlns:a='x' a:IDActe='x'/>".as_slice();
    let (count, checked) = checked("act_messages", |batches| {
        read("022-212201131-20240115-1-DE-2-1_1.xml", courier, &mut Envelope::default(), batches)
    });
    assert_eq!((count, checked.read()), (0, 0));
}

#[test]
fn a_classification_keeps_codes_as_text_at_every_level() {
    let checked = subjects(SUBJECTS, &sample(SUBJECTS));
    assert_eq!(
        table(&checked.rows(), "department_code classification_date subject_code name_fr"),
        [
            "22|2023-12-01|1|Commande publique",
            "22|2023-12-01|1.1|Marchés publics",
            "22|2023-12-01|1.1.1|Niveau trois (fictif)",
            "22|2023-12-01|1.1.1.2|Niveau quatre (fictif)",
            "22|2023-12-01|1.1.1.2.3|Niveau cinq (fictif)",
            "22|2023-12-01|7|Finances locales",
            "22|2023-12-01|7.1|Décisions budgétaires",
            "22|2023-12-01|7.10|Divers",
        ]
    );
}

#[test]
fn a_classification_without_subjects_or_department_is_rejected() {
    let empty = b"<r:RetourClassification xmlns:r='a'/>";
    assert_eq!(table(subjects(SUBJECTS, empty).rejected(), "rule field"), ["missing|"]);
    let unnamed = subjects("7-2.xml", &sample(SUBJECTS));
    assert_eq!(table(unnamed.rejected(), "rule field"), ["missing|department_code"; 8]);
}
