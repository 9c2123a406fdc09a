//! JSON bodies, and forms where others' standards ask for them, read strictly: what is wrong is said with its place, and never with its value.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use echopulse_protocol::problem::ProblemCode;
use serde::de::DeserializeOwned;

use crate::{ApiError, params::Params};

/// Octets of the largest body.
pub const LARGEST: usize = 64 * 1024;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A JSON body.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        check_headers(request.headers())?;
        let octets = collect(request.into_body()).await?;
        parse(&octets).map(Self)
    }
}

/// A JSON body that may be left out.
#[derive(Debug, Clone, Copy)]
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let headers = request.headers().clone();
        let octets = collect(request.into_body()).await?;
        if octets.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
            return Ok(Self(T::default()));
        }
        check_headers(&headers)?;
        parse(&octets).map(Self)
    }
}

/// The fields of a form, each given once.
#[derive(Debug, Clone)]
pub struct Form(pub Params);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let wanted = "application/x-www-form-urlencoded";
        check_kind(request.headers(), wanted, "a body is a form here, application/x-www-form-urlencoded")?;
        let (parts, body) = request.into_parts();
        let arrived = Request::from_parts(parts, collect(body).await?.into());
        let fields = axum::Form::<Vec<(String, String)>>::from_request(arrived, state).await;
        let fields =
            fields.map_err(|_| ApiError::new(ProblemCode::InvalidRequest, "the form cannot be read"))?;
        Params::once_each(fields.0).map(Self)
    }
}

pub(crate) fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    check_kind(headers, "application/json", "a body is JSON, with Content-Type: application/json")
}

fn check_kind(headers: &HeaderMap, wanted: &str, otherwise: &str) -> Result<(), ApiError> {
    let unsupported = |detail: &str| Err(ApiError::new(ProblemCode::UnsupportedMediaType, detail));
    if headers.contains_key(header::CONTENT_ENCODING) {
        return unsupported("a body is not compressed here");
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(wanted) {
        return unsupported(otherwise);
    }
    Ok(())
}

/// The octets of a JSON body that may be larger than others: `largest` at most.
pub async fn octets(headers: &HeaderMap, body: Body, largest: usize) -> Result<axum::body::Bytes, ApiError> {
    check_headers(headers)?;
    collect_up_to(body, largest).await
}

pub(crate) async fn collect(body: Body) -> Result<axum::body::Bytes, ApiError> {
    collect_up_to(body, LARGEST).await
}

async fn collect_up_to(body: Body, largest: usize) -> Result<axum::body::Bytes, ApiError> {
    match tokio::time::timeout(PATIENCE, to_bytes(body, largest)).await {
        Ok(Ok(octets)) => Ok(octets),
        Ok(Err(error)) => Err(unread(&error, largest)),
        Err(_) => Err(ApiError::invalid("", "did not arrive in time")),
    }
}

/// A body that is too large, or that broke off.
fn unread(error: &axum::Error, largest: usize) -> ApiError {
    let too_large = std::iter::successors(std::error::Error::source(error), |cause| cause.source())
        .any(|cause| cause.to_string().contains("length limit"));
    if too_large {
        return ApiError::new(ProblemCode::TooLarge, format!("a body has at most {largest} octets"));
    }
    ApiError::new(ProblemCode::InvalidRequest, "the body broke off")
}

/// Reads a JSON text; what is wrong comes as a JSON pointer and words without values.
pub fn parse<T: DeserializeOwned>(octets: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(octets);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        explain(pointer, error.inner())
    })?;
    reader.end().map_err(|error| explain(String::new(), &error))?;
    Ok(value)
}

/// RFC 6901.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut out = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                out.push('/');
                out.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    out
}

fn explain(pointer: String, error: &serde_json::Error) -> ApiError {
    if !error.is_data() {
        let detail = format!("the body is not JSON: see line {}, column {}", error.line(), error.column());
        return ApiError::invalid_value(pointer, detail);
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(front, _)| front);
    if let Some(name) = text.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return ApiError::invalid(format!("{pointer}/{name}"), "is missing");
    }
    // Everything in front of "expected" repeats what was sent.
    match text.rsplit_once("expected ") {
        Some((_, wanted)) => ApiError::invalid(pointer, format!("has to be {}", plain(wanted))),
        None => ApiError::invalid(pointer, text),
    }
}

/// The names of our types mean nothing to the one who sent it.
fn plain(wanted: &str) -> String {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not too large".to_owned(),
        "i64" => "a whole number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        _ if wanted.starts_with("struct ") || wanted.starts_with("internally tagged") => {
            "an object".to_owned()
        }
        _ => wanted.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use echopulse_protocol::rest::{BanMember, CreateServer, TransferServer, UpdateServer};

    use super::*;

    fn refused<T: DeserializeOwned>(text: &str) -> (String, String) {
        let error = parse::<T>(text.as_bytes()).err().expect("it is refused");
        assert_eq!(error.code(), ProblemCode::InvalidRequest);
        let field = error.problem().errors.first().expect("a place is named").clone();
        (field.pointer, field.detail)
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_without_its_value() {
        let say = |pointer: &str, detail: &str| (pointer.to_owned(), detail.to_owned());
        assert_eq!(refused::<CreateServer>("{}"), say("/name", "is missing"));
        assert_eq!(refused::<CreateServer>(r#"{"name":["secret"]}"#), say("/name", "has to be a string"));
        assert_eq!(
            refused::<BanMember>(r#"{"delete_messages_s":-7}"#),
            say("/delete_messages_s", "has to be a whole number that is not too large")
        );
        assert_eq!(
            refused::<TransferServer>(r#"{"user_id":"x"}"#),
            say("/user_id", "an id is a lower-case UUID")
        );
        assert_eq!(refused::<UpdateServer>("7").1, "has to be an object");
    }

    #[test]
    fn what_is_no_json_is_said_to_be_none() {
        for text in ["", "{", "<html>", "{} {}"] {
            let (_, detail) = refused::<UpdateServer>(text);
            assert!(detail.starts_with("the body is not JSON"), "{text}: {detail}");
        }
        let deep = "[".repeat(10_000);
        assert!(parse::<serde_json::Value>(deep.as_bytes()).is_err(), "depth is bounded");
    }

    #[test]
    fn fields_that_are_not_listed_change_nothing() {
        let parsed: CreateServer = parse(br#"{"name":"x","owner_id":"y","position":7}"#).unwrap();
        assert_eq!(parsed.name, "x");
    }
}
