//! Records of an export, each with the line on which it begins; memory is bounded by the blocks.

use csv::{ByteRecord, ReaderBuilder};

use crate::Result;
use crate::csv::{Block, Blocks, header_of, records_above};
use crate::source::Source;
use crate::text::Utf8;

/// A record, or the rule by which its line is none.
pub(super) type Record<'r> = Result<&'r ByteRecord, &'static str>;

/// Calls `each` with every record after the header and the line on which it begins.
pub(super) fn each(
    source: &Source,
    each: &mut dyn FnMut(i64, Record<'_>) -> Result<()>,
) -> Result<()> {
    let failed = |error| source.io("read", error);
    let text = Utf8::new(source.reader()?, source.encoding()?);
    let mut blocks = Blocks::new(text, source.delimiter);
    let (is_given, mut above) = (given_header(source).is_some(), None);
    while let Some(block) = blocks.next().map_err(failed)? {
        let above = above.get_or_insert_with(|| records_above(&block.bytes, is_given));
        each_of(&block, source.delimiter, &mut |line, record| {
            if *above == 0 {
                return each(line, record);
            }
            *above -= 1;
            Ok(())
        })?;
    }
    source.verify(blocks.into_inner().into_inner())
}

fn each_of(
    block: &Block,
    delimiter: u8,
    each: &mut dyn FnMut(i64, Record<'_>) -> Result<()>,
) -> Result<()> {
    let line = |line: u64| i64::try_from(line).unwrap_or(i64::MAX);
    if let Some(rule) = block.fault {
        return each(line(block.line), Err(rule));
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(block.bytes.as_slice());
    let mut record = ByteRecord::new();
    loop {
        let start = reader.position().clone();
        // Reading from memory cannot fail.
        if !reader.read_byte_record(&mut record).unwrap_or_default() {
            return Ok(());
        }
        // The reader leaves a line's last byte, and blank lines, to the record that follows.
        let from = usize::try_from(start.byte()).unwrap_or(usize::MAX);
        let before = block.bytes.get(from..).unwrap_or_default();
        let blank = before.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let blank = blank.filter(|byte| **byte == b'\n').count() as u64;
        each(line(block.line + start.line() - 1 + blank), Ok(&record))?;
    }
}

/// Returns the headings of the file, in lower case; none of an empty file.
pub(super) fn headings(source: &Source) -> Result<Vec<String>> {
    if let Some(header) = given_header(source) {
        return Ok(header.to_vec());
    }
    let text = Utf8::new(source.reader()?, source.encoding()?);
    let first = Blocks::new(text, source.delimiter).next();
    let first = first.map_err(|error| source.io("read", error))?;
    Ok(first.and_then(|block| header_of(&block.bytes, source.delimiter)).unwrap_or_default())
}

/// The header of a file that has none, as its profile says.
fn given_header(source: &Source) -> Option<&[String]> {
    source.profile.as_ref()?.header.as_deref()
}
