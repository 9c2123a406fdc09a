//! The server context's stores in memory, and the parts that its use cases run on in tests.
//!
//! [`MemoryServerStore`] keeps the contracts of [`super::server_contract`]: each call is one step under one lock, so it is
//! atomic as the ports promise. [`Town`] is the service over it, with a clock that moves only when told.

mod bots;
mod people;
mod state;
mod town;

use std::sync::Mutex;

pub use bots::{MemoryBotIssuer, NoSignOuts};
pub use town::{CountedChance, CountingIds, HandClock, Town};

use self::{people::Arrival, state::State};
use crate::{
    common::{
        BoxFuture, ChannelId, Seq, ServerId, StoreError, Timestamp, UserId,
        actor::Identity,
        community::{JoinPolicy, Member, Server, User},
        event::ServerEvent,
        name::{self, InviteCode},
        sign_out::{SignOut, SignOutMemory},
        sync::lock,
    },
    server::{
        error::Refusal,
        kept::KeptAnswer,
        port::outbound::{
            Decide, EventPublisher, Founding, OutboxRecord, Page, ProfileChange, ServerOutbox, ServerStore,
            SignOutStore, Unfounded, UserStore,
        },
        view::{Ban, Change, Invite, Scope, ServerView},
    },
};

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Servers, people and the outbox in memory.
#[derive(Default)]
pub struct MemoryServerStore(Mutex<State>);

impl MemoryServerStore {
    /// Does one step under the lock, when it is first polled.
    fn step<'a, T: 'a>(&'a self, step: impl FnOnce(&mut State) -> T + Send + 'a) -> Answer<'a, T> {
        Box::pin(async move { Ok(step(&mut lock(&self.0))) })
    }
}

/// A page of `items`, which are in the order of their cursors.
fn page<T>(
    items: impl Iterator<Item = T>,
    cursor: impl Fn(&T) -> u128,
    after: Option<&str>,
    limit: usize,
) -> Page<T> {
    // Ids of all kinds are written alike; a cursor that is no id has nothing behind it.
    let after = after.map(|text| text.parse::<UserId>().map_or(u128::MAX, UserId::as_u128));
    let mut items: Vec<T> =
        items.filter(|item| after.is_none_or(|after| cursor(item) > after)).take(limit + 1).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|item| UserId::from_u128(cursor(item)).to_string());
    Page { items, next }
}

impl ServerStore for MemoryServerStore {
    fn found(&self, founding: Founding) -> Answer<'_, Result<Vec<ServerEvent>, Unfounded>> {
        self.step(|state| state.found(founding))
    }

    fn change(
        &self,
        scope: Scope,
        at: Timestamp,
        actor: UserId,
        decide: Decide,
    ) -> Answer<'_, Result<Vec<ServerEvent>, Refusal>> {
        self.step(move |state| {
            let view = state.view(&scope, at).ok_or(Refusal::ServerNotFound)?;
            let changes = decide(&view)?;
            for change in &changes {
                if let Change::Answered(kept) = change
                    && !state.keep(KeptAnswer::clone(kept))
                {
                    return Err(Refusal::InProgress);
                }
            }
            Ok(changes
                .into_iter()
                .filter_map(|change| state.apply(scope.server, at, actor, change))
                .collect())
        })
    }

    fn view(&self, scope: Scope, now: Timestamp) -> Answer<'_, Option<ServerView>> {
        self.step(move |state| state.view(&scope, now))
    }

    fn servers_of(&self, user: UserId) -> Answer<'_, Vec<Server>> {
        self.step(move |state| {
            let mut found: Vec<_> = state
                .servers
                .values()
                .filter_map(|kept| kept.members.get(&user).map(|member| (member.joined_at, &kept.server)))
                .collect();
            found.sort_by_key(|(joined_at, server)| (*joined_at, server.id));
            found.into_iter().map(|(_, server)| server.clone()).collect()
        })
    }

    fn servers(&self, open_only: bool, after: Option<String>, limit: usize) -> Answer<'_, Page<Server>> {
        self.step(move |state| {
            let all = state.servers.values().map(|kept| &kept.server);
            let listed = all.filter(|server| !open_only || server.join_policy == JoinPolicy::Open).cloned();
            page(listed, |server| server.id.as_u128(), after.as_deref(), limit)
        })
    }

    fn members(
        &self,
        server: ServerId,
        query: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> Answer<'_, Page<(Member, User)>> {
        self.step(move |state| {
            let query = name::key(&query.unwrap_or_default());
            let begins = |text: &str| name::key(text).starts_with(&query);
            let members = state.servers.get(&server).into_iter().flat_map(|kept| kept.members.values());
            let listed = members
                .filter_map(|member| Some((member.clone(), state.people.user(member.user)?)))
                .filter(|(member, user)| {
                    begins(&user.username)
                        || begins(&user.display_name)
                        || member.nickname.as_deref().is_some_and(begins)
                });
            page(listed, |(member, _)| member.user.as_u128(), after.as_deref(), limit)
        })
    }

    fn invites(&self, server: ServerId, made_by: Option<UserId>, now: Timestamp) -> Answer<'_, Vec<Invite>> {
        self.step(move |state| {
            let invites = state.servers.get(&server).into_iter().flat_map(|kept| kept.invites.values());
            let made = |invite: &&Invite| made_by.is_none_or(|user| invite.created_by == user);
            invites.filter(made).filter(|invite| invite.lives(now)).cloned().collect()
        })
    }

    fn server_of_invite(&self, code: InviteCode) -> Answer<'_, Option<ServerId>> {
        self.step(move |state| {
            let mut servers = state.servers.iter();
            servers.find_map(|(id, kept)| kept.invites.contains_key(&code).then_some(*id))
        })
    }

    fn bans(
        &self,
        server: ServerId,
        now: Timestamp,
        after: Option<String>,
        limit: usize,
    ) -> Answer<'_, Page<Ban>> {
        self.step(move |state| {
            let bans = state.servers.get(&server).into_iter().flat_map(|kept| kept.bans.values());
            let holding = bans.filter(|ban| ban.holds(now)).cloned();
            page(holding, |ban| ban.user.as_u128(), after.as_deref(), limit)
        })
    }

    fn events(&self, server: ServerId, after: Seq, limit: usize) -> Answer<'_, Vec<ServerEvent>> {
        self.step(move |state| {
            let log = state.logs.get(&server).into_iter().flatten();
            log.filter(|event| event.seq > after).take(limit).cloned().collect()
        })
    }

    fn kept_answer(&self, user: UserId, name: String) -> Answer<'_, Option<KeptAnswer>> {
        self.step(move |state| state.answers.get(&(user, name)).cloned())
    }

    fn forget_answers(&self, at: Timestamp, limit: usize) -> Answer<'_, u64> {
        self.step(move |state| state.forget_answers(at, limit))
    }

    fn server_of_channel(&self, channel: ChannelId) -> Answer<'_, Option<ServerId>> {
        self.step(move |state| {
            let mut servers = state.servers.iter();
            servers.find_map(|(id, kept)| kept.channels.contains_key(&channel).then_some(*id))
        })
    }
}

impl UserStore for MemoryServerStore {
    fn sign_in(
        &self,
        identity: Identity,
        username: String,
        display_name: String,
        id: UserId,
        now: Timestamp,
    ) -> Answer<'_, User> {
        self.step(move |state| state.sign_in(Arrival { identity, username, display_name, id, now }))
    }

    fn user(&self, id: UserId) -> Answer<'_, Option<User>> {
        self.step(move |state| state.people.user(id))
    }

    fn share_a_server(&self, one: UserId, other: UserId) -> Answer<'_, bool> {
        self.step(move |state| {
            let mut servers = state.servers.values();
            servers.any(|kept| kept.members.contains_key(&one) && kept.members.contains_key(&other))
        })
    }

    fn change_profile(&self, id: UserId, change: ProfileChange) -> Answer<'_, Option<User>> {
        self.step(move |state| state.change_profile(id, change))
    }
}

impl ServerOutbox for MemoryServerStore {
    fn pending(&self, limit: usize) -> Answer<'_, Vec<(u64, OutboxRecord)>> {
        self.step(move |state| state.pending(limit))
    }

    fn published(&self, rows: Vec<u64>) -> Answer<'_, ()> {
        self.step(move |state| state.outbox.retain(|number, _| !rows.contains(number)))
    }
}

impl SignOutStore for MemoryServerStore {
    fn remember(&self, sign_out: SignOut, token: Option<String>, now: Timestamp) -> Answer<'_, bool> {
        self.step(move |state| state.remember(sign_out, token, now))
    }

    fn remembered(&self, since: Option<Timestamp>, now: Timestamp) -> Answer<'_, Vec<SignOut>> {
        self.step(move |state| {
            let known = state.sign_outs.iter();
            let told = known
                .filter(|known| known.sign_out.until > now && since.is_none_or(|since| known.at >= since));
            told.map(|known| known.sign_out.clone()).collect()
        })
    }
}

/// A memory that keeps everything it was told.
#[derive(Default)]
pub struct NotedSignOuts(Mutex<Vec<SignOut>>);

impl NotedSignOuts {
    /// What it was told, in order.
    #[must_use]
    pub fn noted(&self) -> Vec<SignOut> {
        lock(&self.0).clone()
    }
}

impl SignOutMemory for NotedSignOuts {
    fn note(&self, sign_out: SignOut) {
        lock(&self.0).push(sign_out);
    }
}

/// A bus that remembers what it was handed, and fails when told to.
#[derive(Default)]
pub struct RecordingPublisher(Mutex<Recording>);

#[derive(Default)]
struct Recording {
    published: Vec<OutboxRecord>,
    failures: u32,
}

impl RecordingPublisher {
    /// Everything handed over, in order.
    #[must_use]
    pub fn published(&self) -> Vec<OutboxRecord> {
        lock(&self.0).published.clone()
    }

    /// Lets the next `count` calls fail behind their first record, as the port allows.
    pub fn fail(&self, count: u32) {
        lock(&self.0).failures = count;
    }
}

impl EventPublisher for RecordingPublisher {
    fn publish(&self, records: Vec<OutboxRecord>) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut recording = lock(&self.0);
            if recording.failures > 0 {
                recording.failures -= 1;
                recording.published.extend(records.into_iter().take(1));
                return Err(StoreError::new("the bus is down"));
            }
            recording.published.extend(records);
            Ok(())
        })
    }
}
