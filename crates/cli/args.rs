//! The command line. The order of commands is the order of `--help`.

mod assess;
mod audit;
mod edition;
mod explain;
mod indicators;
mod inspect;
mod quarantine;
mod reading;
mod refresh;
mod scenario;
mod serve;
mod token;
mod upkeep;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use carnac_model::{EditionName, ExpectedDrop};
use carnac_query::Form;
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use self::assess::Assess;
pub(crate) use self::audit::{Audit, AuditCommand};
pub(crate) use self::edition::{Diff, Edition, EditionCommand, Freeze, Show};
pub(crate) use self::explain::ExplainFigure;
pub(crate) use self::indicators::{Indicators, IndicatorsCommand};
pub(crate) use self::inspect::Inspect;
pub(crate) use self::quarantine::{Explain, Export, Quarantine, QuarantineCommand, Replay, Wanted};
pub(crate) use self::reading::Reading;
pub(crate) use self::refresh::Refresh;
pub(crate) use self::scenario::Scenario;
pub(crate) use self::serve::{Anonymous, Listen, OnFailure, Serve};
pub(crate) use self::token::{Create, Token, TokenCommand};
pub(crate) use self::upkeep::{Upkeep, Verify};

/// The warehouse of a regional observatory of digital administration.
///
/// Carnac lands platform and survey data as partitioned Parquet in Delta tables, defines
/// indicators as SQL views, and answers SQL over Arrow Flight.
#[derive(Debug, Parser)]
#[command(name = "carnac", version, max_term_width = 100, after_long_help = AFTER)]
pub(crate) struct Args {
    /// The lake: a folder, or an s3://bucket/prefix address [default: ./lake]
    #[arg(long, global = true, env = "CARNAC_ROOT", value_name = "DIR|URL")]
    pub(crate) root: Option<String>,

    /// Configuration file [default: ./carnac.toml when there is one]
    #[arg(long, global = true, env = "CARNAC_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Folder of SQL files to use instead of those the program carries
    #[arg(long, global = true, env = "CARNAC_SQL", value_name = "DIR")]
    pub(crate) sql: Option<PathBuf>,

    /// Memory for merging or querying, in MiB; what needs more spills to disk or is refused
    /// [default: 512]
    #[arg(long, global = true, env = "CARNAC_MEMORY_MIB", value_name = "MIB")]
    pub(crate) memory_mib: Option<usize>,

    /// File that holds the secret by which respondents of surveys are given pseudonyms: 64
    /// hexadecimal digits, or a passphrase of at least 16 characters. The variable
    /// CARNAC_PSEUDONYM_KEY may hold the secret itself
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) pseudonym_key_file: Option<PathBuf>,

    /// Folder of the audit log: `carnac serve` writes a line there when a query comes and when it ends,
    /// `carnac audit verify` reads it back, and ops.queries is the end of it [default: none]
    #[arg(long, global = true, env = "CARNAC_AUDIT_LOG", value_name = "DIR")]
    pub(crate) audit_log: Option<PathBuf>,

    /// What to log to standard error: error, warn, info, debug, or a filter by module
    /// [default: warn]
    #[arg(long, global = true, env = "CARNAC_LOG", default_value = DEFAULT_LOG, value_name = "FILTER", hide_default_value = true)]
    pub(crate) log: String,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Warnings, but for those on columns whose statistics are rightly absent.
const DEFAULT_LOG: &str = "warn,datafusion_common::pruning=error";

const AFTER: &str = "\
Settings are taken from the configuration file, then the environment, then the flags; the last \
one wins. The file is TOML with the keys root, sql, memory_mib, cache_mib, listen, postgres, \
tls_certificate, tls_key, insecure_loopback, queries, query_seconds, anonymous, audit_log, \
pseudonym_key_file, refresh, refresh_timezone, on_failure, on_failure_url and otlp.

An s3:// lake reads the usual AWS_* variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT, AWS_REGION…).

Exit status:
  0  done (rows in quarantine are no failure: they are counted and kept)
  1  failed; what readers see has not changed
  2  the command line is wrong
  3  some files could not be read; the others are landed
  4  an audit blocked the release; what readers see has not changed
  5  another refresh works on the same dataset; nothing was done

Examples:
  carnac demo --once
  carnac inspect decp.json
  carnac --root lake ingest decp.json actes.csv
  carnac --root lake quarantine explain --dataset contracts
  carnac --root lake query 'select count(*) from core.contracts' --format csv
  carnac --root lake serve
  carnac sample --scale 10 --out synthetic";

impl Args {
    /// Returns the flags before the command, for another process of this program. What stands in
    /// the environment is inherited.
    pub(crate) fn global_flags(&self) -> Vec<OsString> {
        let mut flags: Vec<OsString> = vec!["--log".into(), self.log.clone().into()];
        let mut add = |flag: &str, value: Option<OsString>| {
            flags.extend(value.into_iter().flat_map(|value| [flag.into(), value]));
        };
        add("--root", self.root.clone().map(Into::into));
        add("--config", self.config.clone().map(Into::into));
        add("--sql", self.sql.clone().map(Into::into));
        add("--memory-mib", self.memory_mib.map(|mib| mib.to_string().into()));
        add("--audit-log", self.audit_log.clone().map(Into::into));
        add("--pseudonym-key-file", self.pseudonym_key_file.clone().map(Into::into));
        flags
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(Demo),
    Inspect(Inspect),
    Ingest(Ingest),
    Refresh(Refresh),
    Quarantine(Quarantine),
    Query(Query),
    Assess(Assess),
    Scenario(Scenario),
    Indicators(Indicators),
    /// List the releases, newest first
    #[command(after_long_help = "Example:\n  carnac --root lake releases")]
    Releases,
    Edition(Edition),
    Diff(Diff),
    Explain(ExplainFigure),
    Upkeep(Upkeep),
    Verify(Verify),
    Token(Token),
    Audit(Audit),
    Serve(Box<Serve>),
    Sample(Sample),
    /// Print the completion script of a shell
    #[command(
        after_long_help = "Example:\n  carnac completions bash > ~/.local/share/bash-completion/completions/carnac"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Land the sample data into a fresh lake, print three answers, then serve until Ctrl-C
///
/// Lands the samples that the program carries: real contracts and authorities, and invented
/// figures for the rest (see data-samples/README.md). Without --root the lake is a temporary
/// folder, removed at the end.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  carnac demo --once")]
pub(crate) struct Demo {
    /// Exit after printing the answers
    #[arg(long)]
    pub(crate) once: bool,

    #[command(flatten)]
    pub(crate) listen: Listen,
}

/// Check files row by row, land them, and publish one release
///
/// Each file is read and checked row by row. Good rows replace what the same file had landed
/// before and what other files had landed under the same keys; bad rows go to quarantine with
/// file, line, rule and raw text. A file whose bytes are landed already is left alone, unless the
/// profile or the pseudonym key by which it is read has changed since.
///
/// A release is published when no audit blocks it; readers see all of it or nothing.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Example:\n  carnac ingest actes.csv marches.zip --run-date 2025-12-31"
)]
pub(crate) struct Ingest {
    #[command(flatten)]
    pub(crate) reading: Reading,

    /// A table or partition that may lose 30 % of its rows or all of them, `acts` or `acts/2024`;
    /// may be given several times
    #[arg(long, value_name = "TABLE[/PERIOD]")]
    pub(crate) expect_drop: Vec<ExpectedDrop>,

    /// Files (.csv, .json, .xml, .geojson, .xlsx, .xls, .parquet), folders, archives (.zip, .gz,
    /// .tar, .tar.gz) or s3://bucket/prefix addresses of them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

/// Answer one SQL query
///
/// The schemas are catalog, published, indicator, cube, core, staging, lake and ops;
/// `select table_schema, table_name from information_schema.tables` lists what there is.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Example:\n  carnac query 'select count(*) from core.contracts' --format csv"
)]
pub(crate) struct Query {
    /// The query
    #[arg(value_name = "SQL")]
    pub(crate) text: String,

    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Read this release instead of the newest
    #[arg(long, value_name = "N", conflicts_with = "edition")]
    pub(crate) release: Option<u64>,

    /// Read the data and the definitions that were frozen under this name
    #[arg(long, value_name = "NAME")]
    pub(crate) edition: Option<EditionName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people
    Table,
    /// CSV with a header
    Csv,
    /// A JSON array of objects
    Json,
    /// One JSON object a line
    Ndjson,
    /// An Arrow IPC stream
    Arrow,
    /// A Parquet file
    Parquet,
    /// A workbook for Excel
    Xlsx,
}

impl Format {
    /// Returns the form of the bytes; a table for people has none.
    pub(crate) fn form(self) -> Option<Form> {
        Some(match self {
            Self::Table => return None,
            Self::Csv => Form::Csv,
            Self::Json => Form::Json,
            Self::Ndjson => Form::Ndjson,
            Self::Arrow => Form::Arrow,
            Self::Parquet => Form::Parquet,
            Self::Xlsx => Form::Xlsx,
        })
    }
}

/// Write synthetic files for demonstration, tests and benches
///
/// All rows are invented, and say so: identifiers begin with SYN-, file names hold `synthetic`,
/// and README.md in the folder explains it. They carry the SIREN of the real authorities of
/// Brittany and lie in 2007 to 30 June 2026. The same seed, scale and version give the same CSV
/// files byte for byte, whatever the number of threads.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:
  carnac sample --scale 10 --out synthetic
  carnac ingest synthetic --profile synthetic/profiles \\
    --pseudonym-key-file synthetic/cle-publique.txt")]
pub(crate) struct Sample {
    /// Multiplies the volumes: 1 is about 125,000 rows, 1000 about 87 million
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) scale: u64,

    /// Names the draws
    #[arg(long, default_value_t = 42, value_name = "S")]
    pub(crate) seed: u64,

    /// Folder to write to, new or empty: one folder a dataset, one file a year
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Form of the files; the survey is an export in CSV in either case
    #[arg(long, value_enum, default_value_t = SampleFormat::Csv)]
    pub(crate) format: SampleFormat,

    /// Part of the rows that is odd on purpose, from 0 to 1; `_manifest.json` counts them by rule.
    /// Authorities that answer a survey twice, and declare too little, are there at any rate
    #[arg(long, default_value = "0.002", value_name = "RATE", value_parser = per_million)]
    pub(crate) defects: u32,

    /// Only this dataset; may be given several times [default: all that are generated]
    #[arg(long, value_name = "NAME")]
    pub(crate) dataset: Vec<String>,

    /// Threads that write [default: one a core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SampleFormat {
    /// CSV in UTF-8 with `;` between
    Csv,
    /// Parquet, every column text
    Parquet,
}

/// Millionths of a decimal from 0 to 1.
fn per_million(text: &str) -> Result<u32, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole:0>1}{fraction:0<6}");
    let valid = digits.len() <= 7
        && (whole.len() + fraction.len()) > 0
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    let millionths = digits.parse().ok().filter(|parts| valid && *parts <= 1_000_000);
    millionths.ok_or_else(|| "a part is written as 0.002, with up to six decimals".to_owned())
}

#[cfg(test)]
mod units;

#[cfg(test)]
mod tests {
    use super::per_million;

    #[test]
    fn a_part_is_read_without_a_float() {
        let cases =
            [("0.002", 2_000), ("0", 0), ("1", 1_000_000), (".5", 500_000), ("1.0", 1_000_000)];
        for (text, expected) in cases {
            assert_eq!(per_million(text), Ok(expected), "{text}");
        }
        for bad in ["", ".", "2", "1.1", "0.0000001", "-0.1", "0,2", "0.2 %", "1e-3", "+1"] {
            assert!(per_million(bad).is_err(), "{bad}");
        }
    }
}
