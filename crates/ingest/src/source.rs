//! A source: one file, the dataset it belongs to, and its checksum.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carnac_model::{DATASETS, Dataset, dataset};
use encoding_rs::Encoding;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::text::{Guess, Utf8};
use crate::{Error, Found, Profile, Result, csv, xml};

/// How the bytes are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Json,
    Xml,
}

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
    pub(crate) sha256: String,
    pub(crate) encoding: &'static Encoding,
    pub(crate) delimiter: u8,
    pub(crate) profile: Option<Arc<Profile>>,
    bytes: u64,
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
        let Found { path, name, members, kept } = found;
        let Some(first) = members.first().map(|member| member.path.as_path()) else {
            return Err(Error::UnknownFormat { path });
        };
        let format = format(first).ok_or_else(|| Error::UnknownFormat { path: path.clone() })?;
        let failed = |step| {
            let path = path.clone();
            move |source| Error::Io { step, path, source }
        };
        let mut head = vec![0; 64 * 1024];
        let length = File::open(first)
            .and_then(|mut file| read_up_to(&mut file, &mut head))
            .map_err(failed("open"))?;
        head.truncate(length);
        let by_folder =
            || path.parent()?.ancestors().find_map(|folder| dataset(folder.file_name()?.to_str()?));
        let head = text_of(&head);
        let header = match format {
            Format::Csv => csv::header_of(&head, csv::delimiter_of(&head)).unwrap_or_default(),
            Format::Json | Format::Xml => Vec::new(),
        };
        let expected = named.or_else(by_folder);
        let profile = profiles.iter().find(|profile| profile.fits(&header, expected));
        let by_profile = || profile.map(|profile| profile.dataset());
        let told = expected.or_else(by_profile).or_else(|| by_content(format, &head, &header));
        let Some(dataset) = told else {
            let known = DATASETS.iter().map(|dataset| dataset.name).collect::<Vec<_>>().join(", ");
            return Err(Error::UnknownDataset { path, known });
        };
        let Checksum { sha256, bytes, encoding } = checksum(&members).map_err(failed("read"))?;
        let encoding = profile.and_then(|profile| profile.encoding()).unwrap_or(encoding);
        let delimiter = profile
            .and_then(|profile| profile.delimiter())
            .unwrap_or_else(|| csv::delimiter_of(&head));
        // `acts/2024.csv` of an inbox and `2024.csv` of its folder `acts` are one source.
        let name = name
            .strip_prefix(dataset.name)
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(&name)
            .to_owned();
        let profile = profile.cloned();
        Ok(Self {
            path,
            name,
            dataset,
            format,
            sha256,
            encoding,
            delimiter,
            profile,
            bytes,
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

    /// Returns its length in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the name of the source in release records: `<dataset>/<file name>`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.dataset.name, self.name)
    }

    /// Returns 1 January of the last year in the file's name, by which lists of a date are told.
    pub(crate) fn edition(&self) -> Option<String> {
        let stem = self.path.file_stem()?.to_string_lossy();
        let mut years =
            stem.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() == 4);
        years.next_back().map(|year| format!("{year}-01-01"))
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
        Ok(HashingReader { file, hasher: Sha256::new() })
    }

    pub(crate) fn io(&self, step: &'static str, source: io::Error) -> Error {
        Error::Io { step, path: self.path.clone(), source }
    }

    /// Errs when the bytes that passed are not those of the checksum.
    ///
    /// Of several files nobody but this run can change one: they were unpacked by it.
    pub(crate) fn verify(&self, mut reader: HashingReader) -> Result<()> {
        io::copy(&mut reader, &mut io::sink()).map_err(|source| self.io("read", source))?;
        if self.members.len() > 1 || hex(&reader.hasher.finalize()) == self.sha256 {
            Ok(())
        } else {
            Err(Error::Changed { path: self.path.clone() })
        }
    }
}

/// A file whose bytes are hashed as they are read.
#[derive(Debug)]
pub(crate) struct HashingReader {
    file: File,
    hasher: Sha256,
}

impl Read for HashingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

fn format(path: &Path) -> Option<Format> {
    match extension(path.to_str()?).as_str() {
        "csv" => Some(Format::Csv),
        "json" => Some(Format::Json),
        "xml" => Some(Format::Xml),
        _ => None,
    }
}

/// The ending of a name without the dot, in lower case; empty when there is none.
pub(crate) fn extension(name: &str) -> String {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    ending.unwrap_or_default().to_ascii_lowercase()
}

/// Returns whether a name is that of data.
pub(crate) fn is_data(name: &str) -> bool {
    is_xml(name) || format(Path::new(name)).is_some()
}

pub(crate) fn is_xml(name: &str) -> bool {
    extension(name) == "xml"
}

/// The beginning of a file in UTF-8, whatever encoding it is in.
fn text_of(head: &[u8]) -> Vec<u8> {
    let mut guess = Guess::default();
    guess.watch(head);
    let mut text = Vec::new();
    let read = Utf8::new(head, guess.encoding()).read_to_end(&mut text);
    read.expect("reading from memory cannot fail");
    text
}

/// The dataset whose columns a file has: all the required ones, and the most of the others.
fn by_content(format: Format, head: &[u8], header: &[String]) -> Option<&'static Dataset> {
    let text = || String::from_utf8_lossy(head);
    match format {
        Format::Json => return by_names(&text()),
        Format::Xml => return xml::root(&text()).and_then(by_root),
        Format::Csv => {}
    }
    let has = |name: &str| header.iter().any(|column| *column == name.to_lowercase());
    let fits = |dataset: &&&Dataset| {
        dataset.fields.iter().filter(|field| field.required).all(|field| {
            let siret = field.siren_of.and_then(|siret| dataset.position(siret));
            field.header == "edition"
                || has(field.header)
                || siret.is_some_and(|siret| has(dataset.fields[siret].header))
        })
    };
    let known = |dataset: &&Dataset| dataset.fields.iter().filter(|f| has(f.header)).count();
    // The first of those that fit equally well: `max_by_key` would give the last.
    DATASETS.iter().rev().filter(fits).copied().max_by_key(known)
}

/// The dataset of a JSON file, by names that only it has.
fn by_names(text: &str) -> Option<&'static Dataset> {
    let is_geography = text.contains("\"typeLiaison\"") || text.contains("\"modeFinancement\"");
    match text.contains("\"marches\"") {
        true => dataset("contracts"),
        false => dataset("authorities").filter(|_| is_geography),
    }
}

/// The dataset of an XML file, by the local name of its root.
fn by_root(root: &str) -> Option<&'static Dataset> {
    dataset(match root {
        "marches" => "contracts",
        "Acte" | "ARActe" | "AnomalieActe" | "Annulation" | "ARAnnulation"
        | "EnveloppeCLMISILL" => "act_messages",
        "RetourClassification" => "classifications",
        "PES_Aller" | "PES_ACQUIT" => "flows",
        "DocumentBudgetaire" | "CompteFinancierUnique" => "budget_lines",
        _ => return None,
    })
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

struct Checksum {
    sha256: String,
    bytes: u64,
    encoding: &'static Encoding,
}

/// Reads the bytes once; of several files, their names and lengths are hashed too.
fn checksum(members: &[Member]) -> io::Result<Checksum> {
    let (mut hasher, mut guess, mut bytes) = (Sha256::new(), Guess::default(), 0);
    let mut chunk = vec![0; 1 << 20];
    for member in members {
        let mut file = File::open(&member.path)?;
        if let Some(name) = &member.name {
            hasher.update(name);
            hasher.update([0]);
            hasher.update(file.metadata()?.len().to_le_bytes());
        }
        loop {
            let count = read_up_to(&mut file, &mut chunk)?;
            let passed = chunk.get(..count).unwrap_or_default();
            if passed.is_empty() {
                break;
            }
            hasher.update(passed);
            guess.watch(passed);
            bytes += passed.len() as u64;
        }
    }
    Ok(Checksum { sha256: hex(&hasher.finalize()), bytes, encoding: guess.encoding() })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
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
        let sha256 = |files: &[(&str, &str)]| several(files).sha256;
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
