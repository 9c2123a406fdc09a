//! The one place that turns refusals into `application/problem+json` (RFC 9457), and where causes are logged, once.

use std::error::Error;

use axum::{
    Json, Router,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use echopulse_protocol::problem::{FieldError, Problem, ProblemCode};

use crate::token::TokenError;

/// A request that is not answered as wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError(Box<Problem>);

impl ApiError {
    /// A refusal in the words of the closed list. What passes by itself says when to try again: in a second, unless it is known better.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        let mut problem = Problem::new(code, detail);
        problem.retry_after = (problem.status == StatusCode::SERVICE_UNAVAILABLE.as_u16()).then_some(1);
        Self(Box::new(problem))
    }

    /// A field or parameter that is not what it has to be.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let (pointer, detail) = (pointer.into(), detail.into());
        let mut error = Self::new(ProblemCode::InvalidRequest, format!("`{pointer}` {detail}"));
        error.0.errors.push(FieldError { pointer, detail });
        error
    }

    /// A value that breaks a rule; `detail` says all of it.
    pub fn invalid_value(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let mut error = Self::new(ProblemCode::InvalidRequest, detail.clone());
        error.0.errors.push(FieldError { pointer: pointer.into(), detail });
        error
    }

    /// Our own failure. The cause is logged here and never sent.
    pub fn internal(cause: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = cause, "a request failed");
        Self::new(ProblemCode::Internal, "something went wrong here")
    }

    /// A store that failed, so that the outcome is unknown. The cause is logged here and never sent.
    pub fn unavailable(cause: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = cause, "a store failed");
        Self::new(ProblemCode::Unavailable, "the store does not answer; whether anything changed is unknown")
    }

    /// There is nothing at this address.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ProblemCode::NotFound, "there is nothing at this address")
    }

    /// The same, and when it may work.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// The same, and how many may be.
    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self {
        self.0.limit = Some(limit);
        self
    }

    /// The same, and which bucket is empty.
    #[must_use]
    pub fn bucket(mut self, name: impl Into<String>) -> Self {
        self.0.bucket = Some(name.into());
        self
    }

    /// The same, and which permission is missing.
    #[must_use]
    pub fn permission(mut self, name: impl Into<String>) -> Self {
        self.0.permission = Some(name.into());
        self
    }

    /// The body.
    #[must_use]
    pub const fn problem(&self) -> &Problem {
        &self.0
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> ProblemCode {
        self.0.code
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        if let TokenError::Invalid(why) = error {
            tracing::debug!(why, "an access token was refused");
        }
        let answer = Self::new(error.code(), error.to_string());
        if error == TokenError::NoKeys { answer.retry_after(10) } else { answer }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.0.retry_after;
        let challenge = challenge(self.0.code);
        let mut response = (status, Json(self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

/// RFC 6750 3: what a client without a good token is told.
const fn challenge(code: ProblemCode) -> Option<&'static str> {
    match code {
        ProblemCode::Unauthenticated => Some("Bearer"),
        ProblemCode::TokenInvalid | ProblemCode::TokenExpired => Some("Bearer error=\"invalid_token\""),
        _ => None,
    }
}

/// Answers unknown routes, and known ones with another method, as problems.
pub fn fallbacks<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.fallback(|| async { ApiError::not_found() }).method_not_allowed_fallback(|| async {
        let mut error = ApiError::new(ProblemCode::NotFound, "this address does not take this method");
        error.0.status = StatusCode::METHOD_NOT_ALLOWED.as_u16();
        "Method Not Allowed".clone_into(&mut error.0.title);
        error
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_always_says_when_to_try_again() {
        for code in ProblemCode::ALL.iter().filter(|code| code.status() == 503) {
            let answer = ApiError::new(*code, "not now").into_response();
            assert_eq!(answer.headers()[header::RETRY_AFTER], "1", "{code}");
        }
        let answer = ApiError::new(ProblemCode::Overloaded, "not now").retry_after(9).into_response();
        assert_eq!(answer.headers()[header::RETRY_AFTER], "9");
        assert!(ApiError::not_found().into_response().headers().get(header::RETRY_AFTER).is_none());
    }
}
