//! What the stores in memory hold, and how it changes.

use std::collections::{BTreeMap, HashMap};

use super::people::{Arrival, People};
use crate::{
    common::{
        CategoryId, ChannelId, Epoch, RoleId, Seq, ServerId, Timestamp, UserId,
        community::{Category, Channel, Member, Role, Server, User},
        event::{ServerChange, ServerEvent},
        name::InviteCode,
        sign_out::SignOut,
    },
    server::{
        kept::KeptAnswer,
        port::outbound::{Founding, OutboxRecord, ProfileChange, Unfounded},
        view::{Ban, Bot, Change, Invite, Person, Scope, ServerView},
    },
};

#[derive(Default)]
pub(super) struct State {
    pub(super) people: People,
    pub(super) servers: BTreeMap<ServerId, Kept>,
    /// Outlive their servers.
    pub(super) logs: HashMap<ServerId, Vec<ServerEvent>>,
    pub(super) outbox: BTreeMap<u64, Row>,
    pub(super) answers: BTreeMap<(UserId, String), KeptAnswer>,
    pub(super) sign_outs: Vec<Remembered>,
    rows: u64,
}

/// A row for the bus. A person's row shows the profile as it is when it is read.
pub(super) enum Row {
    Server(ServerEvent),
    User(UserId),
    SignOut(SignOut),
}

/// A sign-out, when it was remembered, and what its issuer calls the notice of it.
pub(super) struct Remembered {
    pub(super) sign_out: SignOut,
    pub(super) at: Timestamp,
    token: Option<String>,
}

pub(super) struct Kept {
    pub(super) server: Server,
    epoch: Epoch,
    pub(super) channels: BTreeMap<ChannelId, Channel>,
    categories: BTreeMap<CategoryId, Category>,
    roles: BTreeMap<RoleId, Role>,
    pub(super) members: BTreeMap<UserId, Member>,
    timeouts: BTreeMap<UserId, Timestamp>,
    pub(super) invites: BTreeMap<InviteCode, Invite>,
    pub(super) bans: BTreeMap<UserId, Ban>,
    bots: BTreeMap<UserId, Bot>,
}

impl Kept {
    fn new(server: Server, epoch: Epoch) -> Self {
        Self {
            server,
            epoch,
            channels: BTreeMap::new(),
            categories: BTreeMap::new(),
            roles: BTreeMap::new(),
            members: BTreeMap::new(),
            timeouts: BTreeMap::new(),
            invites: BTreeMap::new(),
            bans: BTreeMap::new(),
            bots: BTreeMap::new(),
        }
    }

    fn take(&mut self, change: ServerChange) {
        match change {
            ServerChange::ServerCreated(server) | ServerChange::ServerUpdated(server) => self.server = server,
            ServerChange::ChannelCreated(channel) | ServerChange::ChannelUpdated(channel) => {
                self.channels.insert(channel.id, channel);
            }
            ServerChange::ChannelDeleted(id) => drop(self.channels.remove(&id)),
            ServerChange::CategoryCreated(category) | ServerChange::CategoryUpdated(category) => {
                self.categories.insert(category.id, category);
            }
            ServerChange::CategoryDeleted(id) => {
                self.categories.remove(&id);
                let freed = self.channels.values_mut().filter(|channel| channel.category == Some(id));
                freed.for_each(|channel| channel.category = None);
            }
            ServerChange::RoleCreated(role) | ServerChange::RoleUpdated(role) => {
                self.roles.insert(role.id, role);
            }
            ServerChange::RoleDeleted(id) => drop(self.roles.remove(&id)),
            ServerChange::MemberJoined { member, .. } | ServerChange::MemberUpdated(member) => {
                self.timeouts.remove(&member.user);
                self.members.insert(member.user, member);
            }
            ServerChange::MemberRemoved { user, .. } => {
                let timeout = self.members.remove(&user).and_then(|member| member.timeout_until);
                self.timeouts.extend(timeout.map(|until| (user, until)));
            }
            // The ban is a change of its own, and a deleted server is gone as a whole.
            ServerChange::MemberBanned { .. } | ServerChange::ServerDeleted(_) => {}
        }
    }
}

fn in_order<T>(items: impl Iterator<Item = T>, position: impl Fn(&T) -> u32) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_by_key(position);
    items
}

impl State {
    fn leave_for_bus(&mut self, row: Row) {
        self.rows += 1;
        self.outbox.insert(self.rows, row);
    }

    pub(super) fn pending(&self, limit: usize) -> Vec<(u64, OutboxRecord)> {
        let record = |row: &Row| match row {
            Row::Server(event) => Some(OutboxRecord::Server(event.clone())),
            Row::User(id) => {
                self.people.newest(*id).map(|(user, revision)| OutboxRecord::User { user, revision })
            }
            Row::SignOut(sign_out) => Some(OutboxRecord::SignOut(sign_out.clone())),
        };
        self.outbox.iter().filter_map(|(number, row)| Some((*number, record(row)?))).take(limit).collect()
    }

    pub(super) fn remember(&mut self, sign_out: SignOut, token: Option<String>, now: Timestamp) -> bool {
        self.sign_outs.retain(|known| known.sign_out.until > now);
        let came = |known: &Remembered| known.sign_out.iss == sign_out.iss && known.token == token;
        if token.is_some() && self.sign_outs.iter().any(came) {
            return false;
        }
        self.sign_outs.push(Remembered { sign_out: sign_out.clone(), at: now, token });
        self.leave_for_bus(Row::SignOut(sign_out));
        true
    }

    pub(super) fn sign_in(&mut self, arrival: Arrival) -> User {
        let (user, changed) = self.people.sign_in(arrival);
        if changed {
            self.leave_for_bus(Row::User(user.id));
        }
        user
    }

    pub(super) fn change_profile(&mut self, id: UserId, change: ProfileChange) -> Option<User> {
        let (user, changed) = self.people.change(id, change)?;
        if changed {
            self.leave_for_bus(Row::User(id));
        }
        Some(user)
    }

    fn servers_of(&self, user: UserId) -> u64 {
        self.servers.values().filter(|kept| kept.members.contains_key(&user)).count() as u64
    }

    pub(super) fn found(&mut self, founding: Founding) -> Result<Vec<ServerEvent>, Unfounded> {
        let Founding { at, server, epoch, everyone, channel, member, limit, kept } = founding;
        let (id, owner) = (server.id, member.user);
        let user = self.people.user(owner).ok_or(Unfounded::TooMany)?;
        if self.servers_of(owner) >= limit {
            return Err(Unfounded::TooMany);
        }
        if kept.is_some_and(|kept| !self.keep(kept)) {
            return Err(Unfounded::Answered);
        }
        self.servers.insert(id, Kept::new(server.clone(), epoch));
        let changes = [
            ServerChange::ServerCreated(server),
            ServerChange::RoleCreated(everyone),
            ServerChange::ChannelCreated(channel),
            ServerChange::MemberJoined { member, user },
        ];
        Ok(changes.into_iter().filter_map(|change| self.tell(id, at, owner, change)).collect())
    }

    /// Keeps an answer unless another one holds under its name.
    pub(super) fn keep(&mut self, answer: KeptAnswer) -> bool {
        let key = (answer.user, answer.key.name.clone());
        if self.answers.get(&key).is_some_and(|kept| kept.holds(answer.at)) {
            return false;
        }
        self.answers.insert(key, answer);
        true
    }

    /// Forgets answers of before `at`.
    pub(super) fn forget_answers(&mut self, at: Timestamp, limit: usize) -> u64 {
        let old = self.answers.iter().filter(|(_, kept)| kept.at < at).map(|(key, _)| key.clone());
        let old: Vec<_> = old.take(limit).collect();
        for key in &old {
            self.answers.remove(key);
        }
        old.len() as u64
    }

    fn person(&self, kept: &Kept, user: UserId) -> Person {
        Person {
            user: self.people.user(user),
            member: kept.members.get(&user).cloned(),
            ban: kept.bans.get(&user).cloned(),
            timeout_until: kept.timeouts.get(&user).copied(),
            servers: self.servers_of(user),
        }
    }

    fn head(&self, server: ServerId) -> Seq {
        Seq(self.logs.get(&server).map_or(0, Vec::len) as u64)
    }

    pub(super) fn view(&self, scope: &Scope, now: Timestamp) -> Option<ServerView> {
        let kept = self.servers.get(&scope.server)?;
        Some(ServerView {
            server: kept.server.clone(),
            epoch: kept.epoch,
            seq: self.head(scope.server),
            channels: in_order(kept.channels.values().cloned(), |channel| channel.position),
            categories: in_order(kept.categories.values().cloned(), |category| category.position),
            roles: in_order(kept.roles.values().cloned(), |role| role.position),
            people: scope.people.iter().map(|user| (*user, self.person(kept, *user))).collect(),
            invite: scope.invite.as_ref().and_then(|code| kept.invites.get(code)).cloned(),
            members: kept.members.len() as u64,
            live_invites: kept.invites.values().filter(|invite| invite.lives(now)).count() as u64,
            bots: kept.bots.values().filter(|_| scope.bots).cloned().collect(),
        })
    }

    /// Stores a change; answers its event, if it is one.
    pub(super) fn apply(
        &mut self,
        server: ServerId,
        at: Timestamp,
        actor: UserId,
        change: Change,
    ) -> Option<ServerEvent> {
        if let Change::Event(change) = change {
            return self.tell(server, at, actor, change);
        }
        let kept = self.servers.get_mut(&server)?;
        match change {
            Change::Event(_) | Change::Answered(_) => {}
            Change::InviteMade(invite) => drop(kept.invites.insert(invite.code.clone(), invite)),
            Change::InviteUsed(code) => {
                kept.invites.entry(code).and_modify(|invite| invite.uses += 1);
            }
            Change::InviteDeleted(code) => drop(kept.invites.remove(&code)),
            Change::InvitesOfDeleted(user) => kept.invites.retain(|_, invite| invite.created_by != user),
            Change::BanSet(ban) => drop(kept.bans.insert(ban.user, ban)),
            Change::BanLifted(user) => drop(kept.bans.remove(&user)),
            Change::BotMade(bot) => drop(kept.bots.insert(bot.user, bot)),
            Change::BotGone(user) => drop(kept.bots.remove(&user)),
        }
        None
    }

    /// Gives a change its place, and keeps state, event and row for the bus.
    fn tell(
        &mut self,
        server: ServerId,
        at: Timestamp,
        actor: UserId,
        change: ServerChange,
    ) -> Option<ServerEvent> {
        let seq = self.head(server).next();
        let kept = self.servers.get_mut(&server)?;
        let event =
            ServerEvent { server, epoch: kept.epoch, seq, at, actor: Some(actor), change: change.clone() };
        kept.take(change);
        if matches!(event.change, ServerChange::ServerDeleted(_)) {
            self.servers.remove(&server);
        }
        self.logs.entry(server).or_default().push(event.clone());
        self.leave_for_bus(Row::Server(event.clone()));
        Some(event)
    }
}
