//! Arguments of `carnac refresh`.

use std::path::PathBuf;

use carnac_model::{ExpectedDrop, Period};
use chrono::NaiveDate;

use super::OnFailure;

/// Land what is new or changed in the lake's own inbox, audit it, publish one release
///
/// The inbox holds one folder a dataset: `inbox/acts/…`, `inbox/contracts/…`; that of a lake in a
/// bucket is its prefix `inbox/`. Files landed already are left alone, so running it again changes
/// nothing.
///
/// --period, --since and --all land a past period again, from the files that are in the inbox
/// still: each with the run date by which it was checked at first, so that a backfill gives the
/// rows that were given then.
///
/// Before the release is published, audits compare the new partitions with those that readers see
/// and with the books. When one blocks, readers see what they saw; `ops.runs`, `ops.audits` and
/// `ops.partitions` say what each run did and found, `ops.freshness` which tables lag behind.
///
/// One refresh at a time works on a dataset: it says so in `leases/<dataset>.json`, for a minute
/// at a time, and whoever finds that leaves with status 5. Were two to run all the same, the
/// second to publish would fail with a conflict.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Refresh {
    /// Land again what has rows of this period: 2024, 2024-03, all or undated
    #[arg(long, value_name = "PERIOD", conflicts_with_all = ["since", "all"])]
    pub(crate) period: Option<Period>,

    /// Land again what has rows of a period that ends on this day or later, or that has no date
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with = "all")]
    pub(crate) since: Option<NaiveDate>,

    /// Land again all that is in the inbox
    #[arg(long)]
    pub(crate) all: bool,

    /// Only this dataset; may be given several times [default: all]
    #[arg(long, value_name = "NAME")]
    pub(crate) dataset: Vec<String>,

    /// Print the sources, partitions and indicators that the run would touch, and write nothing
    #[arg(long)]
    pub(crate) plan: bool,

    /// A table or partition that may lose 30 % of its rows or all of them, `acts` or `acts/2024`;
    /// may be given several times
    #[arg(long, value_name = "TABLE[/PERIOD]")]
    pub(crate) expect_drop: Vec<ExpectedDrop>,

    /// What "today" means for what is new or changed: rows dated later are rejected
    /// [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) run_date: Option<NaiveDate>,

    /// The inbox: a folder or an s3://bucket/prefix address [default: `inbox` below the lake]
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) inbox: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) on_failure: OnFailure,
}

impl Refresh {
    /// Returns whether sources are to land again although they are unchanged.
    pub(crate) fn asks_again(&self) -> bool {
        self.all || self.period.is_some() || self.since.is_some()
    }
}

const EXAMPLES: &str = "\
Exit status:
  0  published, or nothing has changed
  1  failed; what readers see has not changed
  2  the command line is wrong
  3  some files could not be read; the others are landed
  4  an audit blocked the release; what readers see has not changed
  5  another refresh works on the same dataset; nothing was done

Examples:
  carnac refresh --plan
  carnac refresh
  carnac refresh --period 2024 --dataset acts
  carnac refresh --expect-drop acts/2019
  carnac refresh --on-failure 'mail -s \"carnac: $CARNAC_ERROR\" exploitation'
  carnac query \"select * from ops.audits where outcome = 'failed'\"";
