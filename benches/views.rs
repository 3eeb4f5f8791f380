//! How long every indicator takes over synthetic files: one line a view, with its rows.
//!
//! `CARNAC_BENCH_SCALE` sets the scale of `carnac sample`, 100 unless it says otherwise. Each view is
//! asked once, whole, after the release is opened: planning it, and those below it, is counted.
//!
//! Measured on 2026-11-28 in a release build, link-time optimisation off, on 2 cores with 24 GiB of
//! memory (512 MiB for queries) beside much other work, so up to thrice what a quiet machine takes;
//! D01 to D05 read every rate of every authority, of which A13 and B02 cost most:
//!
//! | id | view | rows | seconds |
//! |---|---|---|---|
//! | A01 | `indicator.online_tenders` | 15394 | 0.47 |
//! | A02 | `indicator.online_tender_rate` | 17756 | 0.51 |
//! | A03 | `indicator.electronic_reply_rate` | 15394 | 0.70 |
//! | A04 | `indicator.electronic_bid_rate` | 17144 | 0.63 |
//! | A05 | `indicator.electronic_bids_per_tender` | 15355 | 10.62 |
//! | A06 | `indicator.tenders_with_electronic_bid` | 15355 | 9.25 |
//! | A07 | `indicator.downloads_per_tender` | 30788 | 1.53 |
//! | A08 | `indicator.act_transmission_rate` | 15936 | 3.29 |
//! | A09 | `indicator.act_transmission_rate_by_nature` | 85020 | 14.50 |
//! | A10 | `indicator.act_structure_by_subject` | 293890 | 1.27 |
//! | A11 | `published.acknowledgement_delay` | 11770 | 0.57 |
//! | A12 | `indicator.rejected_acts` | 0 | 0.01 |
//! | A13 | `indicator.signed_flow_rate` | 16999 | 24.27 |
//! | A14 | `assessment.profile` | 18568 | 4.41 |
//! | A15 | `indicator.overall_rate` | 20098 | 8.71 |
//! | B01 | `indicator.membership_rate` | 10178 | 0.11 |
//! | B01-G | `indicator.membership_rate_with_groupings` | 10178 | 0.17 |
//! | B01-P | `indicator.membership_population_rate` | 10178 | 0.09 |
//! | B02 | `indicator.service_users` | 77605 | 3.94 |
//! | B03 | `indicator.active_accounts` | 10178 | 32.59 |
//! | B04 | `indicator.usage_intensity` | 20356 | 2.73 |
//! | B05 | `indicator.adoption_cohorts` | 70286 | 5.37 |
//! | B06 | `published.time_to_first_use` | 8 | 4.36 |
//! | B07 | `published.services_used` | 65 | 3.95 |
//! | B08 | `indicator.satisfaction` | 7334 | 0.06 |
//! | B09 | `indicator.obstacles` | 5425 | 0.06 |
//! | B10 | `indicator.drivers` | 0 | 0.05 |
//! | B11 | `indicator.survey_response_rate` | 2546 | 0.14 |
//! | B12 | `indicator.enablers` | 1909 | 0.07 |
//! | C01 | `indicator.pooling_savings` | 40188 | 0.55 |
//! | C02 | `indicator.paper_unit_cost` | 68332 | 0.12 |
//! | C03 | `indicator.electronic_unit_cost` | 68332 | 0.10 |
//! | C04 | `indicator.unit_saving` | 68332 | 0.04 |
//! | C05 | `indicator.realised_savings` | 40188 | 0.36 |
//! | C06 | `indicator.five_year_savings` | 20094 | 0.07 |
//! | C07 | `indicator.five_year_savings_at_full_rate` | 20094 | 0.06 |
//! | C08 | `indicator.remaining_savings` | 20094 | 0.07 |
//! | C09 | `published.pay_back` | 20 | 0.77 |
//! | C10 | `assessment.sensitivity` | 49 | 0.49 |
//! | D01 | `assessment.benchmark` | 169207 | 47.01 |
//! | D02 | `assessment.ranking` | 169207 | 44.52 |
//! | D03 | `assessment.trend` | 169207 | 73.89 |
//! | D04 | `assessment.gap` | 169207 | 89.68 |
//! | D05 | `assessment.composite_index` | 10187 | 78.85 |
//! | D06 | `published.data_quality` | 14 | 1.48 |
//! | D07 | `published.concentration` | 19 | 5.93 |
//! | E01 | `published.publications` | 0 | 0.03 |
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
