//! The routes of bots that a server makes.

use reqwest::Method;

use super::{Rest, Service};
use crate::{
    client::{ClientError, transport},
    id::{ServerId, UserId},
    rest::{AddMember, Bot, BotSecret, CreateBot, Joined},
};

impl Rest {
    /// The bots that a server made.
    pub async fn bots(&self, server: ServerId) -> Result<Vec<Bot>, ClientError> {
        self.all(Service::Server, &format!("/servers/{server}/bots"), &[]).await
    }

    /// Makes a bot. Its secret is in this answer and in no other.
    pub async fn create_bot(&self, server: ServerId, name: String) -> Result<BotSecret, ClientError> {
        let path = format!("/servers/{server}/bots");
        self.put(Service::Server, Method::POST, &path, &CreateBot { name }).await
    }

    /// Gives a bot another secret, and ends what the old one opened.
    pub async fn rotate_bot(&self, server: ServerId, bot: UserId) -> Result<BotSecret, ClientError> {
        let path = format!("/servers/{server}/bots/{bot}/secret");
        self.call(Service::Server, Method::POST, &path, |request| request, transport::json).await
    }

    /// Takes a bot away: its client, its sessions, its memberships.
    pub async fn revoke_bot(&self, server: ServerId, bot: UserId) -> Result<(), ClientError> {
        self.delete(Service::Server, &format!("/servers/{server}/bots/{bot}"), &[]).await
    }

    /// Adds a bot of the instance to a server.
    pub async fn add_bot(&self, server: ServerId, bot: UserId) -> Result<Joined, ClientError> {
        let body = AddMember { user_id: Some(bot) };
        self.put(Service::Server, Method::POST, &format!("/servers/{server}/members"), &body).await
    }
}
