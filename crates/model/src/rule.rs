//! The rules by which a row is rejected, with the sentence that a person reads.

/// Why a row is in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Permanent identifier, written in quarantine and in reports.
    pub id: &'static str,
    /// The sentence in French.
    pub fr: &'static str,
    /// The sentence in English.
    pub en: &'static str,
}

/// Every rule, in the order of its identifier.
pub const RULES: &[Rule] = &[
    Rule { id: "bad_encoding", fr: "la ligne n'est pas en UTF-8", en: "the row is not UTF-8 text" },
    Rule {
        id: "exact_copy",
        fr: "copie exacte d'une ligne du même fichier",
        en: "exact copy of another row of the same file",
    },
    Rule {
        id: "malformed",
        fr: "la ligne ne se lit pas (colonnes en trop ou en moins, JSON invalide)",
        en: "the row cannot be read (too many or too few columns, invalid JSON)",
    },
    Rule { id: "missing", fr: "valeur obligatoire absente", en: "a required value is missing" },
    Rule {
        id: "not_a_date",
        fr: "n'est pas une date du calendrier (AAAA-MM-JJ)",
        en: "not a date of the calendar (YYYY-MM-DD)",
    },
    Rule { id: "not_a_number", fr: "n'est pas un nombre", en: "not a number" },
    Rule {
        id: "not_a_siren",
        fr: "n'est pas un SIREN (neuf chiffres, clé de Luhn)",
        en: "not a SIREN (nine digits, Luhn key)",
    },
    Rule {
        id: "not_a_siret",
        fr: "n'est pas un SIRET (quatorze chiffres, clé de Luhn)",
        en: "not a SIRET (fourteen digits, Luhn key)",
    },
    Rule {
        id: "out_of_range",
        fr: "hors des bornes admises",
        en: "outside the range that is allowed",
    },
    Rule {
        id: "superseded",
        fr: "remplacée par une ligne plus bas de même clé",
        en: "replaced by a later row of the file with the same key",
    },
    Rule {
        id: "unknown_code",
        fr: "code absent de la liste officielle",
        en: "a code that is not in the official list",
    },
];

/// Returns the rule of that identifier.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}
