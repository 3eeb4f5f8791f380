//! What a client holds between two calls: the query, its parameters and the release it runs on.
//!
//! The server keeps nothing, so a handle survives a restart and no client can fill its memory.

use std::panic::catch_unwind;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::sql::server::PeekableFlightDataStream;
use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt};
use prost::Message;
use tonic::Status;

/// Messages of bound parameters read before giving up.
const MAX_MESSAGES: usize = 16;

/// A query in a client's hands.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Ticket {
    /// SQL text.
    #[prost(string, tag = "1")]
    pub(super) sql: String,
    /// The release to read; 0 is the newest when it runs.
    #[prost(uint64, tag = "2")]
    pub(super) release: u64,
    /// One row of parameters as an Arrow IPC stream; empty when none were bound.
    #[prost(bytes = "bytes", tag = "3")]
    pub(super) parameters: Bytes,
}

impl Ticket {
    pub(super) fn parse(handle: &[u8]) -> Result<Self, Status> {
        Self::decode(handle)
            .map_err(|_| Status::invalid_argument("the handle is not one of this server"))
    }

    pub(super) fn handle(&self) -> Bytes {
        self.encode_to_vec().into()
    }

    pub(super) fn pinned(&self) -> Option<u64> {
        (self.release > 0).then_some(self.release)
    }

    /// Returns the row of parameters, if one was bound.
    pub(super) fn row(&self) -> Result<Option<RecordBatch>, Status> {
        if self.parameters.is_empty() {
            return Ok(None);
        }
        let bytes = self.parameters.clone();
        // The IPC reader of this Arrow version panics on some malformed messages.
        let read =
            catch_unwind(move || StreamReader::try_new(&bytes[..], None)?.next().transpose());
        read.ok().and_then(Result::ok).ok_or_else(bad_parameters)
    }

    /// Returns the ticket with the parameters that a client sends: one row.
    pub(super) async fn bind(mut self, stream: PeekableFlightDataStream) -> Result<Self, Status> {
        let messages = stream.map_err(FlightError::from).take(MAX_MESSAGES).boxed();
        let mut batches = FlightRecordBatchStream::new_from_flight_data(messages);
        let mut row: Option<RecordBatch> = None;
        let read = async {
            while let Some(batch) = batches.try_next().await? {
                let rows = row.as_ref().map_or(0, RecordBatch::num_rows) + batch.num_rows();
                if rows > 1 {
                    return Ok(false);
                }
                if batch.num_rows() == 1 {
                    row = Some(batch);
                }
            }
            Ok::<_, FlightError>(true)
        };
        match std::panic::AssertUnwindSafe(read).catch_unwind().await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => {
                return Err(Status::invalid_argument("bind one row of parameters at a time"));
            }
            Ok(Err(_)) | Err(_) => return Err(bad_parameters()),
        }
        self.parameters = row.map(|row| encode(&row)).transpose()?.unwrap_or_default();
        Ok(self)
    }
}

fn encode(row: &RecordBatch) -> Result<Bytes, Status> {
    let schema: SchemaRef = row.schema();
    let write = || {
        let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
        writer.write(row)?;
        writer.into_inner()
    };
    write().map(Bytes::from).map_err(|_| bad_parameters())
}

fn bad_parameters() -> Status {
    Status::invalid_argument("the parameters are not a readable Arrow batch")
}
