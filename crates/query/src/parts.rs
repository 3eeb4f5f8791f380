//! An answer in parts that are computed apart, so that a client reads them beside one another.
//!
//! A part is a partition of the plan. The plan is the same each time (one release, one number of
//! parts), and where rows of several partitions must come together they are made one: so no part waits
//! for another, and all of them are the whole answer, each row once.

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

/// One part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its place, from 0.
    pub number: usize,
    /// How many were asked for of each table: the plan may have more, or fewer.
    pub of: usize,
}

/// Most parts that may be asked for.
pub const MOST_PARTS: usize = 64;

/// Returns a session that plans so many parts.
pub(crate) fn session(mut session: SessionState, of: usize) -> SessionState {
    let options = session.config_mut().options_mut();
    options.execution.target_partitions = of;
    // A partition that is read alone would read the files of all others too.
    options.execution.enable_file_stream_work_stealing = false;
    // Rows stay in the part in which they are read, and what they are joined to is read whole.
    options.optimizer.enable_round_robin_repartition = false;
    options.optimizer.hash_join_single_partition_threshold = usize::MAX;
    options.optimizer.hash_join_single_partition_threshold_rows = usize::MAX;
    session
}

/// Returns the plan with partitions of which none waits for another: where rows must come together, they
/// do so in one.
pub(crate) fn apart(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    if let Some(join) = plan.downcast_ref::<HashJoinExec>()
        && is_of_the_right(join)
    {
        let children = vec![Arc::clone(join.left()), apart(Arc::clone(join.right()))?];
        return replace(plan, children);
    }
    let passes = plan.is::<FilterExec>() || plan.is::<ProjectionExec>();
    if passes || plan.is::<CooperativeExec>() || plan.is::<UnionExec>() {
        let children = plan.children().into_iter().map(|child| apart(Arc::clone(child)));
        let children = children.collect::<Result<Vec<_>>>()?;
        return replace(plan, children);
    }
    let is_one = plan.output_partitioning().partition_count() == 1;
    if is_one || plan.is::<DataSourceExec>() {
        return Ok(plan);
    }
    Ok(Arc::new(CoalescePartitionsExec::new(plan)))
}

/// Whether each row is of one on the right. The other joins tell of rows that no part has found: that
/// takes all parts.
fn is_of_the_right(join: &HashJoinExec) -> bool {
    let types = [JoinType::Inner, JoinType::Right, JoinType::RightSemi, JoinType::RightAnti];
    *join.partition_mode() == PartitionMode::CollectLeft && types.contains(join.join_type())
}

fn replace(
    plan: Arc<dyn ExecutionPlan>,
    children: Vec<Arc<dyn ExecutionPlan>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    plan.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
}
