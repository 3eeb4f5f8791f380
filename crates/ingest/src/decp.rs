//! DECP contracts, in the JSON layouts of 2019 and of 2022, as rows of the dataset `contracts`.
//!
//! A record states a contract as signed and then its modifications, each with only the fields
//! that changed. The row is the state after the last modification; amounts are never added.

use std::borrow::Cow;
use std::collections::BTreeMap;

use carnac_model::RowsBuilder;
use serde_json::value::RawValue;

use crate::source::Source;

/// Names of the lists that hold contracts: the first in the layout of 2019, the others in 2022's.
pub(crate) const LISTS: [&str; 3] = ["marches", "marche", "contrat-concession"];

/// Appends one contract, in the order of the dataset's fields.
pub(crate) fn push(
    _: &Source,
    rows: &mut RowsBuilder,
    line: i64,
    list: &str,
    text: &str,
) -> serde_json::Result<()> {
    let contract = Object::parse(text)?;
    let kind = kind(list, &contract)?;
    let buyer = contract
        .object("acheteur")?
        .map_or_else(|| contract.object("autoriteConcedante"), |b| Ok(Some(b)))?;
    let buyer = buyer.unwrap_or_default();
    let place = contract.object("lieuExecution")?.unwrap_or_default();
    let states = states(&contract)?;
    let suppliers = latest(&states, |state| state.suppliers())?.unwrap_or_default();
    let first = suppliers.first();

    let buyer_id = buyer.text("id")?.map(|id| id.split_whitespace().collect::<String>());
    let siren: Option<String> = buyer_id.as_ref().map(|id| id.chars().take(9).collect());
    let amount = latest(&states, |state| first_of(state, &["montant", "valeurGlobale"]))?;
    let months = latest(&states, |state| state.text("dureeMois"))?;
    let layout = if list == LISTS[0] { "2019" } else { "2022" };
    let values: [Option<Cow<'_, str>>; 20] = [
        contract.text("id")?,
        siren.map(Cow::Owned),
        buyer_id.map(Cow::Owned),
        buyer.text("nom")?,
        Some(layout.into()),
        Some(kind.into()),
        contract.text("nature")?,
        contract.text("objet")?,
        contract.text("codeCPV")?,
        contract.text("procedure")?,
        place.text("code")?,
        place.text("typeCode")?,
        months,
        first_of(&contract, &["dateNotification", "dateSignature"])?,
        contract.text("datePublicationDonnees")?,
        amount,
        contract.text("offresRecues")?,
        first.map_or(Ok(None), |supplier| supplier.text("id"))?,
        first.map_or(Ok(None), |supplier| supplier.text("typeIdentifiant"))?,
        Some(suppliers.len().to_string().into()),
    ];
    rows.push(line, text, values.iter().map(|value| value.as_deref()));
    Ok(())
}

/// A concession is told by its list in 2022's layout and by `_type` in 2019's.
fn kind(list: &str, contract: &Object<'_>) -> serde_json::Result<&'static str> {
    let concession = match list {
        "contrat-concession" => true,
        "marche" => false,
        _ => contract.text("_type")?.is_some_and(|kind| kind.to_lowercase().contains("concession")),
    };
    Ok(if concession { "concession" } else { "marche" })
}

/// The contract as signed, then its modifications in the order of their number.
fn states<'a>(contract: &Object<'a>) -> serde_json::Result<Vec<Object<'a>>> {
    let mut changes = Vec::new();
    for change in contract.objects("modifications", "modification")? {
        // Without a number they stand in the order of the file; the sort is stable.
        let number = change.text("id")?.and_then(|id| id.parse::<u32>().ok()).unwrap_or_default();
        changes.push((number, change));
    }
    changes.sort_by_key(|(number, _)| *number);
    Ok(std::iter::once(contract.clone())
        .chain(changes.into_iter().map(|(_, change)| change))
        .collect())
}

/// The value of the last state that has one.
fn latest<'a, 's, T>(
    states: &'s [Object<'a>],
    value: impl Fn(&'s Object<'a>) -> serde_json::Result<Option<T>>,
) -> serde_json::Result<Option<T>> {
    states.iter().rev().find_map(|state| value(state).transpose()).transpose()
}

fn first_of<'a>(object: &Object<'a>, names: &[&str]) -> serde_json::Result<Option<Cow<'a, str>>> {
    names.iter().find_map(|name| object.text(name).transpose()).transpose()
}

/// A JSON object whose values are not parsed yet, so that a number keeps the digits it has.
#[derive(Clone, Default)]
struct Object<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Object<'a> {
    fn parse(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text).map(Self)
    }

    /// The text or the literal of a value; `null`, lists, objects and the word for "not
    /// communicated" are no value.
    fn text(&self, name: &str) -> serde_json::Result<Option<Cow<'a, str>>> {
        let Some(raw) = self.0.get(name).map(|raw| raw.get()) else { return Ok(None) };
        match raw.as_bytes().first() {
            Some(b'"') if raw.contains('\\') => {
                serde_json::from_str(raw).map(|text: String| Some(text.into()))
            }
            Some(b'"') => {
                let text: &str = serde_json::from_str(raw)?;
                Ok((text != "NC").then_some(text.into()))
            }
            Some(b'{' | b'[' | b'n') | None => Ok(None),
            Some(_) => Ok(Some(raw.into())),
        }
    }

    fn object(&self, name: &str) -> serde_json::Result<Option<Self>> {
        self.0
            .get(name)
            .filter(|raw| raw.get().starts_with('{'))
            .map(|raw| Self::parse(raw.get()))
            .transpose()
    }

    /// The objects of a list, bare (2019) or each wrapped under its singular name (2022).
    fn objects(&self, list: &str, singular: &str) -> serde_json::Result<Vec<Self>> {
        let Some(raw) = self.0.get(list).filter(|raw| raw.get().starts_with('[')) else {
            return Ok(Vec::new());
        };
        let elements: Vec<&'a RawValue> = serde_json::from_str(raw.get())?;
        let mut objects = Vec::with_capacity(elements.len());
        for element in elements.iter().filter(|element| element.get().starts_with('{')) {
            let object = Self::parse(element.get())?;
            objects.push(object.object(singular)?.unwrap_or(object));
        }
        Ok(objects)
    }

    /// Who holds the contract; `None` when the object does not say, which is not "nobody".
    fn suppliers(&self) -> serde_json::Result<Option<Vec<Self>>> {
        for (list, singular) in
            [("titulaires", "titulaire"), ("concessionnaires", "concessionnaire")]
        {
            let objects = self.objects(list, singular)?;
            if !objects.is_empty() {
                return Ok(Some(objects));
            }
        }
        Ok(None)
    }
}
