//! `carnac token`: create, list and revoke what tells the server who asks.

use std::process::ExitCode;

use carnac_query::Access;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::args::{Create, TokenCommand};
use crate::config::{Config, now};
use crate::print;

/// How long a token holds that no day is named for.
const YEAR: TimeDelta = TimeDelta::days(365);

/// Longest label that a line of the list shows, in characters.
const LABEL: usize = 60;

/// Runs `carnac token`.
pub(crate) async fn run(config: &Config, command: &TokenCommand) -> anyhow::Result<ExitCode> {
    match command {
        TokenCommand::Create(args) => create(config, args).await,
        TokenCommand::List => list(config).await,
        TokenCommand::Revoke(args) => {
            let id = id(&args.id);
            config.open_lake()?.remove_token(id).await?;
            print::line(&format!("token {id} revoked"))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The id of a token; who names it by the whole of it is not shown its secret.
fn id(text: &str) -> &str {
    let of_token = text.strip_prefix("carnac_").and_then(|rest| rest.split('_').next());
    of_token.unwrap_or(text)
}

async fn create(config: &Config, args: &Create) -> anyhow::Result<ExitCode> {
    let lake = config.open_lake()?;
    let now = now();
    let last = args.until.unwrap_or_else(|| (now + YEAR).date_naive());
    let expires_at = last.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1);
    let token = Access::create(&lake, args.role, args.label.clone(), now, expires_at).await?;
    print::line(&token)?;
    print::remark(&format!(
        "a token of {} until {last}: keep it now, it is shown once and kept nowhere",
        args.role
    ));
    Ok(ExitCode::SUCCESS)
}

/// One that is damaged is told apart, and hides no other.
async fn list(config: &Config) -> anyhow::Result<ExitCode> {
    let (lake, now) = (config.open_lake()?, now());
    let header = ["id", "role", "created at (UTC)", "until", "for"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let mut status = ExitCode::SUCCESS;
    for id in lake.token_ids().await? {
        match lake.token(&id).await {
            Ok(Some(token)) => rows.push(vec![
                token.id,
                print::plain(&token.role, LABEL),
                token.created_at.format("%Y-%m-%d %H:%M").to_string(),
                until(token.expires_at, now),
                print::plain(&token.label, LABEL),
            ]),
            // Revoked meanwhile.
            Ok(None) => {}
            Err(error) => status = print::failure(&error.to_string()),
        }
    }
    print::line(&print::columns(&rows))?;
    Ok(status)
}

/// The last day on which it holds.
fn until(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let last = (expires_at - TimeDelta::days(1)).date_naive();
    if expires_at <= now { format!("{last} (expired)") } else { last.to_string() }
}
