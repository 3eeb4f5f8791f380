//! Why a row was rejected or flagged, in words an authority and an analyst can read.

use serde::{Deserialize, Serialize};

/// A rule that a row can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Permanent identifier, written in quarantine, in `warnings` and in reports.
    pub id: &'static str,
    /// What becomes of a row that breaks it.
    pub level: Level,
    /// The sentence in French.
    pub fr: &'static str,
    /// The sentence in English.
    pub en: &'static str,
}

/// What becomes of a row that breaks a rule, or of a release that an audit finds fault with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The row goes to quarantine; the release is not published.
    Blocking,
    /// The row lands, and its `warnings` name the rule; the release is published.
    Warning,
}

impl Level {
    /// Returns the level's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::Warning => "warning",
        }
    }
}

const fn blocking(id: &'static str, fr: &'static str, en: &'static str) -> Rule {
    Rule { id, level: Level::Blocking, fr, en }
}

const fn warning(id: &'static str, fr: &'static str, en: &'static str) -> Rule {
    Rule { id, level: Level::Warning, fr, en }
}

/// Every rule: the blocking ones, then the warnings, each in the order of its identifier.
pub const RULES: &[Rule] = &[
    blocking(
        "ambiguous_number",
        "nombre ambigu : la virgule peut être décimale ou séparer les milliers",
        "an ambiguous number: the comma may be a decimal point or part thousands",
    ),
    blocking(
        "bad_encoding",
        "la ligne ne se décode pas dans l'encodage du fichier",
        "the row cannot be decoded in the file's encoding",
    ),
    blocking(
        "duplicate_response",
        "autre réponse de la même collectivité : la dernière réponse complète est gardée",
        "another response of the same authority: its latest complete one is kept",
    ),
    blocking(
        "exact_copy",
        "copie exacte d'une ligne du même fichier",
        "exact copy of another row of the same file",
    ),
    blocking(
        "malformed",
        "la ligne ne se lit pas (colonnes en trop ou en moins, JSON ou XML invalide)",
        "the row cannot be read (too many or too few columns, invalid JSON or XML)",
    ),
    blocking("missing", "valeur obligatoire absente", "a required value is missing"),
    blocking(
        "not_a_date",
        "n'est pas une date du calendrier (AAAA-MM-JJ ou JJ/MM/AAAA)",
        "not a date of the calendar (YYYY-MM-DD or DD/MM/YYYY)",
    ),
    blocking("not_a_number", "n'est pas un nombre", "not a number"),
    blocking(
        "not_a_siren",
        "n'est pas un SIREN (neuf chiffres, clé de Luhn)",
        "not a SIREN (nine digits, Luhn key)",
    ),
    blocking(
        "not_a_siret",
        "n'est pas un SIRET (quatorze chiffres, clé de Luhn)",
        "not a SIRET (fourteen digits, Luhn key)",
    ),
    blocking(
        "not_an_outline",
        "n'est pas un contour (polygones fermés, WGS 84, un million de points au plus)",
        "not an outline (closed polygons, WGS 84, a million points at most)",
    ),
    blocking("out_of_range", "hors des bornes admises", "outside the range that is allowed"),
    blocking(
        "superseded",
        "remplacée par une ligne plus bas de même clé",
        "replaced by a later row of the file with the same key",
    ),
    blocking(
        "too_long",
        "ligne ou champ trop long",
        "a row or a field that is longer than what is allowed",
    ),
    blocking(
        "unknown_code",
        "code absent de la liste officielle",
        "a code that is not in the official list",
    ),
    warning(
        "anonymised_date",
        "date de réponse anonymisée (1980-01-01) : considérée comme absente",
        "an anonymised date of response (1980-01-01): taken as absent",
    ),
    warning(
        "contradictory_subcontracting",
        "sous-traitance contradictoire : non déclarée mais décrite",
        "contradictory subcontracting: not declared but described",
    ),
    warning(
        "date_differs",
        "la date de l'acte diffère de celle de son identifiant, qui est gardée",
        "the act's date differs from that of its identifier, which is kept",
    ),
    warning(
        "disordered_range",
        "bornes en désordre : la valeur moyenne doit être entre la basse et la haute",
        "bounds out of order: the middle value must lie between the low and the high one",
    ),
    warning(
        "doubtful_company",
        "identifiant d'entreprise douteux : ni SIRET valide ni identifiant étranger",
        "a doubtful company identifier: neither a valid SIRET nor a foreign one",
    ),
    warning(
        "encoding_lost",
        "caractères perdus avant la livraison (U+FFFD) : texte gardé tel quel",
        "characters were lost before delivery (U+FFFD): the text is kept as it is",
    ),
    warning(
        "encoding_repaired",
        "texte doublement encodé : réparé",
        "doubly encoded text: repaired",
    ),
    warning(
        "more_voters_than_seats",
        "plus de votants que de membres en exercice",
        "more voters than seats",
    ),
    warning(
        "nature_differs",
        "la nature de l'acte diffère de celle du nom de fichier",
        "the act's nature differs from that of the file name",
    ),
    warning(
        "not_a_cpv",
        "code CPV illisible : considéré comme absent",
        "an unreadable CPV code: taken as absent",
    ),
    warning(
        "placeholder_amount",
        "montant de remplissage (nul, négatif ou 99999999) : considéré comme absent",
        "a placeholder amount (zero, negative or 99999999): taken as absent",
    ),
    warning(
        "placeholder_identifier",
        "identifiant de remplissage (zéros) : considéré comme absent",
        "a placeholder identifier (zeros): taken as absent",
    ),
    warning(
        "published_before_notified",
        "publication antérieure à la notification",
        "published before it was notified",
    ),
    warning(
        "received_before_decided",
        "réception en préfecture antérieure à la décision",
        "received by the préfecture before it was decided",
    ),
    warning(
        "siret_key",
        "SIREN valide mais SIRET à la clé fausse",
        "a valid SIREN but a SIRET whose key is wrong",
    ),
    warning(
        "unknown_cpv",
        "code CPV absent de la nomenclature de 2008",
        "a CPV code that is not in the 2008 vocabulary",
    ),
    warning(
        "unknown_place",
        "code de lieu qui ne correspond pas à son type : considéré comme absent",
        "a place code that does not fit its kind: taken as absent",
    ),
    warning(
        "unknown_term",
        "terme absent de la liste officielle : considéré comme absent",
        "a term that is not in the official list: taken as absent",
    ),
    warning(
        "unusual_amount",
        "montant inhabituel (moins de 200 € ou plus de 999 999 999 €)",
        "an unusual amount (below 200 € or above 999,999,999 €)",
    ),
];

/// Returns the rule of that identifier.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}
