//! Arguments of `carnac explain`.

use std::path::PathBuf;

use carnac_model::EditionName;

use super::edition::{siren, year};

/// Print the receipt of a figure: its value, and all that it was computed from
///
/// A receipt names the version and the hash of the definition, the release, the tables with the
/// checksum of each data file, the sources with the rows read, accepted and rejected by rule, the
/// rows of the authority that count and those set aside, each with the condition that it does not
/// meet, and the version of the program.
///
/// --verify checks a receipt that was saved: the receipt itself, every byte of every data file that
/// it names, and the figure, which is computed again from them. Any difference is told, with exit
/// status 1. A receipt of a release holds as long as the definitions of the program do; that of an
/// edition for ever.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  carnac explain A08 --siren 213502388 --period 2025
  carnac explain A08 --siren 213502388 --period 2025 --rows
  carnac explain A08 --siren 213502388 --period 2025 --edition 2026-S1 --save a08.json
  carnac explain --verify a08.json")]
pub(crate) struct ExplainFigure {
    /// The indicator: its identifier or the name of its view
    #[arg(value_name = "ID", required_unless_present = "verify", requires_all = ["siren", "period"])]
    pub(crate) indicator: Option<String>,

    /// The authority
    #[arg(long, value_name = "SIREN", value_parser = siren)]
    pub(crate) siren: Option<String>,

    /// The period
    #[arg(long, value_name = "YEAR", value_parser = year)]
    pub(crate) period: Option<String>,

    /// Read this release instead of the newest
    #[arg(long, value_name = "N", conflicts_with = "edition")]
    pub(crate) release: Option<u64>,

    /// Read the data and the definitions that were frozen under this name
    #[arg(long, value_name = "NAME")]
    pub(crate) edition: Option<EditionName>,

    /// List the rows behind the figure, too
    #[arg(long)]
    pub(crate) rows: bool,

    /// Save the receipt as JSON in this file, which must not be there
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// Check a receipt that was saved, instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["indicator", "siren", "period", "release", "edition", "rows", "save"])]
    pub(crate) verify: Option<PathBuf>,
}
