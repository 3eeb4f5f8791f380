//! Rows as a workbook for Excel: one sheet, a row of headings that stays in sight.

use std::fmt;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

/// Rows of a sheet, below its headings.
const ROWS: u32 = 1_048_575;

/// Cells of a sheet: more than a program for sheets opens in good time.
const CELLS: u64 = 10_000_000;

/// Digits of a number that a sheet keeps.
const DIGITS: usize = 15;

/// A workbook that is written, the rows so far in a temporary file.
pub(super) struct Sheet {
    workbook: Workbook,
    /// Rows so far, the headings among them.
    rows: u32,
    cells: u64,
}

impl fmt::Debug for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sheet").field("rows", &self.rows).finish_non_exhaustive()
    }
}

fn failed(error: XlsxError) -> ArrowError {
    ArrowError::ExternalError(Box::new(error))
}

impl Sheet {
    /// Begins with the headings.
    pub(super) fn new(schema: &SchemaRef) -> Result<Self, ArrowError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory().map_err(failed)?;
        sheet.set_freeze_panes(1, 0).map_err(failed)?;
        let bold = Format::new().set_bold();
        for (column, field) in (0..).zip(schema.fields()) {
            sheet.write_string_with_format(0, column, field.name(), &bold).map_err(failed)?;
        }
        Ok(Self { workbook, rows: 1, cells: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When there are more than a sheet holds, or a text is longer than a cell does (32,767
    /// characters).
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let rows = u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
        self.cells += u64::from(rows) * batch.num_columns() as u64;
        if rows > (ROWS + 1).saturating_sub(self.rows) || self.cells > CELLS {
            let reason =
                format!("a sheet has at most {ROWS} rows and {CELLS} cells: ask for fewer");
            return Err(ArrowError::InvalidArgumentError(reason));
        }
        let columns: Result<Vec<_>, _> = batch.columns().iter().map(Column::of).collect();
        let columns = columns?;
        let sheet = self.workbook.worksheet_from_index(0).map_err(failed)?;
        // Row by row, as they go to the file.
        for row in 0..rows {
            for (place, column) in (0..).zip(&columns) {
                column.write(sheet, row, (self.rows + row, place))?;
            }
        }
        self.rows += rows;
        Ok(())
    }

    /// Returns the whole workbook.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, ArrowError> {
        self.workbook.save_to_buffer().map_err(failed)
    }
}

/// A column, and how its cells are written.
struct Column<'c> {
    values: &'c ArrayRef,
    text: ArrayFormatter<'c>,
    kind: Kind,
}

enum Kind {
    Text,
    Boolean,
    /// Floats, which is what a sheet holds.
    Float(ArrayRef),
    /// Numbers that are exact, as floats.
    Exact(ArrayRef),
    /// Days, or moments, with their format.
    Time(Format),
}

impl<'c> Column<'c> {
    fn of(values: &'c ArrayRef) -> Result<Self, ArrowError> {
        let kind = match values.data_type() {
            DataType::Boolean => Kind::Boolean,
            kind if kind.is_floating() => Kind::Float(cast(values, &DataType::Float64)?),
            kind if kind.is_numeric() => Kind::Exact(cast(values, &DataType::Float64)?),
            DataType::Date32 | DataType::Date64 => {
                Kind::Time(Format::new().set_num_format("yyyy-mm-dd"))
            }
            DataType::Timestamp(..) => {
                Kind::Time(Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"))
            }
            _ => Kind::Text,
        };
        let text = ArrayFormatter::try_new(values, &FormatOptions::default())?;
        Ok(Self { values, text, kind })
    }

    fn write(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        (to, column): (u32, u16),
    ) -> Result<(), ArrowError> {
        let place = row as usize;
        if self.values.is_null(place) {
            return Ok(());
        }
        let text = self.text.value(place).to_string();
        let written = match &self.kind {
            Kind::Boolean => sheet.write_boolean(to, column, self.values.as_boolean().value(place)),
            Kind::Float(numbers) if number(numbers, place).is_finite() => {
                sheet.write_number(to, column, number(numbers, place))
            }
            Kind::Exact(numbers) if digits(&text) <= DIGITS => {
                sheet.write_number(to, column, number(numbers, place))
            }
            Kind::Time(format) => match moment(&text) {
                Some(moment) => sheet.write_datetime_with_format(to, column, &moment, format),
                None => sheet.write_string(to, column, text),
            },
            Kind::Text | Kind::Float(_) | Kind::Exact(_) => sheet.write_string(to, column, text),
        };
        written.map(|_| ()).map_err(failed)
    }
}

fn number(numbers: &ArrayRef, place: usize) -> f64 {
    numbers.as_primitive::<Float64Type>().value(place)
}

/// The digits that say how much a number is.
fn digits(number: &str) -> usize {
    number.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count()
}

/// A moment of 1900 or later, of a text as `2025-12-31` or `2025-12-31T12:00:00Z`.
fn moment(text: &str) -> Option<ExcelDateTime> {
    ExcelDateTime::parse_from_str(text.trim_end_matches('Z')).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::sync::Arc;

    use arrow::array::{
        BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
        TimestampMicrosecondArray,
    };
    use calamine::{Data, Reader, Xlsx};

    use super::*;

    fn read(bytes: Vec<u8>) -> Vec<Vec<String>> {
        let mut workbook = Xlsx::new(Cursor::new(bytes)).unwrap();
        let cells = workbook.worksheet_range_at(0).unwrap().unwrap();
        let cell = |cell: &Data| match cell {
            Data::DateTime(at) => format!("at {}", at.as_f64()),
            other => format!("{other:?}"),
        };
        cells.rows().map(|row| row.iter().map(cell).collect()).collect()
    }

    #[test]
    fn cells_have_their_kinds_and_all_digits() {
        let money = Decimal128Array::from(vec![Some(152_579_050), Some(12_345_678_901_234_567)]);
        let columns: [(&str, ArrayRef); 7] = [
            ("texte", Arc::new(StringArray::from(vec![Some("=1+1"), None]))),
            ("nombre", Arc::new(Int64Array::from(vec![42, 9_007_199_254_740_993]))),
            ("euros", Arc::new(money.with_precision_and_scale(18, 2).unwrap())),
            ("taux", Arc::new(Float64Array::from(vec![0.683_397_683_397_683_4, f64::NAN]))),
            ("vrai", Arc::new(BooleanArray::from(vec![Some(true), None]))),
            ("jour", Arc::new(Date32Array::from(vec![20_453, -30_000]))),
            (
                "instant",
                Arc::new(
                    TimestampMicrosecondArray::from(vec![43_200_000_000, 0]).with_timezone("UTC"),
                ),
            ),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, column)| (name, column, true)),
        );
        let batch = batch.unwrap();
        let mut sheet = Sheet::new(&batch.schema()).unwrap();
        sheet.write(&batch.slice(0, 1)).unwrap();
        sheet.write(&batch.slice(1, 1)).unwrap();
        let rows = read(sheet.finish().unwrap());
        let text = |text: &str| format!("String({text:?})");
        let names = ["texte", "nombre", "euros", "taux", "vrai", "jour", "instant"];
        assert_eq!(rows[0], names.map(text));
        assert_eq!(
            rows[1],
            [
                &text("=1+1"),
                "Float(42.0)",
                "Float(1525790.5)",
                "Float(0.6833976833976834)",
                "Bool(true)",
                "at 46022",
                "at 25569.5"
            ]
        );
        let long = [text("9007199254740993"), text("123456789012345.67"), text("NaN")];
        assert_eq!(rows[2][1..4], long);
        assert_eq!(rows[2][5..], [text("1887-11-12"), "at 25569".to_owned()]);
    }

    #[test]
    fn more_rows_than_a_sheet_has_are_refused() {
        let column: ArrayRef = Arc::new(BooleanArray::from(vec![None; 600_000]));
        let batch = RecordBatch::try_from_iter([("a", column)]).unwrap();
        let mut sheet = Sheet::new(&batch.schema()).unwrap();
        sheet.write(&batch).unwrap();
        assert!(sheet.write(&batch).unwrap_err().to_string().contains("1048575 rows"));
    }
}
