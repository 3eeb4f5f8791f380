//! The authority of a response, by its SIREN or SIRET: mended only where the key proves it.

use carnac_model::identifier::{is_siren, is_siret};

/// Most leading zeros that a spreadsheet may have lost.
const LOST_ZEROS: usize = 2;

/// Returns the SIREN that `text` is, or the rule that it breaks.
pub(super) fn siren(text: &str) -> Result<String, &'static str> {
    padded(text, 9, is_siren).ok_or("not_a_siren")
}

/// Returns the SIREN of the SIRET (or plain SIREN) that `text` is, or the rule that it breaks.
///
/// `2.13502E+13` has lost digits that nothing can bring back.
pub(super) fn siren_of_siret(text: &str) -> Result<String, &'static str> {
    let of_siret = || padded(text, 14, is_siret)?.get(..9).map(str::to_owned);
    let whole = || Some(digits(text)).filter(|digits| is_siren(digits));
    of_siret().or_else(whole).ok_or("not_a_siret")
}

/// The digits, with lost leading zeros put back when the key then holds.
fn padded(text: &str, width: usize, valid: fn(&str) -> bool) -> Option<String> {
    let digits = digits(text);
    let lost = width.checked_sub(digits.len()).filter(|lost| *lost <= LOST_ZEROS)?;
    Some("0".repeat(lost) + &digits).filter(|padded| valid(padded))
}

/// The text without spaces; no-break ones too.
fn digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_mended_only_where_the_key_holds() {
        let rennes = Ok("213502388".to_owned());
        assert_eq!(siren("213 502\u{a0}388"), rennes);
        assert_eq!(siren_of_siret("213 502 388 00019"), rennes);
        assert_eq!(siren_of_siret("213502388"), rennes);
        // 005 420 021 has a right key; its zeros are lost in a spreadsheet.
        assert_eq!(siren("5420021"), Ok("005420021".to_owned()));
        for lost in ["2.13502E+13", "2,13502E+13", "21350238800018", "213502389", "", "jean@x.fr"] {
            assert_eq!(siren_of_siret(lost), Err("not_a_siret"), "{lost}");
            assert_eq!(siren(lost), Err("not_a_siren"), "{lost}");
        }
        assert_eq!(siren("18"), Err("not_a_siren"));
    }
}
