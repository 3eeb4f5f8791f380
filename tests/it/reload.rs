//! What a server that runs is told anew, at SIGHUP, and that nobody is cut off for it.

use crate::identity::{create, two_authorities};
use crate::postgres::Client;
use crate::support::{Place, Server};

const ACTS: &str = "select count(*) as n from core.acts";

const TODAY: &str = "select n from core.today";

/// A view of the folder.
const VIEW: &str = "-- id: core.today\n-- title: Aujourd'hui / Today\n-- unit: row\n-- grain: n\n\
                    select 42 as n\n";

fn settings(place: &Place, anonymous: &str, more: &str) {
    place.file("carnac.toml", format!("sql = 'sql'\nanonymous = '{anonymous}'\n{more}"));
}

fn is_told(server: &mut Server) {
    server.hang_up();
    server.hears("anonymous were read again");
}

async fn ask(server: &Server, sql: &str) -> (u16, String) {
    let request =
        reqwest::Client::new().post(format!("http://{}/query?format=csv", server.address));
    let answer = request.body(sql.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn settings_are_of_the_queries_to_come() {
    let place = two_authorities();
    let view = place.sql().join("core").join("today.sql");
    settings(&place, "analyst", "");
    let (mut server, postgres) = place.serve_postgres(&[]);
    let (mut session, _) = Client::connect(postgres, &[]);
    assert_eq!(session.simple(ACTS).value(), "3");
    assert_eq!(session.simple(TODAY).code(), "42P01");

    std::fs::write(&view, VIEW).unwrap();
    is_told(&mut server);
    assert_eq!(session.simple(TODAY).value(), "42");
    assert_eq!(ask(&server, TODAY).await, (200, "n\n42\n".to_owned()));

    // One that is broken changes nothing.
    std::fs::write(&view, VIEW.replace("42", "fourty_two")).unwrap();
    server.hang_up();
    assert!(server.hears("the settings remain").contains("today.sql"));
    assert_eq!(session.simple(TODAY).value(), "42");
    std::fs::write(&view, VIEW).unwrap();

    let token = create(&place, "analyst");
    let (mut known, _) = Client::connect_by(postgres, &token);
    settings(&place, "nobody", "queries = 1\nquery_seconds = 200\n");
    is_told(&mut server);
    assert_eq!(ask(&server, TODAY).await.0, 401);
    assert_eq!(session.simple(ACTS).code(), "28P01");
    assert_eq!(known.simple(ACTS).value(), "3");
    settings(&place, "everybody", "");
    server.hang_up();
    server.hears("the settings remain");
    assert_eq!(ask(&server, TODAY).await.0, 401);
    assert_eq!(known.simple(ACTS).value(), "3");
}
