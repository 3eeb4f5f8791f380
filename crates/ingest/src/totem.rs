//! TOTEM budget documents as rows of the dataset `budget_lines`, in the words of the SCDL.
//!
//! A document states its header once and then its lines, each with codes where the SCDL has
//! words. Labels of accounts are in the chart of accounts, not here: they stay absent.

use std::io::Read;

use carnac_model::RowsBuilder;

use crate::Result;
use crate::batches::Batches;
use crate::xml::{Element, Records};

#[cfg(test)]
mod tests;

const DOCUMENT: &str = "EnTeteDocBudgetaire";
const BUDGET: &str = "EnTeteBudget";
const DECISION: &str = "BlocBudget";
const LINE: &str = "LigneBudget";
const WANTED: [&str; 4] = [DOCUMENT, BUDGET, DECISION, LINE];

/// Codes of the kinds of documents. The SCDL has no word for the compte financier unique (10),
/// which takes the place of the compte administratif and is published as one.
const DOCUMENTS: [(&str, &str); 5] = [
    ("01", "Budget primitif"),
    ("02", "Décision modificative"),
    ("03", "Budget supplémentaire"),
    ("09", "Compte administratif"),
    ("10", "Compte administratif"),
];
const SECTIONS: [(&str, &str); 2] = [("F", "fonctionnement"), ("I", "investissement")];
const OPERATIONS: [(&str, &str); 2] = [("0", "réel"), ("1", "ordre")];
const SIDES: [(&str, &str); 2] = [("D", "dépense"), ("R", "recette")];
const SPECIALITIES: [(&str, &str); 2] = [("false", "non spécialisé"), ("true", "spécialisé")];

/// What the lines below a header have in common.
#[derive(Default)]
struct Header {
    authority_name: Option<String>,
    siret: Option<String>,
    siren: Option<String>,
    document: Option<String>,
    number: Option<String>,
    year: Option<String>,
}

/// Reads the lines of one document; returns how many it has.
///
/// # Errors
/// When the bytes cannot be read or a batch cannot be handed on.
pub(crate) fn read(reader: impl Read, batches: &mut Batches<'_>) -> Result<u64> {
    let mut header = Header::default();
    let mut records = Records::new(reader, &WANTED);
    let mut count = 0;
    while let Some(record) = records.next().map_err(|reason| batches.unread(reason))? {
        let line = i64::try_from(record.line).unwrap_or(i64::MAX);
        match &record.element {
            Ok(element) if element.name != LINE => header.take(element),
            Ok(element) => {
                push(&mut batches.rows, line, &record.raw, &header, element);
                count += 1;
            }
            Err(rule) => {
                batches.rows.push_fault(line, &record.raw, rule);
                count += 1;
            }
        }
        batches.hand_on_when_full()?;
    }
    Ok(count)
}

impl Header {
    /// Takes what an element of the header states; each budget of a document has its own.
    fn take(&mut self, element: &Element) {
        let owned = |name: &str| value(element, name).map(str::to_owned);
        match element.name.as_str() {
            DOCUMENT => *self = Self { authority_name: owned("LibelleColl"), ..Self::default() },
            BUDGET => {
                let authority_name = self.authority_name.take();
                let siret = owned("IdEtab");
                let siren = siret.as_ref().map(|siret| siret.chars().take(9).collect());
                *self = Self { authority_name, siret, siren, ..Self::default() };
            }
            _ => {
                self.document = value(element, "NatDec").map(|code| word(code, &DOCUMENTS).into());
                self.number = owned("NumDec");
                self.year = owned("Exer");
            }
        }
    }
}

/// Appends one line, in the order of the dataset's fields.
fn push(rows: &mut RowsBuilder, line: i64, raw: &str, header: &Header, element: &Element) {
    let coded = |name: &str, words: &'static [(&str, &str)]| {
        value(element, name).map(|code| word(code, words))
    };
    let section = element
        .children("CaracSup")
        .filter(|more| more.attribute("Code") == Some("Section"))
        .find_map(|more| more.attribute("V"));
    let values = [
        header.siret.as_deref(),
        header.siren.as_deref(),
        header.authority_name.as_deref(),
        header.year.as_deref(),
        header.document.as_deref(),
        header.number.as_deref(),
        value(element, "ContNat"),
        value(element, "Nature"),
        None,
        value(element, "Fonction"),
        value(element, "Operation"),
        section.map(|code| word(code, &SECTIONS)),
        coded("OpBudg", &OPERATIONS),
        coded("CodRD", &SIDES),
        value(element, "MtReal"),
        value(element, "MtBudgPrec"),
        value(element, "MtRARPrec"),
        value(element, "MtPropNouv"),
        value(element, "MtPrev"),
        value(element, "CredOuv"),
        value(element, "MtRAR3112"),
        coded("ArtSpe", &SPECIALITIES),
    ];
    rows.push(line, raw, values);
}

/// The value of a child: TOTEM has them all in attributes `V`.
fn value<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    element.child(name)?.attribute("V")
}

/// The word for a code; the code itself when there is none, for the check to say so.
fn word<'e>(code: &'e str, words: &[(&str, &'e str)]) -> &'e str {
    words.iter().find(|(of, _)| *of == code).map_or(code, |(_, word)| word)
}
