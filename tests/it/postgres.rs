//! The PostgreSQL protocol, with a bare client and with bytes that no client sends.

mod access;
mod dialect;
mod wire;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::support::{Place, Server, acts};

pub(crate) use wire::Client;

/// Numbers of types.
const BOOL: u32 = 16;
const INT8: u32 = 20;
const TEXT: u32 = 25;
const TEXTS: u32 = 1009;

const TEXT_FORMAT: u16 = 0;
const BINARY_FORMAT: u16 = 1;

/// A server over two acts of one authority, and where it speaks PostgreSQL.
pub(crate) struct Door {
    place: Place,
    server: Server,
    address: SocketAddr,
}

impl Door {
    pub(crate) fn open() -> Self {
        let place = Place::new();
        let two = acts(&[("a", "213502388", "2025-01-01"), ("b", "213502388", "2025-01-02")]);
        place.ok(&["ingest", &place.file("acts/a.csv", two)]);
        let (server, address) = place.serve_postgres(&[]);
        Self { place, server, address }
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(&[])
    }

    fn client_with(&self, settings: &[(&str, &str)]) -> Client {
        let (client, reply) = Client::connect(self.address, settings);
        assert_eq!(reply.error, None);
        client
    }
}

const EVERY_TYPE: &str = "select true as yes, cast(1 as smallint) as two, cast(2 as int) as four, \
    cast(3 as bigint) as eight, cast(0.5 as real) as float, cast(-0.25 as double) as double, \
    cast(-1234567.89 as decimal(18, 2)) as money, date '2025-02-28' as day, \
    timestamp '2025-02-28T10:00:00.25' as moment, 'Crac''h' as name, \
    make_array('a', 'b c', null) as list, null as nothing";

#[test]
fn every_type_goes_out_in_text_and_in_binary() {
    let door = Door::open();
    let mut client = door.client();
    let expected = [
        ("yes", 16, "t", b"\x01".to_vec()),
        ("two", 21, "1", b"\0\x01".to_vec()),
        ("four", 23, "2", b"\0\0\0\x02".to_vec()),
        ("eight", 20, "3", b"\0\0\0\0\0\0\0\x03".to_vec()),
        ("float", 700, "0.5", 0.5_f32.to_be_bytes().to_vec()),
        ("double", 701, "-0.25", (-0.25_f64).to_be_bytes().to_vec()),
        // 123, 4567 and 8900 of base 10,000; the first counts ten thousands; negative; two decimals.
        ("money", 1700, "-1234567.89", b"\0\x03\0\x01\x40\0\0\x02\0\x7b\x11\xd7\x22\xc4".to_vec()),
        ("day", 1082, "2025-02-28", 9190_i32.to_be_bytes().to_vec()),
        ("moment", 1114, "2025-02-28 10:00:00.25", 794_052_000_250_000_i64.to_be_bytes().to_vec()),
        ("name", 25, "Crac'h", b"Crac'h".to_vec()),
        (
            "list",
            1009,
            r#"{a,"b c",NULL}"#,
            b"\0\0\0\x01\0\0\0\x01\0\0\0\x19\0\0\0\x03\0\0\0\x01\0\0\0\x01a\0\0\0\x03b c\xff\xff\xff\xff"
                .to_vec(),
        ),
    ];
    let text = client.simple(EVERY_TYPE);
    let binary = client.extended(EVERY_TYPE, &[], &[], BINARY_FORMAT);
    let names: Vec<_> = expected.iter().map(|(name, of, ..)| ((*name).to_owned(), *of)).collect();
    for reply in [&text, &binary] {
        assert_eq!(reply.columns[..11], names, "{reply:?}");
        assert_eq!(
            (reply.rows.len(), &reply.rows[0][11], &reply.tags[..]),
            (1, &None, &["SELECT 1".to_owned()][..])
        );
    }
    for (place, (name, _, as_text, as_binary)) in expected.into_iter().enumerate() {
        assert_eq!(text.texts()[0][place], Some(as_text), "{name}");
        assert_eq!(binary.rows[0][place], Some(as_binary), "{name}");
    }
    assert_eq!(client.extended(EVERY_TYPE, &[], &[], TEXT_FORMAT).rows, text.rows);
}

#[test]
fn statements_take_typed_values() {
    let door = Door::open();
    let mut client = door.client();
    let sql = "select count(*) from core.acts where siren = $1 and period >= $2";
    for (siren, period, expected) in
        [("213502388", "2025", "2"), ("213502388", "2026", "0"), ("", "", "0")]
    {
        let values = [Some(siren.as_bytes()), Some(period.as_bytes())];
        let reply = client.extended(sql, &[], &values, TEXT_FORMAT);
        assert_eq!(reply.parameters, [TEXT, TEXT]);
        assert_eq!(reply.value(), expected, "{siren} {period}");
    }
    let sql = "select $1 + 1, $2, $3";
    let types = [INT8, BOOL, TEXTS];
    let values: [Option<&[u8]>; 3] = [Some(b"41"), Some(b"t"), Some(b"{a,NULL}")];
    let reply = client.extended(sql, &types, &values, TEXT_FORMAT);
    assert_eq!(reply.texts(), [[Some("42"), Some("t"), Some("{a,NULL}")]]);
    assert_eq!(reply.columns.iter().map(|column| column.1).collect::<Vec<_>>(), types);
    let reply =
        client.extended("select $1", &[INT8], &[Some(&41_i64.to_be_bytes())], BINARY_FORMAT);
    assert_eq!(reply.rows, [[Some(41_i64.to_be_bytes().to_vec())]]);
    let nothing = "select coalesce(cast($1 as bigint), -1)";
    assert_eq!(client.extended(nothing, &[], &[None], TEXT_FORMAT).value(), "-1");
    let count = "select count(*) from core.acts where siren = $1";
    assert_eq!(client.extended(count, &[], &[], TEXT_FORMAT).code(), "08P01");
    assert_eq!(client.extended("select $1", &[INT8], &[Some(b"x")], TEXT_FORMAT).code(), "22P02");
}

#[test]
fn portals_and_cursors_give_rows_by_and_by() {
    let door = Door::open();
    let mut client = door.client();
    client.prepare("select value from generate_series(1, 25) t", &[]);
    client.bind("p", &[], TEXT_FORMAT);
    for _ in 0..4 {
        client.execute("p", 10);
    }
    let reply = client.sync();
    assert_eq!(reply.tags, ["suspended", "suspended", "SELECT 5", "SELECT 0"]);
    assert_eq!((reply.rows.len(), reply.texts()[24][0]), (25, Some("25")));
    client.execute("p", 1);
    assert_eq!(client.sync().code(), "34000");

    let declare = "begin; declare c cursor for select value from generate_series(1, 1000000) t";
    assert_eq!(client.simple(declare).tags, ["BEGIN", "DECLARE CURSOR"]);
    assert_eq!(client.simple("fetch forward 2 from c").texts(), [[Some("1")], [Some("2")]]);
    let reply = client.simple("move 90000 from c; fetch next from c");
    assert_eq!(
        (reply.value(), &reply.tags[..]),
        ("90003", &["MOVE 90000".to_owned(), "FETCH 1".to_owned()][..])
    );
    let reply = client.extended("fetch c", &[], &[], BINARY_FORMAT);
    assert_eq!(reply.rows, [[Some(90_004_i64.to_be_bytes().to_vec())]]);
    assert_eq!(client.simple("close c; rollback").status, Some('I'));
    assert_eq!(client.simple("fetch c").code(), "34000");
}

#[test]
fn half_a_million_rows_arrive() {
    let door = Door::open();
    let sql = "select value, 'row ' || cast(value as varchar) from generate_series(1, 500000) t";
    let reply = door.client().extended(sql, &[], &[], BINARY_FORMAT);
    let number = |row: &Vec<Option<Vec<u8>>>| {
        i64::from_be_bytes(row[0].as_deref().unwrap().try_into().unwrap())
    };
    assert_eq!(reply.rows.iter().map(number).sum::<i64>(), 125_000_250_000);
    assert_eq!(reply.tags, ["SELECT 500000"]);
}

#[test]
fn each_error_has_its_code_and_no_value() {
    let door = Door::open();
    let mut client = door.client();
    let stolen = door.place.path().join("stolen.csv");
    let copy = format!("copy (select 1) to '{}'", stolen.display());
    for (sql, expected) in [
        ("selec 1", "42601"),
        ("select 1 from", "42601"),
        ("select * from nothing", "42P01"),
        ("select * from lake.acts", "42P01"),
        ("select * from '/etc/passwd'", "42P01"),
        ("select nothing from core.acts", "42703"),
        ("select nothing(1)", "42883"),
        ("drop table core.acts", "42501"),
        ("insert into core.acts values (1)", "42501"),
        (&copy, "42501"),
        ("copy core.acts from stdin", "42601"),
        ("prepare p as select 1", "42501"),
        ("explain analyze select 1", "42501"),
        ("set datafusion.runtime.memory_limit = '8G'", "42501"),
        ("set session authorization other", "42501"),
        ("show datafusion.runtime.memory_limit", "42501"),
        ("set nothing = 1", "42704"),
        ("set carnac.release = 99", "42704"),
        ("set carnac.release = 'x'", "22023"),
        ("set client_encoding = 'latin1'", "22023"),
        ("select cast(siren || 'x' as int) from core.acts", "22000"),
        ("fetch absolute 1 from c", "0A000"),
        ("close c", "34000"),
    ] {
        for reply in [client.simple(sql), client.extended(sql, &[], &[], BINARY_FORMAT)] {
            assert_eq!((reply.code(), reply.status), (expected, Some('I')), "{sql}: {reply:?}");
            assert!(!reply.error.unwrap().1.contains("213502388"), "{sql}");
        }
    }
    assert!(!stolen.exists());
    let two = "select 1; select 2";
    assert_eq!(client.extended(two, &[], &[], TEXT_FORMAT).code(), "42601");
    assert_eq!(client.simple("select count(*) from core.acts").value(), "2");
}

#[test]
fn a_session_has_settings_and_transactions_that_change_nothing_else() {
    let door = Door::open();
    let mut client = door.client_with(&[("options", "-c application_name=first")]);
    assert_eq!(
        (client.told["application_name"].as_str(), client.told["server_version"].as_str()),
        ("first", "16.6")
    );
    assert_eq!(client.simple(" -- nothing\n ; ").tags, ["empty"]);
    assert_eq!(client.extended("", &[], &[], TEXT_FORMAT).tags, ["empty"]);
    assert_eq!(
        client.simple("set application_name to 'second'; set datestyle = iso").tags,
        ["SET", "SET"]
    );
    assert_eq!(client.simple("show application_name").value(), "second");
    assert_eq!(client.told["application_name"], "second");
    assert_eq!(client.simple("discard all").tags, ["DISCARD ALL"]);
    assert_eq!(client.extended("show application_name", &[], &[], TEXT_FORMAT).value(), "first");
    for sql in ["show transaction isolation level", "show time zone", "show server_version"] {
        assert!(!client.simple(sql).value().is_empty(), "{sql}");
    }
    client.simple("set application_name to 'third'");
    for reply in [client.simple("show all"), client.extended("SHOW ALL", &[], &[], TEXT_FORMAT)] {
        assert!(reply.texts().contains(&vec![Some("application_name"), Some("third")]));
        assert_eq!(reply.columns.len(), 2);
    }

    let both = client.simple("select 1; select 2 as b, 'a;b'");
    assert_eq!(both.texts().concat(), [Some("1"), Some("2"), Some("a;b")]);
    let failed = client.simple("begin; select nothing");
    assert_eq!((failed.code(), failed.status), ("42703", Some('E')));
    assert_eq!(client.simple("select 1").code(), "25P02");
    assert_eq!(client.simple("commit").tags, ["ROLLBACK"]);
    assert_eq!(client.simple("begin; savepoint a; selec").code(), "42601");
    let mended = client.simple("rollback to savepoint a; select 1; commit");
    assert_eq!((mended.value(), mended.status), ("1", Some('I')));
    let harmless = client.simple("deallocate all; close all; unlisten *; reset all");
    assert_eq!((harmless.error, harmless.tags.len()), (None, 4));
    assert_eq!(client.simple("select 3").value(), "3");
}

/// Whatever runs without an end is ended: by a cancel while rows come, by a cancel and by a time
/// while none do.
#[test]
fn a_cancel_and_a_timeout_stop_what_runs() {
    let door = Door::open();
    let mut client = door.client();
    client.send(b'Q', b"select value from generate_series(1, 1000000000000) t\0");
    while client.receive().unwrap().0 != b'D' {}
    client.cancel();
    let reply = client.reply();
    assert_eq!((reply.code(), reply.status), ("57014", Some('I')));
    let endless = "select count(*) from generate_series(1, 1000000000000) t";
    assert_eq!(client.simple("set statement_timeout = 20").error, None);
    assert_eq!(client.simple(endless).code(), "57014");
    assert_eq!(client.extended(endless, &[], &[], TEXT_FORMAT).code(), "57014");
    assert_eq!(client.simple("reset statement_timeout; select 1").value(), "1");

    // A longer time than the server's is none.
    let (_hasty, address) = door.place.serve_postgres(&["--query-seconds", "1"]);
    let (mut patient, _) = Client::connect(address, &[("statement_timeout", "1h")]);
    assert_eq!(patient.simple(endless).code(), "57014");

    let mut other = door.client();
    other.send(b'Q', format!("{endless}\0").as_bytes());
    // Nothing waits for its answer any more: the server must still end when it is told to.
    other.leave();
    assert_eq!(door.server.stop(), Some(0));
}

#[test]
fn a_query_is_copied_as_a_file() {
    let door = Door::open();
    let mut client = door.client();
    let query = "(select cast(column1 as int) as n, column2 as t from (values (1, 'a,\"b'), (2, null)) as v)";
    let mut copied = |options: &str| {
        let sql = format!("copy {query} to stdout {options}");
        let (reply, again) = (client.simple(&sql), client.extended(&sql, &[], &[], BINARY_FORMAT));
        assert_eq!((&reply.error, &reply.tags[..]), (&None, &["COPY 2".to_owned()][..]), "{sql}");
        assert_eq!(again.copied, reply.copied);
        reply.copied
    };
    assert_eq!(copied("(format csv, header)"), b"n,t\n1,\"a,\"\"b\"\n2,\n");
    assert_eq!(copied(""), b"1\ta,\"b\n2\t\\N\n");
    let mut expected = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    expected.extend(b"\0\x02\0\0\0\x04\0\0\0\x01\0\0\0\x04a,\"b");
    expected.extend(b"\0\x02\0\0\0\x04\0\0\0\x02\xff\xff\xff\xff\xff\xff");
    assert_eq!(copied("with binary"), expected);
    let many = client.simple("copy (select value from generate_series(1, 200000) t) to stdout");
    assert_eq!(many.copied.iter().filter(|byte| **byte == b'\n').count(), 200_000);
}

/// A transaction reads one release to its end; a session may name one.
#[test]
fn readers_pin_a_release() {
    let door = Door::open();
    let mut client = door.client();
    let count = "select count(*) from core.acts";
    assert_eq!(client.simple(&format!("begin; {count}")).value(), "2");
    let more = acts(&[("c", "213502388", "2025-01-03")]);
    door.place.ok(&["ingest", &door.place.file("acts/c.csv", more)]);
    assert_eq!(client.extended(count, &[], &[], TEXT_FORMAT).value(), "2");
    assert_eq!(client.simple(&format!("commit; {count}")).value(), "3");
    assert_eq!(client.simple("show carnac.release").value(), "2");

    assert_eq!(client.simple(&format!("set carnac.release = 1; {count}")).value(), "2");
    assert_eq!(client.simple("show carnac.release").value(), "1");
    assert_eq!(client.simple(&format!("reset carnac.release; {count}")).value(), "3");
    let mut old = door.client_with(&[("options", "-c carnac.release=1")]);
    assert_eq!(old.simple(count).value(), "2");
    let (_, refused) = Client::connect(door.address, &[("carnac.release", "99")]);
    assert_eq!(refused.code(), "42704");
}

#[test]
fn bytes_that_are_no_messages_end_their_connection_only() {
    let door = Door::open();
    let frames: [&[u8]; 7] = [
        b"",
        b"\0\0\0\x02",
        b"\xff\xff\xff\xff\0\x03\0\0",
        b"\0\0\0\x08\0\x02\0\0",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0\0\0\x11\0\x03\0\0user\0me\0\0",
        b"\0\0\0\x18\0\x03\0\0user\0anonymous\0\0",
    ];
    let messages: [&[u8]; 5] = [
        b"Q\0\0\0\x03",
        b"Q\x7f\xff\xff\xff",
        b"B\0\0\0\x06\0\0",
        b"Z\0\0\0\x04",
        b"Q\0\0\0\x05\xff",
    ];
    for (first, then) in frames.iter().flat_map(|first| messages.map(|then| (first, then))) {
        let mut stream = TcpStream::connect(door.address).unwrap();
        stream.write_all(first).unwrap();
        // The server may have closed already.
        stream.write_all(then).unwrap_or_default();
        stream.shutdown(std::net::Shutdown::Write).unwrap_or_default();
        stream.read_to_end(&mut Vec::new()).unwrap_or_default();
    }
    assert_eq!(door.client().simple("select 1").value(), "1");
}

#[test]
fn sigterm_tells_the_clients_and_ends_the_server_well() {
    let door = Door::open();
    let mut client = door.client();
    assert_eq!(client.simple("select 1").value(), "1");
    assert_eq!(door.server.stop(), Some(0));
    assert_eq!(client.reply().code(), "57P01");
}
