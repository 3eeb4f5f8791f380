//! The text of a token, `carnac_<id>_<secret>`: 12 and 64 hexadecimal digits.

use argon2::password_hash::{self, Output, PasswordHash, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, PasswordHasher, Version};

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

    /// Returns whether this is what was hashed; `blocks` is the memory to find it out in, which
    /// grows to what that takes.
    pub(super) fn is_of(&self, hash: &str, blocks: &mut Vec<Block>) -> bool {
        let Ok(hash) = PasswordHash::new(hash) else { return false };
        let again = self.hash_as(&hash, blocks).ok();
        // Two outputs are compared in constant time.
        again.is_some_and(|again| hash.hash == Some(again))
    }

    /// Returns the hash of it with the salt and the parameters of another one.
    fn hash_as(
        &self,
        hash: &PasswordHash<'_>,
        blocks: &mut Vec<Block>,
    ) -> password_hash::Result<Output> {
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
            return Err(password_hash::Error::Password);
        };
        let params = Params::try_from(hash)?;
        let wanted = params.block_count();
        if blocks.len() < wanted {
            blocks.resize(wanted, Block::default());
        }
        let version = hash.version.map(Version::try_from).transpose()?.unwrap_or_default();
        let argon2 = Argon2::new(Algorithm::try_from(hash.algorithm)?, version, params);
        let mut bytes = [0; 64];
        let salt = salt.decode_b64(&mut bytes)?;
        Output::init_with(output.len(), |out| {
            let text = self.text.as_bytes();
            Ok(argon2.hash_password_into_with_memory(text, salt, out, blocks)?)
        })
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
        let mut blocks = Vec::new();
        let mut is_of = |secret: &Secret, hash: &str| secret.is_of(hash, &mut blocks);
        assert!(is_of(&read, &hash) && !is_of(&Secret::draw().unwrap(), &hash));
        // What the hash of another one has left in the memory is no part of the next.
        assert!(is_of(&read, &hash) && !is_of(&read, "nonsense"));
        assert!(!hash.contains(secret.id()));
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
