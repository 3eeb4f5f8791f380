//! Days and moments of no zone, written with an offset: as in PostgreSQL, they are what is written.
//!
//! Drivers send the offset of their own zone with every day (`2024-01-01 00:00:00+02`). The engine
//! would move such a text to UTC before it is cast, and so to the day before.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Cast, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

/// Returns a day or moment without the offset that stands behind it, if there is one.
#[must_use]
pub fn civil(text: &str) -> &str {
    let text = text.trim();
    if let Some(before) = text.strip_suffix(['Z', 'z']) {
        return if before.ends_with(|c: char| c.is_ascii_digit()) { before } else { text };
    }
    let Some((before, offset)) = text.rfind(['+', '-']).and_then(|at| text.split_at_checked(at))
    else {
        return text;
    };
    let is_offset = (2..=9).contains(&(offset.len() - 1))
        && offset.chars().skip(1).all(|c| c.is_ascii_digit() || c == ':');
    // The signs of a day stand between its numbers, and behind no blank and no time.
    let is_behind = before.ends_with(char::is_whitespace) || before.contains(':');
    if is_offset && is_behind { before.trim_end() } else { text }
}

/// Takes the offset from what is cast to a type without one.
#[derive(Debug)]
pub(crate) struct Civil;

impl AnalyzerRule for Civil {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                Ok(expr.transform_up(written)?.update_data(|expr| name.restore(expr)))
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "civil"
    }
}

fn written(mut expr: Expr) -> Result<Transformed<Expr>> {
    let (Expr::Cast(Cast { expr: inner, field }) | Expr::TryCast(TryCast { expr: inner, field })) =
        &mut expr
    else {
        return Ok(Transformed::no(expr));
    };
    let has_no_zone = matches!(
        field.data_type(),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, None)
    );
    let Expr::Literal(
        ScalarValue::Utf8(Some(text))
        | ScalarValue::Utf8View(Some(text))
        | ScalarValue::LargeUtf8(Some(text)),
        _,
    ) = inner.as_mut()
    else {
        return Ok(Transformed::no(expr));
    };
    if !has_no_zone || civil(text).len() == text.len() {
        return Ok(Transformed::no(expr));
    }
    *text = civil(text).to_owned();
    Ok(Transformed::yes(expr))
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn an_offset_is_what_stands_behind_a_day_or_a_time() {
        for (text, expected) in [
            ("2024-01-01 00:00:00+02", "2024-01-01 00:00:00"),
            ("2024-01-01 00:00:00.5-03:30", "2024-01-01 00:00:00.5"),
            ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00"),
            ("2024-01-01 +02", "2024-01-01"),
            (" 2024-01-01 +05:53:28 ", "2024-01-01"),
            ("2024-01-01", "2024-01-01"),
            ("2024-01-01 00:00:00", "2024-01-01 00:00:00"),
            ("2024-01", "2024-01"),
            ("10:00+x", "10:00+x"),
            ("Z", "Z"),
            ("+02", "+02"),
            ("", ""),
        ] {
            assert_eq!(civil(text), expected, "{text}");
        }
    }
}
