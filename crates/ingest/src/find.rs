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

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::Source;

    fn zip(members: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// A folder with these files in it.
    fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        folder
    }

    fn names(contents: &Contents) -> Vec<&str> {
        contents.files.iter().map(|found| found.name.as_str()).collect()
    }

    #[test]
    fn an_archive_is_a_folder() {
        let archive = zip(&[("contracts/c.csv", "c"), ("b.csv", "b"), ("readme.txt", "r")]);
        let folder =
            folder(&[("acts/x.zip", archive), ("a.csv", b"a".to_vec()), ("photo.jpg", vec![1])]);
        let contents = find(folder.path()).unwrap();
        assert_eq!(names(&contents), ["a.csv", "acts/x.zip/b.csv", "acts/x.zip/contracts/c.csv"]);
        let told = |name: &str| folder.path().join(name).display().to_string();
        assert_eq!(contents.passed_over, [told("photo.jpg"), told("acts/x.zip/readme.txt")]);
        let alone = find(&folder.path().join("acts/x.zip")).unwrap();
        assert_eq!(names(&alone), ["x.zip/b.csv", "x.zip/contracts/c.csv"]);
    }

    /// The dataset is told by the folders around the archive, or by those within it.
    #[test]
    fn folders_tell_the_dataset_within_archives_too() {
        let archive = zip(&[("contracts/c.csv", "c"), ("b.csv", "b")]);
        let folder = folder(&[("acts/x.zip", archive)]);
        let contents = find(folder.path()).unwrap();
        let keys: Vec<_> =
            contents.files.into_iter().map(|f| Source::open(f, None, &[]).unwrap().key()).collect();
        assert_eq!(keys, ["acts/x.zip/b.csv", "contracts/acts/x.zip/contracts/c.csv"]);
    }

    #[test]
    fn a_bad_archive_stops_no_other_file() {
        let nested = zip(&[("in.zip", "PK\u{3}\u{4}"), ("d.csv", "d")]);
        let files =
            [("a.csv", b"a".to_vec()), ("b.zip", b"PK\x03\x04".to_vec()), ("c.zip", nested)];
        let folder = folder(&files);
        let contents = find(folder.path()).unwrap();
        assert_eq!(names(&contents), ["a.csv", "c.zip/d.csv"]);
        let [Error::Unpack { .. }, Error::Nested { member, .. }] = contents.failed.as_slice()
        else {
            panic!("{:?}", contents.failed);
        };
        assert_eq!(member, "in.zip");
        assert!(find(&folder.path().join("b.zip")).is_err());
    }

    #[test]
    fn xml_messages_of_one_archive_are_one_source() {
        let envelope = [("e.xml", "<e/>"), ("m1.xml", "<m/>"), ("m1_1.pdf", "p"), ("M2.XML", "")];
        let several = folder(&[("x.zip", zip(&envelope))]);
        let contents = find(several.path()).unwrap();
        assert_eq!(names(&contents), ["x.zip"]);
        let members = contents.files[0].members.iter().map(|m| m.name.as_deref());
        assert_eq!(members.collect::<Vec<_>>(), [Some("M2.XML"), Some("e.xml"), Some("m1.xml")]);
        assert_eq!(contents.passed_over.len(), 1);

        let mixed = folder(&[("x.zip", zip(&[("a.xml", ""), ("b.xml", ""), ("c.csv", "")]))]);
        let contents = find(mixed.path()).unwrap();
        assert_eq!(names(&contents), ["x.zip/a.xml", "x.zip/b.xml", "x.zip/c.csv"]);
        let one = folder(&[("x.zip", zip(&[("a.xml", "")]))]);
        assert_eq!(names(&find(one.path()).unwrap()), ["x.zip/a.xml"]);
    }

    #[test]
    fn what_was_unpacked_goes_with_its_last_source() {
        let folder = folder(&[("x.zip", zip(&[("a.csv", "a"), ("b.csv", "b")]))]);
        let mut contents = find(folder.path()).unwrap();
        let on_disk = contents.files[1].members[0].path.clone();
        drop(contents.files.remove(0));
        assert!(on_disk.exists());
        drop(contents);
        assert!(!on_disk.parent().unwrap().exists());
    }
}
