//! Words for people, as they come through several programs: entities, double encoding, losses.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

use super::{Parsed, Value, is_sentinel};

/// Words for people: entities are decoded once, doubly encoded text is repaired.
pub(crate) fn label(text: &str) -> Parsed<Cow<'_, str>> {
    if is_sentinel(text) {
        return Err("missing");
    }
    if text.contains('\0') {
        return Err("bad_encoding");
    }
    if text.is_ascii() && !text.contains('&') {
        return Ok(Value::plain(text.into()));
    }
    let decoded = html_escape::decode_html_entities(text);
    let repaired = undouble(&decoded);
    let (was_double, clean) = match repaired {
        Some(repaired) => (true, Cow::Owned(repaired)),
        None => (false, decoded),
    };
    let rewritten = clean != text;
    let lost = clean.contains('\u{fffd}');
    let value = Value::plain(clean).but_rewritten(rewritten);
    Ok(match (lost, was_double) {
        (true, _) => value.warned("encoding_lost"),
        (false, true) => value.warned("encoding_repaired"),
        (false, false) => value,
    })
}

/// Lower case without accents, blanks made single: how terms are compared.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.split_whitespace().flat_map(|word| word.chars().chain([' '])) {
        for c in c.to_lowercase() {
            match c {
                'à' | 'â' | 'ä' => folded.push('a'),
                'ç' => folded.push('c'),
                'é' | 'è' | 'ê' | 'ë' => folded.push('e'),
                'î' | 'ï' => folded.push('i'),
                'ô' | 'ö' => folded.push('o'),
                'ù' | 'û' | 'ü' => folded.push('u'),
                'œ' => folded.push_str("oe"),
                '’' => folded.push('\''),
                c => folded.push(c),
            }
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// Puts right what was UTF-8, read as windows-1252 and written as UTF-8 again: `nÂ°` is `n°`.
///
/// Only sequences that can be nothing else: `Â`, `Ã` or `Å` before a continuation byte, and `â`
/// before two. An honest `BÂTIMENT` has none.
fn undouble(text: &str) -> Option<String> {
    if !text.contains(['Â', 'Ã', 'Å', 'â']) {
        return None;
    }
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            'Â' | 'Ã' | 'Å' => 2,
            'â' => 3,
            _ => 1,
        };
        let end = rest.char_indices().nth(length).map_or(rest.len(), |(end, _)| end);
        let (sequence, after) = rest.split_at(end);
        if let Some(single) = once(sequence, length) {
            repaired.push(single);
            rest = after;
        } else {
            repaired.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    (repaired != text).then_some(repaired)
}

/// The one character that `sequence` was before it was encoded twice.
fn once(sequence: &str, length: usize) -> Option<char> {
    if length == 1 {
        return None;
    }
    let bytes = sequence.chars().map(byte_of).collect::<Option<Vec<u8>>>()?;
    let mut chars = std::str::from_utf8(&bytes).ok().filter(|_| bytes.len() == length)?.chars();
    let single = chars.next().filter(|_| chars.next().is_none())?;
    // `Å` begins the letters that French has and Latin 1 has not; others stay as they are.
    let is_honest = sequence.starts_with('Å') && !"œŒŸšŠžŽ".contains(single);
    (!is_honest).then_some(single)
}

/// The byte that was read as `c`, as Latin 1 with its controls or as windows-1252.
fn byte_of(c: char) -> Option<u8> {
    if let Ok(byte) = u8::try_from(u32::from(c)) {
        return Some(byte);
    }
    let mut utf8 = [0; 4];
    let (bytes, _, unmappable) = WINDOWS_1252.encode(c.encode_utf8(&mut utf8));
    bytes.first().copied().filter(|_| !unmappable)
}
