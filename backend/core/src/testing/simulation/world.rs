//! The world: nodes that die, people who write and read, a moderator, and the model they are held against.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    bus::SimBus,
    chance::Seeded,
    check::{Acknowledged, Order},
    executor::Executor,
    node::{Node, Shared, SimUpstream},
    reader::{Inbox, Reader, Running, State},
    time::SimTime,
};
use crate::{
    chat::{
        error::{ChatError, Refusal},
        model::{Mentions, Record},
        port::{
            inbound::{DeleteMessages, EditMessage, Follow, Following, PostMessage, Posting, Receipt, Start},
            outbound::EventLog,
        },
    },
    common::{
        ChannelId, Epoch, MessageId, Permissions, RoleId, Seq, ServerId, StreamKey, Timestamp, UserId,
        actor::Actor,
        community::{Channel, ChannelKind, JoinPolicy, Level, Member, Role, Server, User, UserKind},
        event::{RemovalCause, ServerChange, ServerEvent},
        sync::lock,
    },
    testing::{chat::MemoryChatStore, executor::block_on},
};

const SERVER: ServerId = ServerId::from_u128(1);
const OWNER: UserId = UserId::from_u128(1000);
/// Polls that may pass, once nothing fails any more, before everybody has everything.
const SETTLING: u64 = 2_000_000;

/// A mistake put in on purpose: the simulation has to find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// The gate never reads what hints did not bring.
    NoHoleRepair,
    /// A receipt is given before the commit is made.
    ReceiptBeforeCommit,
}

/// How large a simulation is.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Decides everything.
    pub seed: u64,
    /// Polls before faults end and everybody catches up.
    pub ticks: u64,
    /// A mistake put in on purpose.
    pub mistake: Option<Mistake>,
}

/// A broken promise, and how to see it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The seed.
    pub seed: u64,
    /// The tick.
    pub tick: u64,
    /// What was broken.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {} tick {}: {}", self.seed, self.tick, self.what)
    }
}

/// What a run did, so that a run that did nothing is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Posts that were acknowledged.
    pub posts: usize,
    /// Items that readers were shown.
    pub shown: usize,
    /// Nodes that died.
    pub deaths: u64,
    /// Memberships that ended.
    pub kicks: u64,
}

type Slot = Arc<Mutex<Option<Result<Receipt, ChatError>>>>;

/// What a writer wants.
#[derive(Clone)]
enum Wish {
    Post { nonce: String },
    Edit { message: MessageId },
    Delete { message: MessageId },
}

struct Doing {
    wish: Wish,
    channel: ChannelId,
    task: u64,
    slot: Slot,
    /// Whether the writer was a member all the time since the question.
    member: bool,
}

struct Writer {
    user: UserId,
    count: u64,
    own: Vec<(ChannelId, MessageId)>,
    again: Option<(Wish, ChannelId)>,
    doing: Option<Doing>,
}

/// A simulated deployment.
pub struct World {
    plan: Plan,
    tick: u64,
    chance: Seeded,
    executor: Executor,
    shared: Shared,
    nodes: Vec<Node>,
    channels: Vec<ChannelId>,
    writers: Vec<Writer>,
    readers: Vec<(ChannelId, Reader)>,
    members: BTreeSet<UserId>,
    acknowledged: Acknowledged,
    order: Order,
    deaths: u64,
    kicks: u64,
}

impl World {
    /// A world of three nodes, three channels, six writers and six readers.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let chance = Arc::new(Mutex::new(Seeded::new(plan.seed ^ 0x5eed)));
        let calm = Arc::new(AtomicBool::new(false));
        let upstream =
            SimUpstream { log: Mutex::default(), chance: Arc::clone(&chance), calm: Arc::clone(&calm) };
        let shared = Shared {
            store: Arc::new(MemoryChatStore::default()),
            upstream: Arc::new(upstream),
            bus: Arc::new(SimBus::new(3, Arc::clone(&chance), Arc::clone(&calm))),
            time: Arc::new(SimTime::default()),
            chance,
            calm,
            mistake: plan.mistake,
        };
        let mut executor = Executor::default();
        let nodes = (0..3).map(|at| Node::start(at, &shared, &mut executor)).collect();
        let channels: Vec<_> = (11..14).map(ChannelId::from_u128).collect();
        let writer = |user| Writer {
            user: UserId::from_u128(user),
            count: 0,
            own: Vec::new(),
            again: None,
            doing: None,
        };
        let reader =
            |user| (channels[user % channels.len()], Reader::new(UserId::from_u128(200 + user as u128)));
        let mut world = Self {
            plan,
            tick: 0,
            chance: Seeded::new(plan.seed),
            executor,
            shared,
            nodes,
            writers: (101..107).map(writer).collect(),
            readers: (0..6).map(reader).collect(),
            channels,
            members: BTreeSet::new(),
            acknowledged: Acknowledged::default(),
            order: Order::default(),
            deaths: 0,
            kicks: 0,
        };
        world.found();
        world
    }

    /// Runs the plan, then without faults until everybody has everything.
    pub fn run(mut self) -> Result<Summary, Violation> {
        while self.tick < self.plan.ticks {
            self.step().map_err(|what| self.violation(what))?;
        }
        self.settle().map_err(|what| self.violation(what))?;
        let checked = self.acknowledged.check(&self.shared.store, &self.channels);
        checked.map_err(|what| self.violation(what))?;
        Ok(Summary {
            posts: self.acknowledged.len(),
            shown: self.readers.iter().map(|(_, reader)| reader.shown).sum(),
            deaths: self.deaths,
            kicks: self.kicks,
        })
    }

    fn violation(&self, what: String) -> Violation {
        Violation { seed: self.plan.seed, tick: self.tick, what }
    }

    fn step(&mut self) -> Result<(), String> {
        self.tick += 1;
        if !self.executor.poll_one(&mut self.chance) {
            self.shared.time.skip();
        }
        if self.chance.percent(2) {
            self.shared.bus.deliver_late();
        }
        if self.chance.percent(25) {
            let at = self.chance.below(self.writers.len());
            self.step_writer(at)?;
        }
        if self.chance.percent(25) {
            let at = self.chance.below(self.readers.len());
            self.step_reader(at)?;
        }
        if self.chance.next().is_multiple_of(4000) {
            let at = self.chance.below(self.nodes.len());
            self.kill(at);
        }
        if self.chance.next().is_multiple_of(3000) {
            self.moderate();
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), String> {
        self.shared.calm.store(true, Ordering::Relaxed);
        for user in self.everybody() {
            if !self.members.contains(&user) {
                self.join(user);
            }
        }
        let end = self.tick + SETTLING;
        while !self.is_settled() {
            self.tick += 1;
            if self.tick > end {
                return Err(self.what_is_missing());
            }
            if !self.executor.poll_one(&mut self.chance) {
                self.shared.time.skip();
            }
            self.shared.bus.deliver_late();
            let writer = self.chance.below(self.writers.len());
            self.finish_writer(writer)?;
            let reader = self.chance.below(self.readers.len());
            self.keep_reading(reader)?;
        }
        Ok(())
    }

    fn head(&self, channel: ChannelId) -> Seq {
        let heads = block_on(self.shared.store.heads(vec![StreamKey::Channel(channel)]));
        heads.ok().and_then(|heads| heads.first().map(|found| found.head)).unwrap_or_default()
    }

    fn is_settled(&self) -> bool {
        self.writers.iter().all(|writer| writer.doing.is_none() && writer.again.is_none())
            && self.readers.iter().all(|(channel, reader)| {
                reader.position.is_some_and(|place| place.after == self.head(*channel))
            })
    }

    fn what_is_missing(&self) -> String {
        let behind: Vec<_> = self
            .readers
            .iter()
            .map(|(channel, reader)| (reader.position.map(|place| place.after.0), self.head(*channel).0))
            .filter(|(place, head)| *place != Some(*head))
            .collect();
        format!("readers never got everything: {behind:?} (had, head)")
    }

    fn everybody(&self) -> Vec<UserId> {
        let writers = self.writers.iter().map(|writer| writer.user);
        writers.chain(self.readers.iter().map(|(_, reader)| reader.user)).collect()
    }

    // Nodes.

    fn kill(&mut self, at: usize) {
        self.deaths += 1;
        self.executor.kill(at);
        for (_, reader) in &mut self.readers {
            if reader.running.as_ref().is_some_and(|running| running.node == at) {
                reader.running = None;
            }
        }
        self.nodes[at] = Node::start(at, &self.shared, &mut self.executor);
    }

    // The server service.

    fn publish(&mut self, change: ServerChange) {
        use crate::chat::port::outbound::Bus;
        let event = {
            let mut log = lock(&self.shared.upstream.log);
            let event = ServerEvent {
                server: SERVER,
                epoch: Epoch(77),
                seq: Seq(log.len() as u64 + 1),
                at: Timestamp::from_millis(0),
                actor: Some(OWNER),
                change,
            };
            log.push(event.clone());
            event
        };
        let bus = Arc::clone(&self.shared.bus);
        self.executor.spawn(None, async move {
            // A lost hint is what the simulation is about.
            let _ = bus.publish(vec![Record::Server(event)]).await;
        });
    }

    fn found(&mut self) {
        let server = Server {
            id: SERVER,
            name: "Simulation".to_owned(),
            description: String::new(),
            owner: OWNER,
            join_policy: JoinPolicy::Invite,
            default_level: Level::All,
            retention_days: None,
            created_at: Timestamp::from_millis(0),
        };
        self.publish(ServerChange::ServerCreated(server));
        self.publish(ServerChange::RoleCreated(Role {
            id: RoleId::everyone(SERVER),
            name: "everyone".to_owned(),
            description: String::new(),
            colour: None,
            permissions: Permissions::EVERYONE,
            position: 0,
            mentionable: false,
        }));
        for channel in self.channels.clone() {
            self.publish(ServerChange::ChannelCreated(Channel {
                id: channel,
                kind: ChannelKind::Text,
                name: format!("channel-{}", channel.as_u128()),
                topic: String::new(),
                category: None,
                position: 0,
                slow_mode_s: 0,
                retention_days: None,
                overrides: Vec::new(),
            }));
        }
        for user in self.everybody() {
            self.join(user);
        }
    }

    fn join(&mut self, user: UserId) {
        self.members.insert(user);
        let at = Timestamp::from_millis(0);
        let member = Member { user, nickname: None, roles: Vec::new(), joined_at: at, timeout_until: None };
        let user = User {
            id: user,
            username: format!("user-{}", user.as_u128()),
            display_name: "Somebody".to_owned(),
            bio: String::new(),
            kind: UserKind::Person,
            created_at: at,
        };
        self.publish(ServerChange::MemberJoined { member, user });
    }

    fn moderate(&mut self) {
        let everybody = self.everybody();
        let user = everybody[self.chance.below(everybody.len())];
        if !self.members.remove(&user) {
            self.join(user);
            return;
        }
        self.kicks += 1;
        let writers = self.writers.iter_mut().filter(|writer| writer.user == user);
        writers.filter_map(|writer| writer.doing.as_mut()).for_each(|doing| doing.member = false);
        let readers = self.readers.iter_mut().map(|(_, reader)| reader).filter(|reader| reader.user == user);
        readers.filter_map(|reader| reader.running.as_mut()).for_each(|running| running.member = false);
        self.publish(ServerChange::MemberRemoved { user, cause: RemovalCause::Kicked });
    }

    // Writers.

    fn step_writer(&mut self, at: usize) -> Result<(), String> {
        self.finish_writer(at)?;
        if self.writers[at].doing.is_some() || self.writers[at].again.is_some() {
            return Ok(());
        }
        let channel = self.channels[self.chance.below(self.channels.len())];
        let roll = self.chance.below(10);
        let writer = &mut self.writers[at];
        writer.count += 1;
        let post = (Wish::Post { nonce: format!("n{}", writer.count) }, channel);
        let own = (!writer.own.is_empty()).then(|| writer.own[self.chance.below(writer.own.len())]);
        let (wish, channel) = match (roll, own) {
            (0, Some((channel, message))) => (Wish::Edit { message }, channel),
            (1, Some((channel, message))) => (Wish::Delete { message }, channel),
            _ => post,
        };
        self.ask(at, wish, channel);
        Ok(())
    }

    /// Looks at what became of a writer's question, and asks again what has no answer.
    fn finish_writer(&mut self, at: usize) -> Result<(), String> {
        if let Some(doing) = self.writers[at].doing.take() {
            let answer = lock(&doing.slot).take();
            match answer {
                None if self.executor.runs(doing.task) => self.writers[at].doing = Some(doing),
                None => self.writers[at].again = Some((doing.wish, doing.channel)),
                Some(answer) => self.take_answer(at, doing, answer)?,
            }
        }
        if self.writers[at].doing.is_none()
            && let Some((wish, channel)) = self.writers[at].again.take()
        {
            self.ask(at, wish, channel);
        }
        Ok(())
    }

    fn take_answer(
        &mut self,
        at: usize,
        doing: Doing,
        answer: Result<Receipt, ChatError>,
    ) -> Result<(), String> {
        let writer = &mut self.writers[at];
        match answer {
            Ok(receipt) => {
                if let Wish::Post { nonce } = &doing.wish {
                    writer.own.push((doing.channel, receipt.message));
                    let store = &self.shared.store;
                    self.acknowledged.note(store, writer.user, nonce, doing.channel, receipt)?;
                }
            }
            Err(ChatError::Store(_) | ChatError::Refused(Refusal::Unavailable | Refusal::NotReady)) => {
                writer.again = Some((doing.wish, doing.channel));
            }
            Err(ChatError::Refused(Refusal::MessageDeleted)) => {}
            Err(ChatError::Refused(Refusal::ChannelNotFound)) if !doing.member => {}
            Err(ChatError::Refused(refusal)) => {
                return Err(format!("{:?}, a member, was refused: {refusal}", writer.user));
            }
        }
        Ok(())
    }

    fn ask(&mut self, at: usize, wish: Wish, channel: ChannelId) {
        let node = self.chance.below(self.nodes.len());
        let service = Arc::clone(&self.nodes[node].service);
        let slot: Slot = Arc::default();
        let (answer, asked) = (Arc::clone(&slot), wish.clone());
        let user = self.writers[at].user;
        let text = format!("{} says {}", user.as_u128(), self.tick);
        let actor = Actor { user, kind: UserKind::Person, admin: false };
        let task = self.executor.spawn(Some(node), async move {
            let content = match &asked {
                Wish::Post { nonce } => format!("{} {nonce}", user.as_u128()),
                _ => text,
            };
            let result = match asked {
                Wish::Post { nonce } => service.post(post(actor, channel, nonce, content)).await,
                Wish::Edit { message } => {
                    let named = Mentions::default();
                    service.edit(EditMessage { actor, channel, message, content, named }).await
                }
                Wish::Delete { message } => {
                    service.delete(DeleteMessages { actor, channel, messages: vec![message] }).await
                }
            };
            *lock(&answer) = Some(result);
        });
        let member = self.members.contains(&user);
        self.writers[at].doing = Some(Doing { wish, channel, task, slot, member });
    }

    // Readers.

    fn step_reader(&mut self, at: usize) -> Result<(), String> {
        if self.chance.per_mille(15) {
            self.leave(at);
            return Ok(());
        }
        if self.chance.percent(30) {
            return Ok(());
        }
        self.keep_reading(at)
    }

    fn leave(&mut self, at: usize) {
        let (channel, reader) = &mut self.readers[at];
        let Some(running) = reader.running.take() else { return };
        running.inbox.close();
        if let State::Made(id, ..) = running.inbox.state() {
            self.nodes[running.node].service.unfollow(StreamKey::Channel(*channel), id);
        }
    }

    fn keep_reading(&mut self, at: usize) -> Result<(), String> {
        let count = self.chance.below(6);
        let (_, reader) = &mut self.readers[at];
        reader.look(count, &mut self.order)?;
        let Some(running) = &reader.running else {
            self.follow(at);
            return Ok(());
        };
        match running.inbox.state() {
            State::Refused if running.member => {
                return Err(format!("{:?}, a member, may not subscribe", reader.user));
            }
            State::Refused | State::Failed => reader.running = None,
            State::Asked if !self.executor.runs(running.task) => reader.running = None,
            _ if reader.is_over() => self.leave(at),
            _ => {}
        }
        Ok(())
    }

    fn follow(&mut self, at: usize) {
        let node = self.chance.below(self.nodes.len());
        let service = Arc::clone(&self.nodes[node].service);
        let (channel, reader) = &mut self.readers[at];
        let inbox = Arc::new(Inbox::default());
        let follow = Follow {
            actor: Actor { user: reader.user, kind: UserKind::Person, admin: false },
            stream: StreamKey::Channel(*channel),
            start: reader.position.map_or(Start::Now, Start::Behind),
            follower: Arc::clone(&inbox) as _,
            subscription: 0,
        };
        let answer = Arc::clone(&inbox);
        let task = self.executor.spawn(Some(node), async move {
            match service.follow(follow).await {
                Ok(followed) => {
                    answer.set(State::Made(followed.id, followed.epoch, followed.head));
                    followed.catch_up.await;
                }
                Err(ChatError::Refused(Refusal::ChannelNotFound)) => answer.set(State::Refused),
                Err(_) => answer.set(State::Failed),
            }
        });
        let member = self.members.contains(&reader.user);
        reader.running = Some(Running { node, task, inbox, member });
    }
}

fn post(actor: Actor, channel: ChannelId, nonce: String, content: String) -> PostMessage {
    PostMessage {
        actor,
        channel,
        nonce: Some(nonce),
        content,
        reply_to: None,
        mention_author: true,
        named: Mentions::default(),
    }
}
