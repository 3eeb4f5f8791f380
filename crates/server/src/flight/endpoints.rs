//! In how many parts a client wants an answer, by a header of the call: one, unless told otherwise, as
//! there are clients that read the first and no other.

use carnac_query::{Caller, Gateway, MOST_PARTS};
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::session::header;
use super::ticket::Ticket;
use crate::wire;

/// Header of one call: how many endpoints an answer may have.
const HEADER: &str = "x-carnac-endpoints";

/// Returns how many parts a call asks for.
///
/// # Errors
/// `InvalidArgument` for what is no number of them.
fn asked(call: &MetadataMap) -> Result<usize, Status> {
    let Some(text) = header(call, HEADER)? else { return Ok(1) };
    let number = text.trim().parse().ok().filter(|number| (1..=MOST_PARTS).contains(number));
    number.ok_or_else(|| Status::invalid_argument(format!("{HEADER} is from 1 to {MOST_PARTS}")))
}

/// Says in how many parts the query of a ticket is answered, and writes it down there.
///
/// # Errors
/// As [`asked`], and when the query cannot be planned.
pub(super) async fn parts(
    gateway: &Gateway,
    ticket: &mut Ticket,
    who: &Caller,
    call: &MetadataMap,
) -> Result<u32, Status> {
    let asked = asked(call)?;
    let rows = ticket.rows().await?;
    // Each row of parameters is a run of its own, one after the other.
    if asked == 1 || rows.as_ref().is_some_and(|rows| rows.num_rows() != 1) {
        return Ok(1);
    }
    let at = ticket.at()?;
    let of = (at.as_ref(), asked);
    let parts = Box::pin(gateway.parts(who.clone(), &ticket.sql, rows.as_ref(), of)).await;
    let parts = parts.map_err(|error| wire::status(&error))?;
    if parts > 1 {
        ticket.parts = u32::try_from(asked).unwrap_or(0);
    }
    Ok(u32::try_from(parts).unwrap_or(1))
}
