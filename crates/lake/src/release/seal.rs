//! The seal of a release record: its last field is a checksum of the text before it.

use carnac_model::Release;
use sha2::{Digest, Sha256};

/// What comes between the text and the checksum, and after it.
const OPEN: &str = ",\n  \"sha256\": \"";
const CLOSE: &str = "\"\n}";

/// Returns the text of a record.
pub(super) fn sealed(release: &Release) -> String {
    let text = serde_json::to_string_pretty(release).expect("a release has text keys only");
    let text = text.trim_end_matches('}').trim_end();
    format!("{text}{OPEN}{}{CLOSE}", checksum(text))
}

/// Reads a record, or says why it is not what was written.
pub(super) fn unsealed(record: &[u8]) -> Result<Release, String> {
    let text = std::str::from_utf8(record).map_err(|error| error.to_string())?;
    let release = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let (text, seal) = text.rsplit_once(OPEN).ok_or("it has no checksum")?;
    if seal.strip_suffix(CLOSE) == Some(checksum(text).as_str()) {
        Ok(release)
    } else {
        Err("its checksum is that of another text".to_owned())
    }
}

fn checksum(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}
