//! XML that fetches, expands, nests or breaks off.

use super::{Hostile, RENNES_SIRET};

/// One contract, with more elements behind those it must have.
fn contract(id: &str, more: &str) -> String {
    format!(
        "<marche><id>xml-{id}</id><acheteur><id>{RENNES_SIRET}</id></acheteur>\
         <dateNotification>2024-03-01</dateNotification>{more}</marche>\n"
    )
}

fn file(contracts: &[String]) -> String {
    format!("<?xml version=\"1.0\"?>\n<marches>\n{}</marches>\n", contracts.concat())
}

/// A file with a document type, of which each contract has an object that uses it.
fn with_definition(definition: &str, object: &str) -> String {
    let object = format!("<objet>{object}</objet>");
    file(&[contract("dtd", &object)]).replace("<marches>", &format!("{definition}\n<marches>"))
}

pub(super) fn files() -> Vec<Hostile> {
    [definitions(), records(), encodings()].into_iter().flatten().collect()
}

/// Document types, which are all refused.
fn definitions() -> Vec<Hostile> {
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let laughs = format!("<!DOCTYPE marches [<!ENTITY l0 \"ha\">{laughs}]>");
    let long = format!("<!DOCTYPE marches [<!ENTITY a \"{}\">]>", "a".repeat(100_000));
    let refused = |name: &str, definition: &str, object: &str| {
        Hostile::refused(name, with_definition(definition, object), "document type")
    };
    vec![
        refused(
            "contracts/entity-of-a-file.xml",
            "<!DOCTYPE marches [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
            "&x;",
        ),
        refused(
            "contracts/entity-of-an-address.xml",
            "<!DOCTYPE marches [<!ENTITY x SYSTEM \"http://127.0.0.1:9/x\">]>",
            "&x;",
        ),
        refused(
            "contracts/entity-of-parameters.xml",
            "<!DOCTYPE marches [<!ENTITY % x SYSTEM \"http://127.0.0.1:9/x\">%x;]>",
            "x",
        ),
        refused(
            "contracts/definition-elsewhere.xml",
            "<!DOCTYPE marches SYSTEM \"http://127.0.0.1:9/marches.dtd\">",
            "x",
        ),
        refused("contracts/laughs.xml", &laughs, "&l9;"),
        refused("contracts/quadratic.xml", &long, &"&a;".repeat(100_000)),
        refused("contracts/small-letters.xml", "<!doctype marches>", "x"),
    ]
}

/// Records that are not well-formed, or too large.
fn records() -> Vec<Hostile> {
    let among_good = |name: &str, more: &str, rule: &str| {
        let (_, id) = name.split_once('/').unwrap();
        let good = |end: &str| contract(&format!("{id}{end}"), "");
        let text = file(&[good("a"), contract("mauvais", more), good("b")]);
        Hostile::rows(name, text, 2, &[(rule, 1)])
    };
    let bad = |name: &str, more: &str| among_good(name, more, "malformed");
    let nested = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=\"\"")).collect();
    let elements = "<a/>".repeat(300_000);
    let long = format!("<objet>{}</objet>", "x".repeat(9 << 20));
    let cut = file(&[contract("c1", ""), contract("c2", ""), contract("c3", "")]);
    let outside =
        format!("{}{}{}", "<a>".repeat(100_000), contract("n1", ""), "</a>".repeat(100_000));
    vec![
        bad("contracts/deep.xml", &nested),
        bad("contracts/attributes.xml", &format!("<a{attributes}/>")),
        bad("contracts/attribute-twice.xml", "<a b=\"1\" b=\"2\"/>"),
        bad("contracts/elements.xml", &elements),
        among_good("contracts/record-of-9-megabytes.xml", &long, "too_long"),
        bad("contracts/open-element.xml", "<objet>"),
        bad("contracts/crossed.xml", "<objet><nature></objet></nature>"),
        bad("contracts/unknown-entity.xml", "<objet>&x;</objet>"),
        bad("contracts/character-zero.xml", "<objet>&#0;</objet>"),
        bad("contracts/character-beyond.xml", "<objet>&#x110000;</objet>"),
        bad("contracts/id-twice.xml", "<id>autre</id>"),
        Hostile::rows(
            "contracts/cut.xml",
            cut.as_bytes()[..cut.len() - 60].to_vec(),
            2,
            &[("malformed", 1)],
        ),
        Hostile::rows("contracts/deep-outside.xml", outside, 1, &[]),
        Hostile::rows(
            "contracts/comment-and-section.xml",
            file(&[contract(
                "s1",
                "<objet><![CDATA[</marche><marche>]]></objet><!-- </marche> -->",
            )]),
            1,
            &[],
        ),
        Hostile::refused(
            "contracts/page.xml",
            "<html><body>Erreur 502</body></html>",
            "no records",
        ),
        Hostile::refused("contracts/empty.xml", "", "no records"),
    ]
}

fn encodings() -> Vec<Hostile> {
    let named = |encoding: &str, id: &str| {
        let xml = file(&[
            contract(&format!("{id}1"), ""),
            contract(&format!("{id}2"), "<objet>\u{1}</objet>"),
        ]);
        let xml = xml.replace("\"1.0\"", &format!("\"1.0\" encoding=\"{encoding}\""));
        let latin = |byte| if byte == 1 { 0xE9 } else { byte };
        xml.bytes().map(latin).collect::<Vec<_>>()
    };
    let utf16: Vec<u8> = format!("\u{feff}{}", file(&[contract("u16", "")]))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    vec![
        Hostile::rows("contracts/latin-1.xml", named("ISO-8859-1", "l"), 2, &[]),
        Hostile::rows("contracts/not-utf-8.xml", named("UTF-8", "u"), 1, &[("bad_encoding", 1)]),
        Hostile::rows("contracts/not-utf-16.xml", named("UTF-16", "v"), 1, &[("bad_encoding", 1)]),
        Hostile::refused("contracts/unknown-encoding.xml", named("klingon", "k"), "not known"),
        Hostile::refused("contracts/utf-7.xml", named("UTF-7", "w"), "not known"),
        Hostile::rows("contracts/utf-16.xml", utf16, 1, &[]),
    ]
}
