//! SIREN and SIRET: the identifiers of French legal units and establishments.
//!
//! Both end in a Luhn key. La Poste (SIREN 356 000 000) is the official exception: its
//! establishments may satisfy "the sum of the 14 digits is a multiple of 5" instead.

use std::fmt;
use std::str::FromStr;

const LA_POSTE: &str = "356000000";

/// A SIREN whose key is right.
///
/// ```
/// use carnac_model::identifier::Siren;
/// let rennes: Siren = "213502388".parse().unwrap();
/// assert_eq!(rennes.as_str(), "213502388");
/// assert!("213502389".parse::<Siren>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Siren([u8; 9]);

/// A text that is no SIREN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a SIREN has nine digits, the last of which is a check")]
pub struct SirenError;

impl Siren {
    /// Returns the nine digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits only")
    }
}

impl FromStr for Siren {
    type Err = SirenError;

    fn from_str(text: &str) -> Result<Self, SirenError> {
        let digits = text.as_bytes().try_into().ok().filter(|_| is_siren(text));
        digits.map(Self).ok_or(SirenError)
    }
}

impl fmt::Display for Siren {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Siren {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns whether `text` is a SIREN: nine digits with a right Luhn key.
///
/// ```
/// use carnac_model::identifier::is_siren;
/// assert!(is_siren("213502388")); // Rennes
/// assert!(!is_siren("213502389"));
/// assert!(!is_siren("21350238"));
/// assert!(!is_siren("000000000"));
/// ```
#[must_use]
pub fn is_siren(text: &str) -> bool {
    text.len() == 9 && text != "000000000" && luhn(text)
}

/// Returns whether `text` is a SIRET: a SIREN and five digits, with a right key on all fourteen.
///
/// ```
/// use carnac_model::identifier::is_siret;
/// assert!(is_siret("24290007400178"));
/// assert!(is_siret("35600000000048")); // La Poste, registered office: plain Luhn
/// assert!(is_siret("35600000000001")); // La Poste, digits sum to 15: not Luhn, yet valid
/// assert!(!is_siret("24290007400179"));
/// ```
#[must_use]
pub fn is_siret(text: &str) -> bool {
    let Some(siren) = text.get(..9).filter(|_| text.len() == 14) else { return false };
    let post = siren == LA_POSTE && digit_sum(text).is_some_and(|sum| sum % 5 == 0);
    is_siren(siren) && (post || luhn(text))
}

/// Sums the digits, doubling every second one from the right; a valid number is a multiple of 10.
fn luhn(text: &str) -> bool {
    let mut sum = 0;
    for (place, byte) in text.bytes().rev().enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let digit = u32::from(byte - b'0') * if place % 2 == 1 { 2 } else { 1 };
        sum += digit / 10 + digit % 10;
    }
    sum % 10 == 0
}

fn digit_sum(text: &str) -> Option<u32> {
    text.chars().map(|c| c.to_digit(10)).sum()
}
