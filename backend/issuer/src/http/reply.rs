//! Refusals in the form of RFC 6749 section 5.2.

use axum::{
    Json,
    extract::rejection::FormRejection,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{error::StoreError, limits::Wait};

/// A refusal for a client program.
#[derive(Debug)]
pub(crate) struct OAuthError {
    status: StatusCode,
    code: &'static str,
    detail: &'static str,
    wait: Option<Wait>,
}

impl OAuthError {
    pub(crate) const fn new(code: &'static str, detail: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, detail, wait: None }
    }

    pub(crate) const fn invalid_request(detail: &'static str) -> Self {
        Self::new("invalid_request", detail)
    }

    pub(crate) const fn invalid_grant(detail: &'static str) -> Self {
        Self::new("invalid_grant", detail)
    }

    pub(crate) const fn invalid_client(detail: &'static str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, ..Self::new("invalid_client", detail) }
    }

    pub(crate) const fn invalid_token() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            ..Self::new("invalid_token", "the access token is missing, expired or not ours")
        }
    }

    pub(crate) const fn too_many(wait: Wait) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            wait: Some(wait),
            ..Self::new("temporarily_unavailable", "too many tries; wait before the next")
        }
    }

    pub(crate) const fn unavailable(detail: &'static str) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, ..Self::new("temporarily_unavailable", detail) }
    }

    /// Logs the cause here, once, and says nothing about it.
    pub(crate) fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = ?cause, "the issuer failed");
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..Self::new("server_error", "the issuer failed") }
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<FormRejection> for OAuthError {
    /// A field given twice is refused here too.
    fn from(_: FormRejection) -> Self {
        Self::invalid_request("the body is not a form of known size in which each field stands once")
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.code, "error_description": self.detail }));
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme =
                if self.code == "invalid_token" { "Bearer error=\"invalid_token\"" } else { "Basic" };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        if let Some(wait) = self.wait {
            headers.insert(header::RETRY_AFTER, retry_after(wait));
        }
        response
    }
}

/// Whole seconds, rounded up.
pub(crate) fn retry_after(wait: Wait) -> HeaderValue {
    HeaderValue::from(wait.0.as_millis().div_ceil(1000).max(1) as u64)
}
