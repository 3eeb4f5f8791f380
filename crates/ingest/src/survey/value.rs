//! What a cell says: a declared code, a number, a date, or one of the ways of saying nothing.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::profile::{NoAnswer, Question, QuestionKind};

/// A cell that passed its check. It holds declared codes and numbers, never the text of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given<'p> {
    /// The cell is empty.
    Nothing,
    /// An answer.
    Answer(Cow<'p, str>),
    /// The respondent says why there is none.
    Reason(NoAnswer),
}

/// When a response was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Submitted {
    /// Whether it was; it is a partial one otherwise.
    pub(super) is_complete: bool,
    /// When, if that is told.
    pub(super) at: Option<NaiveDateTime>,
}

const UNKNOWN: [&str; 6] =
    ["nsp", "ne sait pas", "ne sais pas", "je ne sais pas", "don't know", "does not know"];
const NOT_CONCERNED: [&str; 8] = [
    "so",
    "s.o.",
    "nc",
    "sans objet",
    "non concerné",
    "non concernée",
    "not concerned",
    "not applicable",
];
/// What long exports write for an empty answer.
const EMPTY: &str = "n/a";
const TICKED: [&str; 6] = ["y", "oui", "yes", "1", "x", "true"];
const NOT_TICKED: [&str; 6] = ["n", "non", "no", "2", "0", "false"];

/// What survey tools write for a date that was anonymised.
const ANONYMISED: Option<NaiveDate> = NaiveDate::from_ymd_opt(1980, 1, 1);

/// Reads a cell of a question.
///
/// # Errors
/// The rule that it breaks.
pub(super) fn given<'p>(question: &'p Question, cell: &str) -> Result<Given<'p>, &'static str> {
    let folded = fold(cell);
    if folded.is_empty() || folded == EMPTY {
        return Ok(Given::Nothing);
    }
    let answers = |value: &&super::profile::Value| {
        let written = [&value.code, &value.fr, &value.en].into_iter().chain(&value.also);
        written.into_iter().any(|written| fold(written) == folded)
    };
    if let Some(value) = question.values.iter().find(answers) {
        let answer = || Given::Answer(Cow::Borrowed(value.code.as_str()));
        return Ok(value.status.map_or_else(answer, Given::Reason));
    }
    if UNKNOWN.contains(&folded.as_str()) {
        return Ok(Given::Reason(NoAnswer::Unknown));
    }
    if NOT_CONCERNED.contains(&folded.as_str()) {
        return Ok(Given::Reason(NoAnswer::NotConcerned));
    }
    match question.kind {
        QuestionKind::Multiple if TICKED.contains(&folded.as_str()) => {
            Ok(Given::Answer(Cow::Borrowed("Y")))
        }
        QuestionKind::Multiple if NOT_TICKED.contains(&folded.as_str()) => {
            Ok(Given::Answer(Cow::Borrowed("N")))
        }
        QuestionKind::Number => {
            let bounds = (question.min.unwrap_or(0), question.max.unwrap_or(0));
            number(&folded, bounds).map(|number| Given::Answer(Cow::Owned(number)))
        }
        _ => Err("unknown_code"),
    }
}

/// Text as it is compared: lower case, single plain spaces, plain apostrophes.
pub(super) fn fold(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('’', "'").to_lowercase()
}

/// A number as French and English write it, without its thousands separators and its last zeros.
fn number(text: &str, (min, max): (i64, i64)) -> Result<String, &'static str> {
    /// Digits behind the point.
    const PLACES: usize = 10;
    let unsigned = text.trim_start_matches(['-', '+']);
    let negative = text.starts_with('-');
    if text.len() > 64 || text.len() - unsigned.len() > 1 {
        return Err("not_a_number");
    }
    let (whole, fraction) = unsigned.split_once([',', '.']).unwrap_or((unsigned, ""));
    if unsigned.contains(',') && unsigned.contains('.') {
        return Err("ambiguous_number");
    }
    let whole = ungrouped(whole).ok_or("not_a_number")?;
    // `1,234` is 1.234 or 1234, as the writer is French or English.
    if unsigned.contains(',') && fraction.len() == 3 && whole.len() <= 3 && whole != "0" {
        return Err("ambiguous_number");
    }
    let fraction = fraction.trim_end_matches('0');
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() > 18 || fraction.len() > PLACES || !is_digits(fraction) {
        return Err("not_a_number");
    }
    let scaled: i128 =
        format!("{whole}{fraction:0<PLACES$}").parse().map_err(|_| "not_a_number")?;
    let value = if negative { -scaled } else { scaled };
    let unit = 10_i128.pow(10);
    if value < i128::from(min) * unit || value > i128::from(max) * unit {
        return Err("out_of_range");
    }
    let sign = if value < 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    Ok(format!("{sign}{}{point}{fraction}", scaled / unit))
}

/// The digits of a whole number, whose thousands may stand apart.
fn ungrouped(text: &str) -> Option<String> {
    let mut groups = text.split(' ');
    let first = groups.next().filter(|first| !first.is_empty())?;
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.len() > 3 {
            return None;
        }
        digits.push_str(group);
    }
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)
}

/// Reads the cell that dates a complete response; an empty one is a partial response.
///
/// # Errors
/// The rule that it breaks.
pub(super) fn submitted(cell: &str, run_date: NaiveDate) -> Result<Submitted, &'static str> {
    let text = fold(cell);
    if text.is_empty() || text == EMPTY {
        return Ok(Submitted { is_complete: false, at: None });
    }
    let at = moment(&text).ok_or("not_a_date")?;
    if Some(at.date()) == ANONYMISED {
        return Ok(Submitted { is_complete: true, at: None });
    }
    let first = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
    if at.date() < first || at.date() > run_date {
        return Err("out_of_range");
    }
    Ok(Submitted { is_complete: true, at: Some(at) })
}

/// A date, and a time if there is one, as the survey tool or a French spreadsheet writes it.
fn moment(text: &str) -> Option<NaiveDateTime> {
    let (date, time) = text.split_once([' ', 't']).unwrap_or((text, "00:00"));
    let date = ["%Y-%m-%d", "%d/%m/%Y"].iter().find_map(|form| parse_date(date, form))?;
    let time = ["%H:%M:%S", "%H:%M", "%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(time, form).ok())?;
    Some(date.and_time(time))
}

fn parse_date(text: &str, form: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, form).ok()
}

#[cfg(test)]
mod tests;
