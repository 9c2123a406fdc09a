//! `Idempotency-Key`: a request that may be sent again is made once.
//!
//! [`Keyed`] reads the body and the key together, since what is known again is both: another body under the same key is a mistake
//! of the client, and so is another route. What becomes of the key is for core, which keeps the answer in the transaction that
//! did what it tells. Deliberately absent: answers that were refusals. Nothing came of them, so that they may be made anew.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderName},
};
use echopulse_core::server::kept::RequestKey;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::{
    ApiError,
    body::{check_headers, collect, parse},
};

/// The header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Characters of the longest key.
const LONGEST: usize = 255;

/// A JSON body and the key under which it is made once, if there is one. A body may be left out where `T` has a default.
#[derive(Debug, Clone)]
pub struct Keyed<T> {
    /// The body.
    pub body: T,
    /// By what the request is known again.
    pub key: Option<RequestKey>,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Keyed<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let name = key_of(&parts.headers)?;
        let octets = collect(body).await?;
        let body = if octets.is_empty() && !parts.headers.contains_key(axum::http::header::CONTENT_TYPE) {
            // Only a body whose every field may be left out can be left out itself.
            parse(b"{}")?
        } else {
            check_headers(&parts.headers)?;
            parse(&octets)?
        };
        let key = name.map(|name| {
            let mut print = Sha256::new();
            for part in [parts.method.as_str(), parts.uri.path()] {
                print.update(part.as_bytes());
                print.update([0]);
            }
            print.update(&octets);
            RequestKey { name, fingerprint: print.finalize().into() }
        });
        Ok(Self { body, key })
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let wrong = |what: &str| ApiError::invalid("Idempotency-Key", what);
    if values.next().is_some() {
        return Err(wrong("is given twice"));
    }
    let text = value.to_str().map_err(|_| wrong("is printable ASCII"))?.trim();
    if text.is_empty() || text.len() > LONGEST {
        return Err(wrong("has 1 to 255 characters"));
    }
    Ok(Some(text.to_owned()))
}
