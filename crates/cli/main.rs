//! The `carnac` command: arguments, configuration, wiring and output.

mod args;
mod assess;
mod audit;
mod config;
mod demo;
mod diff;
mod edition;
mod explain;
mod hook;
mod indicators;
mod ingest;
mod inspect;
mod job;
mod lease;
mod memory;
mod print;
mod profile;
mod quarantine;
mod query;
mod refresh;
mod report;
mod sample;
mod scenario;
mod serve;
mod temporary;
mod token;
mod upkeep;
mod verify;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Context;
use carnac_query::STACK_BYTES;
use clap::{CommandFactory, Parser};

use crate::args::{Args, Command};
use crate::config::Config;
use crate::temporary::Temporary;

fn main() -> ExitCode {
    let args = Args::parse();
    start_log(&args);
    if matches!(args.command, Command::Serve(_)) {
        memory::give_back_soon();
    }
    // On a thread of its own, for the larger stack.
    let main = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(|| block_on(args));
    match main.expect("the operating system gives a thread").join() {
        Ok(Ok(code)) => code,
        Ok(Err(error)) if print::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Ok(Err(error)) => print::failure(&told(&error)),
        Err(_) => print::failure("internal error, see above; what readers see has not changed"),
    }
}

fn block_on(args: Args) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()
        .context("start the threads")?
        .block_on(run(args))
}

/// An error and its causes, each said once; what a query says already holds no value of a row,
/// what is behind it may.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let part = cause.to_string();
        if !text.contains(&part) {
            let between = if text.is_empty() { "" } else { ": " };
            text = format!("{text}{between}{part}");
        }
        if cause.is::<carnac_query::Error>() {
            break;
        }
    }
    text
}

async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args)?;
    // Without it, what needs one says so.
    let _temporary =
        Temporary::make().inspect_err(|error| tracing::warn!(%error, "no temporary folder")).ok();
    match &args.command {
        Command::Demo(demo) => demo::run(&config, &args, demo).await,
        Command::Inspect(of) => inspect::run(&config, of).await,
        Command::Ingest(of) => ingest::run(&config, of).await,
        Command::Refresh(of) => refresh::run(&config, of).await,
        Command::Quarantine(of) => quarantine::run(&config, &of.command).await,
        Command::Query(of) => query::run(&config, of).await,
        Command::Assess(of) => assess::run(&config, of).await,
        Command::Scenario(of) => scenario::run(&config, of).await,
        Command::Indicators(of) => indicators::run(&config, of.command.as_ref()).await,
        Command::Releases => query::releases(&config).await,
        Command::Edition(of) => edition::run(&config, &of.command).await,
        Command::Diff(of) => diff::run(&config, of).await,
        Command::Explain(of) => explain::run(&config, of).await,
        Command::Upkeep(of) => upkeep::run(&config, of).await,
        Command::Verify(of) => verify::run(&config, of).await,
        Command::Audit(of) => audit::run(&config, &of.command),
        Command::Token(of) => token::run(&config, &of.command).await,
        Command::Serve(serve) => Box::pin(serve::run(&config, &args, serve)).await,
        Command::Sample(of) => sample::run(of),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Args::command(), "carnac", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn start_log(args: &Args) {
    let filter = tracing_subscriber::EnvFilter::try_new(&args.log)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
