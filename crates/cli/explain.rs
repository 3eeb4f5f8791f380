//! `carnac explain`: the receipt of a figure, and the check of one that was saved.

mod saved;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use carnac_model::{Input, Receipt, TableVersion, definitions_hash};
use carnac_query::{At, Figure, Gateway, Principal, Views};

use crate::args::{ExplainFigure, Format};
use crate::config::Config;
use crate::{print, query};

/// Characters of a checksum that people are shown; the saved receipt has all.
const SHOWN: usize = 16;

/// Runs `carnac explain`.
pub(crate) async fn run(config: &Config, args: &ExplainFigure) -> anyhow::Result<ExitCode> {
    // Cubes repeat what the tables say: a receipt names tables only, and its figure is of them.
    let gateway = config.gateway(config.open_lake()?)?.without_cubes();
    if let Some(path) = &args.verify {
        return verify(&gateway, path).await;
    }
    let (Some(indicator), Some(siren), Some(period)) =
        (args.indicator.clone(), args.siren.clone(), args.period.clone())
    else {
        bail!("name an indicator, --siren and --period");
    };
    let figure = Figure { indicator, siren, period };
    let at = args.release.map(At::Release).or(args.edition.clone().map(At::Edition));
    let receipt = gateway.explain(Principal::Operator, &figure, at.as_ref()).await?;
    print::line(&told(&receipt, &config.views()?))?;
    if args.rows {
        list_rows(&gateway, &receipt).await?;
    }
    if let Some(path) = &args.save {
        let write = || File::create_new(path)?.write_all(saved::sealed(&receipt)?.as_bytes());
        write().with_context(|| format!("save the receipt in {}", path.display()))?;
        print::remark(&format!("receipt saved in {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks a saved receipt: itself, the data files that it names, then the figure.
async fn verify(gateway: &Gateway, path: &Path) -> anyhow::Result<ExitCode> {
    let place = path.display();
    let text = std::fs::read(path).with_context(|| format!("read the receipt {place}"))?;
    let receipt = saved::unsealed(&text).with_context(|| format!("the receipt {place}"))?;
    let mut files = 0;
    for (table, version) in &receipt.tables {
        for file in &version.files {
            if let Some(reason) = gateway.damage_of(file).await {
                bail!("table {table}, file {}: {reason}; restore it from a copy", file.path);
            }
            files += 1;
        }
    }
    let Receipt { indicator, siren, period, .. } = receipt.clone();
    let figure = Figure { indicator, siren, period };
    let now = gateway.explain(Principal::Operator, &figure, Some(&at(&receipt))).await?;
    if let Some(difference) = saved::difference(&receipt, &now) {
        bail!("the receipt {place} does not hold: {difference}");
    }
    if receipt.code != now.code {
        let (then, now) = (&receipt.code, &now.code);
        print::remark(&format!(
            "computed by carnac {then} then, by {now} now: the figure is the same"
        ));
    }
    print::line(&format!(
        "{}, {}, {}: verified, {files} files and {} sources of release {}: the figure is the same",
        receipt.indicator,
        receipt.siren,
        receipt.period,
        receipt.inputs.len(),
        receipt.release
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// What a receipt was read from.
fn at(receipt: &Receipt) -> At {
    receipt.edition.clone().map_or(At::Release(receipt.release), At::Edition)
}

async fn list_rows(gateway: &Gateway, receipt: &Receipt) -> anyhow::Result<()> {
    for rows in &receipt.rows {
        print::line(&format!("\n{} : {}\n{}", part(&rows.part), rows.view, rows.query))?;
        let at = at(receipt);
        let answer = gateway.run(Principal::Operator, &rows.query, None, Some(&at)).await?;
        query::write(answer, Format::Table, io::stdout()).await?;
    }
    Ok(())
}

/// The receipt for people.
fn told(receipt: &Receipt, views: &Views) -> String {
    let named =
        |file: &&carnac_query::SqlFile| format!("{}.{}", file.layer, file.name) == receipt.view;
    let title = views.files().iter().find(named).map(|file| file.header.title.to_string());
    let edition = receipt.edition.as_ref().map(|name| format!(", édition {name}"));
    let heading = format!(
        "{} : {}\nSIREN {}, période {}\n\n{}\n\n\
         Définition / Definition : {}, version {}, {}\n\
         Publication / Release   : {}{}, {} UTC, « aujourd'hui » {}\n\
         Programme / Program     : carnac {} (calcul), carnac {} (publication)",
        receipt.indicator,
        title.unwrap_or_default(),
        receipt.siren,
        receipt.period,
        figure(receipt),
        receipt.view,
        receipt.version,
        short(&receipt.definition),
        receipt.release,
        edition.unwrap_or_default(),
        receipt.published_at.format("%Y-%m-%d %H:%M:%S"),
        receipt.run_date,
        receipt.code,
        receipt.landed_by,
    );
    [heading, rows(receipt), tables(receipt), sources(receipt)].join("\n\n")
}

fn figure(receipt: &Receipt) -> String {
    let known = ["item", "numerator", "denominator", "value", "low", "mid", "high", "status"];
    let has = |column: &&&str| receipt.figure.iter().any(|row| row.contains_key(**column));
    let columns: Vec<_> = known.iter().filter(has).collect();
    let mut table = vec![columns.iter().map(|column| (**column).to_owned()).collect::<Vec<_>>()];
    table.extend(receipt.figure.iter().map(|row| {
        let cell = |column: &&&str| row.get(**column).cloned().flatten().unwrap_or("-".to_owned());
        columns.iter().map(cell).collect()
    }));
    print::columns(&table)
}

fn rows(receipt: &Receipt) -> String {
    if receipt.rows.is_empty() {
        return "Lignes / Rows : la définition n'en nomme pas / the definition names none"
            .to_owned();
    }
    let mut table =
        vec![header(["lignes / rows", "vue / view", "retenues / counted", "écartées / set aside"])];
    for rows in &receipt.rows {
        let aside = rows.set_aside.iter().map(|(why, count)| format!("{count} : non « {why} »"));
        let aside = aside.collect::<Vec<_>>().join(", ");
        let aside = if aside.is_empty() { "0".to_owned() } else { aside };
        table.push(vec![
            part(&rows.part).to_owned(),
            rows.view.clone(),
            rows.counted.to_string(),
            aside,
        ]);
    }
    print::columns(&table)
}

fn part(name: &str) -> &str {
    match name {
        "numerator" => "numérateur / numerator",
        "denominator" => "dénominateur / denominator",
        "amount" => "montant / amount",
        other => other,
    }
}

fn tables(receipt: &Receipt) -> String {
    let mut table = vec![header([
        "table",
        "version",
        "fichiers / files",
        "octets / bytes",
        "empreinte / checksum",
    ])];
    for (name, TableVersion { version, files, .. }) in &receipt.tables {
        let sums = files.iter().map(|file| (file.path.clone(), file.sha256.clone())).collect();
        table.push(vec![
            name.clone(),
            version.to_string(),
            files.len().to_string(),
            files.iter().map(|file| file.bytes).sum::<u64>().to_string(),
            short(&definitions_hash(&sums)).to_owned(),
        ]);
    }
    print::columns(&table)
}

/// The sources of the figure's period, and of none; of the others how many there are.
fn sources(receipt: &Receipt) -> String {
    let of_period = |input: &Input| {
        let is_it = |period: &String| *period == receipt.period || period == "all";
        input.periods.is_empty() || input.periods.iter().any(is_it)
    };
    let mut table = vec![header([
        "source",
        "sha256",
        "lues / read",
        "acceptées / accepted",
        "rejetées / rejected",
    ])];
    for (source, input) in receipt.inputs.iter().filter(|(_, input)| of_period(input)) {
        let rejected = input.rejected.iter().map(|(rule, count)| format!("{count} {rule}"));
        let rejected = rejected.collect::<Vec<_>>().join(", ");
        table.push(vec![
            print::plain(source, 60),
            short(&input.sha256).to_owned(),
            input.read.to_string(),
            input.accepted.to_string(),
            if rejected.is_empty() { "0".to_owned() } else { rejected },
        ]);
    }
    let others = receipt.inputs.len() + 1 - table.len();
    let shown = print::columns(&table);
    match others {
        0 => shown,
        others => format!(
            "{shown}\net {others} sources d'autres périodes / and {others} of other periods"
        ),
    }
}

fn header<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

fn short(checksum: &str) -> &str {
    checksum.get(..SHOWN).unwrap_or(checksum)
}
