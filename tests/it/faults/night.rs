//! One night of a lake, and what readers see of it: three tables of two partitions each, rejected
//! rows, a partition of two files that becomes one, checkpoints, and the removal of old files.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use arrow::util::pretty::pretty_format_batches;
use carnac_ingest::{Outcome, Source, find, land};
use carnac_lake::{DEFAULT_MEMORY, Lake, Upkeep};
use carnac_query::{At, Gateway, Principal, Views};
use chrono::{DateTime, NaiveDate, Utc};
use tempfile::TempDir;

use crate::support::acts;

const RENNES: &str = "213502388";

/// Delta writes a checkpoint of its own at version 99 of a table.
const VERSIONS_BEFORE: usize = 97;

/// Memory for landing acts, in bytes: so little that a batch of rows is a file.
const LITTLE_MEMORY: usize = 64 * 1024;

/// A lake as it is before the night, the files of the night, and what readers see before and after.
pub(super) struct Night {
    place: TempDir,
    pub(super) chores: Chores,
    pub(super) before: String,
    pub(super) after: String,
}

/// What a night does beside landing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chores {
    None,
    /// Compaction, checkpoints, and the removal of all that only older releases name.
    Upkeep,
}

/// What the landing of files ends in.
pub(super) type Landed = Result<(), Box<dyn std::error::Error + Send + Sync>>;

impl Night {
    /// Makes the lake; `versions` of its acts come first.
    async fn prepare(versions: usize, chores: Chores) -> Self {
        let place = TempDir::new().unwrap();
        let (lake, files) = (place.path().join("lake"), place.path().join("files"));
        let lake = Lake::create(&lake.display().to_string(), &[]).unwrap();
        history(&lake, place.path(), versions).await;
        deliver(&files, 0);
        refresh(&lake, &files, chores).await.unwrap();
        let before = seen(&lake).await;
        deliver(&files, 1);
        let mut night = Self { place, chores, before, after: String::new() };
        let unbroken = night.copy();
        refresh(&open(unbroken.path()), &night.files(), chores).await.unwrap();
        night.after = seen(&open(unbroken.path())).await;
        assert_ne!(night.before, night.after);
        night
    }

    /// A night with upkeep.
    pub(super) async fn with_upkeep() -> Self {
        Self::prepare(1, Chores::Upkeep).await
    }

    /// A night in which Delta writes a checkpoint beside a commit.
    pub(super) async fn with_checkpoint() -> Self {
        Self::prepare(VERSIONS_BEFORE, Chores::None).await
    }

    /// The folder with the files of the night.
    pub(super) fn files(&self) -> PathBuf {
        self.place.path().join("files")
    }

    /// A copy of the lake as it is before the night. No file of it is ever written in place, so
    /// that links do.
    pub(super) fn copy(&self) -> TempDir {
        let copy = TempDir::new().unwrap();
        link(&self.place.path().join("lake"), &copy.path().join("lake"));
        copy
    }
}

/// Opens the lake of a copy.
pub(super) fn open(place: &Path) -> Lake {
    Lake::open(&place.join("lake").display().to_string(), &[]).unwrap()
}

fn link(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { link(&from, &to) } else { fs::hard_link(from, to).unwrap() }
    }
}

/// Lands `versions` deliveries of one file of acts without publishing any but the last.
async fn history(lake: &Lake, place: &Path, versions: usize) {
    let mut draft = lake.draft(run_date()).await.unwrap();
    let file = place.join("history/acts/history.csv");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    for version in 0..versions {
        fs::write(&file, acts(&[(&format!("h{version}"), RENNES, "2024-05-01")])).unwrap();
        let source = source(&file);
        land(lake, &mut draft, &[source], None, DEFAULT_MEMORY, &|_| ()).await.unwrap();
    }
    if versions > 0 {
        lake.publish(draft, DateTime::UNIX_EPOCH).await.unwrap();
    }
}

/// Writes the files of a night: every row of them says which, so that mixed rows would show.
pub(super) fn deliver(folder: &Path, night: usize) {
    let mut consultations = "id_consultation;siren;date_pub;statut\n".to_owned();
    let mut bids = "id_pli;id_consultation;siren;mode;date_depot;hors_delai\n".to_owned();
    let mut act_rows = Vec::new();
    for year in ["2024", "2025"] {
        for row in 0..3 {
            let (id, date) = (format!("{night}-{year}-{row}"), format!("{year}-03-0{}", row + 1));
            writeln!(consultations, "{id};{RENNES};{date};publiée").unwrap();
            writeln!(bids, "{id};{id};{RENNES};e;{date};non").unwrap();
            act_rows.push((id, date));
        }
    }
    writeln!(bids, "rejected-{night};x;{RENNES};e;never;non").unwrap();
    let act_rows: Vec<_> =
        act_rows.iter().map(|(id, date)| (id.as_str(), RENNES, date.as_str())).collect();
    for (dataset, text) in
        [("acts", acts(&act_rows)), ("bids", bids), ("consultations", consultations)]
    {
        let folder = folder.join(dataset);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("night.csv"), text).unwrap();
    }
}

fn run_date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 31).unwrap()
}

fn source(file: &Path) -> Source {
    Source::open(find(file).unwrap().files.remove(0), None, &[]).unwrap()
}

/// What `carnac refresh` and `carnac upkeep` do: lands what changed, and publishes it as one
/// release; then the chores.
pub(super) async fn refresh(lake: &Lake, files: &Path, chores: Chores) -> Landed {
    let files = ["acts", "bids", "consultations"].map(|name| files.join(name).join("night.csv"));
    let sources: Vec<_> = files.iter().map(|file| source(file)).collect();
    let mut draft = lake.draft(run_date()).await?;
    let (acts, others) = sources.split_at(1);
    let mut reports = land(lake, &mut draft, acts, None, LITTLE_MEMORY, &|_| ()).await?;
    reports.extend(land(lake, &mut draft, others, None, DEFAULT_MEMORY, &|_| ()).await?);
    for report in reports {
        if let Outcome::Failed(error) = report.outcome {
            return Err(error.into());
        }
    }
    if !draft.is_empty() {
        lake.publish(draft, DateTime::UNIX_EPOCH).await?;
    }
    if chores == Chores::Upkeep { upkeep(lake).await } else { Ok(()) }
}

/// Keeps the files of the newest release only.
async fn upkeep(lake: &Lake) -> Landed {
    let aims = Upkeep { keep_releases: 1, keep_days: 0, checkpoint_every: 1, ..Upkeep::default() };
    let base = lake.newest().await?;
    let rewrites = lake.rewrites(&base, &aims).await?;
    if !rewrites.is_empty() {
        let mut draft = lake.draft(base.run_date).await?;
        for rewrite in &rewrites {
            lake.rewrite(&mut draft, rewrite, &aims, DEFAULT_MEMORY).await?;
        }
        lake.publish(draft, DateTime::UNIX_EPOCH).await?;
    }
    let now = DateTime::<Utc>::MAX_UTC;
    let unneeded = lake.unneeded(&aims, now).await?;
    if let Some((table, damage)) = unneeded.refused.first_key_value() {
        return Err(format!("{table}: {damage}").into());
    }
    Ok(lake.remove(&unneeded, now, &|| ()).await?)
}

/// All rows of all tables that readers see, as text; empty when there is no release.
pub(super) async fn seen(lake: &Lake) -> String {
    let Some(release) = lake.latest().await.unwrap() else { return String::new() };
    let no_views = TempDir::new().unwrap();
    for layer in ["function", "staging", "core", "indicator", "published"] {
        fs::create_dir(no_views.path().join(layer)).unwrap();
    }
    let views = Views::from_folder(no_views.path()).unwrap();
    let gateway = Gateway::new(lake.clone(), views, DEFAULT_MEMORY);
    let mut seen = String::new();
    for table in release.tables.keys() {
        let from = if table == "quarantine" { "ops.quarantine" } else { &format!("lake.{table}") };
        let sql = format!("select * from {from} order by source_file, source_line");
        let answer = gateway
            .run(Principal::Operator, &sql, None, Some(&At::Release(release.id)))
            .await
            .unwrap();
        let rows = answer.collect().await.unwrap();
        writeln!(seen, "{table}\n{}", pretty_format_batches(&rows).unwrap()).unwrap();
    }
    seen
}

/// The files below a folder of a lake that end so.
pub(super) fn files_of(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_of(&path, ending));
        } else if path.display().to_string().ends_with(ending) {
            found.push(path);
        }
    }
    found
}
