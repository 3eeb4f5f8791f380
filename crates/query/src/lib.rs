//! SQL files, functions, the catalogue of a principal, and the gateway.
//!
//! ```text
//! sql/{function,staging,core,cube,indicator,published} ─ Views ─┐
//! Release ──────────────────────────────────────────────────────┴─▶ Catalog (views planned once)
//! SQL text ─ gate ─▶ one read-only statement ─ Gateway::run ─▶ Answer{schema, stream, release}
//! ```

mod answer;
mod catalog;
mod error;
mod function;
mod gate;
mod gateway;
mod header;
mod principal;
mod scenario;
mod udf;
mod view;

pub use answer::Answer;
pub use error::{Error, Kind, Result};
pub use gateway::{Description, Gateway, TableEntry};
pub use header::{Definition, Header};
pub use principal::Principal;
pub use view::{Layer, SqlFile, Views};
