//! STOMP destinations, parsed into a type before anything else looks at them. Whatever is not exactly one of these is unknown:
//! no doubled or trailing slash, no percent-encoding, no wildcard, no upper case.

use std::fmt;

use crate::id::{ChannelId, MessageId, ServerId};

/// Where a client may SEND to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendTo {
    /// `/app/channels/{channel}/messages`
    Messages(ChannelId),
    /// `/app/channels/{channel}/messages/{message}/edit`
    Edit(ChannelId, MessageId),
    /// `/app/channels/{channel}/messages/{message}/delete`
    Delete(ChannelId, MessageId),
    /// `/app/channels/{channel}/typing`
    Typing(ChannelId),
    /// `/app/channels/{channel}/read`
    Read(ChannelId),
    /// `/app/session/refresh`
    Refresh,
}

impl SendTo {
    /// One of each kind, about ids that nothing has.
    pub const EACH: [Self; 6] = {
        let (channel, message) = (ChannelId::from_u128(0), MessageId::from_u128(0));
        [
            Self::Messages(channel),
            Self::Edit(channel, message),
            Self::Delete(channel, message),
            Self::Typing(channel),
            Self::Read(channel),
            Self::Refresh,
        ]
    };

    /// Reads a destination; `None` if there is no such one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.strip_prefix("/app/")?.split('/').collect();
        match parts[..] {
            ["session", "refresh"] => Some(Self::Refresh),
            ["channels", channel, "messages"] => Some(Self::Messages(channel.parse().ok()?)),
            ["channels", channel, "typing"] => Some(Self::Typing(channel.parse().ok()?)),
            ["channels", channel, "read"] => Some(Self::Read(channel.parse().ok()?)),
            ["channels", channel, "messages", message, verb] => {
                let (channel, message) = (channel.parse().ok()?, message.parse().ok()?);
                match verb {
                    "edit" => Some(Self::Edit(channel, message)),
                    "delete" => Some(Self::Delete(channel, message)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl fmt::Display for SendTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Messages(channel) => write!(f, "/app/channels/{channel}/messages"),
            Self::Edit(channel, message) => write!(f, "/app/channels/{channel}/messages/{message}/edit"),
            Self::Delete(channel, message) => write!(f, "/app/channels/{channel}/messages/{message}/delete"),
            Self::Typing(channel) => write!(f, "/app/channels/{channel}/typing"),
            Self::Read(channel) => write!(f, "/app/channels/{channel}/read"),
            Self::Refresh => f.write_str("/app/session/refresh"),
        }
    }
}

/// What a client may SUBSCRIBE to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// `/channels/{channel}`: the messages of a channel.
    Channel(ChannelId),
    /// `/servers/{server}`: channels, roles and members of a server.
    Server(ServerId),
    /// `/user/queue/replies`: refusals.
    Replies,
    /// `/user/queue/events`: the person's own stream.
    UserEvents,
}

impl Topic {
    /// One of each kind, about ids that nothing has.
    pub const EACH: [Self; 4] = [
        Self::Channel(ChannelId::from_u128(0)),
        Self::Server(ServerId::from_u128(0)),
        Self::Replies,
        Self::UserEvents,
    ];

    /// Reads a destination; `None` if there is no such one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "/user/queue/replies" => Some(Self::Replies),
            "/user/queue/events" => Some(Self::UserEvents),
            _ => match text.strip_prefix("/channels/") {
                Some(channel) => channel.parse().ok().map(Self::Channel),
                None => text.strip_prefix("/servers/")?.parse().ok().map(Self::Server),
            },
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(channel) => write!(f, "/channels/{channel}"),
            Self::Server(server) => write!(f, "/servers/{server}"),
            Self::Replies => f.write_str("/user/queue/replies"),
            Self::UserEvents => f.write_str("/user/queue/events"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: ChannelId = ChannelId::from_u128(7);
    const M: MessageId = MessageId::from_u128(8);

    #[test]
    fn destinations_read_back_what_they_write() {
        let all = [
            SendTo::Messages(C),
            SendTo::Edit(C, M),
            SendTo::Delete(C, M),
            SendTo::Typing(C),
            SendTo::Read(C),
            SendTo::Refresh,
        ];
        for to in all {
            assert_eq!(SendTo::parse(&to.to_string()), Some(to));
        }
        for topic in
            [Topic::Channel(C), Topic::Server(ServerId::from_u128(9)), Topic::Replies, Topic::UserEvents]
        {
            assert_eq!(Topic::parse(&topic.to_string()), Some(topic));
        }
    }

    #[test]
    fn what_is_not_exactly_a_destination_is_unknown() {
        let id = C.to_string();
        let wrong = [
            format!("/channels/{id}/"),
            format!("//channels/{id}"),
            format!("/channels//{id}"),
            format!("/channels/{}", id.replace('-', "%2D")),
            format!("/Channels/{id}"),
            "/channels/*".to_owned(),
            "/user/ada/queue/events".to_owned(),
            "/user/queue/events/".to_owned(),
            String::new(),
        ];
        for text in &wrong {
            assert_eq!(Topic::parse(text), None, "{text}");
        }
        for text in
            [format!("/app/channels/{id}/messages/"), format!("/app/channels/{id}/pin"), "/app".to_owned()]
        {
            assert_eq!(SendTo::parse(&text), None, "{text}");
        }
    }
}
