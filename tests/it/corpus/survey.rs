//! Answers that name people where none should be named, or are no answers.

use super::{Hostile, RENNES_SIRET};

/// The columns that the example profile names.
const HEADER: &str = "id,submitdate,Q0,Q1,Q2,Q3[SQ001],Q3[SQ002],Q3[SQ003],Q4[SQ001],Q4[SQ002],Q4[SQ003],Q5[1],Q5[2],Q6";

/// Cells of answers of a response.
const ITEMS: u64 = 11;

fn response(id: &str, authority: &str, first: &str) -> String {
    format!("{id},2024-11-03 10:00:00,{authority},{first},,,,,,,,,,\n")
}

fn export(responses: &[String]) -> String {
    format!("{HEADER}\n{}", responses.concat())
}

/// A good export.
pub(super) fn whole() -> Vec<u8> {
    export(&[response("1", RENNES_SIRET, "Y"), response("2", "21560260800014", "N")]).into_bytes()
}

pub(super) fn files() -> Vec<Hostile> {
    let good = |id: &str| response(id, RENNES_SIRET, "Y");
    let mail = response("1", "maire@exemple.invalid", "Y");
    vec![
        Hostile::rows(
            "answers/mail-for-a-siret.csv",
            export(&[mail, good("m2")]),
            ITEMS,
            &[("not_a_siret", 1)],
        ),
        Hostile::rows(
            "answers/unclosed-quote.csv",
            export(&["\"q1,x\n".to_owned(), good("q2")]),
            ITEMS,
            &[("malformed", 1)],
        ),
        Hostile::rows(
            "answers/ragged.csv",
            export(&["r1,x\n".to_owned(), good("r2")]),
            ITEMS,
            &[("malformed", 1)],
        ),
        Hostile::rows(
            "answers/formula.csv",
            export(&[response("f1", "21560260800014", "=1+1"), good("f2")]),
            ITEMS,
            &[("unknown_code", 1)],
        ),
        Hostile::rows(
            "answers/answers-twice.csv",
            export(&[good("t1"), good("t1")]),
            ITEMS,
            &[("duplicate_response", 1)],
        ),
        Hostile::refused(
            "answers/question-twice.csv",
            export(&[good("d1")]).replace("Q6", "Q1"),
            "stands twice",
        ),
        Hostile::refused(
            "answers/question-missing.csv",
            export(&[good("d1")]).replace("Q6", "Dites-nous"),
            "Q6",
        ),
    ]
}
