//! Core's values as wire values, and back: what services answer, what adapters store as JSON, and what the bus carries.
//!
//! Pure functions. Deliberately absent: I/O, and any rule.

mod chat;
mod community;
mod event;
mod ids;
mod internal;
mod record;

pub use chat::{
    activity, end_code, gap_reason, history_page, mentions, mentions_from, message, message_from, presence,
    read_state,
};
pub use community::{
    category, category_from, channel, channel_from, invite, invite_from, join_policy, level, level_from,
    member, member_from, permissions, permissions_from, policy_from, role, role_from, server, server_from,
    user, user_from,
};
pub use event::{delivery, server_event, server_event_from, stored_body, stored_body_from, stream_event};
pub use ids::*;
pub use internal::{actor, actor_from, identity, identity_from, sign_out, sign_out_from};
pub use record::{Published, record, record_from};
