//! Exact numbers with six decimals: money, rates and volumes.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Unexpected, Visitor};

use crate::{Error, Result};

const ONE: i128 = 1_000_000;

/// A number with six decimals. Results that need more are rounded half away from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(i128);

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(ONE);

    /// Makes a number of millionths.
    #[must_use]
    pub const fn from_millionths(millionths: i128) -> Self {
        Self(millionths)
    }

    /// Makes a number of hundredths, as amounts are stored.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn from_hundredths(hundredths: i128) -> Result<Self> {
        hundredths.checked_mul(ONE / 100).map(Self).ok_or(Error::TooLarge)
    }

    /// Makes a whole number.
    #[must_use]
    pub fn from_count(count: i64) -> Self {
        Self(i128::from(count) * ONE)
    }

    /// Returns the number in millionths.
    #[must_use]
    pub fn millionths(self) -> i128 {
        self.0
    }

    /// Returns the number in hundredths, rounded half away from zero.
    #[must_use]
    pub fn hundredths(self) -> i128 {
        rounded(self.0, ONE / 100)
    }

    /// Adds.
    ///
    /// # Errors
    /// [`Error::TooLarge`], as all arithmetic here.
    pub fn plus(self, other: Self) -> Result<Self> {
        self.0.checked_add(other.0).map(Self).ok_or(Error::TooLarge)
    }

    /// Takes away.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn minus(self, other: Self) -> Result<Self> {
        self.0.checked_sub(other.0).map(Self).ok_or(Error::TooLarge)
    }

    /// Multiplies.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn times(self, other: Self) -> Result<Self> {
        self.times_over(other, 1)
    }

    /// Multiplies by one number and divides by another, rounding once. Nothing by nothing is
    /// nothing.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn times_over(self, factor: Self, divisor: i64) -> Result<Self> {
        let product = self.0.checked_mul(factor.0).ok_or(Error::TooLarge)?;
        Ok(Self(rounded(product, i128::from(divisor.max(1)) * ONE)))
    }

    /// Divides; `None` by zero.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn over(self, divisor: Self) -> Result<Option<Self>> {
        let scaled = self.0.checked_mul(ONE).ok_or(Error::TooLarge)?;
        Ok((divisor.0 != 0).then(|| Self(rounded(scaled, divisor.0))))
    }
}

/// `number / divisor`, rounded half away from zero; the divisor is not zero.
pub(crate) fn rounded(number: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (number / divisor, number % divisor);
    let away = remainder.unsigned_abs() * 2 >= divisor.unsigned_abs();
    let sign = if (number < 0) == (divisor < 0) { 1 } else { -1 };
    quotient + if away { sign } else { 0 }
}

impl FromStr for Decimal {
    type Err = String;

    /// Reads `12`, `-0.5` or `1_250.25`: at most six decimals, and fifteen digits before them.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a number of at most six decimals");
        let plain = text.replace('_', "");
        let (negative, digits) = match plain.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, plain.as_str()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let joined = format!("{whole}{fraction:0<6}");
        let valid = (1..=15).contains(&whole.len())
            && fraction.len() <= 6
            && joined.bytes().all(|byte| byte.is_ascii_digit());
        let number: i128 = joined.parse().ok().filter(|_| valid).ok_or_else(wrong)?;
        Ok(Self(if negative { -number } else { number }))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, all) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let one = ONE.unsigned_abs();
        let fraction = format!("{:06}", all % one);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{}{point}{fraction}", all / one)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// A number as TOML writes it: whole, with decimals, or as text.
struct Written;

impl Visitor<'_> for Written {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of at most six decimals")
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Decimal, E> {
        Ok(Decimal::from_count(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Decimal, E> {
        let count = i64::try_from(value);
        let count = count.map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))?;
        Ok(Decimal::from_count(count))
    }

    /// The shortest text of a float of few digits is what the author wrote.
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Decimal, E> {
        value.to_string().parse().map_err(E::custom)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Decimal, E> {
        value.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for (text, millionths) in [
            ("0", 0),
            ("12", 12_000_000),
            ("0.02", 20_000),
            ("-0.5", -500_000),
            ("1_250.25", 1_250_250_000),
            ("0.000001", 1),
        ] {
            assert_eq!(number(text).millionths(), millionths, "{text}");
        }
        assert_eq!(number("1250.250").to_string(), "1250.25");
        assert_eq!(number("-3").to_string(), "-3");
        for bad in ["", ".5", "1,5", "1e3", "0.0000001", "1234567890123456", "--1", "1.-2", "NaN"] {
            assert!(bad.parse::<Decimal>().is_err(), "{bad}");
        }
    }

    #[test]
    fn arithmetic_rounds_once_and_half_away_from_zero() {
        // 14 minutes at 32 € the hour: 7.466666… €.
        assert_eq!(number("14").times_over(number("32"), 60).unwrap(), number("7.466667"));
        assert_eq!(number("0.5").times(number("0.000001")).unwrap(), number("0.000001"));
        assert_eq!(number("-0.5").times(number("0.000001")).unwrap(), number("-0.000001"));
        assert_eq!(number("3.8").over(number("9.7")).unwrap(), Some(number("0.391753")));
        assert_eq!(number("1").over(Decimal::ZERO).unwrap(), None);
        assert_eq!((number("0.005").hundredths(), number("-0.005").hundredths()), (1, -1));
        assert_eq!(number("0.004999").hundredths(), 0);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let large = Decimal::from_millionths(i128::MAX / 2);
        assert_eq!(large.times(large), Err(Error::TooLarge));
        assert_eq!(large.plus(large).and_then(|sum| sum.plus(large)), Err(Error::TooLarge));
        assert_eq!(large.over(Decimal::ONE), Err(Error::TooLarge));
    }
}
