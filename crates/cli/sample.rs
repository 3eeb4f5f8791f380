//! `carnac sample`: synthetic files, for demonstration, tests and benches.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use carnac_sample::{Format, Options, generate};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{Sample, SampleFormat};
use crate::print;

/// Runs `carnac sample`.
pub(crate) fn run(args: &Sample) -> anyhow::Result<ExitCode> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let options = Options {
        seed: args.seed,
        scale: args.scale,
        defects_per_million: args.defects,
        format: match args.format {
            SampleFormat::Csv => Format::Csv,
            SampleFormat::Parquet => Format::Parquet,
        },
        datasets: args.dataset.clone(),
        threads: args.threads.map_or(cores, NonZeroUsize::get),
    };
    let bar = progress();
    let manifest = generate(&options, &args.out, &|files, done| {
        bar.set_length(files as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    print::line(&format!(
        "{}: {} synthetic rows in {} files, {} of them to be rejected",
        args.out.display(),
        manifest.rows(),
        manifest.files.len(),
        manifest.rejected()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// A bar over the files; it shows on a terminal only.
fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
