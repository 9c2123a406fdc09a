//! People, servers and messages of the town.

use std::time::Duration;

use echopulse_protocol::event::{
    Author, Channel, ChannelKind, Envelope, EventBody, JoinPolicy, Level, Member, Mentions, Message,
    Presence, ReplyTo, Role, Server, User, UserKind,
};
use echopulse_protocol::id::{ChannelId, Epoch, MessageId, RoleId, Seq, ServerId, Stream, Timestamp, UserId};
use echopulse_protocol::permission::Permission;
use echopulse_protocol::rest::{
    ChannelPermissions, HistoryPage, MemberDetail, Range, ReadState, ServerDetail, UserPresence,
};

use super::super::effect::{Effect, HistoryAt};
use super::super::event::Event;
use super::super::{App, Start};
use super::{Client, NOW};

pub(crate) const ADA: UserId = UserId::from_u128(0xada);
pub(crate) const GRACE: UserId = UserId::from_u128(0x9c);
pub(crate) const DEPLOY: UserId = UserId::from_u128(0xde);
pub(crate) const LIN: UserId = UserId::from_u128(0x11);
pub(crate) const LYON: ServerId = ServerId::from_u128(0x1707);
pub(crate) const LAB: ServerId = ServerId::from_u128(0x1ab);
pub(crate) const ANNOUNCEMENTS: ChannelId = ChannelId::from_u128(0xc0);
pub(crate) const GENERAL: ChannelId = ChannelId::from_u128(0xc1);
pub(crate) const HELP: ChannelId = ChannelId::from_u128(0xc2);
pub(crate) const BACKUPS: ChannelId = ChannelId::from_u128(0xc3);
pub(crate) const EPOCH: Epoch = Epoch(7);

const MINUTE: i64 = 60_000;
/// 09:12 of the town's day.
const MORNING: i64 = NOW.0 - 53 * MINUTE;

pub(crate) fn user(id: UserId, username: &str, kind: UserKind) -> User {
    let (username, display_name) = (username.to_owned(), username.to_owned());
    User { id, username, display_name, bio: String::new(), kind, created_at: Timestamp(0) }
}

pub(crate) fn server(id: ServerId, name: &str, owner_id: UserId) -> Server {
    Server {
        id,
        name: name.to_owned(),
        description: String::new(),
        owner_id,
        join_policy: JoinPolicy::Invite,
        default_level: Level::All,
        retention_days: None,
        created_at: Timestamp(0),
    }
}

pub(crate) fn channel(id: ChannelId, name: &str, topic: &str, position: u32) -> Channel {
    Channel {
        id,
        kind: ChannelKind::Text,
        name: name.to_owned(),
        topic: topic.to_owned(),
        category_id: None,
        position,
        slow_mode_s: 0,
        retention_days: None,
        overrides: Vec::new(),
    }
}

/// What a plain member may do.
pub(crate) const PLAIN: &[Permission] =
    &[Permission::CreateInvite, Permission::ViewChannel, Permission::SendMessages, Permission::AddReactions];

pub(crate) fn detail(server: Server, channels: Vec<Channel>, permissions: &[Permission]) -> ServerDetail {
    let of =
        |channel: &Channel| ChannelPermissions { channel_id: channel.id, permissions: permissions.to_vec() };
    let everyone = Role {
        id: RoleId::from_u128(server.id.as_u128()),
        name: "everyone".to_owned(),
        description: String::new(),
        colour: None,
        permissions: PLAIN.to_vec(),
        position: 0,
        mentionable: false,
    };
    let moderator =
        Role { id: RoleId::from_u128(0x30d), name: "mod".to_owned(), position: 1, ..everyone.clone() };
    ServerDetail {
        channel_permissions: channels.iter().map(of).collect(),
        channels,
        categories: Vec::new(),
        roles: vec![everyone, moderator],
        member: None,
        permissions: permissions.to_vec(),
        epoch: EPOCH,
        seq: Seq(9),
        server,
    }
}

pub(crate) fn member(user: User, roles: &[u128]) -> MemberDetail {
    let member = Member {
        user_id: user.id,
        nickname: None,
        role_ids: roles.iter().map(|role| RoleId::from_u128(*role)).collect(),
        joined_at: Timestamp(0),
        timeout_until: None,
    };
    MemberDetail { member, user }
}

/// A message of `author`, `minutes` after 09:12.
pub(crate) fn message(seq: u64, author: (UserId, &str), minutes: i64, content: &str) -> Message {
    Message {
        id: MessageId::from_u128(0x3e55_0000 + u128::from(seq)),
        channel_id: GENERAL,
        seq: Seq(seq),
        revision: Seq(seq),
        nonce: String::new(),
        author: Author {
            id: author.0,
            kind: if author.0 == DEPLOY { UserKind::Bot } else { UserKind::Person },
            name: author.1.to_owned(),
        },
        content: content.to_owned(),
        reply_to: None,
        mentions: Mentions::default(),
        pinned: false,
        created_at: Timestamp(MORNING + minutes * MINUTE),
        edited_at: None,
        deleted_at: None,
        deleted_by: None,
    }
}

pub(crate) fn page(items: Vec<Message>, covers: (u64, u64), head: u64) -> HistoryPage {
    let (from, to) = (Seq(covers.0), Seq(covers.1));
    let covers = Range { from, to };
    HistoryPage {
        items,
        referenced: Vec::new(),
        epoch: EPOCH,
        head: Seq(head),
        purged_through: Seq(0),
        covers,
    }
}

/// The talk in #general, with everything a message can be.
pub(crate) fn talk() -> Vec<Message> {
    let (ada, grace, lin, deploy) = ((ADA, "ada"), (GRACE, "grace"), (LIN, "lin"), (DEPLOY, "deploy"));
    let announcements = format!("Morning. The release is out, notes are in <#{ANNOUNCEMENTS}>.");
    let code = "The resume after *sleep* works. This used to hang:\n```rust\nlet mut session = client.connect().await?;\nsession.subscribe(channel, resume_from).await?;\n```";
    let mut talk = vec![
        message(1, ada, 0, &announcements),
        message(2, ada, 0, "Try it and say what **breaks**."),
        message(4, grace, 3, code),
        message(5, grace, 4, "gone"),
        message(6, lin, 29, &format!("<@{ADA}> can I have the mod role for the week-end?")),
        message(7, deploy, 30, "build 812 passed · https://ci.example.org/812"),
    ];
    talk[1].edited_at = Some(Timestamp(MORNING + MINUTE));
    talk[1].revision = Seq(3);
    talk[2].reply_to = Some(ReplyTo { id: talk[1].id, seq: Seq(2), author_id: ADA });
    talk[3].deleted_at = Some(Timestamp(MORNING + 5 * MINUTE));
    talk[3].content = String::new();
    talk[4].mentions.users.push(ADA);
    talk
}

pub(crate) fn read_state(
    channel_id: ChannelId,
    read: u64,
    head: u64,
    unread: u32,
    mentions: u32,
) -> ReadState {
    ReadState { channel_id, read_seq: Seq(read), version: 0, head: Seq(head), unread, mentions }
}

/// A live event of a stream.
pub(crate) fn live(stream: Stream, seq: Option<u64>, body: EventBody) -> Event {
    let envelope = Envelope {
        body,
        version: 1,
        stream,
        epoch: Some(EPOCH),
        seq: seq.map(Seq),
        at: Some(NOW),
        actor_id: None,
    };
    Event::Live { stream, envelope: Box::new(envelope) }
}

/// A new message in #general.
pub(crate) fn created(message: Message) -> Event {
    let seq = message.seq.0;
    live(Stream::Channel(GENERAL), Some(seq), EventBody::MessageCreated { message, referenced: None })
}

/// Everything a person may do in a server of their own.
pub(crate) fn all() -> Vec<Permission> {
    Permission::ALL.to_vec()
}

/// A client signed in as ada, connected, with servers and members, before any channel's history is there.
pub(crate) fn signed_in(size: (u16, u16)) -> Client {
    let mut client = Client::new(Start::Main, size);
    client.event(Event::Ready { user: user(ADA, "ada", UserKind::Person) });
    client.event(Event::Connecting);
    client.event(Event::Connected);
    client
}

/// ada in two servers, #general of Rust Lyon open, its talk loaded, four messages unread before that.
pub(crate) fn in_general(size: (u16, u16)) -> Client {
    let mut client = before_history(size);
    client.event(Event::History {
        channel: GENERAL,
        at: HistoryAt::Around(Seq(5)),
        page: page(talk(), (1, 7), 7),
    });
    client
}

/// The same before the history of #general has come.
pub(crate) fn before_history(size: (u16, u16)) -> Client {
    let mut client = signed_in(size);
    client.event(Event::ReadStates(vec![
        read_state(GENERAL, 4, 7, 2, 1),
        read_state(HELP, 0, 2, 2, 1),
        read_state(BACKUPS, 0, 7, 7, 0),
    ]));
    let (lyon, lab) = (server(LYON, "Rust Lyon", ADA), server(LAB, "Home lab", GRACE));
    client.event(Event::Servers(vec![lyon.clone(), lab.clone()]));
    let mut announcements = channel(ANNOUNCEMENTS, "announcements", "", 0);
    announcements.kind = ChannelKind::Announcement;
    let channels =
        vec![announcements, channel(GENERAL, "general", "welcome, be kind", 1), channel(HELP, "help", "", 2)];
    client.app.to_open = Some(super::super::model::Wanted::Channel(GENERAL));
    client.event(Event::Server(Box::new(detail(lab, vec![channel(BACKUPS, "backups", "", 0)], PLAIN))));
    client.event(Event::Server(Box::new(detail(lyon, channels, &all()))));
    let members = vec![
        member(user(ADA, "ada", UserKind::Person), &[]),
        member(user(GRACE, "grace", UserKind::Person), &[0x30d]),
        member(user(DEPLOY, "deploy", UserKind::Bot), &[]),
        member(user(LIN, "lin", UserKind::Person), &[]),
    ];
    client.event(Event::Members { server: LYON, members });
    let there = |user_id, status| UserPresence { user_id, status };
    client.event(Event::Presence(vec![
        there(ADA, Presence::Online),
        there(GRACE, Presence::Online),
        there(LIN, Presence::Idle),
    ]));
    client
}

/// The connection is lost for that many seconds.
pub(crate) fn lost(seconds: u64) -> Event {
    Event::Lost { retry_in: Duration::from_secs(seconds), reason: "connection reset".to_owned() }
}

/// The posts among effects, as nonce and content.
pub(crate) fn posts(effects: &[Effect]) -> Vec<(String, String)> {
    let post = |effect: &Effect| match effect {
        Effect::Post { nonce, content, .. } => Some((nonce.clone(), content.clone())),
        _ => None,
    };
    effects.iter().filter_map(post).collect()
}

/// The texts of the open channel's messages as the model holds them, in order, waiting ones last.
pub(crate) fn texts(app: &App) -> Vec<String> {
    let Some(timeline) = app.timeline() else { return Vec::new() };
    let keys = std::iter::successors(timeline.first_key(), |key| timeline.next(*key));
    let text = |key| match key {
        super::super::timeline::Key::Message(seq) => {
            timeline.message(seq).map(|m| m.content.as_str().to_owned())
        }
        super::super::timeline::Key::Pending(number) => {
            app.outbox.get(number).map(|entry| format!("~{}", entry.message.content))
        }
        _ => None,
    };
    keys.filter_map(text).collect()
}
