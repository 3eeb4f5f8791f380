//! Which release or edition a call reads: its own headers, else its session, else the newest.
//!
//! A session is the cookie `arrow_flight_session_id`, and its value is all there is of it
//! (`release.3`, `edition.2026-S1`, `newest`). So the server keeps nothing, a session survives a
//! restart, and one that is made up reads what a header could name as well.

use carnac_query::At;
use tonic::Status;
use tonic::metadata::{MetadataMap, MetadataValue};

/// Header of one call: the number of a release.
const RELEASE_HEADER: &str = "x-carnac-release";
/// Header of one call: the name of an edition.
const EDITION_HEADER: &str = "x-carnac-edition";

const COOKIE: &str = "arrow_flight_session_id";
pub(super) const RELEASE: &str = "release";
pub(super) const EDITION: &str = "edition";
const NEWEST: &str = "newest";

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

pub(super) fn header<'c>(call: &'c MetadataMap, name: &str) -> Result<Option<&'c str>, Status> {
    let text = call.get(name).map(|value| value.to_str()).transpose();
    text.map_err(|_| Status::invalid_argument(format!("the header {name} is not plain text")))
}

pub(super) fn release(text: &str) -> Result<At, Status> {
    let id = text.trim().parse().map(At::Release);
    id.map_err(|_| Status::invalid_argument("a release is named by its number"))
}

pub(super) fn edition(text: &str) -> Result<At, Status> {
    let name = text.trim().parse().map(At::Edition);
    name.map_err(|error| Status::invalid_argument(format!("{error}")))
}
