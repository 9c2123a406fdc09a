//! The routes of the server service: people, servers, channels, members, invites and bans.

use reqwest::{Method, RequestBuilder};

use super::{Rest, Service, path_part};
use crate::{
    client::{ClientError, transport},
    event::{Channel, Member, Server, User},
    id::{ChannelId, ServerId, UserId},
    rest::{
        Ban, BanMember, ChannelPlace, CreateChannel, CreateInvite, CreateServer, Invite, InvitePreview,
        Joined, MemberDetail, Page, ServerDetail, TransferServer, UpdateChannel, UpdateMe, UpdateMember,
        UpdateServer,
    },
};

impl Rest {
    // People.

    /// One's own profile.
    pub async fn me(&self) -> Result<User, ClientError> {
        self.get(Service::Server, "/users/me", &[]).await
    }

    /// Changes one's own profile.
    pub async fn update_me(&self, change: &UpdateMe) -> Result<User, ClientError> {
        self.put(Service::Server, Method::PATCH, "/users/me", change).await
    }

    /// Somebody with whom one shares a server.
    pub async fn user(&self, user: UserId) -> Result<User, ClientError> {
        self.get(Service::Server, &format!("/users/{user}"), &[]).await
    }

    // Servers.

    /// The servers one is in.
    pub async fn servers(&self) -> Result<Vec<Server>, ClientError> {
        self.all(Service::Server, "/servers", &[]).await
    }

    /// The servers that anybody may join.
    pub async fn open_servers(&self) -> Result<Vec<Server>, ClientError> {
        self.all(Service::Server, "/servers", &[("open", "true".to_owned())]).await
    }

    /// Makes a server.
    pub async fn create_server(&self, new: &CreateServer) -> Result<Server, ClientError> {
        self.put(Service::Server, Method::POST, "/servers", new).await
    }

    /// A server as one sees it.
    pub async fn server(&self, server: ServerId) -> Result<ServerDetail, ClientError> {
        self.get(Service::Server, &format!("/servers/{server}"), &[]).await
    }

    /// Changes a server.
    pub async fn update_server(
        &self,
        server: ServerId,
        change: &UpdateServer,
    ) -> Result<Server, ClientError> {
        self.put(Service::Server, Method::PATCH, &format!("/servers/{server}"), change).await
    }

    /// Deletes a server; `name` confirms it.
    pub async fn delete_server(&self, server: ServerId, name: &str) -> Result<(), ClientError> {
        self.delete(Service::Server, &format!("/servers/{server}"), &[("confirm", name.to_owned())]).await
    }

    /// Hands a server over.
    pub async fn transfer_server(&self, server: ServerId, user_id: UserId) -> Result<Server, ClientError> {
        let body = TransferServer { user_id };
        self.put(Service::Server, Method::PUT, &format!("/servers/{server}/owner"), &body).await
    }

    // Channels.

    /// Makes a channel.
    pub async fn create_channel(
        &self,
        server: ServerId,
        new: &CreateChannel,
    ) -> Result<Channel, ClientError> {
        self.put(Service::Server, Method::POST, &format!("/servers/{server}/channels"), new).await
    }

    /// Changes a channel.
    pub async fn update_channel(
        &self,
        server: ServerId,
        channel: ChannelId,
        change: &UpdateChannel,
    ) -> Result<Channel, ClientError> {
        let path = format!("/servers/{server}/channels/{channel}");
        self.put(Service::Server, Method::PATCH, &path, change).await
    }

    /// Deletes a channel.
    pub async fn delete_channel(&self, server: ServerId, channel: ChannelId) -> Result<(), ClientError> {
        self.delete(Service::Server, &format!("/servers/{server}/channels/{channel}"), &[]).await
    }

    /// Puts channels in order. `etag` is that of the list the order was made from.
    pub async fn order_channels(
        &self,
        server: ServerId,
        order: &[ChannelPlace],
        etag: &str,
    ) -> Result<Vec<Channel>, ClientError> {
        let path = format!("/servers/{server}/channels/order");
        let dress = |request: RequestBuilder| request.header("If-Match", etag).json(order);
        let page: Page<Channel> =
            self.call(Service::Server, Method::PUT, &path, dress, transport::json).await?;
        Ok(page.items)
    }

    // Members.

    /// All members of a server.
    pub async fn members(&self, server: ServerId) -> Result<Vec<MemberDetail>, ClientError> {
        self.all(Service::Server, &format!("/servers/{server}/members"), &[]).await
    }

    /// One member of a server.
    pub async fn member(&self, server: ServerId, user: UserId) -> Result<MemberDetail, ClientError> {
        self.get(Service::Server, &format!("/servers/{server}/members/{user}"), &[]).await
    }

    /// Joins an open server. Who is there already stays as they are.
    pub async fn join_open(&self, server: ServerId) -> Result<Joined, ClientError> {
        let path = format!("/servers/{server}/members");
        self.call(Service::Server, Method::POST, &path, |request| request, transport::json).await
    }

    /// Sets a nickname or a timeout.
    pub async fn update_member(
        &self,
        server: ServerId,
        user: UserId,
        change: &UpdateMember,
    ) -> Result<Member, ClientError> {
        self.put(Service::Server, Method::PATCH, &format!("/servers/{server}/members/{user}"), change).await
    }

    /// Leaves a server.
    pub async fn leave(&self, server: ServerId) -> Result<(), ClientError> {
        self.delete(Service::Server, &format!("/servers/{server}/members/me"), &[]).await
    }

    /// Ends somebody's membership.
    pub async fn kick(&self, server: ServerId, user: UserId) -> Result<(), ClientError> {
        self.delete(Service::Server, &format!("/servers/{server}/members/{user}"), &[]).await
    }

    /// Bans somebody.
    pub async fn ban(&self, server: ServerId, user: UserId, ban: &BanMember) -> Result<Ban, ClientError> {
        self.put(Service::Server, Method::PUT, &format!("/servers/{server}/bans/{user}"), ban).await
    }

    /// Lifts a ban.
    pub async fn lift_ban(&self, server: ServerId, user: UserId) -> Result<(), ClientError> {
        self.delete(Service::Server, &format!("/servers/{server}/bans/{user}"), &[]).await
    }

    /// Who is banned.
    pub async fn bans(&self, server: ServerId) -> Result<Vec<Ban>, ClientError> {
        self.all(Service::Server, &format!("/servers/{server}/bans"), &[]).await
    }

    // Invites.

    /// The invites of a server that one may see.
    pub async fn invites(&self, server: ServerId) -> Result<Vec<Invite>, ClientError> {
        self.all(Service::Server, &format!("/servers/{server}/invites"), &[]).await
    }

    /// Deletes an invite.
    pub async fn delete_invite(&self, code: &str) -> Result<(), ClientError> {
        self.delete(Service::Server, &format!("/invites/{}", path_part(code)), &[]).await
    }

    /// Makes an invite.
    pub async fn create_invite(&self, server: ServerId, new: &CreateInvite) -> Result<Invite, ClientError> {
        self.put(Service::Server, Method::POST, &format!("/servers/{server}/invites"), new).await
    }

    /// What an invite leads to.
    pub async fn preview_invite(&self, code: &str) -> Result<InvitePreview, ClientError> {
        self.get(Service::Server, &format!("/invites/{}", path_part(code)), &[]).await
    }

    /// Joins by an invite.
    pub async fn join(&self, code: &str) -> Result<Joined, ClientError> {
        let path = format!("/invites/{}", path_part(code));
        self.call(Service::Server, Method::POST, &path, |request| request, transport::json).await
    }
}
