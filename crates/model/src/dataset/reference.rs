//! What authorities are, where they are and how they changed.

use super::{ANY_DATE, COUNT, Dataset, Kind, PAST, field};
use crate::Granularity;

/// Communes, groupings, départements and the region, as they stood on 1 January of an edition.
pub(super) static AUTHORITIES: Dataset = Dataset {
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
        field("name", "nom", Kind::Label).required(),
        field("department_code", "departement", Kind::Text),
        field("region_code", "region", Kind::Text),
        field("population_count", "population", COUNT),
        // Communes of a grouping, as `INSEE code/SIREN` pairs with a space between.
        field("members", "membres", Kind::Text),
        // Postal codes of a commune, with a space between.
        field("postal_codes", "codes_postaux", Kind::Text),
    ],
    key: &["kind", "code", "edition_date"],
    repeats: false,
    copies: false,
    period_field: "edition_date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["siren", "edition_date"],
    orders: &[],
};

/// Members of inter-municipal groupings as the DGCL lists them on 1 January of an edition.
pub(super) static GROUPING_MEMBERS: Dataset = Dataset {
    name: "grouping_members",
    title_fr: "Composition des groupements (DGCL)",
    title_en: "Members of groupings",
    fields: &[
        field("grouping_siren", "siren", Kind::Siren).required(),
        field("member_siren", "siren_membre", Kind::Siren).required(),
        field("edition_date", "edition", ANY_DATE).required(),
        field("grouping_name", "raison_sociale", Kind::Label),
        field("legal_nature", "nature_juridique", Kind::Text),
        field("financing", "mode_financ", Kind::Text),
        field("department_code", "dept", Kind::Text),
        field("member_code", "insee", Kind::Text),
        field("member_name", "nom_membre", Kind::Label),
        field("member_population_count", "ptot_2023", COUNT),
    ],
    key: &["grouping_siren", "member_siren", "edition_date"],
    repeats: false,
    copies: false,
    period_field: "edition_date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["grouping_siren", "member_siren", "edition_date"],
    orders: &[],
};

/// Which authority took over from which, and when.
pub(super) static SUCCESSORS: Dataset = Dataset {
    name: "successors",
    title_fr: "Collectivités fusionnées, scindées ou renommées",
    title_en: "Merged, split or renamed authorities",
    fields: &[
        field("kind", "type", Kind::Code(&[("commune", "commune"), ("epci", "epci")])).required(),
        field("code", "code", Kind::Text).required(),
        field("name", "nom", Kind::Label),
        // A renamed authority succeeds itself.
        field("successor_code", "code_successeur", Kind::Text).required(),
        field("successor_name", "nom_successeur", Kind::Label),
        field("date", "date", ANY_DATE).required(),
        field(
            "change",
            "changement",
            Kind::Code(&[("fusion", "merged"), ("scission", "split"), ("renommage", "renamed")]),
        )
        .required(),
    ],
    key: &["kind", "code", "successor_code"],
    repeats: false,
    copies: false,
    period_field: "date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["kind", "code", "successor_code"],
    orders: &[],
};

/// Members of a panel, each with the SIREN that stood for it and its dates.
pub(super) static PANELS: Dataset = Dataset {
    name: "panels",
    title_fr: "Panels de l’observatoire",
    title_en: "Panels of the observatory",
    fields: &[
        field("panel", "panel", Kind::Text).required(),
        field("member", "membre", Kind::Label).required(),
        field("siren", "siren", Kind::Siren).required(),
        field("start_date", "date_debut", PAST).required(),
        field("end_date", "date_fin", ANY_DATE),
    ],
    key: &["panel", "siren", "start_date"],
    repeats: false,
    copies: false,
    period_field: "start_date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["panel", "siren", "start_date"],
    orders: &[],
};

/// The CPV of an edition.
pub(super) static CPV_CODES: Dataset = Dataset {
    name: "cpv_codes",
    title_fr: "Vocabulaire commun des marchés publics (CPV)",
    title_en: "Common procurement vocabulary",
    fields: &[
        field("code", "code", Kind::Cpv).required(),
        field("name_fr", "fr", Kind::Label).required(),
        field("edition_date", "edition", ANY_DATE).required(),
    ],
    key: &["code", "edition_date"],
    repeats: false,
    copies: false,
    period_field: "edition_date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["code", "edition_date"],
    orders: &[],
};

/// Outlines as GeoJSON geometries in WGS 84.
pub(super) static OUTLINES: Dataset = Dataset {
    name: "outlines",
    title_fr: "Contours des territoires",
    title_en: "Outlines of territories",
    fields: &[
        field("kind", "type", Kind::Text).required(),
        field("code", "code", Kind::Text).required(),
        field("edition_date", "edition", ANY_DATE).required(),
        field("name", "nom", Kind::Label),
        field("geometry", "geometry", Kind::Text).required(),
    ],
    key: &["kind", "code", "edition_date"],
    repeats: false,
    copies: false,
    period_field: "edition_date",
    granularity: Granularity::Whole,
    moves: false,
    sort: &["kind", "code", "edition_date"],
    orders: &[],
};
