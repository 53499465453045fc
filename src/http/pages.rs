//! What the edge answers.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Json, Router};

use super::{Check, Edge};
use crate::domain::EventTime;

const INDEX: &str = "\
<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Wayfarer</title>
<h1>Wayfarer</h1>
<ul>
<li><a href=\"/metrics\">/metrics</a>: the metrics as Prometheus reads them</li>
<li><a href=\"/livez?verbose\">/livez</a>: whether every worker's loop turns</li>
<li><a href=\"/readyz?verbose\">/readyz</a>: whether partitions are assigned and run</li>
<li><a href=\"/version\">/version</a>: what runs here</li>
</ul>
</html>
";
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All pages.
pub(super) fn router(edge: Edge) -> Router {
    Router::new()
        .route("/", get(|| async { Html(INDEX) }))
        .route("/livez", get(live))
        .route("/healthz", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
        .with_state(edge)
}

async fn live(State(edge): State<Edge>, RawQuery(query): RawQuery) -> impl IntoResponse {
    verdict(&edge.health.live(), query.as_deref())
}

async fn ready(State(edge): State<Edge>, RawQuery(query): RawQuery) -> impl IntoResponse {
    verdict(&edge.health.ready(), query.as_deref())
}

async fn metrics(State(edge): State<Edge>) -> impl IntoResponse {
    let text = edge.registry.render(wall());
    ([(header::CONTENT_TYPE, METRICS_TYPE)], text)
}

async fn version(State(edge): State<Edge>) -> impl IntoResponse {
    Json(serde_json::json!({ "name": "wayfarer", "version": edge.registry.version() }))
}

/// A probe's answer: 503 with what is wrong, else 200; every check if asked for.
fn verdict(checks: &[Check], query: Option<&str>) -> (StatusCode, String) {
    let well = checks.iter().all(|check| check.trouble.is_none());
    let verbose = query.is_some_and(|query| query.split('&').any(is_verbose));
    let mut lines: Vec<_> = checks
        .iter()
        .filter(|check| verbose || check.trouble.is_some())
        .map(ToString::to_string)
        .collect();
    lines.push(if well { "ok" } else { "not ok" }.to_owned());
    let status = if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, lines.join("\n") + "\n")
}

fn is_verbose(part: &str) -> bool {
    part.split('=').next() == Some("verbose")
}

fn wall() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    EventTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
