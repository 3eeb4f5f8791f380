//! `carnac serve`: the gateway behind Arrow Flight SQL until Ctrl-C or SIGTERM.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use carnac_query::Gateway;

use crate::args::Serve;
use crate::config::Config;
use crate::print;

/// Runs `carnac serve`.
pub(crate) async fn run(config: &Config, args: &Serve) -> anyhow::Result<ExitCode> {
    let gateway = config.gateway(config.open_lake()?)?;
    until_stopped(config, args, gateway).await
}

/// Plans every view, listens, says where, and answers until told to stop.
pub(crate) async fn until_stopped(
    config: &Config,
    args: &Serve,
    gateway: Gateway,
) -> anyhow::Result<ExitCode> {
    let bound = carnac_server::bind(args.listen.unwrap_or(config.listen)).await?;
    let release = gateway.warm_up().await?;
    print::line(&format!(
        "serving release {} as Arrow Flight SQL on grpc://{}",
        release.id,
        bound.address()
    ))?;
    let stop = stop_signal()?;
    bound.serve(Arc::new(gateway), stop).await?;
    Ok(ExitCode::SUCCESS)
}

/// Completes at Ctrl-C, or at SIGTERM where there is one.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
