//! Lists as PostgreSQL writes them.

use datafusion::sql::sqlparser::ast::{Array, ArrayElemTypeDef, CastKind, DataType, Expr, Value};

use super::rewrite::null;

/// `a = ANY ($1)`: of a parameter nobody knows that it is a list.
pub(super) fn of_parameter(expr: &mut Expr) {
    if !matches!(expr, Expr::Value(value) if matches!(value.value, Value::Placeholder(_))) {
        return;
    }
    let of = ArrayElemTypeDef::SquareBracket(Box::new(DataType::Text), None);
    *expr = Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(std::mem::replace(expr, null())),
        data_type: DataType::Array(of),
        array: false,
        format: None,
    };
}

/// A list of texts that is one text: `'{a,b}'::text[]`; one with quotes or NULL in it is left to the
/// engine.
pub(super) fn literal(expr: &Expr) -> Option<Expr> {
    let Expr::Cast { expr: inner, data_type: DataType::Array(of), .. } = expr else { return None };
    let ArrayElemTypeDef::SquareBracket(of, _) = of else { return None };
    let Expr::Value(value) = inner.as_ref() else { return None };
    let Value::SingleQuotedString(text) = &value.value else { return None };
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let items: Vec<_> = inner.split(',').map(str::trim).collect();
    let is_text = matches!(**of, DataType::Text | DataType::Varchar(_));
    let is_special = |item: &&str| item.is_empty() || item.eq_ignore_ascii_case("null");
    if !is_text || inner.contains(['"', '\\', '{', '}']) || items.iter().any(is_special) {
        return None;
    }
    let item = |item: &str| Expr::Value(Value::SingleQuotedString(item.to_owned()).into());
    Some(Expr::Array(Array { elem: items.into_iter().map(item).collect(), named: true }))
}
