//! The chat store against its contract, and what only a file can do.

mod plans;
mod tail;

use std::sync::Arc;

use echopulse_core::{
    chat::{
        model::{EventBody, HistoryQuery, Mentions, PurgeReason, ReadMove},
        port::outbound::{Applied, EventLog, MessageStore, Outbox, Projection},
        write::{Outcome, Write, WriteKind},
    },
    common::{
        ChannelId, Epoch, MessageId, RoleId, Seq, ServerId, StreamKey, Timestamp, UserId,
        community::{Channel, ChannelKind, JoinPolicy, Level, Member, Server, User, UserKind},
        event::{RemovalCause, ServerChange, ServerEvent},
    },
    testing::chat_contract::{self, ADA, GENERAL, LIN, SERVER, Stores, post},
};
use tempfile::TempDir;

use super::SqliteChatStore;
use crate::sqlite::database::Room;
use echopulse_system::OsChance;

/// A store and the folder it lives in.
struct Fixture {
    store: SqliteChatStore,
    folder: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self { store: open(&folder).await, folder }
    }

    /// Leaves the store as a crash would, and opens the file again.
    async fn crashed(self) -> Self {
        let Self { store, folder } = self;
        drop(store);
        Self { store: open(&folder).await, folder }
    }

    async fn founded() -> Self {
        let fixture = Self::new().await;
        fixture.found().await;
        fixture
    }

    async fn found(&self) {
        let joined = |id, name| ServerChange::MemberJoined { member: member(id), user: user(id, name) };
        let changes = [
            ServerChange::ServerCreated(server()),
            ServerChange::ChannelCreated(channel(GENERAL)),
            joined(ADA, "Ada"),
            joined(LIN, "Lin"),
        ];
        for (change, seq) in changes.into_iter().zip(1..) {
            self.apply(seq, change).await;
        }
    }

    async fn apply(&self, seq: u64, change: ServerChange) -> Applied {
        let at = Timestamp::from_millis(0);
        let event =
            ServerEvent { server: SERVER, epoch: Epoch(7), seq: Seq(seq), at, actor: Some(ADA), change };
        self.store.apply(event).await.unwrap()
    }

    async fn commit(&self, batch: Vec<Write>) -> Vec<Outcome> {
        self.store.commit(batch).await.unwrap()
    }
}

async fn open(folder: &TempDir) -> SqliteChatStore {
    SqliteChatStore::connect(folder.path(), Arc::new(OsChance)).await.unwrap()
}

fn server() -> Server {
    Server {
        id: SERVER,
        name: "Rust Lyon".to_owned(),
        description: String::new(),
        owner: ADA,
        join_policy: JoinPolicy::Invite,
        default_level: Level::All,
        retention_days: None,
        created_at: Timestamp::from_millis(0),
    }
}

fn channel(id: ChannelId) -> Channel {
    Channel {
        id,
        kind: ChannelKind::Text,
        name: "general".to_owned(),
        topic: String::new(),
        category: None,
        position: 0,
        slow_mode_s: 0,
        retention_days: None,
        overrides: Vec::new(),
    }
}

fn member(id: UserId) -> Member {
    Member {
        user: id,
        nickname: None,
        roles: Vec::new(),
        joined_at: Timestamp::from_millis(0),
        timeout_until: None,
    }
}

fn user(id: UserId, name: &str) -> User {
    User {
        id,
        username: name.to_lowercase(),
        display_name: name.to_owned(),
        bio: String::new(),
        kind: UserKind::Person,
        created_at: Timestamp::from_millis(0),
    }
}

fn views(fixture: &Fixture) -> Stores<'_> {
    let store = &fixture.store;
    Stores { messages: store, log: store, outbox: store, projection: store, webhooks: store }
}

fn is_stored(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Stored(_))
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    chat_contract::chat_store_contract(Fixture::new, views).await;
}

#[tokio::test]
async fn sqlite_keeps_the_contract_of_retention() {
    chat_contract::retention_contract(Fixture::new, |fixture| (views(fixture), &fixture.store)).await;
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_crash() {
    let fixture = Fixture::founded().await;
    let posts = (0..100).map(|n| post(ADA, GENERAL, n, "durable")).collect();
    assert!(fixture.commit(posts).await.iter().all(is_stored));
    let before = fixture.store.heads(vec![StreamKey::Channel(GENERAL)]).await.unwrap();
    let fixture = fixture.crashed().await;
    let after = fixture.store.heads(vec![StreamKey::Channel(GENERAL)]).await.unwrap();
    assert_eq!(after, before, "numbering and epoch stay");
    let page = fixture.store.history(GENERAL, HistoryQuery::Latest, 100).await.unwrap().unwrap();
    assert_eq!(page.messages.len(), 100);
    assert!(matches!(fixture.commit(vec![post(ADA, GENERAL, 5, "durable")]).await[0], Outcome::Repeated(_)));
    let hints = fixture.store.pending(0, 200).await.unwrap();
    assert_eq!(hints.iter().filter(|event| event.stream == StreamKey::Channel(GENERAL)).count(), 100);
}

#[tokio::test]
async fn a_batch_of_any_size_is_dense() {
    let fixture = Fixture::founded().await;
    let mut next = 0;
    for size in [1, 3, 17, 85, 256] {
        let posts = (next..next + size).map(|n| post(LIN, GENERAL, n, "text")).collect();
        next += size;
        assert!(fixture.commit(posts).await.iter().all(is_stored));
    }
    let page = fixture.store.events(StreamKey::Channel(GENERAL), Seq(0), 1000).await.unwrap().unwrap();
    let seqs: Vec<_> = page.events.iter().map(|event| event.seq.0).collect();
    assert_eq!(seqs, (1..=u64::from(next)).collect::<Vec<_>>());
}

#[tokio::test]
async fn batches_at_the_same_time_do_not_mix() {
    let fixture = Fixture::founded().await;
    let batch = |from: u32| (from..from + 50).map(|n| post(ADA, GENERAL, n, "text")).collect();
    let (one, other) = tokio::join!(fixture.store.commit(batch(0)), fixture.store.commit(batch(50)));
    let seqs = |outcomes: Vec<Outcome>| {
        let seq = |outcome: &Outcome| match outcome {
            Outcome::Stored(event) => event.seq.0,
            other => panic!("{other:?}"),
        };
        outcomes.iter().map(seq).collect::<Vec<_>>()
    };
    let mut all = [seqs(one.unwrap()), seqs(other.unwrap())];
    all.sort();
    assert_eq!(all.concat(), (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_disk_stores_nothing_and_the_next_batch_goes_on() {
    let fixture = Fixture::founded().await;
    fixture.store.database.limit_pages(Room::Full).await;
    let large = "x".repeat(16_000);
    let posts = (0..50).map(|n| post(ADA, GENERAL, n, &large)).collect();
    let error = fixture.store.commit(posts).await.unwrap_err();
    assert!(format!("{error:?}").contains("full"), "{error:?}");
    let page = fixture.store.history(GENERAL, HistoryQuery::Latest, 100).await.unwrap().unwrap();
    assert_eq!((page.messages.len(), page.head), (0, Seq(0)), "nothing of the batch is there");
    fixture.store.database.limit_pages(Room::Plenty).await;
    let posts = (0..50).map(|n| post(ADA, GENERAL, n, &large)).collect();
    assert!(fixture.commit(posts).await.iter().all(is_stored));
}

#[tokio::test]
async fn each_stream_has_an_epoch_of_its_own() {
    let fixture = Fixture::founded().await;
    let other = ChannelId::from_u128(0xc9);
    fixture.apply(5, ServerChange::ChannelCreated(channel(other))).await;
    let streams = vec![StreamKey::Channel(GENERAL), StreamKey::Channel(other), StreamKey::User(ADA)];
    let heads = fixture.store.heads(streams).await.unwrap();
    let [one, two, three] = heads.as_slice() else { panic!("{heads:?}") };
    assert!(one.epoch != two.epoch && two.epoch != three.epoch);
}

#[tokio::test]
async fn coming_back_starts_read() {
    let fixture = Fixture::founded().await;
    fixture.commit((0..3).map(|n| post(ADA, GENERAL, n, "text")).collect()).await;
    let unread = ReadMove::UnreadFrom(Seq(1));
    assert_eq!(fixture.store.move_read(LIN, GENERAL, unread).await.unwrap().unwrap().unread, 3);
    let cause = RemovalCause::Left;
    fixture.apply(5, ServerChange::MemberRemoved { user: LIN, cause }).await;
    fixture.commit((3..5).map(|n| post(ADA, GENERAL, n, "text")).collect()).await;
    fixture.apply(6, ServerChange::MemberJoined { member: member(LIN), user: user(LIN, "Lin") }).await;
    let states = fixture.store.read_states(LIN, vec![GENERAL]).await.unwrap();
    assert_eq!((states[0].read, states[0].unread), (Seq(5), 0));
}

#[tokio::test]
async fn more_than_a_thousand_unread_are_a_thousand() {
    let fixture = Fixture::founded().await;
    for part in 0..5 {
        let posts = (part * 250..(part + 1) * 250).map(|n| post(ADA, GENERAL, n, "text")).collect();
        fixture.commit(posts).await;
    }
    let states = fixture.store.read_states(LIN, vec![GENERAL]).await.unwrap();
    assert_eq!((states[0].unread, states[0].mentions), (1000, 0));
}

#[tokio::test]
async fn a_role_that_one_holds_now_counts_as_a_mention() {
    let fixture = Fixture::founded().await;
    let role = RoleId::from_u128(0x70);
    let mut told = post(ADA, GENERAL, 1, "you all");
    if let WriteKind::Post(post) = &mut told.kind {
        post.mentions.roles = vec![role, RoleId::from_u128(0x71)];
    }
    fixture.commit(vec![told]).await;
    let mentions = async || fixture.store.read_states(LIN, vec![GENERAL]).await.unwrap()[0].mentions;
    assert_eq!(mentions().await, 0);
    let holder = Member { roles: vec![RoleId::from_u128(0x72), role], ..member(LIN) };
    fixture.apply(5, ServerChange::MemberUpdated(holder)).await;
    assert_eq!(mentions().await, 1);
}

#[tokio::test]
async fn a_ban_names_a_hundred_messages_at_most() {
    let fixture = Fixture::founded().await;
    fixture.commit((0..150).map(|n| post(LIN, GENERAL, n, "spam")).collect()).await;
    let at = Timestamp::from_millis(1_000_000_000 + 200_000);
    let change = ServerChange::MemberBanned { user: LIN, delete_messages_s: 604_800 };
    let event = ServerEvent { server: SERVER, epoch: Epoch(7), seq: Seq(5), at, actor: Some(ADA), change };
    fixture.store.apply(event).await.unwrap();
    let page = fixture.store.events(StreamKey::Channel(GENERAL), Seq(150), 9).await.unwrap().unwrap();
    let counts: Vec<_> = page
        .events
        .iter()
        .map(|event| match &event.body {
            EventBody::MessagesDeleted { messages, .. } => messages.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(counts, [100, 50]);
    let page = fixture.store.history(GENERAL, HistoryQuery::Latest, 100).await.unwrap().unwrap();
    assert!(page.messages.iter().all(|message| message.content.is_empty()));
}

#[tokio::test]
async fn a_hint_of_a_purged_message_is_not_left_over() {
    let fixture = Fixture::founded().await;
    fixture.commit((0..3).map(|n| post(ADA, GENERAL, n, "text")).collect()).await;
    let message = MessageId::from_u128(0x1_0000);
    let write = |kind| Write { at: Timestamp::from_millis(0), actor: ADA, channel: GENERAL, kind };
    let edit = WriteKind::Edit { message, content: "new".to_owned(), mentions: Mentions::default() };
    let purge = WriteKind::Purge { through: Seq(2), reason: PurgeReason::Purge };
    fixture.commit(vec![write(edit), write(purge)]).await;
    let hints = fixture.store.pending(0, 100).await.unwrap();
    let seqs: Vec<_> = hints
        .iter()
        .filter(|event| event.stream == StreamKey::Channel(GENERAL))
        .map(|event| event.seq.0)
        .collect();
    assert_eq!(seqs, [3, 5], "4 was an edit of what is gone");
    let gone: i64 = fixture.store.database.number("SELECT count(*) FROM outbox WHERE seq = 4").await;
    assert_eq!(gone, 0);
}

#[tokio::test]
async fn an_unknown_server_is_a_gap_from_the_beginning() {
    let fixture = Fixture::new().await;
    let applied = fixture.apply(3, ServerChange::ServerDeleted(ServerId::from_u128(1))).await;
    assert_eq!(applied, Applied::Gap { at: Seq(0) });
}

#[tokio::test]
async fn a_commit_is_on_the_disk_before_it_is_answered() {
    let fixture = Fixture::new().await;
    let mut transaction = fixture.store.database.write().await.unwrap();
    let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *transaction).await.unwrap();
    assert_eq!(level, 2, "FULL: the log is flushed with every commit");
}

impl Fixture {
    /// Makes every write of this kind fail, or none.
    async fn breaks(&self, write: Option<&'static str>) {
        let mut transaction = self.store.database.write().await.unwrap();
        let sql = write.unwrap_or("DROP TRIGGER broken");
        sqlx::raw_sql(sql).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_commit_that_fails_half_way_leaves_nothing() {
    let fixture = Fixture::founded().await;
    for broken in [
        "CREATE TRIGGER broken BEFORE INSERT ON nonce BEGIN SELECT RAISE(ABORT, 'broken'); END",
        "CREATE TRIGGER broken BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'broken'); END",
        "CREATE TRIGGER broken BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'broken'); END",
        "CREATE TRIGGER broken BEFORE UPDATE ON stream_head BEGIN SELECT RAISE(ABORT, 'broken'); END",
    ] {
        let before = fixture.store.pending(0, 100).await.unwrap();
        fixture.breaks(Some(broken)).await;
        assert!(fixture.store.commit(vec![post(ADA, GENERAL, 1, "hello")]).await.is_err(), "{broken}");
        fixture.breaks(None).await;
        assert_eq!(fixture.store.find_nonce(ADA, "nonce-1".to_owned()).await.unwrap(), None, "{broken}");
        let page = fixture.store.history(GENERAL, HistoryQuery::Latest, 9).await.unwrap().unwrap();
        assert_eq!((page.head, page.messages), (Seq(0), Vec::new()), "{broken}");
        assert_eq!(fixture.store.pending(0, 100).await.unwrap(), before, "{broken}");
    }
    assert!(is_stored(&fixture.commit(vec![post(ADA, GENERAL, 1, "hello")]).await[0]));
}

#[tokio::test]
async fn a_change_that_fails_half_way_is_applied_again() {
    let fixture = Fixture::founded().await;
    let mei = UserId::from_u128(0x3e1);
    let joined = ServerChange::MemberJoined { member: member(mei), user: user(mei, "Mei") };
    let at = Timestamp::from_millis(0);
    let change = ServerEvent {
        server: SERVER,
        epoch: Epoch(7),
        seq: Seq(5),
        at,
        actor: Some(ADA),
        change: joined.clone(),
    };
    let broken =
        "CREATE TRIGGER broken BEFORE INSERT ON member_copy BEGIN SELECT RAISE(ABORT, 'broken'); END";
    fixture.breaks(Some(broken)).await;
    assert!(fixture.store.apply(change).await.is_err());
    fixture.breaks(None).await;
    assert_eq!(fixture.store.position(SERVER).await.unwrap(), Some((Epoch(7), Seq(4))));
    assert!(matches!(fixture.apply(5, joined).await, Applied::Done { .. }));
    assert!(fixture.store.member(SERVER, mei).await.unwrap().is_some());
}
