//! Bytes that are not the text they seem to be.

use super::{Hostile, RENNES_SIRET};

const HEADER: &str = "id;acheteur.id;objet;dateNotification\n";

/// One contract.
fn contract(id: &str, object: &str) -> String {
    format!("texte-{id};{RENNES_SIRET};{object};2024-03-01\n")
}

fn table(id: &str, object: &str) -> String {
    format!("{HEADER}{}", contract(id, object))
}

/// Text in latin-1, for characters up to U+00FF.
fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn utf16(text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
}

/// A table with a good row, and one with these bytes in its object.
fn with_bytes(id: &str, object: &[u8]) -> Vec<u8> {
    let (before, after) = (format!("{HEADER}{}", contract(id, "été")), contract("b", "|"));
    let (start, end) = after.split_once('|').unwrap();
    [before.as_bytes(), start.as_bytes(), object, end.as_bytes()].concat()
}

fn marked(text: &str) -> String {
    format!("\u{feff}{text}")
}

/// What the reader says of a row that cannot be decoded.
const UNDECODED: [(&str, u64); 1] = [("bad_encoding", 1)];

pub(super) fn files() -> Vec<Hostile> {
    [of_one_byte(), of_two_bytes(), of_several_bytes(), characters()]
        .into_iter()
        .flatten()
        .collect()
}

fn of_one_byte() -> Vec<Hostile> {
    vec![
        Hostile::rows("contracts/latin-1.csv", latin(&table("l1", "école")), 1, &[]),
        Hostile::rows(
            "contracts/cp1252.csv",
            [
                latin(&table("cp", "cœur").replace('œ', "?")),
                b"cq;21350238800019;\x9cuvre \x80;2024-03-01".to_vec(),
            ]
            .concat(),
            2,
            &[],
        ),
        Hostile::rows("contracts/two-encodings.csv", with_bytes("t1", b"\xE9t\xE9"), 1, &UNDECODED),
        Hostile::rows("contracts/nul.csv", with_bytes("n1", b"a\0b"), 1, &UNDECODED),
        Hostile::refused("contracts/only-nul.csv", vec![0; 4096], "is missing"),
    ]
}

fn of_two_bytes() -> Vec<Hostile> {
    let mut odd = utf16(&format!("{}x", table("u5", "école")), true, u16::to_le_bytes);
    odd.pop();
    let lone = |unit| if unit == 0xFFFD_u16 { 0xD800_u16 } else { unit }.to_le_bytes();
    let surrogate = format!("{}{}", table("s1", "x"), contract("b", "\u{fffd}"));
    let utf32: Vec<u8> =
        marked(&table("u6", "école")).chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    vec![
        Hostile::rows(
            "contracts/utf-16-le.csv",
            utf16(&table("u1", "école €"), true, u16::to_le_bytes),
            1,
            &[],
        ),
        Hostile::rows(
            "contracts/utf-16-be.csv",
            utf16(&table("u2", "école €"), true, u16::to_be_bytes),
            1,
            &[],
        ),
        Hostile::refused(
            "contracts/utf-16-le-unmarked.csv",
            utf16(&table("u3", "école"), false, u16::to_le_bytes),
            "save it as UTF-8",
        ),
        Hostile::refused(
            "contracts/utf-16-be-unmarked.csv",
            utf16(&table("u4", "école"), false, u16::to_be_bytes),
            "save it as UTF-8",
        ),
        Hostile::rows("contracts/utf-16-odd.csv", odd, 1, &UNDECODED),
        Hostile::refused("contracts/utf-32-le.csv", utf32, "is missing"),
        Hostile::rows(
            "contracts/lone-surrogate-utf-16.csv",
            utf16(&surrogate, true, lone),
            1,
            &UNDECODED,
        ),
    ]
}

fn of_several_bytes() -> Vec<Hostile> {
    vec![
        Hostile::rows("contracts/utf-8-mark.csv", marked(&table("m1", "été")), 1, &[]),
        Hostile::rows("contracts/two-marks.csv", marked(&marked(&table("m2", "été"))), 1, &[]),
        Hostile::rows(
            "contracts/lone-surrogate.csv",
            with_bytes("s2", b"\xED\xA0\x80"),
            1,
            &UNDECODED,
        ),
        Hostile::rows("contracts/overlong.csv", with_bytes("o1", b"\xC0\xAF"), 1, &UNDECODED),
        Hostile::rows(
            "contracts/beyond-unicode.csv",
            with_bytes("o2", b"\xF4\x90\x80\x80"),
            1,
            &UNDECODED,
        ),
        Hostile::rows("contracts/cut-character.csv", cut_character(), 1, &UNDECODED),
    ]
}

/// Characters that are decoded, and mean something else than they seem to.
fn characters() -> Vec<Hostile> {
    vec![
        Hostile::rows(
            "contracts/mixed-ends-of-line.csv",
            table("e1", "x").replace('\n', "\r\n")
                + &contract("e2", "y").replace('\n', "\r")
                + &contract("e3", "z"),
            3,
            &[],
        ),
        Hostile::rows(
            "contracts/old-mac.csv",
            (table("e4", "x") + &contract("e5", "y")).replace('\n', "\r"),
            2,
            &[],
        ),
        // Words may run from right to left, or have marks of no width; identifiers may not.
        Hostile::rows(
            "contracts/right-to-left.csv",
            table("r1", "\u{202e}ruojnob \u{5d0}\u{5d1}"),
            1,
            &[],
        ),
        Hostile::rows(
            "contracts/zero-width.csv",
            format!(
                "{HEADER}z1;{RENNES_SIRET};a\u{200b}b;2024-03-01\nz2;2135\u{200b}0238800019;x;2024-03-01\nz3;{RENNES_SIRET};x;2024-03-\u{200d}01\n"
            ),
            1,
            &[("not_a_date", 1), ("not_a_siren", 1)],
        ),
        // The same letter in two ways is two keys: nothing is lost by taking one for the other.
        Hostile::rows(
            "contracts/composed-and-decomposed.csv",
            table("n\u{e9}", "x") + &contract("ne\u{301}", "y"),
            2,
            &[],
        ),
    ]
}

/// The last byte is the first of two.
fn cut_character() -> Vec<u8> {
    [table("t2", "été").as_bytes(), b"b;21350238800019;caf\xC3"].concat()
}
