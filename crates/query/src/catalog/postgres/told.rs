//! Functions of PostgreSQL in the words of the engine.

use datafusion::sql::sqlparser::ast::{
    Array, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Value,
};

use super::rewrite::call;

/// What a function tells, unless the engine knows it.
pub(super) fn told(function: &Function) -> Option<Expr> {
    match function.name.to_string().to_ascii_lowercase().as_str() {
        "array_upper" => Some(Expr::Cast {
            kind: CastKind::Cast,
            expr: Box::new(call("array_length", arguments(function)?)),
            data_type: DataType::BigInt(None),
            array: false,
            format: None,
        }),
        "current_schemas" => {
            let only = Value::SingleQuotedString("published".to_owned());
            Some(Expr::Array(Array { elem: vec![Expr::Value(only.into())], named: true }))
        }
        _ => None,
    }
}

fn arguments(function: &Function) -> Option<Vec<Expr>> {
    let given = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    };
    let FunctionArguments::List(list) = &function.args else { return None };
    list.args.iter().map(given).collect()
}
