//! Arguments of `carnac token`. The order of commands is that of `--help`.

use carnac_query::Principal;
use chrono::NaiveDate;
use clap::Subcommand;

/// Create, list and revoke the tokens by which the server knows who asks
///
/// A token is sent as `authorization: Bearer TOKEN`, or as the password of any user. The lake keeps
/// the argon2id hash of its secret and nothing else of it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Token {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

const EXAMPLES: &str = "\
Examples:
  carnac token create authority:213502388 --label 'Rennes, tableau de bord'
  carnac token list
  carnac token revoke 5d41402abc4b";

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    Create(Create),
    /// List the tokens: who presents them, what for, until when
    #[command(after_long_help = "Example:\n  carnac token list")]
    List,
    Revoke(Revoke),
}

/// Create a token and print it, once and for all
///
/// The token goes to standard output and what it is to standard error.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  carnac token create analyst --until 2027-06-30 --label 'Metabase'
  carnac token create authority:213502388 > rennes.token")]
pub(crate) struct Create {
    /// Who presents it: public, authority:SIREN, analyst or operator
    #[arg(value_name = "ROLE")]
    pub(crate) role: Principal,

    /// What it is for, in words
    #[arg(long, default_value = "", value_name = "TEXT", hide_default_value = true)]
    pub(crate) label: String,

    /// The last day on which it holds, in UTC [default: a year from now]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) until: Option<NaiveDate>,
}

/// Revoke a token: every server refuses it from the next call on
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  carnac token revoke 5d41402abc4b")]
pub(crate) struct Revoke {
    /// The id that `carnac token list` shows
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}
