//! The memory of the process: what is in use is counted, and what is free goes back to the system.

use std::os::unix::process::CommandExt;
use std::process::Command;

use cap::Cap;
use carnac_query::Counts;
use mimalloc::MiMalloc;

/// That of glibc keeps what is free by thread: of two queries' memory, four times as much was resident.
#[global_allocator]
static MEMORY: Cap<MiMalloc> = Cap::new(MiMalloc, usize::MAX);

/// When what is free goes back; read when a process starts. After 10 ms, not a second; a thread keeps no pages
/// that are full for what it may free, and looks often for what others freed of its pages: else the groups of
/// one query, made by one thread and freed by another, stay resident.
const GIVING_BACK: [(&str, &str); 3] = [
    ("MIMALLOC_PURGE_DELAY", "10"),
    ("MIMALLOC_PAGE_FULL_RETAIN", "0"),
    ("MIMALLOC_GENERIC_COLLECT", "200"),
];

/// Counts the memory of the process, in bytes.
pub(crate) const COUNTS: Counts = Counts { allocated: || MEMORY.allocated(), resident };

/// Returns what the process has of the memory of the machine, without what is of files, where the system tells.
fn resident() -> usize {
    let kib = |status: String| {
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.trim().strip_suffix(" kB")?.parse::<usize>().ok()
    };
    let told = std::fs::read_to_string("/proc/self/status").ok().and_then(kib);
    told.map_or(0, |kib| kib * 1024)
}

/// Starts the process anew, as the same, where what is free would go back later.
pub(crate) fn give_back_soon() {
    let is_unset = |(name, _): &(&str, &str)| std::env::var_os(name).is_none();
    let unset: Vec<_> = GIVING_BACK.into_iter().filter(is_unset).collect();
    if unset.is_empty() {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // It comes back only where it cannot be started: then this one goes on, with more memory.
        let error = Command::new(program).args(std::env::args_os().skip(1)).envs(unset).exec();
        tracing::debug!(%error, "not started anew");
    }
}
