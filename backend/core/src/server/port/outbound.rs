//! What the server context asks of the world. Each method is one whole fact; no transaction crosses a port.

use std::fmt;

use crate::{
    common::{
        BoxFuture, ChannelId, Epoch, Seq, ServerId, StoreError, Timestamp, UserId,
        actor::Identity,
        community::{Channel, Member, Role, Server, User},
        event::ServerEvent,
        name::{InviteCode, Username},
        sign_out::SignOut,
    },
    server::{
        error::Refusal,
        kept::KeptAnswer,
        view::{Ban, Change, Invite, Scope, ServerView},
    },
};

/// Judges a change on what the store shows under the server's lock. Called once at most.
pub type Decide = Box<dyn FnOnce(&ServerView) -> Result<Vec<Change>, Refusal> + Send>;

/// A server to be founded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founding {
    /// When.
    pub at: Timestamp,
    /// Its row.
    pub server: Server,
    /// Its numbering.
    pub epoch: Epoch,
    /// @everyone.
    pub everyone: Role,
    /// Its first channel.
    pub channel: Channel,
    /// The owner's membership.
    pub member: Member,
    /// How many servers the owner may be in.
    pub limit: u64,
    /// The answer, if the request is one that is made once.
    pub kept: Option<KeptAnswer>,
}

/// Why a server was not founded. Nothing was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfounded {
    /// Its owner is in as many as may be, or nobody we know.
    TooMany,
    /// Another request is answered under the key.
    Answered,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What there is.
    pub items: Vec<T>,
    /// Where the next page begins. `None`: this was the last.
    pub next: Option<String>,
}

/// Servers and everything in them.
pub trait ServerStore: Send + Sync {
    /// Founds a server: stores it, @everyone, its channel and its owner's membership, as its events 1 to 4, with their outbox
    /// rows and its kept answer, in one transaction.
    fn found(
        &self,
        founding: Founding,
    ) -> BoxFuture<'_, Result<Result<Vec<ServerEvent>, Unfounded>, StoreError>>;

    /// Changes a server in one transaction: locks its head row, shows `decide` what `scope` names, numbers the events that it
    /// answers densely from the head on, and stores events, outbox rows and state. A refusal stores nothing; a server that
    /// does not exist is [`Refusal::ServerNotFound`] without a question. A deleted server's events stay.
    ///
    /// [`Change::Answered`] is [`Refusal::InProgress`], and nothing stored, if an answer that still holds is kept under that name:
    /// of two requests at the same time one is made.
    fn change(
        &self,
        scope: Scope,
        at: Timestamp,
        actor: UserId,
        decide: Decide,
    ) -> BoxFuture<'_, Result<Result<Vec<ServerEvent>, Refusal>, StoreError>>;

    /// What `scope` names, from one snapshot. `None`: no such server.
    fn view(&self, scope: Scope, now: Timestamp) -> BoxFuture<'_, Result<Option<ServerView>, StoreError>>;

    /// The servers somebody is in, oldest membership first.
    fn servers_of(&self, user: UserId) -> BoxFuture<'_, Result<Vec<Server>, StoreError>>;

    /// All servers, or the open ones, by id, behind `after`.
    fn servers(
        &self,
        open_only: bool,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<Server>, StoreError>>;

    /// Members and their profiles, by user id, behind `after`; with `query` only those whose username, display name or nickname
    /// begins with it, whatever the case.
    fn members(
        &self,
        server: ServerId,
        query: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<(Member, User)>, StoreError>>;

    /// Invites that live, by code; those of one maker, or all.
    fn invites(
        &self,
        server: ServerId,
        made_by: Option<UserId>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Invite>, StoreError>>;

    /// Where an invite leads, whether it lives or not.
    fn server_of_invite(&self, code: InviteCode) -> BoxFuture<'_, Result<Option<ServerId>, StoreError>>;

    /// Bans that hold, by user id, behind `after`.
    fn bans(
        &self,
        server: ServerId,
        now: Timestamp,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<Ban>, StoreError>>;

    /// A server's changes behind `after`, ascending, at most `limit`; of a deleted one too.
    fn events(
        &self,
        server: ServerId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ServerEvent>, StoreError>>;

    /// The answer that is kept for somebody's request of this name, whether it still holds or not.
    fn kept_answer(
        &self,
        user: UserId,
        name: String,
    ) -> BoxFuture<'_, Result<Option<KeptAnswer>, StoreError>>;

    /// Forgets answers of before `at`, `limit` at most. Answers how many.
    fn forget_answers(&self, at: Timestamp, limit: usize) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Where a channel belongs.
    fn server_of_channel(&self, channel: ChannelId) -> BoxFuture<'_, Result<Option<ServerId>, StoreError>>;
}

/// A profile to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileChange {
    /// A new display name.
    pub display_name: Option<String>,
    /// A new bio.
    pub bio: Option<String>,
}

/// People and bots.
pub trait UserStore: Send + Sync {
    /// Who an identity is: the person known by (`iss`, `sub`), else a new one with the id `id`. All in one transaction, with an
    /// outbox row when the profile is new or changed.
    ///
    /// `username` is a valid wish; while it is somebody else's, or was, `-2`, `-3` … are appended, cut to fit. For a known person it
    /// changes only if the wish is not the one they signed in with last.
    fn sign_in(
        &self,
        identity: Identity,
        username: String,
        display_name: String,
        id: UserId,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<User, StoreError>>;

    /// Somebody's profile.
    fn user(&self, id: UserId) -> BoxFuture<'_, Result<Option<User>, StoreError>>;

    /// Whether two people are in one server.
    fn share_a_server(&self, one: UserId, other: UserId) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Changes a profile, with its outbox row. `None`: nobody we know.
    fn change_profile(
        &self,
        id: UserId,
        change: ProfileChange,
    ) -> BoxFuture<'_, Result<Option<User>, StoreError>>;
}

/// What a confidential client proves itself with. Never logged, never stored by us.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(pub String);

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A client that the issuer made for a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotClient {
    /// What the issuer knows it as.
    pub client_id: String,
    /// Who its tokens say it is.
    pub identity: Identity,
    /// What it proves itself with.
    pub secret: ClientSecret,
}

/// The issuer, as far as bots are its clients.
pub trait BotIssuer: Send + Sync {
    /// Makes a client for client credentials (RFC 6749 4.4). Its tokens carry the realm role `echopulse-bot` and no other.
    /// `None`, and nothing made: there is one of that name.
    fn make(&self, name: Username) -> BoxFuture<'_, Result<Option<BotClient>, StoreError>>;

    /// Gives a client another secret; the old one gets no token any more. `None`: there is no such client.
    fn rotate(&self, client_id: String) -> BoxFuture<'_, Result<Option<ClientSecret>, StoreError>>;

    /// Takes a client away, so that it gets no token any more. One that is gone is gone.
    fn remove(&self, client_id: String) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// A row that a commit left for the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxRecord {
    /// A change of a server.
    Server(ServerEvent),
    /// A profile; the higher revision holds.
    User {
        /// The profile.
        user: User,
        /// Counts its changes.
        revision: u64,
    },
    /// A sign-in that ended.
    SignOut(SignOut),
}

/// Remembers sign-outs for all instances, and for those to come.
pub trait SignOutStore: Send + Sync {
    /// Remembers one, with its outbox row, in one transaction. `false`, and nothing stored: a notice that this issuer calls `token`
    /// was remembered before. Those that are over at `now` and were published are forgotten.
    fn remember(
        &self,
        sign_out: SignOut,
        token: Option<String>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Those that are not over at `now`, oldest first; with `since` only those whose `now` was that or later when they were remembered.
    fn remembered(
        &self,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<SignOut>, StoreError>>;
}

/// Rows that commits left for the bus.
pub trait ServerOutbox: Send + Sync {
    /// Unpublished rows with their numbers, `limit` at most; within a server and within a person in their order.
    fn pending(&self, limit: usize) -> BoxFuture<'_, Result<Vec<(u64, OutboxRecord)>, StoreError>>;

    /// Forgets rows that were published. A number named twice, or never there, changes nothing.
    fn published(&self, rows: Vec<u64>) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// Carries what the server service publishes.
pub trait EventPublisher: Send + Sync {
    /// Hands records over, in order. On an error none, some or all of them were handed over.
    fn publish(&self, records: Vec<OutboxRecord>) -> BoxFuture<'_, Result<(), StoreError>>;
}
