//! One value of text into one typed value; `Err` is the identifier of the rule it breaks.

mod label;
mod number;

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate};

use crate::cpv::is_cpv;
use crate::dataset::term::IDENTIFIER;
use crate::identifier::{is_siren, is_siret};

pub(crate) use label::label;
pub(crate) use number::{amount, hundredths, integer, signed_hundredths};

/// What became of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<T> {
    /// The typed value; none when the text stands for "no value".
    pub(crate) value: Option<T>,
    /// What is remarkable about it.
    pub(crate) warning: Option<&'static str>,
    /// Whether the value is not simply what was written, which is then kept beside it.
    pub(crate) rewritten: bool,
}

type Parsed<T> = Result<Value<T>, &'static str>;

impl<T> Value<T> {
    fn plain(value: T) -> Self {
        Self { value: Some(value), warning: None, rewritten: false }
    }

    fn rewritten(value: T) -> Self {
        Self { value: Some(value), warning: None, rewritten: true }
    }

    fn absent(warning: &'static str) -> Self {
        Self { value: None, warning: Some(warning), rewritten: true }
    }

    fn warned(mut self, warning: &'static str) -> Self {
        self.warning = Some(warning);
        self
    }

    fn but_rewritten(mut self, rewritten: bool) -> Self {
        self.rewritten |= rewritten;
        self
    }
}

/// Words that stand for "no value": not communicated, not available, a spreadsheet's error.
pub(crate) fn is_sentinel(text: &str) -> bool {
    const WORDS: [&str; 11] = [
        "nc",
        "n/c",
        "n.c.",
        "na",
        "n/a",
        "#n/a",
        "nan",
        "null",
        "non disponible",
        "non communiqué",
        "non renseigné",
    ];
    matches!(text.as_bytes().first(), Some(b'n' | b'N' | b'#'))
        && text.len() <= 16
        && WORDS.contains(&text.to_lowercase().as_str())
}

pub(crate) fn text(text: &str) -> Parsed<Cow<'_, str>> {
    if is_sentinel(text) {
        return Err("missing");
    }
    if text.contains('\0') {
        return Err("bad_encoding");
    }
    Ok(Value::plain(text.into()))
}

/// Days since 1970-01-01 of the civil date that `text` begins with.
///
/// `2018-12-31`, `2018/12/31`, or as it is written in French, `31/12/2018`. What may follow is a
/// time or a zone (`2018-12-31+01:00`): it is cut off and never applied, as shifting to UTC would
/// move a contract of 31 December into another year.
pub(crate) fn date(text: &str, latest: Option<NaiveDate>) -> Parsed<i32> {
    const EPOCH: i32 = 719_163;
    let (civil, rest) = text.split_at_checked(10).ok_or("not_a_date")?;
    let (year, month, day, iso) = match *civil.as_bytes() {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] => {
            ([y1, y2, y3, y4], [m1, m2], [d1, d2], true)
        }
        [y1, y2, y3, y4, b'/', m1, m2, b'/', d1, d2]
        | [d1, d2, b'/', m1, m2, b'/', y1, y2, y3, y4] => {
            ([y1, y2, y3, y4], [m1, m2], [d1, d2], false)
        }
        _ => return Err("not_a_date"),
    };
    let number = |digits: &[u8]| -> Option<u32> {
        digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
    };
    let (Some(year), Some(month), Some(day)) = (number(&year), number(&month), number(&day)) else {
        return Err("not_a_date");
    };
    let date = NaiveDate::from_ymd_opt(year.cast_signed(), month, day).ok_or("not_a_date")?;
    if !(rest.is_empty() || is_time_or_zone(rest)) {
        return Err("not_a_date");
    }
    if !(2000..2100).contains(&year) || latest.is_some_and(|latest| date > latest) {
        return Err("out_of_range");
    }
    Ok(Value::plain(date.num_days_from_ce() - EPOCH).but_rewritten(!(iso && rest.is_empty())))
}

fn is_time_or_zone(rest: &str) -> bool {
    rest.starts_with(['T', ' ', '+', '-', 'Z'])
        && rest
            .chars()
            .skip(1)
            .all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | '+' | '-' | 'Z'))
}

pub(crate) fn boolean(text: &str) -> Parsed<bool> {
    let value = match text {
        "1" => true,
        "0" => false,
        _ => match text.to_lowercase().as_str() {
            "oui" | "true" | "o" | "vrai" => true,
            "non" | "false" | "n" | "faux" => false,
            _ => return Err("unknown_code"),
        },
    };
    Ok(Value::plain(value))
}

/// A subject of the @CTES classification, `7.10`: levels joined by dots, the first from 1 to 9.
pub(crate) fn subject(text: &str) -> Parsed<Cow<'_, str>> {
    let mut levels = text.split('.');
    let first = levels.next().is_some_and(|level| matches!(level.as_bytes(), [b'1'..=b'9']));
    // `7.01` would be another subject than `7.1`: a level has no leading zero.
    let is_level = |level: &str| {
        matches!(level.len(), 1 | 2)
            && !level.starts_with('0')
            && level.bytes().all(|b| b.is_ascii_digit())
    };
    let rest = levels.all(is_level);
    if first && rest { Ok(Value::plain(text.into())) } else { Err("unknown_code") }
}

/// One of a closed list, whatever the case.
pub(crate) fn code<'t>(
    text: &'t str,
    list: &[(&'static str, &'static str)],
) -> Parsed<Cow<'t, str>> {
    let found = |wanted: &str| list.iter().find(|(written, _)| *written == wanted);
    let found = found(text).or_else(|| found(&text.to_lowercase()));
    found.map(|(_, code)| Value::plain((*code).into())).ok_or("unknown_code")
}

/// One of an official list, whatever the accents and the case; anything else is no value.
pub(crate) fn term<'t>(
    text: &'t str,
    list: &[(&'static str, &'static str)],
) -> Parsed<Cow<'t, str>> {
    if is_sentinel(text) {
        return Err("missing");
    }
    let folded = label::fold(text);
    let Some((_, official)) = list.iter().find(|(written, _)| *written == folded) else {
        return Ok(Value::absent("unknown_term"));
    };
    Ok(Value::plain((*official).into()).but_rewritten(*official != text))
}

pub(crate) fn siren(text: &str) -> Parsed<Cow<'_, str>> {
    identifier(text, is_siren, "not_a_siren")
}

pub(crate) fn siret(text: &str) -> Parsed<Cow<'_, str>> {
    identifier(text, is_siret, "not_a_siret")
}

fn identifier<'t>(
    text: &'t str,
    valid: fn(&str) -> bool,
    rule: &'static str,
) -> Parsed<Cow<'t, str>> {
    if valid(text) {
        return Ok(Value::plain(text.into()));
    }
    let squeezed = number::squeeze(text);
    if valid(&squeezed) { Ok(Value::rewritten(squeezed.into_owned().into())) } else { Err(rule) }
}

/// A SIRET or another identifier of a company; what is wrong with it is a warning.
pub(crate) fn company(text: &str) -> Parsed<Cow<'_, str>> {
    if is_sentinel(text) {
        return Err("missing");
    }
    let squeezed = number::squeeze(text);
    let changed = squeezed != text;
    if is_siret(&squeezed) {
        return Ok(Value::plain(squeezed).but_rewritten(changed));
    }
    if squeezed.is_empty() || squeezed.bytes().all(|byte| byte == b'0') {
        return Ok(Value::absent("placeholder_identifier"));
    }
    let digits = squeezed.bytes().all(|byte| byte.is_ascii_digit());
    let padded = format!("0{squeezed}");
    if digits && is_siret(&padded) {
        return Ok(Value::rewritten(padded.into()));
    }
    let good_siren = squeezed.get(..9).is_some_and(is_siren);
    let warning = match squeezed.len() {
        14 if digits && good_siren => Some("siret_key"),
        9 if good_siren => None,
        _ if digits => Some("doubtful_company"),
        _ => None,
    };
    let value = Value::plain(squeezed).but_rewritten(changed);
    Ok(Value { warning, ..value })
}

/// Companies as `KIND:ID` pairs; a warning is about one that is not the first.
pub(crate) fn companies(text: &str) -> Parsed<Cow<'_, str>> {
    let (mut pairs, mut warning) = (String::with_capacity(text.len()), None);
    for (place, pair) in text.split_whitespace().enumerate() {
        let (kind, id) = pair.split_once(':').unwrap_or(("", pair));
        let kind = term(kind, IDENTIFIER).ok().and_then(|kind| kind.value).unwrap_or_default();
        let Ok(company) = company(id) else { continue };
        if place > 0 {
            warning = warning.or(company.warning);
        }
        let Some(id) = company.value else { continue };
        if !pairs.is_empty() {
            pairs.push(' ');
        }
        pairs.extend([&*kind, ":", &*id]);
    }
    let rewritten = pairs != text;
    let value = Some(pairs.into()).filter(|pairs: &Cow<'_, str>| !pairs.is_empty());
    Ok(Value { value, warning, rewritten })
}

/// A code of the CPV 2008; a lost leading zero is put back only when that gives one.
pub(crate) fn cpv(text: &str) -> Parsed<Cow<'_, str>> {
    if is_sentinel(text) {
        return Err("missing");
    }
    let (code, key) = text.split_once('-').map_or((text, None), |(code, key)| (code, Some(key)));
    let key_ok = key.is_none_or(|key| matches!(key.as_bytes(), [b'0'..=b'9']));
    if !key_ok || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Value::absent("not_a_cpv"));
    }
    match code.len() {
        8 if is_cpv(code) => Ok(Value::plain(text.into())),
        8 => Ok(Value::plain(text.into()).warned("unknown_cpv")),
        7 if is_cpv(&format!("0{code}")) => Ok(Value::rewritten(format!("0{text}").into())),
        _ => Ok(Value::absent("not_a_cpv")),
    }
}

/// A code of a place: of a commune, a département (`022` is 22), a postal code, a country.
pub(crate) fn place(text: &str) -> Parsed<Cow<'_, str>> {
    if is_sentinel(text) {
        return Err("missing");
    }
    match *text.as_bytes() {
        [b'0', a, b] if a.is_ascii_digit() && b.is_ascii_digit() => {
            Ok(Value::rewritten(text.trim_start_matches('0').into()))
        }
        [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Value::plain(text.into())),
        _ if text.len() <= 7
            && text.bytes().any(|byte| byte.is_ascii_digit())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            Ok(Value::plain(text.into()))
        }
        _ => Ok(Value::absent("unknown_place")),
    }
}

#[cfg(test)]
mod tests;
