//! Joins that look at the clock.
//!
//! A join compares every row of one side with every row of the other without a pause, for hours where
//! nothing fits: no deadline and no cancel reaches it in between. Its condition is asked for each
//! part of that work, and so is where it can be ended.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder,
};
use tokio::time::Instant;

use crate::catalog::everywhere;

/// When a query ends at the latest: at a moment, or once it is not wanted any more.
#[derive(Debug, Clone)]
pub(crate) struct End {
    at: Instant,
    is_unwanted: Arc<AtomicBool>,
}

impl End {
    pub(crate) fn at(at: Instant) -> Self {
        Self { at, is_unwanted: Arc::default() }
    }

    /// Returns the moment.
    pub(crate) fn moment(&self) -> Instant {
        self.at
    }

    /// Ends the query where it looks next.
    pub(crate) fn now(&self) {
        self.is_unwanted.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.is_unwanted.load(Ordering::Relaxed) || Instant::now() >= self.at
    }
}

impl PartialEq for End {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at && Arc::ptr_eq(&self.is_unwanted, &other.is_unwanted)
    }
}

impl Eq for End {}

impl Hash for End {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.at.hash(state);
    }
}

/// Returns the plan with joins that fail once their query is over.
///
/// # Errors
/// When a join cannot be made again.
pub(crate) fn until(plan: Arc<dyn ExecutionPlan>, end: &End) -> Result<Arc<dyn ExecutionPlan>> {
    everywhere(plan, &|plan| {
        if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>()
            && let Some(filter) = join.filter()
        {
            let (left, right) = (Arc::clone(join.left()), Arc::clone(join.right()));
            let made = NestedLoopJoinExecBuilder::new(left, right, *join.join_type())
                .with_projection_ref(join.projection().clone())
                .with_filter(Some(watched(filter, end)))
                .build()?;
            return Ok(Transformed::yes(Arc::new(made)));
        }
        if let Some(join) = plan.downcast_ref::<HashJoinExec>()
            && let Some(filter) = join.filter()
        {
            let made = join.builder().with_filter(Some(watched(filter, end))).build()?;
            return Ok(Transformed::yes(Arc::new(made)));
        }
        Ok(Transformed::no(plan))
    })
    .data()
}

fn watched(filter: &JoinFilter, end: &End) -> JoinFilter {
    let watched = Watched { condition: Arc::clone(filter.expression()), end: end.clone() };
    let (places, schema) = (filter.column_indices().to_vec(), Arc::clone(filter.schema()));
    JoinFilter::new(Arc::new(watched), places, schema)
}

/// A condition that fails once its query is over.
#[derive(Debug, Eq)]
struct Watched {
    condition: Arc<dyn PhysicalExpr>,
    end: End,
}

// As derived; `derive` would move the condition out.
impl PartialEq for Watched {
    fn eq(&self, other: &Self) -> bool {
        self.condition.eq(&other.condition) && self.end == other.end
    }
}

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.condition.hash(state);
        self.end.hash(state);
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt(f)
    }
}

impl PhysicalExpr for Watched {
    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.condition.return_field(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if self.end.is_over() {
            return Err(DataFusionError::Execution("the query is over".to_owned()));
        }
        self.condition.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.condition]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let condition = children.pop().unwrap_or_else(|| Arc::clone(&self.condition));
        Ok(Arc::new(Self { condition, end: self.end.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt_sql(f)
    }
}
