//! What makes values out of values, with a bound.
//!
//! What a function allocates is not counted by the memory pool, and an allocation that fails ends the
//! process: so what it would make is reckoned before it makes it, and nothing more is made while queries
//! have too much in use.

mod concat;
mod size;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Result, resources_err};
use datafusion::config::ConfigOptions;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::logical_expr::expr::{BinaryExpr, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature,
};
use datafusion::optimizer::AnalyzerRule;

/// The functions, by name.
const NAMES: [&str; 38] = [
    "array_append",
    "array_concat",
    "array_has_all",
    "array_has_any",
    "array_prepend",
    "array_repeat",
    "array_resize",
    "array_to_string",
    "btrim",
    "concat",
    "concat_ws",
    "decode",
    "encode",
    "generate_series",
    "initcap",
    "left",
    "levenshtein",
    "lower",
    "lpad",
    "ltrim",
    "make_array",
    "overlay",
    "range",
    "regexp_match",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "rpad",
    "rtrim",
    "split_part",
    "string_to_array",
    "substr",
    "substr_index",
    "to_char",
    "translate",
    "upper",
];

/// The most bytes that one of them may make of one batch of rows.
pub(crate) const MOST: usize = 64 * 1024 * 1024;

/// Puts a bound on the functions of a plan, and on `||`.
#[derive(Debug)]
pub(crate) struct Bound {
    /// What is made at this moment, of all queries.
    made: Arc<MemoryReservation>,
}

impl Bound {
    pub(crate) fn new(memory: &Arc<dyn MemoryPool>) -> Self {
        Self { made: Arc::new(MemoryConsumer::new("values").register(memory)) }
    }

    fn bounded(&self, of: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(Bounded { of, made: Arc::clone(&self.made) }))
    }

    fn of_expr(&self, mut expr: Expr) -> Transformed<Expr> {
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
                let of = Arc::new(ScalarUDF::new_from_impl(concat::Concat::new()));
                let call = ScalarFunction::new_udf(self.bounded(of), vec![*left, *right]);
                Transformed::yes(Expr::ScalarFunction(call))
            }
            Expr::ScalarFunction(ref mut call)
                if NAMES.contains(&call.func.name()) && !call.func.inner().is::<Bounded>() =>
            {
                call.func = self.bounded(Arc::clone(&call.func));
                Transformed::yes(expr)
            }
            _ => Transformed::no(expr),
        }
    }
}

impl AnalyzerRule for Bound {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let bounded = expr.transform_up(|expr| Ok(self.of_expr(expr)))?;
                Ok(bounded.update_data(|expr| name.restore(expr)))
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "bound"
    }
}

/// A function that is refused where it would make too much.
#[derive(Debug)]
struct Bounded {
    of: Arc<ScalarUDF>,
    made: Arc<MemoryReservation>,
}

impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.of == other.of
    }
}

impl Eq for Bounded {}

impl Hash for Bounded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.of.hash(state);
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn aliases(&self) -> &[String] {
        self.of.aliases()
    }

    fn signature(&self) -> &Signature {
        self.of.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.of.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.of.return_field_from_args(args)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.of.coerce_types(types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.of.documentation()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let size = usize::try_from(size::of_rows(self.name(), &args.args, rows)?);
        let Some(size) = size.ok().filter(|size| *size <= MOST) else {
            let name = self.name();
            return resources_err!("{name} would make or compare more than {MOST} bytes at once");
        };
        self.made.try_grow(size)?;
        let made = self.of.invoke_with_args(args);
        self.made.shrink(size);
        made
    }
}

#[cfg(test)]
mod tests {
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::error::DataFusionError;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::execution::memory_pool::GreedyMemoryPool;
    use datafusion::prelude::SessionContext;

    use super::*;

    /// Runs a query under that memory; returns its rows as text.
    async fn run(sql: &str, memory: usize) -> Result<String> {
        let memory = Arc::new(GreedyMemoryPool::new(memory)) as Arc<dyn MemoryPool>;
        let state = SessionStateBuilder::new()
            .with_default_features()
            .with_analyzer_rule(Arc::new(Bound::new(&memory)))
            .build();
        let rows = SessionContext::new_with_state(state).sql(sql).await?.collect().await?;
        assert_eq!(memory.reserved(), 0, "{sql:.80}");
        Ok(pretty_format_batches(&rows)?.to_string())
    }

    #[tokio::test]
    async fn what_would_be_too_large_is_not_made() {
        let half = "from (select repeat(cast(value as varchar), 40000000) as a \
                    from generate_series(1, 1) as s) as t";
        for sql in [
            "select repeat('x', 70000000)",
            "select repeat(cast(value as varchar), 10000) from generate_series(10, 9000) as t",
            "select lpad('x', 20000000)",
            &format!("select concat(a, a) {half}"),
            &format!("select a || a {half}"),
            &format!("select upper(a) || 'b' || lower(a) {half}"),
            &format!("select make_array(a, a) {half}"),
            &format!("select [a] || [a] {half}"),
            &format!("select array_repeat(a, 2) {half}"),
            &format!("select array_repeat(array_repeat(repeat('x', 1000), 1000), 100) {half}"),
            &format!("select concat_ws(a, 'b', 'c', 'd') {half}"),
            "select array_to_string(array_repeat('', 1000000), repeat('x', 100))",
            "select regexp_replace(repeat('x', 100000), 'x', repeat('y', 1000), 'g')",
            "select to_char(date '2024-01-01', repeat('%Y', 3000000))",
            "select range(1, 5000000)",
            "select levenshtein(repeat('a', 30000), repeat('b', 30000))",
            "select array_has_all(range(1, 9000), array_reverse(range(1, 9000)))",
            "select array_has_any(range(1, 9000), range(9000, 18000))",
        ] {
            let ended = run(sql, usize::MAX).await;
            let ended = ended.map_err(|error| error.find_root().strip_backtrace());
            assert!(ended.as_ref().is_err_and(|text| text.contains("at once")), "{sql}: {ended:?}");
        }
    }

    #[tokio::test]
    async fn what_is_made_at_a_moment_takes_of_the_memory() {
        let ended = run("select length(repeat('x', 2000000))", 1_000_000).await;
        let error = ended.unwrap_err();
        assert!(matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)), "{error}");
        assert!(run("select length(repeat('x', 2000000))", 3_000_000).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_made_is_what_the_engine_makes() {
        let is_compared = "array_has_all([1, 2], [2]), array_has_any([1], [2]), array_has_any([1], null), \
                           levenshtein('Plougastel', 'Plouguerneau'), levenshtein('a', null)";
        let plain = SessionContext::new().sql(&format!("select {is_compared}")).await.unwrap();
        let plain = pretty_format_batches(&plain.collect().await.unwrap()).unwrap().to_string();
        assert_eq!(run(&format!("select {is_compared}"), usize::MAX).await.unwrap(), plain);

        let sql = "select 'a' || 'b' as t union all select 'a' || null union all select 1 || 'b' \
                   union all select concat('a', null, repeat('b', 2)) \
                   union all select array_to_string([1, 2] || [3], '-') order by t";
        let plain = SessionContext::new().sql(sql).await.unwrap().collect().await.unwrap();
        let plain = pretty_format_batches(&plain).unwrap().to_string();
        assert_eq!(run(sql, usize::MAX).await.unwrap(), plain);
    }
}
