//! Arguments of `carnac indicators`.

use std::path::PathBuf;

use clap::Subcommand;

/// List the indicators, print the method sheet of one, or write them all
///
/// Without a command, lists them: identifier, title, unit, disclosure class, version, view.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Indicators {
    #[command(subcommand)]
    pub(crate) command: Option<IndicatorsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IndicatorsCommand {
    /// Print the method sheet of an indicator, in French and in English, the newest version first
    Show {
        /// Its identifier
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Write the method sheets of all as Markdown, and the columns of each view as a table schema
    ///
    /// Writes `indicators.md` and `schema/NAME.json` (Table Schema of frictionlessdata.io); without
    /// --out, prints the Markdown.
    Docs {
        /// Folder to write to, made where it is absent
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

const EXAMPLES: &str = "\
Examples:
  carnac indicators
  carnac indicators show A08
  carnac indicators docs --out methode";
