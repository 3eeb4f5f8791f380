//! How an answer is packed on its way, by a header of the call: not at all unless asked for.

use arrow::ipc::CompressionType;
use arrow::ipc::writer::IpcWriteOptions;
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::session::header;

/// Header of one call: `zstd` or `lz4`.
const HEADER: &str = "x-carnac-compression";

/// Returns how to write what a call asks for.
///
/// # Errors
/// `InvalidArgument` for a compression that there is not.
pub(super) fn asked(call: &MetadataMap) -> Result<IpcWriteOptions, Status> {
    let compression = match header(call, HEADER)? {
        None => None,
        Some("zstd") => Some(CompressionType::ZSTD),
        Some("lz4") => Some(CompressionType::LZ4_FRAME),
        Some(_) => {
            return Err(Status::invalid_argument(format!("{HEADER} is zstd or lz4")));
        }
    };
    let options = IpcWriteOptions::default().try_with_compression(compression);
    options.map_err(|_| Status::internal("the answer cannot be packed"))
}
