//! The leases of one refresh: taken before it begins, renewed while it runs, then given back.

use std::path::Path;
use std::time::Duration;

use carnac_lake::{Lake, Lease};
use carnac_model::{Dataset, Release};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::config::now;
use crate::print;

/// How long a lease lasts that nobody renews. One of this machine ends with its process.
const LASTS: Duration = Duration::from_secs(60);

/// What a process holds.
pub(crate) struct Leases {
    lake: Lake,
    taken: Vec<(&'static str, Option<u64>)>,
    holder: String,
    renewing: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Leases {
    /// Takes the leases of all datasets or none; `base` says which tables they build on.
    ///
    /// # Errors
    /// [`carnac_lake::Error::Leased`] when another process has one of them.
    pub(crate) async fn take(
        lake: &Lake,
        base: Option<&Release>,
        datasets: &[&'static Dataset],
    ) -> carnac_lake::Result<Self> {
        let (lake, holder) = (lake.clone(), format!("{}{}", prefix(), std::process::id()));
        let mut leases = Self { lake, taken: Vec::new(), holder, renewing: None };
        for dataset in datasets {
            let version = base.and_then(|base| base.tables.get(dataset.name)).copied();
            let lease = lease(&leases.holder, version);
            let taken = leases.lake.take_lease(dataset.name, &lease, now(), is_gone).await;
            if let Err(error) = taken {
                leases.give_back().await;
                return Err(error);
            }
            leases.taken.push((dataset.name, version));
        }
        let (over, is_over) = oneshot::channel();
        let (lake, taken, holder) =
            (leases.lake.clone(), leases.taken.clone(), leases.holder.clone());
        leases.renewing = Some((over, tokio::spawn(renew(lake, taken, holder, is_over))));
        Ok(leases)
    }

    /// Gives them back; one that cannot be ends by itself.
    pub(crate) async fn give_back(self) {
        if let Some((over, renewing)) = self.renewing {
            drop(over);
            // A renewal that panicked has told so.
            drop(renewing.await);
        }
        for (dataset, _) in &self.taken {
            if let Err(error) = self.lake.give_back_lease(dataset, &self.holder).await {
                print::remark(&format!("warning: {error}; it ends in a minute"));
            }
        }
    }
}

fn lease(holder: &str, version: Option<u64>) -> Lease {
    Lease { holder: holder.to_owned(), expires: now() + LASTS, version }
}

/// Renews leases until it is told that it is over. One that is lost is let go: the conflict check
/// decides between the two runs.
async fn renew(
    lake: Lake,
    mut held: Vec<(&'static str, Option<u64>)>,
    holder: String,
    mut is_over: oneshot::Receiver<()>,
) {
    while timeout(LASTS / 3, &mut is_over).await.is_err() {
        let mut lost = Vec::new();
        for (dataset, version) in &held {
            if let Err(error) = lake.renew_lease(dataset, &lease(&holder, *version)).await {
                print::remark(&format!("warning: {error}"));
                if matches!(error, carnac_lake::Error::Leased { .. }) {
                    lost.push(*dataset);
                }
            }
        }
        held.retain(|(dataset, _)| !lost.contains(dataset));
    }
}

/// What the holders of this machine have in common: since when it is up, and the processes that
/// see one another. Empty words where the system does not tell.
fn prefix() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("machine {} {}, process ", boot.trim(), space.display())
}

/// Whether a holder is a process of this machine that has ended.
fn is_gone(holder: &str) -> bool {
    let process = holder.strip_prefix(&prefix()).and_then(|process| process.parse::<u32>().ok());
    let is_there = |process: u32| Path::new("/proc").join(process.to_string()).exists();
    is_there(std::process::id()) && process.is_some_and(|process| !is_there(process))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_of_this_machine_can_be_known_to_be_gone() {
        let of = |process: u32| format!("{}{process}", prefix());
        assert!(!is_gone(&of(std::process::id())));
        // Above any number that Linux gives.
        assert!(is_gone(&of(u32::MAX)));
        assert!(!is_gone(&format!("machine elsewhere, process {}", u32::MAX)));
        assert!(!is_gone("damaged"));
    }
}
