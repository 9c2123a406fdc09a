//! The server store against its contracts, and what only several nodes can break.

use std::sync::Arc;

use echopulse_core::{
    common::{
        Epoch, Permissions, RoleId, Seq, ServerId, UserId,
        actor::Identity,
        community::{Member, Role, Server, User, UserKind},
        event::ServerChange,
    },
    server::{
        error::Refusal,
        port::outbound::{Founding, ProfileChange, ServerOutbox, ServerStore, UserStore},
        view::{Change, Scope},
    },
    testing::server_contract::{
        Stores, kept_answer_contract, server_outbox_contract, server_store_contract, sign_out_store_contract,
        user_store_contract,
    },
};
use echopulse_distributed::postgres::PgServerStore;
use tokio::task::JoinSet;

use crate::database::{Communities, channel, member, server};

const ADA: UserId = UserId::from_u128(0xada);
const LIN: UserId = UserId::from_u128(0x11);

fn views(communities: &Communities) -> Stores<'_> {
    let store = &communities.store;
    Stores { servers: store, users: store, outbox: store, sign_outs: store }
}

#[tokio::test]
async fn postgres_keeps_the_contract_of_servers() {
    server_store_contract(Communities::new, views).await;
}

#[tokio::test]
async fn postgres_keeps_the_contract_of_kept_answers() {
    kept_answer_contract(Communities::new, views).await;
}

#[tokio::test]
async fn postgres_keeps_the_contract_of_people() {
    user_store_contract(Communities::new, views).await;
}

#[tokio::test]
async fn postgres_keeps_the_contract_of_the_outbox() {
    server_outbox_contract(Communities::new, views).await;
}

#[tokio::test]
async fn postgres_keeps_the_contract_of_sign_outs() {
    sign_out_store_contract(Communities::new, views).await;
}

async fn arrives(store: &PgServerStore, name: &str, id: UserId) -> User {
    let identity = Identity {
        iss: "https://issuer.example".to_owned(),
        sub: name.to_owned(),
        preferred_username: name.to_owned(),
        name: None,
        kind: UserKind::Person,
        admin: false,
    };
    let now = member(id).joined_at;
    store.sign_in(identity, "ada".to_owned(), name.to_owned(), id, now).await.unwrap()
}

fn founding(number: u128, limit: u64) -> Founding {
    let id = ServerId::from_u128(number);
    Founding {
        at: member(ADA).joined_at,
        server: Server { id, owner: ADA, ..server() },
        epoch: Epoch(7),
        everyone: Role {
            id: RoleId::everyone(id),
            name: "everyone".to_owned(),
            description: String::new(),
            colour: None,
            permissions: Permissions::EVERYONE,
            position: 0,
            mentionable: false,
        },
        channel: channel(echopulse_core::common::ChannelId::from_u128(0xc000 + number)),
        member: member(ADA),
        limit,
        kept: None,
    }
}

/// Takes what the nodes take in turns.
async fn nodes(communities: &Communities) -> [Arc<PgServerStore>; 2] {
    [Arc::new(communities.store.clone()), Arc::new(communities.another_node().await)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_number_a_servers_changes_densely() {
    let communities = Communities::new().await;
    arrives(&communities.store, "ada", ADA).await;
    communities.store.found(founding(1, 9)).await.unwrap().unwrap();
    let nodes = nodes(&communities).await;
    let mut changes = JoinSet::new();
    for n in 0..60_usize {
        let node = Arc::clone(&nodes[n % 2]);
        changes.spawn(async move {
            let decide = Box::new(|_: &_| Ok(vec![Change::Event(ServerChange::MemberUpdated(member(ADA)))]));
            let scope = Scope::of(ServerId::from_u128(1), ADA);
            node.change(scope, member(ADA).joined_at, ADA, decide).await.unwrap().unwrap()[0].seq.0
        });
    }
    let mut places = changes.join_all().await;
    places.sort_unstable();
    assert_eq!(places, (5..=64).collect::<Vec<_>>());
    let events = nodes[1].events(ServerId::from_u128(1), Seq(0), 100).await.unwrap();
    assert!(events.iter().map(|event| event.seq.0).eq(1..=64));
    let rows = communities.store.pending(1000).await.unwrap();
    assert_eq!(rows.len(), 65, "and Ada's profile");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_in_more_servers_than_the_limit_by_asking_two_nodes() {
    let communities = Communities::new().await;
    arrives(&communities.store, "ada", ADA).await;
    arrives(&communities.store, "lin", LIN).await;
    let nodes = nodes(&communities).await;
    let mut founded = JoinSet::new();
    for n in 0..12_usize {
        let node = Arc::clone(&nodes[n % 2]);
        founded.spawn(async move { node.found(founding(n as u128 + 1, 5)).await.unwrap().is_ok() });
    }
    assert_eq!(founded.join_all().await.into_iter().filter(|done| *done).count(), 5);

    let servers = communities.store.servers_of(ADA).await.unwrap();
    let mut joined = JoinSet::new();
    for (n, server) in servers.into_iter().enumerate() {
        let node = Arc::clone(&nodes[n % 2]);
        joined.spawn(async move {
            let user = node.user(LIN).await.unwrap().unwrap();
            let join = ServerChange::MemberJoined { member: Member { ..member(LIN) }, user };
            let decide = Box::new(move |view: &echopulse_core::server::view::ServerView| {
                if view.people[&LIN].servers >= 2 {
                    return Err(Refusal::ServerNotFound);
                }
                Ok(vec![Change::Event(join)])
            });
            node.change(Scope::of(server.id, LIN), member(LIN).joined_at, LIN, decide).await.unwrap().is_ok()
        });
    }
    assert_eq!(joined.join_all().await.into_iter().filter(|done| *done).count(), 2);
    assert_eq!(communities.store.servers_of(LIN).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identity_that_two_nodes_meet_at_once_is_one_person() {
    let communities = Communities::new().await;
    let nodes = nodes(&communities).await;
    let mut arrivals = JoinSet::new();
    for n in 0..24_usize {
        let node = Arc::clone(&nodes[n % 2]);
        let id = UserId::from_u128(n as u128 + 1);
        arrivals.spawn(async move { arrives(&node, &format!("sub-{}", n % 4), id).await });
    }
    let mut people = arrivals.join_all().await;
    people.sort_by_key(|user| user.id);
    people.dedup();
    let mut names: Vec<_> = people.into_iter().map(|user| user.username).collect();
    names.sort_unstable();
    assert_eq!(names, ["ada", "ada-2", "ada-3", "ada-4"]);
    assert_eq!(communities.database.number("SELECT count(*) FROM outbox").await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_a_profile_on_two_nodes_are_both_kept() {
    let communities = Communities::new().await;
    arrives(&communities.store, "ada", ADA).await;
    let nodes = nodes(&communities).await;
    let mut changes = JoinSet::new();
    for n in 0..20_usize {
        let node = Arc::clone(&nodes[n % 2]);
        let change = match n % 2 {
            0 => ProfileChange { display_name: Some(format!("Ada {n}")), bio: None },
            _ => ProfileChange { display_name: None, bio: Some(format!("bio {n}")) },
        };
        changes.spawn(async move { node.change_profile(ADA, change).await.unwrap().unwrap() });
    }
    changes.join_all().await;
    let ada = communities.store.user(ADA).await.unwrap().unwrap();
    assert!(ada.display_name.starts_with("Ada ") && ada.bio.starts_with("bio "), "{ada:?}");
    assert_eq!(communities.database.number("SELECT revision FROM person").await, 21);
}
