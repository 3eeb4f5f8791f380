//! What a client holds between two calls: the query, its parameters and the release it runs on.
//!
//! The server keeps nothing, so that no client can fill its memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{ArrayRef, NullArray, RecordBatch, new_null_array};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, FieldRef, Schema};
use arrow::ipc::{MessageHeader, root_as_message};
use arrow_flight::FlightData;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::sql::server::PeekableFlightDataStream;
use carnac_query::{At, Part};
use futures::{FutureExt, StreamExt, TryStreamExt};
use prost::Message;
use tonic::Status;

/// Messages of bound parameters: their schema, and batches of rows.
const MAX_MESSAGES: usize = 64;
/// Rows of bound parameters: the query is run for each.
const MAX_ROWS: usize = 1000;
/// Bytes of bound parameters: they travel in every ticket.
const MAX_BYTES: usize = 1024 * 1024;

/// A query in a client's hands.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Ticket {
    /// SQL text.
    #[prost(string, tag = "1")]
    pub(super) sql: String,
    /// The release to read; 0 is the newest when it runs.
    #[prost(uint64, tag = "2")]
    release: u64,
    /// The Flight messages of the rows of parameters, also of no row; none when none were bound.
    #[prost(message, repeated, tag = "3")]
    parameters: Vec<FlightData>,
    /// The edition to read, which has a release of its own; empty is none.
    #[prost(string, tag = "4")]
    edition: String,
    /// Whom it was given to.
    #[prost(string, tag = "5")]
    pub(super) caller: String,
    /// When it expires, in seconds since 1970.
    #[prost(int64, tag = "6")]
    pub(super) until: i64,
    /// Its number among those of the server.
    #[prost(uint64, tag = "7")]
    pub(super) number: u64,
    /// The part of the answer, from 0.
    #[prost(uint32, tag = "8")]
    pub(super) part: u32,
    /// How many parts were asked for; 0 is the whole answer.
    #[prost(uint32, tag = "9")]
    pub(super) parts: u32,
}

impl Ticket {
    pub(super) fn of(sql: String) -> Self {
        Self { sql, ..Self::default() }
    }

    /// Returns what it reads; none is the newest release when it runs.
    pub(super) fn at(&self) -> Result<Option<At>, Status> {
        if self.edition.is_empty() {
            return Ok((self.release > 0).then_some(At::Release(self.release)));
        }
        let name = self.edition.parse().map(At::Edition);
        name.map(Some).map_err(|_| Status::invalid_argument("the handle is not one of this server"))
    }

    /// Returns the ticket as one that reads `at`, unless it names what it reads already.
    pub(super) fn or(mut self, at: Option<At>) -> Self {
        if self.release == 0 && self.edition.is_empty() {
            match at {
                Some(At::Release(id)) => self.release = id,
                Some(At::Edition(name)) => self.edition = name.into(),
                None => {}
            }
        }
        self
    }

    /// Returns the same ticket for another part.
    pub(super) fn for_part(&self, part: u32) -> Self {
        Self { part, ..self.clone() }
    }

    /// Returns the part of the answer that it is for; none is all of it.
    pub(super) fn part(&self) -> Option<Part> {
        let part = Part { number: self.part as usize, of: self.parts as usize };
        (part.of > 0).then_some(part)
    }

    /// Pins the release that the query was planned on.
    pub(super) fn pin(&mut self, release: u64) {
        if self.edition.is_empty() {
            self.release = release;
        }
    }

    /// Returns the rows of parameters, if any were bound: there may be none of them.
    pub(super) async fn rows(&self) -> Result<Option<RecordBatch>, Status> {
        decode(self.parameters.clone()).await
    }

    /// Returns the first of them, by which a query is planned; one of NULLs if there is none.
    pub(super) async fn row(&self) -> Result<Option<RecordBatch>, Status> {
        match self.rows().await? {
            Some(rows) if rows.num_rows() == 0 => nulls(rows.schema_ref()).map(Some),
            rows => Ok(rows.map(|rows| rows.slice(0, 1))),
        }
    }

    /// Returns the ticket with the parameters that a client sends: a row for each run of the query.
    pub(super) async fn bind(
        mut self,
        mut stream: PeekableFlightDataStream,
    ) -> Result<Self, Status> {
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while let Some(mut message) = stream.try_next().await? {
            // It names the handle, which is in hand already.
            message.flight_descriptor = None;
            bytes += message.encoded_len();
            messages.push(message);
            if messages.len() > MAX_MESSAGES || bytes > MAX_BYTES {
                return Err(Status::invalid_argument(
                    "the parameters are too large: bind fewer rows, under 1 MiB",
                ));
            }
        }
        self.parameters = messages;
        if self.row().await?.is_none() {
            self.parameters.clear();
        }
        Ok(self)
    }
}

/// Reads the rows that Flight messages hold; the messages come from outside, also in a ticket.
async fn decode(messages: Vec<FlightData>) -> Result<Option<RecordBatch>, Status> {
    if messages.iter().any(|message| !is_safe(message)) {
        return Err(bad_parameters());
    }
    let stream = futures::stream::iter(messages.into_iter().map(Ok::<_, FlightError>)).boxed();
    let mut stream = FlightRecordBatchStream::new_from_flight_data(stream);
    let rows = async {
        let batches: Vec<_> = stream.by_ref().try_collect().await?;
        let rows = stream.schema().map(|schema| concat_batches(schema, &batches));
        Ok::<_, FlightError>(rows.transpose()?)
    };
    // The IPC reader of this Arrow version panics on some malformed messages.
    let Ok(Ok(rows)) = AssertUnwindSafe(rows).catch_unwind().await else {
        return Err(bad_parameters());
    };
    if rows.as_ref().is_some_and(|rows| rows.num_rows() > MAX_ROWS) {
        let reason = format!("bind at most {MAX_ROWS} rows of parameters at a time");
        return Err(Status::invalid_argument(reason));
    }
    // What has neither a row nor a column binds nothing.
    Ok(rows.filter(|rows| rows.num_rows() > 0 || rows.num_columns() > 0))
}

/// Returns a row of NULLs of the types that no row was bound for.
fn nulls(schema: &Schema) -> Result<RecordBatch, Status> {
    let null = |field: &FieldRef| -> ArrayRef {
        match field.data_type() {
            // One value is as large as the client says: here it needs no type.
            DataType::FixedSizeBinary(_)
            | DataType::FixedSizeList(..)
            | DataType::Struct(_)
            | DataType::Union(..)
            | DataType::RunEndEncoded(..) => Arc::new(NullArray::new(1)),
            of => new_null_array(of, 1),
        }
    };
    let values = schema.fields().iter().map(|field| (field.name(), null(field)));
    // As above: there are types that no array can have.
    let row = catch_unwind(AssertUnwindSafe(|| RecordBatch::try_from_iter(values)));
    row.ok().and_then(Result::ok).ok_or_else(bad_parameters)
}

/// Refuses compressed buffers: they state the size that the reader then allocates, and an
/// allocation that fails ends the process.
fn is_safe(message: &FlightData) -> bool {
    if message.data_header.is_empty() {
        return true;
    }
    let Ok(header) = root_as_message(&message.data_header) else { return false };
    match header.header_type() {
        MessageHeader::RecordBatch => {
            header.header_as_record_batch().is_some_and(|batch| batch.compression().is_none())
        }
        MessageHeader::DictionaryBatch => {
            let data = header.header_as_dictionary_batch().and_then(|dictionary| dictionary.data());
            data.is_some_and(|batch| batch.compression().is_none())
        }
        _ => true,
    }
}

fn bad_parameters() -> Status {
    Status::invalid_argument("the parameters are not a readable Arrow batch")
}
