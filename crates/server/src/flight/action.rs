//! The actions on a session, which set and tell what its queries read.

use std::collections::BTreeMap;

use arrow_flight::sql::{Any, TicketStatementQuery};
use arrow_flight::{
    Action, ActionType, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus,
};
use bytes::Bytes;
use carnac_query::{At, Gateway, Kind};
use futures::stream::{BoxStream, StreamExt};
use prost::{Message, Oneof};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use super::Reply;
use super::session::{self, EDITION, RELEASE, edition, release};
use crate::wire;

/// The reply of an action.
pub(super) type Results = BoxStream<'static, Result<arrow_flight::Result, Status>>;

/// The actions on a session, with what they do.
const SET: &str = "SetSessionOptions";
const GET: &str = "GetSessionOptions";
const CLOSE: &str = "CloseSession";

/// The action that ends an answer.
pub(super) const CANCEL: &str = "CancelFlightInfo";

/// What the server lists of them.
pub(super) fn known() -> Vec<Result<ActionType, Status>> {
    let action = |name: &str, description: &str| {
        Ok(ActionType { r#type: name.to_owned(), description: description.to_owned() })
    };
    vec![
        action(SET, "Sets the option release or edition, which later queries then read."),
        action(GET, "Returns the options of the session."),
        action(CLOSE, "Ends the session: later queries read the newest release."),
        action(CANCEL, "Ends the query whose answer is being sent."),
    ]
}

/// Runs one action.
///
/// # Errors
/// `InvalidArgument` for an action that is not known, or one that cannot be read.
pub(super) async fn run(gateway: &Gateway, request: &Request<Action>) -> Reply<Results> {
    let (call, action) = (request.metadata(), request.get_ref());
    match action.r#type.as_str() {
        SET => set(gateway, call, &action.body).await,
        GET => match session::session(call)? {
            Some(at) => one_result(&Options::of(at.as_ref())),
            None => Err(Status::invalid_argument("there is no session: set an option first")),
        },
        CLOSE => {
            let mut reply = one_result(&Closed { status: CLOSED })?;
            reply.metadata_mut().insert("set-cookie", session::no_cookie());
            Ok(reply)
        }
        _ => Err(Status::invalid_argument("there is no action of that name")),
    }
}

/// Sets options of a session, all or none, and gives the client its new cookie.
async fn set(gateway: &Gateway, call: &MetadataMap, body: &[u8]) -> Reply<Results> {
    let options = Options::decode(body)
        .map_err(|_| Status::invalid_argument("the options cannot be read"))?;
    let before = session::session(call)?.flatten();
    let (at, mut refused) = options.applied(before.clone());
    if refused.is_empty() && at != before {
        let found = match &at {
            Some(at) => gateway.check(at).await,
            None => Ok(()),
        };
        match found {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::NotFound => refused.not_found(at.as_ref()),
            Err(error) => return Err(wire::status(&error)),
        }
    }
    let mut reply = one_result(&refused)?;
    if refused.is_empty() {
        reply.metadata_mut().insert("set-cookie", session::cookie(at.as_ref()));
    }
    Ok(reply)
}

/// Returns the handles of the answer that is to be cancelled.
///
/// # Errors
/// `InvalidArgument` when it cannot be read, or is no answer of a query.
pub(super) fn handles(body: &[u8]) -> Result<Vec<Bytes>, Status> {
    let unreadable = || Status::invalid_argument("the answer to cancel cannot be read");
    let asked = CancelFlightInfoRequest::decode(body).map_err(|_| unreadable())?;
    let tickets = asked.info.into_iter().flat_map(|info| info.endpoint);
    let handle = |ticket: arrow_flight::Ticket| {
        let command = Any::decode(ticket.ticket).ok()?;
        command.unpack::<TicketStatementQuery>().ok()?.map(|query| query.statement_handle)
    };
    tickets.map(|at| at.ticket.and_then(handle).ok_or_else(unreadable)).collect()
}

/// Says whether an answer was being sent, and is not any more.
pub(super) fn cancelled(is_cancelled: bool) -> Reply<Results> {
    let status = if is_cancelled { CancelStatus::Cancelled } else { CancelStatus::NotCancellable };
    one_result(&CancelFlightInfoResult { status: status.into() })
}

/// The one message of an action's reply.
fn one_result(message: &impl Message) -> Reply<Results> {
    let result = arrow_flight::Result { body: message.encode_to_vec().into() };
    Ok(Response::new(futures::stream::once(async { Ok(result) }).boxed()))
}

/// A request to set options of the session, or the options it has.
#[derive(Clone, PartialEq, Message)]
struct Options {
    /// Values by name.
    #[prost(btree_map = "string, message", tag = "1")]
    values: BTreeMap<String, OptionValue>,
}

/// The value of an option. One without a value unsets the option.
#[derive(Clone, PartialEq, Message)]
struct OptionValue {
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
struct Refusals {
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
enum Reason {
    Unspecified = 0,
    /// There is no option of that name.
    Name = 1,
    /// The option cannot have that value.
    Value = 2,
    /// It could not be set for another reason.
    Other = 3,
}

/// The session has ended.
const CLOSED: i32 = 1;

/// How a session ended.
#[derive(Clone, PartialEq, Message)]
struct Closed {
    #[prost(int32, tag = "1")]
    status: i32,
}

impl Refusals {
    fn add(&mut self, option: &str, reason: Reason) {
        self.refusals.insert(option.to_owned(), Refusal { reason: reason.into() });
    }

    /// Refuses the option that names what is not there.
    fn not_found(&mut self, at: Option<&At>) {
        let option = if matches!(at, Some(At::Edition(_))) { EDITION } else { RELEASE };
        self.add(option, Reason::Value);
    }

    fn is_empty(&self) -> bool {
        self.refusals.is_empty()
    }
}

impl Options {
    /// Returns the options of a session that reads `at`.
    fn of(at: Option<&At>) -> Self {
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
    fn applied(&self, before: Option<At>) -> (Option<At>, Refusals) {
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
