//! Foreign bytes to checked rows.
//!
//! ```text
//! paths ─ find ─▶ Found ─ Source::open ─▶ Source ─ read ─▶ Rows ─ model::check ─▶ Checked ─▶ lake::Delivery
//! ```
//! [`land`] is the whole way of a set of files into a draft of the next release; [`inspect`] is that
//! of one file up to the check, and [`plan`] says what a run would land: neither writes anything.

mod actes;
mod batches;
mod columnar;
mod csv;
mod decp;
mod error;
mod fetch;
mod find;
mod format;
mod geography;
mod inspect;
mod json;
mod land;
mod outline;
mod pes;
mod plan;
mod profile;
mod read;
mod sheet;
mod source;
mod survey;
mod text;
mod totem;
#[cfg(test)]
mod trial;
mod unpack;
mod xml;

pub use error::{Error, Result};
pub use find::{Contents, Found, find, find_all};
pub use inspect::{Fault, Inspection, inspect};
pub use land::{Again, Landing, Outcome, Report, Why, land};
pub use plan::{Expected, Planned, plan};
pub use profile::Profile;
pub use source::{Known, Source};
pub use survey::{KeyError, PseudonymKey, SurveyProfile};

use carnac_model::{Checked, Rows};

/// How a reader has its rows checked.
type Check<'c> = dyn Fn(&Rows) -> Checked + Sync + 'c;
/// Where a reader sends what was checked, in the order of the file.
type Each<'e> = dyn FnMut(Checked) -> Result<()> + 'e;

/// Rows of a batch; a batch also ends at [`BATCH_BYTES`].
const BATCH_ROWS: usize = 8192;
/// Bytes of text after which a batch ends.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of one record beyond which it is one bad row.
const MAX_RECORD: usize = 8 * 1024 * 1024;
/// Columns beyond which a file is refused.
const MAX_COLUMNS: usize = 2000;
