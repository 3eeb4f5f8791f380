//! A large answer by Flight DoGet, of ten times as many acts as the other benches have, beside those that
//! have less to do: a bare Flight service with the same batches in memory, PostgreSQL with the same rows.

use std::future::pending;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::flight_service_server::FlightServiceServer;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::server::FlightSqlService;
use arrow_flight::sql::{ProstMessageExt, SqlInfo, TicketStatementQuery};
use arrow_flight::{FlightData, Ticket};
use carnac_lake::Lake;
use carnac_query::{Gateway, Limits, Principal};
use carnac_server::Security;
use criterion::Criterion;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use prost::Message;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

use super::postgres::{Asked, Postgres};
use super::{SCAN, access, acts_csv, land_into, median, of_lake, row_count, threads};

/// Memory for what is kept, of which half is for tables.
const KEPT: usize = 2 * 1024 * 1024 * 1024;

/// Readings of each, in turns.
const TURNS: usize = 5;

/// One way to the rows, read to its end: it returns how many there were.
type Read<'d> = Box<dyn FnMut() -> usize + 'd>;

/// The times of the Carnac server; the others are measured beside it and printed first.
pub(crate) fn wire(criterion: &mut Criterion) {
    let mut doors = None;
    criterion.bench_function("wire: Flight SQL DoGet", |bench| {
        let doors = doors.get_or_insert_with(|| {
            let doors = Doors::open();
            doors.compare();
            doors
        });
        bench.iter(|| doors.flight(doors.carnac));
    });
}

/// The same rows at every door.
struct Doors {
    runtime: Runtime,
    gateway: Arc<Gateway>,
    carnac: SocketAddr,
    /// One that keeps tables.
    keeping: SocketAddr,
    peer: SocketAddr,
    postgres: Option<Postgres>,
    rows: usize,
    /// Of the rows, as they stand in memory.
    bytes: usize,
}

impl Doors {
    fn open() -> Self {
        let runtime = threads();
        let lake = lake(&runtime, 10 * row_count());
        let access = Arc::new(access(lake.clone(), Principal::Analyst));
        let within =
            |gateway: Gateway| Arc::new(gateway.within(Limits::default()).expect("threads"));
        let keeping = within(of_lake(lake.clone()).keeping(KEPT));
        let gateway = within(of_lake(lake));
        let batches = runtime.block_on(async {
            let answer = gateway.run(Principal::Analyst, SCAN, None, None).await;
            answer.expect("an answer").collect().await.expect("rows")
        });
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let bytes = batches.iter().map(RecordBatch::get_array_memory_size).sum();
        let serve = |gateway: &Arc<Gateway>| {
            let listen = carnac_server::bind(([127, 0, 0, 1], 0).into(), Security::Loopback);
            let bound = runtime.block_on(listen).expect("a port");
            let address = bound.address();
            runtime.spawn(bound.serve(Arc::clone(gateway), Arc::clone(&access), pending()));
            address
        };
        let (carnac, keeping) = (serve(&gateway), serve(&keeping));
        let postgres = Postgres::with(&batches);
        let peer = runtime.block_on(start_peer(batches));
        Self { runtime, gateway, carnac, keeping, peer, postgres, rows, bytes }
    }

    /// Reads by every way in turns, and prints how long each took and how much faster Carnac was.
    #[expect(clippy::print_stdout, reason = "a bench says what it measured")]
    #[expect(clippy::cast_precision_loss, reason = "it is shown to three digits")]
    fn compare(&self) {
        let mut ways = self.ways();
        let mut times = vec![Vec::new(); ways.len()];
        assert!(self.bytes < KEPT / 2, "tables may take so much of what is kept");
        // The first turn is not counted.
        for turn in 0..=TURNS {
            for ((_, read), times) in ways.iter_mut().zip(&mut times) {
                let from = Instant::now();
                assert_eq!(read(), self.rows, "every way has all rows");
                if turn > 0 {
                    times.push(from.elapsed());
                }
            }
        }
        let medians: Vec<_> = times.into_iter().map(median).collect();
        let ours = medians.first().map_or(0.0, Duration::as_secs_f64);
        let mega = self.bytes as f64 / 1e6;
        println!("{} rows, {mega:.0} MB in memory, one client, median of {TURNS}:", self.rows);
        for ((name, _), time) in ways.iter().zip(&medians) {
            let (seconds, rows) = (time.as_secs_f64(), self.rows as f64 / 1e6);
            println!(
                "  {name:<48} {seconds:7.3} s {:7.2} million rows/s {:7.0} MB/s, {:5.2} times as long as Carnac",
                rows / seconds,
                mega / seconds,
                seconds / ours
            );
        }
        if self.postgres.is_none() {
            println!("  PostgreSQL 15 is not there: install Debian's package postgresql-15");
        }
    }

    /// The ways to the rows, by name; the first is Carnac's.
    fn ways(&self) -> Vec<(&'static str, Read<'_>)> {
        let mut ways: Vec<(_, Read<'_>)> = vec![
            ("Carnac, Flight DoGet", Box::new(|| self.flight(self.carnac))),
            ("Carnac, tables kept in memory", Box::new(|| self.flight(self.keeping))),
            ("bare Flight service, batches in memory", Box::new(|| self.flight(self.peer))),
            ("the query alone, no door", Box::new(|| self.query())),
        ];
        if let Some(postgres) = &self.postgres {
            for (name, asked) in Asked::ALL {
                ways.push((name, Box::new(move || postgres.read(asked))));
            }
        }
        ways
    }

    /// Reads all rows by a new connection of Flight SQL.
    fn flight(&self, address: SocketAddr) -> usize {
        self.runtime.block_on(async {
            let mut client = connect(address).await;
            let ticket = match address == self.peer {
                true => Ticket::new(TicketStatementQuery::default().as_any().encode_to_vec()),
                false => {
                    let plan = client.execute(SCAN.to_owned(), None).await.expect("a plan");
                    let endpoint = plan.endpoint.into_iter().next();
                    endpoint.and_then(|endpoint| endpoint.ticket).expect("a ticket")
                }
            };
            let rows = client.do_get(ticket).await.expect("a stream");
            let count = rows.try_fold(0, |rows, batch| async move { Ok(rows + batch.num_rows()) });
            count.await.expect("rows")
        })
    }

    fn query(&self) -> usize {
        self.runtime.block_on(async {
            let answer = self.gateway.run(Principal::Analyst, SCAN, None, None).await;
            let rows = answer.expect("an answer").stream;
            let count = rows.try_fold(0, |rows, batch| async move { Ok(rows + batch.num_rows()) });
            count.await.expect("rows")
        })
    }
}

/// The lake of so many acts; it is made once, and kept below `target`.
fn lake(runtime: &Runtime, rows: u64) -> Lake {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let root = kept.join(format!("wire-{rows}"));
    if !root.exists() {
        let made = TempDir::new_in(kept).expect("a temporary folder");
        let acts = made.path().join("acts").join("acts.csv");
        std::fs::create_dir(made.path().join("acts")).expect("a folder");
        std::fs::write(&acts, acts_csv(rows)).expect("a file");
        land_into(runtime, &made.path().join("lake"), &[&acts]);
        std::fs::rename(made.path().join("lake"), &root).expect("renamed");
    }
    Lake::open(&root.display().to_string(), &[]).expect("the lake")
}

pub(crate) async fn connect(address: SocketAddr) -> FlightSqlServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    FlightSqlServiceClient::new(endpoint.connect().await.expect("a connection"))
}

/// A Flight service that sends batches from memory: what the protocol itself takes here.
struct Peer(Vec<RecordBatch>);

async fn start_peer(batches: Vec<RecordBatch>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let service = FlightServiceServer::new(Peer(batches));
    tokio::spawn(
        Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))),
    );
    address
}

#[tonic::async_trait]
impl FlightSqlService for Peer {
    type FlightService = Self;

    async fn do_get_statement(
        &self,
        _: TicketStatementQuery,
        _: Request<Ticket>,
    ) -> Result<Response<BoxStream<'static, Result<FlightData, Status>>>, Status> {
        let batches = futures::stream::iter(self.0.clone().into_iter().map(Ok));
        let schema = self.0.first().map(RecordBatch::schema).expect("a batch");
        let stream = FlightDataEncoderBuilder::new().with_schema(schema).build(batches);
        Ok(Response::new(stream.map_err(Status::from).boxed()))
    }

    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}
