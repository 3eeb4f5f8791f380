//! Statuses, and what is seen of a refused response.

use super::*;
use crate::survey::layout::tests::profile;

const HEADINGS: [&str; 7] = ["id", "submitdate", "Q0", "Q1", "Q2[SQ001]", "Q2[SQ002]", "Q3"];

/// Reads `Q1|Q2[SQ001]|Q2[SQ002]|Q3` of a complete response of Rennes.
fn statuses(answers: &str) -> String {
    let cells = format!("12|2024-11-29 10:00:00|213502388|{answers}");
    with(&cells, |response, layout| {
        assert_eq!(response.fault(), None, "{answers}");
        let answers = response.answers(layout).into_iter();
        let told: Vec<_> = answers.map(|answer| answer.value.unwrap_or(answer.status)).collect();
        told.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>().join("|")
    })
}

fn with<T>(cells: &str, look: impl Fn(&Response<'_>, &Layout<'_>) -> T) -> T {
    let profile = profile();
    let layout = Layout::of(&profile, &HEADINGS.map(str::to_owned)).unwrap();
    let record = ByteRecord::from(cells.split('|').collect::<Vec<_>>());
    let run_date = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
    look(&Response::read(&profile, &layout, &record, run_date), &layout)
}

#[test]
fn the_kinds_of_nothing_are_told_apart() {
    for (answers, told) in [
        ("Y|Y||0", "Y|Y|N|0"),
        ("Oui|Oui|Non|NSP", "Y|Y|N|nsp"),
        ("Y|1|2|sans objet", "Y|Y|N|so"),
        // Shown, and left empty.
        ("Y|Y||", "Y|Y|N|sans réponse"),
        ("Y|||", "Y|sans réponse|sans réponse|non posée"),
        // Not shown: the condition does not hold, or its own question was not shown.
        ("Y||Y|", "Y|N|Y|non posée"),
        ("N|||", "N|non posée|non posée|non posée"),
        ("|||", "sans réponse|non posée|non posée|non posée"),
        ("NSP|||", "nsp|non posée|non posée|non posée"),
        // Given although the condition does not hold: it was shown.
        ("N|Y||7", "N|Y|N|7"),
    ] {
        assert_eq!(statuses(answers), told, "{answers}");
    }
}

#[test]
fn a_refused_response_shows_only_values_that_passed() {
    let shown =
        |cells: &str| with(cells, |response, layout| (response.fault(), response.raw(layout)));
    assert_eq!(
        shown("12|2024-11-29|jean@exemple.fr|Y|Y||5"),
        (Some("not_a_siren"), "siren=…; submitted=2024-11-29; Q1=Y; Q2[SQ001]=Y; Q3=5".to_owned())
    );
    assert_eq!(
        shown("12|le 29|213502388|Jean|Jean|Y|0612345678"),
        (
            Some("not_a_date"),
            "siren=213502388; submitted=…; Q1=…; Q2[SQ001]=…; Q2[SQ002]=Y; Q3=…".to_owned()
        )
    );
    assert_eq!(
        shown("|||Oui|||"),
        (Some("missing"), "siren=…; submitted=partial; Q1=Y".to_owned())
    );
}
