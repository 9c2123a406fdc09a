//! Ids, places and moments.

use echopulse_core::common as core;
use echopulse_protocol::id as wire;

macro_rules! ids {
    ($($to:ident $from:ident $id:ident,)*) => {$(
        /// Core's id on the wire.
        #[must_use]
        pub const fn $to(id: core::$id) -> wire::$id {
            wire::$id::from_u128(id.as_u128())
        }

        /// The wire's id in core.
        #[must_use]
        pub const fn $from(id: wire::$id) -> core::$id {
            core::$id::from_u128(id.as_u128())
        }
    )*};
}

ids! {
    user_id user_id_from UserId,
    server_id server_id_from ServerId,
    channel_id channel_id_from ChannelId,
    message_id message_id_from MessageId,
    role_id role_id_from RoleId,
    category_id category_id_from CategoryId,
    webhook_id webhook_id_from WebhookId,
}

/// Core's numbering on the wire.
#[must_use]
pub const fn epoch(epoch: core::Epoch) -> wire::Epoch {
    wire::Epoch(epoch.0)
}

/// The wire's numbering in core.
#[must_use]
pub const fn epoch_from(epoch: wire::Epoch) -> core::Epoch {
    core::Epoch(epoch.0)
}

/// Core's place on the wire.
#[must_use]
pub const fn seq(seq: core::Seq) -> wire::Seq {
    wire::Seq(seq.0)
}

/// The wire's place in core.
#[must_use]
pub const fn seq_from(seq: wire::Seq) -> core::Seq {
    core::Seq(seq.0)
}

/// Core's moment on the wire.
#[must_use]
pub const fn time(at: core::Timestamp) -> wire::Timestamp {
    wire::Timestamp(at.as_millis())
}

/// The wire's moment in core.
#[must_use]
pub const fn time_from(at: wire::Timestamp) -> core::Timestamp {
    core::Timestamp::from_millis(at.0)
}

/// Core's stream on the wire.
#[must_use]
pub const fn stream(stream: core::StreamKey) -> wire::Stream {
    match stream {
        core::StreamKey::Channel(id) => wire::Stream::Channel(channel_id(id)),
        core::StreamKey::Server(id) => wire::Stream::Server(server_id(id)),
        core::StreamKey::User(id) => wire::Stream::User(user_id(id)),
    }
}

/// The wire's stream in core.
#[must_use]
pub const fn stream_from(stream: wire::Stream) -> core::StreamKey {
    match stream {
        wire::Stream::Channel(id) => core::StreamKey::Channel(channel_id_from(id)),
        wire::Stream::Server(id) => core::StreamKey::Server(server_id_from(id)),
        wire::Stream::User(id) => core::StreamKey::User(user_id_from(id)),
    }
}
