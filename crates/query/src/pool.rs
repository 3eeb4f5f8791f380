//! The memory of one query: a part of that of all, so that no query takes what the others need.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::resources_datafusion_err;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::RuntimeEnv;

/// Returns the memory of all queries, in bytes.
pub(crate) fn of_all(memory: usize) -> Arc<dyn MemoryPool> {
    Arc::new(GreedyMemoryPool::new(memory))
}

/// Returns a task that may take half of the memory of all.
pub(crate) fn of_one(task: TaskContext) -> TaskContext {
    let runtime = task.runtime_env();
    let all = Arc::clone(&runtime.memory_pool);
    let most = match all.memory_limit() {
        MemoryLimit::Finite(most) => most / 2,
        MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
    };
    let memory_pool = Arc::new(OfOne { all, most, taken: AtomicUsize::new(0) });
    let runtime = RuntimeEnv { memory_pool, ..RuntimeEnv::clone(&runtime) };
    task.with_runtime(Arc::new(runtime))
}

/// What one query may take of the memory of all.
#[derive(Debug)]
struct OfOne {
    all: Arc<dyn MemoryPool>,
    most: usize,
    taken: AtomicUsize,
}

impl fmt::Display for OfOne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl MemoryPool for OfOne {
    fn name(&self) -> &'static str {
        "query"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.all.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.all.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.all.grow(reservation, additional);
        self.taken.fetch_add(additional, Ordering::Relaxed);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.taken.fetch_sub(shrink, Ordering::Relaxed);
        self.all.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let more = |taken: usize| taken.checked_add(additional).filter(|taken| *taken <= self.most);
        let taken = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.map_err(|_| resources_datafusion_err!("one query may take {} bytes", self.most))?;
        self.all.try_grow(reservation, additional).inspect_err(|_| {
            self.taken.fetch_sub(additional, Ordering::Relaxed);
        })
    }

    fn reserved(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.most)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;

    use super::*;

    #[test]
    fn one_has_half_of_all_and_two_have_all() {
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(of_all(100)).build_arc().unwrap();
        let task = || of_one(TaskContext::default().with_runtime(Arc::clone(&runtime)));
        let tasks = [task(), task(), task()];
        let mut taken =
            tasks.each_ref().map(|task| MemoryConsumer::new("test").register(task.memory_pool()));
        let [first, second, third] = &mut taken;
        assert!(first.try_grow(50).is_ok() && first.try_grow(1).is_err());
        assert!(second.try_grow(45).is_ok() && third.try_grow(6).is_err());
        assert!(third.try_grow(5).is_ok());
        first.shrink(10);
        assert!(first.try_grow(11).is_err() && first.try_grow(10).is_ok());
        assert_eq!(runtime.memory_pool.reserved(), 100);
        drop(taken);
        assert_eq!(runtime.memory_pool.reserved(), 0);
        assert_eq!(tasks.map(|task| task.memory_pool().reserved()), [0, 0, 0]);
    }
}
