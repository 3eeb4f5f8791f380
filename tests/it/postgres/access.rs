//! Who asks over PostgreSQL: the password is a token, and every statement looks at it again.

use crate::identity::{IROISE, RENNES, create, id, two_authorities};

use super::Client;

const OWN: &str = "select string_agg(distinct siren, ',') from core.acts";

#[test]
fn the_password_is_a_token() {
    let place = two_authorities();
    let (analyst, rennes) = (create(&place, "analyst"), create(&place, "authority:213502388"));
    let (_server, address) = place.serve_postgres(&["--anonymous", "public"]);

    let (mut client, _) = Client::connect_by(address, &analyst);
    assert_eq!(client.simple("select count(*) from core.acts").value(), "3");
    let (mut client, _) = Client::connect_by(address, &rennes);
    assert_eq!(client.simple(OWN).value(), RENNES);
    let (mut client, _) = Client::connect(address, &[]);
    assert_eq!(client.simple(OWN).code(), "42P01");
    for wrong in ["", "analyst", &analyst.replace("carnac_", ""), &format!("{rennes}0")] {
        let (_, reply) = Client::connect_by(address, wrong);
        let (code, reason) = reply.error.unwrap();
        assert_eq!((code.as_str(), reply.status), ("28P01", None));
        assert!(reason.starts_with("the token is refused"), "{reason}");
    }
}

#[test]
fn a_session_ends_when_its_token_is_revoked() {
    let place = two_authorities();
    let token = create(&place, "analyst");
    let (_server, address) = place.serve_postgres(&[]);
    let open = || Client::connect_by(address, &token).0;
    let (mut simple, mut extended, mut prepared) = (open(), open(), open());
    assert_eq!(simple.simple("select 1").value(), "1");
    prepared.prepare("select 1", &[]);
    assert_eq!(prepared.sync().error, None);
    place.ok(&["token", "revoke", id(&token)]);
    assert_eq!(simple.simple("select 1").code(), "28P01");
    assert_eq!(extended.extended("select 1", &[], &[], 0).code(), "28P01");
    prepared.bind("", &[], 0);
    prepared.execute("", 0);
    assert_eq!(prepared.sync().code(), "28P01");
    // The connection is closed.
    assert_eq!(simple.receive(), None);
}

#[test]
fn nobody_is_let_in_without_a_token() {
    let place = two_authorities();
    let (_server, address) = place.serve_postgres(&["--anonymous", "nobody"]);
    let (_, reply) = Client::connect(address, &[]);
    let (code, reason) = reply.error.unwrap();
    assert_eq!(code, "28P01");
    assert!(reason.starts_with("a token is wanted"), "{reason}");
}

/// An authority is told of what it sees, and of no row of another, in what fails too.
#[test]
fn the_catalogue_of_an_authority_lists_what_it_sees() {
    let place = two_authorities();
    let (_server, address) = place.serve_postgres(&[]);
    let (mut client, _) = Client::connect_by(address, &create(&place, "authority:213502388"));
    let classes = "select n.nspname, c.relname from pg_class c join pg_namespace n \
                   on n.oid = c.relnamespace order by 1, 2";
    let tables = "select table_schema, table_name from information_schema.tables \
                  where table_schema <> 'information_schema' order by 1, 2";
    let (classes, tables) = (client.simple(classes), client.simple(tables));
    assert_eq!(classes.texts(), tables.texts());
    assert!(classes.texts().contains(&vec![Some("core"), Some("acts")]));
    assert!(!classes.texts().iter().any(|row| row[0] == Some("peer")));
    for sql in [
        "select count(*) from core.acts where cast(act_id as int) < 0 or siren = '242900074'",
        "select 1 / (case when siren = '242900074' then 0 else 1 end) from core.acts",
        "explain select * from core.acts",
    ] {
        let reply = client.simple(sql);
        assert!(!format!("{:?}", (&reply.rows, &reply.error)).contains(IROISE), "{sql}: {reply:?}");
    }
}
