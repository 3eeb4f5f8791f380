//! Closed lists of words: what sources write, in lower case without accents, and the official form.
//!
//! Lists of the DECP: arrêtés of 2017-2019 (v1) and of 22 December 2022 (v2), with the variants
//! found in published files.

type Terms = &'static [(&'static str, &'static str)];

/// Natures of acts, by code and by the abbreviation of file names.
pub const ACT_NATURE: Terms = &[
    ("1", "1"),
    ("2", "2"),
    ("3", "3"),
    ("4", "4"),
    ("5", "5"),
    ("6", "6"),
    ("de", "1"),
    ("ar", "2"),
    ("ai", "3"),
    ("cc", "4"),
    ("bf", "5"),
    ("au", "6"),
];

/// Services of the shared platform.
pub const SERVICE: Terms = &[
    ("sdm", "sdm"),
    ("actes", "actes"),
    ("pes", "pes"),
    ("parapheur", "parapheur"),
    ("ged", "ged"),
    ("idelibre", "idelibre"),
    ("opendata", "opendata"),
    ("cyber", "cyber"),
];

/// Natures of contracts and concessions.
pub const CONTRACT_NATURE: Terms = &[
    ("marche", "Marché"),
    ("marche public", "Marché"),
    ("marche de partenariat", "Marché de partenariat"),
    ("accord-cadre", "Accord-cadre"),
    ("accord cadre", "Accord-cadre"),
    ("marche subsequent", "Marché subséquent"),
    ("marche de defense ou de securite", "Marché de défense ou de sécurité"),
    ("concession de travaux", "Concession de travaux"),
    ("concession de service", "Concession de service"),
    ("concession de service public", "Concession de service public"),
    ("delegation de service public", "Délégation de service public"),
];

/// Award procedures of contracts and concessions.
pub const PROCEDURE: Terms = &[
    ("procedure adaptee", "Procédure adaptée"),
    ("appel d'offres ouvert", "Appel d'offres ouvert"),
    ("appel d'offres restreint", "Appel d'offres restreint"),
    ("procedure avec negociation", "Procédure avec négociation"),
    ("procedure concurrentielle avec negociation", "Procédure avec négociation"),
    ("procedure negociee avec mise en concurrence prealable", "Procédure avec négociation"),
    (
        "marche passe sans publicite ni mise en concurrence prealable",
        "Marché passé sans publicité ni mise en concurrence préalable",
    ),
    (
        "marche negocie sans publicite ni mise en concurrence prealable",
        "Marché passé sans publicité ni mise en concurrence préalable",
    ),
    (
        "marche public negocie sans publicite ni mise en concurrence prealable",
        "Marché passé sans publicité ni mise en concurrence préalable",
    ),
    ("dialogue competitif", "Dialogue compétitif"),
    ("procedure negociee ouverte", "Procédure négociée ouverte"),
    ("procedure non negociee ouverte", "Procédure non négociée ouverte"),
    ("procedure negociee restreinte", "Procédure négociée restreinte"),
    ("procedure non negociee restreinte", "Procédure non négociée restreinte"),
];

/// What the code of a place of execution is.
pub const PLACE: Terms = &[
    ("code postal", "Code postal"),
    ("code commune", "Code commune"),
    ("code arrondissement", "Code arrondissement"),
    ("code canton", "Code canton"),
    ("code departement", "Code département"),
    ("code region", "Code région"),
    ("code pays", "Code pays"),
];

/// Kinds of company identifiers.
pub const IDENTIFIER: Terms = &[
    ("siret", "SIRET"),
    ("tva", "TVA"),
    ("tva_intracommunautaire", "TVA"),
    ("tva intracommunautaire", "TVA"),
    ("tahiti", "TAHITI"),
    ("ridet", "RIDET"),
    ("frwf", "FRWF"),
    ("frw", "FRWF"),
    ("irep", "IREP"),
    ("hors-ue", "HORS-UE"),
    ("hors_ue", "HORS-UE"),
    ("hors ue", "HORS-UE"),
];

/// Kinds of budget documents.
pub const BUDGET_DOCUMENT: Terms = &[
    ("budget primitif", "Budget primitif"),
    ("decision modificative", "Décision modificative"),
    ("budget supplementaire", "Budget supplémentaire"),
    ("compte administratif", "Compte administratif"),
    ("compte financier unique", "Compte financier unique"),
];

/// Sections of a budget.
pub const BUDGET_SECTION: Terms =
    &[("fonctionnement", "fonctionnement"), ("investissement", "investissement")];

/// Whether money moves.
pub const BUDGET_OPERATION: Terms = &[("reel", "réel"), ("ordre", "ordre"), ("mixte", "mixte")];

/// Sides of a budget.
pub const BUDGET_SIDE: Terms = &[("depense", "dépense"), ("recette", "recette")];
