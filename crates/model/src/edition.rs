//! An edition: a release and the definitions of its figures, frozen together under a name.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Longest name of an edition, in characters.
const MAX_NAME: usize = 64;

/// Name of an edition, such as `2026-S1`: letters, digits, `-` and `_`, at most 64.
///
/// A name of digits only is refused, as it would be taken for the number of a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EditionName(String);

impl EditionName {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EditionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<EditionName> for String {
    fn from(name: EditionName) -> Self {
        name.0
    }
}

/// Text that cannot name an edition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of an edition has 1 to 64 letters without accents, digits, `-` and `_`, \
     and not digits only: 2026-S1"
)]
pub struct EditionNameError;

impl TryFrom<String> for EditionName {
    type Error = EditionNameError;

    fn try_from(text: String) -> Result<Self, EditionNameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let valid = (1..=MAX_NAME).contains(&text.len())
            && text.bytes().all(allowed)
            && !text.bytes().all(|byte| byte.is_ascii_digit());
        if valid { Ok(Self(text)) } else { Err(EditionNameError) }
    }
}

impl FromStr for EditionName {
    type Err = EditionNameError;

    fn from_str(text: &str) -> Result<Self, EditionNameError> {
        text.to_owned().try_into()
    }
}

/// One release and the whole text of every definition, as they were when it was frozen.
///
/// Its figures stay what they were whatever becomes of the SQL files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// Its name.
    pub name: EditionName,
    /// The release whose data it reads.
    pub release: u64,
    /// When it was frozen.
    pub frozen_at: DateTime<Utc>,
    /// Version of the program that froze it.
    pub code: String,
    /// Text of every SQL file, by `<layer>/<name>.sql`.
    pub files: BTreeMap<String, String>,
    /// Hash of all of the above, in hexadecimal.
    pub checksum: String,
}

impl Edition {
    /// Puts an edition together and seals it with its checksum.
    #[must_use]
    pub fn new(
        name: EditionName,
        release: u64,
        frozen_at: DateTime<Utc>,
        code: &str,
        files: BTreeMap<String, String>,
    ) -> Self {
        let checksum = String::new();
        let code = code.to_owned();
        let mut edition = Self { name, release, frozen_at, code, files, checksum };
        edition.checksum = edition.sum();
        edition
    }

    /// Returns whether nothing has changed since it was frozen.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.checksum == self.sum()
    }

    fn sum(&self) -> String {
        let parts = [
            self.name.to_string(),
            self.release.to_string(),
            self.frozen_at.to_rfc3339(),
            self.code.clone(),
            definitions_hash(&self.files),
        ];
        hash(parts.iter().map(String::as_str))
    }
}

/// Returns the hash of a set of SQL files, by which two sets of definitions are told apart.
#[must_use]
pub fn definitions_hash(files: &BTreeMap<String, String>) -> String {
    hash(files.iter().flat_map(|(path, text)| [path.as_str(), text.as_str()]))
}

/// Returns the hash of a text, in hexadecimal.
#[must_use]
pub fn text_hash(text: &str) -> String {
    hash(std::iter::once(text))
}

/// Hash of texts, each behind its length: no two lists have the same bytes.
fn hash<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_as_file_names_and_no_release_numbers() {
        for good in ["2026-S1", "a", "edition_2024", &"x".repeat(64), "-"] {
            assert_eq!(
                good.parse::<EditionName>().map(|name| name.to_string()).as_deref(),
                Ok(good)
            );
        }
        for bad in ["", "2026", "2026/S1", "..", "été", "a b", "a.json", "a\n", &"x".repeat(65)] {
            assert!(bad.parse::<EditionName>().is_err(), "{bad}");
            assert!(EditionName::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_part_is_under_the_checksum() {
        let files = BTreeMap::from([("core/a.sql".to_owned(), "select 1".to_owned())]);
        let name = "2026-S1".parse::<EditionName>().unwrap();
        let edition = Edition::new(name, 3, DateTime::UNIX_EPOCH, "0.1.0", files);
        assert!(edition.is_whole());
        let changes: [fn(&mut Edition); 5] = [
            |edition| edition.release = 4,
            |edition| edition.code.push('1'),
            |edition| edition.frozen_at += chrono::TimeDelta::nanoseconds(1),
            |edition| edition.name = "2026-S2".parse().unwrap(),
            |edition| edition.files.values_mut().for_each(|text| text.push(' ')),
        ];
        for change in changes {
            let mut changed = edition.clone();
            change(&mut changed);
            assert!(!changed.is_whole());
        }
    }

    #[test]
    fn text_that_moves_between_files_is_another_definition() {
        let files = |a: &str, b: &str| {
            definitions_hash(&BTreeMap::from([
                ("a".to_owned(), a.to_owned()),
                ("b".to_owned(), b.to_owned()),
            ]))
        };
        assert_eq!(files("xy", "z"), files("xy", "z"));
        assert_ne!(files("xy", "z"), files("x", "yz"));
    }
}
