//! The actions on a session, which set and tell what its queries read.

use std::collections::BTreeMap;

use arrow_flight::sql::{Any, TicketStatementQuery};
use arrow_flight::{
    Action, ActionType, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightInfo,
};
use bytes::Bytes;
use carnac_query::{At, Gateway, Kind};
use futures::stream::{BoxStream, StreamExt};
use prost::{Message, Oneof};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use super::Reply;
use super::session::{self, EDITION, RELEASE, Refused, Session};
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
        action(
            SET,
            "Sets the options release or edition, which later queries then read, language (fr, en) \
             of the titles of tables, and timeout, the seconds that a query may go on at most.",
        ),
        action(GET, "Returns the options of the session."),
        action(CLOSE, "Ends the session: later queries are as those without one."),
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
        GET => match Session::of(call)? {
            Some(session) => one_result(&Options::of(&session)),
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
    let mut session = Session::of(call)?.unwrap_or_default();
    let before = session.at.clone();
    let mut refused = options.set_on(&mut session);
    if let Some(at) = session.at.as_ref().filter(|_| refused.is_empty() && session.at != before) {
        match gateway.check(at).await {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::NotFound => refused.not_found(at),
            Err(error) => return Err(wire::status(&error)),
        }
    }
    let mut reply = one_result(&refused)?;
    if refused.is_empty() {
        reply.metadata_mut().insert("set-cookie", session.cookie());
    }
    Ok(reply)
}

/// Returns the handles of the answer that is to be cancelled.
///
/// # Errors
/// `InvalidArgument` when it cannot be read, or is no answer of a query.
pub(super) fn handles(body: &[u8]) -> Result<Vec<Bytes>, Status> {
    let asked = CancelFlightInfoRequest::decode(body).map_err(|_| unreadable())?;
    of_answer(asked.info.unwrap_or_default())
}

/// The same of the action that Flight SQL had before, which older clients send.
///
/// # Errors
/// As [`handles`].
pub(super) fn handles_of_query(info: &[u8]) -> Result<Vec<Bytes>, Status> {
    of_answer(FlightInfo::decode(info).map_err(|_| unreadable())?)
}

fn of_answer(info: FlightInfo) -> Result<Vec<Bytes>, Status> {
    let handle = |ticket: arrow_flight::Ticket| {
        let command = Any::decode(ticket.ticket).ok()?;
        command.unpack::<TicketStatementQuery>().ok()?.map(|query| query.statement_handle)
    };
    let tickets = info.endpoint.into_iter();
    tickets.map(|at| at.ticket.and_then(handle).ok_or_else(unreadable)).collect()
}

fn unreadable() -> Status {
    Status::invalid_argument("the answer to cancel cannot be read")
}

/// Says whether an answer was being sent, and is not any more.
pub(super) fn cancelled(is_cancelled: bool) -> Reply<Results> {
    let status = if is_cancelled { CancelStatus::Cancelled } else { CancelStatus::NotCancellable };
    one_result(&CancelFlightInfoResult { status: status.into() })
}

/// The same, as the older action says it.
pub(super) fn result_of_query(is_cancelled: bool) -> i32 {
    // `CancelResult` of the protocol, which the library has and does not show.
    if is_cancelled { 1 } else { 3 }
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
    fn not_found(&mut self, at: &At) {
        let option = if matches!(at, At::Edition(_)) { EDITION } else { RELEASE };
        self.add(option, Reason::Value);
    }

    fn is_empty(&self) -> bool {
        self.refusals.is_empty()
    }
}

impl Options {
    /// Returns the options of a session.
    fn of(session: &Session) -> Self {
        let value = |text| OptionValue { value: Some(Value::Text(text)) };
        let options = session.options().map(|(name, text)| (name.to_owned(), value(text)));
        Self { values: options.collect() }
    }

    /// Sets a session to these options, and returns what is refused.
    fn set_on(&self, session: &mut Session) -> Refusals {
        let mut refused = Refusals::default();
        for (name, value) in &self.values {
            let set = match value.text() {
                Ok(text) => session.set(name, text.as_deref()),
                // What is of no kind that any option has: the name may be wrong too.
                Err(()) => session.set(name, None).and(Err(Refused::Value)),
            };
            match set {
                Ok(()) => {}
                Err(Refused::Name) => refused.add(name, Reason::Name),
                Err(Refused::Value) => refused.add(name, Reason::Value),
            }
        }
        let set = |name: &str| self.values.get(name).is_some_and(|value| value.text() != Ok(None));
        if set(RELEASE) && set(EDITION) {
            refused.add(EDITION, Reason::Value);
        }
        refused
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
