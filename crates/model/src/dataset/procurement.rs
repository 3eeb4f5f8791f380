//! Tenders, bids, downloads and contracts.

use super::{ANY_DATE, COUNT, Dataset, Kind, Order, PAST, field, term};
use crate::Granularity;

/// Tenders published on the platform.
pub(super) static CONSULTATIONS: Dataset = Dataset {
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
    copies: false,
    period_field: "published_date",
    granularity: Granularity::Year,
    moves: true,
    sort: &["siren", "published_date"],
    orders: &[],
};

/// Bids received; paper bids stand here only when the buyer typed them in.
pub(super) static BIDS: Dataset = Dataset {
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
    copies: false,
    period_field: "submitted_date",
    granularity: Granularity::Year,
    moves: true,
    sort: &["siren", "submitted_date"],
    orders: &[],
};

/// One download of the documents of a tender.
pub(super) static DOWNLOADS: Dataset = Dataset {
    name: "downloads",
    title_fr: "Retraits de dossiers de consultation (DCE)",
    title_en: "Tender documents downloaded",
    fields: &[
        field("download_id", "id_retrait", Kind::Text).required(),
        field("consultation_id", "id_consultation", Kind::Text).required(),
        // The buyer's.
        field("siren", "siren", Kind::Siren).required(),
        field("downloaded_date", "date_retrait", PAST).required(),
        field("is_anonymous", "anonyme", Kind::Boolean).required(),
        field("company_siren", "siren_entreprise", Kind::Siren),
    ],
    key: &["download_id"],
    repeats: false,
    copies: false,
    period_field: "downloaded_date",
    granularity: Granularity::Year,
    moves: true,
    sort: &["siren", "downloaded_date"],
    orders: &[],
};

/// Public contracts and concessions (DECP), layouts of 2019 and 2022.
pub(super) static CONTRACTS: Dataset = Dataset {
    name: "contracts",
    title_fr: "Données essentielles de la commande publique",
    title_en: "Public contracts (DECP)",
    fields: &[
        field("contract_id", "id", Kind::Text).required(),
        field("buyer_siren", "buyer_siren", Kind::Siren).required().siren_of("buyer_siret"),
        field("buyer_siret", "acheteur.id", Kind::Company),
        field("buyer_name", "acheteur.nom", Kind::Label),
        field("layout", "layout", Kind::Text).or("table"),
        field(
            "kind",
            "kind",
            Kind::Code(&[
                ("marche", "marche"),
                ("marché", "marche"),
                ("concession", "concession"),
                ("contrat de concession", "concession"),
            ]),
        )
        .or("marche"),
        field("nature", "nature", Kind::Term(term::CONTRACT_NATURE)),
        field("object", "objet", Kind::Label),
        field("cpv_code", "codeCPV", Kind::Cpv),
        field("procedure", "procedure", Kind::Term(term::PROCEDURE)),
        field("place_code", "lieuExecution.code", Kind::Place),
        field("place_kind", "lieuExecution.typeCode", Kind::Term(term::PLACE)),
        field("duration_months", "dureeMois", Kind::Integer(0, 1200)),
        field("notification_date", "dateNotification", PAST),
        field("published_date", "datePublicationDonnees", PAST),
        // Euros excluding VAT; for a framework agreement, its maximum.
        field("amount_eur", "montant", Kind::Amount),
        field("bid_count", "offresRecues", COUNT),
        field("supplier_id", "titulaires.id", Kind::Company),
        field("supplier_id_kind", "titulaires.typeIdentifiant", Kind::Term(term::IDENTIFIER)),
        field("supplier_count", "titulaires", COUNT),
        // Every supplier, as `KIND:ID` pairs with a space between.
        field("suppliers", "suppliers", Kind::Companies),
        field("is_subcontracted", "sousTraitanceDeclaree", Kind::Boolean),
        field("modification_count", "modifications", COUNT),
        // Whether no later modification replaces the row, where a source has one row for each.
        field("is_current", "donneesActuelles", Kind::Boolean),
    ],
    key: &["buyer_siret", "contract_id"],
    repeats: true,
    copies: false,
    period_field: "notification_date",
    granularity: Granularity::Year,
    moves: true,
    sort: &["buyer_siren", "notification_date"],
    orders: &[Order {
        first: "notification_date",
        then: "published_date",
        rule: "published_before_notified",
    }],
};
