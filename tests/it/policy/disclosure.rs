//! What a view withholds, or masks, is out of reach of the conditions of who may not see it.
//!
//! The oracle is again a lake that does not have it: a condition that fails on what is withheld must end
//! as it does there.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use carnac_lake::{DEFAULT_MEMORY, Lake};
use carnac_query::{Gateway, Principal, SqlFile, Views};

use super::{gateway, outcome, shown};
use crate::identity::{IROISE, RENNES};
use crate::support::{Place, REPOSITORY};

/// The siren of Pays d'Iroise, as a number that a condition divides by zero on.
const OF_IROISE: &str = "(cast(siren as bigint) - 242900074)";

/// A lake in which Rennes has an act that was transmitted, a tender and an answer; Pays d'Iroise has,
/// if wanted, what no answer shows: an act that was not transmitted and the draft of a tender; and
/// Rennes a first response, of 13 agents, before the one that counts. The municipalities are those of
/// all years since 2019, of which one had a survey.
fn lake(with_hidden: bool) -> Place {
    let place = Place::new();
    let key = place.file("key.txt", "une phrase de passe pour les essais");
    let mut acts = "id_acte;siren;nature;matiere;date_decision;date_ar;statut;annule\n".to_owned();
    acts.push_str(&format!("1;{RENNES};1;7.10;2025-01-01;2025-01-01;4;0\n"));
    let mut tenders =
        "id_consultation;siren;siret;date_pub;date_cloture;procedure;nature;lots;statut;\
                       reponse_elec\n"
            .to_owned();
    tenders.push_str(&format!("1;{RENNES};;2025-01-01;;adaptée;travaux;1;publiée;obligatoire\n"));
    let mut answers = "id,submitdate,lastpage,Q0,Q0nom,Q1,Q2,Q3[SQ001],Q3[SQ002],Q3[SQ003],\
                       Q3[other],Q4[SQ001],Q4[SQ002],Q4[SQ003],Q4[SQ003comment],Q5[1],Q5[2],Q6,Q7\n"
        .to_owned();
    if with_hidden {
        acts.push_str(&format!("2;{IROISE};1;7.10;2025-01-01;2025-01-01;4;1\n"));
        tenders.push_str(&format!(
            "2;{IROISE};;2025-01-01;;adaptée;travaux;1;brouillon;obligatoire\n"
        ));
        let first = format!("1,2025-11-04 10:00:00,3,{RENNES}00019,,Y,13,,,,,,,,,,,,\n");
        place.ok(&[
            "--pseudonym-key-file",
            &key,
            "ingest",
            &place.file("answers/first.csv", answers.clone() + &first),
        ]);
    }
    answers.push_str(&format!("2,2025-11-05 10:00:00,3,{RENNES}00019,,Y,20,,,,,,,,,,,,\n"));
    place.ok(&[
        "--pseudonym-key-file",
        &key,
        "ingest",
        "--run-date",
        "2025-12-31",
        &format!("{REPOSITORY}/data-samples/authorities/communes-bretagne-2019.json"),
        &place.file("acts/a.csv", acts),
        &place.file("consultations/c.csv", tenders),
        &place.file("answers/second.csv", answers),
    ]);
    place
}

/// Who is denied something, and conditions that fail on it, of which an operator is told.
fn probes() -> Vec<(Vec<Principal>, String)> {
    let rennes = Principal::Authority(RENNES.parse().unwrap());
    let (everybody, analyst) = (vec![Principal::Public, rennes], vec![Principal::Analyst]);
    let mut probes = Vec::new();
    for sql in [
        format!("select siren from published.acknowledgement_delay where 1 / {OF_IROISE} = 0"),
        format!("select siren from published.acknowledgement_delay order by 1 / {OF_IROISE} limit 1"),
        // Years without a survey, which a join brings under the condition.
        "select count(*) from published.survey_coverage where 1 / (cast(wave as bigint) - 2020) < 2"
            .to_owned(),
        "select count(*) from published.survey_estimates where 1 / (cast(period as bigint) - 2020) < 2"
            .to_owned(),
    ] {
        probes.push((everybody.clone(), sql));
    }
    for view in ["core.consultations", "cube.consultations", "cube.uses", "cube.use_years"] {
        let sql = format!("select count(*) from {view} where 1 / {OF_IROISE} = 0");
        probes.push((analyst.clone(), sql));
    }
    let agents = "select value from core.answers \
                  where question = 'Q2' and 1 / (cast(value as bigint) - 13) = 0";
    probes.push((analyst, agents.to_owned()));
    probes
}

#[tokio::test]
async fn a_condition_does_not_reach_what_is_withheld() {
    let (with, without) = (lake(true), lake(false));
    let (with, without) = (gateway(&with), gateway(&without));
    let mut reached = 0;
    for (denied, sql) in probes() {
        for who in denied {
            let told = outcome(&with, who, &sql, None).await;
            assert_eq!(told, outcome(&without, who, &sql, None).await, "{who}: {sql}");
            assert!(!told.contains("failed on a value"), "{who}: {sql}: {told}");
        }
        // Without a barrier the condition would see it.
        let told = outcome(&with, Principal::Operator, &sql, None).await;
        reached += usize::from(told.starts_with("Invalid: the query failed on a value"));
    }
    assert!(reached >= 3, "{reached} probes reach what is hidden");
}

/// Views that a principal reads, of these schemas.
async fn views(gateway: &Gateway, who: Principal, schemas: &[&str]) -> Vec<String> {
    let tables = gateway.tables(who, None).await.unwrap().into_iter();
    let seen = tables.filter(|table| schemas.contains(&table.schema.as_str()));
    seen.map(|table| format!("{}.{}", table.schema, table.name)).collect()
}

/// Which of the views is a plan of one leaf, with all of the query above it.
async fn is_opaque(gateway: &Gateway, who: Principal, view: &str) -> bool {
    let [tree, count] = [
        format!("explain select * from {view} where random() < 0.777 limit 1"),
        format!("explain select count(*) from {view}"),
    ];
    let told = outcome(gateway, who, &tree, None).await;
    let counted = outcome(gateway, who, &count, None).await;
    let (above, below) = told.split_once("BarrierExec").unwrap_or((&told, ""));
    let is_bare = |text: &str| !["Exec", "0.777", "fetch"].iter().any(|word| text.contains(word));
    let is_above = above.contains("0.777") && !below.is_empty() && is_bare(below);
    is_above && counted.contains("BarrierExec") && !counted.contains("DataSourceExec")
}

#[tokio::test]
async fn no_plan_goes_below_a_rule_of_disclosure() {
    let place = lake(true);
    let gateway = gateway(&place);
    let rennes = Principal::Authority(RENNES.parse().unwrap());
    for who in [Principal::Public, rennes] {
        let published = views(&gateway, who, &["published"]).await;
        assert!(published.len() > 10, "{published:?}");
        for view in published {
            assert!(is_opaque(&gateway, who, &view).await, "{who}: {view}");
        }
    }
    let analyst = Principal::Analyst;
    for view in [
        "core.consultations",
        "core.answers",
        "cube.consultations",
        "indicator.online_tenders",
        "peer.rates",
        "published.opinions",
    ] {
        assert!(is_opaque(&gateway, analyst, view).await, "{view}");
    }
    // What an analyst may see all of is planned as one query with its conditions.
    for view in ["core.acts", "indicator.act_transmission_rate", "published.acknowledgement_delay"]
    {
        assert!(!is_opaque(&gateway, analyst, view).await, "{view}");
    }
    assert!(!is_opaque(&gateway, Principal::Operator, "core.consultations").await);
}

/// A barrier changes what is reached and no answer: of each view, all columns and no column.
#[tokio::test]
async fn behind_a_barrier_are_the_same_rows() {
    let place = lake(true);
    let definitions = Views::embedded().unwrap();
    // An assessment holds memory for each of its sorts, whatever it sorts.
    let lake = Lake::open(&place.root(), &[]).unwrap();
    let gateway = Gateway::new(lake, definitions.clone(), 8 * DEFAULT_MEMORY);
    let analyst = &["core", "cube", "peer", "assessment"][..];
    let mut total = 0;
    for (who, schemas) in [(Principal::Public, &["published"][..]), (Principal::Analyst, analyst)] {
        for view in views(&gateway, who, schemas).await {
            let is_it = |file: &&SqlFile| format!("{}.{}", file.layer, file.name) == view;
            let file = definitions.files().iter().find(is_it).unwrap();
            let sql = format!("select * from {view} order by {}", file.header.grain.join(", "));
            let run = async |who, sql: &str| {
                gateway.run(who, sql, None, None).await.unwrap().collect().await.unwrap()
            };
            let rows = run(who, &sql).await;
            assert_eq!(shown(&rows), shown(&run(Principal::Operator, &sql).await), "{view}");
            let count: usize = rows.iter().map(RecordBatch::num_rows).sum();
            let counted = run(who, &format!("select count(*) as n from {view}")).await;
            let counted = counted[0].column(0).as_primitive::<Int64Type>().value(0);
            assert_eq!(usize::try_from(counted), Ok(count), "{view}");
            total += count;
        }
    }
    assert!(total > 50, "{total}");
}
