//! What a server that runs is told anew, at SIGHUP, and that nobody is cut off for it.

use crate::identity::{create, two_authorities};
use crate::postgres::Client;
use crate::support::{Place, Server};

const ACTS: &str = "select count(*) as n from core.acts";

/// More than any machine does in a second.
const LONG: &str = "select count(*) from generate_series(1, 100000) as a (n) \
                    join generate_series(1, 100000) as b (n) on a.n * 7919 % 100003 < b.n * 7907 % 100019";

fn settings(place: &Place, anonymous: &str, more: &str) {
    place.file("carnac.toml", format!("anonymous = '{anonymous}'\n{more}"));
}

fn is_told(server: &mut Server) {
    server.hang_up();
    server.hears("anonymous were read again");
}

async fn ask(server: &Server, sql: &str) -> u16 {
    let request = reqwest::Client::new().post(format!("http://{}/query", server.address));
    request.body(sql.to_owned()).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn settings_are_of_the_queries_to_come() {
    let place = two_authorities();
    let token = create(&place, "analyst");
    settings(&place, "analyst", "");
    let (mut server, postgres) = place.serve_postgres(&[]);
    let (mut session, _) = Client::connect(postgres, &[]);
    let (mut known, _) = Client::connect_by(postgres, &token);
    assert_eq!(session.simple(ACTS).value(), "3");
    assert_eq!(ask(&server, ACTS).await, 200);

    settings(&place, "nobody", "queries = 1\nquery_seconds = 1\n");
    is_told(&mut server);
    assert_eq!(ask(&server, ACTS).await, 401);
    assert_eq!(session.simple(ACTS).code(), "28P01");
    assert_eq!(known.simple(LONG).code(), "57014");
    assert_eq!(known.simple(ACTS).value(), "3");

    // What cannot be read changes nothing, also when it is not there for a moment.
    settings(&place, "everybody", "");
    server.hang_up();
    server.hears("the settings remain");
    std::fs::remove_file(place.path().join("carnac.toml")).unwrap();
    server.hang_up();
    assert!(server.hears("the settings remain").contains("is gone"));
    assert_eq!(ask(&server, ACTS).await, 401);
    settings(&place, "analyst", "");
    is_told(&mut server);
    assert_eq!(ask(&server, ACTS).await, 200);
    assert_eq!(known.simple(ACTS).value(), "3");
}
