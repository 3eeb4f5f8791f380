//! What the planner of DataFusion 55.2 gets wrong, kept from it: each of these changed an answer.
//!
//! - A comparison with a cast that rounds (`cast(x as decimal(18, 2)) = 2.17`) is made one with what is
//!   cast, unrounded.
//! - `IN` lists on one column are merged as if it and they were never null: `not (a in (1) and a in (2))` is
//!   true for null, and so is `a not in (1) or a not in (2)`. Of `a in (…)` that is no matter under `AND` and
//!   `OR` of a filter, as null and false are the same there.
//! - A filter above an outer join goes down to the other side where a column there has the same name.

use std::fmt;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, JoinType, internal_err};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::expr::{BinaryExpr, Cast, InList, ScalarFunction, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};

type Rule = Arc<dyn PhysicalOptimizerRule + Send + Sync>;

/// Returns the rules for physical plans: those of DataFusion, of which the one that brings filters down
/// stops at outer joins.
pub(crate) fn physical_rules() -> Vec<Rule> {
    let rules = PhysicalOptimizer::new().rules.into_iter();
    let kept = |rule: Rule| match rule.name().starts_with("FilterPushdown") {
        true => Arc::new(BelowOuterJoins { rule }) as Rule,
        false => rule,
    };
    rules.map(kept).collect()
}

/// A rule that sees nothing of the outer joins below the top of a plan, and is applied to each in turn.
#[derive(Debug)]
struct BelowOuterJoins {
    rule: Rule,
}

impl BelowOuterJoins {
    fn apply(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let hidden = plan.map_children(|child| child.transform_down(hidden))?.data;
        let seen = |plan: Arc<dyn ExecutionPlan>| match plan.downcast_ref::<Hidden>() {
            Some(Hidden { join }) => {
                let join = self.apply(Arc::clone(join), config)?;
                Ok(Transformed::new(join, true, TreeNodeRecursion::Jump))
            }
            None => Ok(Transformed::no(plan)),
        };
        self.rule.optimize(hidden, config)?.transform_down(seen).data()
    }
}

fn hidden(plan: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    if !is_outer(&plan) {
        return Ok(Transformed::no(plan));
    }
    Ok(Transformed::new(Arc::new(Hidden { join: plan }), true, TreeNodeRecursion::Jump))
}

fn is_outer(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.downcast_ref::<HashJoinExec>().is_some_and(|join| *join.join_type() != JoinType::Inner)
}

/// An outer join in a plan that is not run, with nothing below it and no room for a filter.
#[derive(Debug)]
struct Hidden {
    join: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for Hidden {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

impl ExecutionPlan for Hidden {
    fn name(&self) -> &'static str {
        "Hidden"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.join.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        internal_err!("a join was left hidden")
    }
}

impl PhysicalOptimizerRule for BelowOuterJoins {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.apply(plan, config)
    }

    fn name(&self) -> &str {
        self.rule.name()
    }

    fn schema_check(&self) -> bool {
        self.rule.schema_check()
    }
}

/// Holds what must not be taken apart.
#[derive(Debug)]
pub(crate) struct Hold;

impl AnalyzerRule for Hold {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let schema = merge_schema(&plan.inputs());
            let is_filter = matches!(plan, LogicalPlan::Filter(_));
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let held = if is_filter { condition(expr, &schema) } else { held(expr, &schema) };
                Ok(held?.update_data(|expr| name.restore(expr)))
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "hold"
    }
}

/// A condition of a filter, for which null is false, and of which `AND` and `OR` keep that so.
fn condition(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let (left, right) = (condition(*left, schema)?, condition(*right, schema)?);
            let is_new = left.transformed || right.transformed;
            let expr = BinaryExpr::new(Box::new(left.data), op, Box::new(right.data));
            Ok(Transformed::new(Expr::BinaryExpr(expr), is_new, TreeNodeRecursion::Continue))
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            let expr = held(*expr, schema)?;
            let list = InList::new(Box::new(expr.data), list, false);
            Ok(Transformed::new(Expr::InList(list), expr.transformed, TreeNodeRecursion::Continue))
        }
        expr => held(expr, schema),
    }
}

/// Holds every list, and every cast that rounds.
fn held(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    expr.transform_down(|expr| {
        let is_held = match &expr {
            Expr::ScalarFunction(function) if function.func == *HELD => {
                return Ok(Transformed::new(expr, false, TreeNodeRecursion::Jump));
            }
            Expr::InList(_) => true,
            Expr::Cast(Cast { expr, field }) | Expr::TryCast(TryCast { expr, field }) => {
                expr.get_type(schema).is_ok_and(|from| rounds(&from, field.data_type()))
            }
            _ => false,
        };
        if !is_held {
            return Ok(Transformed::no(expr));
        }
        // What is below may have more of it.
        let below = expr.map_children(|expr| held(expr, schema))?.data;
        let function = ScalarFunction::new_udf(Arc::clone(&HELD), vec![below]);
        Ok(Transformed::new(Expr::ScalarFunction(function), true, TreeNodeRecursion::Jump))
    })
}

fn rounds(from: &DataType, to: &DataType) -> bool {
    let scale = |kind: &DataType| match kind {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(*scale),
        kind if kind.is_integer() => Some(0),
        _ => None,
    };
    scale(from).zip(scale(to)).is_some_and(|(from, to)| to < from)
}

static HELD: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(Held::new())));

/// Its argument, which the planner does not look into.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Held {
    signature: Signature,
}

impl Held {
    fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Held {
    fn name(&self) -> &'static str {
        "held"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types.first().cloned().unwrap_or(DataType::Null))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::clone(&args.arg_fields[0]))
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(args.args.swap_remove(0))
    }
}
