//! What an authority is told: its own rows and what is public, and of the others nothing.
//!
//! The oracle is a lake that truly holds the rows of one authority only: every probe must end on both
//! in the same rows, or in the same words.

mod disclosure;
mod plans;

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use carnac_lake::{DEFAULT_MEMORY, Lake};
use carnac_query::{At, Gateway, Principal, Views};
use reqwest::{Client, StatusCode};

use crate::flight::{connect, fetch};
use crate::identity::{IROISE, RENNES};
use crate::support::{Place, Server, acts};

/// A lake of these authorities; what Pays d'Iroise has makes the probes fail: a text that is no
/// number, a zero, a number that overflows, a pattern that is none.
fn lake(sirens: &[&str]) -> Place {
    let place = Place::new();
    let mut paths = Vec::new();
    for siren in sirens {
        let (rows, values) = match *siren {
            RENNES => ([("1", RENNES, "2025-01-01"), ("2", RENNES, "2025-01-02")], [4, 2]),
            _ => {
                ([("canari", IROISE, "2025-01-01"), ("[", IROISE, "2025-01-02")], [0, 999_999_999])
            }
        };
        let mut reported = "siren;annee;variable;modalite;valeur;statut;vague\n".to_owned();
        for (variable, value) in ["ACT_TOT", "PLI_TOT"].iter().zip(values) {
            reported.push_str(&format!("{siren};2025;{variable};;{value};réponse;2025\n"));
        }
        paths.push(place.file(&format!("acts/{siren}.csv"), acts(&rows)));
        paths.push(place.file(&format!("reported/{siren}.csv"), reported));
    }
    let paths = paths.iter().map(String::as_str);
    let ingest: Vec<_> = ["ingest", "--run-date", "2025-12-31"].into_iter().chain(paths).collect();
    place.ok(&ingest);
    place
}

fn gateway(place: &Place) -> Gateway {
    let lake = Lake::open(&place.root(), &[]).unwrap();
    Gateway::new(lake, Views::embedded().unwrap(), DEFAULT_MEMORY)
}

/// The rows, or the kind of the failure and what is told of it.
async fn outcome(gateway: &Gateway, who: Principal, sql: &str, at: Option<&At>) -> String {
    let rows = async { gateway.run(who, sql, None, at).await?.collect().await };
    match rows.await {
        Ok(batches) => shown(&batches),
        Err(error) => format!("{:?}: {error}", error.kind()),
    }
}

fn shown(batches: &[RecordBatch]) -> String {
    pretty_format_batches(batches).unwrap().to_string()
}

/// Probes of rows and values: each fails on a row of the other authority, or shows it.
const VALUES: [&str; 34] = [
    "select * from core.acts order by act_id",
    "select count(*) from core.acts",
    "select count(*), min(act_id), max(act_id) from core.acts",
    "select distinct siren from core.reported",
    "select a.act_id from core.acts a join core.acts b on a.siren <> b.siren",
    "select a.act_id, r.value from core.acts a join core.reported r on a.period = r.period order by 1, 2",
    "select (select max(value) from core.reported) as most",
    "select 1 where exists (select 1 from core.acts where act_id = 'canari')",
    "select 1 where 'canari' in (select act_id from core.acts)",
    "with a as (select * from core.acts) select count(*) from a where siren <> '213502388'",
    "with recursive n as (select 1 as k union all select k + 1 from n join core.acts a on cast(a.act_id as bigint) = k where k < 5) select count(*) from n",
    "select act_id from core.acts union select act_id from core.acts order by 1",
    "select act_id from core.acts except select act_id from core.acts where siren = '213502388'",
    "select act_id, row_number() over (order by act_id) as place, count(*) over () as all_rows from core.acts order by 1",
    "select act_id from core.acts where cast(act_id as bigint) > 0 order by 1",
    "select cast(act_id as bigint) as n from core.acts order by 1",
    "select value from core.reported where 8 / value > 0 order by 1",
    "select value from core.reported where value * 9300000000000 > 0 order by 1",
    "select value from core.reported where power(value, 40) > 0 order by 1",
    "select act_id from core.acts where regexp_like('canari', act_id) order by 1",
    "select value from core.reported where (make_array(1, 2, 3, 4))[value] > 0 order by 1",
    "select value from core.reported where case when value = 0 then 1 / value = 1 else true end order by 1",
    "select act_id from core.acts where coalesce(nullif(siren, '213502388'), act_id) > '0' order by 1",
    "select value from core.reported order by 8 / value",
    "select act_id from core.acts where siren = '242900074' and cast(act_id as bigint) > 0",
    "select act_id from core.acts order by act_id desc limit 1",
    "select count(*) from (select act_id from core.acts limit 3)",
    "select act_id from core.acts order by cast(act_id as bigint) offset 1",
    "select count(*) from core.acts group by 1 / (case when siren = '242900074' then 0 else 1 end)",
    "select max(1 / (case when siren = '242900074' then 0 else 1 end)) from core.acts",
    "select a.act_id from core.acts a join core.reported r on cast(a.act_id as bigint) = r.value order by 1",
    "select * from cube.acts",
    "select * from indicator.act_transmission_rate",
    "select siren, cast(8 / denominator as bigint) as n from indicator.act_transmission_rate where 8 / denominator > 0",
];

/// Probes of what there is, and how it is read.
const METADATA: [&str; 19] = [
    "select table_schema, table_name, table_type from information_schema.tables order by 1, 2",
    "select count(*) from information_schema.columns",
    "select * from information_schema.views where table_schema in ('core', 'cube', 'indicator') order by 2, 3",
    "explain select * from core.acts",
    "explain select count(*) from core.acts where cast(act_id as bigint) > 0",
    "explain select act_id from core.acts order by act_id limit 1",
    "explain select a.act_id from core.acts a join core.reported r on a.siren = r.siren",
    "explain select * from indicator.act_transmission_rate where siren = '242900074'",
    "explain format tree select * from core.acts",
    "explain analyze select * from core.acts",
    "select * from core.acts limit 0",
    "select * from lake.acts",
    "select * from staging.acts",
    "select * from ops.sources",
    "select * from peer.rates",
    "select * from assessment.gap",
    "select * from core.cost_lines",
    "select * from cube.opinions",
    "select * from scenario('bilan-2013')",
];

#[tokio::test]
async fn an_authority_is_told_what_a_lake_of_its_own_would_tell() {
    let (both, alone) = (lake(&[RENNES, IROISE]), lake(&[RENNES]));
    let (both, alone) = (gateway(&both), gateway(&alone));
    let rennes = Principal::Authority(RENNES.parse().unwrap());
    let at = At::Release(1);
    for sql in VALUES.iter().chain(&METADATA) {
        for at in [None, Some(&at)] {
            let told = outcome(&both, rennes, sql, at).await;
            assert_eq!(told, outcome(&alone, rennes, sql, at).await, "{sql}");
            assert!(!told.contains("canari"), "{sql}: {told}");
            assert!(!told.contains(IROISE) || sql.contains(IROISE), "{sql}: {told}");
        }
    }
    // The rows of the other one are there, and a probe fails on them.
    for sql in
        ["select cast(act_id as bigint) from core.acts", "select 8 / value from core.reported"]
    {
        let told = outcome(&both, Principal::Analyst, sql, None).await;
        assert!(told.starts_with("Invalid: the query failed on a value"), "{sql}: {told}");
    }
    let iroise = Principal::Authority(IROISE.parse().unwrap());
    let told = outcome(&both, iroise, "select act_id from core.acts order by 1", None).await;
    assert!(told.contains("canari") && !told.contains("| 1 "), "{told}");
}

#[tokio::test]
async fn what_stands_behind_the_barrier_is_not_explained() {
    let place = lake(&[RENNES, IROISE]);
    let both = gateway(&place);
    let rennes = Principal::Authority(RENNES.parse().unwrap());
    let sql = "explain select act_id from core.acts where cast(act_id as bigint) > 0 limit 1";
    let told = outcome(&both, rennes, sql, None).await;
    assert!(told.contains("BarrierExec") && !told.contains("DataSourceExec"), "{told}");
    let (above, _) = told.split_once("BarrierExec").unwrap();
    assert!(above.contains("FilterExec") && above.contains("fetch=1"), "{told}");
}

/// Only what says whose its rows are exists for an authority, of the layers that are not public.
#[tokio::test]
async fn a_view_without_an_owner_does_not_exist() {
    let place = lake(&[RENNES, IROISE]);
    let both = gateway(&place);
    let rennes = Principal::Authority(RENNES.parse().unwrap());
    let views = Views::embedded().unwrap();
    let tables = both.tables(rennes, None).await.unwrap();
    let mut seen = 0;
    for table in
        tables.iter().filter(|table| !["catalog", "published"].contains(&table.schema.as_str()))
    {
        let file = views
            .files()
            .iter()
            .find(|file| file.layer.name() == table.schema && file.name == table.name);
        let owner = file.unwrap().header.owner.as_deref();
        assert!(owner.is_some() || table.schema == "indicator", "{table:?}");
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
    for absent in ["index_weights", "opinions", "unit_costs", "groups", "benchmark", "runs"] {
        assert!(
            !tables.iter().any(|table| table.name == absent && table.schema != "published"),
            "{absent}"
        );
    }
}

/// What both doors tell of a query, in the words of each.
async fn told(server: &Server, token: &str, sql: &str) -> [String; 2] {
    let url = format!("http://{}/query?format=csv", server.address);
    let request = Client::new().post(url).bearer_auth(token).body(sql.to_owned());
    let response = request.send().await.unwrap();
    let (status, body) = (response.status(), response.text().await);
    let http = format!("{status} {}", body.unwrap_or_else(|_| "cut short".to_owned()));
    let mut client = connect(server).await;
    client.set_token(token.to_owned());
    let flight = match client.execute(sql.to_owned(), None).await {
        Err(error) => error.to_string(),
        Ok(info) => match client.do_get(info.endpoint[0].ticket.clone().unwrap()).await {
            Err(error) => error.to_string(),
            Ok(_) => shown(&[fetch(&mut client, info).await]),
        },
    };
    [http, flight]
}

#[tokio::test]
async fn two_authorities_ask_at_both_doors() {
    let place = lake(&[RENNES, IROISE]);
    let [rennes, iroise] = [RENNES, IROISE].map(|siren| {
        place.ok(&["token", "create", &format!("authority:{siren}")]).trim().to_owned()
    });
    let server = place.serve();
    let ids = "select act_id from core.acts order by act_id";
    for (token, own, other) in [(&rennes, "1", "canari"), (&iroise, "canari", "| 1 ")] {
        for text in told(&server, token, ids).await {
            assert!(text.contains(own) && !text.contains(other), "{text}");
        }
    }
    let cast = "select act_id from core.acts where cast(act_id as bigint) > 0";
    for text in told(&server, &rennes, cast).await {
        assert!(text.contains('2') && !text.contains("failed"), "{text}");
    }
    for sql in ["select * from lake.acts", "select * from peer.rates"] {
        for text in told(&server, &rennes, sql).await {
            assert!(text.contains("not found") && !text.contains("canari"), "{text}");
        }
    }
    let get = async |token: &str, path: &str, tag: Option<&str>| {
        let request =
            Client::new().get(format!("http://{}/{path}", server.address)).bearer_auth(token);
        let request =
            tag.into_iter().fold(request, |request, tag| request.header("if-none-match", tag));
        request.send().await.unwrap()
    };
    let path = "indicators/A08?format=csv";
    let own = get(&rennes, path, None).await;
    let tag = own.headers()["etag"].to_str().unwrap().to_owned();
    let figures = own.text().await.unwrap();
    assert!(figures.contains(RENNES) && !figures.contains(IROISE), "{figures}");
    assert_eq!(get(&rennes, path, Some(&tag)).await.status(), StatusCode::NOT_MODIFIED);
    // What one has is not what another one would be given.
    let others = get(&iroise, path, Some(&tag)).await;
    assert_eq!(others.status(), StatusCode::OK);
    let figures = others.text().await.unwrap();
    assert!(figures.contains(IROISE) && !figures.contains(RENNES), "{figures}");
    assert_eq!(
        get(&rennes, &format!("authorities/{IROISE}"), None).await.status(),
        StatusCode::NOT_FOUND
    );
}
