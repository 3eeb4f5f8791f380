//! What the reader of XML accepts, rejects and refuses.

use super::*;

/// Line, raw text, and the rule that rejects it.
type Seen = (u64, String, Option<&'static str>);

fn records(bytes: &[u8]) -> io::Result<Vec<Record>> {
    let mut cursor = Records::new(bytes, &["r", "s"]);
    let mut records = Vec::new();
    while let Some(record) = cursor.next()? {
        records.push(record);
    }
    Ok(records)
}

fn seen(bytes: impl AsRef<[u8]>) -> Vec<Seen> {
    let records = records(bytes.as_ref()).unwrap();
    records.into_iter().map(|record| (record.line, record.raw, record.element.err())).collect()
}

fn good(line: u64, raw: &str) -> Seen {
    (line, raw.to_owned(), None)
}

fn bad(line: u64, raw: &str) -> Seen {
    (line, raw.to_owned(), Some("malformed"))
}

/// The one record of a text.
fn element(text: &str) -> Option<Element> {
    let [record] = <[Record; 1]>::try_from(records(text.as_bytes()).unwrap()).unwrap();
    record.element.ok()
}

/// Text of the one record of a file.
fn text(bytes: &[u8]) -> String {
    let [record] = <[Record; 1]>::try_from(records(bytes).unwrap()).unwrap();
    record.element.unwrap().text().unwrap().to_owned()
}

#[test]
fn records_keep_their_line_and_their_text() {
    let file = "<?xml version=\"1.0\"?>\n<!-- <r> -->\n<all>\n<r a='>'>\n1</r> <n:s/>\n\n<deep><r>2\n</r><x:r></x:r ></deep></all>\n";
    let expected = [
        good(4, "<r a='>'>\n1</r>"),
        good(5, "<n:s/>"),
        good(7, "<r>2\n</r>"),
        good(8, "<x:r></x:r >"),
    ];
    assert_eq!(seen(file), expected);
}

#[test]
fn the_root_may_be_the_record() {
    assert_eq!(seen("<r><a/></r>"), [good(1, "<r><a/></r>")]);
}

#[test]
fn elements_are_found_by_local_name_and_path() {
    let record = element(
        "<p:r xmlns:p='urn:p' p:Date=' 2024-01-01 ' empty=''><p:a><b> x </b></p:a><a>2</a><c> </c></p:r>",
    )
    .unwrap();
    assert_eq!(record.name, "r");
    assert_eq!(record.attribute("Date"), Some("2024-01-01"));
    assert_eq!(record.attribute("empty"), None);
    assert_eq!(record.at(&["a", "b"]).and_then(Element::text), Some("x"));
    assert_eq!(record.at(&["a", "z"]), None);
    assert_eq!(record.children("a").filter_map(Element::text).collect::<Vec<_>>(), ["2"]);
    assert_eq!(record.child("c").unwrap().text(), None);
    assert_eq!(record.text(), None);
    assert_eq!(record.children.len(), 3);
}

#[test]
fn text_is_what_it_stands_for() {
    let file =
        "<r>a &amp;&lt;&gt;&quot;&apos; &#233;&#xE9;<!-- no --><![CDATA[<&amp;>]]><?no?> z</r>";
    assert_eq!(text(file.as_bytes()), "a &<>\"' éé<&amp;> z");
    assert_eq!(element("<r a='&amp;&#233;'/>").unwrap().attribute("a"), Some("&é"));
}

#[test]
fn definitions_are_refused() {
    for file in [
        "<!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><r>&a;</r>",
        "<?xml version='1.0'?><!doctype r><r/>",
        "<all><!ENTITY a 'b'><r/></all>",
    ] {
        let error = records(file.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, "the XML defines a document type (<!…>), which is refused");
    }
    let inside = "<all><r><!DOCTYPE x></r><r/></all>";
    assert_eq!(seen(inside), [bad(1, "<r><!DOCTYPE x></r>"), good(1, "<r/>")]);
}

#[test]
fn what_is_not_well_formed_is_one_bad_row() {
    for raw in [
        "<r>&unknown;</r>",
        "<r>a & b</r>",
        "<r>&#0;</r>",
        "<r>&#xD800;</r>",
        "<r>a < b</r>",
        "<r><a></b></r>",
        "<r><a></r>",
        "<r></a></r>",
        "<r a=1></r>",
        "<r a='1' a='2'></r>",
        "<r a='<'></r>",
        "<r <a/></r>",
        "<r><![CDATA[ ]]><!x></r>",
    ] {
        assert_eq!(seen(format!("<all>{raw}<s/></all>")), [bad(1, raw), good(1, "<s/>")]);
    }
}

#[test]
fn a_record_without_end_does_not_swallow_the_next() {
    let file = "<all><r>1\n<s>2</s>\n<r a='><s/></all>";
    assert_eq!(
        seen(file),
        [bad(1, "<r>1"), good(2, "<s>2</s>"), bad(3, "<r a='>"), good(3, "<s/>")]
    );
}

#[test]
fn a_file_cut_anywhere_has_one_bad_row() {
    let file = "<all>\n <r>1</r>\n <r><a b='c'>é</a><!-- d --></r>\n</all>";
    let second = file.rfind("<r>").unwrap();
    for end in 1..file.len() {
        let seen = seen(&file.as_bytes()[..end]);
        let faults = seen.iter().filter(|(_, _, rule)| rule.is_some()).count();
        // A file cut within the root's tag has nothing to lose.
        assert_eq!(faults, usize::from(end >= "<all>".len()), "cut at {end}: {seen:?}");
        assert_eq!(
            seen.iter().any(|row| *row == good(2, "<r>1</r>")),
            end >= second - 2,
            "cut at {end}"
        );
    }
    assert!(seen(file).iter().all(|(_, _, rule)| rule.is_none()));
}

#[test]
fn a_spoiled_byte_costs_its_record_and_is_told() {
    let (before, spoiled, after) = ("<all><r>1</r>", "<r><a b='c'>d</a></r>", "<r>3</r></all>");
    for place in 0..spoiled.len() {
        for byte in *b"<>\"'/&\xFF" {
            let mut file = [before, spoiled, after].concat().into_bytes();
            file[before.len() + place] = byte;
            let seen = seen(&file);
            let good = |raw: &str| seen.iter().any(|row| *row == good(1, raw));
            let told = seen.len() >= 3;
            assert!(good("<r>1</r>") && good("<r>3</r>") && told, "{byte} at {place}: {seen:?}");
        }
    }
}

#[test]
fn depth_parts_and_attributes_are_bounded() {
    let nested = |depth: usize| format!("<r>{}{}</r>", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(element(&nested(63)).is_some());
    assert!(element(&nested(64)).is_none());
    assert!(element(&format!("<r>{}</r>", "<a/>".repeat(262_143))).is_some());
    assert!(element(&format!("<r>{}</r>", "<a/>".repeat(262_144))).is_none());
    let attributes = |count: usize| {
        let attributes: String = (0..count).map(|number| format!(" a{number}='1'")).collect();
        format!("<r{attributes}/>")
    };
    assert!(element(&attributes(256)).is_some());
    assert!(element(&attributes(257)).is_none());
}

#[test]
fn a_record_that_is_too_long_is_cut() {
    let long = "é".repeat(MAX_RECORD / 2);
    let rows = seen(format!(
        "<all>\n<r>{long}\n</r>\n<s/><r>{}</r></all>",
        "é".repeat(MAX_RECORD / 2 - 4)
    ));
    let shape: Vec<_> = rows.iter().map(|(line, raw, rule)| (*line, raw.len(), *rule)).collect();
    // One byte of the last letter is left, which stands as a replacement character.
    assert_eq!(
        shape,
        [(2, MAX_RECORD + 2, Some("too_long")), (4, 4, None), (4, MAX_RECORD - 1, None)]
    );
}

#[test]
fn markup_that_never_ends_is_cut_too() {
    for open in ["<!--", "<![CDATA[", "<?x ", "<a b='"] {
        let rows = seen(format!("<all><r>{open}{}", "x".repeat(2 * MAX_RECORD)));
        let shape: Vec<_> = rows.iter().map(|(_, raw, rule)| (raw.len(), *rule)).collect();
        assert_eq!(shape, [(MAX_RECORD, Some("too_long"))], "{open}");
    }
}

#[test]
fn the_encoding_is_the_declared_one() {
    let latin = |label: &str| {
        let mut bytes = format!("<?xml version=\"1.0\" encoding=\"{label}\"?><r>").into_bytes();
        bytes.extend(b"\xE9t\xE9 \x80</r>");
        bytes
    };
    for label in ["ISO-8859-1", "iso-8859-1", "US-ASCII", "windows-1252"] {
        assert_eq!(text(&latin(label)), "été €", "{label}");
    }
    assert_eq!(text(b"<?xml version='1.0' encoding = 'ISO-8859-15' ?><r>\xA4</r>"), "€");
    assert_eq!(text("<?xml version='1.0' encoding='UTF-8'?><r>é</r>".as_bytes()), "é");
    assert_eq!(text("<r>é</r>".as_bytes()), "é");
    let error = records(&latin("klingon")).unwrap_err().to_string();
    assert_eq!(error, "encoding klingon is not known");
}

#[test]
fn a_byte_order_mark_wins_over_the_declaration() {
    let file = "\u{feff}<?xml version='1.0' encoding='ISO-8859-1'?>\n<r>é</r>";
    assert_eq!(seen(file), [good(2, "<r>é</r>")]);
}

#[test]
fn utf_16_is_read_with_and_without_mark() {
    let file = "<?xml version='1.0' encoding='UTF-16'?>\n<r>é€</r>";
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
    let marked = format!("\u{feff}{file}");
    for bytes in [little(file), big(file), little(&marked), big(&marked)] {
        assert_eq!(seen(bytes), [good(2, "<r>é€</r>")]);
    }
    // Written by a program that changed the encoding and not the declaration.
    assert_eq!(seen(file), [good(2, "<r>é€</r>")]);
}

#[test]
fn bytes_that_cannot_be_decoded_are_one_bad_row() {
    let file = b"<all>\xFF<r>caf\xE9</r>\n<r>ok</r></all>";
    let expected =
        [(1, "<r>caf\u{fffd}</r>".to_owned(), Some("bad_encoding")), good(2, "<r>ok</r>")];
    assert_eq!(seen(file), expected);
}

#[test]
fn chunks_do_not_show() {
    let one = "<r a=\"1\">é&amp;<![CDATA[]]></r>\n";
    let count = 10_000;
    let rows = seen(format!("<all>\n{}</all>", one.repeat(count)));
    let expected: Vec<_> = (2..).take(count).map(|line| good(line, one.trim_end())).collect();
    assert!(rows == expected);
}

#[test]
fn a_file_without_a_wanted_element_has_no_record() {
    let mut cursor = Records::new("<all><x/></all>".as_bytes(), &["r"]);
    assert!(cursor.next().unwrap().is_none());
}

#[test]
fn the_root_tells_what_a_file_is() {
    assert_eq!(
        root("<?xml version='1.0'?>\n<!-- a --><n:PES_Aller xmlns:n='x'>"),
        Some("PES_Aller")
    );
    assert_eq!(root("<Acte/>"), Some("Acte"));
    assert_eq!(root("no XML"), None);
}
