//! Paths and queries, read strictly: a parameter twice, or of the wrong shape, is said by its name.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use axum::{
    extract::{FromRequestParts, Path as AxumPath, Query},
    http::{HeaderMap, request::Parts},
};
use echopulse_core::common::name::Reason;
use echopulse_protocol::{problem::ProblemCode, text::clean_line};
use serde::de::DeserializeOwned;

use crate::ApiError;

/// The parts of a path. One that is no id names nothing, so the answer is that of an unknown address.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = AxumPath::<T>::from_request_parts(parts, state).await;
        found.map(|AxumPath(value)| Self(value)).map_err(|_| {
            ApiError::new(
                ProblemCode::NotFound,
                "there is nothing at this address; an id is a lower-case UUID",
            )
        })
    }
}

/// The parameters behind the question mark.
#[derive(Debug, Clone, Default)]
pub struct Params(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::new(ProblemCode::InvalidRequest, "the query cannot be read"))?;
        Self::once_each(pairs.0)
    }
}

impl Params {
    /// What these say, each of them once.
    pub(crate) fn once_each(pairs: Vec<(String, String)>) -> Result<Self, ApiError> {
        let mut found = BTreeMap::new();
        for (name, value) in pairs {
            if found.contains_key(&name) {
                return Err(ApiError::invalid(name, "is given twice"));
            }
            found.insert(name, value);
        }
        Ok(Self(found))
    }

    /// A parameter as it stands.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter of some shape.
    pub fn value<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.text(name)
            .map(|text| {
                text.parse().map_err(|error: T::Err| ApiError::invalid(name, format!("is wrong: {error}")))
            })
            .transpose()
    }

    /// Whether a parameter without a value, or with `true`, is there.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("" | "true") => Ok(true),
            Some(_) => Err(ApiError::invalid(name, "is true or false")),
        }
    }

    /// `limit`, 1-100; 50 if absent.
    pub fn limit(&self) -> Result<usize, ApiError> {
        let Some(text) = self.text("limit") else { return Ok(50) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = digits.then(|| text.parse().ok()).flatten();
        limit
            .filter(|limit| (1..=100).contains(limit))
            .ok_or_else(|| ApiError::invalid("limit", "is a number from 1 to 100"))
    }
}

/// The reason for the audit log, from the header `Audit-Reason`: cleaned, and at most 512 characters.
pub fn audit_reason(headers: &HeaderMap) -> Result<String, ApiError> {
    let Some(value) = headers.get("audit-reason") else { return Ok(String::new()) };
    let text = std::str::from_utf8(value.as_bytes())
        .map_err(|_| ApiError::invalid("Audit-Reason", "is not UTF-8"))?;
    let reason = Reason::parse(&clean_line(text))
        .map_err(|error| ApiError::invalid_value("Audit-Reason", error.to_string()))?;
    Ok(reason.into_string())
}
