//! Entity tags (RFC 9110 8.8.3): the place of the last change of what is answered, in quotes.
//!
//! [`Tagged`] answers with the tag, or with 304 to who has that state already. [`if_match`] reads on which state a change was made;
//! whether it is still the state is judged by core, under the lock. Tags are compared whole: none of ours is weak.

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use echopulse_core::common::Seq;
use echopulse_protocol::problem::ProblemCode;
use serde::Serialize;

use crate::ApiError;

/// The tags that a header names. `None`: there is none, or it names any state.
fn named(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<Seq>> {
    let mut tags = Vec::new();
    let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).peekable();
    values.peek()?;
    for tag in values.flat_map(|value| value.split(',')).map(str::trim) {
        if tag == "*" {
            return None;
        }
        let place = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        // What is no tag of ours is that of no state.
        tags.extend(place.and_then(|place| place.parse().ok()).map(Seq));
    }
    Some(tags)
}

/// On which states a change may be made. `None`: on any.
#[must_use]
pub fn if_match(headers: &HeaderMap) -> Option<Vec<Seq>> {
    named(headers, &header::IF_MATCH)
}

/// The same, where a set is replaced: who does not say on which state could undo what others did.
///
/// # Errors
///
/// `precondition-required` without the header.
pub fn must_match(headers: &HeaderMap) -> Result<Option<Vec<Seq>>, ApiError> {
    if headers.contains_key(header::IF_MATCH) {
        return Ok(if_match(headers));
    }
    let detail = "this replaces a set: say with If-Match on which state, by the ETag with which it was read";
    Err(ApiError::new(ProblemCode::PreconditionRequired, detail))
}

/// Which states the asker has already.
#[derive(Debug, Clone, Default)]
pub struct Had(Vec<Seq>);

impl<S: Send + Sync> FromRequestParts<S> for Had {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(named(&parts.headers, &header::IF_NONE_MATCH).unwrap_or_default()))
    }
}

impl Had {
    /// The answer, unless the asker has it.
    #[must_use]
    pub fn or<T>(self, seq: Seq, body: T) -> Tagged<T> {
        let had = self.0.contains(&seq);
        Tagged { seq, body: (!had).then_some(body) }
    }
}

/// A body with the place of its last change.
#[derive(Debug, Clone)]
pub struct Tagged<T> {
    seq: Seq,
    body: Option<T>,
}

impl<T> Tagged<T> {
    /// The state behind a change.
    #[must_use]
    pub const fn changed(seq: Seq, body: T) -> Self {
        Self { seq, body: Some(body) }
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => Json(body).into_response(),
            None => StatusCode::NOT_MODIFIED.into_response(),
        };
        // Digits in quotes are a header's value.
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.seq.0)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn tags_are_read_whole_and_what_is_none_of_ours_matches_nothing() {
        assert_eq!(if_match(&said(&[])), None);
        assert_eq!(if_match(&said(&["*"])), None);
        assert_eq!(if_match(&said(&["\"7\""])), Some(vec![Seq(7)]));
        assert_eq!(if_match(&said(&["\"7\", \"8\"", "\"9\""])), Some(vec![Seq(7), Seq(8), Seq(9)]));
        for none in ["7", "W/\"7\"", "\"x\"", "\"7", ""] {
            assert_eq!(if_match(&said(&[none])), Some(Vec::new()), "{none}");
        }
    }

    #[test]
    fn who_replaces_a_set_says_on_which_state() {
        assert_eq!(must_match(&said(&[])).unwrap_err().code(), ProblemCode::PreconditionRequired);
        assert_eq!(must_match(&said(&["\"3\""])).unwrap(), Some(vec![Seq(3)]));
    }

    #[test]
    fn who_has_the_state_is_told_so_and_no_more() {
        let answer = Had(vec![Seq(4)]).or(Seq(4), "body").into_response();
        assert_eq!(
            (answer.status(), &answer.headers()["etag"]),
            (StatusCode::NOT_MODIFIED, &HeaderValue::from_static("\"4\""))
        );
        assert_eq!(Had(vec![Seq(3)]).or(Seq(4), "body").into_response().status(), StatusCode::OK);
    }
}
