//! How long every indicator takes over synthetic files: one line a view, with its rows.
//!
//! `CARNAC_BENCH_SCALE` sets the scale of `carnac sample`, 100 unless it says otherwise. Each view is
//! asked once, whole, after the release is opened: planning it, and those below it, is counted.

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
