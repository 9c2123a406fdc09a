//! What is remembered of the rows for the bus, against the rows themselves.

use echopulse_core::{
    chat::{
        model::{Mentions, PurgeReason, StreamEvent},
        port::outbound::Outbox,
        write::{Write, WriteKind},
    },
    common::{
        MessageId, Seq, StreamKey, Timestamp,
        event::{RemovalCause, ServerChange},
    },
    testing::chat_contract::{ADA, GENERAL, LIN, RANDOM, post},
};

use super::{Fixture, channel, is_stored};
use crate::sqlite::chat::{outbox, tail::Tail};

/// The first message that [`post`] makes of a number.
fn message(number: u128) -> MessageId {
    MessageId::from_u128(0x1_0000 + number)
}

const fn write(kind: WriteKind) -> Write {
    Write { at: Timestamp::from_millis(0), actor: ADA, channel: GENERAL, kind }
}

impl Fixture {
    /// What the relay gets and what stands in the table, both by stream.
    async fn remembered_and_stored(&self) -> (Vec<StreamEvent>, Vec<StreamEvent>) {
        let mut remembered = self.store.pending(0, 1000).await.unwrap();
        remembered.sort_by_key(|event| (event.stream, event.seq));
        // A tail that knows nothing makes the table be read.
        let stored = outbox::pending(&self.store.database, &Tail::default(), 1000).await.unwrap();
        (remembered, stored)
    }

    async fn is_alike(&self, after: &str) {
        let (remembered, stored) = self.remembered_and_stored().await;
        assert_eq!(remembered, stored, "{after}");
    }
}

#[tokio::test]
async fn the_tail_is_what_the_table_holds_whatever_was_committed() {
    let fixture = Fixture::founded().await;
    fixture.is_alike("the founding").await;
    assert!(
        fixture
            .commit(vec![post(ADA, GENERAL, 1, "one"), post(LIN, GENERAL, 2, "two")])
            .await
            .iter()
            .all(is_stored)
    );
    fixture.is_alike("posts").await;
    assert!(fixture.store.tail.first(1).is_some(), "posts need no reading back");

    fixture.store.published(vec![(StreamKey::Channel(GENERAL), Seq(1))]).await.unwrap();
    fixture.is_alike("publishing one").await;
    let edit =
        WriteKind::Edit { message: message(2), content: "new".to_owned(), mentions: Mentions::default() };
    fixture.commit(vec![write(edit), post(ADA, GENERAL, 3, "three")]).await;
    fixture.is_alike("an edit").await;

    fixture.apply(5, ServerChange::ChannelCreated(channel(RANDOM))).await;
    fixture.commit(vec![post(ADA, RANDOM, 4, "elsewhere"), post(ADA, GENERAL, 5, "five")]).await;
    fixture.is_alike("another channel").await;
    fixture.commit(vec![write(WriteKind::Purge { through: Seq(4), reason: PurgeReason::Purge })]).await;
    fixture.is_alike("a purge").await;
    fixture.commit(vec![post(ADA, GENERAL, 6, "six")]).await;
    fixture.apply(6, ServerChange::MemberRemoved { user: LIN, cause: RemovalCause::Kicked }).await;
    fixture.is_alike("a kick, which is an event of a person").await;

    let (remembered, _) = fixture.remembered_and_stored().await;
    fixture
        .store
        .published(remembered.iter().map(|event| (event.stream, event.seq)).collect())
        .await
        .unwrap();
    fixture.is_alike("publishing all").await;
    assert_eq!(fixture.store.tail.first(1), Some(Vec::new()));
}

#[tokio::test]
async fn a_commit_that_fails_makes_the_table_be_read_again() {
    let fixture = Fixture::founded().await;
    fixture.is_alike("the founding").await;
    drop(fixture.store.tail.changing());
    assert_eq!(fixture.store.tail.first(1), None);
    fixture.is_alike("a commit of unknown outcome").await;
}

#[tokio::test]
async fn what_is_committed_while_the_table_is_read_is_there_once() {
    let fixture = Fixture::founded().await;
    fixture.store.tail.reading();
    fixture.commit(vec![post(ADA, GENERAL, 1, "met by the reader")]).await;
    let found = outbox::pending(&fixture.store.database, &Tail::default(), 1000).await.unwrap();
    fixture.commit(vec![post(ADA, GENERAL, 2, "not met")]).await;
    fixture.store.tail.learn(&found);
    assert!(fixture.store.tail.first(1).is_some());
    fixture.is_alike("both").await;
}

#[tokio::test]
async fn more_rows_than_are_kept_are_read_from_the_table() {
    let fixture = Fixture::founded().await;
    fixture.is_alike("the founding").await;
    let posts = (0..5000).map(|number| post(ADA, GENERAL, number, "text")).collect();
    fixture.commit(posts).await;
    assert_eq!(fixture.store.tail.first(1), None);
    assert_eq!(fixture.store.pending(0, 1000).await.unwrap().len(), 1000);
    assert_eq!(fixture.store.tail.first(1), None, "the table had more than was asked");
}
