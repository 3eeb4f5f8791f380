//! What the machine can do: landing, queries, and the wire, each beside a peer in the same run.
//!
//! `CARNAC_BENCH_ROWS` sets the number of acts, 1,000,000 unless it says otherwise; over the wire go ten
//! times as many.

mod history;
mod postgres;
mod visible;
mod wire;

use std::fmt::Write;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, Field, Schema};
use cap::Cap;
use carnac_ingest::{Source, find, land};
use carnac_lake::{DEFAULT_MEMORY, Lake};
use carnac_query::{Access, Gateway, Principal, STACK_BYTES, Views};
use chrono::{DateTime, Days, NaiveDate};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// That of the program.
#[global_allocator]
static MEMORY: Cap<MiMalloc> = Cap::new(MiMalloc, usize::MAX);

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = landing, queries, wire::wire, refresh
}
criterion_main!(benches);

/// The answer that goes over the wire.
const SCAN: &str = "select act_id, siren, nature_code, subject_code, decision_date from core.acts";
const POINT: &str =
    "select * from indicator.act_transmission_rate where siren = '213502388' and period = '2024'";

#[expect(clippy::disallowed_methods, reason = "a bench is configured by its environment")]
fn row_count() -> u64 {
    std::env::var("CARNAC_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000)
}

fn threads() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()
        .expect("threads")
}

/// A lake with acts of the Breton communes over ten years, and what goes with them.
struct Bed {
    folder: TempDir,
    runtime: Runtime,
    acts: PathBuf,
    rows: u64,
}

impl Bed {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let rows = row_count();
        let acts = folder.path().join("acts").join("acts.csv");
        std::fs::create_dir(folder.path().join("acts")).expect("a folder");
        std::fs::write(&acts, acts_csv(rows)).expect("a file");
        Self { folder, runtime: threads(), acts, rows }
    }

    /// Lands files into a new lake of that name and publishes them.
    fn lake(&self, name: &str, paths: &[&Path]) -> Lake {
        land_into(&self.runtime, &self.folder.path().join(name), paths)
    }

    /// The acts of this bed with the samples of the other datasets.
    fn full_lake(&self) -> Lake {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples");
        let folders =
            ["authorities", "memberships", "consultations", "bids", "reported", "contracts"];
        let folders: Vec<_> = folders.iter().map(|folder| samples.join(folder)).collect();
        let mut paths: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
        paths.push(&self.acts);
        self.lake("full", &paths)
    }

    fn gateway(&self, lake: Lake) -> Gateway {
        self.opened(of_lake(lake))
    }

    fn opened(&self, gateway: Gateway) -> Gateway {
        self.runtime.block_on(gateway.warm_up()).expect("a release");
        gateway
    }
}

fn of_lake(lake: Lake) -> Gateway {
    Gateway::new(lake, Views::embedded().expect("good files"), DEFAULT_MEMORY)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Lands files into a new lake and publishes them.
fn land_into(runtime: &Runtime, root: &Path, paths: &[&Path]) -> Lake {
    let lake = Lake::create(&root.display().to_string(), &[]).expect("a lake");
    let sources: Vec<_> = paths
        .iter()
        .flat_map(|path| find(path).expect("files").files)
        .map(|found| Source::open(found, None, &[]).expect("a dataset"))
        .collect();
    runtime.block_on(async {
        let run_date = NaiveDate::from_ymd_opt(2025, 12, 31).expect("a day");
        let mut draft = lake.draft(run_date).await.expect("a draft");
        land(&lake, &mut draft, &sources, None, DEFAULT_MEMORY, &|_| ()).await.expect("landed");
        lake.publish(draft, DateTime::UNIX_EPOCH).await.expect("published");
    });
    lake
}

/// Acts in the shape of the platform's export, spread over 500 authorities and ten years.
fn acts_csv(rows: u64) -> String {
    let first = NaiveDate::from_ymd_opt(2015, 1, 1).expect("a day");
    let sirens: Vec<String> = (0..)
        .map(|n| format!("21{:07}", 3_500_000 + n))
        .filter(|s| carnac_model::identifier::is_siren(s))
        .take(499)
        .collect();
    let mut csv = "id_acte;siren;nature;matiere;date_decision;date_ar;statut;annule\n".to_owned();
    for row in 0..rows {
        let place = usize::try_from(row % 500).expect("a small number");
        let siren = sirens.get(place).map_or("213502388", String::as_str);
        let day = first + Days::new(row.wrapping_mul(2_654_435_761) % 3650);
        let nature = row % 6 + 1;
        let _infallible = writeln!(
            csv,
            "035-{siren}-{row}-{nature};{siren};{nature};{}.{};{day};{day};4;0",
            row % 9 + 1,
            row % 4 + 1
        );
    }
    csv
}

fn landing(criterion: &mut Criterion) {
    let bed = Bed::new();
    let mut group = criterion.benchmark_group("landing");
    group.throughput(Throughput::Elements(bed.rows));
    let mut lake = 0;
    group.bench_function("carnac: checked, sorted, partitioned Delta", |bench| {
        bench.iter(|| {
            lake += 1;
            bed.lake(&lake.to_string(), &[&bed.acts])
        });
    });
    group.bench_function("peer: arrow CSV reader to one Parquet file, unchecked", |bench| {
        bench.iter(|| csv_to_parquet(&bed.acts, &bed.folder.path().join("peer.parquet")));
    });
    group.finish();
}

fn csv_to_parquet(from: &Path, to: &Path) {
    let names =
        ["id_acte", "siren", "nature", "matiere", "date_decision", "date_ar", "statut", "annule"];
    let of = |name: &&str| match *name {
        "date_decision" | "date_ar" => DataType::Date32,
        "statut" => DataType::Int64,
        _ => DataType::Utf8,
    };
    let schema = Arc::new(Schema::new(
        names.iter().map(|name| Field::new(*name, of(name), true)).collect::<Vec<_>>(),
    ));
    let file = std::fs::File::open(from).expect("the file");
    let reader = arrow::csv::ReaderBuilder::new(Arc::clone(&schema))
        .with_header(true)
        .with_delimiter(b';')
        .build(file);
    let target = std::fs::File::create(to).expect("a file");
    let mut writer = ArrowWriter::try_new(target, schema, None).expect("a writer");
    for batch in reader.expect("a reader") {
        writer.write(&batch.expect("good rows")).expect("written");
    }
    writer.close().expect("closed");
}

fn queries(criterion: &mut Criterion) {
    let bed = Bed::new();
    let lake = bed.full_lake();
    let gateway = bed.gateway(lake.clone());
    let ask_of = |gateway: &Gateway, sql: &'static str| {
        bed.runtime.block_on(async {
            let answer = gateway.run(Principal::Analyst, sql, None, None).await.expect("an answer");
            black_box(answer.collect().await.expect("rows"))
        })
    };
    let ask = |sql| ask_of(&gateway, sql);
    let mut group = criterion.benchmark_group("queries");
    group.bench_function("open a release and plan all views", |bench| {
        bench.iter(|| bed.gateway(lake.clone()));
    });
    group.bench_function("point: one figure of A08", |bench| bench.iter(|| ask(POINT)));
    let keeping = bed.opened(of_lake(lake).keeping(DEFAULT_MEMORY / 32));
    group.bench_function("point: the same, kept", |bench| bench.iter(|| ask_of(&keeping, POINT)));
    group.bench_function("all figures of A08", |bench| {
        bench.iter(|| ask("select * from indicator.act_transmission_rate"))
    });
    group.throughput(Throughput::Elements(bed.rows));
    group.bench_function("scan: five columns of every act", |bench| bench.iter(|| ask(SCAN)));
    group.finish();
}

/// An access by which whoever asks is that one.
fn access(lake: Lake, anonymous: Principal) -> Access {
    let access = Access::new(lake, Some(anonymous), || DateTime::UNIX_EPOCH);
    access.expect("random bytes")
}

/// The refresh of one month with 12 and with 240 months of history. The ratio is printed, of
/// refreshes in turns: the machine is the same to both. Both histories are made when first asked for.
fn refresh(criterion: &mut Criterion) {
    let mut made = None;
    let mut group = criterion.benchmark_group("refresh");
    for (place, months) in history::MONTHS.into_iter().enumerate() {
        group.bench_function(format!("one month, {months} months of history"), |bench| {
            let histories = made.get_or_insert_with(|| {
                let mut histories =
                    history::MONTHS.map(|months| history::History::of(months, 5_000));
                history::compare(&mut histories, 11);
                visible::measure(&threads(), &mut histories[1], 20);
                histories
            });
            bench.iter_custom(|turns| (0..turns).map(|_| histories[place].next_refresh()).sum());
        });
    }
    group.finish();
}
