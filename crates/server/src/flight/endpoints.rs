//! In how many parts a client wants an answer, by a header of the call: one, unless told otherwise, as
//! there are clients that read the first and no other.

use carnac_query::MOST_PARTS;
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::session::header;

/// Header of one call: how many endpoints an answer may have.
const HEADER: &str = "x-carnac-endpoints";

/// Returns how many parts a call asks for.
///
/// # Errors
/// `InvalidArgument` for what is no number of them.
pub(super) fn asked(call: &MetadataMap) -> Result<usize, Status> {
    let Some(text) = header(call, HEADER)? else { return Ok(1) };
    let number = text.trim().parse().ok().filter(|number| (1..=MOST_PARTS).contains(number));
    number.ok_or_else(|| Status::invalid_argument(format!("{HEADER} is from 1 to {MOST_PARTS}")))
}
