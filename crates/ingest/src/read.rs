//! One reader a format.

use carnac_model::Rows;

use crate::format::Format;
use crate::source::Source;
use crate::{Check, Each, Result, columnar, csv, json, sheet, xml};

/// Reads a source and hands on what became of its rows, in the order of the file.
pub(crate) fn read(source: &Source, check: &Check<'_>, each: &mut Each<'_>) -> Result<()> {
    let mut checked = |rows: &Rows| each(check(rows));
    match source.format {
        Format::Csv => csv::read(source, check, each),
        Format::Json => json::read(source, &mut checked),
        Format::Xml => xml::read(source, &mut checked),
        Format::Sheet => sheet::read(source, &mut checked),
        Format::Parquet => columnar::read(source, &mut checked),
    }
}
