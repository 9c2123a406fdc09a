use std::time::Duration;

use echopulse_core::{
    common::{Timestamp, community::JoinPolicy, port::Clock},
    server::{
        error::{Refusal, ServerError},
        port::{
            inbound::{Bans, Invites, Members, NewBan, Patch},
            outbound::ServerStore,
        },
        view::Scope,
    },
};

use super::Fixture;
use echopulse_system::SystemClock;

fn later(seconds: u64) -> Timestamp {
    SystemClock.now().after(Duration::from_secs(seconds))
}

#[tokio::test]
async fn an_invite_is_used_as_often_as_it_may_be() {
    let fixture = Fixture::new().await;
    let (ada, lin, mei) =
        (fixture.person("ada").await, fixture.person("lin").await, fixture.person("mei").await);
    let server = fixture.server(ada, JoinPolicy::Invite).await;
    let invite = Invites::create(&fixture.service, ada, server.id, 1, 3600).await.unwrap();
    let joined = Invites::join(&fixture.service, lin, invite.code.clone()).await.unwrap();
    assert_eq!((joined.seq.0, joined.member.user), (5, lin.user));
    let again = Invites::join(&fixture.service, lin, invite.code.clone()).await.unwrap();
    assert_eq!(again.seq, joined.seq, "who is in already uses nothing up");
    let refused = Invites::join(&fixture.service, mei, invite.code.clone()).await;
    assert!(matches!(refused, Err(ServerError::Refused(Refusal::InviteNotFound))), "{refused:?}");
    assert_eq!(Invites::list(&fixture.service, ada, server.id).await.unwrap(), [], "it is used up");
    assert_eq!(fixture.store.server_of_invite(invite.code).await.unwrap(), Some(server.id));
}

#[tokio::test]
async fn two_people_cannot_use_the_last_use() {
    let fixture = Fixture::new().await;
    let (ada, lin, mei) =
        (fixture.person("ada").await, fixture.person("lin").await, fixture.person("mei").await);
    let server = fixture.server(ada, JoinPolicy::Invite).await;
    let code = Invites::create(&fixture.service, ada, server.id, 1, 0).await.unwrap().code;
    let (one, other) = tokio::join!(
        Invites::join(&fixture.service, lin, code.clone()),
        Invites::join(&fixture.service, mei, code.clone())
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(fixture.seqs(server.id).await.len(), 5);
}

#[tokio::test]
async fn an_invite_ends_by_the_clock() {
    let fixture = Fixture::new().await;
    let ada = fixture.person("ada").await;
    let server = fixture.server(ada, JoinPolicy::Invite).await;
    let invite = Invites::create(&fixture.service, ada, server.id, 0, 60).await.unwrap();
    let live = |now| fixture.store.invites(server.id, None, now);
    assert_eq!(live(later(0)).await.unwrap(), [invite]);
    assert_eq!(live(later(61)).await.unwrap(), []);
    let view = |now| fixture.store.view(Scope::of(server.id, ada.user), now);
    assert_eq!(view(later(0)).await.unwrap().unwrap().live_invites, 1);
    assert_eq!(view(later(61)).await.unwrap().unwrap().live_invites, 0);
    assert_eq!(fixture.store.invites(server.id, Some(super::nobody()), later(0)).await.unwrap(), []);
}

#[tokio::test]
async fn a_timeout_survives_leaving_and_coming_back() {
    let fixture = Fixture::new().await;
    let (ada, lin) = (fixture.person("ada").await, fixture.person("lin").await);
    let server = fixture.server(ada, JoinPolicy::Open).await;
    Members::join(&fixture.service, lin, server.id).await.unwrap();
    let until = later(3600);
    let silenced =
        Members::update(&fixture.service, ada, server.id, lin.user, Patch::Keep, Patch::Set(until)).await;
    assert_eq!(silenced.unwrap().timeout_until, Some(until));
    Members::leave(&fixture.service, lin, server.id).await.unwrap();
    let back = Members::join(&fixture.service, lin, server.id).await.unwrap();
    assert_eq!(back.member.timeout_until, Some(until));
}

#[tokio::test]
async fn a_ban_takes_membership_and_invites() {
    let fixture = Fixture::new().await;
    let (ada, lin) = (fixture.person("ada").await, fixture.person("lin").await);
    let server = fixture.server(ada, JoinPolicy::Open).await;
    Members::join(&fixture.service, lin, server.id).await.unwrap();
    Invites::create(&fixture.service, lin, server.id, 0, 0).await.unwrap();
    let new = NewBan { reason: "spam".to_owned(), expires_in_s: Some(60), delete_messages_s: 60 };
    let ban = Bans::ban(&fixture.service, ada, server.id, lin.user, new).await.unwrap();
    assert_eq!((ban.user, ban.reason.as_str()), (lin.user, "spam"));
    assert_eq!(fixture.store.invites(server.id, None, later(0)).await.unwrap(), []);
    let refused = Members::join(&fixture.service, lin, server.id).await;
    assert!(matches!(refused, Err(ServerError::Refused(_))), "{refused:?}");
    let bans = |now| fixture.store.bans(server.id, now, None, 10);
    assert_eq!(bans(later(0)).await.unwrap().items, [ban]);
    assert_eq!(bans(later(61)).await.unwrap().items, []);
    Bans::lift(&fixture.service, ada, server.id, lin.user).await.unwrap();
    Members::join(&fixture.service, lin, server.id).await.unwrap();
}

#[tokio::test]
async fn members_are_found_by_the_beginning_of_any_name() {
    let fixture = Fixture::new().await;
    let (ada, lin) = (fixture.person("ada").await, fixture.person("lin").await);
    let server = fixture.server(ada, JoinPolicy::Open).await;
    Members::join(&fixture.service, lin, server.id).await.unwrap();
    let nickname = Patch::Set("Élodie%".to_owned());
    Members::update(&fixture.service, lin, server.id, lin.user, nickname, Patch::Keep).await.unwrap();
    let found = async |query: &str| {
        let page = fixture.store.members(server.id, Some(query.to_owned()), None, 10).await.unwrap();
        page.items.iter().map(|(member, _)| member.user).collect::<Vec<_>>()
    };
    assert_eq!(found("éLO").await, [lin.user]);
    assert_eq!(found("LIN").await, [lin.user]);
    assert_eq!(found("lodie").await, []);
    assert_eq!(found("%").await, [], "no character has a meaning of its own");
    assert_eq!(found("").await, [ada.user, lin.user]);
    let first = fixture.store.members(server.id, None, None, 1).await.unwrap();
    assert_eq!((first.items.len(), first.next.clone()), (1, Some(ada.user.to_string())));
    let second = fixture.store.members(server.id, None, first.next, 1).await.unwrap();
    assert_eq!((second.items[0].0.user, second.next), (lin.user, None));
    assert!(
        fixture.store.view(Scope::of(server.id, lin.user), later(0)).await.unwrap().unwrap().members == 2
    );
}
