//! Whether a service lives and can work, and which of the parts that it stands on is missing. Addresses and causes are for its log.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use echopulse_core::common::BoxFuture;

/// A part that a service stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What it is called.
    pub name: &'static str,
    /// Whether the service can do nothing without it.
    pub needed: bool,
    /// Whether it answers.
    pub answers: bool,
}

/// Whether a service can do its work.
pub trait Readiness: Send + Sync {
    /// Looks at the parts that the service stands on.
    fn parts(&self) -> BoxFuture<'_, Vec<Part>>;
}

/// Ready as soon as it runs.
pub struct Always;

impl Readiness for Always {
    fn parts(&self) -> BoxFuture<'_, Vec<Part>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}

/// `/health/live` and `/health/ready`.
pub fn routes(readiness: Arc<dyn Readiness>) -> Router {
    Router::new()
        .route("/health/live", get(|| async { answer("live", &[]) }))
        .route("/health/ready", get(ready))
        .with_state(readiness)
}

fn answer(status: &'static str, missing: &[&'static str]) -> Json<serde_json::Value> {
    if missing.is_empty() {
        return Json(serde_json::json!({ "status": status }));
    }
    Json(serde_json::json!({ "status": status, "missing": missing }))
}

async fn ready(State(readiness): State<Arc<dyn Readiness>>) -> (StatusCode, Json<serde_json::Value>) {
    let parts = readiness.parts().await;
    let missing: Vec<_> = parts.iter().filter(|part| !part.answers).map(|part| part.name).collect();
    if parts.iter().any(|part| part.needed && !part.answers) {
        (StatusCode::SERVICE_UNAVAILABLE, answer("not-ready", &missing))
    } else {
        (StatusCode::OK, answer("ready", &missing))
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use tower::ServiceExt;

    use super::*;

    struct Parts(Vec<Part>);

    impl Readiness for Parts {
        fn parts(&self) -> BoxFuture<'_, Vec<Part>> {
            Box::pin(std::future::ready(self.0.clone()))
        }
    }

    async fn asks(parts: Vec<Part>) -> (StatusCode, String) {
        let request = Request::get("/health/ready").body(Body::empty()).unwrap();
        let answer = routes(Arc::new(Parts(parts))).oneshot(request).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1024).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_missing_part_is_named_and_only_a_needed_one_makes_unready() {
        let part = |name, needed, answers| Part { name, needed, answers };
        let (status, body) = asks(vec![part("postgres", true, true), part("kafka", false, false)]).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"missing":["kafka"],"status":"ready"}"#));
        let (status, body) = asks(vec![part("postgres", true, false), part("kafka", false, true)]).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(body, r#"{"missing":["postgres"],"status":"not-ready"}"#);
    }
}
