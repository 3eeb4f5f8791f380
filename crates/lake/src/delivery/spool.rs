//! The files of one period of a delivery: its rows, what tells them apart, and their raw text.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use arrow::array::Array;
use arrow::datatypes::{ArrowNativeType, Schema};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use carnac_model::Accepted;

/// Bytes of a record in a file of keys.
const RECORD: usize = 40;

/// What is known of one row without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyRecord {
    /// Hash of its key.
    pub(crate) key: u128,
    /// Hash of its raw text.
    pub(crate) row: u64,
    /// Its number in the delivery; for a landed row its place in its partition.
    pub(crate) sequence: u64,
    /// Where its raw text begins.
    raw_at: u64,
}

/// Writes batches to a file of the spool.
pub(crate) type BatchWriter = StreamWriter<BufWriter<File>>;

/// Starts a file of batches.
pub(crate) fn write_batches(path: &Path, schema: &Schema) -> Result<BatchWriter, ArrowError> {
    StreamWriter::try_new(create(path)?, schema)
}

/// Reads a file of batches, as they were written.
pub(crate) fn read_batches(path: &Path) -> Result<StreamReader<BufReader<File>>, ArrowError> {
    StreamReader::try_new(open(path)?, None)
}

/// Files being written.
pub(crate) struct PartWriter {
    path: PathBuf,
    rows: BatchWriter,
    keys: KeyWriter,
    raw: BufWriter<File>,
    raw_at: u64,
    count: usize,
}

/// Files that are complete.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) period: String,
    /// How many rows there are.
    pub(crate) count: usize,
    path: PathBuf,
}

impl std::fmt::Debug for PartWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PartWriter({} rows)", self.count)
    }
}

impl PartWriter {
    /// Creates the files of a part; `number` names them.
    pub(crate) fn create(
        folder: &Path,
        number: usize,
        schema: &Schema,
    ) -> Result<Self, ArrowError> {
        let path = folder.join(format!("part-{number}"));
        let rows = write_batches(&path.with_extension("rows"), schema)?;
        let keys = KeyWriter::create(&path.with_extension("keys"))?;
        let raw = create(&path.with_extension("raw"))?;
        Ok(Self { path, rows, keys, raw, raw_at: 0, count: 0 })
    }

    /// Appends rows, of which the first has the number `sequence` in the delivery.
    pub(crate) fn append(&mut self, accepted: &Accepted, sequence: u64) -> Result<(), ArrowError> {
        self.rows.write(&accepted.rows)?;
        // The texts of a batch stand one behind the other.
        let offsets = accepted.raw.offsets();
        let first = offsets.first().copied().unwrap_or_default();
        for ((key, begin), sequence) in accepted.keys.iter().zip(offsets.iter()).zip(sequence..) {
            let raw_at = self.raw_at + u64::from((begin - first).cast_unsigned());
            self.keys.append(&KeyRecord { key: key.key, row: key.row, sequence, raw_at })?;
        }
        let texts = offsets
            .first()
            .zip(offsets.last())
            .and_then(|(from, to)| accepted.raw.value_data().get(from.as_usize()..to.as_usize()));
        let texts = texts.unwrap_or_default();
        self.raw.write_all(texts)?;
        self.raw_at += texts.len() as u64;
        self.count += accepted.raw.len();
        Ok(())
    }

    /// Closes the files.
    pub(crate) fn finish(mut self, period: String) -> Result<Part, ArrowError> {
        self.rows.finish()?;
        self.keys.finish()?;
        self.raw.flush()?;
        Ok(Part { period, count: self.count, path: self.path })
    }
}

impl Part {
    /// Reads the rows, in the order in which they were appended.
    pub(crate) fn rows(&self) -> Result<StreamReader<BufReader<File>>, ArrowError> {
        read_batches(&self.path.with_extension("rows"))
    }

    /// Reads what tells them apart, in the same order.
    pub(crate) fn keys(&self) -> io::Result<KeyReader> {
        KeyReader::open(&self.keys_path())
    }

    pub(crate) fn keys_path(&self) -> PathBuf {
        self.path.with_extension("keys")
    }

    /// Reads the raw texts of some rows: pairs of a record and the one after it, if any.
    pub(crate) fn raw(&self, wanted: &[(KeyRecord, Option<KeyRecord>)]) -> io::Result<Vec<String>> {
        let mut file = open(&self.path.with_extension("raw"))?;
        let length = file.get_ref().metadata()?.len();
        let mut texts = Vec::with_capacity(wanted.len());
        for (record, next) in wanted {
            let end = next.map_or(length, |next| next.raw_at);
            let mut bytes =
                vec![0; usize::try_from(end.saturating_sub(record.raw_at)).unwrap_or_default()];
            file.seek(SeekFrom::Start(record.raw_at))?;
            file.read_exact(&mut bytes)?;
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        Ok(texts)
    }
}

/// Writes a file of keys.
pub(crate) struct KeyWriter(BufWriter<File>);

impl KeyWriter {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        create(path).map(Self)
    }

    /// Appends the key of a landed row, which has nothing else.
    pub(crate) fn append_landed(&mut self, key: u128, place: u64) -> io::Result<()> {
        self.append(&KeyRecord { key, row: 0, sequence: place, raw_at: 0 })
    }

    fn append(&mut self, record: &KeyRecord) -> io::Result<()> {
        let mut bytes = [0; RECORD];
        let (key, rest) = bytes.split_at_mut(16);
        key.copy_from_slice(&record.key.to_le_bytes());
        for (place, number) in
            rest.chunks_exact_mut(8).zip([record.row, record.sequence, record.raw_at])
        {
            place.copy_from_slice(&number.to_le_bytes());
        }
        self.0.write_all(&bytes)
    }

    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Reads a file of keys.
pub(crate) struct KeyReader(BufReader<File>);

impl KeyReader {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        open(path).map(Self)
    }

    /// Returns the next record; none at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<KeyRecord>> {
        let mut bytes = [0; RECORD];
        match self.0.read_exact(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let (key, rest) = bytes.split_at(16);
        let mut number = [0; 16];
        number.copy_from_slice(key);
        let mut numbers = rest.chunks_exact(8).map(|bytes| {
            let mut number = [0; 8];
            number.copy_from_slice(bytes);
            u64::from_le_bytes(number)
        });
        let mut next = || numbers.next().unwrap_or_default();
        let key = u128::from_le_bytes(number);
        Ok(Some(KeyRecord { key, row: next(), sequence: next(), raw_at: next() }))
    }
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(256 * 1024, File::create(path)?))
}

fn open(path: &Path) -> io::Result<BufReader<File>> {
    Ok(BufReader::with_capacity(256 * 1024, File::open(path)?))
}
