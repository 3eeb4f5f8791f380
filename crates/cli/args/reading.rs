//! How the files that a command line names are read.

use std::path::PathBuf;

use chrono::NaiveDate;

// No comment of documentation: it would be the help of whoever flattens this.
#[derive(Debug, clap::Args)]
pub(crate) struct Reading {
    /// The dataset, for files whose folder, header or content does not tell
    #[arg(long, value_name = "NAME")]
    pub(crate) dataset: Option<String>,

    /// A profile that says how the files are laid out, or a folder of them; may be given more than
    /// once. Those of the lake's folder `profiles` and those that come with the program are always
    /// known
    #[arg(long = "profile", value_name = "FILE.toml|DIR")]
    pub(crate) profiles: Vec<PathBuf>,

    /// What "today" means: rows dated later are rejected [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) run_date: Option<NaiveDate>,
}
