//! How the columns of a CSV file become the fields of its dataset.

use std::borrow::Cow;

use carnac_model::{Dataset, RowsBuilder};

use crate::source::Source;
use crate::{Error, MAX_COLUMNS, Result};

/// Where the value of a field comes from.
enum Cell {
    Column(usize),
    /// The first nine digits of a SIRET.
    SirenOf(usize),
    Constant(String),
    Absent,
}

/// The layout of one file.
pub(crate) struct Layout {
    pub(crate) dataset: &'static Dataset,
    columns: usize,
    cells: Vec<Cell>,
    empty: Vec<String>,
}

impl Layout {
    /// Finds each field's column in the header, with the help of the source's profile.
    pub(crate) fn of(source: &Source, header: &[String]) -> Result<Self> {
        if header.len() > MAX_COLUMNS {
            return Err(Error::TooManyColumns { path: source.path.clone(), found: header.len() });
        }
        let profile = source.profile.as_deref();
        let place = |wanted: &str| {
            let wanted = wanted.trim().to_lowercase();
            header.iter().position(|name| *name == wanted)
        };
        let column = |field: &carnac_model::Field| {
            place(profile.and_then(|profile| profile.column(field)).unwrap_or(field.header))
        };
        let mut cells = Vec::with_capacity(source.dataset.fields.len());
        for field in source.dataset.fields {
            let constant = profile.and_then(|profile| profile.constant(field));
            let siret = field
                .siren_of
                .and_then(|siret| source.dataset.position(siret))
                .and_then(|siret| column(&source.dataset.fields[siret]));
            cells.push(match (column(field), constant, siret, source.edition()) {
                (Some(place), ..) => Cell::Column(place),
                (_, Some(constant), ..) => Cell::Constant(constant.to_owned()),
                (_, _, Some(siret), _) => Cell::SirenOf(siret),
                (.., Some(edition)) if field.header == "edition" => Cell::Constant(edition),
                _ if field.required => {
                    let (path, found) = (source.path.clone(), header.join(", "));
                    return Err(Error::MissingColumn { path, column: field.header, found });
                }
                _ => Cell::Absent,
            });
        }
        let empty = profile.map(|profile| profile.empty.clone()).unwrap_or_default();
        let layout = Self { dataset: source.dataset, columns: header.len(), cells, empty };
        match layout.ambiguous(header) {
            Some(column) => Err(Error::ColumnTwice { path: source.path.clone(), column }),
            None => Ok(layout),
        }
    }

    /// The name of a column that is read, if another column has it too.
    fn ambiguous(&self, header: &[String]) -> Option<String> {
        let mut names = self.places().into_iter().filter_map(|place| header.get(place));
        let is_twice = |name: &&String| header.iter().filter(|other| other == name).count() > 1;
        names.find(is_twice).cloned()
    }

    /// Returns the columns that are read, in order and each once.
    pub(crate) fn places(&self) -> Vec<usize> {
        let place = |cell: &Cell| match cell {
            Cell::Column(place) | Cell::SirenOf(place) => Some(*place),
            Cell::Constant(_) | Cell::Absent => None,
        };
        let mut places: Vec<_> = self.cells.iter().filter_map(place).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Appends a record; one with too many or too few columns is a bad row.
    pub(crate) fn push<'r>(
        &self,
        rows: &mut RowsBuilder,
        line: i64,
        raw: &str,
        columns: usize,
        value: impl Fn(usize) -> Option<&'r str>,
    ) {
        if columns != self.columns {
            return rows.push_fault(line, raw, "malformed");
        }
        let value = |place: usize| {
            value(place).filter(|text| !self.empty.iter().any(|word| word == text.trim()))
        };
        let cells = self.cells.iter().map(|cell| match cell {
            Cell::Column(place) => value(*place).map(Cow::Borrowed),
            Cell::SirenOf(place) => value(*place).map(siren_of),
            Cell::Constant(text) => Some(Cow::Borrowed(text.as_str())),
            Cell::Absent => None,
        });
        rows.push(line, raw, cells);
    }
}

/// The first nine digits of a SIRET, which may have spaces in it or have lost its first zero.
fn siren_of(siret: &str) -> Cow<'_, str> {
    let digits: String = siret.chars().filter(|c| !c.is_whitespace()).collect();
    Cow::Owned(digits.chars().take(9).collect())
}

#[cfg(test)]
mod tests {
    use crate::trial::{land, reason};

    #[test]
    fn a_column_that_is_read_stands_once() {
        let of = |header: &str| {
            let row = "a;21350238800019;2025-01-02;b;c\n";
            land("x.csv", "contracts", format!("{header}\n{row}").as_bytes())
        };
        assert_eq!(of("id;acheteur.id;dateNotification;note;Note").unwrap().accepted, 1);
        let error = reason(of("id;acheteur.id;dateNotification;note;ID "));
        assert!(error.contains("column `id` stands twice"), "{error}");
    }
}
