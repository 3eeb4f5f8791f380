//! What authorities say: reported figures, survey answers, cost parameters.

use super::{ANY_DATE, Dataset, Kind, Order, PAST, field};
use crate::Granularity;

/// Figures that an authority declares about itself for a year, paper included.
pub(super) static REPORTED: Dataset = Dataset {
    name: "reported",
    title_fr: "Chiffres déclarés par les collectivités",
    title_en: "Figures reported by the authorities",
    fields: &[
        field("siren", "siren", Kind::Siren).required(),
        field("year", "annee", Kind::Integer(2000, 2100)).required(),
        field(
            "variable",
            "variable",
            Kind::Code(&[
                ("act_tot", "ACT_TOT"),
                ("cons_tot", "CONS_TOT"),
                ("pli_tot", "PLI_TOT"),
                ("pes_tot", "PES_TOT"),
                ("agents", "AGENTS"),
                ("tps_acte_min", "TPS_ACTE_MIN"),
                ("pages_acte", "PAGES_ACTE"),
            ]),
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
    copies: false,
    period_field: "year",
    granularity: Granularity::Year,
    moves: false,
    sort: &["siren", "variable"],
    orders: &[],
};

/// One answer of one respondent to one item of a question; the respondent is a keyed hash.
pub(super) static ANSWERS: Dataset = Dataset {
    name: "answers",
    title_fr: "Réponses aux enquêtes",
    title_en: "Survey answers",
    fields: &[
        field("survey", "enquete", Kind::Text).required(),
        field("wave", "vague", Kind::Text).required(),
        field("respondent_key", "repondant", Kind::Text).required(),
        field("siren", "siren", Kind::Siren).required(),
        field("submitted_date", "date_reponse", PAST),
        field("is_complete", "complete", Kind::Boolean).required(),
        field("question", "question", Kind::Text).required(),
        field("version", "version", Kind::Text).required(),
        field("item", "modalite", Kind::Text).or("all"),
        field("value", "valeur", Kind::Text),
        field(
            "status",
            "statut",
            Kind::Code(&[
                ("réponse", "answered"),
                ("sans réponse", "not_answered"),
                ("nsp", "unknown"),
                ("so", "not_concerned"),
                ("non posée", "not_asked"),
            ]),
        )
        .required(),
    ],
    key: &["survey", "wave", "respondent_key", "question", "item"],
    repeats: false,
    copies: false,
    period_field: "submitted_date",
    granularity: Granularity::Year,
    moves: true,
    sort: &["siren", "question"],
    orders: &[],
};

/// Parameters of the cost model: dated, sourced, with a low, a middle and a high value.
///
/// A row is one factor of one cost: a quantity or a price. The price is for `per_count` of the
/// quantity, so a price by the hour beside a quantity in minutes is for 60. Rows of one
/// `parameter` are one thing that nobody knows exactly: they are drawn together.
pub(super) static COST_PARAMETERS: Dataset = Dataset {
    name: "cost_parameters",
    title_fr: "Paramètres de coût",
    title_en: "Cost parameters",
    fields: &[
        field("parameter", "parametre", Kind::Text).required(),
        field(
            "process",
            "procedure",
            Kind::Code(&[
                ("acte", "act"),
                ("consultation", "consultation"),
                ("pli", "bid"),
                ("flux", "flow"),
                ("service", "service"),
                // What the observatory itself costs.
                ("programme", "programme"),
            ]),
        )
        .required(),
        // Of `service` the service: actes, sdm, pes.
        field("item", "poste", Kind::Text).required(),
        field(
            "side",
            "support",
            Kind::Code(&[
                ("papier", "paper"),
                ("électronique", "electronic"),
                // Of a year of a service: bought alone, shared by all, or spent by each user.
                ("autonome", "alone"),
                ("mutualisé", "shared"),
                ("propre", "own"),
            ]),
        )
        .required(),
        field("factor", "facteur", Kind::Code(&[("prix", "price"), ("quantité", "quantity")]))
            .or("prix"),
        field("stratum", "strate", Kind::Code(STRATUM)).or("all"),
        field("unit", "unite", Kind::Text).required(),
        field("per_count", "pour", Kind::Integer(1, 1_000_000)).or("1"),
        field("low", "bas", Kind::Decimal).required(),
        field("mid", "moyen", Kind::Decimal).required(),
        field("high", "haut", Kind::Decimal).required(),
        field("start_date", "date_debut", ANY_DATE).required(),
        field("end_date", "date_fin", ANY_DATE),
        field(
            "origin",
            "origine",
            Kind::Code(&[
                ("panel", "panel"),
                ("barème", "scale"),
                ("hypothèse", "assumption"),
                ("calage", "calibrated"),
                ("référence", "reference"),
                ("synthétique", "synthetic"),
            ]),
        )
        .required(),
        field("source", "source", Kind::Label).required(),
    ],
    key: &["parameter", "process", "item", "side", "factor", "stratum", "start_date"],
    repeats: false,
    copies: false,
    period_field: "start_date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["process", "parameter"],
    orders: &[
        Order { first: "low", then: "mid", rule: "disordered_range" },
        Order { first: "mid", then: "high", rule: "disordered_range" },
    ],
};

/// What an authority, or all of them, mean to reach: a rate of an indicator in a year.
///
/// A row without a SIREN is the target of all authorities that have none of their own.
pub(super) static TARGETS: Dataset = Dataset {
    name: "targets",
    title_fr: "Cibles des collectivités",
    title_en: "Targets of the authorities",
    fields: &[
        field("siren", "siren", Kind::Siren),
        field("indicator_id", "indicateur", Kind::Text).required(),
        field("item", "modalite", Kind::Text).or("all"),
        field("year", "annee", Kind::Integer(2000, 2100)).required(),
        field("target_percent", "cible_pourcent", Kind::Decimal).required(),
        field("origin", "origine", Kind::Label),
    ],
    key: &["siren", "indicator_id", "item", "year"],
    repeats: false,
    copies: false,
    period_field: "year",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["indicator_id", "siren"],
    orders: &[],
};

/// Strata of population, as `population_stratum` names them.
const STRATUM: &[(&str, &str)] = &[
    ("all", "all"),
    ("<500", "<500"),
    ("500-1999", "500-1999"),
    ("2000-9999", "2000-9999"),
    (">=10000", ">=10000"),
];
