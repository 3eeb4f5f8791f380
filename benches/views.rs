//! How long every indicator takes over synthetic files: one line a view, with its rows.
//!
//! `CARNAC_BENCH_SCALE` sets the scale of `carnac sample`, 100 unless it says otherwise. Each view is
//! asked once, whole, after the release is opened: planning it, and those below it, is counted.
//!
//! Measured on 2026-11-28 in a release build, link-time optimisation off, on 2 cores with 24 GiB of
//! memory, 512 MiB for queries, the machine quiet; D01 to D05 read every rate of every authority:
//!
//! | id | view | rows | seconds |
//! |---|---|---|---|
//! | A01 | `indicator.online_tenders` | 15394 | 0.33 |
//! | A02 | `indicator.online_tender_rate` | 17756 | 0.30 |
//! | A03 | `indicator.electronic_reply_rate` | 15394 | 0.35 |
//! | A04 | `indicator.electronic_bid_rate` | 17144 | 0.32 |
//! | A05 | `indicator.electronic_bids_per_tender` | 15355 | 4.08 |
//! | A06 | `indicator.tenders_with_electronic_bid` | 15355 | 4.42 |
//! | A07 | `indicator.downloads_per_tender` | 30788 | 0.91 |
//! | A08 | `indicator.act_transmission_rate` | 15936 | 1.94 |
//! | A09 | `indicator.act_transmission_rate_by_nature` | 85020 | 6.39 |
//! | A10 | `indicator.act_structure_by_subject` | 293890 | 0.68 |
//! | A11 | `published.acknowledgement_delay` | 11770 | 0.29 |
//! | A12 | `indicator.rejected_acts` | 0 | 0.01 |
//! | A13 | `indicator.signed_flow_rate` | 16999 | 0.73 |
//! | A14 | `assessment.profile` | 18568 | 1.82 |
//! | A15 | `indicator.overall_rate` | 20098 | 4.87 |
//! | B01 | `indicator.membership_rate` | 10178 | 0.09 |
//! | B01-G | `indicator.membership_rate_with_groupings` | 10178 | 0.10 |
//! | B01-P | `indicator.membership_population_rate` | 10178 | 0.07 |
//! | B02 | `indicator.service_users` | 77605 | 2.13 |
//! | B03 | `indicator.active_accounts` | 10178 | 11.58 |
//! | B04 | `indicator.usage_intensity` | 20356 | 0.97 |
//! | B05 | `indicator.adoption_cohorts` | 70286 | 2.50 |
//! | B06 | `published.time_to_first_use` | 8 | 2.51 |
//! | B07 | `published.services_used` | 65 | 1.99 |
//! | B08 | `indicator.satisfaction` | 7334 | 0.04 |
//! | B09 | `indicator.obstacles` | 5425 | 0.03 |
//! | B10 | `indicator.drivers` | 0 | 0.03 |
//! | B11 | `indicator.survey_response_rate` | 2546 | 0.07 |
//! | B12 | `indicator.enablers` | 1909 | 0.03 |
//! | C01 | `indicator.pooling_savings` | 40188 | 0.28 |
//! | C02 | `indicator.paper_unit_cost` | 68332 | 0.05 |
//! | C03 | `indicator.electronic_unit_cost` | 68332 | 0.04 |
//! | C04 | `indicator.unit_saving` | 68332 | 0.03 |
//! | C05 | `indicator.realised_savings` | 40188 | 0.23 |
//! | C06 | `indicator.five_year_savings` | 20094 | 0.03 |
//! | C07 | `indicator.five_year_savings_at_full_rate` | 20094 | 0.03 |
//! | C08 | `indicator.remaining_savings` | 20094 | 0.03 |
//! | C09 | `published.pay_back` | 20 | 0.58 |
//! | C10 | `assessment.sensitivity` | 49 | 0.36 |
//! | D01 | `assessment.benchmark` | 169207 | 9.68 |
//! | D02 | `assessment.ranking` | 169207 | 10.77 |
//! | D03 | `assessment.trend` | 169207 | 18.74 |
//! | D04 | `assessment.gap` | 169207 | 11.47 |
//! | D05 | `assessment.composite_index` | 10187 | 13.95 |
//! | D06 | `published.data_quality` | 14 | 0.56 |
//! | D07 | `published.concentration` | 19 | 2.16 |
//! | E01 | `published.publications` | 0 | 0.01 |
//! | E02 | `indicator.unpublished_acts` | 0 | 0.01 |
//! | E03 | `indicator.scanned_publications` | 0 | 0.01 |

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use carnac_lake::{DEFAULT_MEMORY, Lake};
use carnac_query::{Gateway, Principal, Views};
use futures::stream::TryStreamExt;
use tempfile::TempDir;

#[expect(clippy::print_stdout, reason = "a bench says what it measured")]
fn main() {
    let folder = TempDir::new().expect("a temporary folder");
    let scale = scale();
    let landed = land(folder.path(), &scale);
    println!("scale {scale}, landed in {:.0} s", landed.as_secs_f64());
    let views = Views::embedded().expect("good files");
    let root = folder.path().join("lake").display().to_string();
    let lake = Lake::open(&root, &[]).expect("the lake");
    let gateway = Gateway::new(lake, views.clone(), DEFAULT_MEMORY);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(64 * 1024 * 1024)
        .build()
        .expect("threads");
    runtime.block_on(gateway.warm_up()).expect("a release");
    let mut files: Vec<_> = views.indicators().collect();
    files.sort_by_key(|file| &file.header.id);
    println!("| id | view | rows | seconds |\n|---|---|---|---|");
    for file in files {
        let name = format!("{}.{}", file.layer, file.name);
        let from = Instant::now();
        let rows = runtime.block_on(rows(&gateway, &format!("select * from {name}")));
        let seconds = from.elapsed().as_secs_f64();
        println!("| {} | `{name}` | {rows} | {seconds:.2} |", file.header.id);
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench is configured by its environment")]
fn scale() -> String {
    std::env::var("CARNAC_BENCH_SCALE").unwrap_or_else(|_| "100".to_owned())
}

/// Writes synthetic files, and lands them with the official lists as of their last day.
fn land(folder: &Path, scale: &str) -> Duration {
    run(folder, &["sample", "--scale", scale, "--out", "synthetic"]);
    let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples/authorities");
    let lists = lists.display().to_string();
    let from = Instant::now();
    run(
        folder,
        &[
            "--root",
            "lake",
            "ingest",
            "synthetic",
            &lists,
            "--profile",
            "synthetic/profiles",
            "--pseudonym-key-file",
            "synthetic/cle-publique.txt",
            "--run-date",
            "2026-06-30",
        ],
    );
    from.elapsed()
}

fn run(folder: &Path, args: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_carnac"))
        .env_clear()
        .args(args)
        .current_dir(folder)
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("the program runs").success(), "{args:?} failed");
}

async fn rows(gateway: &Gateway, sql: &str) -> usize {
    let answer = gateway.run(Principal::Operator, sql, None, None).await.expect("a plan");
    let counted = answer.stream.try_fold(0, async |sum, batch| Ok(sum + batch.num_rows()));
    counted.await.expect("rows")
}
