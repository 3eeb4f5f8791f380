//! Decimals as PostgreSQL writes them: digits of base 10,000, with the place of the first.

use bytes::{Buf, BufMut, BytesMut};

const BASE: u128 = 10_000;
const DIGITS: usize = 4;
const NEGATIVE: u16 = 0x4000;

/// Writes `value` × 10^-`scale` as text.
pub(super) fn text(value: i128, scale: i8, to: &mut BytesMut) {
    let sign = if value < 0 { "-" } else { "" };
    let digits = value.unsigned_abs().to_string();
    to.put_slice(sign.as_bytes());
    let Some(scale) = usize::try_from(scale).ok().filter(|scale| *scale > 0) else {
        to.put_slice(digits.as_bytes());
        let zeros = if value == 0 { 0 } else { usize::from(scale.unsigned_abs()) };
        to.put_bytes(b'0', zeros);
        return;
    };
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.as_bytes().split_at(padded.len() - scale);
    to.put_slice(whole);
    to.put_u8(b'.');
    to.put_slice(fraction);
}

/// Writes `value` × 10^-`scale` in binary.
pub(super) fn binary(value: i128, scale: i8, to: &mut BytesMut) {
    let decimals = u16::try_from(scale).unwrap_or(0);
    let mut digits = value.unsigned_abs().to_string();
    // A whole number of digits of the base stands behind the point.
    let behind = usize::from(decimals).div_ceil(DIGITS);
    let zeros = match u16::try_from(scale) {
        Ok(scale) => behind * DIGITS - usize::from(scale),
        Err(_) => usize::from(scale.unsigned_abs()),
    };
    digits.extend(std::iter::repeat_n('0', zeros));
    let width = digits.len().div_ceil(DIGITS) * DIGITS;
    let digits = format!("{digits:0>width$}");
    let of_base =
        |group: &[u8]| group.iter().fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0'));
    let groups: Vec<_> = digits.as_bytes().chunks(DIGITS).map(of_base).collect();
    let leading = groups.iter().take_while(|digit| **digit == 0).count();
    let trailing = groups.iter().rev().take_while(|digit| **digit == 0).count();
    let kept = groups.get(leading..groups.len() - trailing).unwrap_or_default();
    let weight =
        if kept.is_empty() { 0 } else { signed(groups.len() - leading) - signed(behind) - 1 };
    to.put_i16(signed(kept.len()));
    to.put_i16(weight);
    to.put_u16(if value < 0 { NEGATIVE } else { 0 });
    to.put_u16(decimals);
    kept.iter().for_each(|digit| to.put_i16(*digit));
}

fn signed(count: usize) -> i16 {
    i16::try_from(count).unwrap_or(i16::MAX)
}

/// Reads a decimal in binary, as value and scale; none when it is not one that fits.
pub(super) fn from_binary(mut from: &[u8]) -> Option<(i128, i8)> {
    let count = usize::try_from(from.try_get_i16().ok()?).ok()?;
    let weight = i32::from(from.try_get_i16().ok()?);
    let sign = from.try_get_u16().ok()?;
    let decimals = from.try_get_u16().ok()?;
    if from.len() != count * 2 || !matches!(sign, 0 | NEGATIVE) {
        return None;
    }
    let mut value = 0_u128;
    for _ in 0..count {
        let digit = u128::from(from.get_u16());
        value = value.checked_mul(BASE)?.checked_add(digit)?;
    }
    // The last digit of the base stands at 10^(4 × last).
    let last = weight - i32::try_from(count).ok()? + 1;
    let shift = last * 4 + i32::from(decimals);
    let power = 10_u128.checked_pow(shift.unsigned_abs())?;
    let value = if shift >= 0 { value.checked_mul(power)? } else { value / power };
    let value = i128::try_from(value).ok()?;
    Some((if sign == NEGATIVE { -value } else { value }, i8::try_from(decimals).ok()?))
}

/// Reads a decimal in text, as value and scale; none when it is not one that fits.
pub(super) fn from_text(text: &str) -> Option<(i128, i8)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = [whole, fraction].concat();
    let value: i128 = digits.parse().ok()?;
    let scale = i32::try_from(fraction.len()).ok()? - exponent;
    if scale >= 0 {
        return Some((value, i8::try_from(scale).ok()?));
    }
    Some((value.checked_mul(10_i128.checked_pow(scale.unsigned_abs())?)?, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Value, scale, text, and the digits of the base with the weight of the first.
    const CASES: [(i128, i8, &str, i16, &[i16]); 12] = [
        (0, 0, "0", 0, &[]),
        (0, 2, "0.00", 0, &[]),
        (1, 0, "1", 0, &[1]),
        (-12345, 2, "-123.45", 0, &[123, 4500]),
        (12_345_678, 0, "12345678", 1, &[1234, 5678]),
        (10_000, 0, "10000", 1, &[1]),
        (100_000_000, 4, "10000.0000", 1, &[1]),
        (1, 5, "0.00001", -2, &[1000]),
        (123, 4, "0.0123", -1, &[123]),
        (5, -3, "5000", 0, &[5000]),
        (999_999_999_999_999_999, 2, "9999999999999999.99", 3, &[9999, 9999, 9999, 9999, 9900]),
        (-7, 6, "-0.000007", -2, &[700]),
    ];

    #[test]
    fn decimals_go_out_and_come_back() {
        for (value, scale, expected, weight, digits) in CASES {
            let (mut as_text, mut as_binary) = (BytesMut::new(), BytesMut::new());
            text(value, scale, &mut as_text);
            assert_eq!(as_text, expected.as_bytes());
            binary(value, scale, &mut as_binary);
            let mut head = &as_binary[..];
            assert_eq!(usize::try_from(head.get_i16()).unwrap(), digits.len(), "{expected}");
            assert_eq!(head.get_i16(), weight, "{expected}");
            assert_eq!(head.get_u16() == NEGATIVE, value < 0, "{expected}");
            assert_eq!(head.get_u16(), u16::try_from(scale).unwrap_or(0), "{expected}");
            let found: Vec<_> = std::iter::from_fn(|| head.try_get_i16().ok()).collect();
            assert_eq!(found, digits, "{expected}");
            let plain = if scale < 0 { (5000, 0) } else { (value, scale) };
            assert_eq!(from_binary(&as_binary), Some(plain), "{expected}");
            assert_eq!(from_text(expected), Some(plain), "{expected}");
        }
        assert_eq!(from_text("1e3"), Some((1000, 0)));
        assert_eq!(from_text("1.5e-3"), Some((15, 4)));
        for wrong in ["", "x", "1e99", "1.2.3"] {
            assert_eq!(from_text(wrong), None, "{wrong}");
        }
        assert_eq!(from_binary(&[0, 9]), None);
    }
}
