//! The text of a token, `carnac_<id>_<secret>`: 12 and 64 hexadecimal digits.

use argon2::password_hash::{PasswordHash, SaltString};
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

use crate::{Error, Kind, Result};

const NAME: &str = "carnac_";
const ID: usize = 12;
const SECRET: usize = 64;

/// A key that nothing shows.
pub(super) struct Key(pub(super) [u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

/// A token in the hands of who presents it. It is shown by nothing but [`Secret::text`].
pub(super) struct Secret {
    text: String,
}

impl Secret {
    /// Draws a new one: 48 bits that name it and 256 that nobody guesses.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn draw() -> Result<Self> {
        let [id, secret]: [[u8; 32]; 2] = [random()?, random()?];
        let hex =
            |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (mut id, secret) = (hex(id), hex(secret));
        id.truncate(ID);
        Ok(Self { text: format!("{NAME}{id}_{secret}") })
    }

    /// Reads what is presented; none when it is no token of any lake.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(NAME)?.split_once('_')?;
        let is_hex = |text: &str, length: usize| {
            text.len() == length
                && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        (is_hex(id, ID) && is_hex(secret, SECRET)).then(|| Self { text: text.to_owned() })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The part that names the token.
    pub(super) fn id(&self) -> &str {
        self.text.get(NAME.len()..NAME.len() + ID).unwrap_or_default()
    }

    /// Returns the argon2id hash of it, with a salt of its own, as a PHC string.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn hash(&self) -> Result<String> {
        let salt: [u8; 16] = random()?;
        let salt = SaltString::encode_b64(&salt).map_err(|_| internal())?;
        let hash = Argon2::default().hash_password(self.text.as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|_| internal())
    }

    /// Returns whether this is what was hashed.
    pub(super) fn is_of(&self, hash: &str) -> bool {
        let right = |hash| Argon2::default().verify_password(self.text.as_bytes(), &hash);
        PasswordHash::new(hash).is_ok_and(|hash| right(hash).is_ok())
    }
}

/// Bytes that nobody can foresee.
///
/// # Errors
/// When the system gives none.
pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| internal())?;
    Ok(bytes)
}

fn internal() -> Error {
    let reason = "the system gives no random bytes".to_owned();
    Error::Refused { kind: Kind::Internal, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_read_back_and_hashed() {
        let secret = Secret::draw().unwrap();
        let read = Secret::parse(secret.text()).unwrap();
        assert_eq!((read.id(), read.text()), (secret.id(), secret.text()));
        let hash = secret.hash().unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(read.is_of(&hash) && !Secret::draw().unwrap().is_of(&hash));
        assert!(!read.is_of("nonsense") && !hash.contains(secret.id()));
    }

    #[test]
    fn what_is_no_token_is_not_read() {
        let text = Secret::draw().unwrap().text;
        let cases = [
            "",
            "carnac_",
            text.trim_start_matches("carnac_"),
            &text.to_uppercase(),
            &format!("{text}0"),
            &format!(" {text}"),
            &text.replace("carnac_", "carnac_../"),
        ];
        for text in cases {
            assert!(Secret::parse(text).is_none(), "{text}");
        }
    }
}
