//! Which release or edition a call reads: its own headers, else its session, else the newest.
//!
//! A session is the cookie `arrow_flight_session_id`, and its value is all there is of it
//! (`release.3`, `edition.2026-S1`, `newest`). So the server keeps nothing, a session survives a
//! restart, and one that is made up reads what a header could name as well.

use std::collections::BTreeMap;

use arrow_flight::ActionType;
use carnac_query::At;
use prost::{Message, Oneof};
use tonic::Status;
use tonic::metadata::{MetadataMap, MetadataValue};

/// Header of one call: the number of a release.
const RELEASE_HEADER: &str = "x-carnac-release";
/// Header of one call: the name of an edition.
const EDITION_HEADER: &str = "x-carnac-edition";

const COOKIE: &str = "arrow_flight_session_id";
const RELEASE: &str = "release";
const EDITION: &str = "edition";
const NEWEST: &str = "newest";

/// The actions on a session, with what they do.
pub(super) const SET: &str = "SetSessionOptions";
pub(super) const GET: &str = "GetSessionOptions";
pub(super) const CLOSE: &str = "CloseSession";

pub(super) fn actions() -> Vec<Result<ActionType, Status>> {
    let action = |name: &str, description: &str| {
        Ok(ActionType { r#type: name.to_owned(), description: description.to_owned() })
    };
    vec![
        action(SET, "Sets the option release or edition, which later queries then read."),
        action(GET, "Returns the options of the session."),
        action(CLOSE, "Ends the session: later queries read the newest release."),
    ]
}

/// Returns what a call reads; none is the newest release.
///
/// # Errors
/// `InvalidArgument` for a header or a cookie that cannot be read.
pub(super) fn named(call: &MetadataMap) -> Result<Option<At>, Status> {
    match (header(call, RELEASE_HEADER)?, header(call, EDITION_HEADER)?) {
        (None, None) => Ok(session(call)?.flatten()),
        (Some(text), None) => Ok(Some(release(text)?)),
        (None, Some(text)) => Ok(Some(edition(text)?)),
        (Some(_), Some(_)) => Err(Status::invalid_argument(
            "name a release or an edition, not both: an edition has its release",
        )),
    }
}

/// Returns the session of a call, if there is one, and what it reads.
///
/// # Errors
/// `InvalidArgument` for a cookie that is not one of this server.
pub(super) fn session(call: &MetadataMap) -> Result<Option<Option<At>>, Status> {
    let texts = call.get_all("cookie").into_iter().filter_map(|value| value.to_str().ok());
    let mut cookies =
        texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.split_once('='));
    let Some((_, value)) = cookies.find(|(name, _)| name.trim() == COOKIE) else { return Ok(None) };
    match value.trim().split_once('.') {
        Some((RELEASE, number)) => Ok(Some(Some(release(number)?))),
        Some((EDITION, name)) => Ok(Some(Some(edition(name)?))),
        None if value.trim() == NEWEST => Ok(Some(None)),
        _ => Err(Status::invalid_argument("the session cookie is not one of this server")),
    }
}

/// The header of a reply that opens or changes a session.
pub(super) fn cookie(at: Option<&At>) -> MetadataValue<tonic::metadata::Ascii> {
    let value = match at {
        Some(At::Release(id)) => format!("{RELEASE}.{id}"),
        Some(At::Edition(name)) => format!("{EDITION}.{name}"),
        None => NEWEST.to_owned(),
    };
    let text = format!("{COOKIE}={value}; Path=/");
    text.parse().expect("a name of letters, digits, hyphens and underscores")
}

/// The header of a reply that ends a session.
pub(super) fn no_cookie() -> MetadataValue<tonic::metadata::Ascii> {
    let text = format!("{COOKIE}=; Path=/; Max-Age=0");
    text.parse().expect("a constant header")
}

fn header<'c>(call: &'c MetadataMap, name: &str) -> Result<Option<&'c str>, Status> {
    let text = call.get(name).map(|value| value.to_str()).transpose();
    text.map_err(|_| Status::invalid_argument(format!("the header {name} is not plain text")))
}

fn release(text: &str) -> Result<At, Status> {
    let id = text.trim().parse().map(At::Release);
    id.map_err(|_| Status::invalid_argument("a release is named by its number"))
}

fn edition(text: &str) -> Result<At, Status> {
    let name = text.trim().parse().map(At::Edition);
    name.map_err(|error| Status::invalid_argument(format!("{error}")))
}

/// A request to set options of the session, or the options it has.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Options {
    /// Values by name.
    #[prost(btree_map = "string, message", tag = "1")]
    pub(super) values: BTreeMap<String, OptionValue>,
}

/// The value of an option. One without a value unsets the option.
#[derive(Clone, PartialEq, Message)]
pub(super) struct OptionValue {
    #[prost(oneof = "Value", tags = "1, 2, 3, 4, 5")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Value {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Flag(bool),
    #[prost(sfixed64, tag = "3")]
    Number(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    List(Texts),
}

#[derive(Clone, PartialEq, Message)]
struct Texts {
    #[prost(string, repeated, tag = "1")]
    values: Vec<String>,
}

/// What could not be set, by the names of options; empty when all were.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Refusals {
    #[prost(btree_map = "string, message", tag = "1")]
    refusals: BTreeMap<String, Refusal>,
}

#[derive(Clone, PartialEq, Message)]
struct Refusal {
    #[prost(enumeration = "Reason", tag = "1")]
    reason: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(super) enum Reason {
    Unspecified = 0,
    /// There is no option of that name.
    Name = 1,
    /// The option cannot have that value.
    Value = 2,
    /// It could not be set for another reason.
    Other = 3,
}

/// How a session ended.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Closed {
    /// 1: it is closed.
    #[prost(int32, tag = "1")]
    pub(super) status: i32,
}

impl Refusals {
    fn add(&mut self, option: &str, reason: Reason) {
        self.refusals.insert(option.to_owned(), Refusal { reason: reason.into() });
    }

    /// Refuses the option that names what is not there.
    pub(super) fn not_found(&mut self, at: Option<&At>) {
        let option = if matches!(at, Some(At::Edition(_))) { EDITION } else { RELEASE };
        self.add(option, Reason::Value);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.refusals.is_empty()
    }
}

impl Options {
    /// Returns the options of a session that reads `at`.
    pub(super) fn of(at: Option<&At>) -> Self {
        let option = at.map(|at| match at {
            At::Release(_) => (RELEASE.to_owned(), at.to_string()),
            At::Edition(_) => (EDITION.to_owned(), at.to_string()),
        });
        let value = |text| OptionValue { value: Some(Value::Text(text)) };
        Self { values: option.into_iter().map(|(name, text)| (name, value(text))).collect() }
    }

    /// Returns what a session that read `before` reads with these options, and what is refused.
    ///
    /// It reads one release or one edition: setting one unsets the other.
    pub(super) fn applied(&self, before: Option<At>) -> (Option<At>, Refusals) {
        let (mut at, mut refused) = (before, Refusals::default());
        for (name, value) in &self.values {
            match (name.as_str(), value.text()) {
                (RELEASE, Ok(None)) => at = at.filter(|at| !matches!(at, At::Release(_))),
                (EDITION, Ok(None)) => at = at.filter(|at| !matches!(at, At::Edition(_))),
                (RELEASE | EDITION, Ok(Some(text))) => {
                    let read = if name == RELEASE { release(&text) } else { edition(&text) };
                    match read {
                        Ok(read) => at = Some(read),
                        Err(_) => refused.add(name, Reason::Value),
                    }
                }
                (RELEASE | EDITION, Err(())) => refused.add(name, Reason::Value),
                _ => refused.add(name, Reason::Name),
            }
        }
        let set = |name: &str| self.values.get(name).is_some_and(|value| value.text() != Ok(None));
        if set(RELEASE) && set(EDITION) {
            refused.add(EDITION, Reason::Value);
        }
        (at, refused)
    }
}

impl OptionValue {
    /// The value as text; none unsets the option.
    fn text(&self) -> Result<Option<String>, ()> {
        match &self.value {
            None => Ok(None),
            Some(Value::Text(text)) if text.is_empty() => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Flag(_) | Value::Double(_) | Value::List(_)) => Err(()),
        }
    }
}
