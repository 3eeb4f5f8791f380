//! JSON that is not JSON, or more of it than anyone would write.

use super::{Hostile, RENNES_SIRET};

/// One contract of the layout of 2019, with more members behind those it must have.
fn contract(id: &str, more: &str) -> String {
    format!(
        r#"{{"id":"json-{id}","acheteur":{{"id":"{RENNES_SIRET}"}},"dateNotification":"2024-03-01"{more}}}"#
    )
}

fn list(contracts: &[String]) -> String {
    format!("{{\"marches\":[{}]}}", contracts.join(",\n"))
}

/// A bad record between two good ones.
fn among_good(id: &str, more: &str) -> String {
    list(&[
        contract(&format!("{id}a"), ""),
        contract("mauvais", more),
        contract(&format!("{id}b"), ""),
    ])
}

/// Bad records of two megabytes each.
pub(super) fn long_records(count: usize) -> Hostile {
    let more = format!(",\"id\":\"autre\",\"objet\":\"{}\"", "x".repeat(2 << 20));
    let records = vec![contract("long", &more); count];
    Hostile::rows("contracts/long.json", list(&records), 0, &[("malformed", count as u64)])
}

pub(super) fn files() -> Vec<Hostile> {
    [bad_records(), spoiled_files(), files_of_no_records()].into_iter().flatten().collect()
}

/// A bad record between two good ones.
fn bad_records() -> Vec<Hostile> {
    let one_bad = |name: &str, more: &str| {
        let (_, id) = name.split_once('/').unwrap();
        Hostile::rows(name, among_good(id, more), 2, &[("malformed", 1)])
    };
    let nested = |open: &str, close: &str| {
        format!(r#","x":{}1{}"#, open.repeat(100_000), close.repeat(100_000))
    };
    vec![
        one_bad("contracts/deep-lists.json", &nested("[", "]")),
        one_bad("contracts/deep-objects.json", &nested("{\"a\":", "}")),
        one_bad("contracts/deep-and-open.json", &format!(",\"x\":{}", "[".repeat(100_000))),
        one_bad("contracts/member-twice.json", ",\"id\":\"autre\""),
        one_bad("contracts/buyer-twice.json", r#","acheteur":{"id":"1"}"#),
        one_bad("contracts/not-a-number.json", ",\"montant\":NaN"),
        one_bad("contracts/infinity.json", ",\"montant\":-Infinity"),
        one_bad("contracts/leading-zero.json", ",\"montant\":0123"),
        one_bad("contracts/comma-behind.json", ","),
        one_bad("contracts/comment.json", "/* note */"),
        one_bad("contracts/lone-surrogate.json", r#","objet":"\ud800""#),
        one_bad("contracts/open-string.json", ",\"objet\":\"sans fin"),
        one_bad("contracts/single-quotes.json", ",'objet':'x'"),
    ]
}

/// Files of which some rows are good, perhaps.
fn spoiled_files() -> Vec<Hostile> {
    let whole = list(&[contract("c1", ""), contract("c2", ""), contract("c3", "")]);
    let cut = whole.as_bytes()[..whole.len() - 40].to_vec();
    let latin = among_good("l", ",\"objet\":\"caf\u{1}\"").into_bytes();
    let latin: Vec<u8> =
        latin.into_iter().map(|byte| if byte == 1 { 0xE9 } else { byte }).collect();
    let amounts = [",\"montant\":1e400", ",\"montant\":-1e-400", ",\"montant\":1e3"];
    let amounts = amounts.iter().enumerate().map(|(n, more)| contract(&format!("e{n}"), more));
    vec![
        Hostile::rows(
            "contracts/amounts.json",
            list(&amounts.collect::<Vec<_>>()),
            2,
            &[("out_of_range", 1)],
        ),
        Hostile::rows("contracts/latin-1.json", latin, 2, &[("bad_encoding", 1)]),
        Hostile::rows(
            "contracts/string-of-9-megabytes.json",
            among_good("s", &format!(",\"objet\":\"{}\"", "x".repeat(9 << 20))),
            2,
            &[("too_long", 1)],
        ),
        Hostile::rows("contracts/cut.json", cut, 2, &[("malformed", 1)]),
        Hostile::rows(
            "contracts/mark.json",
            format!("\u{feff}{}", list(&[contract("m", "")])),
            1,
            &[],
        ),
        Hostile::rows(
            "contracts/no-records.json",
            list(&["1", "\"x\"", "null", "[]", "true", "[{}]", "{}"].map(str::to_owned)),
            0,
            &[("malformed", 6), ("missing", 1)],
        ),
        Hostile::rows(
            "contracts/ten-thousand-numbers.json",
            format!("{{\"marches\":[{}0]}}", "0,".repeat(9_999)),
            0,
            &[("malformed", 10_000)],
        ),
        Hostile::rows("contracts/empty-list.json", "{\"marches\":[]}", 0, &[]),
    ]
}

/// Files that hold no list of records of their dataset.
fn files_of_no_records() -> Vec<Hostile> {
    let lines =
        format!("{}\n{}\n{{\"id\":\"n3\",\"acheteur", contract("n1", ""), contract("n2", ""));
    let utf16: Vec<u8> =
        list(&[contract("u", "")]).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let outside = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    vec![
        Hostile::refused("contracts/lines.json", lines, "into one list called `marches`"),
        Hostile::refused("contracts/utf-16.json", utf16, "save it as UTF-8"),
        Hostile::refused("contracts/deep.json", outside, "nested more than 64 deep"),
        Hostile::refused("contracts/null.json", "null", "no records"),
        Hostile::refused("contracts/empty.json", "", "no records"),
        Hostile::refused("contracts/other-list.json", "{\"contrats\":[{}]}", "no records"),
        Hostile::refused("contracts/page.json", "<html>Erreur 502</html>", "no records"),
        Hostile::refused("acts/acts.json", "[{}]", "not read from JSON"),
    ]
}
