//! Arguments of `carnac scenario`.

use std::path::PathBuf;

use super::Format;

/// Compute a what-if of the savings model: other rates, growth, costs or authorities
///
/// A scenario is a few lines of TOML: a base year, and what is assumed otherwise than the lake
/// says (growth, discount, rates to be reached, parameters, perimeter, volumes). It prints, each
/// with its bounds: savings realised, over the years at the present rate, along the trajectory, at
/// 100 %, what remains, what pooling saves, the pay-back, intervals by draws from a fixed seed, and
/// which parameter matters most. The table leaves out single years and the narrower intervals and
/// swings, which CSV and JSON have.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Keys: title (required); year (else the last whole one of the lake that has volumes and costs);
years, growth, discount, pooling_years, compare; [perimeter] sirens, strata; [trajectory.PROCESS]
YEAR = RATE; [parameter.NAME] low, mid, high; [[volume]] process, stratum, electronic, total;
[[user]] service, stratum, count; [programme] once, yearly;
[draws] count, seed. The processes are act, consultation, bid and flow.

Examples:
  carnac scenario bilan-2013
  carnac scenario data-samples/scenarios/trajectoire-2030.toml --format csv
  carnac query \"select title, mid from scenario('bilan-2013') where section = 'gap'\"")]
pub(crate) struct Scenario {
    /// The file, or the name of a scenario that comes with the program
    #[arg(value_name = "FILE.toml|NAME")]
    pub(crate) scenario: PathBuf,

    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// Names the draws, instead of the scenario's own seed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=9_223_372_036_854_775_807))]
    pub(crate) seed: Option<u64>,

    /// How often parameters are drawn, 100 to 100,000, instead of the scenario's own number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=100_000))]
    pub(crate) draws: Option<u32>,

    /// Read this release instead of the newest
    #[arg(long, value_name = "N")]
    pub(crate) release: Option<u64>,
}
