//! A source: one file, the dataset it belongs to, and its checksum.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carnac_model::{DATASETS, Dataset, dataset};
use encoding_rs::Encoding;
use sha2::{Digest, Sha256};

use crate::text::{Guess, Utf8};
use crate::{Error, Profile, Result, csv, xml};

/// How the bytes are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Json,
    Xml,
}

/// A file found by [`find`], with the name under which it is known in the lake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the folder that was asked for, with `/` between; its file name otherwise.
    pub name: String,
}

/// One file to land.
#[derive(Debug)]
pub struct Source {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) dataset: &'static Dataset,
    pub(crate) format: Format,
    pub(crate) sha256: String,
    pub(crate) encoding: &'static Encoding,
    pub(crate) delimiter: u8,
    pub(crate) profile: Option<Arc<Profile>>,
    bytes: u64,
}

/// Returns the data files at `path`: itself, or all below it when it is a folder, in order;
/// names that begin with `.` or `_` are passed over.
///
/// # Errors
/// When a folder cannot be listed or the path does not exist.
pub fn find(path: &Path) -> Result<Vec<Found>> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { step: "open", path, source }
    };
    if !path.metadata().map_err(failed(path))?.is_dir() {
        let name = path
            .file_name()
            .map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        return Ok(vec![Found { path: path.to_owned(), name }]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().map_err(failed(&folder))? {
            let entry = entry.map_err(failed(&folder))?.path();
            let hidden = entry
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(['.', '_']));
            if hidden {
                continue;
            }
            if entry.is_dir() {
                folders.push(entry);
            } else if format(&entry).is_some() {
                let below = entry.strip_prefix(path).unwrap_or(&entry);
                let parts: Vec<_> =
                    below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
                found.push(Found { name: parts.join("/"), path: entry });
            }
        }
    }
    found.sort();
    Ok(found)
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
        let Found { path, name } = found;
        let format = format(&path).ok_or_else(|| Error::UnknownFormat { path: path.clone() })?;
        let mut head = vec![0; 64 * 1024];
        let length = read_up_to(&path, &mut head)?;
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
        let Checksum { sha256, bytes, encoding } = checksum(&path)?;
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
        Ok(Self { path, name, dataset, format, sha256, encoding, delimiter, profile, bytes })
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

    /// Opens the bytes again, hashing them as they pass.
    pub(crate) fn reader(&self) -> Result<HashingReader> {
        let file = File::open(&self.path).map_err(|source| self.io("open", source))?;
        Ok(HashingReader { file, hasher: Sha256::new() })
    }

    pub(crate) fn io(&self, step: &'static str, source: io::Error) -> Error {
        Error::Io { step, path: self.path.clone(), source }
    }

    /// Errs when the bytes that passed are not those of the checksum.
    pub(crate) fn verify(&self, mut reader: HashingReader) -> Result<()> {
        io::copy(&mut reader, &mut io::sink()).map_err(|source| self.io("read", source))?;
        if hex(&reader.hasher.finalize()) == self.sha256 {
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
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" => Some(Format::Csv),
        "json" => Some(Format::Json),
        "xml" => Some(Format::Xml),
        _ => None,
    }
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
        "PES_Aller" | "PES_ACQUIT" | "PES_Acquit" => "flows",
        "DocumentBudgetaire" | "CompteFinancierUnique" => "budget_lines",
        _ => return None,
    })
}

fn read_up_to(path: &Path, buffer: &mut [u8]) -> Result<usize> {
    let failed = |source| Error::Io { step: "open", path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]).map_err(failed)? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

struct Checksum {
    sha256: String,
    bytes: u64,
    encoding: &'static Encoding,
}

fn checksum(path: &Path) -> Result<Checksum> {
    let failed = |source| Error::Io { step: "read", path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let (mut hasher, mut guess, mut bytes) = (Sha256::new(), Guess::default(), 0);
    let mut chunk = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut chunk).map_err(failed)?;
        let passed = chunk.get(..count).unwrap_or_default();
        if passed.is_empty() {
            let encoding = guess.encoding();
            return Ok(Checksum { sha256: hex(&hasher.finalize()), bytes, encoding });
        }
        hasher.update(passed);
        guess.watch(passed);
        bytes += passed.len() as u64;
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
