//! CSV that is not quite CSV, and values that are not quite values.

use std::fmt::Write;

use super::{Hostile, RENNES, RENNES_SIRET};
use crate::support::acts;

/// Longer than any record may be, which is 8 MiB.
const TOO_LONG: usize = 50 * 1024 * 1024;

const HEADER: &str = "id_acte;siren;nature;matiere;date_decision;date_ar;statut;annule\n";

/// One act.
fn act(id: &str) -> String {
    format!("{id};{RENNES};1;7.10;2025-01-01;;4;0\n")
}

fn table(rows: &[&str]) -> String {
    format!("{HEADER}{}", rows.concat())
}

/// The table with more columns, all empty.
fn wider(table: &str, names: &str) -> String {
    let empty = ";".repeat(names.split(';').count());
    table.replacen('\n', &format!(";{names}\n"), 1).replace(";0\n", &format!(";0{empty}\n"))
}

/// Contracts that differ in one value.
fn contracts(column: &str, id: &str, values: &[&str]) -> String {
    let mut csv = format!("id;acheteur.id;{column}\n");
    for (number, value) in values.iter().enumerate() {
        writeln!(csv, "valeur-{id}{number};{RENNES_SIRET};{value}").unwrap();
    }
    csv
}

pub(super) fn files() -> Vec<Hostile> {
    [records(), lengths(), headers(), values(), identifiers()].into_iter().flatten().collect()
}

/// Where records begin and end.
fn records() -> Vec<Hostile> {
    let (a, b, c) = (act("r1"), act("r2"), act("r3"));
    let ragged = [&act("r4"), "r5;213502388\n", &act("r6").replace("0\n", "0;x\n")].concat();
    let quoted_lines = format!("\"q3{}\";x\n{}", "\nligne".repeat(1000), act("q4"));
    vec![
        Hostile::rows(
            "acts/unclosed-quote.csv",
            table(&["\"x;1\n", &a, &b]),
            2,
            &[("malformed", 1)],
        ),
        Hostile::rows("acts/unclosed-at-the-end.csv", table(&[&c, "\"x"]), 1, &[("malformed", 1)]),
        Hostile::rows(
            "acts/quote-within.csv",
            table(&[&act("5\" tube"), &act("\"q1 \"\"b\"\"\"")]),
            2,
            &[],
        ),
        Hostile::rows("acts/lines-in-quotes.csv", table(&[&act("\"q2\nb\r\nc\"")]), 1, &[]),
        Hostile::rows(
            "acts/a-thousand-lines-in-quotes.csv",
            table(&[&quoted_lines]),
            1,
            &[("malformed", 1)],
        ),
        Hostile::rows("acts/ragged.csv", table(&[&ragged]), 1, &[("malformed", 2)]),
        Hostile::rows(
            "acts/blank-lines.csv",
            table(&["\n\n", &act("r7"), "\r\n \n", &act("r8")]),
            2,
            &[("malformed", 1)],
        ),
        Hostile::rows("acts/no-final-end-of-line.csv", table(&[&act("r9")]).trim_end(), 1, &[]),
        Hostile::rows(
            "acts/same-key.csv",
            table(&[&act("k1").replace("7.10", "7.1"), &act("k1"), &act("k1")]),
            1,
            &[("exact_copy", 1), ("superseded", 1)],
        ),
    ]
}

/// Longer or wider than any record may be.
fn lengths() -> Vec<Hostile> {
    let kilobytes = format!("{}\n", "a".repeat(1023)).repeat(10 << 10);
    vec![
        Hostile::rows(
            "acts/field-of-50-megabytes.csv",
            table(&[&act(&"x".repeat(TOO_LONG)), &act("l1")]),
            1,
            &[("too_long", 1)],
        ),
        Hostile::rows(
            "acts/field-of-10-megabytes-in-quotes.csv",
            table(&[&act(&format!("\"{}\"", "x".repeat(TOO_LONG / 5))), &act("l2")]),
            1,
            &[("too_long", 1)],
        ),
        Hostile::rows(
            "acts/quote-open-for-10-megabytes.csv",
            table(&[&format!("\"{kilobytes}\";1\n"), &act("l3")]),
            1,
            &[("malformed", (10 << 10) + 1)],
        ),
        Hostile::rows(
            "acts/row-of-100000-columns.csv",
            table(&[&format!("{}\n", "x;".repeat(100_000)), &act("l4")]),
            1,
            &[("malformed", 1)],
        ),
    ]
}

fn headers() -> Vec<Hostile> {
    let with = |separator: &str, id: &str| table(&[&act(id)]).replace(';', separator);
    vec![
        Hostile::rows("acts/empty.csv", "", 0, &[]),
        Hostile::rows("acts/header-only.csv", HEADER, 0, &[]),
        Hostile::rows("acts/header-without-end.csv", HEADER.trim_end(), 0, &[]),
        Hostile::rows("acts/commas.csv", with(",", "h1"), 1, &[]),
        Hostile::rows("acts/tabs.csv", with("\t", "h2"), 1, &[]),
        Hostile::rows("acts/bars.csv", with("|", "h3"), 1, &[]),
        Hostile::refused("acts/colons.csv", with(":", "h4"), "is missing"),
        Hostile::refused("acts/no-header.csv", act("h5"), "is missing"),
        Hostile::rows("acts/separator-line.csv", format!("sep=;\n{}", with(";", "h6")), 1, &[]),
        Hostile::rows(
            "acts/lines-above-the-header.csv",
            format!("\n\r\n{}", with(",", "h9")),
            1,
            &[],
        ),
        Hostile::rows(
            "acts/separators-in-quotes.csv",
            wider(&with(";", "h10"), "\"note, a, b, c, d, e, f, g, h, i\""),
            1,
            &[],
        ),
        Hostile::refused(
            "acts/page.csv",
            "<!DOCTYPE html>\n<html><body>Erreur 502</body></html>\n",
            "is missing",
        ),
        Hostile::refused(
            "acts/header-of-100000-columns.csv",
            "c;".repeat(100_000),
            "100001 columns",
        ),
        Hostile::rows(
            "acts/header-in-quotes-and-capitals.csv",
            with(";", "h7").replace("siren;", "\" SIREN \";"),
            1,
            &[],
        ),
        Hostile::refused(
            "acts/name-twice-and-one-missing.csv",
            with(";", "h8").replace("annule", "siren"),
            "is missing",
        ),
        Hostile::refused(
            "acts/name-twice.csv",
            wider(&with(";", "h11"), "SIREN"),
            "`siren` stands twice",
        ),
        Hostile::rows("acts/other-name-twice.csv", wider(&with(";", "h12"), "note;note"), 1, &[]),
    ]
}

/// Amounts and dates, of programs, of people and of spreadsheets.
fn values() -> Vec<Hostile> {
    let amounts = [
        "1 234,56",
        "1\u{a0}234,5",
        "1\u{202f}234",
        "1234.56",
        "1e3",
        "1,234",
        "1.234,56",
        "1,234.56",
        "1e400",
        "1e99999999999",
        "Infinity",
        "0x10",
        "\u{661}\u{662}\u{663}",
        "--5",
        "12 €",
        "NaN",
        "-5",
    ];
    let dates = [
        "29/02/2024",
        "2024-02-29T23:59:59Z",
        "31/02/2025",
        "2025-02-29",
        "1900-01-01",
        "2100-01-01",
        "2026-01-02",
        "0218-10-29",
        "45657",
        "45657.0",
        "2025-13-01",
        "2025-1-2",
        "12/31/2025",
        "01/02/25",
        "2025-01-01 = hier",
    ];
    vec![
        Hostile::rows(
            "contracts/amounts.csv",
            contracts("montant", "m", &amounts),
            7,
            &[("ambiguous_number", 1), ("not_a_number", 8), ("out_of_range", 1)],
        ),
        Hostile::rows(
            "contracts/dates.csv",
            contracts("dateNotification", "d", &dates),
            2,
            &[("not_a_date", 9), ("out_of_range", 4)],
        ),
    ]
}

/// Identifiers, and texts that are formulas elsewhere.
fn identifiers() -> Vec<Hostile> {
    let formulas = ["=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(1)", "\t=1"];
    vec![
        // A formula is words like others; only what shows it in a spreadsheet must beware.
        Hostile::rows("contracts/formulas.csv", contracts("objet", "f", &formulas), 5, &[]),
        Hostile::rows(
            "acts/formula-for-a-siren.csv",
            acts(&[("f1", "=213502388", "2025-01-01"), ("=1+1", RENNES, "2025-01-01")]),
            1,
            &[("not_a_siren", 1)],
        ),
        Hostile::rows(
            "acts/identifiers.csv",
            acts(&[
                ("s1", "213 502 388", "2025-01-01"),
                ("s2", "2.13502E+08", "2025-01-01"),
                ("s3", "13502388", "2025-01-01"),
                ("s4", "000000000", "2025-01-01"),
                ("s5", "\u{ff12}13502388", "2025-01-01"),
                ("s6", "213502389", "2025-01-01"),
                ("", RENNES, "2025-01-01"),
                ("NC", RENNES, "2025-01-01"),
            ]),
            1,
            &[("missing", 2), ("not_a_siren", 5)],
        ),
        Hostile::rows(
            "acts/subjects.csv",
            ["7.1", "7.10", "7,1", "7.01", "0.1", "7.100", "12.1"]
                .iter()
                .enumerate()
                .fold(HEADER.to_owned(), |csv, (n, subject)| {
                    csv + &act(&format!("c{n}")).replace("7.10", subject)
                }),
            2,
            &[("unknown_code", 5)],
        ),
    ]
}
