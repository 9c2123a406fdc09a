//! The language both contexts share: ids, time, permissions, the community as it is published, stream positions.

pub mod access;
pub mod actor;
pub mod community;
pub mod error;
pub mod event;
pub mod id;
pub mod limit;
pub mod name;
pub mod permission;
pub mod port;
pub mod sign_out;
pub mod stream;
pub mod sync;
pub mod time;

pub use error::StoreError;
pub use id::{CategoryId, ChannelId, MessageId, RoleId, ServerId, UserId, WebhookId};
pub use permission::{Permission, Permissions};
pub use port::BoxFuture;
pub use stream::{Epoch, Position, Seq, StreamKey};
pub use time::Timestamp;
