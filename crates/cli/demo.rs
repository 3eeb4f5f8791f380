//! `carnac demo`: the whole path on the samples that the program carries.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use carnac_ingest::PseudonymKey;
use carnac_query::Principal;
use include_dir::{Dir, include_dir};

use crate::args::{Args, Demo, Format};
use crate::config::{Config, today};
use crate::job::Job;
use crate::{print, query, refresh, serve};

/// The samples and the profiles that the program carries.
pub(crate) static SAMPLES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/data-samples");

/// Three questions, each with what it asks, in French and in English.
const QUESTIONS: [(&str, &str); 3] = [
    (
        "Part des actes télétransmis, par collectivité (A08) / Share of acts sent electronically, by authority",
        "select y.name, a.period, a.numerator, a.denominator, round(a.value, 3) as rate, a.status
         from indicator.act_transmission_rate as a
         join core.authority_years as y on a.siren = y.siren and a.period = y.period
         where a.period = '2025' and a.status <> 'not_reported'
         order by rate desc nulls last, y.name",
    ),
    (
        "Taux régionaux et leur couverture / Regional rates and their coverage",
        "select indicator_id, family, period, numerator, denominator, round(value, 3) as rate, status,
                used_count, expected_count
         from published.rates_by_family where period = '2025' order by indicator_id, family",
    ),
    (
        "Marchés déclarés par la CC du Pays d'Iroise, par année / Contracts declared by CC du Pays d'Iroise, by year",
        "select period, count(*) as contracts, sum(amount_eur) as amount_eur
         from core.contracts where buyer_siren = '242900074' group by period order by period",
    ),
];

/// Runs `carnac demo`.
pub(crate) async fn run(config: &Config, all: &Args, args: &Demo) -> anyhow::Result<ExitCode> {
    let temporary =
        tempfile::TempDir::with_prefix("carnac-demo-").context("make a temporary folder")?;
    let root = match &config.named_root {
        Some(root) if root.contains("://") => {
            bail!("the demonstration wants a folder as its --root")
        }
        Some(root) => root.clone(),
        None => temporary.path().join("lake").display().to_string(),
    };
    let lake = config.create_lake(&root)?;
    if lake.latest().await?.is_some() {
        bail!("{root} holds releases already: the demonstration wants a fresh folder");
    }
    let inbox = Path::new(&root).join("inbox");
    std::fs::create_dir_all(&inbox).context("make the inbox")?;
    SAMPLES.extract(&inbox).context("write the samples")?;
    print::line(&format!("lake: {root}"))?;
    let key = config.pseudonym_key.clone().map_or_else(demonstration_key, Ok)?;
    let files = refresh::of_inbox(&root, &inbox, Vec::new(), Some(key))?;
    let (job_lake, declared) = (lake.clone(), Vec::new());
    let run_date = today();
    let job = Job { config, lake: job_lake, command: "demo", files, run_date, declared };
    let landed = job.run().await?;

    let gateway = config.gateway(lake.clone())?;
    for (question, sql) in QUESTIONS {
        print::line(&format!("\n{question}"))?;
        let answer = gateway.run(Principal::Analyst, sql, None, None).await?;
        query::write(answer, Format::Table, std::io::stdout()).await?;
    }
    if args.once {
        return Ok(landed);
    }
    print::line("")?;
    let gateway = config.door(lake.clone(), &args.listen, 0)?;
    let asked = (gateway, config.access(lake, &args.listen, None).await?);
    let beside = std::future::pending();
    serve::until_stopped(config, (all, &args.listen), None, asked, beside).await
}

/// A key that everybody knows: the answers of the demonstration are invented.
fn demonstration_key() -> anyhow::Result<PseudonymKey> {
    let text = include_str!("../../data-samples/cle-de-demonstration-publique.txt");
    PseudonymKey::parse(text).context("read the demonstration key")
}
