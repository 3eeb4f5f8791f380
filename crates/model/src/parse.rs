//! One value of text into one typed value; `Err` is the identifier of the rule it breaks.

use chrono::{Datelike, NaiveDate};

type Parsed<T> = Result<T, &'static str>;

/// Days since 1970-01-01 of the civil date that `text` begins with.
///
/// What may follow is a time or a zone (`2018-12-31+01:00`): it is cut off and never applied, as
/// shifting to UTC would move a contract of 31 December into another year.
pub(crate) fn date(text: &str, latest: Option<NaiveDate>) -> Parsed<i32> {
    const EPOCH: i32 = 719_163;
    let (civil, rest) = text.split_at_checked(10).ok_or("not_a_date")?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *civil.as_bytes() else {
        return Err("not_a_date");
    };
    let number = |digits: &[u8]| -> Option<u32> {
        digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
    };
    let (year, month, day) = (number(&[y1, y2, y3, y4]), number(&[m1, m2]), number(&[d1, d2]));
    let (Some(year), Some(month), Some(day)) = (year, month, day) else { return Err("not_a_date") };
    let date = NaiveDate::from_ymd_opt(year.cast_signed(), month, day).ok_or("not_a_date")?;
    if !(rest.is_empty() || is_time_or_zone(rest)) {
        return Err("not_a_date");
    }
    let in_range = (2000..2100).contains(&year) && latest.is_none_or(|latest| date <= latest);
    if in_range { Ok(date.num_days_from_ce() - EPOCH) } else { Err("out_of_range") }
}

fn is_time_or_zone(rest: &str) -> bool {
    rest.starts_with(['T', ' ', '+', '-', 'Z'])
        && rest
            .chars()
            .skip(1)
            .all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | '+' | '-' | 'Z'))
}

pub(crate) fn integer(text: &str, min: i64, max: i64) -> Parsed<i64> {
    // `12.0` is the integer 12 as a spreadsheet writes it.
    let whole = text.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0'));
    let number: i64 = whole.map_or(text, |(whole, _)| whole).parse().map_err(|_| "not_a_number")?;
    if (min..=max).contains(&number) { Ok(number) } else { Err("out_of_range") }
}

/// Hundredths of a decimal number from 0, rounded half up; at most 18 digits in all.
pub(crate) fn hundredths(text: &str) -> Parsed<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|_| "not_a_number")?)
        }
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    if whole.is_empty() || all.len() > 36 || !all.bytes().all(|b| b.is_ascii_digit()) {
        return Err("not_a_number");
    }
    let unscaled: i128 = all.parse().map_err(|_| "not_a_number")?;
    // `fraction` is a few digits long: the cap above makes the conversion exact.
    let places = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let shift = exponent.saturating_add(2).saturating_sub(places);
    let value =
        scale(unscaled, shift).filter(|value| *value < 10_i128.pow(18)).ok_or("out_of_range")?;
    if negative && value > 0 { Err("out_of_range") } else { Ok(value) }
}

/// Multiplies by a power of ten; a negative power rounds half up.
fn scale(unscaled: i128, shift: i32) -> Option<i128> {
    let factor = 10_i128.checked_pow(shift.unsigned_abs());
    if shift >= 0 {
        unscaled.checked_mul(factor?)
    } else {
        Some(factor.map_or(0, |factor| (unscaled + factor / 2) / factor))
    }
}

pub(crate) fn boolean(text: &str) -> Parsed<bool> {
    match text.to_lowercase().as_str() {
        "1" | "oui" | "true" | "o" => Ok(true),
        "0" | "non" | "false" | "n" => Ok(false),
        _ => Err("unknown_code"),
    }
}

/// A subject of the @CTES classification, `7.10`: levels joined by dots, the first from 1 to 9.
pub(crate) fn subject(text: &str) -> Parsed<&str> {
    let mut levels = text.split('.');
    let first = levels.next().is_some_and(|level| matches!(level.as_bytes(), [b'1'..=b'9']));
    // `7.01` would be another subject than `7.1`: a level has no leading zero.
    let is_level = |level: &str| {
        matches!(level.len(), 1 | 2)
            && !level.starts_with('0')
            && level.bytes().all(|b| b.is_ascii_digit())
    };
    let rest = levels.all(is_level);
    if first && rest { Ok(text) } else { Err("unknown_code") }
}

pub(crate) fn code(text: &str, list: &[(&str, &'static str)]) -> Parsed<&'static str> {
    let lower = text.to_lowercase();
    list.iter().find(|(written, _)| *written == lower).map(|(_, code)| *code).ok_or("unknown_code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_date_is_kept_as_written() {
        let new_year_eve = date("2018-12-31", None);
        assert_eq!(new_year_eve, Ok(17_896));
        assert_eq!(date("2018-12-31+01:00", None), new_year_eve);
        assert_eq!(date("2018-12-31T23:59:59.000Z", None), new_year_eve);
        assert_eq!(date("0218-10-29", None), Err("out_of_range"));
        for bad in [
            "2018-02-31",
            "31/12/2018",
            "2018-1-1",
            "",
            "2018-12-31 (env.)",
            "+2018-12-3",
            "éééééééé",
        ] {
            assert_eq!(date(bad, None), Err("not_a_date"), "{bad}");
        }
        let run = NaiveDate::from_ymd_opt(2018, 12, 30);
        assert_eq!(date("2018-12-31", run), Err("out_of_range"));
    }

    #[test]
    fn decimals_are_exact() {
        let cases = [
            ("153900", 15_390_000),
            ("42980.1", 4_298_010),
            ("0", 0),
            ("-0", 0),
            ("1.005", 101),
            ("1.0049", 100),
            ("1.5e3", 150_000),
            ("12E-1", 120),
            ("0.1", 10),
            ("9999999999999999.99", 999_999_999_999_999_999),
            ("1e-30", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(hundredths(text), Ok(expected), "{text}");
        }
        for bad in ["", ".", ".5", "1,5", "NaN", "1 000", "--1", "0x1", "1e", "1.2.3"] {
            assert_eq!(hundredths(bad), Err("not_a_number"), "{bad}");
        }
        assert_eq!(hundredths("10000000000000000"), Err("out_of_range"));
        assert_eq!(hundredths("-3.5"), Err("out_of_range"));
        assert_eq!(hundredths("1e400"), Err("out_of_range"));
        assert_eq!(hundredths("1e2147483647"), Err("out_of_range"));
    }

    #[test]
    fn subject_keeps_its_last_zero() {
        assert_eq!(subject("7.10"), Ok("7.10"));
        assert_eq!(subject("1.1.2"), Ok("1.1.2"));
        for bad in ["", "0.1", "10", "7.", "7.100", "7.01", "a", "7.1a"] {
            assert_eq!(subject(bad), Err("unknown_code"), "{bad}");
        }
    }

    #[test]
    fn integers_and_flags() {
        assert_eq!(integer("12.0", 0, 100), Ok(12));
        assert_eq!(integer("12.5", 0, 100), Err("not_a_number"));
        assert_eq!(integer("101", 0, 100), Err("out_of_range"));
        assert_eq!(boolean("Oui"), Ok(true));
        assert_eq!(boolean("2"), Err("unknown_code"));
        assert_eq!(code("PUBLIÉE", &[("publiée", "published")]), Ok("published"));
    }
}
