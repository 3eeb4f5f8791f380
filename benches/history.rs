//! The refresh of one month beside a short and a long history, with the program itself.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::median;

/// Months of history that are compared: one year and twenty.
pub(crate) const MONTHS: [u32; 2] = [12, 240];

/// The last year of either history.
const LAST_YEAR: u32 = 2025;

/// A lake into whose inbox a file of acts and one of bids came each month, landed by a refresh of
/// their own. A bid may move to another year, and is looked for in all of them.
pub(crate) struct History {
    folder: TempDir,
    /// Acts of a month; of bids there are a tenth.
    acts: u32,
    /// Deliveries of the last month so far.
    deliveries: u32,
}

impl History {
    pub(crate) fn of(months: u32, acts: u32) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let history = Self { folder, acts, deliveries: 0 };
        let first = (LAST_YEAR + 1) * 12 - months;
        for month in first..first + months {
            history.deliver(month);
            history.run("refresh");
            // As operators do: it repeats long logs by checkpoints.
            if month % 6 == 5 {
                history.run("upkeep");
            }
        }
        history
    }

    /// The folder of the lake.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    /// Delivers the last month once more, otherwise than before, and times the refresh.
    pub(crate) fn next_refresh(&mut self) -> Duration {
        self.deliveries += 1;
        self.deliver(LAST_YEAR * 12 + 11);
        let from = Instant::now();
        self.run("refresh");
        from.elapsed()
    }

    fn deliver(&self, month: u32) {
        let (year, month) = (month / 12, month % 12 + 1);
        let mut acts =
            "id_acte;siren;nature;matiere;date_decision;date_ar;statut;annule\n".to_owned();
        for act in 0..self.acts {
            let (nature, subject) = (act % 6 + 1, (act + self.deliveries) % 9 + 1);
            let day = format!("{year}-{month:02}-{:02}", act % 28 + 1);
            let _infallible = writeln!(
                acts,
                "035-{year}{month:02}-{act}-{nature};213502388;{nature};{subject}.1;{day};{day};4;0"
            );
        }
        let mut bids = "id_pli;id_consultation;siren;mode;date_depot;hors_delai\n".to_owned();
        for bid in 0..self.acts / 10 {
            let mode = if (bid + self.deliveries).is_multiple_of(3) { "p" } else { "e" };
            let day = bid % 28 + 1;
            let _infallible = writeln!(
                bids,
                "{year}{month:02}-{bid};{};213502388;{mode};{year}-{month:02}-{day:02};non",
                bid / 5
            );
        }
        for (dataset, csv) in [("acts", acts), ("bids", bids)] {
            let folder = self.folder.path().join("lake/inbox").join(dataset);
            std::fs::create_dir_all(&folder).expect("the inbox");
            std::fs::write(folder.join(format!("{year}-{month:02}.csv")), csv).expect("a delivery");
        }
    }

    fn run(&self, command: &str) {
        let mut args = vec!["--root", "lake", command];
        if command == "refresh" {
            args.extend(["--run-date", "2026-01-31"]);
        }
        let status = Command::new(env!("CARGO_BIN_EXE_carnac"))
            .env_clear()
            .args(args)
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("the program runs").success(), "the command failed");
    }
}

/// Times refreshes beside each history in turns, and prints the medians and their ratio.
#[expect(clippy::print_stdout, reason = "a bench says what it measured")]
pub(crate) fn compare(histories: &mut [History; 2], turns: usize) -> f64 {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..turns {
        for (history, times) in histories.iter_mut().zip(&mut times) {
            times.push(history.next_refresh());
        }
    }
    let [short, long] = times.map(median);
    let ratio = long.as_secs_f64() / short.as_secs_f64();
    let acts = histories.iter().map(|history| history.acts).max().unwrap_or_default();
    println!(
        "refresh of one month, {acts} acts and {} bids a month, median of {turns}: {short:?} with {} months of \
         history, {long:?} with {}, ratio {ratio:.2}",
        acts / 10,
        MONTHS[0],
        MONTHS[1]
    );
    ratio
}
