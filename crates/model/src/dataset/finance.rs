//! Accounting flows and budgets.

use super::{COUNT, Dataset, Kind, PAST, field, term};
use crate::Granularity;

/// One PES flow sent to the accountant, or its acknowledgement. No third party ever lands.
///
/// An acknowledgement names the flow it is for, and its date is `flow_date`.
pub(super) static FLOWS: Dataset = Dataset {
    name: "flows",
    title_fr: "Flux Hélios (PES v2)",
    title_en: "Accounting flows (PES v2)",
    fields: &[
        field("flow_id", "id_flux", Kind::Text).required(),
        field("siren", "siren", Kind::Siren).required(),
        field("siret", "siret", Kind::Company),
        field("message", "message", Kind::Code(&[("aller", "aller"), ("acquit", "acquit")]))
            .required(),
        field("flow_date", "date", PAST).required(),
        field("office_code", "poste", Kind::Text),
        field("budget_code", "budget", Kind::Text),
        field("fiscal_year", "exercice", Kind::Integer(2000, 2100)),
        field(
            "domain",
            "domaine",
            Kind::Code(&[
                ("depense", "expense"),
                ("dépense", "expense"),
                ("recette", "revenue"),
                ("pj", "attachment"),
                ("marche", "contract"),
            ]),
        ),
        field("batch_count", "bordereaux", COUNT),
        field("piece_count", "pieces", COUNT),
        field("line_count", "lignes", COUNT),
        field("attachment_count", "pieces_jointes", COUNT),
        field("amount_eur", "montant_ht", Kind::Signed),
        field("is_signed", "signe", Kind::Boolean),
        field("is_dematerialised", "dematerialise", Kind::Boolean),
        field("is_acknowledged", "etat_ack", Kind::Boolean),
    ],
    key: &["siren", "flow_id", "message"],
    repeats: false,
    copies: false,
    period_field: "flow_date",
    granularity: Granularity::Year,
    moves: false,
    sort: &["siren", "flow_date"],
    orders: &[],
};

/// One line of a budget document, as SCDL budget CSV and TOTEM XML give it.
///
/// A budget may have several décisions modificatives in a year; TOTEM numbers them.
pub(super) static BUDGET_LINES: Dataset = Dataset {
    name: "budget_lines",
    title_fr: "Lignes budgétaires (SCDL, TOTEM)",
    title_en: "Budget lines",
    fields: &[
        field("siret", "BGT_SIRET", Kind::Company),
        field("siren", "BGT_SIREN", Kind::Siren).required().siren_of("siret"),
        field("authority_name", "BGT_NOM", Kind::Label),
        field("year", "BGT_ANNEE", Kind::Integer(1990, 2100)).required(),
        field("document", "BGT_NATDEC", Kind::Term(term::BUDGET_DOCUMENT)),
        field("document_number", "BGT_NUMDEC", Kind::Text),
        field("chapter_code", "BGT_CONTNAT", Kind::Text),
        field("nature_code", "BGT_NATURE", Kind::Text).required(),
        field("nature_name", "BGT_NATURE_LABEL", Kind::Label),
        field("function_code", "BGT_FONCTION", Kind::Text),
        field("operation", "BGT_OPERATION", Kind::Text),
        field("section", "BGT_SECTION", Kind::Term(term::BUDGET_SECTION)),
        field("operation_kind", "BGT_OPBUDG", Kind::Term(term::BUDGET_OPERATION)),
        field("side", "BGT_CODRD", Kind::Term(term::BUDGET_SIDE)),
        field("actual_eur", "BGT_MTREAL", Kind::Signed),
        field("previous_budget_eur", "BGT_MTBUDGPREC", Kind::Signed),
        field("carried_previous_eur", "BGT_MTRARPREC", Kind::Signed),
        field("proposed_eur", "BGT_MTPROPNOUV", Kind::Signed),
        field("voted_eur", "BGT_MTPREV", Kind::Signed),
        field("open_credit_eur", "BGT_CREDOUV", Kind::Signed),
        field("carried_eur", "BGT_MTRAR3112", Kind::Signed),
        field("speciality", "BGT_ARTSPE", Kind::Text),
    ],
    key: &[
        "siret",
        "year",
        "document",
        "document_number",
        "nature_code",
        "chapter_code",
        "function_code",
        "operation",
        "side",
        "operation_kind",
    ],
    repeats: true,
    copies: true,
    period_field: "year",
    granularity: Granularity::Year,
    moves: false,
    sort: &["siren", "nature_code"],
    orders: &[],
};
