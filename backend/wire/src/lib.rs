//! Core's values as wire values, and back: what services answer, what adapters store as JSON, and what the bus will carry.
//!
//! Pure functions. Deliberately absent: I/O, and any rule.

mod chat;
mod community;
mod event;
mod ids;

pub use chat::{activity, end_code, gap_reason, history_page, message, presence, read_state};
pub use community::{
    category, channel, join_policy, level, level_from, member, permissions, permissions_from, policy_from,
    role, server, user,
};
pub use event::{delivery, server_event, server_event_from, stream_event};
pub use ids::*;
