//! Answers that are kept.

use super::{
    ADA, GENERAL, LIN, NOBODY, OTHER, SERVER, Stores, Unfounded, at, channel, events, founding, town,
};
use crate::{
    common::{
        ChannelId, Seq, Timestamp, UserId,
        community::JoinPolicy,
        event::{ServerChange, ServerEvent},
    },
    server::{
        error::Refusal,
        kept::{KEPT_FOR, KeptAnswer, Made, RequestKey},
        port::outbound::Founding,
        view::{Change, Invite, Scope},
    },
};

fn key(name: &str, print: u8) -> RequestKey {
    RequestKey { name: name.to_owned(), fingerprint: [print; 32] }
}

fn answer(user: UserId, key: RequestKey, at: Timestamp) -> KeptAnswer {
    KeptAnswer { user, key, at, made: Made::Channel(channel(GENERAL, "general", 0)) }
}

async fn kept(stores: Stores<'_>, user: UserId, name: &str) -> Option<KeptAnswer> {
    stores.servers.kept_answer(user, name.to_owned()).await.unwrap()
}

/// Makes a channel under a key.
async fn make(stores: Stores<'_>, answer: &KeptAnswer, id: u128) -> Result<Vec<ServerEvent>, Refusal> {
    let made = channel(ChannelId::from_u128(id), &format!("c{id}"), 1);
    let changes =
        vec![Change::Event(ServerChange::ChannelCreated(made)), Change::Answered(Box::new(answer.clone()))];
    let scope = Scope::of(SERVER, answer.user);
    stores.servers.change(scope, answer.at, answer.user, Box::new(|_| Ok(changes))).await.unwrap()
}

pub(super) async fn an_answer_is_kept_with_what_was_made(stores: Stores<'_>) {
    town(stores).await;
    assert_eq!(kept(stores, ADA, "one").await, None);
    let founded = founding(OTHER, ADA, JoinPolicy::Open);
    let made = Made::Server(founded.server.clone());
    let server = KeptAnswer { user: ADA, key: key("one", 1), at: at(1), made };
    stores.servers.found(Founding { kept: Some(server.clone()), ..founded }).await.unwrap().unwrap();
    assert_eq!(kept(stores, ADA, "one").await, Some(server));
    let channel = answer(ADA, key("two", 2), at(2));
    make(stores, &channel, 70).await.unwrap();
    assert_eq!(kept(stores, ADA, "two").await, Some(channel));
    let invite = Invite {
        code: crate::common::name::InviteCode::parse("abcdefghij").unwrap(),
        server: SERVER,
        created_by: ADA,
        created_at: at(3),
        max_uses: 4,
        max_age_s: 5,
        uses: 0,
    };
    let invite = KeptAnswer { made: Made::Invite(invite), ..answer(ADA, key("three", 3), at(3)) };
    make(stores, &invite, 71).await.unwrap();
    assert_eq!(kept(stores, ADA, "three").await, Some(invite));
    assert_eq!(kept(stores, LIN, "three").await, None, "names are everybody's own");
}

pub(super) async fn of_two_requests_under_one_name_one_is_made(stores: Stores<'_>) {
    town(stores).await;
    let first = answer(ADA, key("one", 1), at(2));
    make(stores, &first, 70).await.unwrap();
    let before = events(stores).await;
    for again in [answer(ADA, key("one", 1), at(3)), answer(ADA, key("one", 2), at(3))] {
        assert_eq!(make(stores, &again, 71).await, Err(Refusal::InProgress));
    }
    assert_eq!(events(stores).await, before, "nothing of the second is stored");
    assert_eq!(kept(stores, ADA, "one").await, Some(first.clone()));
    let founded = Founding { kept: Some(first), ..founding(OTHER, ADA, JoinPolicy::Open) };
    assert_eq!(stores.servers.found(founded).await.unwrap(), Err(Unfounded::Answered));
    assert_eq!(stores.servers.events(OTHER, Seq::ZERO, 10).await.unwrap(), []);
    make(stores, &answer(LIN, key("one", 1), at(3)), 71).await.unwrap();
}

pub(super) async fn a_refusal_keeps_no_answer(stores: Stores<'_>) {
    town(stores).await;
    let unknown = founding(OTHER, NOBODY, JoinPolicy::Open);
    let unknown = Founding { kept: Some(answer(NOBODY, key("one", 1), at(1))), ..unknown };
    assert_eq!(stores.servers.found(unknown).await.unwrap(), Err(Unfounded::TooMany));
    assert_eq!(kept(stores, NOBODY, "one").await, None);
}

pub(super) async fn an_answer_that_is_too_old_makes_room(stores: Stores<'_>) {
    town(stores).await;
    make(stores, &answer(ADA, key("one", 1), at(2)), 70).await.unwrap();
    let soon = Timestamp::from_millis(at(2).after(KEPT_FOR).as_millis() - 1);
    assert_eq!(make(stores, &answer(ADA, key("one", 2), soon), 71).await, Err(Refusal::InProgress));
    let later = answer(ADA, key("one", 2), at(2).after(KEPT_FOR));
    make(stores, &later, 71).await.unwrap();
    assert_eq!(kept(stores, ADA, "one").await, Some(later));
}

pub(super) async fn old_answers_are_forgotten_in_pieces(stores: Stores<'_>) {
    town(stores).await;
    for (number, name) in (2..).zip(["one", "two", "three"]) {
        make(stores, &answer(ADA, key(name, 1), at(number)), 70 + u128::from(number.unsigned_abs()))
            .await
            .unwrap();
    }
    assert_eq!(stores.servers.forget_answers(at(4), 1).await.unwrap(), 1, "the oldest first");
    assert_eq!(kept(stores, ADA, "one").await, None);
    assert_eq!(stores.servers.forget_answers(at(4), 9).await.unwrap(), 1);
    assert_eq!(stores.servers.forget_answers(at(4), 9).await.unwrap(), 0);
    assert!(kept(stores, ADA, "three").await.is_some());
}
