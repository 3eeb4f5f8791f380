//! Cells as people and spreadsheets fill them.

use super::*;
use crate::survey::profile::Value;

fn question(kind: QuestionKind, values: &[(&str, &str, Option<NoAnswer>)]) -> Question {
    let value = |(code, fr, status): &(&str, &str, Option<NoAnswer>)| Value {
        code: (*code).to_owned(),
        fr: (*fr).to_owned(),
        en: "in English".to_owned(),
        also: vec!["1".to_owned()],
        status: *status,
    };
    Question {
        code: "Q1".to_owned(),
        kind,
        version: "1".to_owned(),
        fr: String::new(),
        en: String::new(),
        sgqa: None,
        items: Vec::new(),
        values: values.iter().map(value).collect(),
        min: Some(-5),
        max: Some(100_000),
        asked_if: None,
    }
}

fn answer(text: &str) -> Result<Given<'_>, &'static str> {
    Ok(Given::Answer(Cow::Borrowed(text)))
}

#[test]
fn codes_labels_and_the_ways_of_saying_nothing() {
    let values = [("A1", "Tout à fait d’accord", None), ("A6", "?", Some(NoAnswer::Unknown))];
    let single = question(QuestionKind::Single, &values);
    for written in ["A1", "a1 ", "Tout à fait\u{a0}d'accord", "1", "in english"] {
        assert_eq!(given(&single, written), answer("A1"), "{written}");
    }
    assert_eq!(given(&single, "A6"), Ok(Given::Reason(NoAnswer::Unknown)));
    assert_eq!(given(&single, "NSP"), Ok(Given::Reason(NoAnswer::Unknown)));
    assert_eq!(given(&single, "Ne sait pas"), Ok(Given::Reason(NoAnswer::Unknown)));
    for none in ["SO", "NC", "Sans objet"] {
        assert_eq!(given(&single, none), Ok(Given::Reason(NoAnswer::NotConcerned)), "{none}");
    }
    for empty in ["", "  ", "\u{a0}", "N/A"] {
        assert_eq!(given(&single, empty), Ok(Given::Nothing), "{empty}");
    }
    assert_eq!(given(&single, "jean.dupont@exemple.fr"), Err("unknown_code"));
}

#[test]
fn a_declared_code_comes_before_what_it_may_mean() {
    let single = question(QuestionKind::Single, &[("NC", "Nord-Cotentin", None)]);
    assert_eq!(given(&single, "nc"), answer("NC"));
}

#[test]
fn ticks_are_written_in_many_ways() {
    let multiple = question(QuestionKind::Multiple, &[]);
    for ticked in ["Y", "Oui", "1"] {
        assert_eq!(given(&multiple, ticked), answer("Y"), "{ticked}");
    }
    for not in ["N", "Non", "2", "0"] {
        assert_eq!(given(&multiple, not), answer("N"), "{not}");
    }
    assert_eq!(given(&multiple, ""), Ok(Given::Nothing));
    assert_eq!(given(&multiple, "M. Dupont"), Err("unknown_code"));
}

#[test]
fn numbers_are_exact_and_bounded() {
    let number = question(QuestionKind::Number, &[]);
    let cases = [
        ("0", "0"),
        ("-0", "0"),
        ("12.0000000000", "12"),
        ("1 234,5", "1234.5"),
        ("1\u{202f}234,50", "1234.5"),
        ("0012", "12"),
        ("0,125", "0.125"),
        ("-1.5", "-1.5"),
        ("-0,5", "-0.5"),
        ("100 000", "100000"),
    ];
    for (written, read) in cases {
        assert_eq!(given(&number, written), answer(read), "{written}");
    }
    let refused = [
        ("1,234", "ambiguous_number"),
        ("1.234,5", "ambiguous_number"),
        ("100000.0000000001", "out_of_range"),
        ("0612345678", "out_of_range"),
        ("06 12 34 56 78", "not_a_number"),
        ("1,5E+03", "not_a_number"),
        ("--1", "not_a_number"),
        (",5", "not_a_number"),
        ("1.2.3", "not_a_number"),
        ("192.168.1.1", "not_a_number"),
        ("-6", "out_of_range"),
        ("99999999999999999999999", "not_a_number"),
        ("0.00000000001", "not_a_number"),
        ("une dizaine", "not_a_number"),
    ];
    for (written, rule) in refused {
        assert_eq!(given(&number, written), Err(rule), "{written}");
    }
    assert_eq!(given(&number, "nsp"), Ok(Given::Reason(NoAnswer::Unknown)));
}

#[test]
fn a_response_is_dated_partial_or_anonymised() {
    let run_date = NaiveDate::from_ymd_opt(2024, 12, 31).unwrap();
    let day = |text: &str| submitted(text, run_date);
    let complete = |d, h, m| Submitted {
        is_complete: true,
        at: NaiveDate::from_ymd_opt(2013, 11, d).unwrap().and_hms_opt(h, m, 0),
    };
    assert_eq!(day("2013-11-29 08:05:00"), Ok(complete(29, 8, 5)));
    assert_eq!(day("29/11/2013 08:05"), Ok(complete(29, 8, 5)));
    assert_eq!(day("29/11/2013"), Ok(complete(29, 0, 0)));
    assert_eq!(day(""), Ok(Submitted { is_complete: false, at: None }));
    for anonymised in ["1980-01-01 00:00:00", "01/01/1980"] {
        assert_eq!(day(anonymised), Ok(Submitted { is_complete: true, at: None }));
    }
    for (text, rule) in [
        ("11/29/2013", "not_a_date"),
        ("2013-02-30", "not_a_date"),
        ("hier", "not_a_date"),
        ("29/11/13", "out_of_range"),
        ("2025-01-01", "out_of_range"),
    ] {
        assert_eq!(day(text), Err(rule), "{text}");
    }
}
