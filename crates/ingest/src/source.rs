//! A source: one file, the dataset it belongs to, and its checksum.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use carnac_model::{DATASETS, Dataset, dataset};
use sha2::{Digest, Sha256};

use crate::{Error, Result, columnar, csv, sheet};

/// How the bytes are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Json,
    /// XLSX or XLS.
    Sheet,
    Parquet,
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
    /// Whether it is GeoJSON of one feature, without a list of them.
    pub(crate) is_one_feature: bool,
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
    /// Opens a file, tells its dataset (given, or by folder name, or by content), takes its checksum.
    ///
    /// # Errors
    /// When it cannot be read, or its format or dataset cannot be told.
    pub fn open(found: Found, named: Option<&'static Dataset>) -> Result<Self> {
        let Found { path, name } = found;
        let format = format(&path).ok_or_else(|| Error::UnknownFormat { path: path.clone() })?;
        let mut head = vec![0; 64 * 1024];
        let length = read_up_to(&path, &mut head)?;
        head.truncate(length);
        let by_folder =
            || path.parent()?.ancestors().find_map(|folder| dataset(folder.file_name()?.to_str()?));
        let told = named.or_else(by_folder).or_else(|| by_content(&path, format, &head));
        let Some(dataset) = told else {
            let known = DATASETS.iter().map(|dataset| dataset.name).collect::<Vec<_>>().join(", ");
            return Err(Error::UnknownDataset { path, known });
        };
        let (sha256, bytes) = checksum(&path)?;
        // `acts/2024.csv` of an inbox and `2024.csv` of its folder `acts` are one source.
        let name = name
            .strip_prefix(dataset.name)
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(&name)
            .to_owned();
        let head = String::from_utf8_lossy(&head);
        let is_one_feature = dataset.name == "outlines"
            && !["\"FeatureCollection\"", "\"features\""].iter().any(|word| head.contains(word));
        Ok(Self { path, name, dataset, format, sha256, is_one_feature, bytes })
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

    /// Returns all bytes; errs when there are more than `most`, or when they are not those of the
    /// checksum.
    pub(crate) fn whole(&self, most: u64) -> Result<Vec<u8>> {
        if self.bytes > most {
            let reason = format!("it is longer than {most} bytes");
            return Err(Error::Unreadable { path: self.path.clone(), reason });
        }
        let mut bytes = Vec::new();
        let mut reader = self.reader()?.take(most);
        reader.read_to_end(&mut bytes).map_err(|error| self.io("read", error))?;
        self.verify(reader.into_inner())?;
        Ok(bytes)
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
        "json" | "geojson" => Some(Format::Json),
        "xlsx" | "xls" => Some(Format::Sheet),
        "parquet" => Some(Format::Parquet),
        _ => None,
    }
}

fn by_content(path: &Path, format: Format, head: &[u8]) -> Option<&'static Dataset> {
    let text = String::from_utf8_lossy(head);
    match format {
        Format::Json if text.contains("\"marches\"") => dataset("contracts"),
        Format::Json
            if text.contains("\"typeLiaison\"") || text.contains("\"modeFinancement\"") =>
        {
            dataset("authorities")
        }
        Format::Json if text.contains("\"Feature") => dataset("outlines"),
        Format::Json => None,
        Format::Csv => by_header(&csv::header_of(head)?),
        Format::Sheet => sheet::headers(path).ok()?.iter().find_map(|header| by_header(header)),
        Format::Parquet => by_header(&columnar::header_of(path).ok()?),
    }
}

/// The first dataset whose required columns are all there.
fn by_header(header: &[String]) -> Option<&'static Dataset> {
    let fits = |dataset: &&&Dataset| {
        dataset.fields.iter().filter(|field| field.required).all(|field| {
            field.header == "edition" || header.iter().any(|name| name == field.header)
        })
    };
    DATASETS.iter().find(fits).copied()
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

fn checksum(path: &Path) -> Result<(String, u64)> {
    let failed = |source| Error::Io { step: "read", path: path.to_owned(), source };
    let mut hasher = Sha256::new();
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed)?);
    let bytes = io::copy(&mut file, &mut hasher).map_err(failed)?;
    Ok((hex(&hasher.finalize()), bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
