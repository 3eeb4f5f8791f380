//! `carnac serve`: the gateway behind Arrow Flight SQL, HTTP and PostgreSQL until Ctrl-C or SIGTERM.

mod certificate;
mod collector;
mod refresher;
mod reload;
mod schedule;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use carnac_query::{Access, Gateway};

pub(crate) use self::certificate::Certificate;
pub(crate) use self::collector::Collector;
use self::refresher::Refresher;
use self::reload::Told;
use self::schedule::Schedule;
use crate::args::{Args, Listen, Serve};
use crate::config::Config;
use crate::print;

/// Runs `carnac serve`.
pub(crate) async fn run(config: &Config, all: &Args, args: &Serve) -> anyhow::Result<ExitCode> {
    let certificate = config.certificate(args)?;
    let Some(collector) = config.collector(args)? else {
        return Box::pin(serve(config, (all, args), certificate, |gateway| gateway)).await;
    };
    let follow = |gateway| collector.follow(gateway);
    let served = Box::pin(serve(config, (all, args), certificate, follow)).await;
    collector.finish().await;
    served
}

/// Serves, and refreshes if asked to; `follow` is given the gateway first.
async fn serve(
    config: &Config,
    (all, args): (&Args, &Serve),
    certificate: Option<Certificate>,
    follow: impl Fn(Gateway) -> Gateway,
) -> anyhow::Result<ExitCode> {
    let Some(cron) = args.refresh.as_ref().or(config.refresh.as_ref()) else {
        let lake = config.open_lake()?;
        let gateway = follow(config.door(lake.clone(), &args.listen, 0)?);
        let access = config.access(lake, &args.listen, certificate.as_ref()).await?;
        let beside = std::future::pending();
        let asked = (gateway, access);
        return until_stopped(config, (all, &args.listen), certificate, asked, beside).await;
    };
    let lake = config.create_lake(config.root())?;
    let gateway = follow(config.door(lake.clone(), &args.listen, config.memory)?);
    let access = config.access(lake.clone(), &args.listen, certificate.as_ref()).await?;
    let asked = (gateway, access);
    let zone = args.refresh_timezone.unwrap_or(config.refresh_timezone);
    let schedule = Schedule::parse(cron, zone)?;
    let hook = config.hook(&args.on_failure);
    let mut refresher = Refresher::new(config, lake, schedule, hook).await?;
    refresher.first_release().await?;
    until_stopped(config, (all, &args.listen), certificate, asked, refresher.keep()).await
}

/// Opens the newest release, listens, says where, and answers until told to stop; does `beside` as long.
pub(crate) async fn until_stopped(
    config: &Config,
    (all, args): (&Args, &Listen),
    certificate: Option<Certificate>,
    (gateway, access): (Gateway, Access),
    beside: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<ExitCode> {
    let (grpc, http, sslmode) = match &certificate {
        Some(_) => ("grpc+tls", "https", "?sslmode=verify-full"),
        None => ("grpc", "http", ""),
    };
    let security = certificate::security(certificate.as_ref());
    let mut bound = carnac_server::bind(config.address(args), security).await?;
    if let Some(address) = args.postgres.or(config.postgres) {
        bound = bound.with_postgres(address).await?;
    }
    let (gateway, access) = (Arc::new(gateway), Arc::new(access));
    let release = gateway.warm_up().await?;
    let stop = stop_signal()?;
    print::line(&format!(
        "serving release {} as Arrow Flight SQL on {grpc}://{address}\n\
         and over HTTP on {http}://{address} (GET /openapi.json says what there is)",
        release.id,
        address = bound.address()
    ))?;
    if let Some(address) = bound.postgres_address() {
        print::line(&format!(
            "and as PostgreSQL (user anonymous, or a token as the password of another) on \
             postgresql://{address}/carnac{sslmode}"
        ))?;
    }
    let told = Told { config, all, args, certificate, gateway: &gateway, access: &access };
    let serving = bound.serve(Arc::clone(&gateway), Arc::clone(&access), stop);
    tokio::select! {
        served = Box::pin(serving) => served?,
        ended = beside => ended?,
        ended = Box::pin(told.keep()) => ended?,
    }
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
