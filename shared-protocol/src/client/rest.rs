//! Listing and changing things, over REST: one method for each route.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use reqwest::{Method, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};

use super::{AccessToken, ClientError, Place, TokenSource, clean::Clean, place::pick, transport};
use crate::{
    event::{Channel, Member, Message, Server, User},
    id::{ChannelId, MessageId, Seq, ServerId, UserId},
    problem::ProblemCode,
    rest::{
        Ban, BanMember, ChannelPlace, CreateChannel, CreateInvite, CreateServer, DeleteMessages, HistoryPage,
        Invite, InvitePreview, Joined, MemberDetail, MoveRead, Page, PostMessage, ReadState, Receipt,
        ServerDetail, TransferServer, UpdateChannel, UpdateMe, UpdateMember, UpdateServer, UserPresence,
    },
};

/// Addresses tried before a call fails.
const TRIES: usize = 3;
/// Items asked for at once.
const PAGE: usize = 100;

/// Which service a route belongs to.
#[derive(Clone, Copy)]
enum Service {
    Server,
    Chat,
}

/// The REST side of a deployment, for one account.
#[derive(Clone)]
pub struct Rest {
    place: Arc<dyn Place>,
    tokens: Arc<dyn TokenSource>,
    http: reqwest::Client,
    turn: Arc<AtomicUsize>,
}

impl Rest {
    pub(super) fn new(place: Arc<dyn Place>, tokens: Arc<dyn TokenSource>) -> Result<Self, ClientError> {
        let turn = Arc::new(AtomicUsize::new(rand::random_range(0..1024)));
        Ok(Self { place, tokens, http: transport::http()?, turn })
    }

    /// Sends a request: to another address if one does not answer, with another token if one is refused.
    async fn call<T>(
        &self,
        service: Service,
        method: Method,
        path: &str,
        dress: impl Fn(RequestBuilder) -> RequestBuilder,
        read: impl AsyncFn(&str, reqwest::Response) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut renewed = false;
        let mut failure = None;
        // A call that never reached its service may be sent again whatever it does; one that was answered may not.
        for _ in 0..TRIES {
            let place = self.place.find().await?;
            let addresses = match service {
                Service::Server => &place.server,
                Service::Chat => &place.chat,
            };
            let Some(base) = pick(addresses, self.turn.load(Ordering::Relaxed)) else {
                let what = "it names no address of its services".to_owned();
                return Err(ClientError::NotEchoPulse { url: place.issuer.clone(), what });
            };
            let url = format!("{base}/api{path}");
            let token = self.tokens.access_token().await?;
            match self.once(&url, method.clone(), &token, &dress).await {
                Ok(answer) => match read(&url, answer).await {
                    Err(error) if is_stale_token(&error) && !renewed => {
                        renewed = true;
                        self.tokens.refused(token).await;
                        failure = Some(error);
                    }
                    result => return result,
                },
                Err(error) if error.is_connect() => {
                    self.turn.fetch_add(1, Ordering::Relaxed);
                    self.place.lost();
                    failure = Some(transport::unreachable(&url, &error));
                }
                Err(error) => return Err(transport::unreachable(&url, &error)),
            }
        }
        Err(failure
            .unwrap_or_else(|| ClientError::NotSignedIn("the deployment refuses the token".to_owned())))
    }

    async fn once(
        &self,
        url: &str,
        method: Method,
        token: &AccessToken,
        dress: &impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<reqwest::Response, reqwest::Error> {
        dress(self.http.request(method, url).bearer_auth(token.secret())).send().await
    }

    async fn get<T: DeserializeOwned + Clean>(
        &self,
        service: Service,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ClientError> {
        self.call(service, Method::GET, path, |request| request.query(query), transport::json).await
    }

    async fn put<T: DeserializeOwned + Clean>(
        &self,
        service: Service,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.call(service, method, path, |request| request.json(body), transport::json).await
    }

    async fn delete(
        &self,
        service: Service,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<(), ClientError> {
        self.call(service, Method::DELETE, path, |request| request.query(query), transport::nothing).await
    }

    /// All pages of a list.
    async fn all<T: DeserializeOwned>(
        &self,
        service: Service,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<T>, ClientError>
    where
        Page<T>: Clean,
    {
        let mut items = Vec::new();
        let mut next = None;
        loop {
            let mut asked = query.to_vec();
            asked.push(("limit", PAGE.to_string()));
            asked.extend(next.map(|cursor| ("cursor", cursor)));
            let page: Page<T> = self.get(service, path, &asked).await?;
            items.extend(page.items);
            next = page.next;
            if next.is_none() {
                return Ok(items);
            }
        }
    }

    // People.

    /// One's own profile.
    pub async fn me(&self) -> Result<User, ClientError> {
        self.get(Service::Server, "/users/me", &[]).await
    }

    /// Changes one's own profile.
    pub async fn update_me(&self, change: &UpdateMe) -> Result<User, ClientError> {
        self.put(Service::Server, Method::PATCH, "/users/me", change).await
    }

    // Servers.

    /// The servers one is in.
    pub async fn servers(&self) -> Result<Vec<Server>, ClientError> {
        self.all(Service::Server, "/servers", &[]).await
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

    // Invites.

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

    // Messages.

    /// A page of history. `query` is empty for the newest, else one of `before`, `after`, `around` and a place.
    pub async fn history(
        &self,
        channel: ChannelId,
        query: Option<(&str, Seq)>,
        limit: usize,
    ) -> Result<HistoryPage, ClientError> {
        let mut asked = vec![("limit", limit.to_string())];
        asked.extend(query.map(|(which, seq)| (which, seq.to_string())));
        self.get(Service::Chat, &format!("/channels/{channel}/messages"), &asked).await
    }

    /// One message as it is now.
    pub async fn message(&self, channel: ChannelId, message: MessageId) -> Result<Message, ClientError> {
        self.get(Service::Chat, &format!("/channels/{channel}/messages/{message}"), &[]).await
    }

    /// Posts a message. With a nonce it may be repeated until there is an answer.
    pub async fn post(&self, channel: ChannelId, post: &PostMessage) -> Result<Message, ClientError> {
        self.put(Service::Chat, Method::POST, &format!("/channels/{channel}/messages"), post).await
    }

    /// Deletes messages.
    pub async fn delete_messages(
        &self,
        channel: ChannelId,
        ids: Vec<MessageId>,
    ) -> Result<Receipt, ClientError> {
        let body = DeleteMessages { message_ids: ids };
        self.put(Service::Chat, Method::POST, &format!("/channels/{channel}/messages/delete"), &body).await
    }

    /// What is unread, in every channel one may view.
    pub async fn read_states(&self) -> Result<Vec<ReadState>, ClientError> {
        self.all(Service::Chat, "/read-states", &[]).await
    }

    /// Moves a read position.
    pub async fn move_read(&self, channel: ChannelId, to: &MoveRead) -> Result<ReadState, ClientError> {
        self.put(Service::Chat, Method::PUT, &format!("/read-states/{channel}"), to).await
    }

    /// Who of a server's members is there.
    pub async fn presence(&self, server: ServerId) -> Result<Vec<UserPresence>, ClientError> {
        self.all(Service::Chat, &format!("/servers/{server}/presence"), &[]).await
    }
}

fn is_stale_token(error: &ClientError) -> bool {
    matches!(error.code(), Some(ProblemCode::TokenExpired | ProblemCode::TokenInvalid))
}

/// A text as one part of a path: whatever could end the part is escaped.
fn path_part(text: &str) -> String {
    text.bytes().fold(String::new(), |mut part, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            part.push(char::from(byte));
        } else {
            part.push_str(&format!("%{byte:02X}"));
        }
        part
    })
}

#[cfg(test)]
mod tests {
    use super::path_part;

    #[test]
    fn a_code_cannot_leave_its_part_of_the_path() {
        assert_eq!(path_part("aB3/../x?y#z é"), "aB3%2F..%2Fx%3Fy%23z%20%C3%A9");
    }
}
