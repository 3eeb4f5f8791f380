//! What landing a file would do, without a lake.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use carnac_model::{Checked, Dataset};
use chrono::NaiveDate;
use encoding_rs::Encoding;

use crate::format::Format;
use crate::read::read;
use crate::{PseudonymKey, Result, Source};

/// Bad rows that are kept, of however many there are.
const FIRST_FAULTS: usize = 20;

/// What a file is taken for, and what becomes of its rows: `read = accepted + rejected`.
///
/// Rows of one key are not told apart here: of those that land, some may yet be copies.
#[derive(Debug)]
pub struct Inspection {
    /// What its rows land in.
    pub dataset: &'static Dataset,
    /// Name of the encoding; none where the file says its own, or has none.
    pub encoding: Option<&'static str>,
    /// What stands between two values; none where it is not a text of columns.
    pub separator: Option<char>,
    /// Name of the profile that tells its layout.
    pub profile: Option<String>,
    /// Rows read.
    pub read: u64,
    /// Rows that would land.
    pub accepted: u64,
    /// Those rows by period.
    pub periods: BTreeMap<String, u64>,
    /// Rows that would be in quarantine, by rule.
    pub rejected: BTreeMap<String, u64>,
    /// Rows that would land with a warning, by rule; a row may have several.
    pub warned: BTreeMap<String, u64>,
    /// The first bad rows, in the order of the file.
    pub faults: Vec<Fault>,
}

/// A bad row, as quarantine shows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The member of the archive that it stands in.
    pub member: Option<String>,
    /// Its line, from 1.
    pub line: i64,
    /// The rule that it breaks.
    pub rule: String,
    /// The column at fault; none when it is the whole row.
    pub field: Option<String>,
    /// The row as it was written; of a survey, what may be shown of it.
    pub raw: String,
}

/// Reads and checks a file as landing does, and writes nothing.
///
/// `key` makes pseudonyms of respondents; only surveys need it. Rows dated after `run_date` count
/// as rejected, as they would.
///
/// # Errors
/// When the file as a whole could not land.
pub fn inspect(
    source: &Source,
    key: Option<&PseudonymKey>,
    run_date: NaiveDate,
) -> Result<Inspection> {
    let mut inspection = Inspection::of(source)?;
    read(source, key, run_date, &mut |checked| {
        inspection.add(&checked);
        Ok(())
    })?;
    Ok(inspection)
}

impl Inspection {
    fn of(source: &Source) -> Result<Self> {
        let has_encoding = matches!(source.format, Format::Csv | Format::Json);
        let encoding = has_encoding.then(|| source.encoding()).transpose()?;
        Ok(Self {
            dataset: source.dataset,
            encoding: encoding.map(Encoding::name),
            separator: (source.format == Format::Csv).then(|| char::from(source.delimiter)),
            profile: source.profile.as_ref().map(|profile| profile.name.clone()),
            read: 0,
            accepted: 0,
            periods: BTreeMap::new(),
            rejected: BTreeMap::new(),
            warned: BTreeMap::new(),
            faults: Vec::new(),
        })
    }

    fn add(&mut self, checked: &Checked) {
        self.read += checked.read() as u64;
        for part in checked.accepted() {
            let rows = part.rows.num_rows() as u64;
            self.accepted += rows;
            *self.periods.entry(part.period.clone()).or_default() += rows;
            for warnings in text(&part.rows, "warnings").flatten() {
                for rule in warnings.split(' ') {
                    *self.warned.entry(rule.to_owned()).or_default() += 1;
                }
            }
        }
        let rejected = checked.rejected();
        for rule in text(rejected, "rule").flatten() {
            *self.rejected.entry(rule.to_owned()).or_default() += 1;
        }
        let room = FIRST_FAULTS.saturating_sub(self.faults.len());
        self.faults.extend(faults(rejected).take(room));
    }

    /// Returns the number of rejected rows over all rules.
    #[must_use]
    pub fn rejected_count(&self) -> u64 {
        self.rejected.values().sum()
    }
}

/// The rows of a batch of [`Checked::rejected_schema`].
fn faults(rejected: &RecordBatch) -> impl Iterator<Item = Fault> {
    let lines = rejected["line"].as_primitive::<Int64Type>().iter();
    let members = text(rejected, "member").zip(lines);
    let rules = text(rejected, "rule").zip(text(rejected, "field"));
    members.zip(rules).zip(text(rejected, "raw")).map(|(((member, line), (rule, field)), raw)| {
        Fault {
            member: member.map(str::to_owned),
            line: line.unwrap_or_default(),
            rule: rule.unwrap_or_default().to_owned(),
            field: field.map(str::to_owned),
            raw: raw.unwrap_or_default().to_owned(),
        }
    })
}

fn text<'b>(batch: &'b RecordBatch, column: &str) -> impl Iterator<Item = Option<&'b str>> {
    batch[column].as_string::<i32>().iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find;

    #[test]
    fn an_inspection_says_what_landing_would_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contrats.csv");
        let text = "id;acheteur.id;dateNotification;datePublicationDonnees\n\
                    a;21350238800019;2025-01-02;2025-01-01\n\
                    caf\u{e9};21350238000019;2025-01-02;\n\
                    c;21350238800019\n";
        std::fs::write(&path, text).unwrap();
        let source = Source::open(find(&path).unwrap().files.remove(0), None, &[]).unwrap();
        let run_date = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let found = inspect(&source, None, run_date).unwrap();
        assert_eq!((found.dataset.name, found.encoding), ("contracts", Some("UTF-8")));
        assert_eq!((found.separator, found.profile), (Some(';'), None));
        assert_eq!((found.read, found.accepted), (3, 1));
        let one = |rule: &str| (rule.to_owned(), 1);
        assert_eq!(found.rejected, BTreeMap::from([one("malformed"), one("not_a_siren")]));
        assert_eq!(found.warned, BTreeMap::from([one("published_before_notified")]));
        let faults: Vec<_> =
            found.faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect();
        assert_eq!(faults, [(3, Some("buyer_siren")), (4, None)]);
        assert_eq!(found.faults[1].raw, "c;21350238800019");
    }
}
