//! The profile of a wave: without it nothing of its export is landed.

use crate::PROFILES;

use super::question::{Form, QUESTIONS, Question};

/// The answers of a scale: code, French, English; then those that say why there is none.
const POINTS: [(&str, &str, &str); 5] = [
    ("1", "Pas du tout", "Not at all"),
    ("2", "Plutôt pas", "Rather not"),
    ("3", "Moyennement", "So so"),
    ("4", "Plutôt", "Rather"),
    ("5", "Tout à fait", "Very much"),
];
const NO_POINTS: [(&str, &str, &str, &str); 2] = [
    ("NSP", "Ne sait pas", "Does not know", "unknown"),
    ("SO", "Sans objet", "Not concerned", "not_concerned"),
];

/// Where the profile of a wave lies below the folder.
pub(super) fn path(wave: u16) -> String {
    format!("{PROFILES}/enquete-synthetic-{wave}.toml")
}

/// The heading of the column of SIREN; it tells the waves apart.
pub(super) fn siren_heading(wave: u16) -> String {
    format!("SIREN{wave}")
}

/// The profile of a wave, as TOML.
pub(super) fn profile(wave: u16) -> String {
    let siren = siren_heading(wave);
    let mut toml = format!(
        "# Profil d'une enquête inventée : les colonnes nommées ici sont lues, et rien d'autre.\n\n\
         name = \"enquete-synthetic-{wave}\"\n\
         title = \"Enquête synthétique, vague {wave} (inventée)\"\n\
         dataset = \"answers\"\n\
         detect = [\"id\", \"submitdate\", \"{siren}\"]\n\n\
         [survey]\n\
         id = \"SYN-USAGES\"\n\
         wave = \"{wave}\"\n\
         fr = \"Enquête synthétique sur les usages (inventée)\"\n\
         en = \"Synthetic survey on usage (invented)\"\n\
         siren_column = \"{siren}\"\n"
    );
    for question in &QUESTIONS {
        toml.push_str(&table(question, wave));
    }
    toml
}

fn table(question: &Question, wave: u16) -> String {
    let Question { code, fr, en, form, asked_if, .. } = question;
    let kind = match form {
        Form::YesNo => "single",
        Form::Number(_) => "number",
        Form::Scale => "array",
        Form::Ticked => "multiple",
    };
    let mut toml = format!(
        "\n[[survey.question]]\ncode = \"{code}\"\nkind = \"{kind}\"\nversion = \"{}\"\n\
         fr = \"{fr}\"\nen = \"{en}\"\n",
        question.version(wave)
    );
    if let Some((column, answer)) = asked_if {
        toml.push_str(&format!("asked_if = \"{column}={answer}\"\n"));
    }
    let items: Vec<_> =
        question.items(wave).map(|item| entry(item.code, item.fr, item.en, None)).collect();
    if !items.is_empty() {
        toml.push_str(&list("items", &items));
    }
    match form {
        Form::YesNo => {
            let values = [entry("Y", "Oui", "Yes", None), entry("N", "Non", "No", None)];
            toml.push_str(&list("values", &values));
        }
        Form::Number(max) => toml.push_str(&format!("min = 0\nmax = {max}\n")),
        Form::Scale => {
            let points = POINTS.map(|(code, fr, en)| entry(code, fr, en, None));
            let none = NO_POINTS.map(|(code, fr, en, status)| entry(code, fr, en, Some(status)));
            toml.push_str(&list("values", &[points.as_slice(), none.as_slice()].concat()));
        }
        Form::Ticked => {}
    }
    toml
}

fn entry(code: &str, fr: &str, en: &str, status: Option<&str>) -> String {
    let status = status.map(|status| format!(", status = \"{status}\"")).unwrap_or_default();
    format!("  {{ code = \"{code}\", fr = \"{fr}\", en = \"{en}\"{status} }},\n")
}

fn list(name: &str, entries: &[String]) -> String {
    format!("{name} = [\n{}]\n", entries.concat())
}
