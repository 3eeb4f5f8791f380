//! What not every row or value is shown of, behind a barrier that no condition passes which could fail:
//! the rows of one authority, and views that withhold or mask.
//!
//! A plain filter under a view leaks: the optimiser runs the conditions of the query before or beside
//! it, on rows that are not shown, and what they fail on is told. So they are cut out by a plan of its
//! own, planned and optimised apart, and a query sees of it one leaf: no limit and no sort goes below,
//! no statistics and no order come out, and a plan that is explained shows its name only. Of conditions
//! one kind goes below, which cannot fail whatever the row: that a text is this one. By it a point of a
//! published view is read, and not all of it.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use carnac_model::identifier::Siren;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::provider_as_source;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{
    BinaryExpr, Expr, LogicalPlanBuilder, Operator, TableProviderFilterPushDown, TableType, ident,
    lit,
};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, reset_plan_states};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, execute_stream,
};

/// A table or view that is read behind a barrier.
#[derive(Debug)]
pub(super) struct Barrier {
    of: Arc<dyn TableProvider>,
    /// The column that says whose row it is, and the one authority whose rows exist; all do when
    /// there is none.
    own: Option<(String, Siren)>,
}

impl Barrier {
    /// Puts one around all rows.
    pub(super) fn around(of: Arc<dyn TableProvider>) -> Self {
        Self { of, own: None }
    }

    /// Puts one around the rows of one authority, by the column that says whose they are.
    pub(super) fn around_own(of: Arc<dyn TableProvider>, owner: String, siren: Siren) -> Self {
        Self { of, own: Some((owner, siren)) }
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

    /// The text of a view is no row of it.
    fn get_table_definition(&self) -> Option<&str> {
        self.of.get_table_definition()
    }

    /// What goes below is looked at above once more.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let how = |filter: &&Expr| match text_wanted(filter) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(how).collect())
    }

    /// Reads the columns that are asked for, where texts are those that are; no other condition and no
    /// limit is even looked at.
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.schema();
        let wanted = match projection {
            Some(places) => places.iter().map(|place| ident(schema.field(*place).name())).collect(),
            None => schema.fields().iter().map(|field| ident(field.name())).collect::<Vec<_>>(),
        };
        let source = provider_as_source(Arc::clone(&self.of));
        let mut plan = LogicalPlanBuilder::scan("behind", source, None)?;
        if let Some((owner, siren)) = &self.own {
            plan = plan.filter(ident(owner).eq(lit(siren.as_str())))?;
        }
        for (column, text) in filters.iter().filter_map(text_wanted) {
            plan = plan.filter(ident(column).eq(lit(text)))?;
        }
        let plan = plan.project(wanted)?.build()?;
        Ok(Arc::new(BarrierExec::new(state.create_physical_plan(&plan).await?)))
    }
}

/// Returns the column and the text of a condition that wants the one to be the other.
fn text_wanted(filter: &Expr) -> Option<(&str, &str)> {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = filter else {
        return None;
    };
    match (&**left, &**right) {
        (Expr::Column(column), Expr::Literal(ScalarValue::Utf8(Some(text)), _)) => {
            Some((&column.name, text))
        }
        _ => None,
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

/// Returns a plan of which `change` was made of every operator, also behind barriers: what bounds a query
/// bounds that too.
///
/// # Errors
/// When a change fails.
pub(crate) fn everywhere(
    plan: Arc<dyn ExecutionPlan>,
    change: &impl Fn(Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>>,
) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    plan.transform_up(|plan| {
        let Some(barrier) = plan.downcast_ref::<BarrierExec>() else { return change(plan) };
        let behind = everywhere(Arc::clone(&barrier.behind), change)?;
        if !behind.transformed {
            return Ok(Transformed::no(plan));
        }
        Ok(behind.update_data(|behind| Arc::new(BarrierExec::new(behind)) as _))
    })
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use datafusion::physical_plan::{collect, displayable};
    use datafusion::prelude::{SessionContext, col};
    use tokio::time::Instant;

    use super::*;
    use crate::clock::{End, until};

    /// A view of four of eight numbers.
    async fn half(context: &SessionContext) -> Arc<dyn TableProvider> {
        let sql = "select value as x from generate_series(1, 8) where value <> 5 and value > 3";
        context.sql(sql).await.unwrap().into_view()
    }

    /// What is asked of the table itself, of which the optimiser would tell it, goes nowhere.
    #[tokio::test]
    async fn no_condition_and_no_limit_is_put_behind_a_barrier() {
        let context = SessionContext::new();
        let barrier = Barrier::around(half(&context).await);
        let condition = (lit(777) / col("x")).eq(lit(777));
        let plan = barrier.scan(&context.state(), None, &[condition], Some(1)).await.unwrap();
        let plan = plan.downcast_ref::<BarrierExec>().unwrap();
        let behind = displayable(&*plan.behind).indent(true).to_string();
        assert!(behind.contains("!= 5") && !behind.contains("777"), "{behind}");
        assert!(!behind.contains("fetch") && !behind.contains("limit"), "{behind}");
    }

    /// A text that is wanted is looked for behind it, and nothing that stands beside it.
    #[tokio::test]
    async fn a_text_that_is_wanted_goes_behind_a_barrier() {
        let context = SessionContext::new();
        let sql = "select arrow_cast(value, 'Utf8') as x, value as n from generate_series(1, 8)";
        let view = context.sql(sql).await.unwrap().into_view();
        context.register_table("texts", Arc::new(Barrier::around(view))).unwrap();
        let sql = "select n from texts where x = '5' and 777 / n > 1 and x < '6'";
        let frame = context.sql(sql).await.unwrap();
        let mut plan = frame.clone().create_physical_plan().await.unwrap();
        while !plan.is::<BarrierExec>() {
            plan = Arc::clone(plan.children().first().unwrap());
        }
        let behind = &plan.downcast_ref::<BarrierExec>().unwrap().behind;
        let behind = displayable(&**behind).indent(true).to_string();
        assert!(
            behind.contains("= 5") && !behind.contains("777") && !behind.contains("< 6"),
            "{behind}"
        );
        assert_eq!(frame.count().await.unwrap(), 1);
    }

    /// Nor does what is asked of a plan that has it.
    #[tokio::test]
    async fn no_rule_goes_below_a_barrier() {
        let context = SessionContext::new();
        let barrier = Barrier::around(half(&context).await);
        context.register_table("half", Arc::new(barrier)).unwrap();
        for sql in [
            "select x from half where 777 / (x - 5) = 0",
            "select x from half where x = 777 order by 777 / (x - 5) limit 3",
            "select count(*) from half",
            "select max(x) from half where x < 777 and x <> 777",
            "select a.x from half as a join half as b on a.x = b.x where a.x > 777",
        ] {
            let plan = context.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
            let (mut plans, mut seen) = (vec![plan], 0);
            while let Some(plan) = plans.pop() {
                plans.extend(plan.children().into_iter().cloned());
                let Some(barrier) = plan.downcast_ref::<BarrierExec>() else { continue };
                let behind = displayable(&*barrier.behind).indent(true).to_string();
                assert!(!behind.contains("777") && !behind.contains("Sort"), "{sql}: {behind}");
                assert!(!behind.contains("fetch"), "{sql}: {behind}");
                seen += 1;
            }
            assert!(seen > 0, "{sql}");
            assert!(context.sql(sql).await.unwrap().collect().await.is_ok(), "{sql}");
        }
    }

    #[tokio::test]
    async fn a_query_that_is_over_ends_behind_a_barrier_too() {
        let context = SessionContext::new();
        let sql = "select count(*) from generate_series(1, 9) as a \
                   join generate_series(1, 9) as b on a.value < b.value";
        let ended = async |end: Instant| {
            let behind = context.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
            let plan = until(Arc::new(BarrierExec::new(behind)), &End::at(end)).unwrap();
            collect(plan, context.task_ctx()).await
        };
        assert!(ended(Instant::now() + Duration::from_secs(600)).await.is_ok());
        let error = ended(Instant::now()).await.unwrap_err().to_string();
        assert!(error.contains("the query is over"), "{error}");
    }
}
