//! An OpenAPI 3.1 document of one service, from its routes and their descriptions.

use std::collections::{BTreeMap, BTreeSet};

use echopulse_protocol::problem::ProblemCode as Code;
use serde_json::{Map, Value, json};

use crate::{
    Operation, Schemas,
    operation::{Answer, Body, Caller},
};

/// One service.
pub struct Service {
    /// What the document is called.
    pub title: &'static str,
    /// What the service is for.
    pub description: &'static str,
    /// Method, path and operation of each of its routes.
    pub routes: Vec<(String, String, &'static str)>,
    /// The description of each operation.
    pub operations: Vec<Operation>,
}

/// Operations that are routed and not described, described and not routed, or described twice.
#[must_use]
pub fn undescribed(service: &Service) -> Vec<&'static str> {
    let routed: BTreeSet<_> = service.routes.iter().map(|(.., operation)| *operation).collect();
    let mut described = BTreeSet::new();
    let twice: BTreeSet<_> =
        service.operations.iter().map(|one| one.name).filter(|name| !described.insert(*name)).collect();
    routed.symmetric_difference(&described).chain(&twice).copied().collect()
}

/// The document.
///
/// # Panics
///
/// If routes and descriptions do not fit.
#[must_use]
pub fn openapi(service: &Service) -> Value {
    assert_eq!(undescribed(service), [""; 0], "routes and descriptions have to fit");
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for (method, path, name) in &service.routes {
        let Some(operation) = service.operations.iter().find(|one| one.name == *name) else { continue };
        let entry = paths.entry(path.clone()).or_insert_with(|| path_item(path, &mut schemas));
        entry[method.to_lowercase()] = describe(operation, path, &mut schemas);
    }
    let problem = schemas.problem();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": service.title,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            "description": service.description,
        },
        "servers": [{ "url": "./", "description": "The base URL of the service, as `/.well-known/echopulse` names it" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token of the issuer that `/.well-known/echopulse` names",
            } },
            "responses": {
                "unauthenticated": refusal(&[Code::Unauthenticated, Code::TokenInvalid, Code::TokenExpired], &problem),
                "unavailable": refusal(&[Code::Unavailable, Code::NotReady, Code::Overloaded], &problem),
                "internal": refusal(&[Code::Internal], &problem),
            },
            "headers": headers(),
            "schemas": schemas.into_components(),
        },
    })
}

fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

fn path_item(path: &str, schemas: &mut Schemas) -> Value {
    let parameters: Vec<_> = names_in(path)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": schemas.path(name) }))
        .collect();
    if parameters.is_empty() { json!({}) } else { json!({ "parameters": parameters }) }
}

fn describe(operation: &Operation, path: &str, schemas: &mut Schemas) -> Value {
    let mut said = json!({
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [tag(operation, path)],
        "responses": responses(operation, path, schemas),
    });
    if !operation.details.is_empty() {
        said["description"] = operation.details.into();
    }
    if !operation.parameters.is_empty() {
        said["parameters"] = operation.parameters.clone().into();
    }
    if let Some(body) = &operation.body {
        said["requestBody"] =
            json!({ "required": body.required, "content": { body.media: content(body, schemas) } });
    }
    if operation.caller == Caller::Anybody {
        said["security"] = json!([]);
    }
    said
}

/// What the paths of one kind have in common.
fn tag<'a>(operation: &Operation, path: &'a str) -> &'a str {
    let words =
        || path.split('/').filter(|word| !word.is_empty() && *word != "api" && !word.starts_with('{'));
    match operation.caller {
        Caller::Service => "internal",
        _ if !path.starts_with("/api") => "deployment",
        _ => match words().nth(1) {
            Some("me" | "owner" | "all" | "token") | None => words().next().unwrap_or("deployment"),
            Some("order" | "delete" | "purge") => words().next().unwrap_or("deployment"),
            Some(word) => word,
        },
    }
}

fn content(body: &Body, schemas: &mut Schemas) -> Value {
    json!({ "schema": (body.schema)(schemas), "example": body.example })
}

fn responses(operation: &Operation, path: &str, schemas: &mut Schemas) -> Value {
    let mut all = Map::new();
    for answer in &operation.answers {
        all.insert(answer.status.to_string(), answered(operation, answer, schemas));
    }
    let problem = schemas.problem();
    for (status, codes) in by_status(operation, path) {
        all.insert(status.to_string(), refusal(&codes, &problem));
    }
    let mut common = |status: &str, name: &str| {
        all.insert(status.to_owned(), json!({ "$ref": format!("#/components/responses/{name}") }));
    };
    if operation.caller != Caller::Anybody {
        common("401", "unauthenticated");
        common("500", "internal");
        common("503", "unavailable");
    }
    Value::Object(all)
}

fn answered(operation: &Operation, answer: &Answer, schemas: &mut Schemas) -> Value {
    let mut said = json!({ "description": answer.means });
    if let Some(body) = &answer.body {
        said["content"] = json!({ body.media: content(body, schemas) });
    }
    let counted: &[&str] =
        if operation.caller == Caller::SignedIn { &["RateLimit", "RateLimit-Policy"] } else { &[] };
    let tagged: &[&str] = if operation.tagged { &["ETag"] } else { &[] };
    let named = counted.iter().chain(tagged);
    let headers: Map<_, _> = named.map(|name| ((*name).to_owned(), header(name))).collect();
    if !headers.is_empty() {
        said["headers"] = headers.into();
    }
    said
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// The headers of answers, each described once.
fn headers() -> Value {
    let text = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    json!({
        "ETag": text("the place of the last change of what is answered", "\"41\""),
        "RateLimit": text("of each bucket what is left, and the seconds until it is full", "\"read\";r=59;t=1"),
        "RateLimit-Policy": text("of each bucket its size, and the seconds in which it fills", "\"read\";q=60;w=3"),
        "Retry-After": {
            "description": "seconds until it may work", "schema": { "type": "integer", "minimum": 0 }, "example": 7
        },
    })
}

/// The codes that an operation refuses with, but for those that every one has.
fn by_status(operation: &Operation, path: &str) -> BTreeMap<u16, Vec<Code>> {
    let mut codes = operation.codes.clone();
    match operation.caller {
        Caller::Anybody => {}
        Caller::SignedIn => codes.extend([Code::RealmRoleMissing, Code::RateLimited]),
        Caller::Service => codes.push(Code::RealmRoleMissing),
    }
    if operation.body.is_some() {
        codes.extend([Code::InvalidRequest, Code::TooLarge, Code::UnsupportedMediaType]);
    }
    if names_in(path).next().is_some() {
        codes.push(Code::NotFound);
    }
    let mut found: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.iter().filter(|code| codes.contains(code)) {
        found.entry(code.status()).or_default().push(*code);
    }
    found
}

/// A refusal with one of these codes, which have one status.
fn refusal(codes: &[Code], problem: &Value) -> Value {
    let words: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    let schema = json!({ "allOf": [problem, { "properties": { "code": { "enum": words } } }] });
    let mut said = json!({
        "description": words.join(", "),
        "content": { "application/problem+json": { "schema": schema } },
    });
    if codes.iter().any(|code| waits(*code)) {
        said["headers"] = json!({ "Retry-After": header("Retry-After") });
    }
    said
}

/// Whether a refusal says when to come again.
const fn waits(code: Code) -> bool {
    matches!(code.status(), 429 | 503) || matches!(code, Code::TimedOut)
}
