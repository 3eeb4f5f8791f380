//! Scalar functions defined in SQL: a call is replaced by its body while the query is planned.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, internal_err, plan_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, CreateFunction, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;

use crate::lasting;

/// A function whose body is a SQL expression over its arguments.
#[derive(Debug, PartialEq, Eq, Hash)]
struct SqlFunction {
    name: String,
    returns: DataType,
    body: Expr,
    signature: Signature,
}

/// Makes the function of a `CREATE FUNCTION` statement. Arguments are named, and the function is
/// immutable: the same arguments give the same value.
///
/// # Errors
/// When it has no body, no return type or an unnamed argument, or when its body is of another type, asks
/// for the time or for chance, or holds a query.
pub(crate) fn from_statement(statement: CreateFunction) -> Result<ScalarUDF> {
    let Some(body) = statement.params.function_body else {
        return plan_err!("the function has no body");
    };
    if let Some(name) = lasting::changing_in(&body)? {
        return plan_err!("{name}() tells another thing each time: a function may not use it");
    }
    if body.exists(|expr| Ok(is_query(expr)))? {
        return plan_err!("a function tells of its arguments only: it may hold no query");
    }
    let Some(returns) = statement.return_type else {
        return plan_err!("the function has no RETURNS");
    };
    let mut types = Vec::new();
    for argument in statement.args.unwrap_or_default() {
        if argument.name.is_none() {
            return plan_err!("every argument has a name");
        }
        types.push(argument.data_type);
    }
    // What replaces a call comes too late for the query's own conversions of types.
    let simplifier = ExprSimplifier::new(SimplifyContext::builder().build());
    let body = simplifier.coerce(body, &DFSchema::empty())?;
    let found = body.get_type(&DFSchema::empty())?;
    if found != returns && !found.is_null() {
        return plan_err!("the body is of type {found}, and RETURNS says {returns}");
    }
    let signature = Signature::exact(types, Volatility::Immutable);
    let function = SqlFunction { name: statement.name, returns, body, signature };
    Ok(ScalarUDF::new_from_impl(function))
}

fn is_query(expr: &Expr) -> bool {
    use Expr::{Exists, InSubquery, ScalarSubquery, SetComparison};
    matches!(expr, Exists(_) | InSubquery(_) | ScalarSubquery(_) | SetComparison(_))
}

impl ScalarUDFImpl for SqlFunction {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn simplify(&self, values: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        // The parser turns the names of arguments into their places: `$1`, `$2`, …
        let body = self.body.clone().transform(|expr| {
            let Expr::Placeholder(placeholder) = &expr else { return Ok(Transformed::no(expr)) };
            let place: Option<usize> = placeholder.id.trim_start_matches('$').parse().ok();
            match place.and_then(|place| values.get(place.checked_sub(1)?)) {
                Some(value) => Ok(Transformed::yes(value.clone())),
                None => plan_err!("{} has no argument {}", self.name, placeholder.id),
            }
        })?;
        Ok(ExprSimplifyResult::Simplified(body.data))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("{} is replaced by its body before anything runs", self.name)
    }
}
