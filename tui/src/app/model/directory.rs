//! Servers, channels, people: what the person may see, and what they may do there.

use std::collections::HashMap;

use echopulse_protocol::event::{ChannelKind, Presence};
use echopulse_protocol::id::{ChannelId, Epoch, RoleId, Seq, ServerId, UserId};
use echopulse_protocol::permission::Permission;

use super::super::text::Shown;

/// Everything with a name.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// In the order of the sidebar.
    pub(crate) servers: Vec<ServerEntry>,
    /// Whether the list of servers has come from the backend.
    pub(crate) is_loaded: bool,
    people: HashMap<UserId, Person>,
    presence: HashMap<UserId, Presence>,
}

/// A server.
#[derive(Debug)]
pub(crate) struct ServerEntry {
    pub(crate) id: ServerId,
    pub(crate) name: Shown,
    pub(crate) owner: UserId,
    /// By position.
    pub(crate) channels: Vec<ChannelEntry>,
    pub(crate) roles: Vec<RoleEntry>,
    /// By name; empty until somebody looks.
    pub(crate) members: Vec<MemberEntry>,
    pub(crate) my_roles: Vec<RoleId>,
    pub(crate) rights: Vec<Permission>,
    /// Where to follow its stream from, once its details are known.
    pub(crate) position: Option<(Epoch, Seq)>,
    pub(crate) is_folded: bool,
    pub(crate) load: Load,
    pub(crate) members_asked: bool,
}

/// How far the details of a server are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Load {
    #[default]
    Known,
    /// They are being read.
    Asked,
    /// They are being read and have changed since.
    Stale,
}

/// A channel of a server.
#[derive(Clone, Debug)]
pub(crate) struct ChannelEntry {
    pub(crate) id: ChannelId,
    pub(crate) name: Shown,
    pub(crate) topic: Shown,
    pub(crate) kind: ChannelKind,
    pub(crate) position: u32,
    pub(crate) rights: Vec<Permission>,
}

/// A role of a server.
#[derive(Clone, Debug)]
pub(crate) struct RoleEntry {
    pub(crate) id: RoleId,
    pub(crate) name: Shown,
    pub(crate) position: u32,
}

/// A member of a server.
#[derive(Clone, Debug)]
pub(crate) struct MemberEntry {
    pub(crate) user: UserId,
    pub(crate) nickname: Option<Shown>,
    pub(crate) roles: Vec<RoleId>,
}

/// A person or a bot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    /// Unique in the deployment; what one types after `@`.
    pub(crate) username: Shown,
    /// What is shown.
    pub(crate) name: Shown,
    pub(crate) is_bot: bool,
}

impl Directory {
    pub(crate) fn server(&self, id: ServerId) -> Option<&ServerEntry> {
        self.servers.iter().find(|server| server.id == id)
    }

    pub(crate) fn server_mut(&mut self, id: ServerId) -> Option<&mut ServerEntry> {
        self.servers.iter_mut().find(|server| server.id == id)
    }

    /// The server that has a channel.
    pub(crate) fn server_of(&self, channel: ChannelId) -> Option<&ServerEntry> {
        self.servers.iter().find(|server| server.channel(channel).is_some())
    }

    pub(crate) fn channel(&self, id: ChannelId) -> Option<&ChannelEntry> {
        self.servers.iter().find_map(|server| server.channel(id))
    }

    pub(crate) fn person(&self, id: UserId) -> Option<&Person> {
        self.people.get(&id)
    }

    pub(crate) fn know(&mut self, person: Person) {
        self.people.insert(person.id, person);
    }

    pub(crate) fn presence(&self, id: UserId) -> Presence {
        self.presence.get(&id).copied().unwrap_or(Presence::Offline)
    }

    pub(crate) fn set_presence(&mut self, id: UserId, presence: Presence) {
        match presence {
            Presence::Offline => self.presence.remove(&id),
            there => self.presence.insert(id, there),
        };
    }

    /// Takes a server in, in place of what was known of it; what only the client knows of it stays.
    pub(crate) fn put(&mut self, mut server: ServerEntry) {
        match self.server_mut(server.id) {
            Some(known) => {
                server.is_folded = known.is_folded;
                server.members = std::mem::take(&mut known.members);
                server.members_asked = known.members_asked;
                *known = server;
            }
            None => self.servers.push(server),
        }
    }

    pub(crate) fn remove(&mut self, id: ServerId) {
        self.servers.retain(|server| server.id != id);
    }

    /// What a member is called in a server.
    pub(crate) fn name_in<'a>(&'a self, server: &'a ServerEntry, user: UserId) -> Option<&'a str> {
        let nickname =
            server.members.iter().find(|member| member.user == user).and_then(|m| m.nickname.as_deref());
        nickname.or_else(|| self.person(user).map(|person| person.name.as_str()))
    }

    /// Puts the members of a server in the order in which they are shown.
    pub(crate) fn sort_members(&mut self, id: ServerId) {
        let people = std::mem::take(&mut self.people);
        if let Some(server) = self.server_mut(id) {
            server.members.sort_by_cached_key(|member| {
                let name =
                    member.nickname.as_deref().or_else(|| people.get(&member.user).map(|p| p.name.as_str()));
                name.unwrap_or_default().to_lowercase()
            });
        }
        self.people = people;
    }
}

impl ServerEntry {
    /// A server of which only the name is known.
    pub(crate) fn named(id: ServerId, name: Shown, owner: UserId) -> Self {
        Self {
            id,
            name,
            owner,
            channels: Vec::new(),
            roles: Vec::new(),
            members: Vec::new(),
            my_roles: Vec::new(),
            rights: Vec::new(),
            position: None,
            is_folded: false,
            load: Load::Known,
            members_asked: false,
        }
    }

    pub(crate) fn channel(&self, id: ChannelId) -> Option<&ChannelEntry> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    pub(crate) fn role(&self, id: RoleId) -> Option<&RoleEntry> {
        self.roles.iter().find(|role| role.id == id)
    }

    /// The highest role of a member that is more than @everyone.
    pub(crate) fn top_role(&self, member: &MemberEntry) -> Option<&RoleEntry> {
        let roles = member.roles.iter().filter_map(|id| self.role(*id)).filter(|role| role.position > 0);
        roles.max_by_key(|role| role.position)
    }

    /// Whether the person may do that in the server.
    pub(crate) fn allows(&self, permission: Permission) -> bool {
        self.rights.contains(&permission)
    }
}

impl ChannelEntry {
    /// Whether the person may do that in the channel.
    pub(crate) fn allows(&self, permission: Permission) -> bool {
        self.rights.contains(&permission)
    }
}
