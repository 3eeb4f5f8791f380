//! The vocabulary of Carnac, and the row checks: no I/O, no async, no clock.
//!
//! - [`Dataset`] and [`DATASETS`]: everything we ingest, as one table of data
//! - [`Rows`] → [`check`] → [`Checked`]: rows as they were read, then accepted or rejected
//! - [`Rule`]: why a row was rejected, in French and in English
//! - [`Period`]: what a partition holds
//! - [`Release`]: the one thing a reader pins
//! - [`Run`] and [`Audit`]: what a run did and what its audits found
//! - [`freshness`]: which tables lag behind the others
//! - [`Edition`]: a release and its definitions, frozen under a name
//! - [`Receipt`]: a figure, and all that it was computed from
//! - [`identifier`]: SIREN and SIRET
//! - [`indicator`]: the fixed columns of every indicator view

mod check;
mod cpv;
pub mod dataset;
mod edition;
mod freshness;
pub mod identifier;
pub mod indicator;
mod key;
mod parse;
mod period;
mod receipt;
mod release;
mod rows;
mod rule;
mod run;

pub use check::{Accepted, Checked, check};
pub use dataset::{DATASETS, Dataset, Field, Kind, Order, PERIOD, SOURCE_COLUMNS, dataset};
pub use edition::{Edition, EditionName, EditionNameError, definitions_hash, text_hash};
pub use freshness::{Freshness, Lag, STALE, freshness, freshness_audits};
pub use key::{RowKey, row_keys};
pub use period::{Granularity, Period, PeriodError};
pub use receipt::{CountedRows, DataFile, Receipt, TableVersion};
pub use release::{Cube, Input, Release, Stamp};
pub use rows::{Rows, RowsBuilder};
pub use rule::{Level, RULES, Rule, rule};
pub use run::{
    Action, Audit, AuditOutcome, ExpectedDrop, ExpectedDropError, PartitionChange, Run, RunOutcome,
};
