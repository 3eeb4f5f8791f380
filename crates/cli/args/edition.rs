//! Arguments of `carnac edition` and `carnac diff`. The order of commands is that of `--help`.

use carnac_model::{EditionName, Period, PeriodError};
use carnac_query::At;
use clap::Subcommand;

use super::Format;

/// Freeze a release and the definitions of its figures under a name, for ever
///
/// An edition holds the number of a release and the whole text of every SQL file. A query that
/// names it answers the figures of the day it was frozen, bit for bit, whatever was landed and
/// whatever became of the definitions since. It cannot be changed or frozen again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Edition {
    #[command(subcommand)]
    pub(crate) command: EditionCommand,
}

const EXAMPLES: &str = "\
Examples:
  carnac edition freeze 2026-S1
  carnac edition list
  carnac edition show 2026-S1
  carnac query --edition 2026-S1 'select * from published.rates_by_family'";

#[derive(Debug, Subcommand)]
pub(crate) enum EditionCommand {
    Freeze(Freeze),
    /// List the editions: name, release, when and by which version of the program
    #[command(after_long_help = "Example:\n  carnac edition list")]
    List,
    Show(Show),
}

/// Freeze the newest release, or another, with the definitions of today
///
/// Every view is planned on the release before: what cannot be asked is not frozen.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  carnac edition freeze 2026-S1 --release 12")]
pub(crate) struct Freeze {
    /// Its name: 1 to 64 letters without accents, digits, `-` and `_`, and not digits only, as a
    /// number names a release
    #[arg(value_name = "NAME")]
    pub(crate) name: EditionName,

    /// The release to freeze [default: the newest]
    #[arg(long, value_name = "N")]
    pub(crate) release: Option<u64>,
}

/// Show what an edition holds: its release, its checksum, its indicators and their versions
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  carnac edition show 2026-S1
  carnac edition show 2026-S1 --file indicator/act_transmission_rate.sql")]
pub(crate) struct Show {
    /// The edition
    #[arg(value_name = "NAME")]
    pub(crate) name: EditionName,

    /// Print the frozen text of this SQL file instead
    #[arg(long, value_name = "LAYER/NAME.sql")]
    pub(crate) file: Option<String>,
}

/// Compare the figures of two editions or releases, and say what has changed each
///
/// A figure of the region is the sum of the numerators over the sum of the denominators of the
/// authorities that count: those observed, and for a rate those whose own value is not above 1.
/// Each change is split into three parts, which add up to it exactly:
///
///   data        definitions of A on the data of B, less definitions and data of A, over the
///               authorities that count on both sides
///   definition  definitions of B less definitions of A, on the data of B, over the same
///   scope       the rest, due to the authorities that count on one side only
///
/// A release has the definitions of today, an edition those of its day. Sums are integers; each
/// figure is divided once and rounded to 10 decimals, and nothing goes through a float.
#[derive(Debug, clap::Args)]
#[command(
    verbatim_doc_comment,
    after_long_help = "\
Examples:
  carnac diff 2025-S2 2026-S1
  carnac diff 2026-S1 14 --indicator A08 --period 2025 --format csv
  carnac diff 13 14 --siren 213502388"
)]
pub(crate) struct Diff {
    /// The edition, or number of the release, before
    #[arg(value_name = "A")]
    pub(crate) before: At,

    /// The edition, or number of the release, after
    #[arg(value_name = "B")]
    pub(crate) after: At,

    /// Only this indicator: its identifier or the name of its view
    #[arg(long, value_name = "ID")]
    pub(crate) indicator: Option<String>,

    /// Only this period
    #[arg(long, value_name = "YEAR")]
    pub(crate) period: Option<String>,

    /// The figures of one authority instead of the region's
    #[arg(long, value_name = "SIREN", value_parser = siren)]
    pub(crate) siren: Option<String>,

    /// List the figures that are the same on both sides, too
    #[arg(long)]
    pub(crate) unchanged: bool,

    /// Form of the answer; the table leaves out what csv and json have beside it: numerators,
    /// denominators and versions of the definitions
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// Reads a SIREN of the command line.
pub(super) fn siren(text: &str) -> Result<String, String> {
    if carnac_model::identifier::is_siren(text) {
        Ok(text.to_owned())
    } else {
        Err("a SIREN has nine digits, the last of which is a check".to_owned())
    }
}

/// Reads a year of the command line.
pub(super) fn year(text: &str) -> Result<String, String> {
    let period: Period = text.parse().map_err(|error: PeriodError| error.to_string())?;
    match period.as_str() {
        year if year.len() == 4 => Ok(year.to_owned()),
        _ => Err("a year has four digits".to_owned()),
    }
}
