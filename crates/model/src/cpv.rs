//! The CPV 2008, the European vocabulary of public procurement (regulation 213/2008).

/// One code of eight digits a line, in order, without keys.
static CODES: &str = include_str!("cpv_2008.txt");

/// Returns whether `code` is one of the 9,454 codes of the CPV 2008: eight digits, no key.
pub(crate) fn is_cpv(code: &str) -> bool {
    let (lines, _) = CODES.as_bytes().as_chunks::<9>();
    let digits = |line: &[u8; 9]| line.first_chunk::<8>().copied();
    code.as_bytes()
        .try_into()
        .is_ok_and(|code: [u8; 8]| lines.binary_search_by_key(&Some(code), digits).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_in_order() {
        let codes: Vec<_> = CODES.lines().collect();
        assert_eq!((codes.len(), CODES.len()), (9454, 9454 * 9));
        assert!(codes.is_sorted_by(|before, after| before < after));
        assert!(codes.iter().all(|code| is_cpv(code)));
    }

    #[test]
    fn what_is_not_a_code_is_told() {
        for code in ["", "3000000", "03000000-1", "030000001", "00000000", "99999999", "0300000\n"]
        {
            assert!(!is_cpv(code), "{code}");
        }
        for code in ["03000000", "98910000", "79995100"] {
            assert!(is_cpv(code), "{code}");
        }
    }
}
