//! Arguments of `carnac quarantine`. The order of commands is the order of `--help`.

use std::path::PathBuf;

use carnac_model::ExpectedDrop;
use clap::Subcommand;

use super::Reading;

/// Work on the rows that were rejected: count, explain, export, land again
///
/// Each is kept with its file, line, rule and raw text. Shown is what the newest release pins: rows
/// of a run that was not published do not count, and rows that a new delivery has mended are gone.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Quarantine {
    #[command(subcommand)]
    pub(crate) command: QuarantineCommand,
}

const EXAMPLES: &str = "\
Examples:
  carnac quarantine list
  carnac quarantine explain --dataset contracts --rule not_a_siret
  carnac quarantine export --out rejets.csv
  carnac quarantine replay marches.csv --profile region.toml";

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// Count the rejected rows by dataset, file and rule
    #[command(after_long_help = "Example:\n  carnac quarantine list --dataset acts")]
    List(Wanted),
    Explain(Explain),
    Export(Export),
    Replay(Replay),
}

// Which rows. No comment of documentation: it would be the help of whoever flattens this.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Wanted {
    /// Only rows of this dataset
    #[arg(long, value_name = "NAME")]
    pub(crate) dataset: Option<String>,

    /// Only rows of this source file, named as `list` or the report of `ingest` names it
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<String>,

    /// Only rows that broke this rule
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: Option<String>,
}

/// Show rejected rows one by one: where, which rule, in plain words, and the text as it stands
///
/// Rows come by dataset, file and line. A long text is cut; `export` writes it whole. Of a survey,
/// nothing is shown but what its reader let through.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Example:
  carnac quarantine explain --dataset acts --file actes.csv --rule not_a_siren --limit 5")]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) wanted: Wanted,

    /// Rows shown
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) limit: u32,
}

/// Write the rejected rows to a CSV file that a spreadsheet opens
///
/// The file is made for a spreadsheet on a French desk: UTF-8 with a byte-order mark, `;` between
/// the values, a header, and the rule in words in French and in English.
///
/// A spreadsheet would take a text that begins with = + - @ a tab or a carriage return for a
/// formula, and rejected rows are texts of strangers: an apostrophe is put before each such cell.
/// For programs, take `carnac query "select * from ops.quarantine" --format csv`, which changes
/// nothing.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Example:\n  carnac quarantine export --rule malformed --out rejets.csv"
)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) wanted: Wanted,

    /// The file to write; one that is there is replaced
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) out: PathBuf,
}

/// Land files again although their bytes are unchanged, for instance with a mended profile
///
/// Each file replaces what it had landed before, known by its name or by its bytes, and its rows
/// in quarantine; the counts before and after are printed, and one release is published. As any
/// delivery, it also replaces rows of the same keys that other files have landed since. A file that
/// was never landed is refused, and one without an acceptable row changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Example:
  carnac quarantine replay lake/inbox/contracts/marches.csv --profile region.toml")]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) reading: Reading,

    /// A table or partition that may lose 30 % of its rows or all of them, `acts` or `acts/2024`;
    /// may be given several times
    #[arg(long, value_name = "TABLE[/PERIOD]")]
    pub(crate) expect_drop: Vec<ExpectedDrop>,

    /// Files, folders, archives or s3://bucket/prefix addresses of them, as for `ingest`
    #[arg(required = true, value_name = "FILE")]
    pub(crate) paths: Vec<PathBuf>,
}
