//! A source: one file, the dataset it belongs to, and its checksum.

mod content;
mod fingerprint;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carnac_model::{DATASETS, Dataset, dataset};
use encoding_rs::Encoding;
use tempfile::TempDir;
use xxhash_rust::xxh3::Xxh3;

use crate::format::{Format, by_header, by_root, by_words, format, has_any, text_of, too_wide};
use crate::{Error, Found, Profile, Result, columnar, csv, sheet, survey, xml};
use content::{Content, Reading, look};

pub use content::Known;

/// A file with bytes of a source.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Where the bytes are.
    pub(crate) path: PathBuf,
    /// Its name in the archive that is the source; none when it is the whole source.
    pub(crate) name: Option<String>,
}

/// One file to land, or an archive whose members are one delivery.
#[derive(Debug)]
pub struct Source {
    /// Where it is for people: what was unpacked is named by its archive and its name there.
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) dataset: &'static Dataset,
    pub(crate) format: Format,
    pub(crate) content: Content,
    /// The encoding that its profile gives.
    given: Option<&'static Encoding>,
    pub(crate) delimiter: u8,
    pub(crate) profile: Option<Arc<Profile>>,
    /// Its first header, in lower case; empty when it was not looked at.
    header: Vec<String>,
    /// Whether it is GeoJSON of one feature, without a list of them.
    pub(crate) is_one_feature: bool,
    /// One, or several in the order of their names.
    members: Vec<Member>,
    /// What was unpacked stays on the disk as long as this.
    _kept: Option<Arc<TempDir>>,
}

impl Source {
    /// Opens a file, tells its dataset (given, or by profile, folder name or content), its
    /// encoding and its separator, takes its checksum.
    ///
    /// The first of `profiles` whose `detect` the header has is its layout; one that detects
    /// nothing is the layout of every file of its dataset.
    ///
    /// # Errors
    /// When it cannot be read, or its format or dataset cannot be told.
    pub fn open(
        found: Found,
        named: Option<&'static Dataset>,
        profiles: &[Arc<Profile>],
    ) -> Result<Self> {
        Self::open_beside(found, named, profiles, None)
    }

    /// Opens a file as [`Source::open`] does, beside what is known of what is landed: the bytes of
    /// one that looks as it did when it landed are not read, unless it lands again.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn open_beside(
        found: Found,
        named: Option<&'static Dataset>,
        profiles: &[Arc<Profile>],
        known: Option<Known<'_>>,
    ) -> Result<Self> {
        let Found { path, name, members, kept } = found;
        let Some(first) = members.first().map(|member| member.path.as_path()) else {
            return Err(Error::UnknownFormat { path });
        };
        let format = format(first).ok_or_else(|| Error::UnknownFormat { path: path.clone() })?;
        let failed = |step| {
            let path = path.clone();
            move |source| Error::Io { step, path, source }
        };
        let look = look(&members, kept.is_some());
        let head = head_of(first).map_err(failed("open"))?;
        let (head, guessed) = text_of(&head);
        let expected = named.or_else(|| by_folder(&path));
        let looked_into = expected.is_none() || !profiles.is_empty();
        let headers = headers(format, first, &head, looked_into)?;
        let fits = |profile: &&Arc<Profile>| headers.iter().any(|h| profile.fits(h, expected));
        let profile = profiles.iter().find(fits);
        let given = profile.and_then(|profile| profile.encoding());
        if let Some(reason) = too_wide(format, &head, given.unwrap_or(guessed)) {
            return Err(Error::Unreadable { path, reason: reason.to_owned() });
        }
        let by_profile = || profile.map(|profile| profile.dataset());
        let by_content = || match format {
            Format::Json => by_words(&head),
            Format::Xml => xml::root(&String::from_utf8_lossy(&head)).and_then(by_root),
            Format::Csv | Format::Sheet | Format::Parquet => {
                headers.iter().find_map(|header| by_header(header))
            }
        };
        let told = expected.or_else(by_profile).or_else(by_content);
        let Some(dataset) = told else {
            let known = DATASETS.iter().map(|dataset| dataset.name).collect::<Vec<_>>().join(", ");
            return Err(Error::UnknownDataset { path, known });
        };
        let delimiter = profile
            .and_then(|profile| profile.delimiter())
            .unwrap_or_else(|| csv::delimiter_of(&head));
        let name = below(dataset, &name).to_owned();
        let key = format!("{}/{name}", dataset.name);
        let content = Content::of(&members, look, known, &key).map_err(failed("read"))?;
        let profile = profile.cloned();
        let header = headers.into_iter().next().unwrap_or_default();
        let is_one_feature = dataset.name == "outlines"
            && !has_any(&head, &["\"FeatureCollection\"", "\"features\""]);
        Ok(Self {
            path,
            name,
            dataset,
            format,
            content,
            given,
            delimiter,
            profile,
            header,
            is_one_feature,
            members,
            _kept: kept,
        })
    }

    /// Returns the dataset.
    #[must_use]
    pub fn dataset(&self) -> &'static Dataset {
        self.dataset
    }

    /// Returns where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how its bytes are laid out, in a word.
    #[must_use]
    pub fn format(&self) -> &'static str {
        match self.format {
            Format::Csv => "CSV",
            Format::Json => "JSON",
            Format::Xml => "XML",
            Format::Sheet => "spreadsheet",
            Format::Parquet => "Parquet",
        }
    }

    /// Returns the names of its columns in lower case, as far as they were looked at; none of a
    /// survey, whose headings may name people.
    #[must_use]
    pub fn header(&self) -> &[String] {
        if self.dataset.name == survey::DATASET { &[] } else { &self.header }
    }

    /// Returns its length in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.content.length
    }

    /// Returns the name of the source in release records: `<dataset>/<file name>`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.dataset.name, self.name)
    }

    /// Returns 1 January of the last year in the file's name, by which lists of a date are told.
    pub(crate) fn edition(&self) -> Option<String> {
        edition_of(&self.path)
    }

    /// Returns all bytes; errs when there are more than `most`, or when they are not those of the
    /// checksum.
    pub(crate) fn whole(&self, most: u64) -> Result<Vec<u8>> {
        if self.content.length > most {
            let reason = format!("it is longer than {most} bytes");
            return Err(Error::Unreadable { path: self.path.clone(), reason });
        }
        let mut bytes = Vec::new();
        let mut reader = self.reader()?.take(most);
        reader.read_to_end(&mut bytes).map_err(|error| self.io("read", error))?;
        self.verify(reader.into_inner())?;
        Ok(bytes)
    }

    /// Returns the encoding of its text: as its profile says, or what its bytes look like.
    pub(crate) fn encoding(&self) -> Result<&'static Encoding> {
        self.given.map_or_else(|| Ok(self.reading()?.encoding), Ok)
    }

    /// Returns what reading its bytes told.
    fn reading(&self) -> Result<&Reading> {
        let read = self.content.reading(&self.members).map_err(|error| self.io("read", error))?;
        read.ok_or_else(|| Error::Changed { path: self.path.clone() })
    }

    /// Returns the files that hold it, in the order in which they are read.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Opens the bytes of a source that is one file again, hashing them as they pass.
    pub(crate) fn reader(&self) -> Result<HashingReader> {
        self.reader_of(&self.members()[0])
    }

    /// Opens the bytes of one of its files.
    pub(crate) fn reader_of(&self, member: &Member) -> Result<HashingReader> {
        let file = File::open(&member.path).map_err(|source| self.io("open", source))?;
        Ok(HashingReader { file, hasher: Xxh3::new() })
    }

    pub(crate) fn io(&self, step: &'static str, source: io::Error) -> Error {
        Error::Io { step, path: self.path.clone(), source }
    }

    /// Errs when the bytes that passed are not those of the checksum.
    ///
    /// Of several files nobody but this run can change one: they were unpacked by it.
    pub(crate) fn verify(&self, mut reader: HashingReader) -> Result<()> {
        io::copy(&mut reader, &mut io::sink()).map_err(|source| self.io("read", source))?;
        if self.members.len() > 1 || reader.hasher.digest128() == self.reading()?.passed {
            Ok(())
        } else {
            Err(Error::Changed { path: self.path.clone() })
        }
    }
}

/// The dataset after which a folder on the way to the file is named, the nearest one first.
fn by_folder(path: &Path) -> Option<&'static Dataset> {
    path.parent()?.ancestors().find_map(|folder| dataset(folder.file_name()?.to_str()?))
}

/// The first 64 KiB of a file.
fn head_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = vec![0; 64 * 1024];
    let length = read_up_to(&mut File::open(path)?, &mut head)?;
    head.truncate(length);
    Ok(head)
}

/// The headers of a file, in lower case; those of a table that is no text only if it is `looked_into`.
fn headers(
    format: Format,
    path: &Path,
    head: &[u8],
    looked_into: bool,
) -> Result<Vec<Vec<String>>> {
    Ok(match format {
        Format::Csv => Vec::from_iter(csv::header_of(head, csv::delimiter_of(head))),
        Format::Sheet if looked_into => sheet::headers(path)?,
        Format::Parquet if looked_into => vec![columnar::header_of(path)?],
        Format::Json | Format::Xml | Format::Sheet | Format::Parquet => vec![Vec::new()],
    })
}

/// A source's name in its dataset: `acts/2024.csv` of an inbox and `2024.csv` of its folder `acts`
/// are one source.
fn below<'n>(dataset: &Dataset, name: &'n str) -> &'n str {
    name.strip_prefix(dataset.name).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name)
}

/// 1 January of the last year in a file's name.
fn edition_of(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_string_lossy();
    let mut years = stem.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() == 4);
    years.next_back().map(|year| format!("{year}-01-01"))
}

/// A file whose bytes are hashed as they are read.
pub(crate) struct HashingReader {
    file: File,
    hasher: Xxh3,
}

impl Read for HashingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

/// Fills `buffer` as far as there are bytes, and returns how many there were.
pub(crate) fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source of `acts` of several files, as an archive of messages is.
    fn several(files: &[(&str, &str)]) -> Source {
        let folder = TempDir::new().unwrap();
        let write = |(number, (name, content)): (usize, &(&str, &str))| {
            let path = folder.path().join(format!("{number}.csv"));
            std::fs::write(&path, content).unwrap();
            Member { path, name: Some((*name).to_owned()) }
        };
        let members = files.iter().enumerate().map(write).collect();
        let (path, name) = (PathBuf::from("acts/x.zip"), "x.zip".to_owned());
        let found = Found { path, name, members, kept: Some(Arc::new(folder)) };
        Source::open(found, None, &[]).unwrap()
    }

    #[test]
    fn the_checksum_of_several_files_tells_names_and_bounds() {
        let sha256 = |files: &[(&str, &str)]| several(files).content.sha256;
        let first = sha256(&[("a", "1"), ("b", "2")]);
        assert_eq!(first, sha256(&[("a", "1"), ("b", "2")]));
        for other in [[("a", "1"), ("c", "2")], [("a", "2"), ("b", "1")], [("a", "12"), ("b", "")]]
        {
            assert_ne!(first, sha256(&other));
        }
    }

    #[test]
    fn each_of_several_files_is_read() {
        let source = several(&[("a", "1"), ("b", "22")]);
        assert_eq!((source.bytes(), source.key()), (3, "acts/x.zip".to_owned()));
        let mut told = Vec::new();
        for member in source.members() {
            let mut reader = source.reader_of(member).unwrap();
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            source.verify(reader).unwrap();
            told.push((member.name.as_deref(), text));
        }
        assert_eq!(told, [(Some("a"), "1".to_owned()), (Some("b"), "22".to_owned())]);
    }
}
