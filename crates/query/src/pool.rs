//! The memory of one query: a part of that of all, so that no query takes what the others need.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ScalarValue, resources_datafusion_err, resources_err};
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;

use crate::kept::Kept;
use crate::udf::bounded::MOST;

/// Of half of the memory, who can spill has much to spill once it has more than one of so many parts.
const MUCH: usize = 8;

/// Bytes of a constant that is long.
const LONG: usize = 1024;

/// Returns the rows of a batch of a plan: so few that its long constants, which may be written down for
/// each row, make no more of a batch than a function may.
pub(crate) fn rows_of_batch(plan: &LogicalPlan, most: usize) -> usize {
    let mut constants = 0;
    let long = |value: &ScalarValue| {
        let bytes = value.size().saturating_sub(size_of_val(value));
        if bytes < LONG { 0 } else { bytes }
    };
    let counted = plan.apply_with_subqueries(|plan| {
        plan.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Literal(value, _) = expr {
                    constants += long(value);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    if counted.is_err() { 1 } else { (MOST / constants.max(1)).clamp(1, most) }
}

/// Rows of a batch where each may take kilobytes before any is counted.
pub(crate) const FEW_ROWS: usize = 1024;

/// Returns whether a plan keeps an accumulator of its own for each group: a set of distinct texts takes
/// 16 KiB when it is made, and what all take is counted after each batch only.
pub(crate) fn is_kept_by_group(plan: &Arc<dyn ExecutionPlan>) -> bool {
    aggregates(plan, |aggregate, function| {
        !aggregate.group_expr().is_empty() && !function.groups_accumulator_supported()
    })
}

/// Returns whether a plan makes lists of the rows of a group: what is collected is copied twice then, and the
/// copies are not counted.
fn makes_lists(plan: &Arc<dyn ExecutionPlan>) -> bool {
    aggregates(plan, |_, function| function.fun().name() == "array_agg")
}

/// Returns whether a plan has an aggregate with such a function, or cannot be looked at.
fn aggregates(
    plan: &Arc<dyn ExecutionPlan>,
    is_such: impl Fn(&AggregateExec, &AggregateFunctionExpr) -> bool,
) -> bool {
    let has_such = |plan: &Arc<dyn ExecutionPlan>| {
        let aggregate = plan.downcast_ref::<AggregateExec>();
        Ok(aggregate.is_some_and(|aggregate| {
            aggregate.aggr_expr().iter().any(|function| is_such(aggregate, function))
        }))
    };
    plan.exists(has_such).unwrap_or(true)
}

/// Returns the memory of all queries, in bytes.
pub(crate) fn of_all(memory: usize) -> Arc<dyn MemoryPool> {
    Arc::new(GreedyMemoryPool::new(memory))
}

/// What counts the memory of the process, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// What is allocated.
    pub allocated: fn() -> usize,
    /// What the system gives, with what the allocator keeps of what is free; none where that is not known.
    pub resident: fn() -> usize,
}

/// Returns a pool that refuses more while queries have an eighth more in use than all may take.
///
/// Not all that a query takes is said to the pool: sets of distinct values are not, for instance; and what one
/// thread allocates and another frees the allocator may keep. What is allocated while no query takes any is
/// not of queries, nor what is `kept`, and `beside` more may be taken by others.
pub(crate) fn counted(
    all: Arc<dyn MemoryPool>,
    counts: Counts,
    kept: Option<Arc<Kept>>,
    beside: usize,
) -> Arc<dyn MemoryPool> {
    let MemoryLimit::Finite(most) = all.memory_limit() else { return all };
    let half = most / 2;
    let most = most.saturating_add(most / 8).saturating_add(beside);
    let counted = Counted { all, most, half, counts, kept, rest: AtomicUsize::default() };
    counted.rests();
    Arc::new(counted)
}

/// Returns the task of a plan: it may take half of the memory of all, and a quarter where it makes lists.
pub(crate) fn of_one(task: TaskContext, plan: &Arc<dyn ExecutionPlan>) -> TaskContext {
    let runtime = task.runtime_env();
    let all = Arc::clone(&runtime.memory_pool);
    let parts = if makes_lists(plan) { 4 } else { 2 };
    let most = match all.memory_limit() {
        MemoryLimit::Finite(most) => most / parts,
        MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
    };
    let memory_pool = Arc::new(OfOne { all, most, taken: AtomicUsize::new(0) });
    let runtime = RuntimeEnv { memory_pool, ..RuntimeEnv::clone(&runtime) };
    task.with_runtime(Arc::new(runtime))
}

/// The memory of all, of which what is in use is counted.
#[derive(Debug)]
struct Counted {
    all: Arc<dyn MemoryPool>,
    most: usize,
    half: usize,
    counts: Counts,
    kept: Option<Arc<Kept>>,
    /// Allocated when no query took any.
    rest: AtomicUsize,
}

impl Counted {
    fn in_use(&self, count: fn() -> usize) -> usize {
        count().saturating_sub(self.kept.as_ref().map_or(0, |kept| kept.in_use()))
    }

    fn rests(&self) {
        self.rest.store(self.in_use(self.counts.allocated), Ordering::Relaxed);
    }

    /// # Errors
    /// When queries have more in use than they may: of what is allocated, for all; of what is resident, for
    /// those that have much to spill, once half is allocated. What the allocator keeps ends no query, and what
    /// it keeps of others makes no small one spill.
    fn has_room(&self, has_much_to_spill: bool) -> Result<()> {
        let rest = self.rest.load(Ordering::Relaxed);
        let taken = |count| self.in_use(count).saturating_sub(rest);
        let allocated = taken(self.counts.allocated);
        let looks = has_much_to_spill && allocated > self.half;
        let resident = if looks { taken(self.counts.resident) } else { 0 };
        if allocated.max(resident) > self.most {
            return resources_err!(
                "queries have {allocated} bytes in use, {resident} resident, of {}",
                self.most
            );
        }
        Ok(())
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl MemoryPool for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if self.all.reserved() == 0 {
            self.rests();
        }
        self.all.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.all.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.all.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.all.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let has_much = reservation.size() > self.half / MUCH;
        self.has_room(has_much && reservation.consumer().can_spill())?;
        self.all.try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.all.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.all.memory_limit()
    }
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
    use arrow::datatypes::Schema;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::physical_plan::empty::EmptyExec;
    use datafusion::prelude::SessionContext;

    use super::*;

    #[test]
    fn what_is_in_use_and_was_not_told_counts() {
        static ALLOCATED: AtomicUsize = AtomicUsize::new(1000);
        static RESIDENT: AtomicUsize = AtomicUsize::new(0);
        let counts = Counts {
            allocated: || ALLOCATED.load(Ordering::Relaxed),
            resident: || RESIDENT.load(Ordering::Relaxed),
        };
        let pool = counted(of_all(100), counts, None, 20);
        let first = MemoryConsumer::new("test").register(&pool);
        ALLOCATED.store(1132, Ordering::Relaxed);
        assert!(first.try_grow(1).is_ok());
        ALLOCATED.store(1133, Ordering::Relaxed);
        assert!(first.try_grow(1).is_err());
        // What the allocator keeps beside it makes spill who has much to, once half of the memory is allocated.
        let spilling = MemoryConsumer::new("test").with_can_spill(true).register(&pool);
        ALLOCATED.store(1051, Ordering::Relaxed);
        RESIDENT.store(1133, Ordering::Relaxed);
        assert!(spilling.try_grow(6).is_ok() && spilling.try_grow(1).is_ok());
        assert!(spilling.try_grow(1).is_err() && first.try_grow(10).is_ok());
        assert!(first.try_grow(1).is_ok());
        ALLOCATED.store(1050, Ordering::Relaxed);
        assert!(spilling.try_grow(1).is_ok());
        ALLOCATED.store(1051, Ordering::Relaxed);
        RESIDENT.store(1132, Ordering::Relaxed);
        assert!(spilling.try_grow(1).is_ok());
        assert_eq!(pool.reserved(), 21);
        // What is allocated while no query takes any is of nobody: a cache, for instance.
        ALLOCATED.store(2000, Ordering::Relaxed);
        drop((first, spilling));
        let next = MemoryConsumer::new("test").register(&pool);
        assert!(next.try_grow(100).is_ok() && next.try_grow(1).is_err());
    }

    #[test]
    fn what_is_kept_is_not_in_use_by_queries() {
        static ALLOCATED: AtomicUsize = AtomicUsize::new(1000);
        let kept = Arc::new(Kept::new(64 * 1024));
        let allocated = || ALLOCATED.load(Ordering::Relaxed);
        let counts = Counts { allocated, resident: allocated };
        let pool = counted(of_all(100), counts, Some(Arc::clone(&kept)), 0);
        let query = MemoryConsumer::new("test").register(&pool);
        let taken = kept.takes(10_000);
        ALLOCATED.store(11_112, Ordering::Relaxed);
        assert!(query.try_grow(1).is_ok());
        drop(taken);
        assert!(query.try_grow(1).is_err());
    }

    #[tokio::test]
    async fn long_constants_make_short_batches() {
        let long = "x".repeat(1024 * 1024);
        for (constant, rows) in [("x", 8192), (&*long, 64), (&*long.repeat(100), 1)] {
            let plan = SessionContext::new().sql(&format!("select '{constant}'")).await.unwrap();
            let plan = plan.into_optimized_plan().unwrap();
            assert_eq!(rows_of_batch(&plan, 8192), rows, "{} bytes", constant.len());
        }
    }

    #[tokio::test]
    async fn sets_of_texts_by_group_are_seen() {
        let sql = |most, by| {
            let rows = "(values (1, 'a'), (1, 'b')) as t (k, v)";
            format!("select count(*), count(distinct {most}) from {rows} {by}")
        };
        for (most, by, is_kept) in
            [("v", "group by k", true), ("k", "group by v", false), ("v", "", false)]
        {
            let context = SessionContext::new();
            let plan = context.sql(&sql(most, by)).await.unwrap();
            let plan = plan.create_physical_plan().await.unwrap();
            assert_eq!(is_kept_by_group(&plan), is_kept, "count(distinct {most}) {by}");
        }
    }

    #[tokio::test]
    async fn who_makes_lists_has_a_quarter() {
        for (most, expected) in [("array_agg", 25), ("max", 50)] {
            let context = SessionContext::new();
            let sql = format!(
                "select cardinality([{most}(v)]) from (values (1), (2)) as t (v) group by v"
            );
            let plan = context.sql(&sql).await.unwrap().create_physical_plan().await.unwrap();
            let runtime =
                RuntimeEnvBuilder::new().with_memory_pool(of_all(100)).build_arc().unwrap();
            let task = of_one(TaskContext::default().with_runtime(runtime), &plan);
            let MemoryLimit::Finite(found) = task.memory_pool().memory_limit() else { panic!() };
            assert_eq!(found, expected, "{most}");
        }
    }

    #[test]
    fn one_has_half_of_all_and_two_have_all() {
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(of_all(100)).build_arc().unwrap();
        let plan: Arc<dyn ExecutionPlan> = Arc::new(EmptyExec::new(Arc::new(Schema::empty())));
        let task = || of_one(TaskContext::default().with_runtime(Arc::clone(&runtime)), &plan);
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
