//! Everything we ingest, as one table of data: ingest, checks, tables and docs iterate it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};

use crate::Granularity;

/// Name of the partition column of every table.
pub const PERIOD: &str = "period";

/// Where a row came from: file name and line (1-based), after the dataset's own columns.
pub const SOURCE_COLUMNS: [&str; 2] = ["source_file", "source_line"];

/// What a column holds; decides its Arrow type and its check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Free text.
    Text,
    /// One of a closed list: pairs of what sources write (any case) and our code.
    Code(&'static [(&'static str, &'static str)]),
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
    /// The date or year column that decides the partition.
    pub period_field: &'static str,
    /// How long a partition lasts.
    pub granularity: Granularity,
    /// Whether a correction may move a key to another period.
    pub moves: bool,
    /// Columns by which files are sorted, after the period.
    pub sort: &'static [&'static str],
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
        columns.push(ArrowField::new(SOURCE_COLUMNS[0], DataType::Utf8, true));
        columns.push(ArrowField::new(SOURCE_COLUMNS[1], DataType::Int64, true));
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
}

impl Kind {
    /// Returns the Arrow type of the column.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Text | Self::Code(_) | Self::Subject | Self::Siren | Self::Siret => {
                DataType::Utf8
            }
            Self::Date { .. } => DataType::Date32,
            Self::Integer(..) => DataType::Int64,
            Self::Decimal => DataType::Decimal128(18, 2),
            Self::Boolean => DataType::Boolean,
        }
    }
}

const fn field(name: &'static str, header: &'static str, kind: Kind) -> Field {
    Field { name, header, kind, required: false, default: None }
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
pub const DATASETS: &[&Dataset] =
    &[&AUTHORITIES, &MEMBERSHIPS, &ACTS, &CONSULTATIONS, &BIDS, &REPORTED, &CONTRACTS];

/// Communes, groupings, départements and the region, as they stood on 1 January of an edition.
static AUTHORITIES: Dataset = Dataset {
    name: "authorities",
    title_fr: "Collectivités (code officiel géographique et EPCI)",
    title_en: "Local authorities",
    fields: &[
        field(
            "kind",
            "type",
            Kind::Code(&[
                ("commune-actuelle", "commune"),
                ("commune-deleguee", "delegated_commune"),
                ("commune-associee", "associated_commune"),
                ("commune-absorbee", "absorbed_commune"),
                ("cc", "CC"),
                ("ca", "CA"),
                ("cu", "CU"),
                ("metro", "METRO"),
                ("departement", "departement"),
                ("region", "region"),
            ]),
        )
        .required(),
        field("code", "code", Kind::Text).required(),
        field("edition_date", "edition", ANY_DATE).required(),
        field("siren", "siren", Kind::Siren),
        field("name", "nom", Kind::Text).required(),
        field("department_code", "departement", Kind::Text),
        field("region_code", "region", Kind::Text),
        field("population_count", "population", COUNT),
        // Communes of a grouping, as `INSEE code/SIREN` pairs with a space between.
        field("members", "membres", Kind::Text),
    ],
    key: &["kind", "code", "edition_date"],
    repeats: false,
    period_field: "edition_date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["siren", "edition_date"],
};

/// Who is a member of the service, from when to when.
static MEMBERSHIPS: Dataset = Dataset {
    name: "memberships",
    title_fr: "Adhésions",
    title_en: "Memberships",
    fields: &[
        field("siren", "siren", Kind::Siren).required(),
        field("start_date", "date_debut", PAST).required(),
        field("end_date", "date_fin", ANY_DATE),
    ],
    key: &["siren", "start_date"],
    repeats: false,
    period_field: "start_date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["siren", "start_date"],
};

/// Acts sent to the préfecture (@CTES), one row an act.
static ACTS: Dataset = Dataset {
    name: "acts",
    title_fr: "Actes transmis au contrôle de légalité",
    title_en: "Acts sent to the préfecture",
    fields: &[
        field("act_id", "id_acte", Kind::Text).required(),
        field("siren", "siren", Kind::Siren).required(),
        field(
            "nature_code",
            "nature",
            Kind::Code(&[("1", "1"), ("2", "2"), ("3", "3"), ("4", "4"), ("5", "5"), ("6", "6")]),
        )
        .required(),
        field("subject_code", "matiere", Kind::Subject).required(),
        field("decision_date", "date_decision", PAST).required(),
        field("acknowledged_date", "date_ar", PAST),
        // Ladder of the operator: an act counts as transmitted from 4, "acquittement reçu", on.
        field("status", "statut", Kind::Integer(-1, 22)).required(),
        field("is_cancelled", "annule", Kind::Boolean).required(),
    ],
    key: &["act_id"],
    repeats: false,
    period_field: "decision_date",
    granularity: Granularity::Year,
    moves: false,
    sort: &["siren", "decision_date"],
};

/// Tenders published on the platform.
static CONSULTATIONS: Dataset = Dataset {
    name: "consultations",
    title_fr: "Consultations en ligne",
    title_en: "Online tenders",
    fields: &[
        field("consultation_id", "id_consultation", Kind::Text).required(),
        field("siren", "siren", Kind::Siren).required(),
        field("siret", "siret", Kind::Siret),
        field("published_date", "date_pub", PAST).required(),
        field("closing_date", "date_cloture", ANY_DATE),
        field(
            "procedure",
            "procedure",
            Kind::Code(&[("adaptée", "adapted"), ("formalisée", "formalised")]),
        ),
        field(
            "nature",
            "nature",
            Kind::Code(&[
                ("travaux", "works"),
                ("fournitures", "supplies"),
                ("services", "services"),
            ]),
        ),
        field("lot_count", "lots", Kind::Integer(1, 10_000)),
        field(
            "status",
            "statut",
            Kind::Code(&[
                ("publiée", "published"),
                ("annulée", "cancelled"),
                ("infructueuse", "unsuccessful"),
                ("sans suite", "abandoned"),
                ("brouillon", "draft"),
            ]),
        )
        .required(),
        field(
            "e_reply",
            "reponse_elec",
            Kind::Code(&[
                ("refusée", "refused"),
                ("autorisée", "allowed"),
                ("obligatoire", "required"),
            ]),
        ),
    ],
    key: &["consultation_id"],
    repeats: false,
    period_field: "published_date",
    granularity: Granularity::Year,
    moves: true,
    sort: &["siren", "published_date"],
};

/// Bids received; paper bids stand here only when the buyer typed them in.
static BIDS: Dataset = Dataset {
    name: "bids",
    title_fr: "Plis reçus",
    title_en: "Bids received",
    fields: &[
        field("bid_id", "id_pli", Kind::Text).required(),
        field("consultation_id", "id_consultation", Kind::Text).required(),
        // The buyer's.
        field("siren", "siren", Kind::Siren).required(),
        field("lot", "lot", Kind::Text),
        field("mode", "mode", Kind::Code(&[("e", "electronic"), ("p", "paper")])).required(),
        field("submitted_date", "date_depot", PAST).required(),
        field("is_late", "hors_delai", Kind::Boolean).required(),
        field("is_signed", "signe", Kind::Boolean),
    ],
    key: &["bid_id"],
    repeats: false,
    period_field: "submitted_date",
    granularity: Granularity::Year,
    moves: true,
    sort: &["siren", "submitted_date"],
};

/// Figures that an authority declares about itself for a year, paper included.
static REPORTED: Dataset = Dataset {
    name: "reported",
    title_fr: "Chiffres déclarés par les collectivités",
    title_en: "Figures reported by the authorities",
    fields: &[
        field("siren", "siren", Kind::Siren).required(),
        field("year", "annee", Kind::Integer(2000, 2100)).required(),
        field(
            "variable",
            "variable",
            Kind::Code(&[("act_tot", "ACT_TOT"), ("cons_tot", "CONS_TOT"), ("pli_tot", "PLI_TOT")]),
        )
        .required(),
        // For ACT_TOT the nature, 1 to 6; `all` is the total.
        field(
            "item",
            "modalite",
            Kind::Code(&[
                ("all", "all"),
                ("1", "1"),
                ("2", "2"),
                ("3", "3"),
                ("4", "4"),
                ("5", "5"),
                ("6", "6"),
            ]),
        )
        .or("all"),
        field("value", "valeur", Kind::Decimal),
        field(
            "status",
            "statut",
            Kind::Code(&[
                ("réponse", "answered"),
                ("nsp", "unknown"),
                ("so", "not_concerned"),
                ("non posée", "not_asked"),
            ]),
        )
        .required(),
        field("wave", "vague", Kind::Text),
    ],
    key: &["siren", "year", "variable", "item"],
    repeats: false,
    period_field: "year",
    granularity: Granularity::Year,
    moves: false,
    sort: &["siren", "variable"],
};

/// Public contracts and concessions (DECP), layouts of 2019 and 2022.
static CONTRACTS: Dataset = Dataset {
    name: "contracts",
    title_fr: "Données essentielles de la commande publique",
    title_en: "Public contracts (DECP)",
    fields: &[
        field("contract_id", "id", Kind::Text).required(),
        field("buyer_siren", "buyer_siren", Kind::Siren).required(),
        // As written: a wrong NIC is kept beside the right SIREN.
        field("buyer_siret", "acheteur.id", Kind::Text),
        field("buyer_name", "acheteur.nom", Kind::Text),
        field("layout", "layout", Kind::Text).required(),
        field("kind", "kind", Kind::Code(&[("marche", "marche"), ("concession", "concession")]))
            .required(),
        field("nature", "nature", Kind::Text),
        field("object", "objet", Kind::Text),
        field("cpv_code", "codeCPV", Kind::Text),
        field("procedure", "procedure", Kind::Text),
        field("place_code", "lieuExecution.code", Kind::Text),
        field("place_kind", "lieuExecution.typeCode", Kind::Text),
        field("duration_months", "dureeMois", Kind::Integer(0, 1200)),
        field("notification_date", "dateNotification", PAST),
        field("published_date", "datePublicationDonnees", PAST),
        // Euros excluding VAT; for a framework agreement, its maximum.
        field("amount_eur", "montant", Kind::Decimal),
        field("bid_count", "offresRecues", COUNT),
        field("supplier_id", "titulaires.id", Kind::Text),
        field("supplier_id_kind", "titulaires.typeIdentifiant", Kind::Text),
        field("supplier_count", "titulaires", COUNT),
    ],
    key: &["buyer_siret", "contract_id"],
    repeats: true,
    period_field: "notification_date",
    granularity: Granularity::Year,
    moves: true,
    sort: &["buyer_siren", "notification_date"],
};

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
