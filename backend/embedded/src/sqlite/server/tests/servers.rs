use echopulse_core::{
    common::{
        ChannelId, Permission, Seq,
        community::{ChannelKind, JoinPolicy},
        event::ServerChange,
    },
    server::{
        error::{Refusal, ServerError},
        port::{
            inbound::{ChannelPatch, Channels, NewChannel, Patch, ServerPatch, Servers},
            outbound::ServerStore,
        },
        view::Scope,
    },
};

use super::{Fixture, nobody};

fn channel(name: &str) -> NewChannel {
    NewChannel { name: name.to_owned(), kind: ChannelKind::Text, topic: String::new(), category: None }
}

#[tokio::test]
async fn a_new_server_is_four_events() {
    let fixture = Fixture::new().await;
    let ada = fixture.person("ada").await;
    let server = fixture.server(ada, JoinPolicy::Invite).await;
    let events = fixture.store.events(server.id, Seq(0), 10).await.unwrap();
    assert!(matches!(
        events.iter().map(|event| &event.change).collect::<Vec<_>>().as_slice(),
        [
            ServerChange::ServerCreated(_),
            ServerChange::RoleCreated(_),
            ServerChange::ChannelCreated(_),
            ServerChange::MemberJoined { .. }
        ]
    ));
    assert_eq!(fixture.hints(server.id).await, [1, 2, 3, 4]);
    let detail = fixture.service.detail(ada, server.id).await.unwrap();
    assert_eq!((detail.seq, detail.epoch), (Seq(4), events[0].epoch));
    assert_eq!(detail.channels[0].0.name, "general");
    assert!(detail.permissions.contains(Permission::DeleteServer), "the owner may everything");
}

#[tokio::test]
async fn nobody_we_know_founds_nothing() {
    let fixture = Fixture::new().await;
    let ghost = echopulse_core::common::actor::Actor { user: nobody(), ..fixture.person("ada").await };
    let new = echopulse_core::server::port::inbound::NewServer {
        name: "x".to_owned(),
        description: String::new(),
        join_policy: JoinPolicy::Open,
    };
    Servers::create(&fixture.service, ghost, new).await.unwrap_err();
    assert_eq!(fixture.store.servers(false, None, 10).await.unwrap().items, []);
}

#[tokio::test]
async fn every_change_takes_the_next_place_and_survives_a_crash() {
    let fixture = Fixture::new().await;
    let ada = fixture.person("ada").await;
    let server = fixture.server(ada, JoinPolicy::Invite).await;
    let random = Channels::create(&fixture.service, ada, server.id, channel("random")).await.unwrap();
    let patch = ChannelPatch { topic: Some("all of it".to_owned()), ..ChannelPatch::default() };
    Channels::update(&fixture.service, ada, server.id, random.id, patch).await.unwrap();
    let patch = ServerPatch { retention_days: Patch::Set(30), ..ServerPatch::default() };
    Servers::update(&fixture.service, ada, server.id, patch).await.unwrap();
    let fixture = fixture.crashed().await;
    assert_eq!(fixture.seqs(server.id).await, (1..=7).collect::<Vec<_>>());
    let detail = fixture.service.detail(ada, server.id).await.unwrap();
    assert_eq!((detail.seq, detail.server.retention_days), (Seq(7), Some(30)));
    assert_eq!(detail.channels[1].0.topic, "all of it");
}

#[tokio::test]
async fn a_refusal_stores_nothing() {
    let fixture = Fixture::new().await;
    let ada = fixture.person("ada").await;
    let server = fixture.server(ada, JoinPolicy::Invite).await;
    let refused = Channels::create(&fixture.service, ada, server.id, channel("general")).await;
    assert!(matches!(refused, Err(ServerError::Refused(Refusal::NameTaken(_)))), "{refused:?}");
    assert_eq!(fixture.seqs(server.id).await.len(), 4);
}

#[tokio::test]
async fn channels_are_found_until_they_are_deleted() {
    let fixture = Fixture::new().await;
    let ada = fixture.person("ada").await;
    let server = fixture.server(ada, JoinPolicy::Invite).await;
    let random = Channels::create(&fixture.service, ada, server.id, channel("random")).await.unwrap();
    assert_eq!(fixture.store.server_of_channel(random.id).await.unwrap(), Some(server.id));
    Channels::delete(&fixture.service, ada, server.id, random.id).await.unwrap();
    assert_eq!(fixture.store.server_of_channel(random.id).await.unwrap(), None);
    assert_eq!(fixture.store.server_of_channel(ChannelId::from_u128(1)).await.unwrap(), None);
}

#[tokio::test]
async fn a_deleted_server_leaves_its_events() {
    let fixture = Fixture::new().await;
    let ada = fixture.person("ada").await;
    let server = fixture.server(ada, JoinPolicy::Open).await;
    Servers::delete(&fixture.service, ada, server.id, server.name.clone()).await.unwrap();
    assert_eq!(fixture.seqs(server.id).await, [1, 2, 3, 4, 5]);
    assert_eq!(fixture.hints(server.id).await, [1, 2, 3, 4, 5]);
    let now = server.created_at;
    assert_eq!(fixture.store.view(Scope::of(server.id, ada.user), now).await.unwrap(), None);
    assert_eq!(fixture.store.servers_of(ada.user).await.unwrap(), []);
    let refused = Servers::delete(&fixture.service, ada, server.id, server.name).await;
    assert!(matches!(refused, Err(ServerError::Refused(Refusal::ServerNotFound))), "{refused:?}");
}

#[tokio::test]
async fn servers_page_by_id_and_only_open_ones_are_listed() {
    let fixture = Fixture::new().await;
    let ada = fixture.person("ada").await;
    let mut open = Vec::new();
    for policy in [JoinPolicy::Open, JoinPolicy::Invite, JoinPolicy::Open, JoinPolicy::Open] {
        let server = fixture.server(ada, policy).await;
        open.extend((policy == JoinPolicy::Open).then_some(server.id));
    }
    let first = fixture.store.servers(true, None, 2).await.unwrap();
    assert_eq!(first.items.iter().map(|server| server.id).collect::<Vec<_>>(), open[..2]);
    let second = fixture.store.servers(true, first.next, 2).await.unwrap();
    assert_eq!(second.items.iter().map(|server| server.id).collect::<Vec<_>>(), open[2..]);
    assert_eq!(second.next, None);
    assert_eq!(fixture.store.servers(false, None, 10).await.unwrap().items.len(), 4);
    assert_eq!(fixture.store.servers(false, Some("no id".to_owned()), 10).await.unwrap().items, []);
}
