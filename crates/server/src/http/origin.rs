//! Who may ask on a loopback port: programs of this machine, and no web page of elsewhere.
//!
//! A page can have a name of its own point to 127.0.0.1 and so read what is served there (DNS
//! rebinding): a request must name the loopback host that it came to.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// Refuses a request for another host.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let by_header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|authority| authority.as_str()).or(by_header);
    if host.is_some_and(is_loopback) {
        return next.run(request).await;
    }
    let reason = "this server answers requests for 127.0.0.1, [::1] and localhost only";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, reason).into_response()
}

/// Of `host:port`, whether the host is this machine.
fn is_loopback(authority: &str) -> bool {
    let without_port = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = without_port.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn hosts() {
        for host in
            ["127.0.0.1:50051", "127.0.0.1", "[::1]:80", "[::1]", "localhost:1", "LOCALHOST"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "carnac.example", "carnac.example:80", "10.0.0.1", "127.0.0.1.example:80"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
