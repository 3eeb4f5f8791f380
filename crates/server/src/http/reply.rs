//! Rows as a response: in the form that was asked for, as they come, and again only if they changed.

use arrow::error::ArrowError;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use carnac_query::{Answer, Caller, Encoder, Form, Gateway};
use futures::stream::{self, BoxStream, StreamExt};

use super::ask::{Ask, Asked};
use super::packing::{Packer, Packing};
use super::problem::Problem;

/// The release that an answer is of.
const RELEASE: HeaderName = HeaderName::from_static("carnac-release");

/// Returns the form that `format` names, else the first of `Accept` that there is, else JSON.
///
/// # Errors
/// 400 for a name that there is not, 406 when nothing accepted can be made.
pub(super) fn form(format: Option<&str>, headers: &HeaderMap) -> Result<Form, Problem> {
    if let Some(name) = format {
        let found = Form::ALL.into_iter().find(|form| form.name() == name);
        return found.ok_or_else(|| Problem::invalid(format!("`format` is one of {}", names())));
    }
    let accepted =
        headers.get_all(header::ACCEPT).into_iter().filter_map(|text| text.to_str().ok());
    let mut kinds = accepted.flat_map(|text| text.split(',')).map(kind).peekable();
    if kinds.peek().is_none() {
        return Ok(Form::Json);
    }
    kinds
        .find_map(|wanted| match wanted {
            "*/*" | "application/*" => Some(Form::Json),
            "text/*" => Some(Form::Csv),
            wanted => Form::ALL.into_iter().find(|form| kind(form.media_type()) == wanted),
        })
        .ok_or_else(|| {
            let reason = format!("none of what is accepted can be made: {}", names());
            Problem::new(StatusCode::NOT_ACCEPTABLE, reason)
        })
}

/// `text/csv` of `text/csv; charset=utf-8`.
fn kind(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

fn names() -> String {
    Form::ALL.map(Form::name).join(", ")
}

/// Answers a query of ours, unless the client has the answer: it depends on the release, the
/// definitions, who asks and the address only.
pub(super) async fn cached(
    gateway: &Gateway,
    caller: Caller,
    ask: Ask,
    asked: &Asked,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let form = form(asked.format.as_deref(), headers)?;
    let at = asked.at()?;
    let (release, definitions) = gateway.state(at.as_ref()).await?;
    let tag = format!("W/\"{release}-{definitions}-{}-{}\"", caller.principal, form.name());
    let told = [
        (header::ETAG, value(&tag)?),
        (header::VARY, HeaderValue::from_static("accept, accept-encoding, authorization")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if known.is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, told).into_response());
    }
    // The state that was told is the one that is read, whatever is published meanwhile.
    let at = at.or(Some(carnac_query::At::Release(release)));
    let answer = ask.run(gateway, &caller, at.as_ref()).await?;
    Ok((told, rows(answer, form, headers).await?).into_response())
}

/// Sends rows as they come. A failure before the first is told as any other; one after it ends the
/// connection: no answer is short.
pub(super) async fn rows(
    mut answer: Answer,
    form: Form,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    if let Some(first) = answer.stream.next().await.transpose()? {
        answer.stream = stream::iter([Ok(first)]).chain(answer.stream).boxed();
    }
    let release = value(&answer.release.id.to_string())?;
    let encoder = Encoder::new(form, &answer.schema).map_err(|error| {
        Problem::invalid(format!("no {} of these columns: {error}", form.name()))
    })?;
    let packing = Packing::accepted(headers).filter(|_| !form.is_packed());
    let packer = Packer::new(packing).map_err(|_| internal())?;
    let told = [
        (header::CONTENT_TYPE, HeaderValue::from_static(form.media_type())),
        (header::VARY, HeaderValue::from_static("accept, accept-encoding")),
        (RELEASE, release),
    ];
    let body = match form {
        Form::Xlsx => Body::from(workbook(encoder, answer).await?),
        _ => Body::from_stream(bytes(encoder, packer, answer)),
    };
    let mut response = (told, body).into_response();
    if let Some(packing) = packing {
        let name = HeaderValue::from_static(packing.name());
        response.headers_mut().insert(header::CONTENT_ENCODING, name);
    }
    Ok(response)
}

/// All of an answer, whose form has no bytes before the last row: so what is too much is told.
async fn workbook(mut encoder: Encoder, mut answer: Answer) -> Result<Vec<u8>, Problem> {
    let failed = |error: ArrowError| match error {
        ArrowError::InvalidArgumentError(reason) => Problem::invalid(reason),
        _ => Problem::invalid("no workbook of these rows: a cell holds 32,767 characters"),
    };
    while let Some(batch) = answer.stream.next().await {
        encoder.encode(&batch?).map_err(failed)?;
    }
    encoder.finish().map_err(failed)
}

/// The bytes of an answer, batch by batch.
fn bytes(
    encoder: Encoder,
    packer: Packer,
    answer: Answer,
) -> BoxStream<'static, Result<Vec<u8>, axum::BoxError>> {
    let state = (Some((encoder, packer)), answer.stream);
    stream::try_unfold(state, |(writers, mut batches)| async move {
        let Some((mut encoder, mut packer)) = writers else { return Ok(None) };
        Ok(Some(match batches.next().await {
            Some(batch) => {
                let bytes = packer.pack(encoder.encode(&batch?)?)?;
                (bytes, (Some((encoder, packer)), batches))
            }
            None => (packer.finish(encoder.finish()?)?, (None, batches)),
        }))
    })
    .boxed()
}

fn value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|_| internal())
}

fn internal() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
}
