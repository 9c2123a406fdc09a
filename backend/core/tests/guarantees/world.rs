//! One node of the chat service on stores in memory, with a server service, a bus, a log and readers that a test holds in its hands.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    task::{Poll, Waker},
    time::Duration,
};

use echopulse_core::{
    chat::{
        activity::ActivityFeed,
        committer::Committer,
        error::{ChatError, Refusal},
        hub::{Hub, HubDeps},
        model::{Delivery, Item, Mentions, Presence, ReadMove, Record},
        port::{
            inbound::{
                DeleteMessages, Follow, FollowId, Following, PostMessage, Posting, Reading, Receipt, Start,
            },
            outbound::{
                Applied, Bus, Community, EventLog, EventPage, Follower, MessageStore, PresenceBoard,
                Projection, Room, StreamHead, Timer, Upstream,
            },
        },
        projector::{Projector, ProjectorDeps},
        rights::Rights,
        service::{ChatDeps, ChatService},
    },
    common::{
        BoxFuture, ChannelId, Epoch, MessageId, Permission, Permissions, Position, RoleId, Seq, ServerId,
        StoreError, StreamKey, Timestamp, UserId,
        actor::{Actor, Identity},
        community::{
            Channel, ChannelKind, JoinPolicy, Level, Member, Override, OverrideTarget, Role, Server, User,
            UserKind,
        },
        event::{RemovalCause, ServerChange, ServerEvent},
        port::Clock,
        sync::Nudge,
    },
    testing::{
        chat::MemoryChatStore,
        chat_contract,
        executor::block_on,
        server::{CountingIds, HandClock},
    },
};

pub(crate) const SERVER: ServerId = ServerId::from_u128(0x5e);
pub(crate) const GENERAL: ChannelId = ChannelId::from_u128(0xc1);
pub(crate) const HIDDEN: ChannelId = ChannelId::from_u128(0xc2);
/// The owner.
pub(crate) const ADA: UserId = UserId::from_u128(0xada);
/// A member who does not see [`HIDDEN`].
pub(crate) const LIN: UserId = UserId::from_u128(0x11);
/// Nobody's member.
pub(crate) const EVE: UserId = UserId::from_u128(0xe5e);

/// What goes wrong until it is put right.
#[derive(Default)]
pub(crate) struct Broken {
    pub(crate) bus: AtomicBool,
    pub(crate) upstream: AtomicBool,
    pub(crate) log: AtomicBool,
    pub(crate) copy: AtomicBool,
}

fn or_fail<T>(broken: &AtomicBool, value: impl FnOnce() -> T) -> Result<T, StoreError> {
    if broken.load(SeqCst) { Err(StoreError::new("it is broken")) } else { Ok(value()) }
}

/// The server service: a log of changes.
#[derive(Default)]
pub(crate) struct TownHall {
    broken: Arc<Broken>,
    changes: Mutex<Vec<ServerEvent>>,
}

impl Upstream for TownHall {
    fn sign_in(&self, _identity: Identity) -> BoxFuture<'_, Result<Actor, StoreError>> {
        Box::pin(async { Err(StoreError::new("nobody signs in here")) })
    }

    fn events(
        &self,
        server: ServerId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ServerEvent>, StoreError>> {
        let changes = self.changes.lock().unwrap();
        let behind = changes.iter().filter(|change| change.server == server && change.seq > after);
        let behind: Vec<_> = behind.take(limit).cloned().collect();
        Box::pin(std::future::ready(or_fail(&self.broken.upstream, || behind)))
    }

    fn server_of(&self, channel: ChannelId) -> BoxFuture<'_, Result<Option<ServerId>, StoreError>> {
        let changes = self.changes.lock().unwrap();
        let made = |change: &&ServerEvent| matches!(&change.change, ServerChange::ChannelCreated(made) if made.id == channel);
        let found = changes.iter().find(made).map(|change| change.server);
        Box::pin(std::future::ready(or_fail(&self.broken.upstream, || found)))
    }
}

/// Remembers what was published.
#[derive(Default)]
pub(crate) struct TestBus {
    broken: Arc<Broken>,
    pub(crate) published: Mutex<Vec<Record>>,
}

impl Bus for TestBus {
    fn publish(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { or_fail(&self.broken.bus, || self.published.lock().unwrap().extend(records)) })
    }
}

/// The log of events, whose numbering can be made another one.
pub(crate) struct TestLog {
    broken: Arc<Broken>,
    store: Arc<MemoryChatStore>,
    pub(crate) epoch: AtomicU64,
    pub(crate) reads: AtomicUsize,
    /// Done once, between a look at heads and its answer.
    meanwhile: Meanwhile,
}

type Work = Box<dyn FnOnce() + Send>;
type Meanwhile = Mutex<Option<Work>>;

fn overtake(meanwhile: &Meanwhile) {
    let work = meanwhile.lock().unwrap().take();
    if let Some(work) = work {
        work();
    }
}

impl TestLog {
    /// Does `work` once, between a look at heads and its answer.
    pub(crate) fn before_heads(&self, work: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(work));
    }

    fn number(&self, epoch: Epoch) -> Epoch {
        Epoch(epoch.0 + self.epoch.load(SeqCst))
    }
}

impl EventLog for TestLog {
    fn events(
        &self,
        stream: StreamKey,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Option<EventPage>, StoreError>> {
        Box::pin(async move {
            self.reads.fetch_add(1, SeqCst);
            or_fail(&self.broken.log, || ())?;
            let page = self.store.events(stream, after, limit).await?;
            Ok(page.map(|page| {
                let epoch = self.number(page.epoch);
                let events = page.events.into_iter().map(|mut event| {
                    event.epoch = epoch;
                    event
                });
                EventPage { epoch, events: events.collect(), ..page }
            }))
        })
    }

    fn heads(&self, streams: Vec<StreamKey>) -> BoxFuture<'_, Result<Vec<StreamHead>, StoreError>> {
        Box::pin(async move {
            or_fail(&self.broken.log, || ())?;
            let heads = self.store.heads(streams).await?;
            overtake(&self.meanwhile);
            Ok(heads.into_iter().map(|head| StreamHead { epoch: self.number(head.epoch), ..head }).collect())
        })
    }
}

/// The copy, which can be made to fail, and to be overtaken while it is read.
pub(crate) struct TestCopy {
    broken: Arc<Broken>,
    store: Arc<MemoryChatStore>,
    /// Done once, between a read and its answer: whose, is the read's name.
    meanwhile: Mutex<Option<(&'static str, Work)>>,
}

impl TestCopy {
    /// Does `work` once, between the read of this name and its answer.
    pub(crate) fn before(&self, read: &'static str, work: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some((read, Box::new(work)));
    }

    fn overtake(&self, read: &str) {
        let found = self.meanwhile.lock().unwrap().take_if(|(name, _)| *name == read);
        if let Some((_, work)) = found {
            work();
        }
    }
}

macro_rules! passed_on {
    ($($name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)*) => {$(
        fn $name(&self, $($arg: $kind),*) -> BoxFuture<'_, Result<$answer, StoreError>> {
            Box::pin(async move {
                or_fail(&self.broken.copy, || ())?;
                let answer = self.store.$name($($arg),*).await;
                self.overtake(stringify!($name));
                answer
            })
        }
    )*};
}

impl Projection for TestCopy {
    passed_on! {
        position(server: ServerId) -> Option<(Epoch, Seq)>;
        keep_user(user: User, revision: u64) -> bool;
        server_of(channel: ChannelId) -> Option<ServerId>;
        deleted_channel(channel: ChannelId) -> Option<(ServerId, Channel)>;
        community(server: ServerId) -> Option<Community>;
        member(server: ServerId, user: UserId) -> Option<Member>;
        members(server: ServerId) -> Vec<UserId>;
        servers_of(user: UserId) -> Vec<ServerId>;
        removal(server: ServerId, user: UserId) -> Option<RemovalCause>;
    }

    fn apply(&self, event: ServerEvent) -> BoxFuture<'_, Result<Applied, StoreError>> {
        self.store.apply(event)
    }
}

/// A pause is over when everybody else had a turn.
struct ShortPauses;

impl Timer for ShortPauses {
    fn sleep(&self, _span: Duration) -> BoxFuture<'_, ()> {
        Box::pin(turns(1))
    }
}

struct NobodyThere;

impl PresenceBoard for NobodyThere {
    fn connected(&self, _user: UserId, _at: Timestamp) -> BoxFuture<'_, Option<Presence>> {
        Box::pin(std::future::ready(None))
    }

    fn disconnected(&self, _user: UserId, _at: Timestamp) -> BoxFuture<'_, Option<Presence>> {
        Box::pin(std::future::ready(None))
    }

    fn of(&self, _users: Vec<UserId>) -> BoxFuture<'_, Vec<(UserId, Presence)>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}

/// Lets everybody else have so many turns.
pub(crate) async fn turns(count: usize) {
    let mut left = count;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Lets everybody come to rest.
pub(crate) async fn rest() {
    turns(200).await;
}

/// Does both, until both are done.
pub(crate) async fn beside<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut other) = (Box::pin(one), Box::pin(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(done) = one.as_mut().poll(context)
        {
            first = Some(done);
        }
        if second.is_none()
            && let Poll::Ready(done) = other.as_mut().poll(context)
        {
            second = Some(done);
        }
        match (first.take(), second.take()) {
            (Some(one), Some(other)) => Poll::Ready((one, other)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}

/// Stores a post of [`ADA`], as another node does.
pub(crate) fn stored(store: &MemoryChatStore, content: &str) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let write = chat_contract::post(ADA, GENERAL, NEXT.fetch_add(1, SeqCst), content);
    block_on(store.commit(vec![write])).unwrap();
}

/// A reader's socket with room for so many deliveries.
pub(crate) struct Reader {
    room: usize,
    inner: Mutex<(VecDeque<Arc<Delivery>>, Vec<Waker>)>,
}

impl Reader {
    pub(crate) fn new(room: usize) -> Arc<Self> {
        Arc::new(Self { room, inner: Mutex::default() })
    }

    /// What came since the last call, signals included.
    pub(crate) fn read(&self) -> Vec<Item> {
        let mut inner = self.inner.lock().unwrap();
        inner.1.drain(..).for_each(Waker::wake);
        inner.0.drain(..).map(|delivery| delivery.item.clone()).collect()
    }

    /// The places of the events that came since the last call; anything else is none of them.
    pub(crate) fn seqs(&self) -> Vec<u64> {
        let events = self.read().into_iter().filter_map(|item| match item {
            Item::Event(event) => Some(event.seq.0),
            _ => None,
        });
        events.collect()
    }
}

impl Follower for Reader {
    fn deliver(&self, _subscription: u64, delivery: Arc<Delivery>) -> Room {
        let mut inner = self.inner.lock().unwrap();
        if matches!(delivery.item, Item::Ended(_)) {
            inner.0.clear();
        }
        if inner.0.len() >= self.room {
            return Room::Gone;
        }
        inner.0.push_back(delivery);
        Room::Open
    }

    fn room(&self) -> BoxFuture<'_, Room> {
        Box::pin(poll_fn(|context| {
            let mut inner = self.inner.lock().unwrap();
            if inner.0.len() < self.room {
                return Poll::Ready(Room::Open);
            }
            inner.1.push(context.waker().clone());
            Poll::Pending
        }))
    }
}

/// Who asks.
pub(crate) const fn actor(user: UserId) -> Actor {
    Actor { user, kind: UserKind::Person, admin: false }
}

/// A post of `content` under `nonce`.
pub(crate) fn post(user: UserId, nonce: &str, content: &str) -> PostMessage {
    PostMessage {
        actor: actor(user),
        channel: GENERAL,
        nonce: Some(nonce.to_owned()),
        content: content.to_owned(),
        reply_to: None,
        mention_author: true,
        named: Mentions::default(),
    }
}

/// Why something was refused.
#[track_caller]
pub(crate) fn refusal<T>(answer: Result<T, ChatError>) -> Refusal {
    match answer {
        Err(ChatError::Refused(refusal)) => refusal,
        Err(ChatError::Store(error)) => panic!("{error}"),
        Ok(_) => panic!("it was not refused"),
    }
}

/// A channel that only [`ADA`] sees if it is `hidden`.
pub(crate) fn channel(id: ChannelId, name: &str, hidden: bool) -> Channel {
    let deny = Override {
        target: OverrideTarget::Role(RoleId::everyone(SERVER)),
        allow: Permissions::NONE,
        deny: Permissions::of(&[Permission::ViewChannel]),
    };
    Channel {
        id,
        kind: ChannelKind::Text,
        name: name.to_owned(),
        topic: String::new(),
        category: None,
        position: 0,
        slow_mode_s: 0,
        retention_days: None,
        overrides: if hidden { vec![deny] } else { Vec::new() },
    }
}

pub(crate) fn member(user: UserId) -> Member {
    let joined_at = Timestamp::from_millis(0);
    Member { user, nickname: None, roles: Vec::new(), joined_at, timeout_until: None }
}

fn profile(id: UserId) -> User {
    User {
        id,
        username: format!("user-{}", id.as_u128()),
        display_name: "Somebody".to_owned(),
        bio: String::new(),
        kind: UserKind::Person,
        created_at: Timestamp::from_millis(0),
    }
}

pub(crate) fn joined(user: UserId) -> ServerChange {
    ServerChange::MemberJoined { member: member(user), user: profile(user) }
}

pub(crate) const fn removed(user: UserId, cause: RemovalCause) -> ServerChange {
    ServerChange::MemberRemoved { user, cause }
}

/// One node, and everything around it.
pub(crate) struct World {
    pub(crate) broken: Arc<Broken>,
    pub(crate) store: Arc<MemoryChatStore>,
    pub(crate) copy: Arc<TestCopy>,
    pub(crate) hall: Arc<TownHall>,
    pub(crate) bus: Arc<TestBus>,
    pub(crate) log: Arc<TestLog>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) rights: Arc<Rights>,
    pub(crate) committer: Arc<Committer>,
    pub(crate) activity: Arc<ActivityFeed>,
    pub(crate) service: Arc<ChatService>,
}

impl World {
    /// A node that knows [`SERVER`]: [`GENERAL`], [`HIDDEN`], [`ADA`] and [`LIN`].
    pub(crate) fn new() -> Self {
        let broken = Arc::<Broken>::default();
        let store = Arc::<MemoryChatStore>::default();
        let copy = Arc::new(TestCopy {
            broken: Arc::clone(&broken),
            store: Arc::clone(&store),
            meanwhile: Mutex::default(),
        });
        let hall = Arc::new(TownHall { broken: Arc::clone(&broken), changes: Mutex::default() });
        let bus = Arc::new(TestBus { broken: Arc::clone(&broken), published: Mutex::default() });
        let log = Arc::new(TestLog {
            broken: Arc::clone(&broken),
            store: Arc::clone(&store),
            epoch: AtomicU64::new(0),
            reads: AtomicUsize::new(0),
            meanwhile: Mutex::default(),
        });
        let clock = Arc::<HandClock>::default();
        let rights = Arc::new(Rights::new(Arc::clone(&copy) as _, Arc::clone(&clock) as _));
        let hub = Arc::new(Hub::new(HubDeps {
            log: Arc::clone(&log) as _,
            rights: Arc::clone(&rights),
            timer: Arc::new(ShortPauses),
        }));
        let nudge = Arc::new(Nudge::default());
        let committer =
            Arc::new(Committer::new(Arc::clone(&store) as _, Arc::clone(&hub), Arc::clone(&nudge) as _, 1));
        let projector = Arc::new(Projector::new(ProjectorDeps {
            projection: Arc::clone(&copy) as _,
            upstream: Arc::clone(&hall) as _,
            rights: Arc::clone(&rights),
            hub: Arc::clone(&hub),
            relay: nudge,
        }));
        let activity =
            Arc::new(ActivityFeed::new(Arc::clone(&hub), Arc::clone(&rights), Arc::new(ShortPauses)));
        let service = Arc::new(ChatService::new(ChatDeps {
            messages: Arc::clone(&store) as _,
            webhooks: Arc::clone(&store) as _,
            committer: Arc::clone(&committer),
            hub: Arc::clone(&hub),
            rights: Arc::clone(&rights),
            projection: Arc::clone(&copy) as _,
            projector,
            upstream: Arc::clone(&hall) as _,
            bus: Arc::clone(&bus) as _,
            presence: Arc::new(NobodyThere),
            clock: Arc::clone(&clock) as _,
            ids: Arc::<CountingIds>::default(),
        }));
        let world =
            Self { broken, store, copy, hall, bus, log, clock, hub, rights, committer, activity, service };
        world.found();
        world
    }

    fn found(&self) {
        let created_at = Timestamp::from_millis(0);
        let server = Server {
            id: SERVER,
            name: "Rust Lyon".to_owned(),
            description: String::new(),
            owner: ADA,
            join_policy: JoinPolicy::Invite,
            default_level: Level::All,
            retention_days: None,
            created_at,
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
        for change in [
            ServerChange::ServerCreated(server),
            ServerChange::RoleCreated(everyone),
            ServerChange::ChannelCreated(channel(GENERAL, "general", false)),
            ServerChange::ChannelCreated(channel(HIDDEN, "hidden", true)),
            joined(ADA),
            joined(LIN),
        ] {
            let event = self.decide(change);
            block_on(self.store.apply(event)).unwrap();
        }
    }

    /// Lets the server service decide something, of which nobody hears yet.
    pub(crate) fn decide(&self, change: ServerChange) -> ServerEvent {
        let mut changes = self.hall.changes.lock().unwrap();
        let event = ServerEvent {
            server: SERVER,
            epoch: Epoch(77),
            seq: Seq(changes.len() as u64 + 1),
            at: self.clock.now(),
            actor: Some(ADA),
            change,
        };
        changes.push(event.clone());
        event
    }

    /// Lets the server service decide something, and the bus bring it here.
    pub(crate) async fn hears(&self, change: ServerChange) {
        let event = self.decide(change);
        self.service.receive(Record::Server(event)).await.unwrap();
    }

    /// Does `work` while the node's tasks run.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut tasks: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = vec![
            Box::pin(self.committer.run(0, |_| {})),
            Box::pin(self.hub.pump(|_| {})),
            Box::pin(self.activity.run(|_| {})),
        ];
        let mut work = std::pin::pin!(work);
        block_on(poll_fn(|context| {
            tasks.retain_mut(|task| task.as_mut().poll(context).is_pending());
            work.as_mut().poll(context)
        }))
    }

    /// Posts `content` as [`ADA`], durable when this answers.
    pub(crate) async fn says(&self, content: &str) -> Receipt {
        self.service.post(PostMessage { nonce: None, ..post(ADA, "", content) }).await.unwrap()
    }

    /// Deletes one of [`ADA`]'s messages.
    pub(crate) async fn deletes(&self, message: MessageId) {
        let messages = vec![message];
        let command = DeleteMessages { actor: actor(ADA), channel: GENERAL, messages };
        self.service.delete(command).await.unwrap();
    }

    /// How somebody asks for a stream.
    pub(crate) fn follow(
        user: UserId,
        stream: StreamKey,
        position: Option<Position>,
        reader: &Arc<Reader>,
    ) -> Follow {
        let follower = Arc::clone(reader) as _;
        Follow {
            actor: actor(user),
            stream,
            start: position.map_or(Start::Now, Start::Behind),
            follower,
            subscription: 0,
        }
    }

    /// Follows a stream from the position that is kept here, and catches up.
    pub(crate) async fn follows_on(
        &self,
        user: UserId,
        stream: StreamKey,
        reader: &Arc<Reader>,
    ) -> Result<(), ChatError> {
        let follow = Follow { start: Start::Stored, ..Self::follow(user, stream, None, reader) };
        self.service.follow(follow).await?.catch_up.await;
        Ok(())
    }

    /// Says how far somebody dealt with a channel.
    pub(crate) async fn done(&self, user: UserId, seq: u64) {
        let to = ReadMove::Forward { to: Seq(seq), version: None };
        self.service.move_read(actor(user), GENERAL, to).await.unwrap();
    }

    /// Follows a stream and catches up.
    pub(crate) async fn follows(
        &self,
        user: UserId,
        stream: StreamKey,
        position: Option<Position>,
        reader: &Arc<Reader>,
    ) -> Result<FollowId, ChatError> {
        let followed = self.service.follow(Self::follow(user, stream, position, reader)).await?;
        followed.catch_up.await;
        Ok(followed.id)
    }

    /// A stream's numbering and head in the store.
    pub(crate) async fn head(&self, stream: StreamKey) -> Position {
        let head = self.log.heads(vec![stream]).await.unwrap()[0];
        Position { epoch: head.epoch, after: head.head }
    }
}
