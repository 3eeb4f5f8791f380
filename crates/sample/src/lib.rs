//! The generator: synthetic files for the real authorities, the same bytes for the same seed.
//!
//! ```text
//! seed, scale ─▶ Region (who, when, how much) ─▶ TABLES × years ─▶ Row ─ defects ─▶ CSV · Parquet
//! ```
//! Every draw is named by the seed, a purpose, an authority and a year, and is made of whole
//! numbers: neither the machine, nor the number of threads, nor which files are asked for changes
//! a byte. Files that speak of the same things (a tender and its bids, acts and the total that an
//! authority declares) draw them again instead of keeping them, so memory does not grow with the
//! scale. At a scale of about 30 there are as many acts as in the real region.

mod authority;
mod calendar;
mod defect;
mod error;
mod finance;
mod legality;
mod manifest;
mod procurement;
mod random;
mod readme;
mod reference;
mod region;
mod row;
mod survey;
mod table;
mod usage;
mod writer;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use authority::{Authority, Kind, authorities};
pub use error::{Error, Result};
pub use manifest::{FileCounts, Manifest};

use defect::Defects;
use random::Random;
use region::Region;
use table::Table;
use writer::Output;

/// Edition of the generator: it grows when the same seed gives other bytes.
pub const EDITION: u32 = 1;

/// How the rows are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CSV in UTF-8 with `;` between.
    Csv,
    /// Parquet, every column text, with `synthetic=true` in the file's metadata.
    Parquet,
}

/// What to write.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names the draws.
    pub seed: u64,
    /// Multiplies the volumes: 1 is about 100,000 rows, 1000 about 80 million.
    pub scale: u64,
    /// Rows in a million that are odd on purpose.
    pub defects_per_million: u32,
    /// The layout.
    pub format: Format,
    /// Names of datasets; none: all that there are.
    pub datasets: Vec<String>,
    /// Threads that write, at least one.
    pub threads: usize,
}

/// What is generated, in the order in which it is written.
static TABLES: [&Table; 13] = [
    &legality::ACTS,
    &finance::FLOWS,
    &survey::REPORTED,
    &procurement::DOWNLOADS,
    &procurement::BIDS,
    &procurement::CONSULTATIONS,
    &usage::SESSIONS,
    &usage::ACCOUNTS,
    &survey::ANSWERS,
    &usage::ACTIVATIONS,
    &usage::MEMBERSHIPS,
    &reference::COST_PARAMETERS,
    &reference::PANELS,
];

/// One file to write: of a table, for a year or for all.
#[derive(Clone, Copy)]
struct Job {
    table: &'static Table,
    year: Option<u16>,
}

/// Writes the files below `folder`, which must be new or empty, then `README.md` and
/// `_manifest.json`; a file that begins with `_` is not landed.
///
/// `advanced` is told how many files there are and how many of them are done, at first 0.
///
/// # Errors
/// When a dataset is not generated, the folder holds something, or a file cannot be written.
pub fn generate(
    options: &Options,
    folder: &Path,
    advanced: &(dyn Fn(usize, usize) + Sync),
) -> Result<Manifest> {
    let jobs = jobs(&options.datasets)?;
    prepare(folder, &jobs)?;
    let region = Region::new(options.seed, options.scale);
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    advanced(jobs.len(), 0);
    let work = || -> Result<Vec<(String, FileCounts)>> {
        let mut written = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            written.push(write_file(&region, options, folder, *job)?);
            advanced(jobs.len(), done.fetch_add(1, Ordering::Relaxed) + 1);
        }
        Ok(written)
    };
    let written: Result<Vec<_>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..options.threads.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a panic is a bug")).collect()
    });
    let manifest = Manifest { files: written?.into_iter().flatten().collect() };
    if jobs.iter().any(|job| job.table.export.is_some()) {
        let profiles = folder.join("profiles");
        fs::create_dir_all(&profiles).map_err(Error::io("create", &profiles))?;
        survey::profiles().try_for_each(|(name, text)| put(&profiles.join(name), &text))?;
    }
    put(&folder.join("README.md"), &readme::readme(options, &manifest))?;
    put(&folder.join("_manifest.json"), &manifest.json(&readme::about(options)))?;
    Ok(manifest)
}

/// Returns the names of the datasets that are generated.
pub fn datasets() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.dataset)
}

fn jobs(wanted: &[String]) -> Result<Vec<Job>> {
    if let Some(name) = wanted.iter().find(|name| !datasets().any(|known| known == name.as_str())) {
        let known = datasets().collect::<Vec<_>>().join(", ");
        return Err(Error::UnknownDataset { name: name.clone(), known });
    }
    let mut jobs = Vec::new();
    for table in TABLES {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == table.dataset) {
            continue;
        }
        if table.years.is_empty() {
            jobs.push(Job { table, year: None });
        }
        // The late years are the big ones: begin with them.
        jobs.extend(table.years.iter().rev().map(|year| Job { table, year: Some(*year) }));
    }
    Ok(jobs)
}

/// Makes the folder, and one in it a dataset.
fn prepare(folder: &Path, jobs: &[Job]) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut entries = fs::read_dir(folder).map_err(Error::io("list", folder))?;
    if entries.next().is_some() {
        return Err(Error::NotEmpty { path: folder.to_owned() });
    }
    for job in jobs {
        let below = folder.join(job.table.dataset);
        fs::create_dir_all(&below).map_err(Error::io("create", &below))?;
    }
    Ok(())
}

fn write_file(
    region: &Region,
    options: &Options,
    folder: &Path,
    job: Job,
) -> Result<(String, FileCounts)> {
    let Job { table, year } = job;
    let extension = match options.format {
        Format::Parquet if table.export.is_none() => "parquet",
        Format::Csv | Format::Parquet => "csv",
    };
    let year_in_name = year.map(|year| format!("-{year}")).unwrap_or_default();
    let name = format!("{0}/{0}-synthetic{year_in_name}.{extension}", table.dataset);
    let year = year.unwrap_or_default();

    let fields = table.fields();
    let random = Random::of(options.seed, table.dataset, u64::MAX, year.into());
    let per_million = match table.export {
        Some(_) => 0,
        None => usize::try_from(options.defects_per_million).unwrap_or_default(),
    };
    let defects = Defects::new(random, per_million, &fields);
    let path = folder.join(&name);
    let mut output = match table.export {
        Some(headers) => Output::export(&path, &headers(year), defects)?,
        None => Output::create(&path, options.format, fields, table.revised(), defects)?,
    };
    (table.write)(region, year, &mut output)?;
    Ok((name, output.finish()?))
}

fn put(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests;
