//! Who is a member, has a service, an account, and uses it.

use super::{ANY_DATE, Dataset, Kind, PAST, field, term};
use crate::Granularity;

/// Who is a member of the service, from when to when.
pub(super) static MEMBERSHIPS: Dataset = Dataset {
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
    copies: false,
    period_field: "start_date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["siren", "start_date"],
    orders: &[],
};

/// Which authority had which service activated, from when to when.
pub(super) static ACTIVATIONS: Dataset = Dataset {
    name: "activations",
    title_fr: "Activations de services",
    title_en: "Services activated",
    fields: &[
        field("siren", "siren", Kind::Siren).required(),
        field("service", "service", Kind::Code(term::SERVICE)).required(),
        field("start_date", "date_activation", PAST).required(),
        field("end_date", "date_fin", ANY_DATE),
    ],
    key: &["siren", "service", "start_date"],
    repeats: false,
    copies: false,
    period_field: "start_date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["siren", "service"],
    orders: &[],
};

/// Accounts of agents; the key is a pseudonym of the platform.
pub(super) static ACCOUNTS: Dataset = Dataset {
    name: "accounts",
    title_fr: "Comptes",
    title_en: "Accounts",
    fields: &[
        field("account_key", "compte", Kind::Text).required(),
        field("siren", "siren", Kind::Siren).required(),
        field("created_date", "cree", PAST).required(),
        field("closed_date", "desactive", PAST),
    ],
    key: &["account_key"],
    repeats: false,
    copies: false,
    period_field: "created_date",
    granularity: Granularity::Whole,
    moves: true,
    sort: &["siren", "created_date"],
    orders: &[],
};

/// One session of an account on a service.
pub(super) static SESSIONS: Dataset = Dataset {
    name: "sessions",
    title_fr: "Connexions",
    title_en: "Sessions",
    fields: &[
        field("session_id", "id_session", Kind::Text).required(),
        field("account_key", "compte", Kind::Text).required(),
        field("siren", "siren", Kind::Siren).required(),
        field("service", "service", Kind::Code(term::SERVICE)).required(),
        field("session_date", "date", PAST).required(),
    ],
    key: &["session_id"],
    repeats: false,
    copies: false,
    period_field: "session_date",
    granularity: Granularity::Year,
    moves: false,
    sort: &["siren", "session_date"],
    orders: &[],
};
