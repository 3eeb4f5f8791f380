//! A sum of decimals that stays exact.

/// Decimal places kept; amounts of a flow have two.
const PLACES: usize = 6;

/// A sum so far, in millionths of a euro.
#[derive(Default)]
pub(super) enum Amount {
    /// Nothing was added.
    #[default]
    None,
    Sum(i128),
    /// Something that was added is no amount.
    Bad,
}

impl Amount {
    pub(super) fn add(&mut self, text: &str) {
        let sum = match self {
            Self::None => millionths(text),
            Self::Sum(sum) => millionths(text).and_then(|more| sum.checked_add(more)),
            Self::Bad => None,
        };
        *self = sum.map_or(Self::Bad, Self::Sum);
    }

    /// Returns the sum as a decimal, or the rule that a part of it breaks.
    pub(super) fn total(&self) -> Result<Option<String>, &'static str> {
        match self {
            Self::None => Ok(None),
            Self::Bad => Err("not_a_number"),
            Self::Sum(sum) => {
                let (sign, sum) = (if *sum < 0 { "-" } else { "" }, sum.unsigned_abs());
                Ok(Some(format!("{sign}{}.{:06}", sum / 1_000_000, sum % 1_000_000)))
            }
        }
    }
}

fn millionths(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 18 || fraction.len() > PLACES {
        return None;
    }
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let value: i128 = format!("{whole}{fraction:0<PLACES$}").parse().ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(parts: &[&str]) -> Result<Option<String>, &'static str> {
        let mut amount = Amount::default();
        parts.iter().for_each(|part| amount.add(part));
        amount.total()
    }

    #[test]
    fn a_sum_is_exact() {
        assert_eq!(total(&[]), Ok(None));
        assert_eq!(total(&["0.1", "0.2"]), Ok(Some("0.300000".to_owned())));
        assert_eq!(total(&["75724.75", "-5724.80"]), Ok(Some("69999.950000".to_owned())));
        assert_eq!(total(&["1", "-1.5"]), Ok(Some("-0.500000".to_owned())));
    }

    #[test]
    fn one_bad_part_spoils_the_sum() {
        for bad in ["", "-", "1,5", "1e3", "1.2.3", "0.1234567", "9999999999999999999"] {
            assert_eq!(total(&["1", bad, "2"]), Err("not_a_number"), "{bad}");
        }
    }
}
