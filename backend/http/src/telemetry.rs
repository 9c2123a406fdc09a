//! What a service says about itself: structured log lines on standard output, and figures for Prometheus.

use std::time::Instant;

use axum::{Router, extract::Request, middleware::Next, response::Response, routing::get};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Logs as JSON, one object a line, from now on. Call it once in a process.
///
/// Libraries print whole frames when they talk much, tokens and messages included: they are never asked to.
pub fn log(level: LevelFilter) {
    let ours = ["echopulse_core", "echopulse_http", "echopulse_distributed", "echopulse_server_service"];
    let chosen = Targets::new()
        .with_targets(ours.map(|target| (target, level)))
        .with_target("echopulse_chat_service", level)
        .with_default(level.min(LevelFilter::WARN));
    // A filter of the layer alone would lose the line behind each question whether something is enabled; libraries ask that.
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true);
    tracing_subscriber::registry().with(chosen).with(lines).init();
}

/// Collects figures from now on. Call it once in a process.
///
/// # Errors
///
/// If something else collects them already.
pub fn metrics() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new().install_recorder()
}

/// Counts an answer, and how long it took. A socket counts when it is opened.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    let begun = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::histogram!("echopulse_http_request_seconds", "method" => method, "status" => status)
        .record(begun.elapsed().as_secs_f64());
    response
}

/// `/metrics`.
pub fn routes(figures: PrometheusHandle) -> Router {
    Router::new().route("/metrics", get(move || std::future::ready(figures.render())))
}
