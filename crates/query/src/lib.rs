//! SQL files, functions, the catalogue of a principal, and the gateway.
//!
//! ```text
//! sql/{function,staging,core,cube,indicator,peer,assessment,published,audit} ─ Views ─┐
//! Release ────────────────────────────────────────────────────────────────────────────┼─▶ Catalog (tables opened, views planned, when asked for)
//! Edition (a release, and the Views of its day) ──────────────────────────────────────┘
//! SQL text ─ gate ─▶ one read-only statement ─ Gateway::run ─▶ Answer{schema, stream, release}
//! ```

mod access;
mod admission;
mod answer;
mod at;
mod audit;
mod caller;
mod catalog;
mod civil;
mod clock;
mod cube;
mod diff;
mod encode;
mod error;
mod explain;
mod function;
mod gate;
mod gateway;
mod header;
mod kept;
mod lasting;
mod meter;
mod names;
mod parts;
mod pool;
mod principal;
mod reads;
mod run;
mod scenario;
mod soundness;
mod trace;
mod udf;
mod view;

pub use access::{Access, Jwks, Provider, network};
pub use admission::{Limits, STACK_BYTES};
pub use answer::Answer;
pub use at::At;
pub use audit::audit;
pub use caller::{Caller, Door};
pub use catalog::{POSTGRES_VERSION, PostgresType, TableEntry};
pub use civil::civil;
pub use cube::{BuiltCube, build_cubes};
pub use diff::{DIFF_METHOD, Wanted};
pub use encode::{Encoder, Form};
pub use error::{Error, Kind, Result};
pub use explain::Figure;
pub use gateway::{Description, Gateway};
pub use header::{Bilingual, Definition, Facts, Header, Version};
pub use parts::{MOST_PARTS, Part};
pub use pool::Counts;
pub use principal::{Principal, PrincipalError};
pub use trace::{Trace, Traces};
pub use view::{Layer, SqlFile, Views};
