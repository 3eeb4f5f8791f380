//! Arrow Flight SQL, with the Rust client of the same protocol.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::{
    CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetTables, SqlInfo,
};
use arrow_flight::{FlightInfo, Ticket};
use futures::{StreamExt, TryStreamExt};
use tonic::transport::{Channel, Endpoint};

use crate::support::{Place, Server, acts};

pub(crate) type Client = FlightSqlServiceClient<Channel>;

fn demo() -> (Place, Server) {
    let place = Place::demo();
    let server = place.serve();
    (place, server)
}

pub(crate) async fn connect(server: &Server) -> Client {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    FlightSqlServiceClient::new(endpoint.connect().await.unwrap())
}

pub(crate) async fn fetch(client: &mut Client, info: FlightInfo) -> RecordBatch {
    let told = info.clone().try_decode_schema().unwrap();
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let mut stream = client.do_get(ticket).await.unwrap();
    let batches: Vec<RecordBatch> = stream.by_ref().try_collect().await.unwrap();
    let schema = stream.schema().unwrap();
    assert_eq!(**schema, told, "the schema of the answer is the one that was told");
    arrow::compute::concat_batches(&Arc::new(told), &batches).unwrap()
}

pub(crate) async fn query(client: &mut Client, sql: &str) -> RecordBatch {
    let info = client.execute(sql.to_owned(), None).await.unwrap();
    fetch(client, info).await
}

pub(crate) async fn refused(client: &mut Client, sql: &str) -> String {
    match client.execute(sql.to_owned(), None).await {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{sql} was not refused"),
    }
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<String> {
    let column = batch.column_by_name(column).unwrap().as_string::<i32>();
    column.iter().map(|text| text.unwrap_or_default().to_owned()).collect()
}

pub(crate) fn number(batch: &RecordBatch) -> i64 {
    batch.column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test]
async fn a_statement_is_answered() {
    let (_place, server) = demo();
    let client = &mut connect(&server).await;
    let answer =
        query(client, "select count(*) from core.contracts where buyer_siren = '242900074'").await;
    assert_eq!(number(&answer), 10);
    let nothing =
        query(client, "select siren, value from indicator.membership_rate where siren = 'none'")
            .await;
    assert_eq!((nothing.num_rows(), nothing.num_columns()), (0, 2));
}

#[tokio::test]
async fn text_goes_out_as_utf8_and_money_as_decimal() {
    let (_place, server) = demo();
    let sql = "select buyer_siren, upper(buyer_name) || '!' as name, cast(period as varchar) as period, amount_eur,
               notification_date, arrow_cast(buyer_name, 'Utf8View') as view, arrow_cast('x', 'LargeUtf8') as large
               from core.contracts limit 5";
    let answer = query(&mut connect(&server).await, sql).await;
    let types: Vec<_> =
        answer.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    let text = DataType::Utf8;
    let expected = [
        text.clone(),
        text.clone(),
        text.clone(),
        DataType::Decimal128(18, 2),
        DataType::Date32,
        text.clone(),
        text,
    ];
    assert_eq!(types, expected);
}

#[tokio::test]
async fn a_million_rows_arrive() {
    let (_place, server) = demo();
    let sql = "select value as n, 'row ' || cast(value as varchar) as label from generate_series(1, 1000000) as t";
    let answer = query(&mut connect(&server).await, sql).await;
    assert_eq!(answer.num_rows(), 1_000_000);
    let sum: i64 = answer.column(0).as_primitive::<Int64Type>().values().iter().sum();
    assert_eq!(sum, 500_000_500_000);
}

#[tokio::test]
async fn a_prepared_statement_takes_parameters() {
    let (_place, server) = demo();
    let client = &mut connect(&server).await;
    let sql =
        "select count(*) from core.contracts where buyer_siren = $1 and duration_months >= $2";
    let mut statement = client.prepare(sql.to_owned(), None).await.unwrap();
    let parameters: Vec<_> = statement
        .parameter_schema()
        .unwrap()
        .fields()
        .iter()
        .map(|field| field.data_type().clone())
        .collect();
    assert_eq!(parameters, [DataType::Utf8, DataType::Int64]);
    for (siren, months, expected) in [("242900074", 0, 10), ("242900074", 1_000, 0), ("none", 0, 0)]
    {
        let values: [(&str, ArrayRef); 2] = [
            ("1", Arc::new(StringArray::from(vec![siren]))),
            ("2", Arc::new(Int64Array::from(vec![months]))),
        ];
        statement.set_parameters(RecordBatch::try_from_iter(values).unwrap()).unwrap();
        let info = statement.execute().await.unwrap();
        assert_eq!(number(&fetch(client, info).await), expected, "{siren} {months}");
    }
    statement.close().await.unwrap();
}

#[tokio::test]
async fn parameters_must_fit() {
    let (_place, server) = demo();
    let client = &mut connect(&server).await;
    let info = client.execute("select $1".to_owned(), None).await.unwrap();
    let error = match client.do_get(info.endpoint[0].ticket.clone().unwrap()).await {
        Err(error) => error.to_string(),
        Ok(stream) => stream.try_collect::<Vec<_>>().await.unwrap_err().to_string(),
    };
    assert!(error.contains("the query has 1 parameters, 0 were given"), "{error}");
}

#[tokio::test]
async fn drivers_find_catalogues_schemas_tables_and_types() {
    let (_place, server) = demo();
    let client = &mut connect(&server).await;

    let info = client.get_catalogs().await.unwrap();
    assert_eq!(texts(&fetch(client, info).await, "catalog_name"), ["carnac"]);

    let all = CommandGetDbSchemas { catalog: None, db_schema_filter_pattern: None };
    let info = client.get_db_schemas(all).await.unwrap();
    assert_eq!(
        texts(&fetch(client, info).await, "db_schema_name"),
        ["assessment", "catalog", "core", "cube", "indicator", "peer", "published"]
    );

    let tables = |schema: Option<&str>, table: Option<&str>, types: &[&str]| CommandGetTables {
        catalog: None,
        db_schema_filter_pattern: schema.map(str::to_owned),
        table_name_filter_pattern: table.map(str::to_owned),
        table_types: types.iter().map(|of| (*of).to_owned()).collect(),
        include_schema: true,
    };
    let info = client.get_tables(tables(Some("indicator"), None, &[])).await.unwrap();
    let listed = fetch(client, info).await;
    assert!(listed.num_rows() >= 22, "{}", listed.num_rows());
    let schemas = listed.column_by_name("table_schema").unwrap().as_binary::<i32>();
    for row in 0..listed.num_rows() {
        let ipc = arrow_flight::IpcMessage(schemas.value(row).to_vec().into());
        let schema = Schema::try_from(ipc).unwrap();
        assert_eq!(schema.field(0).name(), "siren");
        assert_eq!(schema.fields().last().unwrap().name(), "status");
    }
    for (schema, table, types, count) in [
        (None, Some("act%"), &["VIEW"][..], 7),
        (None, None, &["TABLE"][..], 2),
        (Some("lake"), None, &[][..], 0),
        (Some("none"), None, &[][..], 0),
    ] {
        let info = client.get_tables(tables(schema, table, types)).await.unwrap();
        assert_eq!(fetch(client, info).await.num_rows(), count, "{schema:?} {table:?} {types:?}");
    }
    let info = client.get_table_types().await.unwrap();
    assert_eq!(texts(&fetch(client, info).await, "table_type"), ["TABLE", "VIEW"]);
    let info = client
        .get_sql_info(vec![SqlInfo::FlightSqlServerName, SqlInfo::FlightSqlServerReadOnly])
        .await
        .unwrap();
    assert_eq!(fetch(client, info).await.num_rows(), 2);
    let info = client.get_xdbc_type_info(Default::default()).await.unwrap();
    assert!(texts(&fetch(client, info).await, "type_name").contains(&"varchar".to_owned()));
}

/// Columns by name and type; `*` after those that are never null.
fn columns(text: &str) -> Schema {
    let field = |text: &str| {
        let (name, of) = text.split_once(' ').unwrap();
        let of = match of.trim_end_matches('*') {
            "text" => DataType::Utf8,
            "int32" => DataType::Int32,
            "uint8" => DataType::UInt8,
            of => panic!("{of} is no type"),
        };
        Field::new(name, of, !text.ends_with('*'))
    };
    Schema::new(text.split(", ").map(field).collect::<Vec<_>>())
}

#[tokio::test]
async fn keys_are_none_and_have_their_columns() {
    let (_place, server) = demo();
    let client = &mut connect(&server).await;
    let primary = columns(
        "catalog_name text, db_schema_name text, table_name text*, column_name text*, \
         key_name text, key_sequence int32*",
    );
    let foreign = columns(
        "pk_catalog_name text, pk_db_schema_name text, pk_table_name text*, pk_column_name text*, \
         fk_catalog_name text, fk_db_schema_name text, fk_table_name text*, fk_column_name text*, \
         key_sequence int32*, fk_key_name text, pk_key_name text, update_rule uint8*, \
         delete_rule uint8*",
    );
    let (schema, table) = (Some("core".to_owned()), "acts".to_owned());
    let asked = CommandGetPrimaryKeys { catalog: None, db_schema: schema.clone(), table };
    let of_primary = client.get_primary_keys(asked).await.unwrap();
    let (db_schema, table) = (schema.clone(), "acts".to_owned());
    let asked = CommandGetExportedKeys { catalog: None, db_schema, table };
    let exported = client.get_exported_keys(asked).await.unwrap();
    let asked = CommandGetImportedKeys { catalog: None, db_schema: schema, table: "acts".into() };
    let imported = client.get_imported_keys(asked).await.unwrap();
    let asked = CommandGetCrossReference {
        pk_table: "acts".to_owned(),
        fk_table: "contracts".to_owned(),
        ..CommandGetCrossReference::default()
    };
    let crossed = client.get_cross_reference(asked).await.unwrap();
    for (info, columns) in
        [(of_primary, &primary), (exported, &foreign), (imported, &foreign), (crossed, &foreign)]
    {
        let keys = fetch(client, info).await;
        assert_eq!((keys.schema().as_ref(), keys.num_rows()), (columns, 0));
    }
}

#[tokio::test]
async fn what_is_no_query_is_refused_and_the_server_goes_on() {
    let (place, server) = demo();
    let client = &mut connect(&server).await;
    let file = place.path().join("stolen.csv");
    let statements = [
        ("drop table core.acts".to_owned(), "DROP TABLE is refused"),
        (format!("copy (select 1) to '{}'", file.display()), "COPY is refused"),
        (
            "create external table t stored as csv location '/etc/passwd'".to_owned(),
            "CREATE EXTERNAL is refused",
        ),
        ("set datafusion.runtime.memory_limit = '8G'".to_owned(), "SET is refused"),
        ("select 1; select 2".to_owned(), "one statement at a time"),
        ("explain analyze select 1".to_owned(), "EXPLAIN ANALYZE"),
        ("insert into core.acts select * from core.acts".to_owned(), "INSERT INTO is refused"),
        ("select * from '/etc/passwd'".to_owned(), "/etc/passwd"),
        ("select * from lake.acts".to_owned(), "lake.acts"),
        ("select * from ops.quarantine".to_owned(), "ops.quarantine"),
        ("select * from information_schema.nothing".to_owned(), "nothing"),
        ("selec 1".to_owned(), "selec"),
    ];
    for (sql, part) in statements {
        let error = refused(client, &sql).await;
        assert!(error.to_lowercase().contains(&part.to_lowercase()), "{sql}: {error}");
        assert!(client.prepare(sql.clone(), None).await.is_err(), "{sql} was prepared");
    }
    assert!(!file.exists());
    let schemas =
        query(client, "select distinct table_schema from information_schema.tables order by 1")
            .await;
    assert_eq!(
        texts(&schemas, "table_schema"),
        [
            "assessment",
            "catalog",
            "core",
            "cube",
            "indicator",
            "information_schema",
            "peer",
            "published"
        ]
    );
    assert_eq!(number(&query(client, "select count(*) from core.acts").await), 406);
}

#[tokio::test]
async fn an_error_on_a_value_does_not_show_the_value() {
    let (_place, server) = demo();
    let client = &mut connect(&server).await;
    for sql in [
        "select cast(name as int) from core.authority_years",
        "select name from core.authority_years where cast(name as int) > 0",
        "select 1 / (value - value) from core.reported where value is not null",
    ] {
        let info = client.execute(sql.to_owned(), None).await.unwrap();
        let ticket = info.endpoint[0].ticket.clone().unwrap();
        let error = match client.do_get(ticket).await {
            Err(error) => error.to_string(),
            Ok(stream) => stream.try_collect::<Vec<_>>().await.unwrap_err().to_string(),
        };
        assert!(error.contains("failed on a value while running"), "{sql}: {error}");
    }
    assert_eq!(number(&query(client, "select count(*) from core.acts").await), 406);
}

#[tokio::test]
async fn forged_tickets_are_refused() {
    let (_place, server) = demo();
    let client = &mut connect(&server).await;
    for forged in [&b""[..], b"nonsense", &[0xff; 100]] {
        assert!(client.do_get(Ticket::new(forged.to_vec())).await.is_err());
    }
    assert_eq!(number(&query(client, "select 1").await), 1);
}

/// A ticket reads the release it was given for; a new query reads the new release at once.
#[tokio::test]
async fn readers_pin_a_release_and_see_the_next_without_a_restart() {
    let place = Place::new();
    place.ok(&["ingest", &place.file("acts/a.csv", acts(&[("a", "213502388", "2025-01-01")]))]);
    let server = place.serve();
    let client = &mut connect(&server).await;
    let count = "select count(*) from core.acts";
    let before = client.execute(count.to_owned(), None).await.unwrap();
    place.ok(&["ingest", &place.file("acts/b.csv", acts(&[("b", "213502388", "2025-01-02")]))]);
    assert_eq!(number(&query(client, count).await), 2);
    assert_eq!(number(&fetch(client, before).await), 1);
}

#[tokio::test]
async fn sigterm_ends_the_server_well() {
    let (_place, server) = demo();
    let client = &mut connect(&server).await;
    assert_eq!(number(&query(client, "select 1").await), 1);
    // The client still holds its connection, and is there to hear that the server leaves.
    assert_eq!(tokio::task::spawn_blocking(move || server.stop()).await.unwrap(), Some(0));
}
