//! Arguments of `carnac upkeep` and `carnac verify`.

use carnac_lake::Upkeep as Aims;
use clap::value_parser;

/// Make small files one, shorten long logs, remove files that no release needs
///
/// Partitions that several small files make up are written again as one, sorted; a table whose log
/// has grown gets a checkpoint. Both are published as a release of the very same rows.
///
/// Then files are removed that nothing names: of runs that ended before they published, and of
/// releases that are neither among the last ones, nor were the newest within the days kept, nor are
/// named by an edition. Such a release is retired: its record stays, its rows can be asked for no
/// more. Of a table whose log is damaged nothing is removed.
///
/// A run that lands at the same time is safe as long as it takes less than the days kept.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit status:
  0  done, or nothing was to be done
  1  failed, or a table's log is damaged; what readers see has not changed

Examples:
  carnac --root lake upkeep --plan
  carnac --root lake upkeep
  carnac --root lake upkeep --keep-releases 90 --keep-days 30")]
pub(crate) struct Upkeep {
    /// Releases that keep their files, counted from the newest
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) keep_releases: u32,

    /// Days for which a release keeps its files after the next one was published, and for which no
    /// new file is removed; 0 only when no other run is under way
    #[arg(long, default_value_t = 7, value_name = "D", value_parser = value_parser!(u32).range(..36_500))]
    pub(crate) keep_days: u32,

    /// Print what would be done, and write nothing
    #[arg(long)]
    pub(crate) plan: bool,
}

impl Upkeep {
    /// Returns what is aimed at.
    pub(crate) fn aims(&self) -> Aims {
        let keep_releases = usize::try_from(self.keep_releases).unwrap_or(usize::MAX);
        Aims { keep_releases, keep_days: self.keep_days, ..Aims::default() }
    }
}

/// Read everything back and tell all damage
///
/// Reads every release record against its seal, every table's log and checkpoints, every data file
/// that a release names (each byte against the checksum in the log, then each page), rows against
/// the books, every edition against its checksum, and the records of runs. Releases whose files
/// upkeep has removed are counted, not read.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit status:
  0  no damage
  1  damage, all of which is listed; or it could not be read

Examples:
  carnac --root lake verify
  carnac --root lake verify --release 12")]
pub(crate) struct Verify {
    /// Only this release, its tables and their files
    #[arg(long, value_name = "N")]
    pub(crate) release: Option<u64>,
}
