//! Flight tickets: whose they are, and what of their answers is packed, bound and cancelled.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::{ActionCancelQueryRequest, ActionCancelQueryResult, Any, SqlInfo};
use arrow_flight::{
    Action, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightData, FlightInfo,
    Ticket,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use prost::Message;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::flight::{connect, fetch, number, query};
use crate::identity::{create, two_authorities};
use crate::support::{Place, Server};

/// What an answer is sent in: more than fits between a server and a client that does not read.
const MUCH: &str = "select a.value, repeat('x', 100) as filler
                    from generate_series(1, 20000000) as a";

fn demo() -> (Place, Server) {
    let place = Place::demo();
    let server = place.serve();
    (place, server)
}

/// A client of the bare protocol.
async fn bare(server: &Server) -> FlightServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    FlightServiceClient::new(endpoint.connect().await.unwrap())
}

fn ticket(info: &FlightInfo) -> Ticket {
    info.endpoint[0].ticket.clone().unwrap()
}

/// A call by whom the token names.
fn by<T>(token: &str, message: T) -> Request<T> {
    let mut call = Request::new(message);
    call.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    call
}

/// Rows of two parameters.
fn bound(names: Vec<&str>, numbers: Vec<i64>) -> RecordBatch {
    let values: [(&str, ArrayRef); 2] =
        [("1", Arc::new(StringArray::from(names))), ("2", Arc::new(Int64Array::from(numbers)))];
    RecordBatch::try_from_iter(values).unwrap()
}

#[tokio::test]
async fn an_answer_in_parts_is_the_whole_answer() {
    let (_place, server) = demo();
    let mut client = connect(&server).await;
    let bare = &mut bare(&server).await;
    // Lines of an answer, or of each of its parts; all of them sorted.
    let mut lines = async |parts: &str, sql: &str| {
        client.set_header("x-carnac-endpoints", parts);
        let info = client.execute(sql.to_owned(), None).await.unwrap();
        let mut lines = Vec::new();
        for endpoint in &info.endpoint {
            let rows = bare.do_get(endpoint.ticket.clone().unwrap()).await.unwrap().into_inner();
            let rows = rows.map_err(arrow_flight::error::FlightError::from);
            let rows = FlightRecordBatchStream::new_from_flight_data(rows);
            let rows: Vec<_> = rows.try_collect().await.unwrap();
            let text = arrow::util::pretty::pretty_format_batches(&rows).unwrap().to_string();
            lines.extend(text.lines().filter(|line| line.contains("20")).map(str::to_owned));
        }
        lines.sort();
        (info.endpoint.len(), lines)
    };
    let cases = [
        ("select * from core.acts", true),
        ("select act_id, period from core.acts where period >= '2020' and nature_code = '1'", true),
        (
            "select * from core.acts as a join core.authority_years as y using (siren, period)",
            false,
        ),
        ("select * from core.acts order by act_id", false),
        ("select period, count(*) from core.acts group by period", false),
        ("select act_id, period from core.acts order by act_id limit 20", false),
        ("select act_id, period, row_number() over (order by act_id) from core.acts", false),
    ];
    for (sql, has_parts) in cases {
        let (one, whole) = lines("1", sql).await;
        let (some, parts) = lines("4", sql).await;
        assert!(one == 1 && (some > 1 || !has_parts), "{sql}: {some}");
        assert!(whole.len() > 1 && whole == parts, "{sql}: {} and {}", whole.len(), parts.len());
    }
    client.set_header("x-carnac-endpoints", "65");
    assert!(client.execute("select 1".to_owned(), None).await.is_err());
}

#[tokio::test]
async fn a_ticket_is_of_whom_it_was_given_to() {
    let place = two_authorities();
    let server = place.serve();
    let [rennes, iroise] =
        ["authority:213502388", "authority:242900074"].map(|role| create(&place, role));
    let mut owner = connect(&server).await;
    owner.set_token(rennes.clone());
    let sql = "select count(*) from core.acts".to_owned();
    let info = owner.execute(sql.clone(), None).await.unwrap();
    assert!(info.endpoint[0].expiration_time.is_some());
    let client = &mut bare(&server).await;
    let mut get = async |token: &str, ticket: Ticket| {
        let rows = client.do_get(by(token, ticket)).await?;
        rows.into_inner().try_collect::<Vec<FlightData>>().await.map(|_| ())
    };
    assert!(get(&rennes, ticket(&info)).await.is_ok());
    let stolen = get(&iroise, ticket(&info)).await.unwrap_err();
    assert_eq!(stolen.code(), Code::Unauthenticated);
    // One byte anywhere, and it is none.
    let whole = ticket(&info).ticket.to_vec();
    for at in (0..whole.len()).step_by(7) {
        let mut forged = whole.clone();
        forged[at] ^= 1;
        assert!(get(&rennes, Ticket::new(forged)).await.is_err(), "byte {at}");
    }
    let mut stolen = connect(&server).await;
    stolen.set_token(iroise.clone());
    let mut statement = owner.prepare(sql, None).await.unwrap();
    assert!(statement.execute().await.is_ok());
    // Another server has another key.
    let other = place.serve();
    let client = &mut bare(&other).await;
    let foreign = client.do_get(by(&rennes, ticket(&info))).await.map(|_| ());
    assert_eq!(foreign.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_query_runs_once_for_each_row_of_parameters() {
    let (_place, server) = demo();
    let client = &mut connect(&server).await;
    let sql = "select $1 as name, $2 * 2 as twice where $2 <> 3".to_owned();
    let mut statement = client.prepare(sql, None).await.unwrap();
    statement.set_parameters(bound(vec!["a", "b", "c", "d"], vec![1, 2, 3, 4])).unwrap();
    let info = statement.execute().await.unwrap();
    let rows = fetch(client, info).await;
    let names: Vec<_> = rows.column(0).as_string::<i32>().iter().flatten().collect();
    assert_eq!(names, ["a", "b", "d"]);
    let twice: Vec<_> =
        (0..3).map(|row| number(&rows.project(&[1]).unwrap().slice(row, 1))).collect();
    assert_eq!(twice, [2, 4, 8]);
    statement.set_parameters(bound(vec!["a"; 1001], vec![1; 1001])).unwrap();
    let error = statement.execute().await.unwrap_err().to_string();
    assert!(error.contains("at most 1000 rows"), "{error}");
}

#[tokio::test]
async fn a_query_bound_to_no_row_is_not_run_and_has_its_columns() {
    let (_place, server) = demo();
    let client = &mut connect(&server).await;
    // It has a row whenever it is run.
    let sql = "select max($1) as name, max($2) as number, count(*) as count from core.acts
               where siren <> $1 and $2 is not null";
    let mut statement = client.prepare(sql.to_owned(), None).await.unwrap();
    let unbound = statement.execute().await.unwrap();
    let error = match client.do_get(ticket(&unbound)).await {
        Err(error) => error.to_string(),
        Ok(rows) => rows.try_collect::<Vec<_>>().await.unwrap_err().to_string(),
    };
    assert!(error.contains("the query has 2 parameters, 0 were given"), "{error}");
    for count in [0, 1, 2, 0] {
        statement.set_parameters(bound(vec!["a"; count], vec![1; count])).unwrap();
        let info = statement.execute().await.unwrap();
        let rows = fetch(client, info).await;
        let of = |column: usize| rows.schema().field(column).data_type().clone();
        assert_eq!((rows.num_rows(), rows.num_columns()), (count, 3));
        assert_eq!([of(0), of(1), of(2)], [DataType::Utf8, DataType::Int64, DataType::Int64]);
    }
    let too_few = bound(Vec::new(), Vec::new()).project(&[0]).unwrap();
    statement.set_parameters(too_few).unwrap();
    let error = statement.execute().await.unwrap_err().to_string();
    assert!(error.contains("the query has 2 parameters, 1 were given"), "{error}");
    // What has no column either binds nothing.
    let mut statement = client.prepare("select 7".to_owned(), None).await.unwrap();
    statement.set_parameters(RecordBatch::new_empty(Arc::new(Schema::empty()))).unwrap();
    let info = statement.execute().await.unwrap();
    assert_eq!(number(&fetch(client, info).await), 7);
}

/// A type states how large one value is: none of it is made.
#[tokio::test]
async fn no_row_of_a_huge_type_takes_no_memory() {
    let (_place, server) = demo();
    let client = &mut connect(&server).await;
    let number = || Arc::new(Field::new("item", DataType::Int64, true));
    let many = DataType::FixedSizeList(number(), i32::MAX);
    let inner = Fields::from(vec![Field::new("inner", many.clone(), true)]);
    for of in [DataType::FixedSizeBinary(i32::MAX), many, DataType::Struct(inner)] {
        let mut statement = client.prepare("select $1 as a".to_owned(), None).await.unwrap();
        let schema = Schema::new(vec![Field::new("1", of.clone(), true)]);
        statement.set_parameters(RecordBatch::new_empty(Arc::new(schema))).unwrap();
        let info = statement.execute().await.unwrap();
        assert_eq!(fetch(client, info).await.num_rows(), 0, "{of}");
    }
}

/// One call ends in the time of one query, in the same words, however many rows it is bound to.
#[tokio::test]
async fn all_rows_of_parameters_have_the_time_of_one_query() {
    let place = Place::demo();
    let hasty = place.serve_with(&["--log", "warn"], &["--query-seconds", "1"]);
    let patient = place.serve();
    // Its time is over long before the last row.
    let each = "select count(*) from generate_series(1, 1000000) as t where value % $1 = 0";
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(1..=1000));
    let rows = RecordBatch::try_from_iter([("1", numbers)]).unwrap();
    for (server, session) in [(&hasty, ""), (&patient, "timeout.1")] {
        let client = &mut connect(server).await;
        let mut statement = client.prepare(each.to_owned(), None).await.unwrap();
        statement.set_parameters(rows.clone()).unwrap();
        let bound = statement.execute().await.unwrap();
        let one = "select count(*) from generate_series(1, 1000000000000) as t";
        let one = client.execute(one.to_owned(), None).await.unwrap();
        let bare = &mut bare(server).await;
        let mut ended = async |info: &FlightInfo| {
            let mut call = Request::new(ticket(info));
            if !session.is_empty() {
                let cookie = format!("arrow_flight_session_id={session}");
                call.metadata_mut().insert("cookie", cookie.parse().unwrap());
            }
            let error = match bare.do_get(call).await {
                Ok(rows) => rows.into_inner().try_collect::<Vec<_>>().await.unwrap_err(),
                Err(error) => error,
            };
            (error.code(), error.message().to_owned())
        };
        let of_one = ended(&one).await;
        assert_eq!(of_one.0, Code::DeadlineExceeded);
        assert_eq!(ended(&bound).await, of_one, "{session}");
    }
}

#[tokio::test]
async fn an_answer_is_packed_when_asked_for() {
    let (_place, server) = demo();
    let sql = "select act_id, siren, subject_code from core.acts order by act_id";
    let plain = query(&mut connect(&server).await, sql).await;
    let client = &mut bare(&server).await;
    let info = connect(&server).await.execute(sql.to_owned(), None).await.unwrap();
    let mut bytes = async |packing: Option<&'static str>| -> Result<usize, Status> {
        let mut call = Request::new(ticket(&info));
        if let Some(packing) = packing {
            call.metadata_mut().insert("x-carnac-compression", packing.parse().unwrap());
        }
        let messages: Vec<_> = client.do_get(call).await?.into_inner().try_collect().await?;
        Ok(messages.iter().map(|message| message.data_body.len()).sum())
    };
    let whole = bytes(None).await.unwrap();
    for packing in ["zstd", "lz4"] {
        let packed = bytes(Some(packing)).await.unwrap();
        assert!(packed * 2 < whole, "{packing}: {packed} bytes of {whole}");
        let mut client = connect(&server).await;
        client.set_header("x-carnac-compression", packing);
        assert_eq!(query(&mut client, sql).await, plain);
    }
    assert_eq!(bytes(Some("gzip")).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn an_answer_is_cancelled_while_it_is_sent() {
    let (_place, server) = demo();
    let info = connect(&server).await.execute(MUCH.to_owned(), None).await.unwrap();
    let (reader, canceller) = (&mut bare(&server).await, &mut bare(&server).await);
    for action in ["CancelFlightInfo", "CancelQuery"] {
        let mut is_cancelled = async || {
            let body = cancellation(action, &info);
            let reply = canceller.do_action(Action::new(action, body)).await.unwrap();
            of_cancellation(action, reply.into_inner().next().await.unwrap().unwrap().body)
        };
        assert!(!is_cancelled().await, "{action}");
        let mut rows = reader.do_get(ticket(&info)).await.unwrap().into_inner();
        assert!(rows.next().await.unwrap().is_ok());
        assert!(is_cancelled().await, "{action}");
        let ended = rows.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(ended.code(), Code::Cancelled);
        // What was sent already was read: nothing of it runs on.
        assert!(!is_cancelled().await, "{action}");
        let nonsense = canceller.do_action(Action::new(action, vec![1, 2, 3])).await;
        assert_eq!(nonsense.map(|_| ()).unwrap_err().code(), Code::InvalidArgument);
    }
    let asked = connect(&server).await.get_sql_info(vec![SqlInfo::FlightSqlServerCancel]).await;
    let told = fetch(&mut connect(&server).await, asked.unwrap()).await;
    assert!(told.column(1).as_union().value(0).as_boolean().value(0));
}

/// What asks that an answer be cancelled, by an action of today or by that of before.
fn cancellation(action: &str, info: &FlightInfo) -> Vec<u8> {
    if action == "CancelFlightInfo" {
        return CancelFlightInfoRequest::new(info.clone()).encode_to_vec();
    }
    let asked = ActionCancelQueryRequest { info: info.encode_to_vec().into() };
    Any::pack(&asked).unwrap().encode_to_vec()
}

/// Whether an action says that it has cancelled an answer.
fn of_cancellation(action: &str, reply: Bytes) -> bool {
    if action == "CancelFlightInfo" {
        let status = CancelFlightInfoResult::decode(reply).unwrap().status();
        assert!(matches!(status, CancelStatus::Cancelled | CancelStatus::NotCancellable));
        return status == CancelStatus::Cancelled;
    }
    let result = Any::decode(reply).unwrap().unpack::<ActionCancelQueryResult>();
    let result = result.unwrap().unwrap().result;
    assert!(matches!(result, 1 | 3), "neither cancelled nor not to be cancelled: {result}");
    result == 1
}
