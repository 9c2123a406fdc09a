//! In which bucket each route and each frame counts, and how the asker's buckets stand.

use axum::{Json, extract::State, http::Method};
use echopulse_core::common::limit::Bucket;
use echopulse_http::{Caller, Routes};
use echopulse_protocol::{
    destination::SendTo,
    rest::{BucketState, Page},
};

use crate::ChatApp;

/// What people's requests to this service count in. Of messages there is one bucket more in each channel.
const COUNTED: [Bucket; 7] = [
    Bucket::Global,
    Bucket::Read,
    Bucket::Write,
    Bucket::MessageAll,
    Bucket::Edit,
    Bucket::Connect,
    Bucket::Subscribe,
];

/// What a message counts in, however it comes.
pub(crate) const MESSAGE: [Bucket; 2] = [Bucket::MessageAll, Bucket::Message];

pub(crate) fn routes() -> Routes<ChatApp> {
    Routes::new().get("/limits", "get_limits", standing)
}

/// The bucket of a route, besides the one that everything counts in.
pub(crate) fn bucket_of(method: &Method, route: &str) -> Bucket {
    match (method.as_str(), route) {
        ("GET" | "HEAD", _) => Bucket::Read,
        ("POST", "/channels/{channel}/messages/delete") => Bucket::Edit,
        _ => Bucket::Write,
    }
}

/// The buckets of a SEND. Typing has a rule of its own, and moves of read positions are never refused.
pub(crate) const fn buckets_of(to: SendTo) -> &'static [Bucket] {
    match to {
        SendTo::Messages(_) => &[Bucket::Global, Bucket::MessageAll, Bucket::Message],
        SendTo::Edit(..) | SendTo::Delete(..) => &[Bucket::Global, Bucket::Edit],
        SendTo::Refresh => &[Bucket::Global],
        SendTo::Typing(_) | SendTo::Read(_) => &[],
    }
}

async fn standing(State(app): State<ChatApp>, caller: Caller) -> Json<Page<BucketState>> {
    app.limiting.standing(&caller, &COUNTED).await
}
