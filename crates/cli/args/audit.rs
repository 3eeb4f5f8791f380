//! Arguments of `carnac audit`.

use carnac_lake::Anchor;
use clap::Subcommand;

/// Look at the audit log of the servers
///
/// With --audit-log, a server writes down each query before it runs it, and how it ended: by which
/// door, role and token, the statement without its values, and how much was answered. It runs none
/// that it cannot write down. Operators read the end of it in ops.queries.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  carnac --audit-log /var/lib/carnac-audit audit verify")]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Read all of it back: tell each line that was changed, taken out or put in
    ///
    /// Each line holds the hash of the one before. Lines that were cut off at the end, or a log that
    /// was written anew, are told by an anchor only: the last line printed here, kept where who
    /// writes the log cannot change it.
    #[command(
        after_long_help = "Example:\n  carnac --audit-log /var/lib/carnac-audit audit verify --anchor 812:9f86d0…"
    )]
    Verify {
        /// A line that must be there, as an earlier `carnac audit verify` printed it
        #[arg(long, value_name = "NUMBER:HASH")]
        anchor: Option<Anchor>,
    },
}
