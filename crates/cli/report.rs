//! What became of each file, in words.

use std::collections::BTreeMap;

use carnac_ingest::{Outcome, Report};
use carnac_model::{Input, rule};

/// How many files of a run ended how.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Files that landed.
    pub(crate) landed: usize,
    /// Files whose bytes are landed already.
    pub(crate) unchanged: usize,
    /// Files that could not be read.
    pub(crate) failed: usize,
    /// What could not even be opened, in words.
    pub(crate) unopened: Vec<String>,
    /// Files that hold no data by their names.
    pub(crate) passed_over: usize,
}

impl Tally {
    pub(crate) fn count(&mut self, report: &Report) {
        match report.outcome {
            Outcome::Unchanged { .. } => self.unchanged += 1,
            Outcome::Landed { .. } => self.landed += 1,
            Outcome::Failed(_) => self.failed += 1,
        }
    }

    /// The files that did not land.
    pub(crate) fn others(&self) -> String {
        let Self { unchanged, failed, passed_over, .. } = self;
        format!("{unchanged} unchanged, {failed} failed, {passed_over} passed over")
    }
}

/// A few lines on one file.
pub(crate) fn told(report: &Report) -> String {
    let source = &report.source;
    match &report.outcome {
        Outcome::Unchanged { landed_as, input } => {
            let other =
                if landed_as == source { String::new() } else { format!(" as {landed_as}") };
            let when = match input.release {
                0 => "this run".to_owned(),
                release => format!("release {release}"),
            };
            format!("{source}: unchanged ({} rows landed{other} in {when})", input.accepted)
        }
        Outcome::Failed(error) => format!("{source}: not landed: {error}"),
        Outcome::Landed { input, replaces } => {
            let mut text = format!("{source}: {}", counts(input));
            if let Some(before) = replaces {
                let before = before.accepted;
                text.push_str(&format!(" (replaces {before} rows of its earlier delivery)"));
            }
            text + &by_rule(&input.rejected, &input.warned)
        }
    }
}

/// A few lines on a file that landed again: its counts before and after.
pub(crate) fn told_again(report: &Report) -> String {
    match &report.outcome {
        Outcome::Landed { input, replaces: Some(before) } => format!(
            "{}\n  before: {}\n  after:  {}{}",
            report.source,
            counts(before),
            counts(input),
            by_rule(&input.rejected, &input.warned)
        ),
        _ => told(report),
    }
}

fn counts(input: &Input) -> String {
    format!(
        "{} read, {} accepted, {} rejected, {} warnings",
        input.read,
        input.accepted,
        input.rejected_count(),
        input.warning_count()
    )
}

/// A line a rule, the blocking ones first.
pub(crate) fn by_rule(rejected: &BTreeMap<String, u64>, warned: &BTreeMap<String, u64>) -> String {
    let rejected =
        rejected.iter().map(|(id, count)| format!("\n  {count:>8}  {id}: {}", words(id)));
    let warned =
        warned.iter().map(|(id, count)| format!("\n  {count:>8}  {id} (warning): {}", words(id)));
    rejected.chain(warned).collect()
}

/// What a rule says, in French and in English.
pub(crate) fn words(id: &str) -> String {
    rule(id).map(|rule| format!("{} / {}", rule.fr, rule.en)).unwrap_or_default()
}
