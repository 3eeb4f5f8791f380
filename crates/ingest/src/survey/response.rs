//! One response: what its declared columns say, and what of it a person may see when it is refused.

use std::fmt::Write;

use chrono::NaiveDate;
use csv::ByteRecord;

use super::HIDDEN;
use super::authority::{siren, siren_of_siret};
use super::layout::{Cell, Layout};
use super::profile::{NoAnswer, QuestionKind, SurveyProfile};
use super::value::{Given, Submitted, fold, given, submitted};

type Checked<T> = Result<T, &'static str>;

/// The declared columns of one response, each with its value or the rule that it breaks.
#[derive(Debug)]
pub(super) struct Response<'p> {
    /// The response's number: hashed, never landed.
    pub(super) id: Checked<String>,
    pub(super) siren: Checked<String>,
    pub(super) submitted: Checked<Submitted>,
    /// As [`Layout::cells`].
    given: Vec<Checked<Given<'p>>>,
}

/// What became of one item of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer<'r> {
    pub(super) value: Option<&'r str>,
    /// As the sources of the dataset write it.
    pub(super) status: &'static str,
}

impl<'p> Response<'p> {
    pub(super) fn read(
        profile: &SurveyProfile,
        layout: &Layout<'p>,
        record: &ByteRecord,
        run_date: NaiveDate,
    ) -> Self {
        let text = |place| {
            let cell = record.get(place).unwrap_or_default();
            std::str::from_utf8(cell).map_err(|_| "bad_encoding")
        };
        let given = |cell: &Cell<'p>| given(cell.question, text(cell.place)?);
        let authority = |text: &str| match &profile.siren_column {
            _ if text.trim().is_empty() => Err("missing"),
            Some(_) => siren(text),
            None => siren_of_siret(text),
        };
        Self {
            id: text(layout.response).and_then(number),
            siren: text(layout.authority).and_then(authority),
            submitted: text(layout.submitted).and_then(|text| submitted(text, run_date)),
            given: layout.cells.iter().map(given).collect(),
        }
    }

    /// Returns the first rule that it breaks.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let head =
            [self.id.as_ref().err(), self.siren.as_ref().err(), self.submitted.as_ref().err()];
        let answers = self.given.iter().map(|given| given.as_ref().err());
        head.into_iter().chain(answers).flatten().copied().next()
    }

    /// Returns what a person may see of it: declared columns whose value passed its own check.
    ///
    /// Values are written as they land; the response's number is the line in the file, no more.
    pub(super) fn raw(&self, layout: &Layout<'_>) -> String {
        let siren = self.siren.as_deref().unwrap_or(HIDDEN);
        let date = match &self.submitted {
            Ok(Submitted { at: Some(at), .. }) => at.date().to_string(),
            Ok(Submitted { is_complete, .. }) => {
                (if *is_complete { "complete" } else { "partial" }).to_owned()
            }
            Err(_) => HIDDEN.to_owned(),
        };
        let mut raw = format!("siren={siren}; submitted={date}");
        for (cell, given) in layout.cells.iter().zip(&self.given) {
            let value = match given {
                Ok(Given::Nothing) => continue,
                Ok(Given::Answer(value)) => value,
                Ok(Given::Reason(reason)) => written(*reason),
                Err(_) => HIDDEN,
            };
            write!(raw, "; {}={value}", cell.name).expect("writing to a string cannot fail");
        }
        raw
    }

    /// Returns what became of each item, in the order of [`Layout::cells`].
    pub(super) fn answers(&self, layout: &Layout<'_>) -> Vec<Answer<'_>> {
        let mut answers = Vec::with_capacity(layout.cells.len());
        let by_question = |a: &Cell<'_>, b: &Cell<'_>| std::ptr::eq(a.question, b.question);
        for cells in layout.cells.chunk_by(by_question) {
            let begin = answers.len();
            let said = self.given.get(begin..begin + cells.len()).unwrap_or_default();
            let some_ticked = said.iter().any(|given| matches!(given, Ok(Given::Answer(_))));
            for (cell, given) in cells.iter().zip(said) {
                let left_out = match cell.question.kind {
                    QuestionKind::Multiple if some_ticked => Answer::given("N"),
                    _ if self.was_asked(cell) => Answer::none("sans réponse"),
                    _ => Answer::none("non posée"),
                };
                answers.push(match given {
                    Ok(Given::Answer(value)) => Answer::given(value),
                    Ok(Given::Reason(reason)) => Answer::none(written(*reason)),
                    Ok(Given::Nothing) | Err(_) => left_out,
                });
            }
        }
        answers
    }

    fn was_asked(&self, cell: &Cell<'_>) -> bool {
        cell.asked_if.as_ref().is_none_or(|condition| {
            matches!(self.given.get(condition.cell), Some(Ok(Given::Answer(value))) if *value == condition.value)
        })
    }
}

impl<'r> Answer<'r> {
    fn given(value: &'r str) -> Self {
        Self { value: Some(value), status: "réponse" }
    }

    fn none(status: &'static str) -> Self {
        Self { value: None, status }
    }
}

fn number(text: &str) -> Checked<String> {
    let number = fold(text);
    if number.is_empty() { Err("missing") } else { Ok(number) }
}

fn written(reason: NoAnswer) -> &'static str {
    match reason {
        NoAnswer::Unknown => "nsp",
        NoAnswer::NotConcerned => "so",
    }
}

#[cfg(test)]
mod tests;
