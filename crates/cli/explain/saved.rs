//! A receipt as it is saved: JSON with a checksum, of which no byte may change.

use carnac_model::{Receipt, text_hash};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    receipt: Receipt,
    /// BLAKE3 of the receipt as JSON without spaces.
    checksum: String,
}

/// Returns the text to save.
pub(super) fn sealed(receipt: &Receipt) -> std::io::Result<String> {
    let checksum = text_hash(&serde_json::to_string(receipt)?);
    let saved = Saved { receipt: receipt.clone(), checksum };
    Ok(format!("{}\n", serde_json::to_string_pretty(&saved)?))
}

/// Reads a text that was saved.
///
/// # Errors
/// When it is not, byte for byte, what was saved.
pub(super) fn unsealed(text: &[u8]) -> anyhow::Result<Receipt> {
    let changed = || anyhow::anyhow!("is not what was saved: bytes of it have changed");
    let saved: Saved = serde_json::from_slice(text).map_err(|_| changed())?;
    // The checksum is of the receipt; the text is the one way to write it.
    if sealed(&saved.receipt)?.as_bytes() == text { Ok(saved.receipt) } else { Err(changed()) }
}

/// Says what differs between a receipt and the one computed now, if anything that counts does.
pub(super) fn difference(then: &Receipt, now: &Receipt) -> Option<String> {
    if then.definition != now.definition {
        return Some(format!(
            "the definition of {} has changed since; only an edition keeps definitions",
            then.indicator
        ));
    }
    let parts = [
        ("the figure is another now", then.figure == now.figure),
        ("the rows behind the figure are others now", then.rows == now.rows),
        ("the tables are others now", then.tables == now.tables),
        ("the sources are others now", then.inputs == now.inputs),
        ("the release is another now", Receipt { code: now.code.clone(), ..then.clone() } == *now),
    ];
    parts.into_iter().find(|(_, same)| !same).map(|(what, _)| what.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, NaiveDate};

    use super::*;

    fn receipt() -> Receipt {
        Receipt {
            indicator: "A08".to_owned(),
            version: 1,
            view: "indicator.act_transmission_rate".to_owned(),
            definition: "d".to_owned(),
            siren: "213502388".to_owned(),
            period: "2025".to_owned(),
            release: 1,
            edition: None,
            published_at: DateTime::UNIX_EPOCH,
            run_date: NaiveDate::default(),
            landed_by: "0.1.0".to_owned(),
            code: "0.1.0".to_owned(),
            figure: vec![BTreeMap::from([("value".to_owned(), Some("0.5".to_owned()))])],
            rows: Vec::new(),
            tables: BTreeMap::new(),
            inputs: BTreeMap::new(),
        }
    }

    #[test]
    fn every_changed_or_missing_byte_is_seen() {
        let text = sealed(&receipt()).unwrap().into_bytes();
        assert_eq!(unsealed(&text).unwrap(), receipt());
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert!(unsealed(&changed).is_err(), "byte {at}");
            assert!(unsealed(&text[..at]).is_err(), "cut after {at}");
        }
    }

    #[test]
    fn what_differs_is_said() {
        let told = |now: Receipt| difference(&receipt(), &now).unwrap_or_default();
        assert_eq!(told(Receipt { code: "0.2.0".to_owned(), ..receipt() }), "");
        let other = Receipt { definition: "e".to_owned(), figure: Vec::new(), ..receipt() };
        assert!(told(other).starts_with("the definition of A08 has changed since"));
        assert_eq!(told(Receipt { figure: Vec::new(), ..receipt() }), "the figure is another now");
        let landed_by = "0.2.0".to_owned();
        assert_eq!(told(Receipt { landed_by, ..receipt() }), "the release is another now");
    }
}
