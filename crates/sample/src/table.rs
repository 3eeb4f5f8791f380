//! Which files are written of a dataset, and from which of its columns.

use carnac_model::{Dataset, Field, dataset};

use crate::Result;
use crate::region::Region;
use crate::writer::Output;

/// One dataset as it is generated. A flat table: `crate::TABLES` lists them.
pub(crate) struct Table {
    /// Its name in the model.
    pub(crate) dataset: &'static str,
    /// Names of the columns written, in their order in the file.
    pub(crate) columns: &'static [&'static str],
    /// The header of a file that is no table of the dataset but an export, read by a profile: it
    /// is CSV with commas whatever format is asked for, and nothing is put wrong in it.
    pub(crate) export: Option<fn(u16) -> Vec<String>>,
    /// What an earlier state of a row said otherwise: a column, and two texts of which it had the
    /// one that is not in the row now.
    pub(crate) revised: (&'static str, [&'static str; 2]),
    /// The years that have a file each; none: one file in all.
    pub(crate) years: &'static [u16],
    /// Writes the rows of a year.
    pub(crate) write: fn(&Region, u16, &mut Output) -> Result<()>,
}

impl Table {
    /// The dataset; `None` only for a name that the model does not have, which a test excludes.
    pub(crate) fn model(&self) -> Option<&'static Dataset> {
        dataset(self.dataset)
    }

    /// The columns as the model has them.
    pub(crate) fn fields(&self) -> Vec<&'static Field> {
        let model = self.model();
        let field = |name: &&str| model.and_then(|of| of.fields.get(of.position(name)?));
        self.columns.iter().filter_map(field).collect()
    }

    /// The column that an earlier state had otherwise.
    pub(crate) fn revised(&self) -> (usize, [&'static str; 2]) {
        let (column, texts) = self.revised;
        (self.columns.iter().position(|name| *name == column).unwrap_or_default(), texts)
    }
}
