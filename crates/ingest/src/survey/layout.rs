//! Which column of an export holds which answer; all others are left alone.

use std::collections::BTreeMap;

use super::profile::{Question, QuestionKind, SurveyProfile};
use super::value::fold;

/// Item of a question that has no sub-questions.
const ALL: &str = "all";

/// The places of the columns that a profile names.
#[derive(Debug)]
pub(super) struct Layout<'p> {
    /// Columns of the file.
    pub(super) width: usize,
    pub(super) authority: usize,
    pub(super) response: usize,
    pub(super) submitted: usize,
    /// In the order of the profile; the items of a question stand together.
    pub(super) cells: Vec<Cell<'p>>,
}

/// A column that holds answers.
#[derive(Debug)]
pub(super) struct Cell<'p> {
    pub(super) place: usize,
    pub(super) question: &'p Question,
    pub(super) item: &'p str,
    /// `Q1` or `Q12[SQ001]`.
    pub(super) name: String,
    pub(super) asked_if: Option<Condition<'p>>,
}

/// The answer after which a question is shown.
#[derive(Debug)]
pub(super) struct Condition<'p> {
    /// Place in [`Layout::cells`].
    pub(super) cell: usize,
    pub(super) value: &'p str,
}

impl<'p> Layout<'p> {
    /// Finds the profile's columns among `headings`.
    ///
    /// # Errors
    /// What is wrong in the profile, or the column that is not there once. Headings are never
    /// shown, as they may name people.
    pub(super) fn of(profile: &'p SurveyProfile, headings: &[String]) -> Result<Self, String> {
        let mut cells = cells(profile);
        let headings: Vec<_> =
            headings.iter().map(|heading| fold(heading.trim_start_matches('\u{feff}'))).collect();
        let places = Places::of(&cells, &headings)?;
        for (at, cell) in cells.iter_mut().enumerate() {
            cell.place = places.0.get(&at).copied().ok_or_else(|| missing(&cell.name))?;
        }
        for at in 0..cells.len() {
            cells[at].asked_if = condition(&cells, at)?;
        }
        let authority = profile.siren_column.as_deref().or(profile.siret_column.as_deref());
        Ok(Self {
            width: headings.len(),
            authority: one(&headings, &[authority.unwrap_or_default()])?,
            response: one(
                &headings,
                &[&profile.response_column, "id de la réponse", "response id"],
            )?,
            submitted: one(
                &headings,
                &[&profile.submitted_column, "date de soumission", "date submitted"],
            )?,
            cells,
        })
    }
}

/// Every question's columns, not found yet.
fn cells(profile: &SurveyProfile) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    for question in &profile.questions {
        let cell = |item, name| Cell { place: 0, question, item, name, asked_if: None };
        if question.items.is_empty() {
            cells.push(cell(ALL, question.code.clone()));
        }
        for item in &question.items {
            cells.push(cell(&item.code, format!("{}[{}]", question.code, item.code)));
        }
    }
    cells
}

/// Where each cell's column stands, by the cell's place.
struct Places(BTreeMap<usize, usize>);

impl Places {
    fn of(cells: &[Cell<'_>], headings: &[String]) -> Result<Self, String> {
        let names = Names::of(cells)?;
        let mut places = BTreeMap::new();
        for (place, heading) in headings.iter().enumerate() {
            let Some(cell) = names.cell(heading) else { continue };
            if places.insert(cell, place).is_some() {
                return Err(format!("column `{}` stands twice", cells[cell].name));
            }
        }
        Ok(Self(places))
    }
}

/// What the heading of each cell may be, folded.
struct Names {
    codes: BTreeMap<String, usize>,
    /// Wordings; `None` for one that several questions share.
    wordings: BTreeMap<String, Option<usize>>,
}

impl Names {
    fn of(cells: &[Cell<'_>]) -> Result<Self, String> {
        let mut names = Self { codes: BTreeMap::new(), wordings: BTreeMap::new() };
        for (at, cell) in cells.iter().enumerate() {
            for code in codes(cell) {
                if names.codes.insert(fold(&code), at).is_some() {
                    return Err(format!("two columns may be headed `{code}`"));
                }
            }
            for wording in wordings(cell) {
                let known = names.wordings.entry(fold(&wording)).or_insert(Some(at));
                if *known != Some(at) {
                    *known = None;
                }
            }
        }
        Ok(names)
    }

    /// The cell that a heading names: by code, by wording, or by `code. wording`.
    fn cell(&self, heading: &str) -> Option<usize> {
        let by_code = |name: &str| self.codes.get(name).copied();
        by_code(heading)
            .or_else(|| self.wordings.get(heading).copied().flatten())
            .or_else(|| by_code(heading.split_once(". ")?.0))
    }
}

/// `Q12[SQ001]`, the same as R writes it, and the key of old exports.
fn codes(cell: &Cell<'_>) -> Vec<String> {
    let (question, item) = (cell.question, cell.item);
    let mut codes = vec![cell.name.clone()];
    let suffix = if question.items.is_empty() { "" } else { item };
    if !suffix.is_empty() {
        codes.push(format!("{}.{item}.", question.code));
    }
    codes.extend(question.sgqa.as_ref().map(|sgqa| format!("{sgqa}{suffix}")));
    codes
}

fn wordings(cell: &Cell<'_>) -> Vec<String> {
    let question = cell.question;
    match question.items.iter().find(|item| item.code == cell.item) {
        Some(item) => {
            vec![format!("{} [{}]", question.fr, item.fr), format!("{} [{}]", question.en, item.en)]
        }
        None => vec![question.fr.clone(), question.en.clone()],
    }
}

/// Reads the condition of a cell's question: one equality with a declared code.
fn condition<'p>(cells: &[Cell<'p>], at: usize) -> Result<Option<Condition<'p>>, String> {
    let question = cells[at].question;
    let Some(text) = question.asked_if.as_deref() else { return Ok(None) };
    let wrong = |why: &str| format!("question {}: asked_if `{text}` {why}", question.code);
    let (name, value) = text.split_once('=').ok_or_else(|| wrong("is no equality"))?;
    let (name, value) = (name.trim(), value.trim());
    let cell = cells.iter().position(|cell| cell.name == name && cell.question != question);
    let cell = cell.ok_or_else(|| wrong("names no other question"))?;
    let asked = cells[cell].question;
    let is_code = match asked.kind {
        QuestionKind::Multiple => ["Y", "N"].contains(&value),
        _ => asked.values.iter().any(|known| known.code == value && known.status.is_none()),
    };
    if is_code { Ok(Some(Condition { cell, value })) } else { Err(wrong("names no value")) }
}

/// The place of the one heading among `names`.
fn one(headings: &[String], names: &[&str]) -> Result<usize, String> {
    let name = names.first().copied().unwrap_or_default();
    let is_it = |heading: &String| {
        let code = heading.split_once(". ").map_or(heading.as_str(), |(code, _)| code);
        code == fold(name) || names.iter().any(|name| fold(name) == *heading)
    };
    let mut places = (0..).zip(headings).filter(|(_, heading)| is_it(heading)).map(|(at, _)| at);
    let place = places.next().ok_or_else(|| missing(name))?;
    if places.next().is_some() {
        return Err(format!("column `{name}` stands twice"));
    }
    Ok(place)
}

fn missing(name: &str) -> String {
    format!("column `{name}` is missing")
}

#[cfg(test)]
pub(super) mod tests;
