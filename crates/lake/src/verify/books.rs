//! The rows of a release against its books.

use carnac_model::Release;

use super::{History, Verified};
use crate::QUARANTINE;

/// Every source of a release: `read = accepted + rejected`.
pub(super) fn balanced(release: &Release, verified: &mut Verified) {
    for (source, input) in &release.inputs {
        let rejected = input.rejected_count();
        if input.read != input.accepted + rejected {
            let told = format!(
                "{source}: {} rows read, {} accepted and {rejected} rejected",
                input.read, input.accepted
            );
            verified.found(format!("release {}", release.id), told);
        }
    }
}

/// The rows of a table against the books of its sources. A row whose key came back in a later
/// source is in the books of both, so that a table may have fewer rows than its books; the
/// quarantine has those that were rejected, all of them.
pub(super) fn compare(
    table: &str,
    history: &History,
    version: u64,
    release: &Release,
    verified: &mut Verified,
) {
    let inputs = |dataset: &str| {
        let of = format!("{dataset}/");
        release.inputs.iter().filter(move |(source, _)| source.starts_with(&of))
    };
    let what = || format!("table {table}, version {version}");
    if table != QUARANTINE {
        let landed: u64 = inputs(table).map(|(_, input)| input.accepted - input.replaced).sum();
        let rows: u64 = history.at(version).filter_map(|(_, file)| file.rows()).sum();
        if inputs(table).next().is_some() && rows > landed {
            let told = format!("{rows} rows, and release {} has {landed}", release.id);
            verified.found(what(), told);
        }
        return;
    }
    let mut datasets: Vec<&str> =
        release.inputs.keys().filter_map(|source| Some(source.split_once('/')?.0)).collect();
    datasets.dedup();
    for dataset in datasets {
        let rejected: u64 = inputs(dataset).map(|(_, input)| input.rejected_count()).sum();
        let of_dataset = history.at(version).filter(|(_, file)| file.partition() == Some(dataset));
        let rows: u64 = of_dataset.filter_map(|(_, file)| file.rows()).sum();
        if rows != rejected {
            let told =
                format!("{rows} rows of {dataset}, and release {} has {rejected}", release.id);
            verified.found(what(), told);
        }
    }
}
