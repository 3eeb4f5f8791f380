//! Answers 7-2 of the @CTES exchange: the subjects of acts that a préfecture uses from a date on.

use std::io::Read;

use super::name::department_of_file;
use super::said;
use crate::Result;
use crate::batches::Batches;
use crate::xml::{Element, Records};

const ROOTS: [&str; 1] = ["RetourClassification"];
/// Names of the five levels, each inside the one before.
const LEVELS: [&str; 5] = ["Matiere1", "Matiere2", "Matiere3", "Matiere4", "Matiere5"];

/// Reads one row a subject, whatever its level; returns how many classifications there were.
///
/// The département is in the file's name only. A row's raw text is the subject's own, as the
/// answer is one element.
///
/// # Errors
/// When the bytes cannot be read or a batch cannot be handed on.
pub(crate) fn read(file: &str, reader: impl Read, batches: &mut Batches<'_>) -> Result<u64> {
    let department = department_of_file(file);
    let mut records = Records::new(reader, &ROOTS);
    let mut count = 0;
    while let Some(record) = records.next().map_err(|reason| batches.unread(reason))? {
        count += 1;
        let line = i64::try_from(record.line).unwrap_or(i64::MAX);
        match &record.element {
            Ok(element) => push(batches, line, department.as_deref(), element)?,
            Err(rule) => batches.rows.push_fault(line, &record.raw, rule),
        }
    }
    Ok(count)
}

fn push(
    batches: &mut Batches<'_>,
    line: i64,
    department: Option<&str>,
    answer: &Element,
) -> Result<()> {
    let date = said(answer, "DateClassification");
    let mut subjects = Vec::new();
    if let Some(all) = answer.child("Matieres") {
        collect(all, "", &LEVELS, &mut subjects);
    }
    if subjects.is_empty() {
        batches.rows.push_fault(line, &answer.name, "missing");
    }
    for (code, label) in &subjects {
        let values = [department, date, Some(code), *label];
        batches.rows.push(line, &format!("{code} {}", label.unwrap_or_default()), values);
        batches.hand_on_when_full()?;
    }
    Ok(())
}

/// Lists the subjects below `parent`, whose code is `above`, each before those it holds.
fn collect<'e>(
    parent: &'e Element,
    above: &str,
    levels: &[&str],
    subjects: &mut Vec<(String, Option<&'e str>)>,
) {
    let Some((level, below)) = levels.split_first() else { return };
    for subject in parent.children(level) {
        let number = subject.attribute("CodeMatiere").unwrap_or_default();
        let code = if above.is_empty() { number.to_owned() } else { format!("{above}.{number}") };
        subjects.push((code.clone(), subject.attribute("Libelle")));
        collect(subject, &code, below, subjects);
    }
}
