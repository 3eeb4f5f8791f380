//! Spreadsheets: cells to text, the search for the header, and files that lie.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::trial::{Landed, land, reason};

/// An XLSX of one sheet for each text of rows; style 1 is a date, style 2 a duration.
fn xlsx(sheets: &[&str], more: &[(&str, &str)]) -> Vec<u8> {
    let numbered =
        |text: &dyn Fn(usize) -> String| (1..=sheets.len()).map(text).collect::<String>();
    let names = numbered(&|n| format!(r#"<sheet name="s{n}" sheetId="{n}" r:id="r{n}"/>"#));
    let targets = numbered(&|n| {
        format!(
            r#"<Relationship Id="r{n}" Target="worksheets/sheet{n}.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>"#
        )
    });
    let date1904 = more.iter().any(|(name, _)| *name == "1904");
    let mut members = vec![
        ("[Content_Types].xml".to_owned(), "<Types/>".to_owned()),
        (
            "_rels/.rels".to_owned(),
            r#"<Relationships><Relationship Id="a" Target="xl/workbook.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>"#.to_owned(),
        ),
        ("xl/_rels/workbook.xml.rels".to_owned(), format!("<Relationships>{targets}</Relationships>")),
        (
            "xl/workbook.xml".to_owned(),
            format!(r#"<workbook xmlns:r="r"><workbookPr date1904="{}"/><sheets>{names}</sheets></workbook>"#, u8::from(date1904)),
        ),
        (
            "xl/styles.xml".to_owned(),
            r#"<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="46"/></cellXfs></styleSheet>"#.to_owned(),
        ),
    ];
    for (n, rows) in (1..).zip(sheets) {
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        members.push((format!("xl/worksheets/sheet{n}.xml"), sheet));
    }
    members.extend(more.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in members {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A row of inline texts, from the first column.
fn row(number: u32, cells: &[&str]) -> String {
    let cells: String = cells
        .iter()
        .map(|text| format!(r#"<c t="inlineStr"><is><t>{text}</t></is></c>"#))
        .collect();
    format!(r#"<row r="{number}">{cells}</row>"#)
}

/// Every line of a file: its sheet, its number, its cells with `;` between.
fn lines(bytes: &[u8]) -> Result<Vec<(usize, u32, String)>> {
    let mut lines = Vec::new();
    visit(Path::new("test"), bytes, &mut |line| {
        lines.push((line.sheet, line.number, line.cells.join(";")));
        Ok(Next::Row)
    })?;
    Ok(lines)
}

#[test]
fn cells_are_the_text_of_a_csv() {
    let cells = r#"<row r="3"><c r="B3"><v>21350238800019</v></c><c r="C3"><v>0.1</v></c>
        <c r="D3"><v>1820542.05</v></c><c r="E3" t="b"><v>1</v></c><c r="F3" t="b"><v>0</v></c>
        <c r="G3" t="e"><v>#N/A</v></c><c r="H3" s="1"><v>45657</v></c>
        <c r="I3" s="1"><v>45657.5</v></c><c r="J3" s="2"><v>1.5</v></c>
        <c r="K3"><v>2.13502E+13</v></c><c r="L3" t="str"><f>A1</f><v>7.10</v></c>
        <c r="M3" s="1"><v>99999999</v></c><c r="N3" t="d"><v>2024-12-31</v></c></row>"#;
    let text = "21350238800019;0.1;1820542.05;oui;non;#N/A;2024-12-31;2024-12-31T12:00:00;1.5;\
                21350200000000;7.10;99999999;2024-12-31";
    assert_eq!(lines(&xlsx(&[cells], &[])).unwrap(), [(1, 3, format!(";{text}"))]);
}

#[test]
fn dates_follow_the_system_of_the_workbook() {
    let cells = r#"<row r="1"><c r="A1" s="1"><v>44195</v></c><c r="B1" s="1"><v>59</v></c></row>"#;
    let of = |more: &[_]| lines(&xlsx(&[cells], more)).unwrap()[0].2.clone();
    assert_eq!(of(&[]), "2020-12-30;1900-02-28");
    assert_eq!(of(&[("1904", "")]), "2024-12-31;1904-02-29");
}

#[test]
fn an_old_workbook_reads_like_a_new_one() {
    let bytes = include_bytes!("../../../../tests/data/valeurs.xls");
    assert_eq!(
        lines(bytes).unwrap(),
        [
            (1, 1, "Lisez-moi".to_owned()),
            (2, 3, "titre".to_owned()),
            (2, 5, "21350238800019;213502388;0213;0.1;oui;1820542.05;é;è".to_owned()),
            (2, 6, "2024-12-31".to_owned()),
        ]
    );
    // A formula has no value until the spreadsheet puts one beside it: 2, as a float.
    let mut bytes = bytes.to_vec();
    let none = bytes.windows(8).position(|result| result == [3, 0, 0, 0, 0, 0, 0xFF, 0xFF]);
    bytes[none.unwrap()..][..8].copy_from_slice(&2_f64.to_le_bytes());
    assert_eq!(lines(&bytes).unwrap()[3].2, "2024-12-31;2");
}

#[test]
fn real_extracts_land_whole() {
    let members = include_bytes!("../../../../tests/data/epcicom-2023-extrait.xlsx");
    let landed = land("epcicom-2023-extrait.xlsx", "grouping_members", members).unwrap();
    assert_eq!((landed.accepted, landed.rejected), (30, Vec::new()));
    assert_eq!(
        landed.texts[0],
        "242900645;212900468;CC Douarnenez Communauté;CC;FPU;29;29046;Douarnenez"
    );
    let codes = include_bytes!("../../../../tests/data/cpv-2008-extrait.xls");
    let landed = land("cpv-2008-extrait.xls", "cpv_codes", codes).unwrap();
    assert_eq!((landed.accepted, landed.rejected), (30, Vec::new()));
    assert_eq!(landed.texts[3], "03111000-2;Graines");
}

#[test]
fn the_header_may_stand_below_a_title_and_on_a_later_sheet() {
    let table = [
        row(2, &["Liste des panels"]),
        row(4, &["Membre", " PANEL ", "siren", "date_debut", "", "note"]),
        row(5, &["Rennes", "A", "213502388", "2011-01-01", "", "ville"]),
        row(9, &["Brest", "A", "#N/A", "2011-01-01"]),
        row(10, &["Source : Mégalis"]),
    ];
    let file = xlsx(&[&row(1, &["Lisez-moi"]), &table.concat(), &row(1, &["après"])], &[]);
    let Landed { accepted, rejected, .. } = land("panels.xlsx", "panels", &file).unwrap();
    assert_eq!(accepted, 1);
    let expected = [(9, "Brest;A;#N/A;2011-01-01"), (10, "Source : Mégalis")]
        .map(|(line, raw)| (line, "missing".to_owned(), raw.to_owned()));
    assert_eq!(rejected, expected);
}

#[test]
fn a_header_below_the_first_lines_is_not_found() {
    let table = [row(20, &["titre"]), row(21, &["panel", "membre", "siren", "date_debut"])];
    let error = reason(land("panels.xlsx", "panels", &xlsx(&[&table.concat()], &[])));
    assert!(error.ends_with("column `panel` is missing; the header has: titre"), "{error}");
    let error = reason(land("panels.xlsx", "panels", &xlsx(&[""], &[])));
    assert!(error.ends_with("no sheet of it holds a row"), "{error}");
}

#[test]
fn an_archive_that_inflates_beyond_measure_is_refused() {
    let blank = " ".repeat(4 * 1024 * 1024);
    let error = reason(lines(&xlsx(&[&row(1, &["a"])], &[("xl/media/blank.xml", &blank)])));
    assert!(error.contains("inflates to more than"), "{error}");
}

#[test]
fn a_claim_of_strings_that_are_not_there_is_refused() {
    for sst in [r#"<sst uniqueCount="99999999999999"/>"#, "<sst uniqueCount =\n'4000000000'/>"] {
        let error = reason(lines(&xlsx(&[&row(1, &["a"])], &[("xl/sharedStrings.xml", sst)])));
        assert!(error.contains("claims to share"), "{error}");
    }
    let utf16: String =
        r#"<sst uniqueCount="4000000000"/>"#.chars().flat_map(|c| [c, '\0']).collect();
    let error = reason(lines(&xlsx(&[&row(1, &["a"])], &[("xl/SharedStrings.xml", &utf16)])));
    assert!(error.contains("claims to share"), "{error}");
}

#[test]
fn cells_far_apart_cost_nothing_and_columns_are_bounded() {
    let apart = r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="B1048576"><v>2</v></c><c r="XFD1048576"/></row>"#;
    let expected = [(1, 1, "1".to_owned()), (1, 1_048_576, ";2".to_owned())];
    assert_eq!(lines(&xlsx(&[apart], &[])).unwrap(), expected);
    let wide = r#"<row r="1"><c r="XFD1"><v>1</v></c></row>"#;
    assert!(reason(lines(&xlsx(&[wide], &[]))).contains("more than 2000 columns"));
}

#[test]
fn what_is_no_workbook_is_this_files_error() {
    for bytes in [&b""[..], b"PK\x03\x04", b"<html>", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"] {
        assert!(reason(lines(bytes)).starts_with("test: cannot be read: "));
    }
    let far = r#"<row r="1"><c r="A99999999999"><v>1</v></c></row>"#;
    reason(lines(&xlsx(&[far], &[])));
}

#[test]
fn no_byte_of_an_old_workbook_can_bring_the_program_down() {
    let whole = include_bytes!("../../../../tests/data/valeurs.xls");
    for at in 0..whole.len() {
        let mut file = *whole;
        file[at] ^= 0xFF;
        if let Err(error) = lines(&file) {
            assert!(error.to_string().starts_with("test: cannot be read: "), "byte {at}");
        }
    }
}
