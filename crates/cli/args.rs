//! The command line. The order of commands is the order of `--help`.

use std::net::SocketAddr;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

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
one wins. The file is TOML with the keys root, sql, memory_mib, listen and pseudonym_key_file.

An s3:// lake reads the usual AWS_* variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT, AWS_REGION…).

Exit status:
  0  done (rows in quarantine are no failure: they are counted and kept)
  1  failed; what readers see has not changed
  2  the command line is wrong
  3  some files could not be read; the others are landed

Examples:
  carnac demo --once
  carnac --root lake ingest decp.json actes.csv
  carnac --root lake query 'select count(*) from core.contracts' --format csv
  carnac --root lake serve";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Land the sample data into a fresh lake, print three answers, then serve until Ctrl-C
    Demo(Demo),
    /// Check files row by row, land them, and publish one release
    Ingest(Ingest),
    /// Land what is new or changed in the lake's own inbox folder
    Refresh(Refresh),
    /// Answer one SQL query
    Query(Query),
    /// List the indicators: identifier, title, unit, disclosure class
    Indicators,
    /// List the releases, newest first
    Releases,
    /// Serve Arrow Flight SQL on a loopback port until Ctrl-C
    Serve(Serve),
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Lands the samples that the program carries: real contracts and authorities, and invented
/// figures for the rest (see data-samples/README.md). Without --root the lake is a temporary
/// folder, removed at the end.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Exit after printing the answers
    #[arg(long)]
    pub(crate) once: bool,

    #[command(flatten)]
    pub(crate) serve: Serve,
}

/// Each file is read and checked row by row. Good rows replace what the same file had landed
/// before and what other files had landed under the same keys; bad rows go to quarantine with
/// file, line, rule and raw text. A file whose bytes are landed already is left alone.
///
/// A release is published when every audit passes; readers see all of it or nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Ingest {
    /// The dataset, for files whose folder, header or content does not tell
    #[arg(long, value_name = "NAME")]
    pub(crate) dataset: Option<String>,

    /// A profile that says how the files are laid out; may be given more than once. Those of the
    /// lake's folder `profiles` and those that come with the program are always known
    #[arg(long = "profile", value_name = "FILE.toml")]
    pub(crate) profiles: Vec<PathBuf>,

    /// What "today" means: rows dated later are rejected [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) run_date: Option<NaiveDate>,

    /// Files (.csv, .json) or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

/// The inbox holds one folder a dataset: `inbox/acts/…`, `inbox/contracts/…`. Files landed
/// already are left alone, so running it again changes nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Refresh {
    /// What "today" means: rows dated later are rejected [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) run_date: Option<NaiveDate>,

    /// The inbox [default: the folder `inbox` of a local lake]
    #[arg(long, value_name = "DIR")]
    pub(crate) inbox: Option<PathBuf>,
}

/// The schemas are published, indicator, core, staging, lake and ops;
/// `select table_schema, table_name from information_schema.tables` lists what there is.
#[derive(Debug, clap::Args)]
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
    #[arg(long, value_name = "N")]
    pub(crate) release: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people
    Table,
    /// CSV with a header
    Csv,
    /// A JSON array of objects
    Json,
    /// An Arrow IPC stream
    Arrow,
    /// A Parquet file
    Parquet,
}

/// There is no access control yet: only loopback addresses are served, and whoever reaches the
/// port reads the schemas published, indicator and core.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:50051]
    #[arg(long, env = "CARNAC_LISTEN", value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
}
