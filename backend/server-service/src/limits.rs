//! In which bucket each route counts, and how the asker's buckets stand.

use axum::{Json, extract::State, http::Method};
use echopulse_core::common::limit::Bucket;
use echopulse_http::{Caller, Routes};
use echopulse_protocol::rest::{BucketState, Page};

use crate::ServerApp;

/// What people's requests to this service count in.
const COUNTED: [Bucket; 5] = [Bucket::Global, Bucket::Read, Bucket::Write, Bucket::Create, Bucket::Invite];

pub(crate) fn routes() -> Routes<ServerApp> {
    Routes::new().get("/limits", "get_limits", standing)
}

/// The bucket of a route, besides the one that everything counts in.
pub(crate) fn bucket_of(method: &Method, route: &str) -> Bucket {
    match (method.as_str(), route) {
        (_, "/invites/{code}") => Bucket::Invite,
        ("GET" | "HEAD", _) => Bucket::Read,
        ("POST", "/servers") => Bucket::Create,
        _ => Bucket::Write,
    }
}

async fn standing(State(app): State<ServerApp>, caller: Caller) -> Json<Page<BucketState>> {
    app.limiting.standing(&caller, &COUNTED).await
}
