//! What a connection is subscribed to.

use echopulse_core::{
    chat::port::inbound::{FollowId, Start},
    common::{Epoch, Position, Seq, StreamKey, UserId},
};
use echopulse_http::ApiError;
use echopulse_protocol::{destination::Topic, id, stomp::Frame};
use echopulse_wire as wire;

/// A subscription.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    /// What the client calls it.
    pub(super) name: String,
    /// What the outbox and core call it.
    pub(super) number: u64,
    pub(super) topic: Topic,
    /// What it follows; replies follow nothing.
    pub(super) follows: Option<Follows>,
}

/// What a subscription follows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Follows {
    pub(super) stream: StreamKey,
    pub(super) id: FollowId,
    /// The numbering when it began.
    pub(super) epoch: Epoch,
}

/// What a connection is subscribed to.
#[derive(Debug, Default)]
pub(super) struct Topics {
    all: Vec<Subscription>,
    last: u64,
}

impl Topics {
    /// A number that no subscription of this connection had before.
    pub(super) const fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(super) fn add(&mut self, subscription: Subscription) {
        self.all.push(subscription);
    }

    /// Takes a subscription out by the client's name for it.
    pub(super) fn remove(&mut self, name: &str) -> Option<Subscription> {
        let at = self.all.iter().position(|one| one.name == name)?;
        Some(self.all.swap_remove(at))
    }

    /// Takes a subscription out by its number.
    pub(super) fn remove_number(&mut self, number: u64) -> Option<Subscription> {
        let at = self.all.iter().position(|one| one.number == number)?;
        Some(self.all.swap_remove(at))
    }

    /// What the client calls its subscriptions to a topic.
    pub(super) fn names_of(&self, topic: Topic) -> impl Iterator<Item = &str> {
        self.all.iter().filter(move |one| one.topic == topic).map(|one| one.name.as_str())
    }

    /// Takes all of them out.
    pub(super) fn take(&mut self) -> Vec<Subscription> {
        std::mem::take(&mut self.all)
    }
}

/// The stream behind a topic; replies have none.
pub(super) const fn stream_of(topic: Topic, user: UserId) -> Option<StreamKey> {
    match topic {
        Topic::Channel(channel) => Some(StreamKey::Channel(wire::channel_id_from(channel))),
        Topic::Server(server) => Some(StreamKey::Server(wire::server_id_from(server))),
        Topic::UserEvents => Some(StreamKey::User(user)),
        Topic::Replies => None,
    }
}

/// What stands in `after` for the position that is kept here.
const STORED: &str = "read";

/// Where a SUBSCRIBE begins: the headers `epoch` and `after`, both or neither, or `after:read` alone.
pub(super) fn start_of(frame: &Frame) -> Result<Start, ApiError> {
    let (epoch, after) = (frame.header("epoch"), frame.header("after"));
    match (epoch, after) {
        (None, None) => Ok(Start::Now),
        (None, Some(after)) if after == STORED => Ok(Start::Stored),
        (Some(epoch), Some(after)) => {
            let epoch: id::Epoch = epoch.parse().map_err(|error: id::ParseError| wrong("epoch", &error))?;
            let after: id::Seq = after.parse().map_err(|error: id::ParseError| wrong("after", &error))?;
            if i64::try_from(after.0).is_err() {
                return Err(ApiError::invalid("after", "is too large"));
            }
            Ok(Start::Behind(Position { epoch: Epoch(epoch.0), after: Seq(after.0) }))
        }
        (Some(_), None) => Err(ApiError::invalid("after", "is missing; `epoch` alone is no place")),
        (None, Some(_)) => Err(ApiError::invalid("epoch", "is missing; `after` alone is no place")),
    }
}

fn wrong(header: &str, error: &id::ParseError) -> ApiError {
    ApiError::invalid(header, format!("is wrong: {error}"))
}
