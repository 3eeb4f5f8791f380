//! CSV: the separator is told from the header, every row keeps its line and its raw text.
//!
//! One thread cuts the file into blocks of whole records, the others parse and check them; what
//! they found is taken in the order of the file.

mod block;
mod header;
mod layout;

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use carnac_model::{Checked, Rows, RowsBuilder};
use csv::{ByteRecord, ReaderBuilder, StringRecord};

use crate::source::Source;
use crate::text::Utf8;
use crate::{Check, Each, Result};

pub(crate) use block::{Block, Blocks};
pub(crate) use header::{delimiter_of, header_of, records_above};
pub(crate) use layout::Layout;

/// Reads and checks a CSV file, block by block.
pub(crate) fn read(source: &Source, check: &Check<'_>, each: &mut Each<'_>) -> Result<()> {
    let delimiter = source.delimiter;
    let text = Utf8::new(source.reader()?, source.encoding()?);
    let mut blocks = Blocks::new(text, delimiter);
    let failed = |error| source.io("read", error);
    let Some(first) = blocks.next().map_err(failed)? else {
        return source.verify(blocks.into_inner().into_inner());
    };
    let given = source.profile.as_ref().and_then(|profile| profile.header.as_ref());
    let header = match given {
        Some(header) => header.iter().map(|name| name.trim().to_lowercase()).collect(),
        None => header_of(&first.bytes, delimiter).unwrap_or_default(),
    };
    let skip = records_above(&first.bytes, given.is_some());
    let parser = Parser { layout: Layout::of(source, &header)?, delimiter };
    each(check(&parser.rows(&first, skip)))?;

    let workers = thread::available_parallelism().map_or(1, usize::from);
    let (jobs, queue) = sync_channel::<(Block, SyncSender<Checked>)>(workers);
    let queue = Mutex::new(queue);
    thread::scope(|scope| -> Result<()> {
        for _ in 0..workers {
            scope.spawn(|| work(&queue, |block| check(&parser.rows(block, 0))));
        }
        // Dropped at the end of this block, which is how the workers know that it is over.
        let jobs = jobs;
        let mut waiting = VecDeque::new();
        while let Some(block) = blocks.next().map_err(failed)? {
            let (reply, answer) = sync_channel(1);
            if jobs.send((block, reply)).is_err() {
                break;
            }
            waiting.push_back(answer);
            if waiting.len() > 2 * workers {
                take(&mut waiting, each)?;
            }
        }
        while !waiting.is_empty() {
            take(&mut waiting, each)?;
        }
        Ok(())
    })?;
    source.verify(blocks.into_inner().into_inner())
}

/// Checks blocks until there are no more.
fn work(queue: &Mutex<Receiver<(Block, SyncSender<Checked>)>>, check: impl Fn(&Block) -> Checked) {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok((block, reply)) = next() {
        if reply.send(check(&block)).is_err() {
            return;
        }
    }
}

/// Waits for the oldest block.
fn take(waiting: &mut VecDeque<Receiver<Checked>>, each: &mut Each<'_>) -> Result<()> {
    let checked = waiting.pop_front().and_then(|answer| answer.recv().ok());
    each(checked.expect("a worker answers, or its panic is ours"))
}

struct Parser {
    layout: Layout,
    delimiter: u8,
}

impl Parser {
    /// The rows of a block, without its first `skip` records.
    fn rows(&self, block: &Block, skip: usize) -> Rows {
        let mut rows = RowsBuilder::with_capacity(self.layout.dataset, block.bytes.len());
        if let Some(rule) = block.fault {
            let line = i64::try_from(block.line).unwrap_or(i64::MAX);
            rows.push_fault(line, String::from_utf8_lossy(&block.bytes).trim_end(), rule);
            return rows.finish();
        }
        let mut reader = ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(block.bytes.as_slice());
        let mut record = ByteRecord::new();
        let mut passed = 0;
        loop {
            let start = reader.position().clone();
            // Reading from memory cannot fail.
            if !reader.read_byte_record(&mut record).unwrap_or_default() {
                return rows.finish();
            }
            passed += 1;
            if passed <= skip {
                continue;
            }
            let (from, to) = (start.byte(), reader.position().byte());
            let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
            let text = block.bytes.get(place(from)..place(to)).unwrap_or_default();
            // The reader leaves a line's last byte, and blank lines, to the record that follows.
            let before = text.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let (passed_over, raw) = text.split_at(before);
            let blank = passed_over.iter().filter(|byte| **byte == b'\n').count() as u64;
            let line = block.line + start.line() - 1 + blank;
            record = self.push(&mut rows, line, raw.trim_ascii_end(), record);
        }
    }

    /// Appends a record, and returns it to be filled again.
    fn push(
        &self,
        rows: &mut RowsBuilder,
        line: u64,
        raw: &[u8],
        record: ByteRecord,
    ) -> ByteRecord {
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        match (std::str::from_utf8(raw), StringRecord::from_byte_record(record)) {
            (Ok(raw), Ok(record)) => {
                self.layout.push(rows, line, raw, record.len(), |place| record.get(place));
                record.into_byte_record()
            }
            (_, record) => {
                rows.push_fault(line, &String::from_utf8_lossy(raw), "bad_encoding");
                record.map_or_else(
                    csv::FromUtf8Error::into_byte_record,
                    StringRecord::into_byte_record,
                )
            }
        }
    }
}
