//! HTTP over the gateway: queries, indicators and authorities for dashboards, scripts and browsers.
//!
//! ```text
//! POST /query              SQL as text, or {"sql", "parameters"} as JSON
//! GET  /indicators         what there is
//! GET  /indicators/{id}    the figures of one, by siren, period, item, status
//! GET  /authorities/{siren}
//! GET  /openapi.json  /health  /ready  /metrics
//! ```
//!
//! Each answers in the form that `format` or `Accept` names, of what `at` names or the newest
//! release, which the header `carnac-release` tells.

mod ask;
mod origin;
mod packing;
mod parameters;
mod problem;
mod reply;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::AsArray;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use carnac_query::{Access, Caller, Door as Entrance, Gateway, Principal};

use crate::STOPPING;
use crate::identify::identify;
use ask::{Ask, Asked, Figures};
use problem::Problem;

/// Longest body of a request, in bytes: the longest SQL text, and room for its parameters.
const MAX_BODY: usize = 1024 * 1024;

/// How long the smallest query may take before the server is said to hang.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is answered, and to be documented, as JSON of OpenAPI 3.1.
const OPENAPI: &str = include_str!("http/openapi.json");

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether who asks sees the view of a definition.
const SEEN: &str = "exists (select 1 from information_schema.tables as t \
                    where t.table_schema = view_schema and t.table_name = view_name)";

type Reply = Result<Response, Problem>;
type Door = State<Arc<Gateway>>;
/// Who asks; a route that does not know it does not answer.
type Asker = Extension<Caller>;

/// Returns the routes, most of them for those whom `access` knows; new requests are refused while
/// `stopping`, and those for another host than this one when it `is_loopback`.
pub(crate) fn router(
    gateway: Arc<Gateway>,
    access: &Arc<Access>,
    stopping: &Arc<AtomicBool>,
    is_loopback: bool,
) -> Router {
    let (access, stopping) = (Arc::clone(access), Arc::clone(stopping));
    let identified = move |request, next| {
        let door = (Entrance::Http, Problem::from as fn(_) -> _);
        identify(Arc::clone(&access), door, request, next)
    };
    let refuse = move |request: Request, next: Next| {
        let is_stopping = stopping.load(Ordering::SeqCst);
        async move {
            match is_stopping {
                true => Problem::new(StatusCode::SERVICE_UNAVAILABLE, STOPPING).into_response(),
                false => next.run(request).await,
            }
        }
    };
    let router = Router::new()
        .route("/query", post(query))
        .route("/indicators", get(indicators))
        .route("/indicators/{id}", get(figures))
        .route("/authorities/{siren}", get(authority))
        .route_layer(middleware::from_fn(identified))
        .route("/openapi.json", get(openapi))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .fallback(nothing)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(refuse))
        .with_state(gateway);
    // Within TLS, the name in the certificate says it.
    if is_loopback { router.layer(middleware::from_fn(origin::check)) } else { router }
}

async fn query(
    State(gateway): Door,
    Extension(caller): Asker,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let Query(asked) = asked?;
    let (sql, parameters) = parameters::of_body(&headers, &body)?;
    let form = reply::form(asked.format.as_deref(), &headers)?;
    let at = asked.at()?;
    let answer = gateway.run(caller, &sql, parameters.as_ref(), at.as_ref()).await?;
    reply::rows(answer, form, &headers).await
}

async fn indicators(
    State(gateway): Door,
    Extension(caller): Asker,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Reply {
    let Query(asked) = asked?;
    let ask = Ask::new("select * from catalog.indicators").order("id, version");
    reply::cached(&gateway, caller, ask, &asked, &headers).await
}

async fn figures(
    State(gateway): Door,
    Extension(caller): Asker,
    Path(id): Path<String>,
    figures: Result<Query<Figures>, QueryRejection>,
    headers: HeaderMap,
) -> Reply {
    let Query(figures) = figures?;
    let asked = figures.asked();
    let at = asked.at()?;
    let of = Ask::new("select view_schema, view_name from catalog.indicators")
        .with("id", Some(&id))
        .and("is_current")
        .and(SEEN);
    let found = of.run(&gateway, &caller, at.as_ref()).await?.collect().await?;
    let Some(found) = found.iter().find(|batch| batch.num_rows() > 0) else {
        let reason = format!("there is no indicator {id} for who asks: GET /indicators lists all");
        return Err(Problem::new(StatusCode::NOT_FOUND, reason));
    };
    let name = |column: usize| found.column(column).as_string::<i32>().value(0);
    let ask = Ask::new(format!("select * from \"{}\".\"{}\"", name(0), name(1)))
        .with("siren", figures.siren.as_deref())
        .with("period", figures.period.as_deref())
        .with("item", figures.item.as_deref())
        .with("status", figures.status.as_deref());
    reply::cached(&gateway, caller, ask, &asked, &headers).await
}

async fn authority(
    State(gateway): Door,
    Extension(caller): Asker,
    Path(siren): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Reply {
    let Query(asked) = asked?;
    if caller.principal == Principal::Public {
        let reason = "authorities are shown to analysts, and to each one its own: send a token";
        return Err(Problem::new(StatusCode::FORBIDDEN, reason));
    }
    let of = Ask::new("select 1 from core.authority_years").with("siren", Some(&siren));
    let found = of.run(&gateway, &caller, asked.at()?.as_ref()).await?.collect().await?;
    if found.iter().all(|batch| batch.num_rows() == 0) {
        let reason = "no authority has this SIREN in the release: it has nine digits";
        return Err(Problem::new(StatusCode::NOT_FOUND, reason));
    }
    let ask =
        Ask::new("select * from core.authority_years").with("siren", Some(&siren)).order("period");
    reply::cached(&gateway, caller, ask, &asked, &headers).await
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

/// Whether queries are answered: the smallest one is, in time.
async fn health(State(gateway): Door) -> Reply {
    let smallest = async {
        let answer = Ask::new("select 1").run(&gateway, &Principal::Public.into(), None).await?;
        answer.collect().await.map_err(Problem::from)
    };
    match tokio::time::timeout(PATIENCE, smallest).await {
        Ok(answered) => answered.map(|_| "ok\n".into_response()),
        Err(_) => {
            let reason = format!("the smallest query has not ended within {PATIENCE:?}");
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, reason))
        }
    }
}

/// Whether there is a release to read.
async fn ready(State(gateway): Door) -> Reply {
    let (release, _) = gateway.state(None).await?;
    Ok(format!("release {release}\n").into_response())
}

/// What the queries of all doors amount to.
async fn metrics(State(gateway): Door) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, OPENMETRICS)], gateway.metrics().await)
}

async fn nothing() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "there is nothing here: GET /openapi.json says what there is",
    )
}

async fn not_so() -> Problem {
    let reason = "not by this method: GET /openapi.json says how";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, reason)
}
