//! What calls are answered with: where an answer is, and its rows as messages.

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::sql::ProstMessageExt;
use arrow_flight::{FlightDescriptor, FlightEndpoint, FlightInfo, IpcMessage, SchemaAsIpc};
use carnac_query::{Answer, At, Caller, Gateway, Part};
use chrono::{DateTime, Utc};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use prost::Message;
use tonic::{Response, Status};

use super::{DoGet, Reply};
use crate::wire;

/// The rows of an answer, with their failure as a status.
pub(super) fn batches(
    rows: impl Stream<Item = carnac_query::Result<RecordBatch>> + Send + 'static,
) -> impl Stream<Item = Result<RecordBatch, Status>> + Send + 'static {
    rows.map_err(|error| wire::status(&error))
}

/// Asks the gateway, with one row of parameters at most.
pub(super) async fn ask(
    gateway: &Gateway,
    who: Caller,
    sql: &str,
    row: Option<RecordBatch>,
    of: (Option<&At>, Option<Part>),
) -> Result<Answer, Status> {
    let answer = gateway.run_part(who, sql, row.as_ref(), of).await;
    answer.map_err(|error| wire::status(&error))
}

/// Says where to get the answer of `command`: here, by one ticket.
pub(super) fn info<C: ProstMessageExt>(
    command: &C,
    schema: &Schema,
    descriptor: FlightDescriptor,
) -> Reply<FlightInfo> {
    info_of([endpoint(command, None)], schema, descriptor)
}

/// Says where to get an answer: at these endpoints, all of them and in no order.
pub(super) fn info_of(
    endpoints: impl IntoIterator<Item = FlightEndpoint>,
    schema: &Schema,
    descriptor: FlightDescriptor,
) -> Reply<FlightInfo> {
    let mut info = FlightInfo::new()
        .try_with_schema(schema)
        .map_err(|_| Status::internal("the schema cannot be sent"))?
        .with_descriptor(descriptor);
    info.endpoint.extend(endpoints);
    Ok(Response::new(info))
}

/// One place of an answer: this server, by a ticket that may hold `until` then only.
pub(super) fn endpoint<C: ProstMessageExt>(
    command: &C,
    until: Option<DateTime<Utc>>,
) -> FlightEndpoint {
    let ticket = arrow_flight::Ticket::new(command.as_any().encode_to_vec());
    let mut endpoint = FlightEndpoint::new().with_ticket(ticket);
    if let Some(until) = until {
        endpoint.expiration_time.get_or_insert_default().seconds = until.timestamp();
    }
    endpoint
}

pub(super) fn encode(
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch, Status>> + Send + 'static,
    options: IpcWriteOptions,
) -> DoGet {
    let encoder = FlightDataEncoderBuilder::new().with_schema(schema).with_options(options);
    let rows = rows.map_err(|status| FlightError::Tonic(Box::new(status)));
    encoder.build(rows).map_err(Status::from).boxed()
}

pub(super) fn one_batch<E>(batch: Result<RecordBatch, E>) -> Reply<DoGet> {
    let batch = batch.map_err(|_| Status::internal("the list cannot be made"))?;
    let options = IpcWriteOptions::default();
    Ok(Response::new(encode(batch.schema(), stream::once(async { Ok(batch) }), options)))
}

/// A schema as an IPC message, as prepared statements send it.
pub(super) fn message(schema: &Schema) -> Result<bytes::Bytes, Status> {
    let options = IpcWriteOptions::default();
    let IpcMessage(message) = SchemaAsIpc::new(schema, &options)
        .try_into()
        .map_err(|_| Status::internal("the schema cannot be sent"))?;
    Ok(message)
}
