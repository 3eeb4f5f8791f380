//! Hélios flows (PES v2) as rows of the dataset `flows`: one row a file.
//!
//! A flow names third parties, their bank accounts and what they are paid for, and it may hold
//! megabytes of attachments. It is read tag by tag, never as a tree, and only its header and its
//! counts are kept: what a rejected row shows is made of the header alone.

mod amount;
#[cfg(test)]
mod tests;

use std::io::Read;

use carnac_model::RowsBuilder;

use self::amount::Amount;
use crate::Result;
use crate::batches::Batches;
use crate::xml::Tags;

/// Elements of the header, of which the first counts; their values are what may land.
const HEADER: [&str; 7] =
    ["NomFic", "DteStr", "IdPost", "IdColl", "CodBud", "Exer", "ExerciceBord"];
/// What a flow is about: its element, its code in acknowledgements, and the dataset's domain.
/// Attachments travel with what they justify, so the first of the list that is found counts.
const DOMAINS: [(&str, &str, &str); 4] = [
    ("PES_DepenseAller", "5", "depense"),
    ("PES_RecetteAller", "6", "recette"),
    ("PES_Marche", "", "marche"),
    ("PES_PJ", "4", "pj"),
];

/// What is known of a flow so far.
#[derive(Default)]
struct Flow {
    line: u64,
    message: Option<&'static str>,
    header: [Option<String>; HEADER.len()],
    /// Place in [`DOMAINS`].
    domain: Option<usize>,
    batches: u64,
    pieces: u64,
    lines: u64,
    attachments: u64,
    amount: Amount,
    signed: bool,
    dematerialised: Option<bool>,
    acknowledged: Option<bool>,
    fault: Option<&'static str>,
}

/// Reads the row of one file; returns how many flows it holds, none when it is another message.
///
/// # Errors
/// When the bytes cannot be read or a batch cannot be handed on.
pub(crate) fn read(reader: impl Read, batches: &mut Batches<'_>) -> Result<u64> {
    let mut flow = Flow::default();
    let mut tags = Tags::new(reader);
    while let Some(tag) = tags.next().map_err(|reason| batches.unread(reason))? {
        match &tag.element {
            Ok(element) => flow.take(&element.name, element.attribute("V"), tag.line),
            Err(rule) => flow.fault = flow.fault.or(Some(rule)),
        }
    }
    if flow.message.is_none() {
        return Ok(0);
    }
    flow.push(&mut batches.rows);
    batches.hand_on_when_full()?;
    Ok(1)
}

impl Flow {
    fn take(&mut self, name: &str, value: Option<&str>, line: u64) {
        let is_one = value.map(|value| value == "1");
        match name {
            "PES_Aller" => (self.message, self.line) = (Some("aller"), line),
            "PES_ACQUIT" | "PES_Acquit" => (self.message, self.line) = (Some("acquit"), line),
            "Bordereau" | "NumBord" => self.batches += 1,
            "Piece" => self.pieces += 1,
            "LigneDePiece" => self.lines += 1,
            "PJ" => self.attachments += 1,
            "Signature" => self.signed = true,
            "MtBordHT" => self.amount.add(value.unwrap_or_default()),
            "InfoDematerialisee" => self.dematerialised = all(self.dematerialised, is_one),
            "EtatAck" => self.acknowledged = all(self.acknowledged, is_one.or(Some(false))),
            "DomaineAck" => {
                let code = value.unwrap_or_default().trim_start_matches('0');
                self.is_about(
                    DOMAINS.iter().position(|(_, of, _)| !code.is_empty() && *of == code),
                );
            }
            _ => self.is_about(DOMAINS.iter().position(|(element, ..)| *element == name)),
        }
        if let Some(place) = HEADER.iter().position(|header| *header == name)
            && self.header[place].is_none()
        {
            self.header[place] = value.map(str::to_owned);
        }
    }

    fn is_about(&mut self, domain: Option<usize>) {
        self.domain = self.domain.into_iter().chain(domain).min();
    }

    /// Appends the row, in the order of the dataset's fields.
    fn push(&self, rows: &mut RowsBuilder) {
        let line = i64::try_from(self.line).unwrap_or(i64::MAX);
        let [name, date, office, authority, budget, year, year_of_batch] =
            self.header.each_ref().map(Option::as_deref);
        let amount = match self.amount.total() {
            Ok(total) => total,
            Err(rule) => return rows.push_fault(line, &self.raw(), rule),
        };
        if let Some(rule) = self.fault {
            return rows.push_fault(line, &self.raw(), rule);
        }
        let is_acknowledgement = self.message == Some("acquit");
        let siret: Option<String> = authority.map(|id| id.split_whitespace().collect());
        let siren: Option<String> = siret.as_ref().map(|id| id.chars().take(9).collect());
        let sent = |count: u64| (!is_acknowledgement).then(|| count.to_string());
        let flag = |is: bool| if is { "1" } else { "0" };
        let (pieces, lines, attachments) =
            (sent(self.pieces), sent(self.lines), sent(self.attachments));
        let batches = self.batches.to_string();
        let values = [
            name,
            siren.as_deref(),
            siret.as_deref(),
            self.message,
            date,
            office,
            budget,
            year.or(year_of_batch),
            self.domain.map(|place| DOMAINS[place].2),
            Some(&batches),
            pieces.as_deref(),
            lines.as_deref(),
            attachments.as_deref(),
            amount.as_deref(),
            (!is_acknowledgement).then(|| flag(self.signed)),
            self.dematerialised.map(flag),
            self.acknowledged.map(flag),
        ];
        rows.push(line, &self.raw(), values);
    }

    /// The header as `name=value`.
    fn raw(&self) -> String {
        let known = HEADER.iter().zip(&self.header);
        let known = known.filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
        known.collect::<Vec<_>>().join(" ")
    }
}

/// Whether it was so every time it was said.
fn all(before: Option<bool>, now: Option<bool>) -> Option<bool> {
    now.map_or(before, |now| Some(before.unwrap_or(true) && now))
}
