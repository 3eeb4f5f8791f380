//! Everything we ingest, as one table of data: ingest, checks, tables and docs iterate it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};

use crate::Granularity;

mod finance;
mod legality;
mod procurement;
mod reference;
mod survey;
pub mod term;
mod usage;

/// Name of the partition column of every table.
pub const PERIOD: &str = "period";

/// What was remarkable about a row, and where it came from: after the dataset's own columns.
///
/// `warnings` names the rules that it breaks without being rejected, with spaces between;
/// `as_written` is a JSON object of the values that were normalised, as the source wrote them;
/// `source_file` is the file, `source_member` its member when the file is an archive, and
/// `source_line` the line (1-based).
pub const SOURCE_COLUMNS: [(&str, DataType); 5] = [
    ("warnings", DataType::Utf8),
    ("as_written", DataType::Utf8),
    ("source_file", DataType::Utf8),
    ("source_member", DataType::Utf8),
    ("source_line", DataType::Int64),
];

/// What a column holds; decides its Arrow type and its check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or other text that is kept as it is.
    Text,
    /// Words for people: HTML entities are decoded once and doubly encoded text is repaired; text
    /// that has lost characters is kept, with a warning.
    Label,
    /// One of a closed list: pairs of what sources write (any case) and our code. Anything else
    /// is rejected.
    Code(&'static [(&'static str, &'static str)]),
    /// One of an official list, whatever the accents and the case: pairs of a spelling in lower
    /// case without accents and the official one. Anything else is no value, with a warning.
    Term(&'static [(&'static str, &'static str)]),
    /// A code of the CPV, eight digits and perhaps a key. A lost leading zero is put back when
    /// that gives a code of the CPV 2008.
    Cpv,
    /// A SIRET, or another identifier of a company: spaces are taken out, a lost leading zero is
    /// put back when the key then holds, and what is wrong with the rest is a warning.
    Company,
    /// Several companies, as `KIND:ID` pairs with a space between: each kind is a term of
    /// [`term::IDENTIFIER`], each identifier a [`Kind::Company`]. Placeholders are left out. The
    /// first company has columns of its own, which warn about it.
    Companies,
    /// A code of a place; words are no value, with a warning.
    Place,
    /// Euros of a contract: a placeholder (`99999999`, nothing, less than nothing) is no value,
    /// an unlikely amount has a warning.
    Amount,
    /// A decimal of either sign, of 18 digits, two of them behind the point.
    Signed,
    /// Subject of an act, `7.10`: numbers joined by dots. Text, so that 7.10 never becomes 7.1.
    Subject,
    /// A civil date as written, from 2000 on; a time zone behind it is cut off, never applied.
    Date {
        /// Whether the run date is its latest value.
        past: bool,
    },
    /// A whole number within bounds.
    Integer(i64, i64),
    /// A decimal from 0, of 18 digits, two of them behind the point; more are rounded half up.
    Decimal,
    /// `1`, `0`, `oui`, `non`, `true`, `false`.
    Boolean,
    /// A SIREN, checked by [`crate::identifier::is_siren`].
    Siren,
    /// A SIRET, checked by [`crate::identifier::is_siret`].
    Siret,
}

/// One column of a dataset.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Column name in tables.
    pub name: &'static str,
    /// Column name in the sources.
    pub header: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether a row without it is rejected.
    pub required: bool,
    /// The value of a row that has none.
    pub default: Option<&'static str>,
    /// The field with the SIRET whose first nine digits are the value where a source has none.
    pub siren_of: Option<&'static str>,
}

/// One kind of source data and the table it lands in.
#[derive(Debug)]
pub struct Dataset {
    /// Table name.
    pub name: &'static str,
    /// Title in French.
    pub title_fr: &'static str,
    /// Title in English.
    pub title_en: &'static str,
    /// Its columns, in order.
    pub fields: &'static [Field],
    /// What names one thing: a later delivery of the same key replaces the earlier one.
    pub key: &'static [&'static str],
    /// Whether several different rows of one file may share a key (lots of one contract).
    pub repeats: bool,
    /// Whether equal rows of one file are several things, as lines of a budget are, and not copies
    /// of one.
    pub copies: bool,
    /// The date or year column that decides the partition.
    pub period_field: &'static str,
    /// How long a partition lasts.
    pub granularity: Granularity,
    /// Whether a correction may move a key to another period.
    pub moves: bool,
    /// Columns by which files are sorted, after the period.
    pub sort: &'static [&'static str],
    /// Pairs of dates or counts that must not be the wrong way round; a warning when they are.
    pub orders: &'static [Order],
}

/// Two columns of one type, of which the first must not exceed the second.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// The earlier date, or the smaller count.
    pub first: &'static str,
    /// The later date, or the greater count.
    pub then: &'static str,
    /// The warning.
    pub rule: &'static str,
}

impl Dataset {
    /// Returns the place of a column.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// Returns the columns of the table: the fields, [`SOURCE_COLUMNS`], then [`PERIOD`].
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let mut columns: Vec<_> = self.fields.iter().map(Field::arrow).collect();
        columns.extend(SOURCE_COLUMNS.map(|(name, of)| ArrowField::new(name, of, true)));
        columns.push(ArrowField::new(PERIOD, DataType::Utf8, true));
        Arc::new(Schema::new(columns))
    }
}

impl Field {
    /// Returns the Arrow field; nullability is checked at the door, so every column may be null.
    #[must_use]
    pub fn arrow(&self) -> ArrowField {
        ArrowField::new(self.name, self.kind.data_type(), true)
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn siren_of(mut self, siret: &'static str) -> Self {
        self.siren_of = Some(siret);
        self
    }
}

impl Kind {
    /// Returns the Arrow type of the column.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Text
            | Self::Label
            | Self::Code(_)
            | Self::Term(_)
            | Self::Cpv
            | Self::Company
            | Self::Companies
            | Self::Place
            | Self::Subject
            | Self::Siren
            | Self::Siret => DataType::Utf8,
            Self::Date { .. } => DataType::Date32,
            Self::Integer(..) => DataType::Int64,
            Self::Decimal | Self::Amount | Self::Signed => DataType::Decimal128(18, 2),
            Self::Boolean => DataType::Boolean,
        }
    }
}

const fn field(name: &'static str, header: &'static str, kind: Kind) -> Field {
    Field { name, header, kind, required: false, default: None, siren_of: None }
}

const PAST: Kind = Kind::Date { past: true };
const ANY_DATE: Kind = Kind::Date { past: false };
const COUNT: Kind = Kind::Integer(0, 1_000_000_000);

/// Returns the dataset of that name.
#[must_use]
pub fn dataset(name: &str) -> Option<&'static Dataset> {
    DATASETS.iter().copied().find(|dataset| dataset.name == name)
}

/// Every dataset, in the order in which a refresh lands them.
pub const DATASETS: &[&Dataset] = &[
    &reference::AUTHORITIES,
    &reference::GROUPING_MEMBERS,
    &reference::SUCCESSORS,
    &reference::PANELS,
    &reference::CPV_CODES,
    &reference::OUTLINES,
    &usage::MEMBERSHIPS,
    &usage::ACTIVATIONS,
    &usage::ACCOUNTS,
    &usage::SESSIONS,
    &legality::ACTS,
    &legality::ACT_MESSAGES,
    &legality::CLASSIFICATIONS,
    &legality::DELIBERATIONS,
    &legality::PUBLICATIONS,
    &finance::FLOWS,
    &finance::BUDGET_LINES,
    &procurement::CONSULTATIONS,
    &procurement::BIDS,
    &procurement::DOWNLOADS,
    &procurement::CONTRACTS,
    &survey::REPORTED,
    &survey::ANSWERS,
    &survey::COST_PARAMETERS,
    &survey::TARGETS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_column_exists() {
        for dataset in DATASETS {
            let named = dataset.key.iter().chain(dataset.sort).chain([&dataset.period_field]);
            for name in named {
                assert!(dataset.position(name).is_some(), "{}: {name}", dataset.name);
            }
        }
    }

    #[test]
    fn columns_of_a_table_are_named_once() {
        for dataset in DATASETS {
            let schema = dataset.schema();
            let names: std::collections::BTreeSet<_> =
                schema.fields().iter().map(|f| f.name()).collect();
            assert_eq!(names.len(), schema.fields().len(), "{}", dataset.name);
        }
    }
}
