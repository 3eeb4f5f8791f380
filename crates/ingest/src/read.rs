//! One reader a format.

use carnac_model::{Rows, check};
use chrono::NaiveDate;

use crate::format::Format;
use crate::source::Source;
use crate::{Each, PseudonymKey, Result, columnar, csv, json, sheet, survey, xml};

/// Reads and checks a source, and hands on what became of its rows in the order of the file.
///
/// `key` makes pseudonyms of respondents; only surveys need it.
pub(crate) fn read(
    source: &Source,
    key: Option<&PseudonymKey>,
    run_date: NaiveDate,
    each: &mut Each<'_>,
) -> Result<()> {
    let check = |rows: &Rows| {
        let checked = check(source.dataset, rows, run_date);
        debug_assert_eq!(checked.read(), rows.len(), "each row is accepted or rejected");
        checked
    };
    let mut checked = |rows: &Rows| each(check(rows));
    match source.format {
        // However it is written, a survey is read by its own reader: no other one lets names out.
        _ if source.dataset.name == survey::DATASET => {
            survey::read(source, key, run_date, &mut checked)
        }
        Format::Csv => csv::read(source, &check, each),
        Format::Json => json::read(source, &mut checked),
        Format::Xml => xml::read(source, &mut checked),
        Format::Sheet => sheet::read(source, &mut checked),
        Format::Parquet => columnar::read(source, &mut checked),
    }
}
