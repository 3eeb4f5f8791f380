//! Who asks, and which schemas they see.

/// Who asks. Names that a principal may not see do not exist for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Principal {
    /// Anybody: the published figures, and the catalogue of all.
    Public,
    /// All indicators and the joined facts behind them, never who answered what in person.
    Analyst,
    /// Analyst, and the raw layers, the audits, the sources, the runs and the quarantine.
    Operator,
}

impl Principal {
    /// Returns the schemas that exist for this principal.
    #[must_use]
    pub fn schemas(self) -> &'static [&'static str] {
        match self {
            Self::Public => &["catalog", "published"],
            Self::Analyst => {
                &["catalog", "core", "cube", "indicator", "peer", "assessment", "published"]
            }
            Self::Operator => &[
                "catalog",
                "lake",
                "staging",
                "core",
                "cube",
                "indicator",
                "peer",
                "assessment",
                "published",
                "audit",
                "ops",
            ],
        }
    }
}
