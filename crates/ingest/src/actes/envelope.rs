//! Envelopes: who sent which messages, and when.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::name::{base, date_of_envelope, department};
use crate::xml::Element;

/// Messages whose envelopes are remembered; those beyond say for themselves who sent them.
const MAX_FORMS: usize = 100_000;
/// Bytes of a file name.
const MAX_NAME: usize = 255;

/// The envelopes of a source, by the messages they list.
#[derive(Debug, Default)]
pub(crate) struct Envelopes(BTreeMap<String, Rc<Envelope>>);

/// What an envelope says of the messages it lists.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) siren: Option<String>,
    pub(super) department: Option<String>,
    /// When it was sent.
    pub(super) date: Option<String>,
}

impl Envelopes {
    /// Takes an envelope, which is an `EnveloppeCLMISILL` of the file of that name.
    pub(super) fn take(&mut self, file: &str, element: &Element) {
        let sender = element.at(&["Emetteur", "IDCL"]);
        let said = |name: &str| sender.and_then(|sender| sender.attribute(name));
        let envelope = Rc::new(Envelope {
            siren: said("SIREN").map(str::to_owned),
            department: said("Departement").and_then(department),
            date: date_of_envelope(file),
        });
        let Some(forms) = element.child("FormulairesEnvoyes") else { return };
        for form in forms.children("Formulaire").filter_map(|form| form.child("NomFichier")?.text())
        {
            if self.0.len() < MAX_FORMS && form.len() <= MAX_NAME {
                self.0.insert(form.to_owned(), Rc::clone(&envelope));
            }
        }
    }

    /// Returns the envelope that the file travelled in.
    pub(super) fn of_file(&self, file: &str) -> Option<&Envelope> {
        self.0.get(base(file)).map(Rc::as_ref)
    }
}
