//! The rows of one authority, behind a barrier that nothing of a query passes.
//!
//! A plain filter under a view leaks: the optimiser runs the conditions of the query before or beside
//! it, on rows of others, and what they fail on is told. So the rows are cut out by a plan of its own,
//! planned and optimised apart, and a query sees of it one leaf: no condition, no limit and no sort
//! goes below, no statistics and no order come out, and a plan that is explained shows its name only.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use carnac_model::identifier::Siren;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::provider_as_source;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, TableType, ident, lit};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, reset_plan_states};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, execute_stream,
};

/// A table or view of which only the rows of one authority exist.
#[derive(Debug)]
pub(super) struct Barrier {
    of: Arc<dyn TableProvider>,
    /// The column that says whose row it is.
    owner: String,
    siren: Siren,
}

impl Barrier {
    pub(super) fn new(of: Arc<dyn TableProvider>, owner: String, siren: Siren) -> Self {
        Self { of, owner, siren }
    }
}

#[async_trait]
impl TableProvider for Barrier {
    fn schema(&self) -> SchemaRef {
        self.of.schema()
    }

    fn table_type(&self) -> TableType {
        self.of.table_type()
    }

    /// Reads the columns that are asked for; conditions and limits are not even looked at.
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.schema();
        let wanted = match projection {
            Some(places) => places.iter().map(|place| ident(schema.field(*place).name())).collect(),
            None => schema.fields().iter().map(|field| ident(field.name())).collect::<Vec<_>>(),
        };
        let own = ident(&self.owner).eq(lit(self.siren.as_str()));
        let plan = LogicalPlanBuilder::scan("own", provider_as_source(Arc::clone(&self.of)), None)?
            .filter(own)?
            .project(wanted)?
            .build()?;
        Ok(Arc::new(BarrierExec::new(state.create_physical_plan(&plan).await?)))
    }
}

/// A plan of which nothing but its rows is seen.
struct BarrierExec {
    behind: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl BarrierExec {
    fn new(behind: Arc<dyn ExecutionPlan>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(behind.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { behind, properties: Arc::new(properties) }
    }
}

impl fmt::Debug for BarrierExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierExec").finish_non_exhaustive()
    }
}

impl DisplayAs for BarrierExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BarrierExec")
    }
}

impl ExecutionPlan for BarrierExec {
    fn name(&self) -> &'static str {
        "BarrierExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    /// None, so that no rule goes below.
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    /// A recursive query runs it again and again.
    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(reset_plan_states(Arc::clone(&self.behind))?)))
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        if partition > 0 {
            let reason = format!("a barrier has one partition, not a number {partition}");
            return Err(DataFusionError::Internal(reason));
        }
        execute_stream(Arc::clone(&self.behind), context)
    }
}
