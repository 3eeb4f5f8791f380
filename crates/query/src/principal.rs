//! Who asks, and which schemas they see.

use std::fmt;
use std::str::FromStr;

use carnac_model::identifier::Siren;

/// Who asks. Names that a principal may not see do not exist for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Principal {
    /// Anybody: the published figures, and the catalogue of all.
    Public,
    /// An authority: what is public, and its own rows of the views that say whose rows they have.
    Authority(Siren),
    /// All indicators and the joined facts behind them, never who answered what in person.
    Analyst,
    /// Analyst, and the raw layers, the audits, the sources, the runs and the quarantine.
    Operator,
}

/// Views that leave out rows of which only an operator may know: further responses of one authority, and
/// drafts of tenders. They are named here and not by themselves, so that those of old editions are too.
const CUT: [&str; 2] = ["core/answers.sql", "core/consultations.sql"];

/// A text that names no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a role is public, authority:SIREN (nine digits, the last of which is a check), analyst or operator"
)]
pub struct PrincipalError;

impl Principal {
    /// Returns the schemas that exist for this principal.
    #[must_use]
    pub fn schemas(self) -> &'static [&'static str] {
        match self {
            Self::Public => &["catalog", "published"],
            Self::Authority(_) => &["catalog", "core", "cube", "indicator", "published"],
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

    /// Returns the name of the role, without that of an authority.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Authority(_) => "authority",
            Self::Analyst => "analyst",
            Self::Operator => "operator",
        }
    }

    /// Returns whether rows or values are withheld from this principal by a view, and so must stay
    /// out of reach of its conditions; `below` are the paths of the view and of those that it reads.
    pub(crate) fn is_denied_some<'v>(self, below: impl IntoIterator<Item = &'v String>) -> bool {
        match self {
            // Of what is public, all that stands behind it.
            Self::Public | Self::Authority(_) => true,
            Self::Analyst => below.into_iter().any(|path| CUT.contains(&path.as_str())),
            Self::Operator => false,
        }
    }

    /// Returns the authority whose rows alone are seen in a schema; all are when there is none.
    pub(crate) fn only(self, schema: &str) -> Option<Siren> {
        match self {
            Self::Authority(siren) if !Self::Public.schemas().contains(&schema) => Some(siren),
            _ => None,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority(siren) => write!(f, "{}:{siren}", self.role()),
            role => f.write_str(role.role()),
        }
    }
}

impl FromStr for Principal {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        match text {
            "public" => Ok(Self::Public),
            "analyst" => Ok(Self::Analyst),
            "operator" => Ok(Self::Operator),
            _ => {
                let siren = text.strip_prefix("authority:").ok_or(PrincipalError)?;
                siren.parse().map(Self::Authority).map_err(|_| PrincipalError)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_there() {
        let views = crate::Views::embedded().unwrap().texts();
        for path in CUT {
            assert!(views.contains_key(path), "{path}");
        }
    }

    #[test]
    fn names_are_read_back() {
        for name in ["public", "authority:213502388", "analyst", "operator"] {
            assert_eq!(name.parse::<Principal>().map(|p| p.to_string()), Ok(name.to_owned()));
        }
        for name in ["", "Public", "authority", "authority:", "authority:213502389", "admin"] {
            assert_eq!(name.parse::<Principal>(), Err(PrincipalError), "{name}");
        }
    }
}
