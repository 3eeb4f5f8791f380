//! Acts and deliberations, from their files to their tables.

use crate::support::{Place, REPOSITORY};

fn sample(name: &str) -> String {
    format!("{REPOSITORY}/tests/data/{name}")
}

#[test]
fn messages_of_a_folder_land_by_what_they_are() {
    let place = Place::new();
    // An envelope of the folder is read, and the one act that nobody can name is rejected.
    let report = place.ok(&["ingest", &sample("actes")]);
    assert!(report.contains("act_messages"), "{report}");
    assert_eq!(
        place.rows("select message, count(*) from lake.act_messages group by message order by 1"),
        ["1-1,4", "1-2,1", "1-3,1", "6-1,1", "6-2,1"]
    );
    assert_eq!(
        place.rows("select rule, field from ops.quarantine where dataset = 'act_messages'"),
        ["missing,act_id"]
    );
    assert_eq!(
        place.rows(
            "select subject_code, name_fr from lake.classifications
             where department_code = '22' and classification_date = date '2023-12-01'
               and subject_code like '7.%' order by 1"
        ),
        ["7.1,Décisions budgétaires", "7.10,Divers"]
    );
}

#[test]
fn a_later_answer_of_a_prefecture_stands_beside_the_earlier() {
    let place = Place::new();
    let answer = |date: &str, label: &str| {
        format!(
            "<a:RetourClassification xmlns:a='x'><a:DateClassification>{date}</a:DateClassification>\
             <a:Matieres><a:Matiere1 a:CodeMatiere='7' a:Libelle='{label}'/></a:Matieres>\
             </a:RetourClassification>"
        )
    };
    let first = place.file("a/022-212201131----7-2_1.xml", answer("2017-11-13", "Finances"));
    let later =
        place.file("b/022-212201131----7-2_2.xml", answer("2023-12-01", "Finances locales"));
    let other = place.file("c/035-213502388----7-2_1.xml", answer("2017-11-13", "Finances"));
    place.ok(&["ingest", &first, &later, &other]);
    assert_eq!(
        place.rows(
            "select department_code, classification_date, name_fr from lake.classifications
             order by 1, 2"
        ),
        ["22,2017-11-13,Finances", "22,2023-12-01,Finances locales", "35,2017-11-13,Finances"]
    );
}

#[test]
fn deliberations_land_from_every_layout() {
    let place = Place::new();
    place.ok(&["ingest", &sample("scdl")]);
    assert_eq!(
        place.rows(
            "select siren, deliberation_id, subject_code, budget_years, seat_count, published_date,
                    nature, warnings
             from lake.deliberations order by siren, deliberation_id"
        ),
        [
            "212201131,2024_001,7.10,2023/2024,33,,,",
            "212201131,2024_002,7.1,2024,33,,,received_before_decided more_voters_than_seats",
            "233500016,CP D 21-07-1,7.5,,102,,,",
            "233500016,CP D 21-12-9,7.10,,,,,",
            "243500139,A24_002,6.1,,,2024-03-29,6,",
            "243500139,C24_001,7.10,,,2024-03-28,1,",
        ]
    );
    assert_eq!(
        place.rows("select source_line, rule, field from ops.quarantine"),
        ["4,not_a_date,decision_date"]
    );
    // A day with a time and a zone is that day.
    assert_eq!(
        place.rows(
            "select decision_date, received_date from lake.deliberations
             where siren = '233500016' order by 1"
        ),
        ["2021-07-02,2021-07-09", "2021-12-31,"]
    );
}
