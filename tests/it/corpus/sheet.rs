//! Workbooks that are none, that expand, or that say what cannot be.

use super::Hostile;
use super::archive::zip;

const TYPE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet";

const BOOK_LINK: &str = r#"<Relationships><Relationship Id="a" Target="xl/workbook.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>"#;

/// A workbook of one sheet with these rows, and more members.
fn workbook(rows: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    workbook_of(&format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"), more)
}

fn workbook_of(sheet: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let book = r#"<workbook xmlns:r="r"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>"#;
    let links = format!(
        r#"<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml" Type="{TYPE}"/></Relationships>"#
    );
    let root = BOOK_LINK.as_bytes();
    let mut members: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", root),
        ("xl/_rels/workbook.xml.rels", links.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ];
    members.extend(more);
    zip(&members)
}

/// A row of texts, from the first column.
fn row(number: u32, cells: &[&str]) -> String {
    let cells: String = cells
        .iter()
        .map(|text| format!(r#"<c t="inlineStr"><is><t>{text}</t></is></c>"#))
        .collect();
    format!(r#"<row r="{number}">{cells}</row>"#)
}

fn header() -> String {
    row(1, &["panel", "membre", "siren", "date_debut"])
}

/// The header, and a member of a panel.
fn table(panel: &str, member: &str) -> String {
    header() + &row(2, &[panel, member, "213502388", "2011-01-01"])
}

pub(super) fn files() -> Vec<Hostile> {
    [bombs(), cells(), no_workbooks()].into_iter().flatten().collect()
}

fn bombs() -> Vec<Hostile> {
    let strings = format!("<sst uniqueCount=\"1\"><si><t>{}</t></si></sst>", " ".repeat(32 << 20));
    let claim = "<sst uniqueCount=\"4000000000\"><si><t>a</t></si></sst>";
    let definition = r#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>"#;
    let fetched = workbook_of(
        &format!("{definition}<worksheet><sheetData>{}</sheetData></worksheet>", table("X", "&x;")),
        &[],
    );
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let laughs = workbook_of(
        &format!(
            "<!DOCTYPE a [<!ENTITY l0 \"ha\">{laughs}]><worksheet><sheetData>{}</sheetData></worksheet>",
            table("X", "&l9;")
        ),
        &[],
    );
    let shared = [("xl/sharedStrings.xml", strings.as_bytes())];
    let claimed = [("xl/sharedStrings.xml", claim.as_bytes())];
    vec![
        Hostile::refused(
            "panels/strings.xlsx",
            workbook(&table("S", "x"), &shared),
            "inflates to more",
        ),
        Hostile::refused(
            "panels/claim.xlsx",
            workbook(&table("C", "x"), &claimed),
            "claims to share",
        ),
        Hostile::refused("panels/entity-of-a-file.xlsx", fetched, "unrecognized entity"),
        Hostile::refused("panels/laughs.xlsx", laughs, "unrecognized entity"),
    ]
}

fn cells() -> Vec<Hostile> {
    let cell = |place: &str, value: &str| format!(r#"<row r="3"><c r="{place}">{value}</c></row>"#);
    let with = |panel: &str, more: &str| workbook(&(table(panel, "x") + more), &[]);
    let serials = header()
        + &["40544", "40544.0", "4.0544E4", "1e400", "-1"].iter().enumerate().map(|(n, serial)| {
            format!(
                r#"<row r="{0}"><c t="inlineStr"><is><t>N{0}</t></is></c><c t="inlineStr"><is><t>x</t></is></c><c><v>213502388</v></c><c><v>{serial}</v></c></row>"#,
                n + 2
            )
        }).collect::<String>();
    vec![
        Hostile::refused(
            "panels/far-column.xlsx",
            with("F", &cell("ZZZZ3", "<v>1</v>")),
            "more than 2000 columns",
        ),
        Hostile::refused(
            "panels/far-row.xlsx",
            with("G", &cell("A99999999999", "<v>1</v>")),
            "contradicts itself",
        ),
        Hostile::rows(
            "panels/wide.xlsx",
            with("W", &cell("ZZ3", "<v>1</v>")),
            1,
            &[("missing", 1)],
        ),
        Hostile::refused(
            "panels/wider.xlsx",
            with("V", &cell("XFD3", "<v>1</v>")),
            "more than 2000 columns",
        ),
        Hostile::refused(
            "panels/string-that-is-not-there.xlsx",
            with("T", r#"<row r="3"><c r="A3" t="s"><v>7</v></c></row>"#),
            "not found in shared strings",
        ),
        Hostile::rows(
            "panels/formula.xlsx",
            workbook(&table("=1+1", "=cmd|'/c calc'!A1"), &[]),
            1,
            &[],
        ),
        // A number that no style calls a date is a number.
        Hostile::rows("panels/serials.xlsx", workbook(&serials, &[]), 0, &[("not_a_date", 5)]),
        Hostile::refused(
            "panels/header-only-below.xlsx",
            workbook(&row(1, &["Lisez-moi"]), &[]),
            "is missing",
        ),
        Hostile::rows("panels/no-rows.xlsx", workbook(&header(), &[]), 0, &[]),
        Hostile::refused(
            "panels/cut-between-rows.xlsx",
            workbook_of(&format!("<worksheet><sheetData>{}", table("J", "x")), &[]),
            "Unexpected end of xml",
        ),
        Hostile::refused(
            "panels/cut-sheet.xlsx",
            workbook_of(&format!("<worksheet><sheetData>{}<row r=\"3\"><c", table("K", "x")), &[]),
            "tag not closed",
        ),
    ]
}

fn no_workbooks() -> Vec<Hostile> {
    let whole = workbook(&table("W2", "x"), &[]);
    let cut = whole[..whole.len() - 30].to_vec();
    vec![
        Hostile::refused("panels/cut.xlsx", cut, "invalid Zip archive"),
        Hostile::refused(
            "panels/table.xlsx",
            "panel;membre;siren;date_debut\n",
            "not an Excel workbook",
        ),
        Hostile::refused("panels/other-archive.xlsx", zip(&[("a.csv", b"x")]), "File not found"),
        Hostile::refused("panels/empty.xlsx", "", "not an Excel workbook"),
        Hostile::refused("panels/empty.xls", vec![0; 512], "not an Excel workbook"),
        Hostile::refused(
            "panels/page.xls",
            "<html><table><tr><td>panel</td></tr></table></html>",
            "not an Excel workbook",
        ),
        Hostile::refused("panels/loop.xls", looping(), "not an Excel workbook"),
    ]
}

/// A compound file whose table of sectors sends each sector back to itself.
fn looping() -> Vec<u8> {
    let whole = include_bytes!("../../data/valeurs.xls");
    let mut bytes = whole.to_vec();
    let table = u32::from_le_bytes(bytes[76..80].try_into().unwrap());
    let at = (usize::try_from(table).unwrap() + 1) * 512;
    for sector in 0..128_u32 {
        let place = at + 4 * usize::try_from(sector).unwrap();
        bytes[place..place + 4].copy_from_slice(&sector.to_le_bytes());
    }
    bytes
}
