//! Headings of every kind, and profiles that do not hold together.

use super::*;

/// A survey of one question of each kind that has columns of its own.
pub(in crate::survey) fn profile() -> SurveyProfile {
    let text = r#"
        id = "s"
        wave = "2024"
        fr = "Enquête"
        en = "Survey"
        siren_column = "Q0"
        [[question]]
        code = "Q1"
        kind = "single"
        version = "1"
        fr = "Avez-vous un certificat ?"
        en = "Have you a certificate?"
        sgqa = "7X1X2"
        values = [{ code = "Y", fr = "Oui", en = "Yes" }, { code = "N", fr = "Non", en = "No" }]
        [[question]]
        code = "Q2"
        kind = "multiple"
        version = "1"
        fr = "Que transmettez-vous ?"
        en = "What do you send?"
        sgqa = "7X1X3"
        asked_if = "Q1=Y"
        items = [
          { code = "SQ001", fr = "Actes", en = "Acts" },
          { code = "SQ002", fr = "Marchés", en = "Tenders" },
        ]
        [[question]]
        code = "Q3"
        kind = "number"
        version = "2"
        fr = "Combien ?"
        en = "How many?"
        min = 0
        max = 100
        asked_if = "Q2[SQ001]=Y"
    "#;
    toml::from_str(text).unwrap()
}

fn found(profile: &SurveyProfile, headings: &str) -> Result<Vec<usize>, String> {
    let headings: Vec<_> = headings.split('|').map(str::to_owned).collect();
    let layout = Layout::of(profile, &headings)?;
    assert_eq!(layout.width, headings.len());
    let own = [layout.authority, layout.response, layout.submitted];
    Ok(own.into_iter().chain(layout.cells.iter().map(|cell| cell.place)).collect())
}

#[test]
fn headings_are_codes_wordings_or_both() {
    let expected = Ok(vec![2, 0, 1, 3, 4, 5, 6]);
    for headings in [
        "id|submitdate|Q0|Q1|Q2[SQ001]|Q2[SQ002]|Q3",
        "\u{feff}id|submitdate|q0|q1|q2.sq001.|q2.sq002.|q3",
        "id|submitdate|Q0|7X1X2|7X1X3SQ001|7X1X3SQ002|Q3",
        "ID de la réponse|Date de soumission|Q0|Avez-vous  un certificat\u{a0}?|\
         Que transmettez-vous ? [Actes]|Que transmettez-vous ? [Marchés]|Combien ?",
        "Response ID|Date submitted|Q0|Have you a certificate?|What do you send? [Acts]|\
         What do you send? [Tenders]|How many?",
        "id. ID de la réponse|submitdate. Date|Q0. Votre SIREN|Q1. Avez-vous|\
         Q2[SQ001]. Que [Actes]|Q2[SQ002]. Que [Marchés]|Q3. Combien",
    ] {
        assert_eq!(found(&profile(), headings), expected, "{headings}");
    }
}

#[test]
fn other_columns_are_left_alone() {
    let headings = "id|submitdate|token|Q0|Jean Dupont|Q1|Q1Time|Q2[SQ001]|Q2[SQ001comment]|\
                    Q2[SQ002]|Q2[other]|Q3|Q3. Combien";
    let twice = found(&profile(), headings).unwrap_err();
    assert_eq!(twice, "column `Q3` stands twice");
    let once = headings.strip_suffix("|Q3. Combien").unwrap();
    assert_eq!(found(&profile(), once), Ok(vec![3, 0, 1, 5, 7, 9, 11]));
}

#[test]
fn what_is_missing_is_told_without_the_headings() {
    let told = found(&profile(), "id|submitdate|Q0|Q1|Jean Dupont|Q2[SQ002]|Q3").unwrap_err();
    assert_eq!(told, "column `Q2[SQ001]` is missing");
    let told = found(&profile(), "id|submitdate|Jean|Q1|Q2[SQ001]|Q2[SQ002]|Q3").unwrap_err();
    assert_eq!(told, "column `Q0` is missing");
}

#[test]
fn a_wording_of_two_questions_names_neither() {
    let mut profile = profile();
    profile.questions[2].fr = profile.questions[0].fr.clone();
    let headings = "id|submitdate|Q0|Avez-vous un certificat ?|Q2[SQ001]|Q2[SQ002]|Q3";
    assert_eq!(found(&profile, headings), Err("column `Q1` is missing".to_owned()));
}

#[test]
fn a_condition_is_one_equality_with_a_declared_value() {
    for (condition, wrong) in [
        ("Q1", "is no equality"),
        ("Q9=Y", "names no other question"),
        ("Q3=1", "names no other question"),
        ("Q1=Z", "names no value"),
        ("Q2[SQ001]=1", "names no value"),
    ] {
        let mut profile = profile();
        profile.questions[2].asked_if = Some(condition.to_owned());
        let told = found(&profile, "id|submitdate|Q0|Q1|Q2[SQ001]|Q2[SQ002]|Q3").unwrap_err();
        assert!(told.ends_with(wrong), "{condition}: {told}");
    }
}

#[test]
fn a_profile_must_hold_together() {
    type Change = fn(&mut SurveyProfile);
    let cases: [(Change, &str); 6] = [
        (|p| p.siret_column = p.siren_column.clone(), "name one of"),
        (|p| p.wave = " ".to_owned(), "may not be empty"),
        (|p| p.questions[0].values.clear(), "name its values"),
        (|p| p.questions[1].items.clear(), "name its items"),
        (|p| p.questions[2].max = None, "a min and a max"),
        (|p| p.questions[2].version = String::new(), "may not be empty"),
    ];
    assert_eq!(profile().check(), Ok(()));
    for (change, wrong) in cases {
        let mut profile = profile();
        change(&mut profile);
        let told = profile.check().unwrap_err();
        assert!(told.contains(wrong), "{told}");
    }
    let mut twice = profile();
    twice.questions[2].code = "q1".to_owned();
    assert!(found(&twice, "id").unwrap_err().contains("two columns may be headed"));
}
