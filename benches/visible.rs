//! How soon a release is seen, by those who ask a server that others keep busy.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow_flight::sql::client::FlightSqlServiceClient;
use carnac_lake::Lake;
use carnac_query::Principal;
use carnac_server::Security;
use futures::stream::TryStreamExt;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use super::history::History;
use super::wire::connect;
use super::{median, of_lake};

const READERS: usize = 8;

/// What the readers ask, over and over.
const ASKED: [&str; 2] = [super::POINT, "select * from indicator.act_transmission_rate"];

/// Times how long after its record is there a release is what a query answers of, and prints it.
#[expect(clippy::print_stdout, reason = "a bench says what it measured")]
pub(crate) fn measure(runtime: &Runtime, history: &mut History, turns: usize) {
    let root = history.root();
    let lake = Lake::open(&root.display().to_string(), &[]).expect("the lake");
    let address = runtime.block_on(serve(lake.clone()));
    let (done, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let readers: Vec<_> = (0..READERS)
        .map(|_| runtime.spawn(read(address, Arc::clone(&done), Arc::clone(&reads))))
        .collect();
    let mut client = runtime.block_on(connect(address));
    let mut times = Vec::new();
    for _ in 0..turns {
        let newest = runtime.block_on(lake.newest()).expect("a release").id;
        let record = root.join(format!("releases/{:08}.json", newest + 1));
        thread::scope(|scope| {
            scope.spawn(|| history.next_refresh());
            wait_for(&record);
            let from = Instant::now();
            while runtime.block_on(release(&mut client)) <= newest {}
            times.push(from.elapsed());
        });
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        runtime.block_on(reader).expect("a reader");
    }
    let longest = times.iter().max().copied().unwrap_or_default();
    let median = median(times);
    println!(
        "from the record of a release to the first answer of it, {READERS} readers beside, {turns} \
         releases: median {median:?}, longest {longest:?}; {} answers to the readers",
        reads.load(Ordering::SeqCst)
    );
}

async fn serve(lake: Lake) -> SocketAddr {
    // Who may read the number of the release.
    let access = Arc::new(crate::access(lake.clone(), Principal::Operator));
    let gateway = of_lake(lake);
    gateway.warm_up().await.expect("a release");
    let bound =
        carnac_server::bind(([127, 0, 0, 1], 0).into(), Security::Loopback).await.expect("a port");
    let address = bound.address();
    tokio::spawn(bound.serve(Arc::new(gateway), access, std::future::pending()));
    address
}

/// Asks until all is over.
async fn read(address: SocketAddr, done: Arc<AtomicBool>, reads: Arc<AtomicUsize>) {
    let mut client = connect(address).await;
    while !done.load(Ordering::SeqCst) {
        for sql in ASKED {
            rows(&mut client, sql).await;
            reads.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn wait_for(file: &Path) {
    while !file.exists() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// The release that a query answers of.
async fn release(client: &mut FlightSqlServiceClient<Channel>) -> u64 {
    let rows = rows(client, "select release_id from lake.release").await;
    let number = rows.first().map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0));
    number.and_then(|number| number.try_into().ok()).expect("a number")
}

async fn rows(client: &mut FlightSqlServiceClient<Channel>, sql: &str) -> Vec<RecordBatch> {
    let plan = client.execute(sql.to_owned(), None).await.expect("a plan");
    let ticket = plan.endpoint.into_iter().next().and_then(|endpoint| endpoint.ticket);
    let stream = client.do_get(ticket.expect("a ticket")).await.expect("a stream");
    stream.try_collect().await.expect("rows")
}
