//! Who sends a request: told before anything else of it is read, and put beside it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use carnac_query::{Access, Door, Error, Kind};

/// The address at the other end of a connection, which is put beside each request that it brings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender(pub(crate) IpAddr);

/// Puts the caller of a request at a door beside it, or refuses it as `refusal` says it.
pub(crate) async fn identify<R: IntoResponse>(
    access: Arc<Access>,
    (door, refusal): (Door, fn(Error) -> R),
    mut request: Request,
    next: Next,
) -> Response {
    let presented = token(request.headers());
    let Some(Sender(sender)) = request.extensions().get().copied() else {
        return refusal(nowhere()).into_response();
    };
    match access.caller(presented.as_deref(), sender).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller.by(door));
            next.run(request).await
        }
        Err(error) => refusal(error).into_response(),
    }
}

fn nowhere() -> Error {
    let reason = "it is not known where the call comes from".to_owned();
    Error::Refused { kind: Kind::Unauthenticated, reason }
}

/// The token of a call: of `Bearer`, or the password of `Basic`, whose user is anybody. What cannot
/// be read is a token that does not hold, never none.
pub(crate) fn token(headers: &HeaderMap) -> Option<String> {
    let mut sent = headers.get_all(header::AUTHORIZATION).into_iter();
    let first = sent.next()?;
    let one = sent.next().is_none();
    let read = first.to_str().ok().filter(|_| one).and_then(|text| {
        let (scheme, value) = text.trim().split_once(' ')?;
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Some(value.trim().to_owned()),
            "basic" => password(value.trim()),
            _ => None,
        }
    });
    Some(read.unwrap_or_default())
}

fn password(value: &str) -> Option<String> {
    let pair = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

    use super::token;

    fn sent(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        token(&headers)
    }

    #[test]
    fn bearer_and_basic_are_read() {
        assert_eq!(sent(&[]), None);
        assert_eq!(sent(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(sent(&["bearer  abc "]).as_deref(), Some("abc"));
        assert_eq!(sent(&["Basic YW55Ym9keTphOmI="]).as_deref(), Some("a:b"));
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_nothing() {
        let cases: [&[&str]; 7] = [
            &[""],
            &["Bearer"],
            &["Basic !"],
            &["Basic YW55Ym9keQ=="],
            &["Digest abc"],
            &["abc"],
            &["Bearer a", "Bearer a"],
        ];
        for values in cases {
            assert_eq!(sent(values).as_deref(), Some(""), "{values:?}");
        }
    }
}
