//! The topics, what goes where, and how they are made.

use std::time::Duration;

use echopulse_core::{
    chat::model::{EventBody, Record, Signal},
    common::{
        StreamKey,
        event::ServerChange,
        sign_out::{Ended, SignOut},
    },
};
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    error::{KafkaError, RDKafkaErrorCode},
};

use super::{KafkaOptions, client::Outage};

/// How long the brokers may take to make topics.
const PATIENCE: Duration = Duration::from_secs(15);
const HOUR_MS: u64 = 3_600_000;

/// A topic of `design.md` section 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// A channel began.
    ChannelsCreate,
    /// A channel is gone.
    ChannelsDelete,
    /// A channel or category changed, or a category began or ended.
    ChannelsUpdate,
    /// Somebody joined a server.
    UserJoinServer,
    /// A membership ended; kicks and bans too.
    UserLeaveServer,
    /// A server began or changed.
    ServersUpdate,
    /// A server is gone.
    ServersDelete,
    /// A role began, changed or ended.
    RolesChange,
    /// A membership changed: roles, nickname, timeout.
    UserUpdateRoles,
    /// A profile changed, or a sign-in ended.
    UsersUpdate,
    /// An account is gone.
    UsersDelete,
    /// Everything that happens in a channel.
    ChannelsSendMessage,
    /// Everything that is told to a person.
    UsersEvents,
    /// Entries for the audit log.
    AuditAppend,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::ChannelsCreate,
        Self::ChannelsDelete,
        Self::ChannelsUpdate,
        Self::UserJoinServer,
        Self::UserLeaveServer,
        Self::ServersUpdate,
        Self::ServersDelete,
        Self::RolesChange,
        Self::UserUpdateRoles,
        Self::UsersUpdate,
        Self::UsersDelete,
        Self::ChannelsSendMessage,
        Self::UsersEvents,
        Self::AuditAppend,
    ];

    /// What the chat service reads: everything but the audit log, its own records included.
    pub const CHAT: [Self; 13] = [
        Self::ChannelsCreate,
        Self::ChannelsDelete,
        Self::ChannelsUpdate,
        Self::UserJoinServer,
        Self::UserLeaveServer,
        Self::ServersUpdate,
        Self::ServersDelete,
        Self::RolesChange,
        Self::UserUpdateRoles,
        Self::UsersUpdate,
        Self::UsersDelete,
        Self::ChannelsSendMessage,
        Self::UsersEvents,
    ];

    /// Where the ends of sign-ins are told: what the server service reads.
    pub const SIGN_OUTS: [Self; 1] = [Self::UsersUpdate];

    /// Its name, without a prefix.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChannelsCreate => "channels.create",
            Self::ChannelsDelete => "channels.delete",
            Self::ChannelsUpdate => "channels.update",
            Self::UserJoinServer => "user.join-server",
            Self::UserLeaveServer => "user.leave-server",
            Self::ServersUpdate => "servers.update",
            Self::ServersDelete => "servers.delete",
            Self::RolesChange => "roles.change",
            Self::UserUpdateRoles => "user.update-roles",
            Self::UsersUpdate => "users.update",
            Self::UsersDelete => "users.delete",
            Self::ChannelsSendMessage => "channels.send-message",
            Self::UsersEvents => "users.events",
            Self::AuditAppend => "audit.append",
        }
    }

    /// The topic of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }

    /// Whether all its records carry a signature: they are shown to people without a look at a database.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::ChannelsSendMessage | Self::UsersEvents)
    }

    /// How long it keeps records. A segment is deleted as a whole, an hour of records at most, so that what a channel's topic
    /// holds is gone within 24 hours. What a node missed for longer it reads from the databases anyway.
    const fn retention_ms(self) -> u64 {
        match self {
            Self::AuditAppend => 7 * 24 * HOUR_MS,
            _ => 22 * HOUR_MS,
        }
    }
}

/// Where a record goes, and the text of its key: the id of the server, channel or person whose order counts.
///
/// A signal goes with what it is about, so presence goes with the person although servers are told.
#[must_use]
pub fn route(record: &Record) -> (Topic, String) {
    match record {
        Record::Stream(event) => match (event.stream, &event.body) {
            (StreamKey::Channel(channel), _) => (Topic::ChannelsSendMessage, channel.to_string()),
            (StreamKey::User(user), _) => (Topic::UsersEvents, user.to_string()),
            (StreamKey::Server(server), EventBody::Server(change)) => (topic_of(change), server.to_string()),
            (StreamKey::Server(server), _) => (Topic::ServersUpdate, server.to_string()),
        },
        Record::Server(event) => (topic_of(&event.change), event.server.to_string()),
        Record::User { user, .. } => (Topic::UsersUpdate, user.id.to_string()),
        // The order of these does not count, and whose it is need not be known.
        Record::SignOut(SignOut { ended: Ended::Session(name) | Ended::Subject(name), .. }) => {
            (Topic::UsersUpdate, name.clone())
        }
        Record::Signal { stream, signal } => match (signal, stream) {
            (Signal::Activity(activity), _) => (Topic::ChannelsSendMessage, activity.channel.to_string()),
            (Signal::Typing(_), StreamKey::Channel(channel)) => {
                (Topic::ChannelsSendMessage, channel.to_string())
            }
            (Signal::Typing(user) | Signal::Presence { user, .. }, _) => {
                (Topic::UsersEvents, user.to_string())
            }
            (Signal::User(user), _) => (Topic::UsersEvents, user.id.to_string()),
            (Signal::ReadState { .. }, StreamKey::User(user)) => (Topic::UsersEvents, user.to_string()),
            (Signal::ReadState { channel, .. }, _) => (Topic::ChannelsSendMessage, channel.to_string()),
        },
    }
}

const fn topic_of(change: &ServerChange) -> Topic {
    match change {
        ServerChange::ServerCreated(_) | ServerChange::ServerUpdated(_) => Topic::ServersUpdate,
        ServerChange::ServerDeleted(_) => Topic::ServersDelete,
        ServerChange::ChannelCreated(_) => Topic::ChannelsCreate,
        ServerChange::ChannelDeleted(_) => Topic::ChannelsDelete,
        ServerChange::ChannelUpdated(_)
        | ServerChange::CategoryCreated(_)
        | ServerChange::CategoryUpdated(_)
        | ServerChange::CategoryDeleted(_) => Topic::ChannelsUpdate,
        ServerChange::RoleCreated(_) | ServerChange::RoleUpdated(_) | ServerChange::RoleDeleted(_) => {
            Topic::RolesChange
        }
        ServerChange::MemberJoined { .. } => Topic::UserJoinServer,
        ServerChange::MemberUpdated(_) => Topic::UserUpdateRoles,
        ServerChange::MemberRemoved { .. } | ServerChange::MemberBanned { .. } => Topic::UserLeaveServer,
    }
}

/// Why topics could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// Kafka did not answer.
    #[error("Kafka did not answer")]
    Kafka(#[from] KafkaError),
    /// Kafka refused one.
    #[error("the topic {name} could not be created: {code}")]
    Refused {
        /// Its whole name.
        name: String,
        /// Why.
        code: RDKafkaErrorCode,
    },
}

/// Makes the topics that are not there yet. One that is there stays as it is, whatever its settings.
pub async fn create_topics(options: &KafkaOptions, topics: &[Topic]) -> Result<(), TopicError> {
    let admin: AdminClient<Outage> = options.config().create_with_context(Outage::new("admin"))?;
    let drafts: Vec<_> = topics.iter().map(|topic| Draft::of(options, *topic)).collect();
    let wanted: Vec<_> = drafts.iter().map(|draft| draft.topic(options)).collect();
    let patience = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
    for answer in admin.create_topics(&wanted, &patience).await? {
        match answer {
            Ok(name) => tracing::info!(topic = name, "a topic was created"),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(TopicError::Refused { name, code }),
        }
    }
    Ok(())
}

/// The texts that a new topic's settings are made of.
struct Draft {
    name: String,
    retention_ms: String,
    in_sync: &'static str,
}

impl Draft {
    fn of(options: &KafkaOptions, topic: Topic) -> Self {
        Self {
            name: options.name_of(topic),
            retention_ms: topic.retention_ms().to_string(),
            in_sync: if options.replication >= 3 { "2" } else { "1" },
        }
    }

    fn topic<'a>(&'a self, options: &KafkaOptions) -> NewTopic<'a> {
        NewTopic::new(&self.name, options.partitions, TopicReplication::Fixed(options.replication))
            .set("cleanup.policy", "delete")
            .set("retention.ms", &self.retention_ms)
            .set("segment.ms", "3600000")
            // The brokers' clock, so that no record outlives its time because a sender's clock is wrong.
            .set("message.timestamp.type", "LogAppendTime")
            .set("min.insync.replicas", self.in_sync)
    }
}
