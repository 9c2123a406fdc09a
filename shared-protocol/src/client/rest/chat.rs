//! The routes of the chat service: messages, read states and presence.

use reqwest::Method;

use super::{Rest, Service};
use crate::{
    client::ClientError,
    event::Message,
    id::{ChannelId, MessageId, Seq, ServerId},
    rest::{
        DeleteMessages, HistoryPage, MoveRead, PostMessage, PurgeHistory, ReadState, Receipt, UserPresence,
    },
};

impl Rest {
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
    pub async fn post(&self, channel: ChannelId, post: &PostMessage) -> Result<Receipt, ClientError> {
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

    /// Removes everything up to a place, for good.
    pub async fn purge(&self, channel: ChannelId, through: Seq) -> Result<Receipt, ClientError> {
        let body = PurgeHistory { through };
        self.put(Service::Chat, Method::POST, &format!("/channels/{channel}/purge"), &body).await
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
