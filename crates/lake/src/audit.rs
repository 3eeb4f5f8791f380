//! What a draft is checked for before it may be published, read back from what was written.

mod keys;

use std::collections::{BTreeMap, BTreeSet};

use carnac_model::{
    Action, Audit, AuditOutcome, Dataset, ExpectedDrop, Input, PartitionChange, dataset,
};
use deltalake_core::DeltaTable;

use crate::bounds::{Bounds, may_meet};
use crate::{Draft, Lake, QUARANTINE, Result, Table, bounds};

const ROW_COUNT: (&str, &str) = (
    "une partition ne perd pas 30 % de ses lignes sans que ce soit annoncé (--expect-drop)",
    "a partition does not lose 30 % of its rows unless that was announced (--expect-drop)",
);
const SCHEMA: (&str, &str) =
    ("la table a les colonnes de son jeu de données", "the table has the columns of its dataset");
const BOOKS: (&str, &str) = (
    "lignes lues = acceptées + rejetées, et toutes les acceptées sont dans la table",
    "rows read = accepted + rejected, and all that were accepted are in the table",
);
const NOTHING_LANDED: (&str, &str) = (
    "un fichier livré apporte au moins une ligne",
    "a file that is delivered brings a row or more",
);
const KEY_UNIQUE: (&str, &str) = ("aucune clé ne figure deux fois", "no key stands more than once");

/// What the audits of a draft found, and what they were about.
#[derive(Debug, Default)]
pub struct Audited {
    /// The partitions that differ from what readers see.
    pub partitions: Vec<PartitionChange>,
    /// The findings, passed ones too.
    pub audits: Vec<Audit>,
}

/// One table of a draft, before and after.
struct Changed {
    name: String,
    before: BTreeMap<String, u64>,
    after: BTreeMap<String, u64>,
    /// The periods whose files differ.
    touched: BTreeSet<String>,
    table: Table,
    delta: DeltaTable,
}

impl Lake {
    /// Audits what a draft has written: rows by partition, columns, keys and books.
    ///
    /// A partition that loses all its rows or 30 % of them blocks, unless one of `declared` covers
    /// it. `memory` bounds the check of keys, in bytes.
    ///
    /// # Errors
    /// When a table cannot be read. What an audit finds is no error.
    pub async fn audit(
        &self,
        draft: &Draft,
        declared: &[ExpectedDrop],
        memory: usize,
    ) -> Result<Audited> {
        let mut found = Audited::default();
        for (name, version) in draft.tables.iter().filter(|(name, _)| *name != QUARANTINE) {
            let changed = self.changed(draft, name, *version).await?;
            let rows = changed.touched.iter().map(|period| changed.row_count(period, declared));
            found.audits.extend(rows);
            found.partitions.extend(changed.touched.iter().map(|period| changed.change(period)));
            if let Some(dataset) = dataset(name) {
                found.audits.push(changed.schema(dataset));
                found.audits.extend(self.keys_and_books(draft, dataset, changed, memory).await?);
            }
        }
        found.audits.extend(sources_without_rows(draft));
        Ok(found)
    }

    async fn changed(&self, draft: &Draft, name: &str, version: u64) -> Result<Changed> {
        let delta = self.delta_at(name, version, None).await?;
        let after = Table::of(name, &delta)?;
        let before = match draft.published_version(name) {
            Some(version) => Some(Table::of(name, &self.delta_at(name, version, None).await?)?),
            None => None,
        };
        Ok(Changed {
            name: name.to_owned(),
            touched: after.differs_from(before.as_ref()),
            before: before.map(|table| table.rows_by_partition()).unwrap_or_default(),
            after: after.rows_by_partition(),
            table: after,
            delta,
        })
    }

    async fn keys_and_books(
        &self,
        draft: &Draft,
        dataset: &'static Dataset,
        changed: Changed,
        memory: usize,
    ) -> Result<Vec<Audit>> {
        let mut periods = changed.touched;
        if dataset.moves && !dataset.repeats {
            periods = with_neighbours(&periods, &bounds::by_period(dataset, &changed.delta)?);
        }
        let rows = periods.iter().filter_map(|period| changed.after.get(period)).sum();
        let read = keys::Reading { lake: self, dataset, periods: &periods, rows, memory };
        let found = read.run(changed.table).await?;
        let mut audits = Vec::new();
        if !dataset.repeats {
            let names = if found.repeated.is_empty() { &periods } else { &found.repeated };
            for period in names {
                let audit = Audit::passed("key_unique", dataset.name, period, KEY_UNIQUE);
                let count = found.repeats.get(period).copied().unwrap_or_default();
                audits.push(audit.of(count.to_string(), "0").failed_if(count > 0));
            }
        }
        let landed = |file: &str| found.by_file.get(file).copied().unwrap_or_default();
        let books: Vec<_> = draft
            .inputs_of(dataset.name)
            .map(|(file, input)| books(dataset.name, file, input, landed(file)))
            .collect();
        audits.extend(balanced(dataset.name, &books));
        audits.extend(books.into_iter().filter(Audit::blocks));
        Ok(audits)
    }
}

impl Changed {
    fn change(&self, period: &str) -> PartitionChange {
        let rows = |of: &BTreeMap<String, u64>| of.get(period).copied();
        let action = match (rows(&self.before), rows(&self.after)) {
            (None, _) => Action::Added,
            (_, Some(_)) => Action::Replaced,
            (_, None) => Action::Removed,
        };
        let (before, after) =
            (rows(&self.before).unwrap_or_default(), rows(&self.after).unwrap_or_default());
        PartitionChange {
            table: self.name.clone(),
            period: period.to_owned(),
            before,
            after,
            action,
        }
    }

    fn row_count(&self, period: &str, declared: &[ExpectedDrop]) -> Audit {
        let PartitionChange { before, after, .. } = self.change(period);
        let falls = before > 0 && u128::from(after) * 10 <= u128::from(before) * 7;
        let audit = Audit::passed("row_count", &self.name, period, ROW_COUNT)
            .of(after.to_string(), format!("more than {}", before * 7 / 10))
            .failed_if(falls);
        // A row without a date that gets one leaves its partition: that is no loss.
        let audit = if period == "undated" { audit.as_warning() } else { audit };
        if falls && declared.iter().any(|drop| drop.covers(&self.name, period)) {
            return Audit { outcome: AuditOutcome::Declared, ..audit };
        }
        audit
    }

    fn schema(&self, dataset: &Dataset) -> Audit {
        let told = |schema: &arrow::datatypes::Schema| {
            let columns = schema.fields().iter();
            columns.map(|f| format!("{} {}", f.name(), f.data_type())).collect::<Vec<_>>()
        };
        let (found, wanted) = (told(&self.table.columns()), told(&dataset.schema()));
        let differs = |a: &[String], b: &[String]| {
            let only: Vec<_> = a.iter().filter(|column| !b.contains(column)).cloned().collect();
            if only.is_empty() { format!("{} columns", a.len()) } else { only.join(", ") }
        };
        Audit::passed("schema", &self.name, "all", SCHEMA)
            .of(differs(&found, &wanted), differs(&wanted, &found))
            .failed_if(found != wanted)
    }
}

/// Returns partitions and those that may hold a key of one of them: a correction may move it to
/// another one. All others are as they were audited before.
fn with_neighbours(
    touched: &BTreeSet<String>,
    keys: &BTreeMap<String, Option<Bounds>>,
) -> BTreeSet<String> {
    let of_touched: Vec<_> = touched.iter().filter_map(|period| keys.get(period)).collect();
    let is_near =
        |of: &Option<Bounds>| of_touched.iter().any(|other| may_meet(of.as_ref(), other.as_ref()));
    let near = keys.iter().filter(|(_, of)| is_near(of)).map(|(period, _)| period.clone());
    near.chain(touched.iter().cloned()).collect()
}

/// Compares the books of a source with the rows of it that are in the table.
fn books(table: &str, file: &str, input: &Input, landed: u64) -> Audit {
    let period = match input.periods.as_slice() {
        [one] => one,
        _ => "all",
    };
    let rejected = input.rejected_count();
    let balanced = input.read == input.accepted + rejected;
    Audit::passed("books", table, period, BOOKS)
        .of(
            format!("{file}: {} accepted + {rejected} rejected, {landed} landed", input.accepted),
            format!("{} read, {} landed", input.read, input.accepted - input.replaced),
        )
        .failed_if(!balanced || landed != input.accepted - input.replaced)
}

/// The one finding of all sources of a table whose books are right.
fn balanced(table: &str, books: &[Audit]) -> Option<Audit> {
    let right = books.iter().filter(|audit| !audit.blocks()).count();
    let found = Audit::passed("books", table, "all", BOOKS).of(format!("{right} sources"), "all");
    (right > 0).then_some(found)
}

/// A warning for each source of the draft of which no row landed.
fn sources_without_rows(draft: &Draft) -> impl Iterator<Item = Audit> {
    let empty = draft.inputs.iter().filter(|(_, input)| input.accepted == 0);
    empty.map(|(source, input)| {
        let (table, file) = source.split_once('/').unwrap_or((source, ""));
        Audit::passed("source_rows", table, "all", NOTHING_LANDED)
            .of(format!("{file}: {} read, 0 accepted", input.read), "1 accepted or more")
            .failed_if(true)
            .as_warning()
    })
}
