//! One JSON object as the tree that an XML record gives: a list is an element that repeats.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::xml::{Element, MAX_DEPTH, MAX_PARTS};

/// Parses an object; its members become children, and a number keeps the digits it has.
///
/// `null` and empty lists leave no element; lists in lists are one list.
///
/// # Errors
/// When it is no JSON object, names a member twice, is nested too deep or has too many members.
pub(crate) fn parse(name: &str, text: &str) -> serde_json::Result<Element> {
    let mut parts = 0;
    let children = members(text, 1, &mut parts)?;
    Ok(Element::new(name.to_owned(), String::new(), children))
}

fn members(object: &str, depth: usize, parts: &mut usize) -> serde_json::Result<Vec<Element>> {
    let mut children = Vec::new();
    let Members(members) = serde_json::from_str(object)?;
    for (name, value) in members {
        push(&mut children, &name, value.get(), depth, parts)?;
    }
    Ok(children)
}

/// Appends what one value gives: an element, one for each of a list, or none.
fn push(
    into: &mut Vec<Element>,
    name: &str,
    value: &str,
    depth: usize,
    parts: &mut usize,
) -> serde_json::Result<()> {
    *parts += 1;
    if depth == MAX_DEPTH || *parts > MAX_PARTS {
        return Err(serde_json::Error::custom("too deep or too large"));
    }
    let (text, children) = match value.as_bytes().first() {
        Some(b'n') => return Ok(()),
        Some(b'[') => {
            let values: Vec<&RawValue> = serde_json::from_str(value)?;
            let mut values = values.into_iter();
            return values.try_for_each(|value| push(into, name, value.get(), depth + 1, parts));
        }
        Some(b'{') => (String::new(), members(value, depth + 1, parts)?),
        Some(b'"') => (serde_json::from_str(value)?, Vec::new()),
        _ => (value.to_owned(), Vec::new()),
    };
    into.push(Element::new(name.to_owned(), text, children));
    Ok(())
}

/// The members of an object, whose values are not parsed yet.
struct Members<'t>(BTreeMap<String, &'t RawValue>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Distinct)
    }
}

/// Takes members whose names differ.
struct Distinct;

impl<'de> Visitor<'de> for Distinct {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            if members.insert(name, value).is_some() {
                return Err(M::Error::custom("a member that stands twice"));
            }
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'e>(element: &'e Element, name: &str) -> Vec<Option<&'e str>> {
        element.children(name).map(Element::text).collect()
    }

    #[test]
    fn values_are_elements() {
        let json = r#"{"a":1e+17,"b":"é\n\"","c":true,"d":null,"e":[],"f":{"g":43188.10},"h":""}"#;
        let element = parse("r", json).unwrap();
        assert_eq!(element.name, "r");
        let text = |path: &[&str]| element.at(path).and_then(Element::text);
        assert_eq!(text(&["a"]), Some("1e+17"));
        assert_eq!(text(&["b"]), Some("é\n\""));
        assert_eq!(text(&["c"]), Some("true"));
        assert_eq!(text(&["f", "g"]), Some("43188.10"));
        assert_eq!(text(&["h"]), None);
        assert!(element.child("d").is_none() && element.child("e").is_none());
    }

    #[test]
    fn lists_repeat_their_element() {
        let element = parse("r", r#"{"a":[1,[2,[[3]],null]],"b":[{"c":[4,5]},{"c":6}]}"#).unwrap();
        assert_eq!(texts(&element, "a"), [Some("1"), Some("2"), Some("3")]);
        let inner: Vec<_> = element.children("b").flat_map(|b| texts(b, "c")).collect();
        assert_eq!(inner, [Some("4"), Some("5"), Some("6")]);
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[{"b":1,"b":2}]}"#,
            r#"{"a":NaN}"#,
            r#"{"a":[Infinity]}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":01}"#,
            r#"{"a":1,}"#,
            r#"{"a":1"#,
            "{} {}",
            "[1]",
            "1",
        ] {
            assert!(parse("r", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn depth_and_members_are_bounded() {
        let nested = |open: &str, close: &str, depth: usize| {
            format!(r#"{{"a":{}1{}}}"#, open.repeat(depth), close.repeat(depth))
        };
        assert!(parse("r", &nested("[", "]", 62)).is_ok());
        assert!(parse("r", &nested("[", "]", 63)).is_err());
        assert!(parse("r", &nested(r#"{"a":"#, "}", 62)).is_ok());
        assert!(parse("r", &nested(r#"{"a":"#, "}", 63)).is_err());
        let list = |count: usize| format!(r#"{{"a":[{}1]}}"#, "1,".repeat(count - 1));
        // The list counts as one.
        assert!(parse("r", &list(MAX_PARTS - 1)).is_ok());
        assert!(parse("r", &list(MAX_PARTS)).is_err());
    }
}
