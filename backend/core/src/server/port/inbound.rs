//! What the server context can be asked. Texts arrive cleaned; lengths, names and rights are judged here.

use super::outbound::{ClientSecret, Page};
use crate::{
    common::{
        BoxFuture, CategoryId, ChannelId, Epoch, Permissions, Seq, ServerId, StoreError, Timestamp, UserId,
        actor::{Actor, Identity},
        community::{Category, Channel, ChannelKind, JoinPolicy, Level, Member, Role, Server, User},
        event::ServerEvent,
        name::InviteCode,
        sign_out::Ended,
    },
    server::{
        error::ServerError,
        kept::RequestKey,
        view::{Ban, Bot, Invite},
    },
};

/// The answer of a use case.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ServerError>>;

/// A field that may be left alone, emptied or set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// It stays.
    #[default]
    Keep,
    /// It is emptied.
    Clear,
    /// It is set.
    Set(T),
}

impl<T> Patch<T> {
    /// The field afterwards.
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value),
        }
    }
}

/// People.
pub trait Accounts: Send + Sync {
    /// Who a token's identity is; makes a new person of an unknown one.
    fn sign_in(&self, identity: Identity) -> Answer<'_, Actor>;
    /// One's own profile.
    fn me(&self, actor: Actor) -> Answer<'_, User>;
    /// Changes one's own profile.
    fn update_me(&self, actor: Actor, display_name: Option<String>, bio: Option<String>) -> Answer<'_, User>;
    /// The profile of somebody one shares a server with.
    fn user(&self, actor: Actor, user: UserId) -> Answer<'_, User>;
}

/// A server to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewServer {
    /// 1-100 characters.
    pub name: String,
    /// 0-300 characters.
    pub description: String,
    /// Who may join without an invite.
    pub join_policy: JoinPolicy,
}

/// What changes about a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// Who may join without an invite.
    pub join_policy: Option<JoinPolicy>,
    /// What members are told about, unless they chose.
    pub default_level: Option<Level>,
    /// Days that messages are kept; the owner's to set.
    pub retention_days: Patch<u16>,
    /// On which states of the server the change may be made. `None`: on any.
    pub on: Option<Vec<Seq>>,
}

/// A server as the asker sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerDetail {
    /// Its row.
    pub server: Server,
    /// The channels that the asker may view, with what they may do there.
    pub channels: Vec<(Channel, Permissions)>,
    /// Headings.
    pub categories: Vec<Category>,
    /// Roles, @everyone included.
    pub roles: Vec<Role>,
    /// The asker's own membership.
    pub member: Option<Member>,
    /// What the asker may do in the server.
    pub permissions: Permissions,
    /// The numbering.
    pub epoch: Epoch,
    /// The last event.
    pub seq: Seq,
}

/// Servers.
pub trait Servers: Send + Sync {
    /// Makes a server with @everyone and #general; the actor owns it.
    fn create(&self, actor: Actor, new: NewServer) -> Answer<'_, Server>;
    /// The servers one is in.
    fn mine(&self, actor: Actor) -> Answer<'_, Vec<Server>>;
    /// Open servers; for instance admins, with `all`, every server.
    fn list(&self, actor: Actor, all: bool, after: Option<String>, limit: usize) -> Answer<'_, Page<Server>>;
    /// One server.
    fn detail(&self, actor: Actor, server: ServerId) -> Answer<'_, ServerDetail>;
    /// Changes a server. Answers it, and the place of its last change.
    fn update(&self, actor: Actor, server: ServerId, patch: ServerPatch) -> Answer<'_, (Server, Seq)>;
    /// Deletes a server; `confirm` is its name.
    fn delete(&self, actor: Actor, server: ServerId, confirm: String) -> Answer<'_, ()>;
    /// Hands a server over to another member.
    fn transfer(&self, actor: Actor, server: ServerId, to: UserId) -> Answer<'_, Server>;
}

/// A channel to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChannel {
    /// 1-64 characters.
    pub name: String,
    /// Text or announcement.
    pub kind: ChannelKind,
    /// 0-1024 characters.
    pub topic: String,
    /// The heading it stands under.
    pub category: Option<CategoryId>,
}

/// What changes about a channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new topic.
    pub topic: Option<String>,
    /// The heading it stands under.
    pub category: Patch<CategoryId>,
    /// Seconds between two messages of one person, 0-21600.
    pub slow_mode_s: Option<u32>,
    /// Days that messages are kept, 1-3650.
    pub retention_days: Patch<u16>,
    /// On which states of the server the change may be made. `None`: on any.
    pub on: Option<Vec<Seq>>,
}

/// Channels.
pub trait Channels: Send + Sync {
    /// Makes a channel, behind the others.
    fn create(&self, actor: Actor, server: ServerId, new: NewChannel) -> Answer<'_, Channel>;
    /// Changes a channel. Answers it, and the place of the server's last change.
    fn update(
        &self,
        actor: Actor,
        server: ServerId,
        channel: ChannelId,
        patch: ChannelPatch,
    ) -> Answer<'_, (Channel, Seq)>;
    /// Deletes a channel and everything in it.
    fn delete(&self, actor: Actor, server: ServerId, channel: ChannelId) -> Answer<'_, ()>;
    /// Puts channels in order: those listed share out the places they had. `on` are the states of the server that the order may
    /// have been made from; `None`: any. Answers the channels, and the place of the server's last change.
    fn order(
        &self,
        actor: Actor,
        server: ServerId,
        order: Vec<(ChannelId, Option<CategoryId>)>,
        on: Option<Vec<Seq>>,
    ) -> Answer<'_, (Vec<Channel>, Seq)>;
}

/// Where one is after joining.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The server.
    pub server: Server,
    /// One's membership.
    pub member: Member,
    /// The numbering.
    pub epoch: Epoch,
    /// The seq to subscribe behind.
    pub seq: Seq,
    /// Whether they were no member before.
    pub newly: bool,
}

/// Members.
pub trait Members: Send + Sync {
    /// Members with their profiles.
    fn list(
        &self,
        actor: Actor,
        server: ServerId,
        query: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> Answer<'_, Page<(Member, User)>>;
    /// One member.
    fn get(&self, actor: Actor, server: ServerId, user: UserId) -> Answer<'_, (Member, User)>;
    /// Joins an open server.
    fn join(&self, actor: Actor, server: ServerId) -> Answer<'_, Joined>;
    /// Adds a bot of the instance, without roles. One that is a member already stays as it is.
    fn add_bot(&self, actor: Actor, server: ServerId, bot: UserId) -> Answer<'_, Joined>;
    /// Leaves.
    fn leave(&self, actor: Actor, server: ServerId) -> Answer<'_, ()>;
    /// Ends somebody's membership.
    fn kick(&self, actor: Actor, server: ServerId, user: UserId) -> Answer<'_, ()>;
    /// Sets a nickname and a timeout.
    fn update(
        &self,
        actor: Actor,
        server: ServerId,
        user: UserId,
        nickname: Patch<String>,
        timeout_until: Patch<Timestamp>,
    ) -> Answer<'_, Member>;
}

/// What an invite leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The code.
    pub code: InviteCode,
    /// The server.
    pub server: Server,
    /// How many members it has.
    pub members: u64,
    /// How the inviter is shown; empty for somebody who is gone.
    pub inviter: String,
}

/// Invites.
pub trait Invites: Send + Sync {
    /// Makes an invite.
    fn create(&self, actor: Actor, server: ServerId, max_uses: u32, max_age_s: u32) -> Answer<'_, Invite>;
    /// Invites that live: one's own, with MANAGE_SERVER all.
    fn list(&self, actor: Actor, server: ServerId) -> Answer<'_, Vec<Invite>>;
    /// What an invite leads to.
    fn preview(&self, actor: Actor, code: InviteCode) -> Answer<'_, Preview>;
    /// Joins by an invite. Who is a member already uses nothing up.
    fn join(&self, actor: Actor, code: InviteCode) -> Answer<'_, Joined>;
    /// Deletes an invite: its maker may, and MANAGE_SERVER.
    fn delete(&self, actor: Actor, code: InviteCode) -> Answer<'_, ()>;
}

/// A ban to be set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewBan {
    /// Why, 0-512 characters.
    pub reason: String,
    /// How long it holds; `None`: for ever.
    pub expires_in_s: Option<u64>,
    /// Messages younger than this go too, 0-604800.
    pub delete_messages_s: u32,
}

/// Making things by requests that are made once: one that is sent again under its key is answered the same and makes nothing.
/// Another request under the same key is [`Refusal::KeyReused`], one that is at work at this moment [`Refusal::InProgress`].
///
/// [`Refusal::KeyReused`]: crate::server::error::Refusal::KeyReused
/// [`Refusal::InProgress`]: crate::server::error::Refusal::InProgress
pub trait MakingOnce: Send + Sync {
    /// As [`Servers::create`].
    fn server(&self, actor: Actor, key: RequestKey, new: NewServer) -> Answer<'_, Server>;
    /// As [`Channels::create`].
    fn channel(
        &self,
        actor: Actor,
        key: RequestKey,
        server: ServerId,
        new: NewChannel,
    ) -> Answer<'_, Channel>;
    /// As [`Invites::create`].
    fn invite(
        &self,
        actor: Actor,
        key: RequestKey,
        server: ServerId,
        max_uses: u32,
        max_age_s: u32,
    ) -> Answer<'_, Invite>;
}

/// Bans.
pub trait Bans: Send + Sync {
    /// Bans that hold.
    fn list(
        &self,
        actor: Actor,
        server: ServerId,
        after: Option<String>,
        limit: usize,
    ) -> Answer<'_, Page<Ban>>;
    /// Bans somebody, member or not, and ends their membership.
    fn ban(&self, actor: Actor, server: ServerId, user: UserId, ban: NewBan) -> Answer<'_, Ban>;
    /// Lifts a ban.
    fn lift(&self, actor: Actor, server: ServerId, user: UserId) -> Answer<'_, ()>;
}

/// A bot that was just made, and the only time that its secret is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBot {
    /// It.
    pub bot: Bot,
    /// What it signs in with.
    pub secret: ClientSecret,
}

/// Bots that a server makes. Whoever holds MANAGE_SERVER there makes and manages them; bots make none.
pub trait Bots: Send + Sync {
    /// Makes a bot: a client of the issuer, its account, and a membership without roles.
    fn create(&self, actor: Actor, server: ServerId, name: String) -> Answer<'_, NewBot>;
    /// The bots that a server made.
    fn list(&self, actor: Actor, server: ServerId) -> Answer<'_, Vec<Bot>>;
    /// Gives a bot another secret. The old one, and everything that was opened with it, ends.
    fn rotate(&self, actor: Actor, server: ServerId, bot: UserId) -> Answer<'_, NewBot>;
    /// Takes a bot away: its client, its sessions and all its memberships. What it wrote stays.
    fn revoke(&self, actor: Actor, server: ServerId, bot: UserId) -> Answer<'_, ()>;
}

/// What the chat service asks.
pub trait Catalogue: Send + Sync {
    /// A server's changes behind `after`.
    fn events(
        &self,
        server: ServerId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ServerEvent>, StoreError>>;
    /// Where a channel belongs.
    fn server_of_channel(&self, channel: ChannelId) -> BoxFuture<'_, Result<Option<ServerId>, StoreError>>;
}

/// The notice that a sign-in ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOutNews {
    /// The issuer, as people of it are known here.
    pub iss: String,
    /// What ended.
    pub ended: Ended,
    /// When, by the issuer's clock.
    pub at: Timestamp,
    /// What the issuer calls the notice, if it may come twice.
    pub token: Option<String>,
}

/// The end of sign-ins.
pub trait SignOuts: Send + Sync {
    /// Refuses the tokens of what ended, here at once and soon on every instance, until none can live any more. `false`: this
    /// very notice came before, and changes nothing. On an error it holds on this instance only.
    fn end(&self, news: SignOutNews) -> BoxFuture<'_, Result<bool, StoreError>>;
}
