//! What is at a path: a file, a folder of files, an archive (which is a folder), or a bucket.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::fetch::fetch;
use crate::source::{Member, is_data, is_xml};
use crate::unpack::{Kind, Room, Unpacked, unpack};
use crate::{Error, Result};

/// A source that was found, with the name under which it is known in the lake.
#[derive(Debug)]
pub struct Found {
    /// Where it is for people; a member of an archive is below the archive.
    pub path: PathBuf,
    /// Its path below the folder that was asked for, with `/` between; its file name otherwise.
    pub name: String,
    /// The files that hold its bytes: one, or those of an archive that is one delivery.
    pub(crate) members: Vec<Member>,
    /// The folder into which it was unpacked.
    pub(crate) kept: Option<Arc<TempDir>>,
}

/// What is at a path, or at several.
#[derive(Debug, Default)]
pub struct Contents {
    /// The sources, in the order of their paths.
    pub files: Vec<Found>,
    /// Files that are no data by their names: images, documents, hidden files.
    pub passed_over: Vec<String>,
    /// What could not be opened or unpacked; the others are not concerned.
    pub failed: Vec<Error>,
}

/// Returns what is at `path`: the file itself, or all below it when it is a folder or an archive.
///
/// # Errors
/// When the path does not exist, or is a folder that cannot be listed or an archive that cannot
/// be unpacked. An archive within a folder only counts among what failed.
pub fn find(path: &Path) -> Result<Contents> {
    let mut contents = Contents::default();
    contents.add_path(path, &mut Room::default())?;
    Ok(contents)
}

/// Returns what is at all the paths, in their order; `s3://bucket/prefix` is one.
///
/// `options` are the storage's own settings, as for [`carnac_lake::Lake::open`].
pub async fn find_all(paths: &[PathBuf], options: &[(String, String)]) -> Contents {
    let mut contents = Contents::default();
    let mut room = Room::default();
    for path in paths {
        let address = path.to_str().filter(|text| text.contains("://"));
        let outcome = match address {
            Some(address) => fetch(address, options, &mut contents, &mut room).await,
            None => contents.add_path(path, &mut room),
        };
        contents.failed.extend(outcome.err());
    }
    contents
}

impl Contents {
    fn add_path(&mut self, path: &Path, room: &mut Room) -> Result<()> {
        if path.metadata().map_err(failed(path))?.is_dir() {
            return self.add_folder(path, room);
        }
        let name = path
            .file_name()
            .map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        self.add_file(path, Found::file(path.to_owned(), name), room)
    }

    fn add_folder(&mut self, root: &Path, room: &mut Room) -> Result<()> {
        let mut found = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().map_err(failed(&folder))? {
                let path = entry.map_err(failed(&folder))?.path();
                let below = path.strip_prefix(root).unwrap_or(&path);
                let parts: Vec<_> =
                    below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
                let name = parts.join("/");
                let hidden = parts.last().is_some_and(|name| name.starts_with(['.', '_']));
                if !hidden && path.is_dir() {
                    folders.push(path);
                } else if !hidden && may_hold_data(&name) {
                    found.push(Found::file(path, name));
                } else {
                    self.passed_over.push(path.display().to_string());
                }
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        for file in found {
            let path = file.path.clone();
            let outcome = self.add_file(&path, file, room);
            self.failed.extend(outcome.err());
        }
        Ok(())
    }

    /// Adds a file whose bytes are at `local`, or what it holds when it is an archive.
    pub(crate) fn add_file(&mut self, local: &Path, file: Found, room: &mut Room) -> Result<()> {
        match Kind::of_file(local, &file.name)? {
            Kind::Plain => self.files.push(file),
            kind => {
                let unpacked = unpack(kind, local, &file.path, room)?;
                self.add_archive(&file, unpacked);
            }
        }
        Ok(())
    }

    fn add_archive(&mut self, archive: &Found, unpacked: Unpacked) {
        let Unpacked { folder, members, passed_over, nested } = unpacked;
        let kept = Arc::new(folder);
        let told = |name: String| archive.path.join(name).display().to_string();
        self.passed_over.extend(passed_over.into_iter().map(told));
        self.failed.extend(
            nested
                .into_iter()
                .map(|member| Error::Nested { archive: archive.path.clone(), member }),
        );
        if is_one_delivery(&members) {
            let (path, name) = (archive.path.clone(), archive.name.clone());
            self.files.push(Found { path, name, members, kept: Some(kept) });
            return;
        }
        for member in members {
            let (path, name) = match &member.name {
                Some(name) => (archive.path.join(name), format!("{}/{name}", archive.name)),
                None => (archive.path.clone(), archive.name.clone()),
            };
            let members = vec![Member { path: member.path, name: None }];
            self.files.push(Found { path, name, members, kept: Some(Arc::clone(&kept)) });
        }
    }
}

impl Found {
    /// A file of this machine that is not in an archive.
    fn file(path: PathBuf, name: String) -> Self {
        let members = vec![Member { path: path.clone(), name: None }];
        Self { path, name, members, kept: None }
    }
}

/// Returns whether a file is looked into, by its name.
pub(crate) fn may_hold_data(name: &str) -> bool {
    is_data(name) || Kind::is_archive_name(name)
}

/// The messages of an ACTES envelope are understood together only.
fn is_one_delivery(members: &[Member]) -> bool {
    members.len() > 1 && members.iter().all(|member| member.name.as_deref().is_some_and(is_xml))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::Io { step: "open", path: path.to_owned(), source }
}
