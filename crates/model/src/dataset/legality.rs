//! Acts, their messages, their classification and their publication.

use super::{COUNT, Dataset, Kind, Order, PAST, field, term};
use crate::Granularity;

/// Acts sent to the préfecture (@CTES), one row an act.
pub(super) static ACTS: Dataset = Dataset {
    name: "acts",
    title_fr: "Actes transmis au contrôle de légalité",
    title_en: "Acts sent to the préfecture",
    fields: &[
        field("act_id", "id_acte", Kind::Text).required(),
        field("siren", "siren", Kind::Siren).required(),
        field("nature_code", "nature", Kind::Code(term::ACT_NATURE)).required(),
        field("subject_code", "matiere", Kind::Subject).required(),
        field("decision_date", "date_decision", PAST).required(),
        field("acknowledged_date", "date_ar", PAST),
        // Ladder of the operator: an act counts as transmitted from 4, "acquittement reçu", on.
        field("status", "statut", Kind::Integer(-1, 22)).required(),
        field("is_cancelled", "annule", Kind::Boolean).required(),
    ],
    key: &["act_id"],
    repeats: false,
    copies: false,
    period_field: "decision_date",
    granularity: Granularity::Year,
    moves: false,
    sort: &["siren", "decision_date"],
    orders: &[],
};

/// One message of the @CTES exchange (1-1 transmission, 1-2 acknowledgement, 1-3 anomaly,
/// 6-1 cancellation, 6-2 its acknowledgement).
///
/// What an authority sends bears no date but the decision's: when it was sent is in the name of
/// its envelope, if that is there. So the decision dates the partition, and `message_date` is when
/// the message itself was sent or answered.
pub(super) static ACT_MESSAGES: Dataset = Dataset {
    name: "act_messages",
    title_fr: "Messages @CTES",
    title_en: "@CTES messages",
    fields: &[
        field(
            "message",
            "message",
            Kind::Code(&[
                ("1-1", "1-1"),
                ("1-2", "1-2"),
                ("1-3", "1-3"),
                ("6-1", "6-1"),
                ("6-2", "6-2"),
            ]),
        )
        .required(),
        field("act_id", "id_acte", Kind::Text).required(),
        field("siren", "siren", Kind::Siren).required(),
        field("department_code", "departement", Kind::Text).required(),
        field("decision_date", "date_decision", PAST).required(),
        field("message_date", "date", PAST),
        field("internal_number", "numero_interne", Kind::Text),
        field("nature_code", "nature", Kind::Code(term::ACT_NATURE)),
        field("subject_code", "matiere", Kind::Subject),
        field("subject", "objet", Kind::Label),
        field("classification_date", "date_classification", PAST),
        field("attachment_count", "annexes", COUNT),
        field("is_paper", "document_papier", Kind::Boolean),
        field("anomaly_code", "code_anomalie", Kind::Text),
    ],
    key: &["act_id", "message"],
    repeats: false,
    copies: false,
    period_field: "decision_date",
    granularity: Granularity::Year,
    moves: false,
    sort: &["siren", "decision_date"],
    orders: &[],
};

/// Subjects of acts as a préfecture had them from a date on; levels beyond 2 are its own.
pub(super) static CLASSIFICATIONS: Dataset = Dataset {
    name: "classifications",
    title_fr: "Classification des actes par préfecture",
    title_en: "Classification of acts",
    fields: &[
        field("department_code", "departement", Kind::Text).required(),
        field("classification_date", "date_classification", PAST).required(),
        field("subject_code", "matiere", Kind::Subject).required(),
        field("name_fr", "libelle", Kind::Label).required(),
    ],
    key: &["department_code", "classification_date", "subject_code"],
    repeats: false,
    copies: false,
    period_field: "classification_date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["department_code", "classification_date", "subject_code"],
    orders: &[],
};

/// Deliberations published as open data, SCDL 2.1.5, with the three columns of the regional export.
pub(super) static DELIBERATIONS: Dataset = Dataset {
    name: "deliberations",
    title_fr: "Délibérations publiées (SCDL)",
    title_en: "Deliberations published (SCDL)",
    fields: &[
        field("authority_name", "COLL_NOM", Kind::Label),
        field("siret", "COLL_SIRET", Kind::Company),
        field("siren", "COLL_SIREN", Kind::Siren).required().siren_of("siret"),
        field("deliberation_id", "DELIB_ID", Kind::Text).required(),
        field("decision_date", "DELIB_DATE", PAST).required(),
        field("subject_code", "DELIB_MATIERE_CODE", Kind::Subject).required(),
        field("subject_name", "DELIB_MATIERE_NOM", Kind::Label),
        field("subject", "DELIB_OBJET", Kind::Label).required(),
        // One year, or the two of a budget that covers several: `2017/2018`.
        field("budget_years", "BUDGET_ANNEE", Kind::Text),
        field("budget_name", "BUDGET_NOM", Kind::Label),
        field("prefecture_id", "PREF_ID", Kind::Text),
        field("received_date", "PREF_DATE", PAST),
        field("seat_count", "VOTE_EFFECTIF", Kind::Integer(0, 1000)),
        field("voter_count", "VOTE_REEL", Kind::Integer(0, 1000)),
        field("for_count", "VOTE_POUR", Kind::Integer(0, 1000)),
        field("against_count", "VOTE_CONTRE", Kind::Integer(0, 1000)),
        field("abstention_count", "VOTE_ABSTENTION", Kind::Integer(0, 1000)),
        field("url", "DELIB_URL", Kind::Text),
        field("published_date", "PUBLICATION_DATE", PAST),
        field("nature", "NATURE_ACTE", Kind::Text),
        field("nature_detail", "NATURE_ACTE_AUTRE_DETAIL", Kind::Label),
    ],
    key: &["siren", "deliberation_id"],
    repeats: false,
    copies: false,
    period_field: "decision_date",
    granularity: Granularity::Year,
    moves: false,
    sort: &["siren", "decision_date"],
    orders: &[
        Order { first: "decision_date", then: "received_date", rule: "received_before_decided" },
        Order { first: "voter_count", then: "seat_count", rule: "more_voters_than_seats" },
    ],
};

/// Acts sent to the open-data service: what the authority chose, and what became of each.
///
/// A state or a choice that the service writes in no list is rejected, never read as another.
pub(super) static PUBLICATIONS: Dataset = Dataset {
    name: "publications",
    title_fr: "Publications d’actes en données ouvertes",
    title_en: "Acts published as open data",
    fields: &[
        field("publication_id", "id", Kind::Text).required(),
        field("siren", "siren", Kind::Siren).required(),
        field("act_number", "numero_de_lacte", Kind::Text).required(),
        field("nature_code", "acte_nature", Kind::Code(term::ACT_NATURE)).required(),
        field("subject_code", "classification_code", Kind::Subject),
        field("decision_date", "date_de_lacte", PAST).required(),
        // "Oui" was 0 before it was 3, from a day that nobody wrote down: both are read at any date.
        field(
            "open_data_choice",
            "publication_open_data",
            Kind::Code(&[
                ("3", "yes"),
                ("0", "yes"),
                ("oui", "yes"),
                ("1", "no"),
                ("non", "no"),
                ("2", "unknown"),
                ("ne sais pas", "unknown"),
            ]),
        )
        .required(),
        field(
            "state",
            "etat",
            Kind::Code(&[
                ("1", "published"),
                ("publié", "published"),
                ("0", "not_published"),
                ("non publié", "not_published"),
                ("2", "in_progress"),
                ("en cours", "in_progress"),
                ("3", "failed"),
                ("en erreur", "failed"),
            ]),
        )
        .required(),
        field("created_date", "created_at", PAST).required(),
        field("published_date", "date_publication", PAST),
        field("is_masked", "est_masque", Kind::Boolean).or("0"),
        field("is_deleted", "est_supprime", Kind::Boolean).or("0"),
        field("is_scanned", "est_scanne", Kind::Boolean),
    ],
    key: &["publication_id"],
    repeats: false,
    copies: false,
    period_field: "decision_date",
    granularity: Granularity::Year,
    moves: true,
    sort: &["siren", "decision_date"],
    orders: &[],
};
