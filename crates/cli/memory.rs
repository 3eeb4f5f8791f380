//! The memory of the process: what is in use is counted, and what is free goes back to the system.

use std::os::unix::process::CommandExt;
use std::process::Command;

use cap::Cap;
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

/// Returns how many bytes the process has in use.
pub(crate) fn in_use() -> usize {
    MEMORY.allocated()
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
