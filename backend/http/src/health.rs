//! Whether a service lives and can work. Details are for its log, not for strangers.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use echopulse_core::common::BoxFuture;

/// Whether a service can do its work.
pub trait Readiness: Send + Sync {
    /// Looks at what the service cannot do without.
    fn is_ready(&self) -> BoxFuture<'_, bool>;
}

/// Ready as soon as it runs.
pub struct Always;

impl Readiness for Always {
    fn is_ready(&self) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(true))
    }
}

/// `/health/live` and `/health/ready`.
pub fn routes(readiness: Arc<dyn Readiness>) -> Router {
    Router::new()
        .route("/health/live", get(|| async { answer("live") }))
        .route("/health/ready", get(ready))
        .with_state(readiness)
}

fn answer(status: &'static str) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": status }))
}

async fn ready(State(readiness): State<Arc<dyn Readiness>>) -> (StatusCode, Json<serde_json::Value>) {
    if readiness.is_ready().await {
        (StatusCode::OK, answer("ready"))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, answer("not-ready"))
    }
}
