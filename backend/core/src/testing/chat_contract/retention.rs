//! What every [`RetentionStore`] keeps.

use std::time::Duration;

use super::{
    ADA, Applied, GENERAL, LIN, RANDOM, SERVER, Stores, at, change, channel, commit, found, founding, one,
    post,
};
use crate::{
    chat::{
        model::PurgeReason,
        port::outbound::RetentionStore,
        write::{Outcome, Write, WriteKind},
    },
    common::{
        Seq, StreamKey,
        community::{Channel, Server},
        event::ServerChange,
    },
};

/// The stores under test, and what looks after them.
pub type WithRetention<'a> = (Stores<'a>, &'a dyn RetentionStore);

/// The contract of [`RetentionStore`], on stores that `fresh` makes.
pub async fn retention_contract<S, F>(fresh: impl Fn() -> F, views: impl Fn(&S) -> WithRetention<'_>)
where
    F: Future<Output = S>,
{
    let store = fresh().await;
    channels_are_kept_as_long_as_they_or_their_server_say(views(&store)).await;
    let store = fresh().await;
    the_last_message_of_before_a_moment_is_found(views(&store)).await;
    let store = fresh().await;
    events_of_before_a_moment_are_forgotten_and_said_to_be_gone(views(&store)).await;
    let store = fresh().await;
    a_chore_is_done_by_one_and_once_in_its_time(views(&store)).await;
}

async fn channels_are_kept_as_long_as_they_or_their_server_say((stores, retention): WithRetention<'_>) {
    found(stores).await;
    assert_eq!(retention.retained(None, 9).await.unwrap(), [], "for ever, unless something else is said");
    let week = Channel { retention_days: Some(7), ..channel(RANDOM, "random") };
    let apply = async |seq, what| {
        let applied = stores.projection.apply(change(seq, what)).await.unwrap();
        assert!(matches!(applied, Applied::Done { .. }));
    };
    apply(7, ServerChange::ChannelUpdated(week)).await;
    assert_eq!(retention.retained(None, 9).await.unwrap(), [(RANDOM, 7)]);
    let ServerChange::ServerCreated(server) = founding().swap_remove(0).change else {
        panic!("it is the first")
    };
    apply(8, ServerChange::ServerUpdated(Server { retention_days: Some(30), ..server })).await;
    assert_eq!(retention.retained(None, 9).await.unwrap(), [(GENERAL, 30), (RANDOM, 7)]);
    assert_eq!(retention.retained(None, 1).await.unwrap(), [(GENERAL, 30)]);
    assert_eq!(retention.retained(Some(GENERAL), 9).await.unwrap(), [(RANDOM, 7)]);
    apply(9, ServerChange::ChannelDeleted(RANDOM)).await;
    assert_eq!(retention.retained(None, 9).await.unwrap(), [(GENERAL, 30)]);
    apply(10, ServerChange::ServerDeleted(SERVER)).await;
    assert_eq!(retention.retained(None, 9).await.unwrap(), []);
}

async fn the_last_message_of_before_a_moment_is_found((stores, retention): WithRetention<'_>) {
    found(stores).await;
    let last = async |second| retention.last_before(GENERAL, at(second)).await.unwrap();
    assert_eq!(last(99).await, None, "nothing was said");
    commit(stores, (1..=5).map(|n| post(ADA, GENERAL, n, "text")).collect()).await;
    assert_eq!((last(1).await, last(2).await, last(4).await), (None, Some(Seq(1)), Some(Seq(3))));
    assert_eq!(last(99).await, Some(Seq(5)));
    let kind = WriteKind::Purge { through: Seq(3), reason: PurgeReason::Retention };
    let purge = Write { at: at(9), actor: ADA, channel: GENERAL, kind };
    let outcome = one(stores, purge).await;
    let Outcome::Stored(event) = outcome else { panic!("{outcome:?}") };
    assert_eq!(event.actor, None, "nobody did it");
    assert_eq!((last(4).await, last(5).await), (None, Some(Seq(4))));
}

async fn events_of_before_a_moment_are_forgotten_and_said_to_be_gone((stores, retention): WithRetention<'_>) {
    found(stores).await;
    commit(stores, vec![post(LIN, GENERAL, 1, "text")]).await;
    let later =
        ServerChange::ChannelUpdated(Channel { topic: "later".to_owned(), ..channel(RANDOM, "random") });
    let mut later = change(7, later);
    later.at = at(50);
    stores.projection.apply(later).await.unwrap();
    let mut forgotten = retention.forget_events(at(40), 100).await.unwrap();
    let page = stores.log.events(StreamKey::User(LIN), Seq::ZERO, 99).await.unwrap().unwrap();
    assert_eq!((page.purged_through, page.events.len()), (Seq::ZERO, 1), "what is not published stays");
    let pending = stores.outbox.pending(0, 100).await.unwrap();
    let rows = pending.iter().map(|event| (event.stream, event.seq)).collect();
    stores.outbox.published(rows).await.unwrap();
    loop {
        let some = retention.forget_events(at(40), 3).await.unwrap();
        assert!(some <= 3);
        forgotten += some;
        if some == 0 {
            break;
        }
    }
    // Six of the server, and that each of its two people joined.
    assert_eq!(forgotten, 8);
    let page = stores.log.events(StreamKey::Server(SERVER), Seq::ZERO, 99).await.unwrap().unwrap();
    assert_eq!((page.purged_through, page.head), (Seq(6), Seq(7)));
    assert_eq!(page.events.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [7]);
    for person in [ADA, LIN] {
        let page = stores.log.events(StreamKey::User(person), Seq::ZERO, 99).await.unwrap().unwrap();
        assert_eq!((page.purged_through, page.events.len()), (page.head, 0));
    }
    let page = stores.log.events(StreamKey::Channel(GENERAL), Seq::ZERO, 99).await.unwrap().unwrap();
    assert_eq!((page.purged_through, page.events.len()), (Seq::ZERO, 1), "those of channels stay");
    stores.projection.apply(change(8, ServerChange::ChannelDeleted(RANDOM))).await.unwrap();
    let page = stores.log.events(StreamKey::Server(SERVER), Seq(7), 99).await.unwrap().unwrap();
    assert_eq!(page.events.len(), 1, "the numbers go on");
}

async fn a_chore_is_done_by_one_and_once_in_its_time((_, retention): WithRetention<'_>) {
    let every = Duration::from_secs(10);
    let claim = async |chore, second| retention.claim(chore, at(second), every).await.unwrap();
    assert!(claim("sweep", 1).await);
    assert!(!claim("sweep", 1).await && !claim("sweep", 10).await, "it is somebody's");
    assert!(claim("dust", 1).await, "another one is not");
    assert!(claim("sweep", 11).await);
    retention.give_back("sweep").await.unwrap();
    assert!(claim("sweep", 12).await, "who failed leaves it to the next");
}
