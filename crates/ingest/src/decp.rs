//! DECP contracts, in the layouts of 2019 and of 2022, JSON or XML, as rows of `contracts`.
//!
//! A record states a contract as signed and then its modifications, each with only the fields
//! that changed. The row is the state after the last modification; amounts are never added.
//! Text goes into the row as it is written: what it means is for the check to say.

#[cfg(test)]
mod tests;

use carnac_model::RowsBuilder;

use crate::json::tree;
use crate::source::Source;
use crate::xml::Element;

/// Names of the lists of JSON that hold contracts: the first in the layout of 2019, the others in
/// that of 2022.
pub(crate) const LISTS: [&str; 3] = ["marches", "marche", "contrat-concession"];

/// Names of the elements of XML that are contracts, in both layouts.
pub(crate) const ELEMENTS: [&str; 2] = ["marche", "contrat-concession"];

/// Values that a contract or a modification has once.
const SINGLE: [&str; 14] = [
    "id",
    "acheteur",
    "autoriteConcedante",
    "nature",
    "objet",
    "codeCPV",
    "procedure",
    "lieuExecution",
    "dureeMois",
    "dateNotification",
    "dateSignature",
    "datePublicationDonnees",
    "montant",
    "valeurGlobale",
];

/// What only the layout of 2022 has.
const NEW_IN_2022: [&str; 6] = [
    "considerationsSociales",
    "considerationsEnvironnementales",
    "techniques",
    "modalitesExecution",
    "typesPrix",
    "marcheInnovant",
];

/// Appends one contract of a list of JSON.
pub(crate) fn push_json(
    _: &Source,
    rows: &mut RowsBuilder,
    line: i64,
    list: &str,
    text: &str,
) -> serde_json::Result<()> {
    let contract = tree::parse(list, text)?;
    let layout = if list == LISTS[0] { "2019" } else { "2022" };
    push(rows, line, text, &contract, layout);
    Ok(())
}

/// Appends one contract of a file of XML, where both layouts have the same lists.
pub(crate) fn push_xml(
    _: &Source,
    rows: &mut RowsBuilder,
    line: i64,
    raw: &str,
    contract: &Element,
) {
    let is_new = NEW_IN_2022.iter().any(|name| contract.child(name).is_some());
    push(rows, line, raw, contract, if is_new { "2022" } else { "2019" });
}

/// Appends one contract, in the order of the dataset's fields.
fn push(rows: &mut RowsBuilder, line: i64, raw: &str, contract: &Element, layout: &str) {
    let changes = changes(contract);
    if is_ambiguous(contract) || changes.iter().any(|change| is_ambiguous(change)) {
        return rows.push_fault(line, raw, "malformed");
    }
    let text = |name: &str| value(contract, name);
    let now = |name: &str| {
        // A modification that does not communicate a value does not change it.
        let mut changed = changes.iter().rev().filter_map(|change| value(change, name));
        changed.find(|text| !is_untold(text)).or_else(|| text(name))
    };
    // A flattened export has both, one of them empty.
    let mut buyers =
        ["acheteur", "autoriteConcedante"].into_iter().filter_map(|name| contract.child(name));
    let buyer = buyers.find(|buyer| value(buyer, "id").is_some());
    let of_buyer = |name: &str| buyer.and_then(|buyer| value(buyer, name));
    let buyer_id = of_buyer("id").or_else(|| text("acheteur.id"));
    let siren: Option<String> =
        buyer_id.map(|id| id.chars().filter(|c| !c.is_whitespace()).take(9).collect());
    let stated = changes.iter().rev().map(|change| suppliers(change));
    let holders = stated.chain([suppliers(contract)]).find(|list| !list.is_empty());
    let holders = holders.unwrap_or_default();
    let first = |name: &str| holders.first().and_then(|supplier| value(supplier, name));
    let (holder_count, change_count) = (holders.len().to_string(), changes.len().to_string());
    let pairs = pairs(&holders);
    let subcontracted = text("sousTraitanceDeclaree");

    let values = [
        text("id"),
        siren.as_deref(),
        buyer_id,
        of_buyer("nom"),
        Some(layout),
        Some(kind(contract)),
        text("nature"),
        text("objet"),
        text("codeCPV"),
        text("procedure"),
        contract.at(&["lieuExecution", "code"]).and_then(Element::text),
        contract.at(&["lieuExecution", "typeCode"]).and_then(Element::text),
        now("dureeMois"),
        text("dateNotification").or_else(|| text("dateSignature")),
        text("datePublicationDonnees"),
        now("montant").or_else(|| now("valeurGlobale")),
        text("offresRecues"),
        first("id"),
        first("typeIdentifiant"),
        Some(&holder_count),
        Some(&pairs),
        subcontracted,
        Some(&change_count),
    ];
    rows.push(line, raw, values);
    if subcontracted.is_some_and(is_no) && contract.child("actesSousTraitance").is_some() {
        rows.warn("contradictory_subcontracting");
    }
}

/// A concession is told by its list in the layout of 2022, by `_type` in the JSON of 2019.
fn kind(contract: &Element) -> &'static str {
    let told = value(contract, "_type").unwrap_or_default().to_lowercase();
    if contract.name == "contrat-concession" || told.contains("concession") {
        "concession"
    } else {
        "marche"
    }
}

/// The modifications, in the order of their number, and of the file where they have none.
fn changes(contract: &Element) -> Vec<&Element> {
    let mut changes = listed(contract, "modifications", "modification");
    changes.sort_by_key(|change| {
        value(change, "id").and_then(|id| id.parse::<u32>().ok()).unwrap_or_default()
    });
    changes
}

/// Who holds the contract; empty when the element does not say, which is not "nobody".
fn suppliers(element: &Element) -> Vec<&Element> {
    let suppliers = listed(element, "titulaires", "titulaire");
    if suppliers.is_empty() {
        return listed(element, "concessionnaires", "concessionnaire");
    }
    suppliers
}

/// The elements of a list, bare (JSON of 2019) or each under its singular name.
fn listed<'e>(element: &'e Element, list: &str, singular: &str) -> Vec<&'e Element> {
    let mut found = Vec::new();
    for entry in element.children(list) {
        match entry.child(singular) {
            Some(_) => found.extend(entry.children(singular)),
            None => found.push(entry),
        }
    }
    // A text where an element should be says nothing.
    found.retain(|element| !element.children.is_empty());
    found
}

/// Every supplier that has an identifier, as `KIND:ID`, with a space between.
fn pairs(suppliers: &[&Element]) -> String {
    let squeezed =
        |text: &str, between: &str| text.split_whitespace().collect::<Vec<_>>().join(between);
    let mut pairs = Vec::with_capacity(suppliers.len());
    for supplier in suppliers {
        if let Some(id) = value(supplier, "id") {
            let kind = value(supplier, "typeIdentifiant").unwrap_or_default();
            pairs.push(format!("{}:{}", squeezed(kind, "_"), squeezed(id, "")));
        }
    }
    pairs.join(" ")
}

/// Whether a value that can only stand once stands twice.
fn is_ambiguous(element: &Element) -> bool {
    SINGLE.iter().any(|name| element.children(name).nth(1).is_some())
}

/// `NC`, or nothing where at least 1 is due.
fn is_untold(text: &str) -> bool {
    text == "NC" || text.bytes().all(|byte| matches!(byte, b'0' | b'.' | b','))
}

fn is_no(text: &str) -> bool {
    ["non", "false", "0"].iter().any(|no| text.eq_ignore_ascii_case(no))
}

fn value<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    element.child(name).and_then(Element::text)
}
