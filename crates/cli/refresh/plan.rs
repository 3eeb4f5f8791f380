//! `carnac refresh --plan`: what the run would land, rebuild and touch, without writing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use carnac_ingest::{Expected, Planned, Why, plan};
use carnac_lake::{Draft, Lake};
use carnac_model::dataset;
use carnac_query::Layer;
use chrono::NaiveDate;

use super::asked_for;
use crate::args::Refresh;
use crate::config::Config;
use crate::job::{Files, LandAgain, SOME_UNREAD};
use crate::print;

/// The rows of a partition: those that land, as far as they are known, and of how many sources.
#[derive(Debug, Default)]
struct Touched {
    landing: u64,
    sources: usize,
    /// Sources whose rows in this partition are not known apart.
    unknown: usize,
}

/// Prints the plan.
pub(super) async fn run(
    config: &Config,
    args: &Refresh,
    files: Files,
    run_date: NaiveDate,
) -> anyhow::Result<ExitCode> {
    let lake = lake_to_read(config)?;
    let draft = match &lake {
        Some(lake) => lake.draft(run_date).await?,
        None => Draft::first(run_date),
    };
    let again = match &lake {
        Some(lake) => asked_for(lake, &draft, args, &files.only).await?,
        None => LandAgain::No,
    };
    let files = Files { again, ..files };
    let (sources, tally) = files.open_all(draft.base()).await?;
    let planned = plan(&draft, &sources, &files.landing(config.memory));
    tell_sources(&planned)?;
    tell_absent(&files.again, &planned)?;
    let partitions = touched(&planned);
    tell_partitions(lake.as_ref(), &draft, &partitions).await?;
    tell_indicators(config, &partitions)?;
    let rows: u64 = planned.iter().map(Planned::accepted).sum();
    let unreadable = |plan: &&Planned<'_>| matches!(plan.expected, Expected::Unreadable(_));
    let failed = tally.failed + planned.iter().filter(unreadable).count();
    let land = planned.len() + tally.failed - failed;
    print::line(&if planned.is_empty() {
        format!("nothing to do: {} files unchanged, {failed} unreadable", sources.len())
    } else {
        let parts = partitions.len();
        format!(
            "plan: {land} sources, {rows} rows, {parts} partitions; {failed} unreadable; \
             nothing was written"
        )
    })?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_UNREAD) })
}

/// The lake, unless its folder is not made yet: a plan makes none.
fn lake_to_read(config: &Config) -> anyhow::Result<Option<Lake>> {
    let root = config.root();
    if !root.contains("://") && !Path::new(root).exists() {
        return Ok(None);
    }
    if !root.contains("://") && !Path::new(root).is_dir() {
        bail!("{root} is no folder");
    }
    config.open_lake().map(Some)
}

fn tell_sources(planned: &[Planned<'_>]) -> anyhow::Result<()> {
    if planned.is_empty() {
        return Ok(());
    }
    let header = ["source", "why", "run date", "rows", "rejected", "periods"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for plan in planned {
        let (expected, rejected) = match &plan.expected {
            Expected::Known => {
                let rejected = plan.replaces.as_ref().map_or(0, |input| input.rejected_count());
                (plan.accepted().to_string(), rejected.to_string())
            }
            Expected::Inspected(found) => {
                (found.accepted.to_string(), found.rejected_count().to_string())
            }
            Expected::Unreadable(error) => {
                print::remark(&format!("error: {}: {error}", plan.lands_as));
                ("unreadable".to_owned(), String::new())
            }
        };
        let periods: Vec<_> = plan.periods().into_keys().collect();
        let (name, why) = (plan.lands_as.clone(), word(plan.why).to_owned());
        rows.push(vec![
            name,
            why,
            plan.run_date.to_string(),
            expected,
            rejected,
            periods.join(" "),
        ]);
    }
    print::line(&format!("{}\n", print::columns(&rows)))
}

fn word(why: Why) -> &'static str {
    match why {
        Why::New => "new",
        Why::Changed => "changed",
        Why::ReadOtherwise => "profile or key changed",
        Why::AskedFor => "asked for",
    }
}

/// Names what is asked for and is not in the inbox any more: its rows stay as they are.
fn tell_absent(again: &LandAgain, planned: &[Planned<'_>]) -> anyhow::Result<()> {
    let LandAgain::These(dates) = again else { return Ok(()) };
    for source in dates.keys() {
        if !planned.iter().any(|plan| plan.lands_as == *source) {
            print::line(&format!("{source}: asked for, not in the inbox: its rows stay"))?;
        }
    }
    Ok(())
}

/// The partitions that the sources touch, by table and period.
fn touched(planned: &[Planned<'_>]) -> BTreeMap<(&'static str, String), Touched> {
    let mut touched: BTreeMap<_, Touched> = BTreeMap::new();
    for plan in planned {
        for (period, rows) in plan.periods() {
            let part = touched.entry((plan.source.dataset().name, period)).or_default();
            part.sources += 1;
            part.unknown += usize::from(rows.is_none());
            part.landing += rows.unwrap_or_default();
        }
    }
    touched
}

async fn tell_partitions(
    lake: Option<&Lake>,
    draft: &Draft,
    partitions: &BTreeMap<(&'static str, String), Touched>,
) -> anyhow::Result<()> {
    if partitions.is_empty() {
        return Ok(());
    }
    let mut now: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
    let mut rows =
        vec![["partition", "rows now", "rows landing", "sources"].map(str::to_owned).to_vec()];
    let mut moving = BTreeSet::new();
    for ((table, period), part) in partitions {
        if !now.contains_key(table) {
            let known = match (lake, draft.base()) {
                (Some(lake), Some(base)) => lake.table(base, table).await?,
                _ => None,
            };
            now.insert(table, known.map(|known| known.rows_by_partition()).unwrap_or_default());
        }
        let landed = now.get(table).and_then(|rows| rows.get(period)).copied().unwrap_or_default();
        let landing = match part.unknown {
            0 => part.landing.to_string(),
            _ if part.landing == 0 => "as landed".to_owned(),
            _ => format!("{} and as landed", part.landing),
        };
        let name = format!("{table}/{period}");
        rows.push(vec![name, landed.to_string(), landing, part.sources.to_string()]);
        if landed > 0 && dataset(table).is_some_and(|dataset| dataset.moves) {
            moving.insert(*table);
        }
    }
    print::line(&format!("{}\n", print::columns(&rows)))?;
    for table in moving {
        print::line(&format!(
            "{table}: a correction may move a row, so other periods of it may be rebuilt too\n"
        ))?;
    }
    Ok(())
}

fn tell_indicators(
    config: &Config,
    partitions: &BTreeMap<(&'static str, String), Touched>,
) -> anyhow::Result<()> {
    let tables: BTreeSet<String> =
        partitions.keys().map(|(table, _)| (*table).to_owned()).collect();
    let views = config.views()?;
    let touched = views.touched_by(Layer::Indicator, &tables)?;
    if touched.is_empty() {
        return Ok(());
    }
    let mut rows = vec![["indicator", "view", "titre / title"].map(str::to_owned).to_vec()];
    for file in touched {
        let header = &file.header;
        let title = header.title.to_string();
        rows.push(vec![header.id.clone(), format!("{}.{}", file.layer, file.name), title]);
    }
    rows[1..].sort();
    print::line(&format!("{}\n", print::columns(&rows)))
}
