//! Names for ids, and ids for names, as one server knows them.

use echopulse_protocol::id::{ChannelId, RoleId, UserId};

use super::super::composer::mentions;
use super::super::text::markdown::{Kind, Names};
use super::directory::{Directory, ServerEntry};

/// The names of one server, as one person sees them.
#[derive(Clone, Copy)]
pub(crate) struct NamesIn<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) server: Option<&'a ServerEntry>,
    pub(crate) me: UserId,
}

impl NamesIn<'_> {
    fn user(&self, id: UserId) -> (String, Kind) {
        let known = match self.server {
            Some(server) => self.directory.name_in(server, id),
            None => self.directory.person(id).map(|person| person.name.as_str()),
        };
        let kind = if id == self.me { Kind::Me } else { Kind::Mention };
        (format!("@{}", known.unwrap_or("unknown")), kind)
    }

    fn role(&self, id: RoleId) -> Option<(String, Kind)> {
        let server = self.server?;
        let kind = if server.my_roles.contains(&id) { Kind::Me } else { Kind::Mention };
        Some((format!("@{}", server.role(id)?.name), kind))
    }
}

impl Names for NamesIn<'_> {
    fn mention(&self, token: &str) -> Option<(String, Kind)> {
        if token == "@everyone" {
            return Some((token.to_owned(), Kind::Me));
        }
        if let Some(role) = token.strip_prefix("@&") {
            return self.role(role.parse().ok()?);
        }
        if let Some(user) = token.strip_prefix('@') {
            return Some(self.user(user.parse().ok()?));
        }
        let channel: ChannelId = token.strip_prefix('#')?.parse().ok()?;
        let name = self.directory.channel(channel).map_or("unknown", |channel| channel.name.as_str());
        Some((format!("#{name}"), Kind::Mention))
    }
}

impl mentions::Directory for NamesIn<'_> {
    fn person(&self, name: &str) -> Option<String> {
        let server = self.server?;
        let is_called = |user: UserId| {
            self.directory.person(user).is_some_and(|person| person.username.eq_ignore_ascii_case(name))
        };
        let member = server.members.iter().find(|member| is_called(member.user));
        member.map(|member| format!("<@{}>", member.user)).or_else(|| {
            let role = server.roles.iter().find(|role| role.position > 0 && role.name.as_str() == name)?;
            Some(format!("<@&{}>", role.id))
        })
    }

    fn channel(&self, name: &str) -> Option<String> {
        let name = name.to_lowercase();
        let channel = self.server?.channels.iter().find(|channel| channel.name.as_str() == name)?;
        Some(format!("<#{}>", channel.id))
    }

    fn typed(&self, token: &str) -> Option<String> {
        if let Some(role) = token.strip_prefix("@&") {
            return Some(format!("@{}", self.server?.role(role.parse().ok()?)?.name));
        }
        if let Some(user) = token.strip_prefix('@') {
            return Some(format!("@{}", self.directory.person(user.parse().ok()?)?.username));
        }
        let channel: ChannelId = token.strip_prefix('#')?.parse().ok()?;
        Some(format!("#{}", self.server?.channel(channel)?.name))
    }
}
