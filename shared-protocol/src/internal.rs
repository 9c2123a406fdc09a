//! What the chat service asks the server service over REST. Only a token of a service opens these routes.

use serde::{Deserialize, Serialize};

use crate::{
    event::{Envelope, UserKind},
    id::{ServerId, Timestamp, UserId},
};

/// `POST /internal/people`: somebody as the issuer of their token describes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The issuer.
    pub iss: String,
    /// The issuer's own name for them.
    pub sub: String,
    /// What they want to be called.
    pub preferred_username: String,
    /// Their full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Person or bot.
    pub kind: UserKind,
    /// Whether they may manage any server of the instance.
    pub admin: bool,
}

/// The answer: who of ours that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who.
    pub user_id: UserId,
    /// Person or bot.
    pub kind: UserKind,
    /// Whether they may manage any server of the instance.
    pub admin: bool,
}

/// `GET /internal/servers/{server}/events?after=&limit=`: a server's changes, ascending; fewer than asked for: there are no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerEvents {
    /// The changes.
    pub events: Vec<Envelope>,
}

/// `GET /internal/channels/{channel}`: where a channel belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelPlace {
    /// Its server; absent: there is no such channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<ServerId>,
}

/// A sign-in that ended before its tokens did. Also what Kafka carries in a record `sign-out`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOut {
    /// The issuer.
    pub iss: String,
    /// What ended.
    #[serde(flatten)]
    pub ended: Ended,
    /// When, by the issuer's clock.
    pub at: Timestamp,
    /// No token of it lives any longer.
    pub until: Timestamp,
}

/// Whose tokens are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// Tokens with this `sid`.
    #[serde(rename = "sid")]
    Session(String),
    /// Tokens with this `sub`, issued up to then.
    #[serde(rename = "sub")]
    Subject(String),
}

/// `GET /internal/sign-outs?since=`: those that still matter, oldest first; with `since`, a moment in milliseconds since 1970, only
/// those that were remembered then or later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOuts {
    /// What ended.
    pub sign_outs: Vec<SignOut>,
}
