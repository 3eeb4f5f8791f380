//! The proof that a commit is whole: what its file must hold, stated in its first line.
//!
//! Delta takes an empty or line-cut commit for one that changed less, and says nothing.

use deltalake_core::kernel::Action;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The field of a commit's `commitInfo` that holds its proof.
const FIELD: &str = "carnac";

/// What a commit changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// Data files added.
    adds: u64,
    /// Data files removed.
    removes: u64,
    /// Rows in the files added.
    rows: u64,
    /// SHA-256 of the lines that say so, sorted, each with its line feed, in hexadecimal.
    pub(crate) sha256: String,
}

/// The parts of a line of a commit that count.
#[derive(Deserialize)]
struct Line {
    add: Option<Added>,
    remove: Option<IgnoredAny>,
    #[serde(rename = "commitInfo")]
    info: Option<Info>,
}

#[derive(Deserialize)]
struct Added {
    /// A JSON text.
    stats: Option<String>,
}

#[derive(Deserialize)]
struct Statistics {
    #[serde(rename = "numRecords")]
    rows: Option<u64>,
}

#[derive(Deserialize)]
struct Info {
    carnac: Option<Proof>,
}

impl Proof {
    /// Returns the proof of a commit that is to hold those actions.
    pub(crate) fn of(actions: &[Action]) -> serde_json::Result<Self> {
        let lines: serde_json::Result<Vec<_>> = actions.iter().map(serde_json::to_string).collect();
        Ok(Self::found(&lines?.join("\n"))?.0)
    }

    /// Returns the proof as a field of `commitInfo`.
    pub(crate) fn field(&self) -> serde_json::Result<(String, Value)> {
        Ok((FIELD.to_owned(), serde_json::to_value(self)?))
    }

    /// Returns the proof of a commit's file, or why the file is not what was written.
    pub(crate) fn read(commit: &[u8]) -> Result<Self, String> {
        if commit.is_empty() {
            return Err("it is empty".to_owned());
        }
        let text = std::str::from_utf8(commit).map_err(|error| error.to_string())?;
        let (found, stated) = Self::found(text).map_err(|error| error.to_string())?;
        let stated = stated.ok_or("it states no proof: this program did not write it")?;
        if stated == found {
            return Ok(stated);
        }
        let told = |proof: &Self| {
            format!(
                "{} files added with {} rows, {} removed",
                proof.adds, proof.rows, proof.removes
            )
        };
        Err(format!("it holds {}; it was written with {}", told(&found), told(&stated)))
    }

    /// Whether a commit's file cannot be read, or holds something else than it states. Another
    /// program's states nothing.
    pub(crate) fn is_broken(text: &str) -> bool {
        match Self::found(text) {
            Ok((found, stated)) => stated.map_or(text.is_empty(), |stated| stated != found),
            Err(_) => true,
        }
    }

    /// What a commit's file holds, and what it states.
    fn found(text: &str) -> serde_json::Result<(Self, Option<Self>)> {
        let (mut found, mut stated, mut changes) = (Self::default(), None, Vec::new());
        for text in text.lines() {
            let line: Line = serde_json::from_str(text)?;
            if let Some(added) = &line.add {
                found.adds += 1;
                found.rows += rows(added)?;
            }
            found.removes += u64::from(line.remove.is_some());
            if line.add.is_some() || line.remove.is_some() {
                changes.push(text);
            }
            stated = line.info.and_then(|info| info.carnac).or(stated);
        }
        changes.sort_unstable();
        let mut hash = Sha256::new();
        for line in changes {
            hash.update(line);
            hash.update("\n");
        }
        found.sha256 = format!("{:x}", hash.finalize());
        Ok((found, stated))
    }
}

/// Rows of a data file, 0 when it does not say.
fn rows(added: &Added) -> serde_json::Result<u64> {
    let Some(stats) = &added.stats else { return Ok(0) };
    let statistics: Statistics = serde_json::from_str(stats)?;
    Ok(statistics.rows.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADD: &str = r#"{"add":{"path":"a","stats":"{\"numRecords\":3}"}}"#;
    const REMOVE: &str = r#"{"remove":{"path":"b"}}"#;

    fn commit() -> String {
        let proof = Proof::found(&[ADD, REMOVE].join("\n")).unwrap().0;
        let (field, value) = proof.field().unwrap();
        format!("{{\"commitInfo\":{{\"{field}\":{value}}}}}\n{ADD}\n{REMOVE}")
    }

    #[test]
    fn a_whole_commit_is_what_it_states() {
        let proof = Proof::read(commit().as_bytes()).unwrap();
        assert_eq!((proof.adds, proof.removes, proof.rows), (1, 1, 3));
    }

    #[test]
    fn every_cut_of_a_commit_is_seen() {
        let whole = commit();
        for length in 0..whole.len() {
            let cut = &whole.as_bytes()[..length];
            assert!(Proof::read(cut).is_err(), "cut after {length} bytes");
        }
    }

    #[test]
    fn a_changed_byte_of_a_change_is_seen() {
        let changed = commit().replace(r#""path":"a""#, r#""path":"c""#);
        let told = Proof::read(changed.as_bytes()).unwrap_err();
        assert!(told.starts_with("it holds 1 files added with 3 rows, 1 removed"), "{told}");
        assert!(Proof::read(ADD.as_bytes()).unwrap_err().contains("states no proof"));
    }
}
