//! Numbers, as programs and as French spreadsheets write them.

use std::borrow::Cow;

use super::{Parsed, Value};

/// Hundredths of the largest decimal that a column holds.
const LARGEST: i128 = 10_i128.pow(18);

/// Takes spaces out, the no-break ones too.
pub(super) fn squeeze(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte > b' ' && byte.is_ascii()) {
        return text.into();
    }
    text.chars().filter(|c| !c.is_whitespace()).collect::<String>().into()
}

pub(crate) fn integer(text: &str, min: i64, max: i64) -> Parsed<i64> {
    let squeezed = squeeze(text);
    // `12.0` is the integer 12 as a spreadsheet writes it.
    let whole = squeezed
        .split_once(['.', ','])
        .filter(|(_, zeros)| !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0'));
    let whole = whole.map_or(&*squeezed, |(whole, _)| whole);
    let number: i64 = whole.parse().map_err(|_| "not_a_number")?;
    if !(min..=max).contains(&number) {
        return Err("out_of_range");
    }
    Ok(Value::plain(number).but_rewritten(squeezed != text))
}

/// Hundredths of a decimal number from 0, rounded half up; at most 18 digits in all.
pub(crate) fn hundredths(text: &str) -> Parsed<i128> {
    let value = signed_hundredths(text)?;
    if value.value.is_some_and(|value| value < 0) { Err("out_of_range") } else { Ok(value) }
}

/// Hundredths of an amount in euros. What stands for "unknown" is no value: nothing, less than
/// nothing, or nines only; below 200 € and above 999,999,999 € it is unusual (the bounds of the
/// quality rules published for the DECP).
pub(crate) fn amount(text: &str) -> Parsed<i128> {
    const PLACEHOLDERS: [i128; 2] = [9_999_999_900, 99_999_999_900];
    let value = signed_hundredths(text)?;
    match value.value {
        Some(cents) if cents <= 0 || PLACEHOLDERS.contains(&cents) => {
            Ok(Value::absent("placeholder_amount"))
        }
        Some(cents) if !(20_000..=99_999_999_900).contains(&cents) => {
            Ok(value.warned("unusual_amount"))
        }
        _ => Ok(value),
    }
}

/// Hundredths of a decimal number of either sign, rounded half away from zero.
///
/// A comma is the decimal sign, as in French, and spaces part thousands; a comma before exactly
/// three digits could be either, and is refused.
pub(crate) fn signed_hundredths(text: &str) -> Parsed<i128> {
    let squeezed = squeeze(text);
    let (negative, digits) = match squeezed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, squeezed.strip_prefix('+').unwrap_or(&squeezed)),
    };
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|_| "not_a_number")?)
        }
        None => (digits, 0),
    };
    let (whole, fraction, comma) = match (mantissa.split_once('.'), mantissa.split_once(',')) {
        (Some((whole, fraction)), _) => (whole, fraction, false),
        (None, Some((whole, fraction))) => (whole, fraction, true),
        (None, None) => (mantissa, "", false),
    };
    if comma && fraction.len() == 3 && fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("ambiguous_number");
    }
    let unscaled = unscaled(whole, fraction)?;
    // `fraction` is a few digits long: the cap in `unscaled` makes the conversion exact.
    let places = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let shift = exponent.saturating_add(2).saturating_sub(places);
    let value = scale(unscaled, shift).filter(|value| *value < LARGEST).ok_or("out_of_range")?;
    let value = if negative { -value } else { value };
    Ok(Value::plain(value).but_rewritten(comma || squeezed != text))
}

/// The digits of both parts as one number, of 36 digits at most.
fn unscaled(whole: &str, fraction: &str) -> Result<i128, &'static str> {
    if whole.is_empty() || whole.len() + fraction.len() > 36 {
        return Err("not_a_number");
    }
    whole.bytes().chain(fraction.bytes()).try_fold(0, |number: i128, byte| {
        byte.is_ascii_digit().then(|| number * 10 + i128::from(byte - b'0')).ok_or("not_a_number")
    })
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
