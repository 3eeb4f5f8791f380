//! The questionnaire: what each wave asks, and what becomes of the mean answer over the years.

use crate::authority::{ACTS, FLOWS, SIGNATURE, TENDERS};

/// A question; a flat table, [`QUESTIONS`], lists them.
pub(super) struct Question {
    pub(super) code: &'static str,
    pub(super) form: Form,
    pub(super) fr: &'static str,
    pub(super) en: &'static str,
    /// Sub-questions, a column each; none: one column.
    items: &'static [Item],
    /// The wave from which it is worded anew.
    reworded: Option<u16>,
    /// Column and answer after which it is shown; always when absent.
    pub(super) asked_if: Option<(&'static str, &'static str)>,
}

/// What the columns of a question hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `Y` or `N`.
    YesNo,
    /// A whole number up to that.
    Number(u64),
    /// 1 to 5, `NSP` or `SO`.
    Scale,
    /// `Y` or nothing.
    Ticked,
}

/// A sub-question.
pub(super) struct Item {
    pub(super) code: &'static str,
    pub(super) fr: &'static str,
    pub(super) en: &'static str,
    /// The service that it is about.
    pub(super) service: Option<usize>,
    /// On a scale the mean of 2013, in tenths of a point, and its change a year later, in
    /// hundredths.
    pub(super) mean: (u64, i64),
    /// The first wave that has it.
    since: u16,
}

pub(super) static QUESTIONS: [Question; 6] = [
    Question {
        code: "CERTIFICAT",
        form: Form::YesNo,
        fr: "Votre collectivité a-t-elle un certificat électronique ?",
        en: "Does your authority have an electronic certificate?",
        items: &[],
        reworded: None,
        asked_if: None,
    },
    Question {
        code: "AGENTS",
        form: Form::Number(10_000),
        fr: "Combien d'agents en ont un ?",
        en: "How many members of staff have one?",
        items: &[],
        reworded: None,
        asked_if: Some(("CERTIFICAT", "Y")),
    },
    Question {
        code: "SATISFACTION",
        form: Form::Scale,
        fr: "Êtes-vous satisfait de ces services ?",
        en: "Are you satisfied with these services?",
        items: &[
            item("SQ001", ("Les marchés", "Tenders"), Some(TENDERS), (32, 6), 2013),
            item("SQ002", ("Les actes", "Acts"), Some(ACTS), (36, 5), 2013),
            item("SQ003", ("La signature", "Signature"), Some(SIGNATURE), (34, 4), 2018),
            item("SQ004", ("L'assistance", "The help desk"), None, (38, 2), 2013),
        ],
        reworded: Some(2018),
        asked_if: None,
    },
    Question {
        code: "FREINS",
        form: Form::Scale,
        fr: "Ces difficultés vous freinent-elles ?",
        en: "Do these difficulties hold you back?",
        items: &[
            item("SQ001", ("Le temps", "Time"), None, (37, -8), 2013),
            item("SQ002", ("Le coût", "Cost"), None, (29, -5), 2013),
            item("SQ003", ("La formation", "Training"), None, (31, -3), 2018),
        ],
        reworded: None,
        asked_if: None,
    },
    Question {
        code: "TRANSMIS",
        form: Form::Ticked,
        fr: "Que transmettez-vous par voie électronique ?",
        en: "What do you send electronically?",
        items: &[
            item("SQ001", ("Les actes", "Acts"), Some(ACTS), (0, 0), 2013),
            item("SQ002", ("Les flux comptables", "Accounting flows"), Some(FLOWS), (0, 0), 2013),
        ],
        reworded: None,
        asked_if: None,
    },
    Question {
        code: "MINUTES",
        form: Form::Number(1_440),
        fr: "Combien de minutes pour transmettre un acte ?",
        en: "How many minutes does it take to send an act?",
        items: &[],
        reworded: None,
        asked_if: Some(("TRANSMIS[SQ001]", "Y")),
    },
];

const fn item(
    code: &'static str,
    (fr, en): (&'static str, &'static str),
    service: Option<usize>,
    mean: (u64, i64),
    since: u16,
) -> Item {
    Item { code, fr, en, service, mean, since }
}

impl Question {
    /// The sub-questions that a wave has.
    pub(super) fn items(&self, wave: u16) -> impl Iterator<Item = &'static Item> {
        self.items.iter().filter(move |item| item.since <= wave)
    }

    /// The version of its wording in a wave.
    pub(super) fn version(&self, wave: u16) -> u16 {
        1 + u16::from(self.reworded.is_some_and(|from| from <= wave))
    }
}

/// A column of answers.
pub(super) struct Cell {
    pub(super) question: &'static Question,
    pub(super) item: Option<&'static Item>,
    /// `AGENTS`, `FREINS[SQ001]`.
    pub(super) heading: String,
}

/// The columns of answers that a wave has, those of a question together.
pub(super) fn cells(wave: u16) -> Vec<Cell> {
    let mut cells = Vec::new();
    for question in &QUESTIONS {
        if question.items.is_empty() {
            cells.push(Cell { question, item: None, heading: question.code.to_owned() });
        }
        cells.extend(question.items(wave).map(|item| Cell {
            question,
            item: Some(item),
            heading: format!("{}[{}]", question.code, item.code),
        }));
    }
    cells
}
