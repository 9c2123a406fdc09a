//! From the words of the wire to those of the model. Every text of others is cleaned here, on its way in.

use echopulse_protocol::event::{self, UserKind};
use echopulse_protocol::id::{RoleId, Seq, UserId};
use echopulse_protocol::permission::Permission;
use echopulse_protocol::rest;

use super::super::event::DeviceCode;
use super::super::text::Shown;
use super::super::timeline::Page;
use super::directory::{ChannelEntry, Load, MemberEntry, Person, RoleEntry, ServerEntry};
use super::message::{Author, AuthorKind, Message, Quoted, Reply};
use super::unread::ReadMark;

/// The last place the client counts to. No honest stream comes near it, and behind it numbers would overflow.
const LAST_PLACE: u64 = u64::MAX >> 1;

/// A place in a stream.
pub(crate) fn place(wire: Seq) -> u64 {
    wire.0.min(LAST_PLACE)
}

/// Who reads, as far as mentions are concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) me: UserId,
    pub(crate) roles: &'a [RoleId],
}

impl Reader<'_> {
    /// Whether a message tells this person something: by id, by role, or as everybody.
    pub(crate) fn is_meant(&self, mentions: &event::Mentions) -> bool {
        let by_role = self.roles.iter().any(|role| mentions.roles.contains(role));
        mentions.everyone || by_role || mentions.users.contains(&self.me)
    }
}

/// A message.
pub(crate) fn message(wire: event::Message, reader: Reader<'_>) -> Message {
    Message {
        id: wire.id,
        seq: place(wire.seq),
        revision: place(wire.revision),
        nonce: wire.nonce,
        author: Author {
            id: wire.author.id,
            name: name(&wire.author.name),
            kind: match wire.author.kind {
                UserKind::Bot => AuthorKind::Bot,
                UserKind::Webhook => AuthorKind::Webhook,
                _ => AuthorKind::Person,
            },
        },
        content: Shown::clean(&wire.content),
        reply_to: wire.reply_to.map(|reply| Reply {
            id: reply.id,
            seq: place(reply.seq),
            author: reply.author_id,
        }),
        mentions_me: reader.is_meant(&wire.mentions),
        created_at: wire.created_at,
        edited: wire.edited_at.is_some(),
        deleted: wire.deleted_at.is_some(),
    }
}

/// A page of history.
pub(crate) fn page(wire: rest::HistoryPage, reader: Reader<'_>) -> Page {
    let message = |wire| message(wire, reader);
    let quotes =
        wire.referenced.into_iter().map(message).map(|quoted: Message| (quoted.id, Quoted::of(&quoted)));
    Page {
        quotes: quotes.collect(),
        messages: wire.items.into_iter().map(message).collect(),
        epoch: wire.epoch,
        head: place(wire.head),
        purged_through: place(wire.purged_through),
        covers: Some((place(wire.covers.from).max(1), place(wire.covers.to))),
    }
}

/// A person.
pub(crate) fn person(wire: &event::User) -> Person {
    Person {
        id: wire.id,
        username: name(&wire.username),
        name: name(&wire.display_name),
        is_bot: wire.kind == UserKind::Bot,
    }
}

/// A server with its details.
pub(crate) fn server(wire: rest::ServerDetail) -> ServerEntry {
    let rights = |id| {
        let found = wire.channel_permissions.iter().find(|rights| rights.channel_id == id);
        found.map_or_else(Vec::new, |rights| rights.permissions.clone())
    };
    let mut channels: Vec<_> = wire.channels.iter().map(|wire| channel(wire, rights(wire.id))).collect();
    channels.sort_by_key(|channel| (channel.position, channel.id));
    ServerEntry {
        channels,
        roles: wire.roles.iter().map(role).collect(),
        my_roles: wire.member.map_or_else(Vec::new, |member| member.role_ids),
        rights: wire.permissions,
        position: Some((wire.epoch, wire.seq)),
        load: Load::Known,
        ..bare_server(&wire.server)
    }
}

/// A server without its details.
pub(crate) fn bare_server(wire: &event::Server) -> ServerEntry {
    ServerEntry::named(wire.id, name(&wire.name), wire.owner_id)
}

/// A channel.
pub(crate) fn channel(wire: &event::Channel, rights: Vec<Permission>) -> ChannelEntry {
    ChannelEntry {
        id: wire.id,
        name: name(&wire.name),
        topic: Shown::line(&wire.topic),
        kind: wire.kind,
        position: wire.position,
        rights,
    }
}

/// A role.
pub(crate) fn role(wire: &event::Role) -> RoleEntry {
    RoleEntry { id: wire.id, name: name(&wire.name), position: wire.position }
}

/// A membership.
pub(crate) fn member(wire: &event::Member) -> MemberEntry {
    MemberEntry {
        user: wire.user_id,
        nickname: wire.nickname.as_deref().map(name),
        roles: wire.role_ids.clone(),
    }
}

/// A read state.
pub(crate) fn read_mark(wire: &rest::ReadState) -> ReadMark {
    ReadMark {
        read: place(wire.read_seq),
        version: wire.version,
        unread: wire.unread,
        mentions: wire.mentions,
        head: place(wire.head),
    }
}

/// What the issuer says a person has to type, which is text of others like any other.
pub(crate) fn device_code(wire: &DeviceCode) -> DeviceCode {
    let line = |text: &str| Shown::line(text).as_str().to_owned();
    DeviceCode {
        user_code: line(&wire.user_code),
        link: line(&wire.link),
        link_with_code: wire.link_with_code.as_deref().map(line),
        expires_at: wire.expires_at,
    }
}

/// A name that is never empty, so that there is always something to see and to click.
fn name(raw: &str) -> Shown {
    let shown = Shown::line(raw);
    match shown.is_empty() {
        true => Shown::line("?"),
        false => shown,
    }
}
