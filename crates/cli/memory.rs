//! The memory of the process: what is in use is counted, and what is free goes back to the system.

use std::os::unix::process::CommandExt;
use std::process::Command;

use cap::Cap;
use mimalloc::MiMalloc;

/// That of glibc keeps what is free by thread: of two queries' memory, four times as much was resident.
#[global_allocator]
static MEMORY: Cap<MiMalloc> = Cap::new(MiMalloc, usize::MAX);

/// After how many milliseconds what is free goes back; read when a process starts.
const DELAY: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "10");

/// Returns how many bytes the process has in use.
pub(crate) fn in_use() -> usize {
    MEMORY.allocated()
}

/// Starts the process anew, as the same, where what is free would go back after a second only.
pub(crate) fn give_back_soon() {
    let (name, delay) = DELAY;
    if std::env::var_os(name).is_some() {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // It comes back only where it cannot be started: then this one goes on, with more memory.
        let error = Command::new(program).args(std::env::args_os().skip(1)).env(name, delay).exec();
        tracing::debug!(%error, "not started anew");
    }
}
