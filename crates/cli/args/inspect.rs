//! Arguments of `carnac inspect`.

use std::path::PathBuf;

use super::Reading;

/// Say what files are and what of them would be accepted, without landing anything
///
/// Guesses what each file is (dataset, format, encoding, separator, header, profile), checks every
/// row as `ingest` would, and says how many would be accepted, rejected and flagged, by rule, with
/// the first faults. Nothing is landed, and no lake is needed.
///
/// Copies of a row and rows that a later one replaces are told by `ingest` only, which compares
/// them all.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) reading: Reading,

    /// Faults shown of each file, at most 20
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=20))]
    pub(crate) lines: u8,

    /// Files, folders, archives or s3://bucket/prefix addresses of them, as for `ingest`
    #[arg(required = true, value_name = "FILE")]
    pub(crate) paths: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Exit status:
  0  all files are readable (rows that would be rejected are no failure: they are counted)
  2  the command line is wrong
  3  some file is not readable: it would not land

Examples:
  carnac inspect data-samples/contracts/decp-2019-pes.json
  carnac inspect marches.csv --profile region.toml --lines 20";
