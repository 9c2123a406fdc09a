//! The keys of the issuer in this process, asked by the very request that another process would send.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use echopulse_core::common::BoxFuture;
use echopulse_http::token::{KeySource, KeySourceError};
use tower::ServiceExt;

/// Octets of the largest answer that is looked at.
const MOST_OCTETS: usize = 256 * 1024;

/// An issuer's routes.
pub(crate) struct IssuerKeys(pub(crate) Router);

impl IssuerKeys {
    async fn ask(&self) -> Option<serde_json::Value> {
        let request = Request::get("/jwks").body(Body::empty()).ok()?;
        let answer = self.0.clone().oneshot(request).await.ok()?;
        let body = to_bytes(answer.into_body(), MOST_OCTETS).await.ok()?;
        serde_json::from_slice(&body).ok()
    }
}

impl KeySource for IssuerKeys {
    fn fetch(&self) -> BoxFuture<'_, Result<serde_json::Value, KeySourceError>> {
        Box::pin(async move {
            self.ask().await.ok_or_else(|| KeySourceError::Unexpected("something that is no JWKS".to_owned()))
        })
    }
}
