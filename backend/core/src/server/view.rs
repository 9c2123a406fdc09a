//! A server as its store shows it under the lock, and what may change about it.

use std::{collections::BTreeMap, time::Duration};

use super::kept::KeptAnswer;
use crate::common::{
    ChannelId, Epoch, Permission, Permissions, RoleId, Seq, ServerId, Timestamp, UserId,
    access::{self, Rank, Standing},
    actor::Actor,
    community::{Category, Channel, Member, Role, Server, User},
    event::ServerChange,
    name::{InviteCode, Username},
};

/// What a decision has to see of a server, besides its row, channels, categories and roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Which server.
    pub server: ServerId,
    /// People whose profile, membership, ban, surviving timeout and number of servers are looked at.
    pub people: Vec<UserId>,
    /// The invite that is looked at.
    pub invite: Option<InviteCode>,
    /// Whether the bots that it made are looked at.
    pub bots: bool,
}

impl Scope {
    /// A scope of one person.
    #[must_use]
    pub fn of(server: ServerId, person: UserId) -> Self {
        Self { server, people: vec![person], invite: None, bots: false }
    }

    /// A scope of two people, who may be one.
    #[must_use]
    pub fn of_two(server: ServerId, first: UserId, second: UserId) -> Self {
        let people = if first == second { vec![first] } else { vec![first, second] };
        Self { server, people, invite: None, bots: false }
    }
}

/// An invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Its code.
    pub code: InviteCode,
    /// Where it leads.
    pub server: ServerId,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// How often it may be used; 0: any number.
    pub max_uses: u32,
    /// How long it lives; 0: for ever.
    pub max_age_s: u32,
    /// How often it was used.
    pub uses: u32,
}

impl Invite {
    /// Whether it can be used at `now`.
    #[must_use]
    pub fn lives(&self, now: Timestamp) -> bool {
        let age = std::time::Duration::from_secs(self.max_age_s.into());
        (self.max_uses == 0 || self.uses < self.max_uses)
            && (self.max_age_s == 0 || self.created_at.after(age) > now)
    }
}

/// A ban.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Who.
    pub user: UserId,
    /// Why, 0-512 characters.
    pub reason: String,
    /// By whom.
    pub created_by: UserId,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl Ban {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}

/// A bot that a server made: a client of the issuer, and the account that the client signs in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bot {
    /// The account.
    pub user: UserId,
    /// What its maker called it, unique in the instance.
    pub name: Username,
    /// What the issuer knows the client as.
    pub client_id: String,
    /// The issuer, as people of it are known here.
    pub iss: String,
    /// The issuer's own name for the account: what its tokens say.
    pub sub: String,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
}

/// What the store knows of one person in one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Their profile. `None`: nobody we know.
    pub user: Option<User>,
    /// Their membership.
    pub member: Option<Member>,
    /// Their ban, whether it still holds or not.
    pub ban: Option<Ban>,
    /// A timeout that outlived a membership.
    pub timeout_until: Option<Timestamp>,
    /// How many servers they are in.
    pub servers: u64,
}

/// A server as its store shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerView {
    /// Its row.
    pub server: Server,
    /// Its numbering.
    pub epoch: Epoch,
    /// Its last event.
    pub seq: Seq,
    /// Its channels, in their order.
    pub channels: Vec<Channel>,
    /// Its headings, in their order.
    pub categories: Vec<Category>,
    /// Its roles, @everyone included.
    pub roles: Vec<Role>,
    /// The people that the scope names.
    pub people: BTreeMap<UserId, Person>,
    /// The invite that the scope names, if it is this server's.
    pub invite: Option<Invite>,
    /// How many members there are.
    pub members: u64,
    /// How many invites live.
    pub live_invites: u64,
    /// The bots that it made, by account, if the scope asks for them.
    pub bots: Vec<Bot>,
}

impl ServerView {
    /// What the scope's answer knows of somebody; nothing, if the scope did not name them.
    #[must_use]
    pub fn person(&self, user: UserId) -> Person {
        self.people.get(&user).cloned().unwrap_or_default()
    }

    /// A membership.
    #[must_use]
    pub fn member(&self, user: UserId) -> Option<&Member> {
        self.people.get(&user)?.member.as_ref()
    }

    /// A bot that this server made.
    #[must_use]
    pub fn bot(&self, user: UserId) -> Option<&Bot> {
        self.bots.iter().find(|bot| bot.user == user)
    }

    /// A channel of this server.
    #[must_use]
    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    /// Everything that somebody's rights depend on.
    #[must_use]
    pub fn standing<'a>(
        &'a self,
        user: UserId,
        admin: bool,
        channel: Option<&'a Channel>,
        now: Timestamp,
    ) -> Standing<'a> {
        Standing {
            suspended: false,
            instance_admin: admin,
            owner: self.server.owner == user,
            member: self.member(user),
            roles: &self.roles,
            channel,
            now,
        }
    }

    /// How long somebody may still do nothing but look.
    #[must_use]
    pub fn silenced(&self, user: UserId, now: Timestamp) -> Option<Duration> {
        let until = self.member(user)?.timeout_until?;
        Some(until.since(now)).filter(|left| !left.is_zero())
    }

    /// What the actor may do, in the server or in one of its channels.
    #[must_use]
    pub fn permissions(&self, actor: Actor, channel: Option<&Channel>, now: Timestamp) -> Permissions {
        access::permissions(&self.standing(actor.user, actor.admin, channel, now))
    }

    /// How high somebody stands. Instance admins stand above all, when they act.
    #[must_use]
    pub fn rank(&self, user: UserId, admin: bool, now: Timestamp) -> Rank {
        Rank::of(&self.standing(user, admin, None, now))
    }

    /// Whether the actor sees that the server exists: members do, and instance admins.
    #[must_use]
    pub fn is_seen_by(&self, actor: Actor) -> bool {
        actor.admin || self.member(actor.user).is_some()
    }

    /// Whether the actor sees a channel: who may view it, and who may manage channels in any server.
    #[must_use]
    pub fn sees_channel(&self, actor: Actor, channel: &Channel, now: Timestamp) -> bool {
        actor.admin || self.permissions(actor, Some(channel), now).contains(Permission::ViewChannel)
    }

    /// The id of @everyone.
    #[must_use]
    pub const fn everyone(&self) -> RoleId {
        RoleId::everyone(self.server.id)
    }
}

/// What changes about a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Something that followers are told, under the server's next seq.
    Event(ServerChange),
    /// An invite was made.
    InviteMade(Invite),
    /// An invite was used once more.
    InviteUsed(InviteCode),
    /// An invite is gone.
    InviteDeleted(InviteCode),
    /// All invites that somebody made are gone.
    InvitesOfDeleted(UserId),
    /// A ban holds from now on, instead of an older one.
    BanSet(Ban),
    /// A ban is gone.
    BanLifted(UserId),
    /// A bot was made.
    BotMade(Bot),
    /// A bot is gone.
    BotGone(UserId),
    /// The request is answered, and so is everybody who sends it again.
    Answered(Box<KeptAnswer>),
}
