//! `carnac verify`: reads everything back and tells all damage.

use std::process::ExitCode;

use crate::args::Verify;
use crate::config::Config;
use crate::print;
use crate::upkeep::progress;

/// Characters of a reason that are shown.
const REASON_SHOWN: usize = 300;

/// Runs `carnac verify`.
pub(crate) async fn run(config: &Config, args: &Verify) -> anyhow::Result<ExitCode> {
    let lake = config.open_lake()?;
    let bar = progress(0);
    let verified = lake
        .verify(args.release, &|done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        })
        .await?;
    bar.finish_and_clear();
    if !verified.damage.is_empty() {
        let mut rows = vec![["damaged", "how"].map(str::to_owned).to_vec()];
        rows.extend(verified.damage.iter().map(|damage| {
            vec![
                print::plain(&damage.what, REASON_SHOWN),
                print::plain(&damage.reason, REASON_SHOWN),
            ]
        }));
        print::line(&print::columns(&rows))?;
        print::line("")?;
    }
    if verified.retired > 0 {
        print::line(&format!("{} retired releases: record read only", verified.retired))?;
    }
    if verified.without_checksum > 0 {
        let count = verified.without_checksum;
        print::line(&format!("{count} files without a checksum: decoded only"))?;
    }
    if args.release.is_none() {
        let (editions, runs) = (verified.editions, verified.runs);
        print::line(&format!("{editions} editions and {runs} records of runs read"))?;
    }
    let (found, status) = match verified.damage.len() {
        0 => ("no damage".to_owned(), ExitCode::SUCCESS),
        1 => ("1 thing is damaged".to_owned(), ExitCode::FAILURE),
        count => (format!("{count} things are damaged"), ExitCode::FAILURE),
    };
    print::line(&format!(
        "verified {} releases, {} tables, {} files: {found}",
        verified.releases, verified.tables, verified.files
    ))?;
    Ok(status)
}
