//! Foreign bytes to checked rows.
//!
//! ```text
//! path ─ Source::open ─▶ Source ─ read ─▶ Rows ─ model::check ─▶ Checked ─▶ lake::Delivery
//! ```
//! [`land`] is the whole way of a set of files into a draft of the next release.

mod columnar;
mod csv;
mod decp;
mod error;
mod geography;
mod json;
mod land;
mod outline;
mod sheet;
mod source;
#[cfg(test)]
mod trial;

pub use error::{Error, Result};
pub use land::{Outcome, Report, land};
pub use source::{Found, Source, find};

/// Rows of a batch; a batch also ends at [`BATCH_BYTES`].
const BATCH_ROWS: usize = 8192;
/// Bytes of text after which a batch ends.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
