//! Respondents are known by a keyed hash; whoever has not the key cannot find a response again.

use std::fmt;

use crate::profile::short;

/// Fewest characters of a passphrase.
const PASSPHRASE_CHARS: usize = 16;
/// What the keys of passphrases are derived for; another text gives other pseudonyms.
const CONTEXT: &str = "carnac 2025 pseudonyms of survey respondents";

/// What a key's public fingerprint is derived for.
const FINGERPRINT: &str = "carnac 2026 public fingerprint of a pseudonym key";

/// The secret by which respondents are named. It is never shown, not even by `Debug`.
#[derive(Clone)]
pub struct PseudonymKey([u8; blake3::KEY_LEN]);

/// A text that is no key; it does not hold the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the pseudonym key is neither 64 hexadecimal digits nor a passphrase of 16 characters or more"
)]
pub struct KeyError;

impl PseudonymKey {
    /// Makes a key of 64 hexadecimal digits, or of a passphrase; spaces around it do not count.
    ///
    /// # Errors
    /// When the text is shorter.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if let Ok(hash) = blake3::Hash::from_hex(text) {
            return Ok(Self(*hash.as_bytes()));
        }
        if text.chars().count() < PASSPHRASE_CHARS {
            return Err(KeyError);
        }
        Ok(Self(blake3::derive_key(CONTEXT, text.as_bytes())))
    }

    /// Returns 16 hexadecimal digits that tell this key from another, and nothing else of it.
    pub(crate) fn fingerprint(&self) -> String {
        short(&blake3::Hash::from_bytes(blake3::derive_key(FINGERPRINT, &self.0)))
    }

    /// Returns the pseudonym of a response: 64 hexadecimal digits, the same in every delivery.
    pub(super) fn respondent(&self, survey: &str, wave: &str, response: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in [survey, wave, response] {
            // The length first: ("a", "bc") is not ("ab", "c").
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn a_pseudonym_depends_on_the_key_and_on_every_part() {
        let key = PseudonymKey::parse(HEX).unwrap();
        let other = PseudonymKey::parse("une phrase de passe assez longue").unwrap();
        let name = key.respondent("s", "2024", "12");
        assert_eq!(name.len(), 64);
        assert_eq!(name, key.respondent("s", "2024", "12"));
        let others = [
            other.respondent("s", "2024", "12"),
            key.respondent("s", "2025", "12"),
            key.respondent("s", "2024", "13"),
            key.respondent("s2", "024", "12"),
        ];
        assert!(!others.contains(&name));
    }

    #[test]
    fn a_fingerprint_tells_keys_apart_and_holds_none_of_them() {
        let key = PseudonymKey::parse(HEX).unwrap();
        let other = PseudonymKey::parse("une phrase de passe assez longue").unwrap();
        let fingerprint = key.fingerprint();
        assert_eq!(fingerprint.len(), 16);
        assert_ne!(fingerprint, other.fingerprint());
        assert!(!HEX.contains(&fingerprint));
        assert!(!key.respondent("s", "2024", "12").contains(&fingerprint));
    }

    #[test]
    fn a_key_is_never_shown() {
        let shown = format!("{:?}", PseudonymKey::parse(HEX).unwrap());
        assert_eq!(shown, "PseudonymKey(…)");
        let short = PseudonymKey::parse("court et secret").unwrap_err();
        assert!(!format!("{short} {short:?}").contains("secret"));
        assert!(PseudonymKey::parse(&format!("  {HEX}\n")).is_ok());
    }
}
