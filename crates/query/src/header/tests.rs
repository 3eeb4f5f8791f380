//! Headers by hand.

use super::*;

const GOOD: &str = "-- id: X\n-- title: Oui / Yes\n-- unit: row\n-- grain: siren, period\nselect 1";

const DEFINED: &str = "\
-- id: X1
-- title: Oui / Yes
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01, until 2024-12-31
-- definition:
--   Ce que c'est, sur deux
--   lignes / What it is
-- numerator: les uns / some
-- denominator: tous / all
-- source: plateforme / platform
-- freshness: chaque jour / daily
-- caveat: aucune / none
-- disclosure: D2
-- A remark: with a colon, after two words.
select 1";

#[test]
fn header_is_read() {
    let header = Header::parse(GOOD, Layer::Core).unwrap();
    assert_eq!((header.title.fr.as_str(), header.title.en.as_str()), ("Oui", "Yes"));
    assert_eq!(header.grain, ["siren", "period"]);
    assert_eq!(header.definition, None);
}

#[test]
fn only_facts_and_cubes_say_whose_their_rows_are() {
    let owned = GOOD.replace("\nselect", "\n-- owner: siren\nselect");
    for layer in [Layer::Core, Layer::Cube] {
        let header = Header::parse(&owned, layer).unwrap();
        assert_eq!(header.owner.as_deref(), Some("siren"), "{layer}");
        assert_eq!(Header::parse(GOOD, layer).unwrap().owner, None);
    }
    for layer in [Layer::Staging, Layer::Peer] {
        let fault = (5, "unknown header key `owner`".to_owned());
        assert_eq!(Header::parse(&owned, layer), Err(fault), "{layer}");
    }
}

#[test]
fn definition_is_read_over_several_lines() {
    let definition = Header::parse(DEFINED, Layer::Indicator).unwrap().definition.unwrap();
    assert_eq!(definition.sentence.to_string(), "Ce que c'est, sur deux lignes / What it is");
    assert_eq!(definition.version.to_string(), "1, from 2007-01-01, until 2024-12-31");
    assert_eq!(definition.disclosure, "D2");
}

#[test]
fn rows_behind_a_figure_are_read() {
    let rows = "-- rows: numerator core.acts if is_transmitted and not is_late;\n\
                --   denominator core.reported of variable = 'ACT_TOT'\n-- A remark";
    let text = DEFINED.replace("-- A remark", rows);
    let rows = Header::parse(&text, Layer::Indicator).unwrap().definition.unwrap().rows;
    assert_eq!(rows[0].conditions, ["is_transmitted", "not is_late"]);
    assert_eq!(rows[0].scope, None);
    assert_eq!((rows[1].part.as_str(), rows[1].view.as_str()), ("denominator", "core.reported"));
    assert_eq!(rows[1].scope.as_deref(), Some("variable = 'ACT_TOT'"));
    for wrong in ["all core.acts", "numerator acts", "numerator core.acts is_transmitted"] {
        let text = DEFINED.replace("-- A remark", &format!("-- rows: {wrong}\n-- A remark"));
        assert_eq!(Header::parse(&text, Layer::Indicator).unwrap_err().0, 15, "{wrong}");
    }
}

#[test]
fn example_of_a_function_is_read() {
    let text = GOOD.replace("\nselect", "\n-- example: f(1) = 2\nselect");
    assert_eq!(Header::parse(&text, Layer::Function).unwrap().example.unwrap(), "f(1) = 2");
    assert_eq!(Header::parse(GOOD, Layer::Function).unwrap_err().0, 5);
}

#[test]
fn a_wrong_line_is_named() {
    let cases = [
        (GOOD.replace("unit", "units"), 3),
        (GOOD.replace("-- id: X\n", ""), 1),
        (GOOD.replace(" / Yes", ""), 2),
        (GOOD.replace("/ Yes", "/ Yes / Ya"), 2),
        (GOOD.replace("select 1", "-- holder: me\nselect 1"), 5),
        (GOOD.replace("grain: siren, period", "grain: "), 4),
    ];
    for (text, line) in cases {
        assert_eq!(Header::parse(&text, Layer::Core).unwrap_err().0, line, "{text}");
    }
    assert_eq!(Header::parse(GOOD, Layer::Indicator).unwrap_err().0, 5);
    let cases = [
        (DEFINED.replace("until 2024-12-31", "until 2006-12-31"), 5),
        (DEFINED.replace("until 2024-12-31", "to 2024-12-31"), 5),
        (DEFINED.replace("1, from 2007-01-01", "0, from 2007-01-01"), 5),
        (DEFINED.replace("2007-01-01", "2007-13-01"), 5),
        (DEFINED.replace("lignes / What", "lignes, what"), 6),
        (DEFINED.replace(" / none", ""), 13),
        (DEFINED.replace("D2", "D4"), 14),
    ];
    for (text, line) in cases {
        assert_eq!(Header::parse(&text, Layer::Indicator).unwrap_err().0, line, "{text}");
    }
}

#[test]
fn an_audit_has_a_level() {
    let text = "-- id: X\n-- title: Oui / Yes\n-- level: warning\nselect 1";
    assert_eq!(Header::parse(text, Layer::Audit).unwrap().level, Some(Level::Warning));
    let wrong = text.replace("warning", "strict");
    assert_eq!(Header::parse(&wrong, Layer::Audit).unwrap_err().0, 3);
}
