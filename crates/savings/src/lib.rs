//! The savings model behind what-if scenarios: pure, exact, and the same for the same seed.
//!
//! ```text
//! Scenario (TOML) ─┐
//! Inputs (views) ──┴─▶ Sums: Σ ± quantity × price ÷ per × volume ─▶ outcome: low, mid, high
//!                           ├─▶ tornado: one parameter at a time
//!                           └─▶ interval: all parameters drawn, fixed seed
//! ```
//!
//! The deterministic figures of the observatory (C01, C04 to C08) are defined in SQL; this crate
//! computes the same sums for assumptions that are not in the lake, and a test holds that both
//! agree. It does no I/O and knows no clock. Every number is a [`Decimal`]; floats exist inside
//! `draw` only, where a drawn value is rounded to a `Decimal` before anything is computed.

mod decimal;
mod draw;
mod error;
mod input;
mod outcome;
mod scenario;
mod spread;
mod sums;
mod tornado;
mod weight;

#[cfg(test)]
mod tests;

pub use decimal::Decimal;
pub use error::{Error, Result};
pub use input::{Factor, Inputs, Line, PROCESSES, Range, SERVICES, STRATA, Side, Users, Volume};
pub use outcome::{Reference, Row, outcome};
pub use scenario::{Draws, Perimeter, Scenario};
pub use spread::{Interval, spread};
pub use sums::{Measure, Sums};
pub use tornado::{Swing, tornado};
