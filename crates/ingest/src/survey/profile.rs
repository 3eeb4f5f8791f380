//! What a survey asked and which columns of its export may land: data, written by hand in TOML.

use serde::Deserialize;

/// A survey, one wave of it; the table `[survey]` of a profile file.
///
/// Only the columns that it names are ever decoded: whatever else the export holds (names,
/// addresses, free text, comments, timings) is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyProfile {
    /// Permanent identifier of the survey.
    pub id: String,
    /// The wave, `2024`.
    pub wave: String,
    /// Title in French.
    pub fr: String,
    /// Title in English.
    pub en: String,
    /// Heading of the column that holds the authority's SIREN; that or [`Self::siret_column`].
    pub siren_column: Option<String>,
    /// Heading of the column that holds the authority's SIRET.
    pub siret_column: Option<String>,
    /// Heading of the column that numbers the responses.
    #[serde(default = "id")]
    pub response_column: String,
    /// Heading of the column that dates the complete ones.
    #[serde(default = "submitdate")]
    pub submitted_column: String,
    /// The questions whose answers land.
    #[serde(rename = "question")]
    pub questions: Vec<Question>,
}

/// A question of a wave.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its code, `Q12`.
    pub code: String,
    /// What its columns hold.
    pub kind: QuestionKind,
    /// Version of its wording: answers to different versions are not to be added up.
    pub version: String,
    /// Wording in French.
    pub fr: String,
    /// Wording in English.
    pub en: String,
    /// Its key in old exports, `{survey}X{group}X{question}`.
    pub sgqa: Option<String>,
    /// Sub-questions, or the ranks of a ranking.
    #[serde(default)]
    pub items: Vec<Item>,
    /// The answers there are.
    #[serde(default)]
    pub values: Vec<Value>,
    /// Least value of a number.
    pub min: Option<i64>,
    /// Greatest value of a number.
    pub max: Option<i64>,
    /// The answer after which the question is shown, `Q1=Y` or `Q12[SQ001]=Y`; always when absent.
    pub asked_if: Option<String>,
}

/// What the columns of a question hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// One of the values, in one column.
    Single,
    /// Ticked or not, a column an item; lands as `Y` or `N`.
    Multiple,
    /// One of the values, a column an item.
    Array,
    /// A number between bounds, in one column or in one an item.
    Number,
    /// The value at each rank, a column a rank.
    Ranking,
}

/// A sub-question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its code, `SQ001`.
    pub code: String,
    /// Wording in French.
    pub fr: String,
    /// Wording in English.
    pub en: String,
}

/// An answer that may be given.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// Its code; what lands.
    pub code: String,
    /// Label in French.
    pub fr: String,
    /// Label in English.
    pub en: String,
    /// What else an export may write for it.
    #[serde(default)]
    pub also: Vec<String>,
    /// What it says when it is no answer.
    pub status: Option<NoAnswer>,
}

/// A value that says why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAnswer {
    /// The respondent does not know (*ne sait pas*).
    Unknown,
    /// The authority is not concerned (*sans objet*).
    NotConcerned,
}

fn id() -> String {
    "id".to_owned()
}

fn submitdate() -> String {
    "submitdate".to_owned()
}

impl SurveyProfile {
    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// What is wrong, and in which question.
    pub fn check(&self) -> Result<(), String> {
        if self.siren_column.is_some() == self.siret_column.is_some() {
            return Err("name one of siren_column and siret_column".to_owned());
        }
        if [&self.id, &self.wave].iter().any(|text| text.trim().is_empty()) {
            return Err("id and wave may not be empty".to_owned());
        }
        for question in &self.questions {
            question.check().map_err(|reason| format!("question {}: {reason}", question.code))?;
        }
        Ok(())
    }
}

impl Question {
    fn check(&self) -> Result<(), &'static str> {
        let items = self.items.iter().map(|item| item.code.as_str());
        let values = self.values.iter().map(|value| value.code.as_str());
        let all = [self.code.as_str(), self.version.as_str()].into_iter();
        if all.chain(items).chain(values).any(|code| code.trim() != code || code.is_empty()) {
            return Err("codes and versions may not be empty nor begin or end with a space");
        }
        match self.kind {
            QuestionKind::Single if !self.items.is_empty() => Err("a single choice has no items"),
            QuestionKind::Multiple | QuestionKind::Array | QuestionKind::Ranking
                if self.items.is_empty() =>
            {
                Err("name its items")
            }
            QuestionKind::Multiple if !self.values.is_empty() => {
                Err("a multiple choice has no values: its items are ticked or not")
            }
            QuestionKind::Single | QuestionKind::Array | QuestionKind::Ranking
                if self.values.is_empty() =>
            {
                Err("name its values")
            }
            QuestionKind::Number if self.min.is_none() || self.max.is_none() => {
                Err("a number has a min and a max")
            }
            QuestionKind::Number if self.values.iter().any(|value| value.status.is_none()) => {
                Err("the values of a number are those that say why there is none: give a status")
            }
            _ => Ok(()),
        }
    }
}
