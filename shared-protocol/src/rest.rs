//! Request and answer bodies of REST, as `domain.md` section 7 lists them. Requests name every field they take; anything else in
//! them changes nothing.

mod bots;
mod webhooks;

use serde::{Deserialize, Serialize};

pub use bots::{AddMember, Bot, BotSecret, CreateBot, OneTimeSecret};
pub use webhooks::{NameWebhook, PostByWebhook, Webhook, WebhookToken};

use crate::{
    event::{
        Category, Channel, ChannelKind, JoinPolicy, Level, Member, Message, Presence, Role, Server, User,
    },
    id::{CategoryId, ChannelId, Epoch, MessageId, Seq, ServerId, Timestamp, UserId},
    permission::Permission,
};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What there is.
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `GET /.well-known/echopulse`: where everything of a deployment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WellKnown {
    /// The issuer whose tokens are taken.
    pub issuer: String,
    /// What each kind of client calls itself at the issuer.
    pub clients: ClientIds,
    /// Base URLs of the server service, any of which will do.
    pub server: Vec<String>,
    /// Base URLs of the chat service, any of which will do. Its socket is `/ws` below them.
    pub chat: Vec<String>,
}

/// What each kind of client calls itself at the issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientIds {
    /// The terminal client.
    pub tui: String,
    /// The browser client.
    pub web: String,
}

/// A field that may be left alone, emptied or set: absent, null, a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Absent.
    #[default]
    Keep,
    /// `null`.
    Clear,
    /// A value.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the field is absent.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

/// `PATCH /users/me`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UpdateMe {
    /// A new display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A new bio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
}

/// `POST /servers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateServer {
    /// 1-100 characters.
    pub name: String,
    /// 0-300 characters.
    #[serde(default)]
    pub description: String,
    /// Who may join without an invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join_policy: Option<JoinPolicy>,
}

/// `PATCH /servers/{s}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UpdateServer {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who may join without an invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join_policy: Option<JoinPolicy>,
    /// What members are told about, unless they chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_level: Option<Level>,
    /// Days that messages are kept.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub retention_days: Patch<u16>,
}

/// `PUT /servers/{s}/owner`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferServer {
    /// The new owner, a member and no bot.
    pub user_id: UserId,
}

/// What somebody may do in one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelPermissions {
    /// Where.
    pub channel_id: ChannelId,
    /// What.
    pub permissions: Vec<Permission>,
}

/// `GET /servers/{s}`: a server as the asker sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerDetail {
    /// Its row.
    #[serde(flatten)]
    pub server: Server,
    /// The channels that the asker may view.
    pub channels: Vec<Channel>,
    /// Headings.
    pub categories: Vec<Category>,
    /// Roles, @everyone included.
    pub roles: Vec<Role>,
    /// The asker's own membership; absent for an instance admin who is no member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
    /// What the asker may do in the server.
    pub permissions: Vec<Permission>,
    /// What the asker may do in each channel.
    pub channel_permissions: Vec<ChannelPermissions>,
    /// The server's numbering.
    pub epoch: Epoch,
    /// The server's last event: what to subscribe behind.
    pub seq: Seq,
}

/// `POST /servers/{s}/channels`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateChannel {
    /// 1-64 characters.
    pub name: String,
    /// Text or announcement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ChannelKind>,
    /// 0-1024 characters.
    #[serde(default)]
    pub topic: String,
    /// The heading it stands under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_id: Option<CategoryId>,
}

/// `PATCH /servers/{s}/channels/{c}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UpdateChannel {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The heading it stands under.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub category_id: Patch<CategoryId>,
    /// Seconds between two messages of one person, 0-21600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_mode_s: Option<u32>,
    /// Days that messages are kept.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub retention_days: Patch<u16>,
}

/// One entry of `PUT /servers/{s}/channels/order`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelPlace {
    /// Which channel.
    pub id: ChannelId,
    /// The heading it stands under.
    #[serde(default)]
    pub category_id: Option<CategoryId>,
}

/// A membership with the profile of whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberDetail {
    /// The membership.
    #[serde(flatten)]
    pub member: Member,
    /// The profile.
    pub user: User,
}

/// `PATCH /servers/{s}/members/{u}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UpdateMember {
    /// How they are shown in this server.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub nickname: Patch<String>,
    /// Silenced until then: 60 s to 28 days from now; null lifts it.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub timeout_until: Patch<Timestamp>,
}

/// `POST /servers/{s}/invites`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CreateInvite {
    /// How often it may be used, 0-1000; 0: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
    /// How long it lives in seconds, 0-31536000; 0: for ever. A week if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_s: Option<u32>,
}

/// An invite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// 10 characters; case counts.
    pub code: String,
    /// Where it leads.
    pub server_id: ServerId,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// How often it may be used; 0: any number.
    pub max_uses: u32,
    /// How long it lives in seconds; 0: for ever.
    pub max_age_s: u32,
    /// How often it was used.
    pub uses: u32,
}

/// `GET /invites/{code}`: what an invite leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitePreview {
    /// The code.
    pub code: String,
    /// The server's name.
    pub name: String,
    /// The server's description.
    pub description: String,
    /// How many members it has.
    pub member_count: u64,
    /// How the inviter is shown.
    pub inviter: String,
}

/// `POST /invites/{code}` and `POST /servers/{s}/members`: where one is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The server.
    pub server: Server,
    /// One's membership.
    pub member: Member,
    /// The server's numbering.
    pub epoch: Epoch,
    /// The server's seq to subscribe behind.
    pub seq: Seq,
}

/// `PUT /servers/{s}/bans/{u}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BanMember {
    /// How long it holds; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<u64>,
    /// Messages younger than this go too, 0-604800.
    #[serde(default)]
    pub delete_messages_s: u32,
}

/// A ban.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Who.
    pub user_id: UserId,
    /// Why.
    pub reason: String,
    /// By whom.
    pub created_by: UserId,
    /// When it ends; null: never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// `POST /channels/{c}/messages`, and the body of SEND to a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostMessage {
    /// 1-4000 characters.
    pub content: String,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// Whether the answered author is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mention_author: Option<bool>,
    /// One's own key for this send; over STOMP it is a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

/// The body of SEND to `…/edit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditMessage {
    /// 1-4000 characters.
    pub content: String,
}

/// `POST /channels/{c}/messages/delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteMessages {
    /// 1-100 of them.
    pub message_ids: Vec<MessageId>,
}

/// `POST /channels/{c}/purge`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeHistory {
    /// The last place that goes.
    pub through: Seq,
}

/// What is durable now: the answer of a write over REST, and the headers of its RECEIPT over STOMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The message.
    pub message_id: MessageId,
    /// The channel's numbering.
    pub epoch: Epoch,
    /// The event's place.
    pub seq: Seq,
}

/// A range of places, both ends included; empty if `from` is behind `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// First place.
    pub from: Seq,
    /// Last place.
    pub to: Seq,
}

/// `GET /channels/{c}/messages`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// By ascending seq, tombstones included.
    pub items: Vec<Message>,
    /// The answered messages that are not in `items`, as they are now.
    #[serde(default)]
    pub referenced: Vec<Message>,
    /// The channel's numbering.
    pub epoch: Epoch,
    /// The channel's last event.
    pub head: Seq,
    /// Everything up to here is gone.
    pub purged_through: Seq,
    /// All messages in that range are here.
    pub covers: Range,
}

/// What is unread in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {
    /// Which channel.
    pub channel_id: ChannelId,
    /// How far it was read.
    pub read_seq: Seq,
    /// Counts the moves backwards.
    pub version: u64,
    /// The channel's last event.
    pub head: Seq,
    /// Unread messages, 1000 at most.
    pub unread: u32,
    /// Those of them that mention the reader, 1000 at most.
    pub mentions: u32,
}

/// `PUT /read-states/{c}`, and the body of SEND to `…/read`: either `seq` or `unread_from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MoveRead {
    /// Read up to here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The version that the device knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Unread from here on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_from: Option<Seq>,
}

/// One entry of `GET /servers/{s}/presence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPresence {
    /// Who.
    pub user_id: UserId,
    /// What they are.
    pub status: Presence,
}

/// One entry of `GET /limits`: a bucket of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketState {
    /// Which.
    pub bucket: String,
    /// How many it holds.
    pub size: u32,
    /// In how many seconds an empty one is full.
    pub window_s: u64,
    /// How many are taken.
    pub used: u32,
    /// In how many seconds all of them are there again.
    pub reset_s: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_tells_absent_from_null() {
        let read = |text| serde_json::from_str::<UpdateMember>(text).unwrap().nickname;
        assert_eq!(read("{}"), Patch::Keep);
        assert_eq!(read(r#"{"nickname":null}"#), Patch::Clear);
        assert_eq!(read(r#"{"nickname":"x"}"#), Patch::Set("x".to_owned()));
        let written =
            serde_json::to_string(&UpdateMember { nickname: Patch::Clear, ..UpdateMember::default() });
        assert_eq!(written.unwrap(), r#"{"nickname":null}"#);
    }
}
