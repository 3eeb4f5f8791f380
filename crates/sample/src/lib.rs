//! The generator: synthetic files for the real authorities, the same bytes for the same seed.
//!
//! ```text
//! seed, scale ─▶ Region (who, when, how much) ─▶ TABLES × years ─▶ Row ─ defects ─▶ CSV · Parquet
//!                                             └▶ survey × waves ─ defects ─▶ its export and profile
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

use std::collections::BTreeSet;
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
pub const EDITION: u32 = 3;

/// How the rows are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CSV in UTF-8 with `;` between.
    Csv,
    /// Parquet, every column text, with `synthetic=true` in the file's metadata; the survey is an
    /// export in CSV all the same.
    Parquet,
}

/// What to write.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names the draws.
    pub seed: u64,
    /// Multiplies the volumes: 1 is about 125,000 rows, 1000 about 87 million.
    pub scale: u64,
    /// Rows in a million that are odd on purpose; of a survey, responses in a million.
    pub defects_per_million: u32,
    /// The layout.
    pub format: Format,
    /// Names of datasets; none: all that there are.
    pub datasets: Vec<String>,
    /// Threads that write, at least one.
    pub threads: usize,
}

/// Folder of the profiles, without which no survey is landed.
const PROFILES: &str = "profiles";
/// A key for the respondents of an invented survey, which anybody may know.
const PUBLIC_KEY: (&str, &str) = (
    "cle-publique.txt",
    "Clé publique des données synthétiques : ne jamais s'en servir pour de vraies réponses\n",
);
/// The dataset of the survey.
const ANSWERS: &str = "answers";

/// The tables that are generated, in the order in which they are written; then the survey is.
static TABLES: [&Table; 12] = [
    &legality::ACTS,
    &finance::FLOWS,
    &survey::REPORTED,
    &procurement::DOWNLOADS,
    &procurement::BIDS,
    &procurement::CONSULTATIONS,
    &usage::SESSIONS,
    &usage::ACCOUNTS,
    &usage::ACTIVATIONS,
    &usage::MEMBERSHIPS,
    &reference::COST_PARAMETERS,
    &reference::PANELS,
];

/// One file to write.
#[derive(Clone, Copy)]
enum Job {
    /// Of a table, for a year or for all.
    Table(&'static Table, Option<u16>),
    /// Of the survey.
    Wave(u16),
}

impl Job {
    fn dataset(self) -> &'static str {
        match self {
            Self::Table(table, _) => table.dataset,
            Self::Wave(_) => ANSWERS,
        }
    }
}

/// Writes the files below `folder`, which must be new or empty, then `README.md` and
/// `_manifest.json`; of a survey also its profiles and a public key. None of these is landed.
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
    if manifest.waves().next().is_some() {
        let (name, key) = PUBLIC_KEY;
        put(&folder.join(name), key)?;
    }
    put(&folder.join("README.md"), &readme::readme(options, &manifest))?;
    put(&folder.join("_manifest.json"), &manifest.json(&readme::about(options)))?;
    Ok(manifest)
}

/// Returns the names of the datasets that are generated.
pub fn datasets() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.dataset).chain([ANSWERS])
}

fn jobs(wanted: &[String]) -> Result<Vec<Job>> {
    if let Some(name) = wanted.iter().find(|name| !datasets().any(|known| known == name.as_str())) {
        let known = datasets().collect::<Vec<_>>().join(", ");
        return Err(Error::UnknownDataset { name: name.clone(), known });
    }
    let mut jobs = Vec::new();
    for table in TABLES {
        if table.years.is_empty() {
            jobs.push(Job::Table(table, None));
        }
        // The late years are the big ones: begin with them.
        jobs.extend(table.years.iter().rev().map(|year| Job::Table(table, Some(*year))));
    }
    jobs.extend(survey::WAVES.map(Job::Wave));
    jobs.retain(|job| wanted.is_empty() || wanted.iter().any(|name| name == job.dataset()));
    Ok(jobs)
}

/// Makes the folder, and in it one a dataset and one of profiles.
fn prepare(folder: &Path, jobs: &[Job]) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut entries = fs::read_dir(folder).map_err(Error::io("list", folder))?;
    if entries.next().is_some() {
        return Err(Error::NotEmpty { path: folder.to_owned() });
    }
    let mut below: BTreeSet<_> = jobs.iter().map(|job| job.dataset()).collect();
    if below.contains(ANSWERS) {
        below.insert(PROFILES);
    }
    for name in below {
        let below = folder.join(name);
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
    let (table, year) = match job {
        Job::Wave(wave) => return survey::write_wave(region, options, folder, wave),
        Job::Table(table, year) => (table, year),
    };
    let extension = match options.format {
        Format::Csv => "csv",
        Format::Parquet => "parquet",
    };
    let year_in_name = year.map(|year| format!("-{year}")).unwrap_or_default();
    let name = format!("{0}/{0}-synthetic{year_in_name}.{extension}", table.dataset);
    let year = year.unwrap_or_default();

    let fields = table.fields();
    let random = Random::of(options.seed, table.dataset, u64::MAX, year.into());
    let per_million = usize::try_from(options.defects_per_million).unwrap_or_default();
    let defects = Defects::new(random, per_million, &fields);
    let path = folder.join(&name);
    let mut output = Output::create(&path, options.format, fields, table.revised(), defects)?;
    (table.write)(region, year, &mut output)?;
    Ok((name, output.finish()?))
}

fn put(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests;
