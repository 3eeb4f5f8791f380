//! Worked examples of every parse.

use super::*;

/// The value, when nothing is remarkable about it.
fn plain<T>(parsed: Parsed<T>) -> Result<T, &'static str> {
    parsed.map(|parsed| {
        assert!(parsed.warning.is_none() && !parsed.rewritten);
        parsed.value.unwrap()
    })
}

fn rewritten<T>(parsed: Parsed<T>) -> T {
    let parsed = parsed.ok().unwrap();
    assert!(parsed.rewritten && parsed.warning.is_none());
    parsed.value.unwrap()
}

fn warned<T>(parsed: Parsed<T>) -> (Option<T>, &'static str) {
    let parsed = parsed.ok().unwrap();
    (parsed.value, parsed.warning.unwrap())
}

#[test]
fn civil_date_is_kept_as_written() {
    let new_year_eve = 17_896;
    assert_eq!(plain(date("2018-12-31", None)), Ok(new_year_eve));
    for written in [
        "2018-12-31+01:00",
        "2018-12-31T23:59:59.000Z",
        "31/12/2018",
        "2018/12/31 00:00:00+00",
        "31/12/2018 23:59",
    ] {
        assert_eq!(rewritten(date(written, None)), new_year_eve, "{written}");
    }
    assert_eq!(date("0218-10-29", None), Err("out_of_range"));
    for bad in [
        "2018-02-31",
        "31-12-2018",
        "2018-1-1",
        "",
        "2018-12-31 (env.)",
        "+2018-12-3",
        "éééééééé",
        "12/31/2018",
    ] {
        assert_eq!(date(bad, None), Err("not_a_date"), "{bad}");
    }
    let run = NaiveDate::from_ymd_opt(2018, 12, 30);
    assert_eq!(date("2018-12-31", run), Err("out_of_range"));
}

#[test]
fn decimals_are_exact() {
    let cases = [
        ("153900", 15_390_000),
        ("42980.1", 4_298_010),
        ("0", 0),
        ("-0", 0),
        ("1.005", 101),
        ("1.0049", 100),
        ("1.5e3", 150_000),
        ("12E-1", 120),
        ("0.1", 10),
        ("9999999999999999.99", 999_999_999_999_999_999),
        ("1e-30", 0),
    ];
    for (text, expected) in cases {
        assert_eq!(plain(hundredths(text)), Ok(expected), "{text}");
    }
    for bad in ["", ".", ".5", "NaN", "--1", "0x1", "1e", "1.2.3", "1,2,3", "1.2,3"] {
        assert_eq!(hundredths(bad), Err("not_a_number"), "{bad}");
    }
    assert_eq!(hundredths("10000000000000000"), Err("out_of_range"));
    assert_eq!(hundredths("-3.5"), Err("out_of_range"));
    assert_eq!(plain(signed_hundredths("-3.5")), Ok(-350));
    assert_eq!(hundredths("1e400"), Err("out_of_range"));
    assert_eq!(hundredths("1e2147483647"), Err("out_of_range"));
}

#[test]
fn french_numbers_are_read_and_ambiguous_ones_are_not() {
    for written in ["1 820 542,00", "1\u{a0}820\u{a0}542,0", "1\u{202f}820\u{202f}542", "1820542,"]
    {
        assert_eq!(rewritten(hundredths(written)), 182_054_200, "{written}");
    }
    assert_eq!(hundredths("40,000"), Err("ambiguous_number"));
    assert_eq!(rewritten(integer("1 234", 0, 10_000)), 1234);
}

#[test]
fn placeholder_amounts_are_no_value() {
    for written in ["0", "-1", "99999999", "999999999.00"] {
        assert_eq!(warned(amount(written)), (None, "placeholder_amount"), "{written}");
    }
    assert_eq!(warned(amount("12")), (Some(1200), "unusual_amount"));
    assert_eq!(warned(amount("1e12")), (Some(100_000_000_000_000), "unusual_amount"));
    assert_eq!(plain(amount("200")), Ok(20_000));
}

#[test]
fn subject_keeps_its_last_zero() {
    assert_eq!(plain(subject("7.10")), Ok("7.10".into()));
    assert_eq!(plain(subject("1.1.2")), Ok("1.1.2".into()));
    for bad in ["", "0.1", "10", "7.", "7.100", "7.01", "a", "7.1a"] {
        assert_eq!(subject(bad), Err("unknown_code"), "{bad}");
    }
}

#[test]
fn integers_flags_and_codes() {
    assert_eq!(plain(integer("12.0", 0, 100)), Ok(12));
    assert_eq!(integer("12.5", 0, 100), Err("not_a_number"));
    assert_eq!(integer("101", 0, 100), Err("out_of_range"));
    assert_eq!(plain(boolean("Oui")), Ok(true));
    assert_eq!(boolean("2"), Err("unknown_code"));
    assert_eq!(plain(code("PUBLIÉE", &[("publiée", "published")])), Ok("published".into()));
}

#[test]
fn terms_are_told_whatever_the_accents() {
    let list = crate::dataset::term::PROCEDURE;
    let official = "Marché passé sans publicité ni mise en concurrence préalable";
    assert_eq!(plain(term(official, list)), Ok(official.into()));
    let v1 = "Marché négocié sans  publicité ni mise en concurrence PREALABLE";
    assert_eq!(rewritten(term(v1, list)), official);
    assert_eq!(warned(term("Autre", list)), (None, "unknown_term"));
    assert_eq!(rewritten(term("APPEL D’OFFRES OUVERT", list)), "Appel d'offres ouvert");
}

#[test]
fn company_identifiers_are_mended_only_by_their_key() {
    assert_eq!(plain(company("24290007400178")), Ok("24290007400178".into()));
    assert_eq!(rewritten(company("242 900 074\u{a0}00178")), "24290007400178");
    // 013 001 415 00015 without its first zero.
    let padded =
        (0..10).map(|key| format!("1300141500{key:03}")).find(|s| is_siret(&format!("0{s}")));
    if let Some(short) = padded {
        assert_eq!(rewritten(company(&short)), format!("0{short}"));
    }
    assert_eq!(warned(company("24290007400179")), (Some("24290007400179".into()), "siret_key"));
    assert_eq!(warned(company("00000000000000")), (None, "placeholder_identifier"));
    assert_eq!(warned(company("12345678901234")).1, "doubtful_company");
    assert_eq!(plain(company("FR40303265045")), Ok("FR40303265045".into()));
    assert_eq!(plain(company("35600000000001")), Ok("35600000000001".into()));
    assert_eq!(company("NC"), Err("missing"));
}

#[test]
fn companies_are_pairs_of_which_the_first_warns_elsewhere() {
    let good = "SIRET:24290007400178 TVA:FR40303265045";
    assert_eq!(plain(companies(good)), Ok(good.into()));
    let variants = "siret:24290007400179 TVA_INTRACOMMUNAUTAIRE:FR1 SIRET:00000000000000 X:NC";
    let (value, warning) = warned(companies(variants));
    assert_eq!(value.unwrap(), "SIRET:24290007400179 TVA:FR1");
    assert_eq!(warning, "placeholder_identifier");
    assert_eq!(warned(companies("SIRET:1 SIRET:24290007400179")).1, "siret_key");
    assert_eq!(companies("SIRET:0").unwrap().value, None);
}

#[test]
fn a_lost_zero_is_put_back_when_the_cpv_has_it() {
    assert_eq!(plain(cpv("45210000-2")), Ok("45210000-2".into()));
    assert_eq!(rewritten(cpv("3000000")), "03000000");
    assert_eq!(warned(cpv("9999999")), (None, "not_a_cpv"));
    assert_eq!(warned(cpv("452100002")), (None, "not_a_cpv"));
    assert_eq!(warned(cpv("99999999")).1, "unknown_cpv");
}

#[test]
fn places_are_codes_not_words() {
    assert_eq!(rewritten(place("022")), "22");
    for good in ["35238", "2A004", "22", "53", "FR"] {
        assert_eq!(plain(place(good)), Ok(good.into()));
    }
    assert_eq!(warned(place("INO")), (None, "unknown_place"));
}

#[test]
fn labels_are_repaired_once_and_honest_words_left_alone() {
    assert_eq!(rewritten(label("Travaux &amp; &eacute;tudes")), "Travaux & études");
    assert_eq!(rewritten(label("a &amp;lt; b")), "a &lt; b");
    let repaired = |text: &'static str| {
        let (value, warning) = warned(label(text));
        assert_eq!(warning, "encoding_repaired");
        value.unwrap().into_owned()
    };
    assert_eq!(repaired("Lot nÂ°208"), "Lot n°208");
    assert_eq!(repaired("Mise en Å\u{93}uvre, cÅ“ur"), "Mise en œuvre, cœur");
    assert_eq!(repaired("rÃ©fection, Ã\u{a0} bÃ¢tir lâ€™Ã©cole"), "réfection, à bâtir l’école");
    assert_eq!(plain(label("BÂTIMENT CAFÉ» gâteau")), Ok("BÂTIMENT CAFÉ» gâteau".into()));
    assert_eq!(plain(label("Å» et â venants")), Ok("Å» et â venants".into()));
    assert_eq!(warned(label("r\u{fffd}fection")).1, "encoding_lost");
    assert_eq!(label("a\0b"), Err("bad_encoding"));
}
