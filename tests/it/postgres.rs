//! The PostgreSQL protocol, with the Rust client of it and with bare bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use futures::{StreamExt, TryStreamExt};
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage};

use crate::support::{Place, Server, acts};

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
        let (server, address) = place.serve_postgres();
        Self { place, server, address }
    }

    pub(crate) async fn client(&self) -> Client {
        self.client_with("").await.unwrap()
    }

    async fn client_with(&self, options: &str) -> Result<Client, Error> {
        let mut config = Config::new();
        config.host(self.address.ip().to_string()).port(self.address.port()).user("me");
        let (client, connection) = config.options(options).connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

/// The rows of a text of statements, each value as text.
pub(crate) async fn texts(client: &Client, sql: &str) -> Vec<Vec<Option<String>>> {
    let messages = client.simple_query(sql).await.unwrap();
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|place| row.get(place).map(str::to_owned)).collect())
        }
        _ => None,
    };
    messages.into_iter().filter_map(row).collect()
}

/// The one value of an answer, as text.
pub(crate) async fn value(client: &Client, sql: &str) -> String {
    let found = texts(client, sql).await.concat();
    let [Some(one)] = found.as_slice() else { panic!("{found:?} is not one value") };
    one.clone()
}

fn code(error: &Error) -> &str {
    error.code().unwrap_or_else(|| panic!("{error:?} has no code")).code()
}

pub(crate) async fn refused(client: &Client, sql: &str) -> String {
    match client.simple_query(sql).await {
        Err(error) => code(&error).to_owned(),
        Ok(_) => panic!("{sql} was not refused"),
    }
}

/// A value as it comes over the wire.
struct Raw(Vec<u8>);

impl FromSql<'_> for Raw {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

const EVERY_TYPE: &str = "select true as yes, cast(1 as smallint) as two, cast(2 as int) as four, \
    cast(3 as bigint) as eight, cast(0.5 as real) as float, cast(-0.25 as double) as double, \
    cast(-1234567.89 as decimal(18, 2)) as money, date '2025-02-28' as day, \
    timestamp '2025-02-28T10:00:00.25' as moment, 'Crac''h' as name, \
    make_array('a', 'b c', null) as list, null as nothing";

#[tokio::test]
async fn every_type_goes_out_in_text_and_in_binary() {
    let door = Door::open();
    let client = door.client().await;
    let expected = [
        "t",
        "1",
        "2",
        "3",
        "0.5",
        "-0.25",
        "-1234567.89",
        "2025-02-28",
        "2025-02-28 10:00:00.25",
        "Crac'h",
        r#"{a,"b c",NULL}"#,
    ];
    let found = texts(&client, EVERY_TYPE).await.concat();
    assert_eq!(found[..11], expected.map(|text| Some(text.to_owned())));
    assert_eq!(found[11], None);

    let row = client.query_one(EVERY_TYPE, &[]).await.unwrap();
    let types: Vec<_> = row.columns().iter().map(|column| column.type_().name()).collect();
    let names = [
        "bool",
        "int2",
        "int4",
        "int8",
        "float4",
        "float8",
        "numeric",
        "date",
        "timestamp",
        "text",
        "_text",
        "text",
    ];
    assert_eq!(types, names);
    assert!(row.get::<_, bool>(0));
    assert_eq!((row.get::<_, i16>(1), row.get::<_, i32>(2), row.get::<_, i64>(3)), (1, 2, 3));
    assert_eq!(row.get::<_, f32>(4).to_bits(), 0.5_f32.to_bits());
    assert_eq!(row.get::<_, f64>(5).to_bits(), (-0.25_f64).to_bits());
    // 123, 4567 and 8900 of base 10,000; the first stands for ten thousands; negative; two decimals.
    let money = [0, 3, 0, 1, 0x40, 0, 0, 2, 0, 123, 0x11, 0xd7, 0x22, 0xc4];
    assert_eq!(row.get::<_, Raw>(6).0, money);
    assert_eq!(row.get::<_, Raw>(7).0, 9190_i32.to_be_bytes());
    assert_eq!(row.get::<_, Raw>(8).0, 794_052_000_250_000_i64.to_be_bytes());
    assert_eq!(row.get::<_, &str>(9), "Crac'h");
    let list: Vec<Option<&str>> = row.get(10);
    assert_eq!(list, [Some("a"), Some("b c"), None]);
    assert_eq!(row.get::<_, Option<&str>>(11), None);
}

#[tokio::test]
async fn prepared_statements_take_typed_values() {
    let door = Door::open();
    let client = door.client().await;
    let sql = "select count(*) from core.acts where siren = $1 and period >= $2";
    let statement = client.prepare(sql).await.unwrap();
    assert_eq!(statement.params(), [Type::TEXT, Type::TEXT]);
    for (siren, period, expected) in
        [("213502388", "2025", 2), ("213502388", "2026", 0), ("", "", 0)]
    {
        let row = client.query_one(&statement, &[&siren, &period]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), expected, "{siren} {period}");
    }
    let sql = "select $1 + 1, $2, $3";
    let types = [Type::INT8, Type::BOOL, Type::TEXT_ARRAY];
    let statement = client.prepare_typed(sql, &types).await.unwrap();
    let list = vec![Some("a"), None];
    let row = client.query_one(&statement, &[&41_i64, &true, &list]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, bool>(1)), (42, true));
    assert_eq!(row.get::<_, Vec<Option<&str>>>(2), list);
    let nothing = client.query_one("select coalesce(cast($1 as bigint), -1)", &[&None::<&str>]);
    assert_eq!(nothing.await.unwrap().get::<_, i64>(0), -1);
}

#[tokio::test]
async fn portals_and_cursors_give_rows_by_and_by() {
    let door = Door::open();
    let mut client = door.client().await;
    let transaction = client.transaction().await.unwrap();
    let portal = transaction.bind("select value from generate_series(1, 25) t", &[]).await.unwrap();
    for expected in [10, 10, 5, 0] {
        assert_eq!(transaction.query_portal(&portal, 10).await.unwrap().len(), expected);
    }
    transaction.commit().await.unwrap();

    let declare = "begin; declare c cursor for select value from generate_series(1, 1000000) t";
    client.simple_query(declare).await.unwrap();
    let numbers = |from: i64, to: i64| -> Vec<_> {
        (from..=to).map(|number| vec![Some(number.to_string())]).collect()
    };
    assert_eq!(texts(&client, "fetch forward 2 from c").await, numbers(1, 2));
    assert_eq!(
        texts(&client, "move 90000 from c; fetch next from c").await,
        numbers(90_003, 90_003)
    );
    let row = client.query_one("fetch c", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 90_004);
    client.simple_query("close c; rollback").await.unwrap();
    assert_eq!(refused(&client, "fetch c").await, "34000");
}

#[tokio::test]
async fn a_million_rows_arrive() {
    let door = Door::open();
    let client = door.client().await;
    let sql = "select value, 'row ' || cast(value as varchar) from generate_series(1, 1000000) t";
    let rows = client.query_raw(sql, Vec::<i32>::new()).await.unwrap();
    let add = |(count, sum): (i64, i64), row: tokio_postgres::Row| async move {
        Ok((count + 1, sum + row.get::<_, i64>(0)))
    };
    let (count, sum) = rows.try_fold((0, 0), add).await.unwrap();
    assert_eq!((count, sum), (1_000_000, 500_000_500_000));
}

#[tokio::test]
async fn each_error_has_its_code_and_no_value() {
    let door = Door::open();
    let client = door.client().await;
    let copied = door.place.path().join("stolen.csv");
    let copy = format!("copy (select 1) to '{}'", copied.display());
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
        ("copy core.acts from stdin", "42501"),
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
        assert_eq!(refused(&client, sql).await, expected, "{sql}");
        if let Ok(statement) = client.prepare(sql).await {
            let error = client.query(&statement, &[]).await.unwrap_err();
            assert_eq!(code(&error), expected, "{sql}");
        }
    }
    assert!(!copied.exists());
    let error = client.query("select cast(siren || 'x' as int) from core.acts", &[]).await;
    assert!(!error.unwrap_err().to_string().contains("213502388"));
    let error = client.prepare("select 1; select 2").await.unwrap_err();
    assert_eq!(code(&error), "42601");
    assert_eq!(value(&client, "select count(*) from core.acts").await, "2");
}

#[tokio::test]
async fn a_session_has_settings_and_transactions_that_change_nothing_else() {
    let door = Door::open();
    let client = door.client_with("-c application_name=first").await.unwrap();
    assert_eq!(texts(&client, " -- nothing\n ; ").await.len(), 0);
    assert_eq!(value(&client, "show application_name").await, "first");
    client.simple_query("set application_name to 'second'; set datestyle = iso").await.unwrap();
    assert_eq!(value(&client, "show application_name").await, "second");
    client.simple_query("discard all").await.unwrap();
    assert_eq!(value(&client, "show application_name").await, "first");
    for sql in ["show transaction isolation level", "show time zone", "show server_version"] {
        assert!(!value(&client, sql).await.is_empty(), "{sql}");
    }

    let both = texts(&client, "select 1; select 2 as b, 'a;b'").await;
    assert_eq!(both.concat().into_iter().flatten().collect::<Vec<_>>(), ["1", "2", "a;b"]);
    assert_eq!(refused(&client, "begin; select nothing").await, "42703");
    assert_eq!(refused(&client, "select 1").await, "25P02");
    client.simple_query("rollback; savepoint a; release savepoint a").await.unwrap();
    assert_eq!(refused(&client, "begin; savepoint a; selec").await, "42601");
    client.simple_query("rollback to savepoint a; select 1; commit").await.unwrap();
    client.batch_execute("deallocate all; close all; unlisten *; reset all").await.unwrap();
    assert_eq!(value(&client, "select 3").await, "3");
}

#[tokio::test]
async fn a_cancel_and_a_timeout_stop_what_runs() {
    let door = Door::open();
    let client = door.client().await;
    let endless = "select value from generate_series(1, 1000000000000) t";
    let rows = client.query_raw(endless, Vec::<i32>::new()).await.unwrap();
    let mut rows = std::pin::pin!(rows);
    assert!(rows.next().await.unwrap().is_ok());
    client.cancel_token().cancel_query(NoTls).await.unwrap();
    let error = loop {
        if let Err(error) = rows.next().await.unwrap() {
            break error;
        }
    };
    assert_eq!(code(&error), "57014");
    client.simple_query("set statement_timeout = 1").await.unwrap();
    let count = "select count(*) from generate_series(1, 1000000000000) t";
    assert_eq!(refused(&client, count).await, "57014");
    client.simple_query("reset statement_timeout").await.unwrap();
    assert_eq!(value(&client, "select 1").await, "1");
}

async fn copied(client: &Client, sql: &str) -> Vec<u8> {
    let parts: Vec<_> = client.copy_out(sql).await.unwrap().try_collect().await.unwrap();
    parts.concat()
}

#[tokio::test]
async fn a_query_is_copied_as_a_file() {
    let door = Door::open();
    let client = door.client().await;
    let query = "(select cast(column1 as int) as n, column2 as t from (values (1, 'a,\"b'), (2, null)) as v)";
    let text = |options: &str| format!("copy {query} to stdout {options}");
    let csv = copied(&client, &text("(format csv, header)")).await;
    assert_eq!(String::from_utf8(csv).unwrap(), "n,t\n1,\"a,\"\"b\"\n2,\n");
    let plain = copied(&client, &text("")).await;
    assert_eq!(String::from_utf8(plain).unwrap(), "1\ta,\"b\n2\t\\N\n");
    let mut expected = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    expected.extend(b"\0\x02\0\0\0\x04\0\0\0\x01\0\0\0\x04a,\"b");
    expected.extend(b"\0\x02\0\0\0\x04\0\0\0\x02\xff\xff\xff\xff\xff\xff");
    assert_eq!(copied(&client, &text("with binary")).await, expected);
    let many = "copy (select value from generate_series(1, 200000) t) to stdout";
    assert_eq!(copied(&client, many).await.iter().filter(|byte| **byte == b'\n').count(), 200_000);
}

/// A transaction reads one release to its end; a session may name one.
#[tokio::test]
async fn readers_pin_a_release() {
    let door = Door::open();
    let client = door.client().await;
    let count = "select count(*) from core.acts";
    client.simple_query("begin").await.unwrap();
    assert_eq!(value(&client, count).await, "2");
    let more = acts(&[("c", "213502388", "2025-01-03")]);
    door.place.ok(&["ingest", &door.place.file("acts/c.csv", more)]);
    assert_eq!(value(&client, count).await, "2");
    client.simple_query("commit").await.unwrap();
    assert_eq!(value(&client, count).await, "3");
    assert_eq!(value(&client, "show carnac.release").await, "2");

    client.simple_query("set carnac.release = 1").await.unwrap();
    assert_eq!(value(&client, count).await, "2");
    assert_eq!(value(&client, "show carnac.release").await, "1");
    let old = door.client_with("-c carnac.release=1").await.unwrap();
    assert_eq!(value(&old, count).await, "2");
    let error = door.client_with("-c carnac.release=99").await.unwrap_err();
    assert_eq!(code(&error), "42704");
}

#[tokio::test]
async fn bytes_that_are_no_messages_end_their_connection_only() {
    let door = Door::open();
    let startup = b"\0\0\0\x12\0\x03\0\0user\0me\0\0\0";
    let frames: [&[u8]; 6] = [
        b"",
        b"\0\0\0\x02",
        b"\xff\xff\xff\xff\0\x03\0\0",
        b"\0\0\0\x08\0\x02\0\0",
        b"GET / HTTP/1.1\r\n\r\n",
        startup,
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
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap_or_default();
    }
    assert_eq!(value(&door.client().await, "select 1").await, "1");
}

#[tokio::test]
async fn sigterm_tells_the_clients_and_ends_the_server_well() {
    let door = Door::open();
    let client = door.client().await;
    assert_eq!(value(&client, "select 1").await, "1");
    let Door { place: _place, server, .. } = door;
    assert_eq!(tokio::task::spawn_blocking(move || server.stop()).await.unwrap(), Some(0));
    assert!(client.simple_query("select 1").await.is_err());
}
