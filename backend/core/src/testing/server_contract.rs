//! What every adapter of the server context's stores must do. Call each contract on fresh stores, from the adapter's tests.

mod kept;
mod people;
mod servers;
mod sign_outs;

use std::{
    future::{Future, poll_fn},
    task::Poll,
};

use crate::{
    common::{
        BoxFuture, ChannelId, Epoch, Permissions, RoleId, Seq, ServerId, Timestamp, UserId,
        actor::Identity,
        community::{Channel, ChannelKind, JoinPolicy, Level, Member, Role, Server, User, UserKind},
        event::{ServerChange, ServerEvent},
        name::InviteCode,
    },
    server::{
        error::Refusal,
        port::outbound::{
            Founding, OutboxRecord, ServerOutbox, ServerStore, SignOutStore, Unfounded, UserStore,
        },
        view::{Change, Invite, Scope, ServerView},
    },
};

/// The stores under test: views of one fresh database.
#[derive(Clone, Copy)]
pub struct Stores<'a> {
    /// Servers.
    pub servers: &'a dyn ServerStore,
    /// People.
    pub users: &'a dyn UserStore,
    /// Rows for the bus.
    pub outbox: &'a dyn ServerOutbox,
    /// Sign-ins that ended.
    pub sign_outs: &'a dyn SignOutStore,
}

macro_rules! contract {
    ($(#[$doc:meta])* $name:ident: $module:ident :: { $($fact:ident),* $(,)? }) => {
        $(#[$doc])*
        pub async fn $name<S, F>(fresh: impl Fn() -> F, views: impl Fn(&S) -> Stores<'_>)
        where
            F: Future<Output = S>,
        {$(
            let store = fresh().await;
            $module::$fact(views(&store)).await;
        )*}
    };
}

contract!(
    /// The contract of [`ServerStore`], on stores that `fresh` makes.
    server_store_contract: servers::{
        a_server_begins_with_four_events,
        nobody_is_in_more_servers_than_the_limit,
        every_change_takes_the_next_place,
        a_refusal_stores_nothing,
        what_does_not_exist_is_not_judged,
        a_view_shows_what_the_scope_names,
        channels_roles_and_categories_are_kept_whole,
        a_deleted_server_leaves_its_events,
        a_timeout_outlives_the_membership,
        invites_live_until_they_are_used_up_or_over,
        an_invite_is_not_used_more_often_than_it_may_be,
        a_ban_replaces_an_older_one_until_it_is_lifted,
        bots_are_shown_to_who_asks_until_they_are_gone,
        servers_are_listed_by_page,
        members_are_found_by_the_beginning_of_any_name,
    }
);

contract!(
    /// The contract of [`ServerStore`] about answers that are kept, on stores that `fresh` makes.
    kept_answer_contract: kept::{
        an_answer_is_kept_with_what_was_made,
        of_two_requests_under_one_name_one_is_made,
        a_refusal_keeps_no_answer,
        an_answer_that_is_too_old_makes_room,
        old_answers_are_forgotten_in_pieces,
    }
);

contract!(
    /// The contract of [`UserStore`], on stores that `fresh` makes.
    user_store_contract: people::{
        an_identity_is_one_person_for_ever,
        a_taken_username_gets_a_number_that_fits,
        a_username_stays_its_persons_for_ever,
        many_at_once_are_one_person_each,
        a_profile_changes_only_where_told,
        who_shares_a_server_is_known,
    }
);

contract!(
    /// The contract of [`ServerOutbox`], on stores that `fresh` makes.
    server_outbox_contract: people::{
        rows_wait_in_order_until_they_are_published,
        a_row_of_a_person_shows_the_newest_profile,
        what_changes_nothing_leaves_no_row,
    }
);

contract!(
    /// The contract of [`SignOutStore`], on stores that `fresh` makes.
    sign_out_store_contract: sign_outs::{
        a_sign_out_is_remembered_until_it_is_over,
        what_is_new_is_told_by_when_it_was_remembered,
        a_notice_of_one_name_counts_once_for_its_issuer,
        a_sign_out_waits_for_the_bus_even_when_it_is_over,
    }
);

const EPOCH: Epoch = Epoch(0xfeed_0000_0000_00e0);
const SERVER: ServerId = ServerId::from_u128(0x5e);
const OTHER: ServerId = ServerId::from_u128(0x5f);
const GENERAL: ChannelId = ChannelId::from_u128(0xc1);
const ADA: UserId = UserId::from_u128(0xada);
const LIN: UserId = UserId::from_u128(0x11);
const NOBODY: UserId = UserId::from_u128(0xdead);

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + second * 1000)
}

fn identity(sub: &str) -> Identity {
    Identity {
        iss: "https://issuer.example".to_owned(),
        sub: sub.to_owned(),
        preferred_username: sub.to_owned(),
        name: None,
        kind: UserKind::Person,
        admin: false,
    }
}

async fn person(stores: Stores<'_>, id: UserId, name: &str) -> User {
    let wish = name.to_lowercase();
    stores.users.sign_in(identity(&wish), wish, name.to_owned(), id, at(0)).await.unwrap()
}

fn member(user: UserId) -> Member {
    Member { user, nickname: None, roles: Vec::new(), joined_at: at(1), timeout_until: None }
}

fn channel(id: ChannelId, name: &str, position: u32) -> Channel {
    Channel {
        id,
        kind: ChannelKind::Text,
        name: name.to_owned(),
        topic: String::new(),
        category: None,
        position,
        slow_mode_s: 0,
        retention_days: None,
        overrides: Vec::new(),
    }
}

fn founding(id: ServerId, owner: UserId, join_policy: JoinPolicy) -> Founding {
    Founding {
        at: at(1),
        server: Server {
            id,
            name: "Rust Lyon".to_owned(),
            description: "crabs".to_owned(),
            owner,
            join_policy,
            default_level: Level::Mentions,
            retention_days: Some(30),
            created_at: at(1),
        },
        epoch: EPOCH,
        everyone: Role {
            id: RoleId::everyone(id),
            name: "everyone".to_owned(),
            description: String::new(),
            colour: None,
            permissions: Permissions::EVERYONE,
            position: 0,
            mentionable: false,
        },
        // Each server has a general of its own.
        channel: channel(
            ChannelId::from_u128(GENERAL.as_u128() ^ id.as_u128() ^ SERVER.as_u128()),
            "general",
            0,
        ),
        member: member(owner),
        limit: 100,
        kept: None,
    }
}

/// Ada, Lin, and Ada's server.
async fn town(stores: Stores<'_>) -> Vec<ServerEvent> {
    person(stores, ADA, "Ada").await;
    person(stores, LIN, "Lin").await;
    let events = stores.servers.found(founding(SERVER, ADA, JoinPolicy::Invite)).await.unwrap();
    events.expect("Ada may found a server")
}

/// Lets `changes` happen whatever the view is.
async fn change(stores: Stores<'_>, changes: Vec<Change>) -> Vec<ServerEvent> {
    let scope = Scope::of(SERVER, ADA);
    stores.servers.change(scope, at(9), ADA, Box::new(|_| Ok(changes))).await.unwrap().unwrap()
}

async fn joined(stores: Stores<'_>, id: UserId) -> ServerChange {
    let user = stores.users.user(id).await.unwrap().expect("somebody we know");
    ServerChange::MemberJoined { member: member(id), user }
}

async fn view(stores: Stores<'_>, scope: Scope) -> ServerView {
    stores.servers.view(scope, at(10)).await.unwrap().expect("the server is there")
}

async fn events(stores: Stores<'_>) -> Vec<ServerEvent> {
    stores.servers.events(SERVER, Seq::ZERO, 1000).await.unwrap()
}

fn seqs(events: &[ServerEvent]) -> Vec<u64> {
    events.iter().map(|event| event.seq.0).collect()
}

async fn rows(stores: Stores<'_>) -> Vec<(u64, OutboxRecord)> {
    stores.outbox.pending(1000).await.unwrap()
}

fn invite(code: &str, created_by: UserId) -> Invite {
    let code = InviteCode::parse(code).unwrap();
    Invite { code, server: SERVER, created_by, created_at: at(0), max_uses: 0, max_age_s: 0, uses: 0 }
}

/// Waits for all of `futures`, all under way at once.
async fn all<T>(futures: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.into_iter().map(|future| (future, None)).collect();
    poll_fn(|context| {
        for (future, done) in waiting.iter_mut().filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                *done = Some(value);
            }
        }
        if waiting.iter().all(|(_, done)| done.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}

const fn never(_: &ServerView) -> Result<Vec<Change>, Refusal> {
    panic!("nobody is to be asked")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{executor::block_on, server::MemoryServerStore};

    fn views(store: &MemoryServerStore) -> Stores<'_> {
        Stores { servers: store, users: store, outbox: store, sign_outs: store }
    }

    #[test]
    fn memory_keeps_the_contract_of_servers() {
        block_on(server_store_contract(|| async { MemoryServerStore::default() }, views));
        block_on(kept_answer_contract(|| async { MemoryServerStore::default() }, views));
    }

    #[test]
    fn memory_keeps_the_contract_of_people() {
        block_on(user_store_contract(|| async { MemoryServerStore::default() }, views));
        block_on(sign_out_store_contract(|| async { MemoryServerStore::default() }, views));
    }

    #[test]
    fn memory_keeps_the_contract_of_the_outbox() {
        block_on(server_outbox_contract(|| async { MemoryServerStore::default() }, views));
    }
}
