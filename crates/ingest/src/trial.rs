//! What becomes of a file's rows, for the tests of readers.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use carnac_model::{Checked, dataset};
use chrono::NaiveDate;

use crate::read::read;
use crate::{Result, Source, find};

/// Rows of a file after the check.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Landed {
    /// Accepted rows.
    pub(crate) accepted: usize,
    /// Line, rule and raw text of each rejected row.
    pub(crate) rejected: Vec<(i64, String, String)>,
    /// Text columns of the accepted rows with `;` between, line by line.
    pub(crate) texts: Vec<String>,
}

/// Reads a file as a dataset, as of 1 January 2026.
pub(crate) fn land(name: &str, named: &str, bytes: &[u8]) -> Result<Landed> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let source = Source::open(find(&path)?.files.remove(0), dataset(named), &[])?;
    let run_date = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let mut landed = Landed::default();
    let mut each = |checked: Checked| {
        landed.add(source.dataset().fields.len(), &checked);
        Ok(())
    };
    read(&source, None, run_date, &mut each)?;
    Ok(landed)
}

impl Landed {
    fn add(&mut self, fields: usize, checked: &Checked) {
        let rejected = checked.rejected();
        let column = |name: &str| rejected.column_by_name(name).unwrap();
        let line = column("line").as_primitive::<Int64Type>();
        let (rule, raw) = (column("rule").as_string::<i32>(), column("raw").as_string::<i32>());
        self.rejected.extend(
            (0..rejected.num_rows()).map(|row| {
                (line.value(row), rule.value(row).to_owned(), raw.value(row).to_owned())
            }),
        );
        let accepted = checked.rows();
        self.accepted += accepted.num_rows();
        let columns: Vec<_> = accepted
            .columns()
            .iter()
            .take(fields)
            .filter_map(|c| c.as_string_opt::<i32>())
            .collect();
        let value = |column: &&arrow::array::StringArray, row: usize| {
            if column.is_valid(row) { column.value(row).to_owned() } else { String::new() }
        };
        self.texts.extend((0..accepted.num_rows()).map(|row| {
            columns.iter().map(|column| value(column, row)).collect::<Vec<_>>().join(";")
        }));
    }
}

/// What the error says.
pub(crate) fn reason(result: Result<impl Sized>) -> String {
    result.err().map_or_else(|| panic!("it was read"), |error| error.to_string())
}
