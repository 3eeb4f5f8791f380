//! Messages of the @CTES exchange as rows of the dataset `act_messages`.
//!
//! A message says little of who sent it: that is in the envelope it travels in, or in its own
//! name, `DDD-SIREN-AAAAMMJJ-NUMERO-NAT-T-M_k.xml`. The first five parts of the name, the IDActe,
//! name the act in every message about it.

use std::io::Read;

use carnac_model::RowsBuilder;

use self::name::{ActId, base, date_of_envelope, department};
use crate::Result;
use crate::batches::Batches;
use crate::xml::{Element, Record, Records};

pub(crate) mod classification;
mod name;
#[cfg(test)]
mod tests;

/// Roots of the messages, and their codes in the exchange.
const MESSAGES: [(&str, &str); 5] = [
    ("Acte", "1-1"),
    ("ARActe", "1-2"),
    ("AnomalieActe", "1-3"),
    ("Annulation", "6-1"),
    ("ARAnnulation", "6-2"),
];
const ENVELOPE: &str = "EnveloppeCLMISILL";
const ROOTS: [&str; 6] = ["Acte", "ARActe", "AnomalieActe", "Annulation", "ARAnnulation", ENVELOPE];
/// Individual acts: their subjects name persons, and never show.
const INDIVIDUAL: &str = "3";

/// What an envelope says of the messages it lists.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    siren: Option<String>,
    department: Option<String>,
    /// When it was sent.
    date: Option<String>,
    forms: Vec<String>,
}

/// Reads the messages of one XML file; returns how many there were, envelopes included.
///
/// `file` is its name, with or without folders. An envelope is no row: it replaces `envelope`,
/// which serves the files it lists, so that an archive is read with one `envelope` throughout.
///
/// # Errors
/// When the bytes cannot be read or a batch cannot be handed on.
pub(crate) fn read(
    file: &str,
    reader: impl Read,
    envelope: &mut Envelope,
    batches: &mut Batches<'_>,
) -> Result<u64> {
    let named = ActId::of_file(file);
    let mut records = Records::new(reader, &ROOTS);
    let mut count = 0;
    while let Some(record) = records.next().map_err(|reason| batches.unread(reason))? {
        match &record.element {
            Ok(element) if element.name == ENVELOPE => *envelope = Envelope::of(file, element),
            _ => push(&mut batches.rows, &record, named.as_ref(), envelope.of_file(file)),
        }
        batches.hand_on_when_full()?;
        count += 1;
    }
    Ok(count)
}

impl Envelope {
    fn of(file: &str, element: &Element) -> Self {
        let sender = element.at(&["Emetteur", "IDCL"]);
        let said = |name: &str| sender.and_then(|sender| sender.attribute(name));
        let forms = element.child("FormulairesEnvoyes").into_iter();
        let forms = forms.flat_map(|forms| forms.children("Formulaire"));
        let forms = forms.filter_map(|form| form.child("NomFichier"));
        Self {
            siren: said("SIREN").map(str::to_owned),
            department: said("Departement").and_then(department),
            date: date_of_envelope(file),
            forms: forms.filter_map(|name| name.text().map(str::to_owned)).collect(),
        }
    }

    /// Returns itself when the file travelled in it.
    fn of_file(&self, file: &str) -> Option<&Self> {
        self.forms.iter().any(|form| form == base(file)).then_some(self)
    }
}

fn push(
    rows: &mut RowsBuilder,
    record: &Record,
    named: Option<&ActId>,
    envelope: Option<&Envelope>,
) {
    let line = i64::try_from(record.line).unwrap_or(i64::MAX);
    let is_tag = |text: &&str| text.starts_with('<');
    let start_tag = record.raw.split_inclusive('>').next().filter(is_tag).unwrap_or_default();
    let element = match &record.element {
        Ok(element) => element,
        // It may be an envelope, with whom to call, or an act about a person: nobody can tell.
        Err(rule) => return rows.push_fault(line, start_tag, rule),
    };
    // An acknowledgement holds a copy of the act it is for.
    let act = element.child("ActeRecu").unwrap_or(element);
    let stated = element.attribute("IDActe");
    let id = stated.and_then(ActId::parse).or_else(|| named.cloned());
    let id = id.or_else(|| id_of_parts(act, envelope?));
    let id = id.as_ref();

    let (nature, date) = (act.attribute("CodeNatureActe"), act.attribute("Date"));
    let personal = nature == Some(INDIVIDUAL) || id.is_some_and(|id| id.nature == INDIVIDUAL);
    let act_id = stated.or_else(|| id.map(|id| id.text.as_str()));
    let code = MESSAGES.iter().find(|(root, _)| *root == element.name).map(|(_, code)| *code);
    let subject_code = subject_code(act);
    let values: [Option<&str>; 14] = [
        code,
        act_id,
        envelope.and_then(|sent| sent.siren.as_deref()).or_else(|| id.map(|id| id.siren.as_str())),
        envelope
            .and_then(|sent| sent.department.as_deref())
            .or_else(|| id.map(|id| id.department.as_str())),
        // The identifier's, so that all messages about an act are of one year.
        id.map(|id| id.date.as_str()).or(date),
        message_date(element).or_else(|| envelope?.date.as_deref()),
        act.attribute("NumeroInterne").or_else(|| id.map(|id| id.number.as_str())),
        nature.or_else(|| id.map(|id| id.nature.as_str())),
        subject_code.as_deref(),
        said(act, "Objet").filter(|_| !personal),
        said(element, "ClassificationDateVersionEnCours")
            .or_else(|| said(act, "ClassificationDateVersion")),
        act.child("Annexes").and_then(|annexes| annexes.attribute("Nombre")),
        said(act, "DocumentPapier"),
        said(element, "Nature").filter(|_| element.name == "AnomalieActe"),
    ];
    let raw = if personal { start_tag } else { &record.raw };
    rows.push(line, raw, values);
    if nature.zip(id).is_some_and(|(nature, id)| nature != id.nature) {
        rows.warn("nature_differs");
    }
    if date.zip(id).is_some_and(|(date, id)| !date.starts_with(&id.date)) {
        rows.warn("date_differs");
    }
}

/// When the État answered; what an authority sends bears no date but the decision's.
fn message_date(element: &Element) -> Option<&str> {
    match element.name.as_str() {
        "ARActe" | "ARAnnulation" => said(element, "DateReception"),
        "AnomalieActe" => said(element, "Date"),
        _ => None,
    }
}

fn id_of_parts(act: &Element, envelope: &Envelope) -> Option<ActId> {
    ActId::of_parts(
        envelope.department.as_deref()?,
        envelope.siren.as_deref()?,
        act.attribute("Date")?,
        act.attribute("NumeroInterne")?,
        act.attribute("CodeNatureActe")?,
    )
}

/// The levels of the subject that are given, joined by dots: `7.10`.
fn subject_code(act: &Element) -> Option<String> {
    let levels = ["CodeMatiere1", "CodeMatiere2", "CodeMatiere3", "CodeMatiere4", "CodeMatiere5"];
    let codes = levels.into_iter().map_while(|level| act.child(level)?.attribute("CodeMatiere"));
    let codes: Vec<_> = codes.filter(|code| !code.is_empty()).collect();
    (!codes.is_empty()).then(|| codes.join("."))
}

/// What an element says under a name, as an attribute or as the text of a child.
fn said<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    element.attribute(name).or_else(|| element.child(name)?.text())
}
