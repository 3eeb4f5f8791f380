//! `LIKE … ESCAPE '/'`: the engine knows the backslash only.

use datafusion::sql::sqlparser::ast::{Expr, Value, ValueWithSpan};

use super::rewrite::{call, null};

/// Stands for a sign that escapes itself while the others are replaced.
const ITSELF: &str = "\u{1}";

/// Escapes by a backslash what another sign escapes in a pattern.
pub(super) fn escape(pattern: &mut Expr, sign: &mut Option<ValueWithSpan>) {
    let Some(Value::SingleQuotedString(by)) = sign.as_ref().map(|sign| &sign.value) else { return };
    if by.chars().count() != 1 || by == "\\" {
        return;
    }
    let (twice, once) = (by.repeat(2), by.clone());
    *sign = None;
    for (from, to) in
        [("\\", "\\\\"), (twice.as_str(), ITSELF), (once.as_str(), "\\"), (ITSELF, once.as_str())]
    {
        let text = |text: &str| Expr::Value(Value::SingleQuotedString(text.to_owned()).into());
        let inner = std::mem::replace(pattern, null());
        *pattern = call("replace", vec![inner, text(from), text(to)]);
    }
}
