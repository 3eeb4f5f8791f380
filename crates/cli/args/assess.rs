//! Arguments of `carnac assess`.

use carnac_model::EditionName;

use super::edition::{siren, year};

/// Print the sheet of an authority, in French: where it stands, where it goes, what it saves
///
/// Its rates of the last period that has one, beside the median and the quartiles of comparable
/// authorities without itself (same kind and stratum; below five others the group widens to the
/// kind, then to the region, and the sheet says so), its rank, its trend, the gap to its target and
/// the year of reaching it, what it declares against what the platform has observed, and its
/// savings today and at 100 %.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  carnac assess 213502388
  carnac assess 213502388 --period 2024 --edition 2026-S1")]
pub(crate) struct Assess {
    /// The authority
    #[arg(value_name = "SIREN", value_parser = siren)]
    pub(crate) siren: String,

    /// Periods up to this one only
    #[arg(long, value_name = "YEAR", value_parser = year)]
    pub(crate) period: Option<String>,

    /// Read this release instead of the newest
    #[arg(long, value_name = "N", conflicts_with = "edition")]
    pub(crate) release: Option<u64>,

    /// Read the data and the definitions that were frozen under this name
    #[arg(long, value_name = "NAME")]
    pub(crate) edition: Option<EditionName>,
}
