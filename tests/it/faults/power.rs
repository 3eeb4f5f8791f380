//! Power cuts: lakes made of what had reached the disk by each point of a night.
//!
//! A name is on the disk once its folder is synced, the bytes of a file once it is. What is not may
//! be there or not, so that every choice of it is a lake of its own.

mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use carnac_lake::Lake;
use tempfile::TempDir;

use super::night::{Ends, deliver, night_of, refresh, seen};
use super::tell;
use record::{Op, record};

/// Choices of what has no need to be on the disk yet, of which all are tried.
const MAX_PENDING: usize = 6;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    Folder,
    /// The bytes are in that file; none of them when they were not synced.
    File(Option<PathBuf>),
}

/// The names below a place, and what each stands for.
type Image = BTreeMap<PathBuf, Entry>;

/// A disk: what a power cut leaves of it for certain, and what it may leave.
#[derive(Debug, Default)]
struct Disk {
    lasting: Image,
    pending: Vec<(PathBuf, Entry)>,
    synced: BTreeSet<PathBuf>,
    /// The newest release that a run said is published.
    published: u64,
}

impl Disk {
    fn apply(&mut self, op: &Op) {
        match op {
            Op::Make(folder) => self.pending.push((folder.clone(), Entry::Folder)),
            Op::Sync(file) => {
                self.synced.insert(file.clone());
            }
            Op::Name(from, to, bytes) => {
                let bytes = self.synced.remove(from).then(|| bytes.clone());
                self.pending.push((to.clone(), Entry::File(bytes)));
            }
            Op::SyncFolder(folder) => {
                let is_in = |(path, _): &mut (PathBuf, Entry)| path.parent() == Some(folder);
                self.lasting.extend(self.pending.extract_if(.., is_in));
            }
            Op::Published(release) => self.published = *release,
        }
    }

    /// Every lake that a power cut may leave now.
    fn images(&self) -> Vec<Image> {
        let count = self.pending.len().min(MAX_PENDING);
        let choices = 0..1_usize << count;
        choices
            .map(|choice| {
                let mut image = self.lasting.clone();
                let chosen = self.pending.iter().enumerate();
                // Of more than can be tried, the first are there.
                let chosen = chosen.filter(|(place, _)| {
                    let from_last = self.pending.len() - 1 - place;
                    from_last >= count || choice >> from_last & 1 == 1
                });
                image.extend(chosen.map(|(_, entry)| entry.clone()));
                reachable(&image)
            })
            .collect()
    }
}

/// The names whose folders are all there.
fn reachable(image: &Image) -> Image {
    let has_folders = |path: &Path| {
        path.ancestors()
            .skip(1)
            .all(|above| above.as_os_str().is_empty() || image.get(above) == Some(&Entry::Folder))
    };
    image
        .iter()
        .filter(|(path, _)| has_folders(path))
        .map(|(p, e)| (p.clone(), e.clone()))
        .collect()
}

/// What tests of images found.
#[derive(Debug, Default)]
struct Figures {
    images: usize,
    /// Images that do not hold what was published, by whether anything is said.
    reported: usize,
    silent: usize,
}

/// The state of a lake at each release, by its number.
type Releases = BTreeMap<u64, String>;

/// Makes the folder of an image.
fn build(image: &Image, place: &Path) {
    for (path, entry) in image {
        let path = place.join(path);
        match entry {
            Entry::Folder => fs::create_dir(path).unwrap(),
            Entry::File(Some(bytes)) => {
                fs::copy(bytes, path).unwrap();
            }
            Entry::File(None) => fs::write(path, "").unwrap(),
        }
    }
}

/// The release that readers see, and its rows.
async fn read(root: &Path) -> Ends<(u64, String)> {
    let lake = Lake::open(&root.display().to_string(), &[])?;
    let release = lake.latest().await?.map_or(0, |release| release.id);
    Ok((release, seen(&lake).await?))
}

/// Cuts the power at every point, and looks whether what was published by then is there.
async fn cut_everywhere(ops: &[Op], releases: &Releases, files: &Path) -> Figures {
    let (mut disk, mut tried) = (Disk::default(), BTreeSet::new());
    let mut figures = Figures::default();
    for op in ops {
        disk.apply(op);
        for image in disk.images() {
            if !tried.insert((disk.published, image.clone())) {
                continue;
            }
            figures.images += 1;
            let place = TempDir::new().unwrap();
            build(&image, place.path());
            let root = place.path().join("lake");
            match read(&root).await {
                Ok((release, rows)) if rows == *releases.get(&release).unwrap_or(&rows) => {
                    // An earlier release is told: a warning names the one that is passed over.
                    figures.reported += usize::from(release < disk.published);
                }
                Ok(_) => figures.silent += 1,
                Err(_) => figures.reported += usize::from(disk.published > 0),
            }
            if figures.images % 10 == 0 && root.exists() {
                let lake = Lake::open(&root.display().to_string(), &[]).unwrap();
                let again = refresh(&lake, &night_of(files)).await;
                assert!(again.is_ok(), "after {op:?}: {again:?}");
                assert_eq!(Some(&seen(&lake).await.unwrap()), releases.values().last());
            }
        }
    }
    figures
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_loses_nothing_that_was_published() {
    let place = TempDir::new().unwrap();
    let (ops, releases) = record(place.path());
    deliver(&place.path().join("files"), 1);
    let figures = cut_everywhere(&ops, &releases, &place.path().join("files")).await;
    tell(&format!("{} operations on files: {figures:?}", ops.len()));
    assert!(ops.len() > 100 && figures.images > 50);
    assert_eq!((figures.reported, figures.silent), (0, 0));
}

/// A disk that keeps names and loses the bytes of one file: the test above can fail, and whatever
/// is lost, readers see a release whole or an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_file_shows_and_never_changes_the_rows_of_a_release() {
    let place = TempDir::new().unwrap();
    let (ops, releases) = record(place.path());
    let mut disk = Disk::default();
    ops.iter().for_each(|op| disk.apply(op));
    let (mut lost, mut files) = (0, 0);
    for (path, entry) in &disk.lasting {
        if matches!(entry, Entry::Folder) {
            continue;
        }
        let mut image = disk.lasting.clone();
        image.insert(path.clone(), Entry::File(None));
        let place = TempDir::new().unwrap();
        build(&image, place.path());
        files += 1;
        match read(&place.path().join("lake")).await {
            Ok((release, rows)) => {
                assert_eq!(Some(&rows), releases.get(&release), "{} is lost", path.display());
                lost += usize::from(release < disk.published);
            }
            Err(_) => lost += 1,
        }
    }
    tell(&format!("{files} files, of which {lost} show when they are lost"));
    assert!(lost > 0 && lost < files);
}
