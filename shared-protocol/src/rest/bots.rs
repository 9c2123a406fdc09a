//! Bots that a server makes, and letting bots in.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{Timestamp, UserId};

/// What is told once and never again. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OneTimeSecret(pub String);

impl fmt::Debug for OneTimeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// `POST /servers/{s}/bots`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateBot {
    /// 1-32 of `a-z 0-9 . _ -`, unique in the instance.
    pub name: String,
}

/// A bot that a server made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bot {
    /// Its account.
    pub user_id: UserId,
    /// What its maker called it.
    pub name: String,
    /// What it signs in as.
    pub client_id: String,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
}

/// A bot with its secret: the answer of `POST /servers/{s}/bots` and of `POST /servers/{s}/bots/{u}/secret`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotSecret {
    /// It.
    #[serde(flatten)]
    pub bot: Bot,
    /// What it signs in with; not to be had again.
    pub client_secret: OneTimeSecret,
}

/// `POST /servers/{s}/members`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AddMember {
    /// A bot to be added; absent: oneself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}
