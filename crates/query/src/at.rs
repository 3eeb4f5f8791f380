//! What a query reads when it does not read the newest: a release, or an edition.

use std::fmt;
use std::str::FromStr;

use carnac_model::{EditionName, EditionNameError};

/// A state of the lake that a query names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// The data of a release, with the definitions of today.
    Release(u64),
    /// The data and the definitions that were frozen under a name.
    Edition(EditionName),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release(id) => write!(f, "{id}"),
            Self::Edition(name) => write!(f, "{name}"),
        }
    }
}

/// A number is a release, everything else an edition: no edition has a name of digits only.
impl FromStr for At {
    type Err = EditionNameError;

    fn from_str(text: &str) -> Result<Self, EditionNameError> {
        match text.parse() {
            Ok(id) => Ok(Self::Release(id)),
            Err(_) => text.parse().map(Self::Edition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_release() {
        assert_eq!("12".parse(), Ok(At::Release(12)));
        assert_eq!("2026-S1".parse(), Ok(At::Edition("2026-S1".parse().unwrap())));
        for bad in ["", "1.5", "99999999999999999999", "a b"] {
            assert!(bad.parse::<At>().is_err(), "{bad}");
        }
    }
}
