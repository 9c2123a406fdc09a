//! What every adapter of the chat context's stores must do. Call each contract on fresh stores, from the adapter's tests.

mod retention;
mod webhooks;

pub use retention::{WithRetention, retention_contract};

use crate::{
    chat::{
        error::Refusal,
        model::{DeletedBy, EventBody, HistoryQuery, Mentions, Message, PurgeReason, ReadMove},
        port::outbound::{Applied, EventLog, MessageStore, Outbox, Projection, WebhookStore},
        write::{Outcome, Post, Write, WriteKind},
    },
    common::{
        ChannelId, Epoch, MessageId, Permissions, RoleId, Seq, ServerId, StreamKey, Timestamp, UserId,
        community::{Channel, ChannelKind, JoinPolicy, Level, Member, Role, Server, User, UserKind},
        event::{RemovalCause, ServerChange, ServerEvent},
    },
};

/// The stores under test: views of one fresh database.
#[derive(Clone, Copy)]
pub struct Stores<'a> {
    /// Messages.
    pub messages: &'a dyn MessageStore,
    /// Events.
    pub log: &'a dyn EventLog,
    /// Rows for the bus.
    pub outbox: &'a dyn Outbox,
    /// The copy.
    pub projection: &'a dyn Projection,
    /// Webhooks.
    pub webhooks: &'a dyn WebhookStore,
}

/// The server that contracts talk about.
pub const SERVER: ServerId = ServerId::from_u128(0x5e);
/// Its first channel.
pub const GENERAL: ChannelId = ChannelId::from_u128(0xc1);
/// Its second channel.
pub const RANDOM: ChannelId = ChannelId::from_u128(0xc2);
/// Its owner.
pub const ADA: UserId = UserId::from_u128(0xada);
/// A member.
pub const LIN: UserId = UserId::from_u128(0x11);

const EPOCH: Epoch = Epoch(0xe0);

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + second * 1000)
}

fn user(id: UserId, name: &str) -> User {
    User {
        id,
        username: name.to_lowercase(),
        display_name: name.to_owned(),
        bio: String::new(),
        kind: UserKind::Person,
        created_at: at(0),
    }
}

fn member(id: UserId) -> Member {
    Member { user: id, nickname: None, roles: Vec::new(), joined_at: at(0), timeout_until: None }
}

fn channel(id: ChannelId, name: &str) -> Channel {
    Channel {
        id,
        kind: ChannelKind::Text,
        name: name.to_owned(),
        topic: String::new(),
        category: None,
        position: 0,
        slow_mode_s: 0,
        retention_days: None,
        overrides: Vec::new(),
    }
}

fn change(seq: u64, change: ServerChange) -> ServerEvent {
    ServerEvent { server: SERVER, epoch: EPOCH, seq: Seq(seq), at: at(0), actor: Some(ADA), change }
}

pub(crate) fn founding() -> Vec<ServerEvent> {
    let server = Server {
        id: SERVER,
        name: "Rust Lyon".to_owned(),
        description: String::new(),
        owner: ADA,
        join_policy: JoinPolicy::Invite,
        default_level: Level::All,
        retention_days: None,
        created_at: at(0),
    };
    let everyone = Role {
        id: RoleId::everyone(SERVER),
        name: "everyone".to_owned(),
        description: String::new(),
        colour: None,
        permissions: Permissions::EVERYONE,
        position: 0,
        mentionable: false,
    };
    let joined = |id, name| ServerChange::MemberJoined { member: member(id), user: user(id, name) };
    [
        ServerChange::ServerCreated(server),
        ServerChange::RoleCreated(everyone),
        ServerChange::ChannelCreated(channel(GENERAL, "general")),
        ServerChange::ChannelCreated(channel(RANDOM, "random")),
        joined(ADA, "Ada"),
        joined(LIN, "Lin"),
    ]
    .into_iter()
    .zip(1..)
    .map(|(what, seq)| change(seq, what))
    .collect()
}

async fn found(stores: Stores<'_>) {
    for event in founding() {
        let applied = stores.projection.apply(event).await.unwrap();
        assert!(matches!(applied, Applied::Done { .. }), "{applied:?}");
    }
}

/// A post of `content` under the id and nonce `n`.
#[must_use]
pub fn post(author: UserId, channel: ChannelId, n: u32, content: &str) -> Write {
    let post = Post {
        id: MessageId::from_u128(0x1_0000 + u128::from(n)),
        nonce: format!("nonce-{n}"),
        content: content.to_owned(),
        reply_to: None,
        mention_author: true,
        mentions: Mentions::default(),
        slow_mode: std::time::Duration::ZERO,
    };
    Write { at: at(i64::from(n)), actor: author, channel, kind: WriteKind::Post(post) }
}

fn as_post(write: &mut Write) -> &mut Post {
    match &mut write.kind {
        WriteKind::Post(post) => post,
        other => panic!("{other:?} is no post"),
    }
}

async fn commit(stores: Stores<'_>, batch: Vec<Write>) -> Vec<Outcome> {
    let count = batch.len();
    let outcomes = stores.messages.commit(batch).await.unwrap();
    assert_eq!(outcomes.len(), count);
    outcomes
}

async fn one(stores: Stores<'_>, write: Write) -> Outcome {
    commit(stores, vec![write]).await.remove(0)
}

fn stored(outcome: &Outcome) -> (Seq, &EventBody) {
    match outcome {
        Outcome::Stored(event) => (event.seq, &event.body),
        other => panic!("{other:?} is not stored"),
    }
}

fn created(outcome: &Outcome) -> &Message {
    match stored(outcome).1 {
        EventBody::MessageCreated { message, .. } => message,
        other => panic!("{other:?} is no new message"),
    }
}

fn id(n: u32) -> MessageId {
    MessageId::from_u128(0x1_0000 + u128::from(n))
}

fn delete(actor: UserId, n: u32, moderator: bool) -> Write {
    let kind = WriteKind::Delete { messages: vec![id(n)], moderator };
    Write { at: at(500), actor, channel: GENERAL, kind }
}

fn edit(actor: UserId, n: u32, content: &str) -> Write {
    let kind = WriteKind::Edit { message: id(n), content: content.to_owned(), mentions: Mentions::default() };
    Write { at: at(400), actor, channel: GENERAL, kind }
}

/// Everything below, on stores that `fresh` makes.
pub async fn chat_store_contract<S, F>(fresh: impl Fn() -> F, views: impl Fn(&S) -> Stores<'_>)
where
    F: Future<Output = S>,
{
    macro_rules! check {
        ($($contract:ident),* $(,)?) => {$(
            let store = fresh().await;
            $contract(views(&store)).await;
        )*};
        ($module:ident::{ $($contract:ident),* $(,)? }) => {$(
            let store = fresh().await;
            $module::$contract(views(&store)).await;
        )*};
    }
    check!(
        every_change_takes_the_next_place,
        a_repeated_nonce_is_answered_with_the_original,
        a_nonce_outlives_its_message_and_its_channel,
        rules_are_judged_on_what_the_same_batch_did,
        a_deleted_message_is_a_tombstone_everywhere,
        an_edit_keeps_no_old_text,
        history_pages_both_ways,
        a_purge_removes_and_keeps_the_numbers,
        the_outbox_holds_what_was_not_published,
        the_copy_takes_changes_in_order_once,
        people_are_told_of_their_servers,
        a_deleted_channel_is_gone_at_once,
        a_ban_may_take_messages_along,
        newcomers_start_read,
        read_positions_move_as_told,
        authors_are_shown_as_they_are_now,
    );
    check!(webhooks::{
        a_webhook_is_kept_with_its_hash_until_it_is_deleted,
        a_channel_has_no_more_webhooks_than_it_may,
        a_webhooks_messages_keep_its_name_when_it_is_gone,
        who_is_kicked_or_banned_leaves_no_webhook,
        a_deleted_channel_takes_its_webhooks_along,
    });
}

async fn every_change_takes_the_next_place(stores: Stores<'_>) {
    found(stores).await;
    let batch = vec![
        post(ADA, GENERAL, 1, "one"),
        post(LIN, RANDOM, 2, "elsewhere"),
        post(LIN, GENERAL, 3, "two"),
        edit(ADA, 1, "one, edited"),
        delete(LIN, 3, false),
    ];
    let outcomes = commit(stores, batch).await;
    let places: Vec<_> = outcomes.iter().map(|outcome| stored(outcome).0.0).collect();
    assert_eq!(places, [1, 1, 2, 3, 4]);
    let page = stores.log.events(StreamKey::Channel(GENERAL), Seq(1), 2).await.unwrap().unwrap();
    assert_eq!((page.head, page.through), (Seq(4), Seq(3)));
    assert_eq!(page.events.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [2, 3]);
    let heads =
        stores.log.heads(vec![StreamKey::Channel(GENERAL), StreamKey::Channel(RANDOM)]).await.unwrap();
    assert_eq!(heads.iter().map(|head| head.head.0).collect::<Vec<_>>(), [4, 1]);
    assert_eq!(heads[0].epoch, page.epoch);
}

async fn a_repeated_nonce_is_answered_with_the_original(stores: Stores<'_>) {
    found(stores).await;
    let first = one(stores, post(ADA, GENERAL, 1, "hello")).await;
    let original = created(&first).clone();
    let mut again = post(ADA, GENERAL, 1, "hello");
    as_post(&mut again).id = id(77);
    let mut twice = post(LIN, GENERAL, 2, "both");
    let first_of_two = twice.clone();
    as_post(&mut twice).id = id(78);
    let outcomes = commit(stores, vec![again, first_of_two, twice]).await;
    let Outcome::Repeated(record) = &outcomes[0] else { panic!("{:?}", outcomes[0]) };
    assert_eq!((record.message, record.seq), (original.id, original.seq));
    let Outcome::Repeated(record) = &outcomes[2] else { panic!("{:?}", outcomes[2]) };
    assert_eq!(record.message, id(2));
    let mut other = post(ADA, GENERAL, 1, "something else");
    as_post(&mut other).id = id(79);
    assert_eq!(one(stores, other).await, Outcome::Refused(Refusal::NonceReused));
    assert_eq!(one(stores, post(ADA, RANDOM, 1, "hello")).await, Outcome::Refused(Refusal::NonceReused));
    let mine = one(stores, Write { actor: LIN, ..post(LIN, GENERAL, 9, "mine") }).await;
    assert_eq!(created(&mine).seq, Seq(3), "a nonce belongs to its author");
    let found = stores.messages.find_nonce(ADA, "nonce-1".to_owned()).await.unwrap().unwrap();
    assert_eq!((found.message, found.channel), (original.id, GENERAL));
}

async fn a_nonce_outlives_its_message_and_its_channel(stores: Stores<'_>) {
    found(stores).await;
    one(stores, post(ADA, GENERAL, 1, "hello")).await;
    one(stores, delete(ADA, 1, false)).await;
    let Outcome::Repeated(_) = one(stores, post(ADA, GENERAL, 1, "hello")).await else {
        panic!("a deleted message was posted again")
    };
    let gone = change(7, ServerChange::ChannelDeleted(GENERAL));
    stores.projection.apply(gone).await.unwrap();
    assert!(stores.messages.find_nonce(ADA, "nonce-1".to_owned()).await.unwrap().is_some());
    assert_eq!(one(stores, post(ADA, RANDOM, 1, "hello")).await, Outcome::Refused(Refusal::NonceReused));
    assert_eq!(one(stores, post(ADA, GENERAL, 2, "late")).await, Outcome::Refused(Refusal::ChannelNotFound));
}

async fn rules_are_judged_on_what_the_same_batch_did(stores: Stores<'_>) {
    found(stores).await;
    let mut slow = post(LIN, GENERAL, 2, "too soon");
    as_post(&mut slow).slow_mode = std::time::Duration::from_secs(60);
    let mut reply = post(ADA, GENERAL, 3, "answer");
    as_post(&mut reply).reply_to = Some(id(1));
    let mut lost = post(ADA, GENERAL, 4, "to nobody");
    as_post(&mut lost).reply_to = Some(id(99));
    let mut late = post(ADA, GENERAL, 5, "to a tombstone");
    as_post(&mut late).reply_to = Some(id(1));
    let batch = vec![
        post(LIN, GENERAL, 1, "first"),
        slow,
        reply,
        lost,
        edit(ADA, 1, "not mine"),
        delete(LIN, 1, false),
        late,
    ];
    let outcomes = commit(stores, batch).await;
    assert!(matches!(&outcomes[1], Outcome::Refused(Refusal::SlowMode(_))), "{:?}", outcomes[1]);
    let answer = created(&outcomes[2]);
    assert_eq!(answer.reply_to.map(|reply| (reply.id, reply.author)), Some((id(1), LIN)));
    assert_eq!(answer.mentions.users, [LIN], "the answered author is told");
    assert_eq!(outcomes[3], Outcome::Refused(Refusal::MessageNotFound));
    assert_eq!(outcomes[4], Outcome::Refused(Refusal::NotAuthor));
    assert_eq!(stored(&outcomes[5]).0, Seq(3));
    assert_eq!(outcomes[6], Outcome::Refused(Refusal::MessageDeleted));
    assert!(
        stores.messages.find_nonce(ADA, "nonce-4".to_owned()).await.unwrap().is_none(),
        "a refusal leaves nothing"
    );
}

async fn a_deleted_message_is_a_tombstone_everywhere(stores: Stores<'_>) {
    found(stores).await;
    let mut secret = post(LIN, GENERAL, 1, "secret");
    as_post(&mut secret).mentions.users = vec![ADA];
    one(stores, secret).await;
    let mut reply = post(ADA, GENERAL, 2, "answer");
    as_post(&mut reply).reply_to = Some(id(1));
    one(stores, reply).await;
    let refused = one(stores, delete(ADA, 1, false)).await;
    assert!(matches!(refused, Outcome::Refused(Refusal::PermissionMissing(_))), "{refused:?}");
    let deleted = one(stores, delete(ADA, 1, true)).await;
    let (seq, body) = stored(&deleted);
    assert_eq!(
        *body,
        EventBody::MessagesDeleted { messages: vec![(id(1), Seq(1))], by: DeletedBy::Moderator }
    );
    let tombstone = stores.messages.find_message(GENERAL, id(1)).await.unwrap().unwrap();
    assert_eq!((tombstone.content.as_str(), tombstone.revision), ("", seq));
    assert_eq!(tombstone.mentions, Mentions::default());
    assert_eq!(tombstone.deleted.map(|deletion| deletion.by), Some(DeletedBy::Moderator));
    let replay = stores.log.events(StreamKey::Channel(GENERAL), Seq(0), 9).await.unwrap().unwrap();
    assert!(!format!("{replay:?}").contains("secret"), "a replay sends deleted text");
    assert!(matches!(one(stores, delete(ADA, 1, true)).await, Outcome::Unchanged { head: Seq(3), .. }));
    assert_eq!(one(stores, edit(LIN, 1, "again")).await, Outcome::Refused(Refusal::MessageDeleted));
}

async fn an_edit_keeps_no_old_text(stores: Stores<'_>) {
    found(stores).await;
    let mut told = post(LIN, GENERAL, 1, "before");
    as_post(&mut told).mentions.users = vec![ADA];
    one(stores, told).await;
    let mut kept = edit(LIN, 1, "after");
    if let WriteKind::Edit { mentions, .. } = &mut kept.kind {
        mentions.users = vec![ADA, LIN];
    }
    let outcome = one(stores, kept).await;
    let EventBody::MessageUpdated { message, .. } = stored(&outcome).1 else { panic!("{outcome:?}") };
    assert_eq!((message.content.as_str(), message.revision, message.seq), ("after", Seq(2), Seq(1)));
    assert_eq!(message.mentions.users, [ADA], "an edit adds no mention");
    assert!(message.edited_at.is_some());
    let replay = stores.log.events(StreamKey::Channel(GENERAL), Seq(0), 1).await.unwrap().unwrap();
    assert!(!format!("{replay:?}").contains("before"));
    assert!(matches!(one(stores, edit(LIN, 1, "after")).await, Outcome::Unchanged { .. }));
}

async fn seqs(stores: Stores<'_>, query: HistoryQuery, limit: usize) -> (Vec<u64>, (u64, u64)) {
    let page = stores.messages.history(GENERAL, query, limit).await.unwrap().unwrap();
    let seqs = page.messages.iter().map(|message| message.seq.0).collect();
    (seqs, (page.covers.0.0, page.covers.1.0))
}

async fn history_pages_both_ways(stores: Stores<'_>) {
    found(stores).await;
    let posts = (1..=9).map(|n| post(ADA, GENERAL, n, "text")).collect();
    commit(stores, posts).await;
    one(stores, edit(ADA, 4, "edited")).await;
    assert_eq!(seqs(stores, HistoryQuery::Latest, 3).await, (vec![7, 8, 9], (7, 10)));
    assert_eq!(seqs(stores, HistoryQuery::Before(Seq(4)), 2).await, (vec![2, 3], (2, 3)));
    assert_eq!(seqs(stores, HistoryQuery::Before(Seq(3)), 5).await, (vec![1, 2], (1, 2)));
    assert_eq!(seqs(stores, HistoryQuery::After(Seq(7)), 5).await, (vec![8, 9], (8, 10)));
    assert_eq!(seqs(stores, HistoryQuery::Around(Seq(5)), 4).await, (vec![3, 4, 5, 6], (3, 6)));
    let nowhere = ChannelId::from_u128(0xdead);
    assert_eq!(stores.messages.history(nowhere, HistoryQuery::Latest, 1).await.unwrap(), None);
    let other = stores.messages.find_message(RANDOM, id(1)).await.unwrap();
    assert_eq!(other, None, "a message belongs to its channel");
}

async fn a_purge_removes_and_keeps_the_numbers(stores: Stores<'_>) {
    found(stores).await;
    let posts = (1..=5).map(|n| post(ADA, GENERAL, n, "text")).collect();
    commit(stores, posts).await;
    let kind = WriteKind::Purge { through: Seq(3), reason: PurgeReason::Purge };
    let purge = Write { at: at(900), actor: ADA, channel: GENERAL, kind };
    let outcome = one(stores, purge.clone()).await;
    assert_eq!(stored(&outcome).0, Seq(6));
    assert_eq!(*stored(&outcome).1, EventBody::HistoryPurged { through: Seq(3), reason: PurgeReason::Purge });
    let page = stores.log.events(StreamKey::Channel(GENERAL), Seq(0), 9).await.unwrap().unwrap();
    assert_eq!((page.purged_through, page.head, page.through), (Seq(3), Seq(6), Seq(6)));
    assert_eq!(page.events.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [4, 5, 6]);
    assert_eq!(stores.messages.find_message(GENERAL, id(2)).await.unwrap(), None);
    assert_eq!(seqs(stores, HistoryQuery::Latest, 9).await, (vec![4, 5], (4, 6)));
    assert!(matches!(one(stores, purge).await, Outcome::Unchanged { .. }));
    assert_eq!(created(&one(stores, post(ADA, GENERAL, 9, "next")).await).seq, Seq(7));
}

async fn the_outbox_holds_what_was_not_published(stores: Stores<'_>) {
    found(stores).await;
    let told = stores.outbox.pending(0, 100).await.unwrap();
    let rows = told.iter().map(|event| (event.stream, event.seq)).collect();
    stores.outbox.published(rows).await.unwrap();
    commit(
        stores,
        vec![post(ADA, GENERAL, 1, "one"), post(ADA, GENERAL, 2, "two"), post(ADA, RANDOM, 3, "x")],
    )
    .await;
    let pending = stores.outbox.pending(0, 100).await.unwrap();
    let general: Vec<_> = pending
        .iter()
        .filter(|event| event.stream == StreamKey::Channel(GENERAL))
        .map(|event| event.seq.0)
        .collect();
    assert_eq!((general, pending.len()), (vec![1, 2], 3));
    stores.outbox.published(vec![(StreamKey::Channel(GENERAL), Seq(1))]).await.unwrap();
    stores.outbox.published(vec![(StreamKey::Channel(GENERAL), Seq(1))]).await.unwrap();
    let pending = stores.outbox.pending(0, 100).await.unwrap();
    assert_eq!(pending.len(), 2);
    assert_eq!(stores.outbox.pending(0, 1).await.unwrap().len(), 1);
}

async fn the_copy_takes_changes_in_order_once(stores: Stores<'_>) {
    assert_eq!(stores.projection.position(SERVER).await.unwrap(), None);
    let events = founding();
    assert_eq!(stores.projection.apply(events[1].clone()).await.unwrap(), Applied::Gap { at: Seq(0) });
    found(stores).await;
    assert_eq!(stores.projection.apply(events[2].clone()).await.unwrap(), Applied::Stale);
    let early = change(9, ServerChange::ChannelDeleted(RANDOM));
    assert_eq!(stores.projection.apply(early).await.unwrap(), Applied::Gap { at: Seq(6) });
    let foreign = ServerEvent { epoch: Epoch(1), ..change(7, ServerChange::ChannelDeleted(RANDOM)) };
    assert_eq!(stores.projection.apply(foreign).await.unwrap(), Applied::Gap { at: Seq(6) });
    assert_eq!(stores.projection.position(SERVER).await.unwrap(), Some((EPOCH, Seq(6))));
    assert_eq!(stores.projection.server_of(GENERAL).await.unwrap(), Some(SERVER));
    let community = stores.projection.community(SERVER).await.unwrap().unwrap();
    assert_eq!(community.channels.keys().copied().collect::<Vec<_>>(), [GENERAL, RANDOM]);
    assert_eq!(community.roles.len(), 1);
    let page = stores.log.events(StreamKey::Server(SERVER), Seq(4), 9).await.unwrap().unwrap();
    assert_eq!((page.epoch, page.head, page.events.len()), (EPOCH, Seq(6), 2));
    assert_eq!(stores.projection.members(SERVER).await.unwrap().len(), 2);
    assert_eq!(stores.projection.servers_of(LIN).await.unwrap(), [SERVER]);
}

async fn people_are_told_of_their_servers(stores: Stores<'_>) {
    let stream = StreamKey::User(LIN);
    let before = stores.log.heads(vec![stream]).await.unwrap();
    assert_eq!(before.first().map(|head| head.head), Some(Seq(0)), "a person's stream always exists");
    found(stores).await;
    let removed = ServerChange::MemberRemoved { user: LIN, cause: RemovalCause::Kicked };
    let applied = stores.projection.apply(change(7, removed)).await.unwrap();
    assert_eq!(applied, Applied::Done { grown: vec![stream] });
    let page = stores.log.events(stream, Seq(0), 9).await.unwrap().unwrap();
    assert_eq!(page.epoch, before[0].epoch);
    let bodies: Vec<_> = page.events.into_iter().map(|event| event.body).collect();
    let joined = EventBody::ServerJoined { server: SERVER, server_seq: Seq(6) };
    let left = EventBody::ServerLeft { server: SERVER, server_seq: Seq(7), cause: RemovalCause::Kicked };
    assert_eq!(bodies, [joined, left]);
    assert_eq!(stores.projection.member(SERVER, LIN).await.unwrap(), None);
    assert_eq!(stores.projection.removal(SERVER, LIN).await.unwrap(), Some(RemovalCause::Kicked));
    assert_eq!(stores.projection.removal(SERVER, ADA).await.unwrap(), None);
}

async fn a_deleted_channel_is_gone_at_once(stores: Stores<'_>) {
    found(stores).await;
    one(stores, post(ADA, RANDOM, 1, "hello")).await;
    stores.projection.apply(change(7, ServerChange::ChannelDeleted(RANDOM))).await.unwrap();
    assert_eq!(stores.projection.server_of(RANDOM).await.unwrap(), None);
    assert_eq!(stores.log.events(StreamKey::Channel(RANDOM), Seq(0), 9).await.unwrap(), None);
    assert_eq!(stores.log.heads(vec![StreamKey::Channel(RANDOM)]).await.unwrap(), []);
    assert_eq!(stores.messages.history(RANDOM, HistoryQuery::Latest, 9).await.unwrap(), None);
    assert_eq!(stores.messages.find_message(RANDOM, id(1)).await.unwrap(), None);
    let (server, last) = stores.projection.deleted_channel(RANDOM).await.unwrap().unwrap();
    assert_eq!((server, last.name.as_str()), (SERVER, "random"));
    let pending = stores.outbox.pending(0, 100).await.unwrap();
    assert!(pending.iter().all(|event| event.stream != StreamKey::Channel(RANDOM)), "nobody needs its hints");
    stores.projection.apply(change(8, ServerChange::ServerDeleted(SERVER))).await.unwrap();
    assert_eq!(stores.projection.community(SERVER).await.unwrap(), None);
    assert_eq!(stores.projection.servers_of(LIN).await.unwrap(), []);
    let person = stores.log.events(StreamKey::User(LIN), Seq(1), 9).await.unwrap().unwrap();
    assert_eq!(person.events.len(), 1, "every member is told");
}

async fn a_ban_may_take_messages_along(stores: Stores<'_>) {
    found(stores).await;
    commit(
        stores,
        vec![post(LIN, GENERAL, 1, "old"), post(LIN, GENERAL, 300, "new"), post(ADA, GENERAL, 301, "kept")],
    )
    .await;
    let banned = ServerChange::MemberBanned { user: LIN, delete_messages_s: 60 };
    let event = ServerEvent { at: at(320), ..change(7, banned) };
    let applied = stores.projection.apply(event).await.unwrap();
    assert_eq!(applied, Applied::Done { grown: vec![StreamKey::Channel(GENERAL)] });
    let page = stores.log.events(StreamKey::Channel(GENERAL), Seq(3), 9).await.unwrap().unwrap();
    let deleted = EventBody::MessagesDeleted { messages: vec![(id(300), Seq(2))], by: DeletedBy::Ban };
    assert_eq!(page.events.into_iter().map(|event| event.body).collect::<Vec<_>>(), [deleted]);
    let old = stores.messages.find_message(GENERAL, id(1)).await.unwrap().unwrap();
    assert_eq!(old.content, "old");
}

async fn state(stores: Stores<'_>, user: UserId) -> (u64, u64, u32, u32) {
    let states = stores.messages.read_states(user, vec![GENERAL]).await.unwrap();
    let state = states.first().copied().unwrap();
    (state.read.0, state.version, state.unread, state.mentions)
}

async fn newcomers_start_read(stores: Stores<'_>) {
    found(stores).await;
    commit(stores, (1..=3).map(|n| post(ADA, GENERAL, n, "text")).collect()).await;
    assert_eq!(state(stores, LIN).await, (0, 0, 3, 0), "the channel was empty when lin joined");
    assert_eq!(state(stores, ADA).await, (0, 0, 0, 0), "one's own messages are not unread");
    let mei = UserId::from_u128(0x3e1);
    let joined = ServerChange::MemberJoined { member: member(mei), user: user(mei, "Mei") };
    stores.projection.apply(change(7, joined)).await.unwrap();
    assert_eq!(state(stores, mei).await, (3, 0, 0, 0));
    let mut told = post(ADA, GENERAL, 4, "you and you");
    as_post(&mut told).mentions.users = vec![mei];
    let mut all = post(ADA, GENERAL, 5, "all");
    as_post(&mut all).mentions.everyone = true;
    commit(stores, vec![told, all]).await;
    assert_eq!(state(stores, mei).await, (3, 0, 2, 2));
    assert_eq!(state(stores, LIN).await, (0, 0, 5, 1));
    one(stores, delete(ADA, 4, false)).await;
    assert_eq!(state(stores, mei).await, (3, 0, 1, 1), "a deletion lowers the counts");
}

async fn read_positions_move_as_told(stores: Stores<'_>) {
    found(stores).await;
    commit(stores, (1..=4).map(|n| post(ADA, GENERAL, n, "text")).collect()).await;
    let forward = |to, version| ReadMove::Forward { to: Seq(to), version };
    let moves = [
        (forward(2, None), (2, 0, 2, 0)),
        (forward(1, None), (2, 0, 2, 0)),
        (forward(99, None), (4, 0, 0, 0)),
        (ReadMove::UnreadFrom(Seq(2)), (1, 1, 3, 0)),
        (forward(4, Some(0)), (1, 1, 3, 0)),
        (forward(3, Some(1)), (3, 1, 1, 0)),
    ];
    for (to, expected) in moves {
        let moved = stores.messages.move_read(LIN, GENERAL, to).await.unwrap().unwrap();
        assert_eq!((moved.read.0, moved.version, moved.unread, moved.mentions), expected, "{to:?}");
        assert_eq!(state(stores, LIN).await, expected);
    }
    let nowhere = ChannelId::from_u128(0xdead);
    assert_eq!(stores.messages.move_read(LIN, nowhere, forward(1, None)).await.unwrap(), None);
}

async fn authors_are_shown_as_they_are_now(stores: Stores<'_>) {
    found(stores).await;
    let outcome = one(stores, post(LIN, GENERAL, 1, "hello")).await;
    assert_eq!(created(&outcome).author.name, "Lin");
    let mut renamed = user(LIN, "Lin Chen");
    renamed.username = "lin".to_owned();
    assert!(stores.projection.keep_user(renamed, 2).await.unwrap());
    assert!(
        !stores.projection.keep_user(user(LIN, "Old"), 1).await.unwrap(),
        "an older revision changes nothing"
    );
    let shown = stores.messages.find_message(GENERAL, id(1)).await.unwrap().unwrap();
    assert_eq!(shown.author.name, "Lin Chen");
    let nicknamed = Member { nickname: Some("linnet".to_owned()), ..member(LIN) };
    stores.projection.apply(change(7, ServerChange::MemberUpdated(nicknamed))).await.unwrap();
    let shown = stores.messages.find_message(GENERAL, id(1)).await.unwrap().unwrap();
    assert_eq!(shown.author.name, "linnet");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{chat::MemoryChatStore, executor::block_on};

    fn views(store: &MemoryChatStore) -> Stores<'_> {
        Stores { messages: store, log: store, outbox: store, projection: store, webhooks: store }
    }

    #[test]
    fn memory_keeps_the_contract() {
        block_on(chat_store_contract(|| async { MemoryChatStore::default() }, views));
    }

    #[test]
    fn memory_keeps_the_contract_of_retention() {
        block_on(retention_contract(|| async { MemoryChatStore::default() }, |store| (views(store), store)));
    }
}
