//! One night of a lake, and what readers see of it: three tables of two partitions each, rejected
//! rows, a third partition of small files that become one, checkpoints, and the removal of files.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::util::pretty::pretty_format_batches;
use carnac_ingest::{Outcome, Source, find, land};
use carnac_lake::{DEFAULT_MEMORY, Lake, Upkeep};
use carnac_query::{At, Gateway, Principal, Views};
use chrono::{DateTime, NaiveDate, Utc};
use object_store::ObjectStoreExt;
use tempfile::TempDir;

use crate::support::{acts, no_views};

pub(super) const RENNES: &str = "213502388";

/// Memory for landing, in bytes: so little that a batch of rows is a file.
const LITTLE_MEMORY: usize = 32 * 1024;

/// A lake as it is before the night, the files of the night, and what readers see before and after.
pub(super) struct Night {
    place: TempDir,
    pub(super) before: String,
    pub(super) after: String,
}

/// What a run on a lake ends in.
pub(super) type Ends<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

impl Night {
    /// Makes the lake of the night before.
    pub(super) async fn prepare() -> Self {
        let place = TempDir::new().unwrap();
        let (lake, files) = (place.path().join("lake"), place.path().join("files"));
        let lake = Lake::create(&lake.display().to_string(), &[]).unwrap();
        deliver(&files, 0);
        checkpoint_every_third_version(&lake, &night_of(&files)).await;
        small_files(&lake, &place.path().join("standing/acts")).await;
        refresh(&lake, &night_of(&files)).await.unwrap();
        let before = seen(&lake).await.unwrap();
        deliver(&files, 1);
        let mut night = Self { place, before, after: String::new() };
        let unbroken = night.copy();
        run(&open(unbroken.path()), &night.files()).await.unwrap();
        night.after = seen(&open(unbroken.path())).await.unwrap();
        assert_ne!(night.before, night.after);
        night
    }

    /// The folder with the files of the night, which is an inbox.
    pub(super) fn inbox(&self) -> PathBuf {
        self.place.path().join("files")
    }

    /// The files of the night.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        night_of(&self.inbox())
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

/// Makes the table of acts ahead of its first landing, so that the second one writes a checkpoint:
/// as the program makes it, but that it says so, which is every hundredth version otherwise.
pub(super) async fn checkpoint_every_third_version(lake: &Lake, files: &[PathBuf]) {
    let first = "tables/acts/_delta_log/00000000000000000000.json";
    let made = TempDir::new().unwrap();
    let other = Lake::open(&made.path().display().to_string(), &[]).unwrap();
    refresh(&other, files).await.unwrap();
    let commit = fs::read_to_string(made.path().join(first)).unwrap();
    let (none, third) =
        (r#""configuration":{}"#, r#""configuration":{"delta.checkpointInterval":"3"}"#);
    assert!(commit.contains(none), "{commit}");
    let mut store = None;
    drop(lake.clone().on(|of_lake| Arc::clone(store.insert(of_lake))));
    let commit = commit.replace(none, third);
    store.unwrap().put(&first.into(), commit.into()).await.unwrap();
}

/// Makes a partition of acts of three files, by three versions, which no night touches.
async fn small_files(lake: &Lake, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for name in ["a", "b", "c"] {
        let file = folder.join(format!("{name}.csv"));
        fs::write(&file, acts(&[(name, RENNES, "2023-05-01")])).unwrap();
        let mut draft = lake.draft(run_date()).await.unwrap();
        land(lake, &mut draft, &[source(&file)], None, LITTLE_MEMORY, &|_| ()).await.unwrap();
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

/// The files that [`deliver`] wrote.
pub(super) fn night_of(folder: &Path) -> Vec<PathBuf> {
    ["acts", "bids", "consultations"].map(|name| folder.join(name).join("night.csv")).into()
}

fn run_date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 31).unwrap()
}

fn source(file: &Path) -> Source {
    Source::open(find(file).unwrap().files.remove(0), None, &[]).unwrap()
}

/// A whole night: `carnac refresh`, then `carnac upkeep`.
pub(super) async fn run(lake: &Lake, files: &[PathBuf]) -> Ends<()> {
    refresh(lake, files).await?;
    upkeep(lake).await
}

/// What `carnac upkeep` does, when it keeps the files of the newest release only.
async fn upkeep(lake: &Lake) -> Ends<()> {
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

/// What `carnac refresh` does: lands what changed, and publishes it as one release.
pub(super) async fn refresh(lake: &Lake, files: &[PathBuf]) -> Ends<()> {
    let sources: Vec<_> = files.iter().map(|file| source(file)).collect();
    let mut draft = lake.draft(run_date()).await?;
    let reports = land(lake, &mut draft, &sources, None, DEFAULT_MEMORY, &|_| ()).await;
    let reports = reports.map_err(|error| -> Box<dyn std::error::Error + Send + Sync> {
        match error {
            carnac_ingest::Error::Lake(error) => error.into(),
            error => error.into(),
        }
    });
    for report in reports? {
        if let Outcome::Failed(error) = report.outcome {
            return Err(error.into());
        }
    }
    if !draft.is_empty() {
        lake.publish(draft, DateTime::UNIX_EPOCH).await?;
    }
    Ok(())
}

/// All rows of all tables that readers see, as text; empty when there is no release.
pub(super) async fn seen(lake: &Lake) -> Ends<String> {
    let Some(release) = lake.latest().await? else { return Ok(String::new()) };
    let gateway = gateway(lake);
    let mut seen = String::new();
    for table in release.tables.keys() {
        let from = if table == "quarantine" { "ops.quarantine" } else { &format!("lake.{table}") };
        let sql = format!("select * from {from} order by source_file, source_line");
        let answer =
            gateway.run(Principal::Operator, &sql, None, Some(&At::Release(release.id))).await?;
        let rows = answer.collect().await?;
        writeln!(seen, "{table}\n{}", pretty_format_batches(&rows)?)?;
    }
    Ok(seen)
}

/// What reads the tables of a lake, without the views.
pub(super) fn gateway(lake: &Lake) -> Gateway {
    let place = TempDir::new().unwrap();
    let views = Views::from_folder(&no_views(place.path())).unwrap();
    Gateway::new(lake.clone(), views, DEFAULT_MEMORY)
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
