//! Hot state over a real Redis, reached through a door that can be shut.

#[path = "redis_hot/limits.rs"]
mod limits;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use echopulse_core::{
    chat::{model::Presence, port::outbound::PresenceBoard},
    common::{
        Timestamp, UserId,
        limit::{Ask, Bucket, Counter, RateLimits, Subject},
    },
};
use echopulse_distributed::redis::{RedisHot, RedisOptions};
use echopulse_system::SystemClock;
use redis::{AsyncCommands, aio::MultiplexedConnection};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};
use uuid::Uuid;

/// What takes no time may take this long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a question may take while Redis is away.
const QUICK: Duration = Duration::from_secs(1);

const ADA: UserId = UserId::from_u128(1);
const LIN: UserId = UserId::from_u128(2);
const NOW: Timestamp = Timestamp::from_millis(0);

fn start(options: &RedisOptions) -> RedisHot {
    RedisHot::start(options, Arc::new(SystemClock)).unwrap()
}

fn url() -> String {
    std::env::var("ECHOPULSE_TEST_REDIS")
        .expect("ECHOPULSE_TEST_REDIS names no Redis: run `cargo xtask test distributed`, which starts one")
}

/// Keys that no other test has, and nodes over them.
struct World {
    space: String,
    nodes: AtomicU32,
}

impl World {
    fn new() -> Self {
        Self { space: format!("{}/", Uuid::now_v7().simple()), nodes: AtomicU32::new(0) }
    }

    fn options(&self, url: String) -> RedisOptions {
        let node = format!("n{}", self.nodes.fetch_add(1, Ordering::Relaxed));
        // Long enough for a busy machine to tell in time that it lives.
        let presence_ttl = Duration::from_secs(3);
        RedisOptions { space: self.space.clone(), presence_ttl, ..RedisOptions::new(url, node) }
    }

    fn node(&self) -> Arc<RedisHot> {
        Arc::new(start(&self.options(url())))
    }

    /// All keys of this world.
    async fn keys(&self, over: &mut MultiplexedConnection) -> Vec<String> {
        let mut found = over.scan_match(format!("ep:{{{}*", self.space)).await.unwrap();
        let mut keys = Vec::new();
        while let Some(key) = found.next_item().await {
            keys.push(key.unwrap());
        }
        keys
    }
}

async fn direct() -> MultiplexedConnection {
    redis::Client::open(url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// How a door behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Whoever comes is sent away, as by a Redis that is not there.
    Shut,
    /// Nothing passes, as with a Redis that hangs.
    Stuck,
}

/// Stands between a node and Redis.
struct Door {
    url: String,
    way: watch::Sender<Way>,
}

impl Door {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (way, seen) = watch::channel(Way::Open);
        let client = redis::Client::open(url()).unwrap();
        let redis::ConnectionAddr::Tcp(host, port) = client.get_connection_info().addr().clone() else {
            panic!("the tests reach Redis over TCP")
        };
        let at = listener.local_addr().unwrap().to_string();
        let url = url().replace(&format!("{host}:{port}"), &at);
        assert!(url.contains(&at), "ECHOPULSE_TEST_REDIS names host and port");
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(pass(socket, (host.clone(), port), seen.clone()));
            }
        });
        Self { url, way }
    }
}

/// Passes one connection on for as long as the door is open.
async fn pass(mut socket: TcpStream, to: (String, u16), mut way: watch::Receiver<Way>) {
    let mut redis = TcpStream::connect(to).await.unwrap();
    loop {
        let now = *way.borrow_and_update();
        match now {
            Way::Shut => return,
            Way::Stuck => way.changed().await.unwrap(),
            Way::Open => tokio::select! {
                _ = copy_bidirectional(&mut socket, &mut redis) => return,
                changed = way.changed() => changed.unwrap(),
            },
        }
    }
}

async fn connected(node: &RedisHot, user: UserId) -> Option<Presence> {
    timeout(PATIENCE, node.connected(user, NOW)).await.expect("an answer comes")
}

async fn disconnected(node: &RedisHot, user: UserId) -> Option<Presence> {
    timeout(PATIENCE, node.disconnected(user, NOW)).await.expect("an answer comes")
}

async fn presence(node: &RedisHot, user: UserId) -> Presence {
    node.of(vec![user]).await[0].1
}

/// Asks until it is so.
async fn becomes(node: &RedisHot, user: UserId, wanted: Presence) {
    let deadline = Instant::now() + PATIENCE;
    while presence(node, user).await != wanted {
        assert!(Instant::now() < deadline, "it never became {wanted:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn somebody_is_there_from_the_first_connection_to_the_last_over_all_nodes() {
    let world = World::new();
    let (one, other) = (world.node(), world.node());
    assert_eq!(connected(&one, ADA).await, Some(Presence::Online));
    assert_eq!(connected(&one, ADA).await, None);
    assert_eq!(connected(&other, ADA).await, None, "on another node she is not new");
    assert_eq!(disconnected(&one, ADA).await, None);
    assert_eq!(disconnected(&one, ADA).await, None, "she is still on the other");
    let seen = one.of(vec![LIN, ADA]).await;
    assert_eq!(seen, [(LIN, Presence::Offline), (ADA, Presence::Online)]);
    assert_eq!(disconnected(&other, ADA).await, Some(Presence::Offline));
    assert_eq!(presence(&one, ADA).await, Presence::Offline);
    assert_eq!(disconnected(&other, ADA).await, None, "an end without a beginning changes nothing");
}

#[tokio::test]
async fn of_many_at_once_everybody_counts() {
    let world = World::new();
    let (one, other) = (world.node(), world.node());
    let users: Vec<_> = (10..1510).map(UserId::from_u128).collect();
    let mut arriving = JoinSet::new();
    for user in &users {
        let (board, user) = (Arc::clone(&one), *user);
        arriving.spawn(async move { board.connected(user, NOW).await });
    }
    for answer in arriving.join_all().await {
        assert_eq!(answer, Some(Presence::Online));
    }
    let seen = other.of(users.clone()).await;
    assert_eq!(seen.len(), users.len());
    assert!(seen.iter().all(|(_, presence)| *presence == Presence::Online));
}

#[tokio::test]
async fn the_people_of_a_node_that_vanishes_go_offline() {
    let world = World::new();
    let other = world.node();
    let doomed = Runtime::new().unwrap();
    let options = world.options(url());
    let at = doomed.spawn(async move {
        let node = start(&options);
        connected(&node, ADA).await;
        node
    });
    let node = at.await.unwrap();
    assert_eq!(presence(&other, ADA).await, Presence::Online);
    // As a kill does: nothing runs any more, and nobody says goodbye.
    doomed.shutdown_background();
    becomes(&other, ADA, Presence::Offline).await;
    assert_eq!(connected(&other, ADA).await, Some(Presence::Online));
    drop(node);
}

#[tokio::test]
async fn who_stays_connected_outlives_the_time_to_live() {
    let world = World::new();
    let (one, other) = (world.node(), world.node());
    connected(&one, ADA).await;
    let watch_until = Instant::now() + Duration::from_millis(4500);
    while Instant::now() < watch_until {
        assert_eq!(presence(&other, ADA).await, Presence::Online);
    }
}

#[tokio::test]
async fn who_was_here_before_a_restart_under_the_same_name_is_not_here_any_more() {
    let world = World::new();
    let other = world.node();
    let options = world.options(url());
    let doomed = Runtime::new().unwrap();
    let before = options.clone();
    let at = doomed.spawn(async move {
        let node = start(&before);
        connected(&node, ADA).await;
        node
    });
    let node = at.await.unwrap();
    doomed.shutdown_background();
    drop(node);
    let again = start(&options);
    connected(&again, LIN).await;
    assert_eq!(presence(&other, ADA).await, Presence::Offline);
    assert_eq!(presence(&other, LIN).await, Presence::Online);
}

#[tokio::test]
async fn a_node_that_stops_says_goodbye() {
    let world = World::new();
    let (one, other) = (world.node(), world.node());
    connected(&one, ADA).await;
    one.stop().await;
    assert_eq!(presence(&other, ADA).await, Presence::Offline);
    assert_eq!(connected(&one, ADA).await, None, "what comes after the end is forgotten");
}

#[tokio::test]
async fn what_redis_lost_it_is_told_again() {
    let world = World::new();
    let (one, other) = (world.node(), world.node());
    connected(&one, ADA).await;
    let mut direct = direct().await;
    let keys = world.keys(&mut direct).await;
    let _: () = direct.del(keys).await.unwrap();
    assert_eq!(presence(&one, ADA).await, Presence::Online, "a node knows its own people");
    becomes(&other, ADA, Presence::Online).await;
}

#[tokio::test]
async fn every_key_has_a_time_to_live() {
    let world = World::new();
    let node = world.node();
    connected(&node, ADA).await;
    let counter = Counter { bucket: Bucket::Read, channel: None, rate: Bucket::Read.rate() };
    node.limits().ask(Subject::Person(ADA), vec![counter], Ask::Take).await;
    let mut direct = direct().await;
    let keys = world.keys(&mut direct).await;
    assert_eq!(keys.len(), 3, "{keys:?}");
    for key in keys {
        let left: i64 = direct.pttl(&key).await.unwrap();
        assert!(left > 0, "{key}");
    }
}

#[tokio::test]
async fn without_redis_a_node_speaks_for_itself_and_tells_everything_later() {
    let world = World::new();
    let (other, door) = (world.node(), Door::open().await);
    let node = start(&world.options(door.url.clone()));
    assert_eq!(connected(&node, ADA).await, Some(Presence::Online));
    for way in [Way::Shut, Way::Stuck] {
        door.way.send_replace(way);
        for _ in 0..3 {
            let begun = timeout(QUICK, connected(&node, LIN)).await.expect("an answer comes quickly");
            assert_eq!(begun, Some(Presence::Online));
            let ended = timeout(QUICK, disconnected(&node, LIN)).await.expect("an answer comes quickly");
            assert_eq!(ended, None, "she may be on another node");
            let seen = timeout(QUICK, presence(&node, ADA)).await.expect("an answer comes quickly");
            assert_eq!(seen, Presence::Online);
        }
    }
    connected(&node, LIN).await;
    disconnected(&node, ADA).await;
    door.way.send_replace(Way::Open);
    becomes(&other, LIN, Presence::Online).await;
    becomes(&other, ADA, Presence::Offline).await;
}

#[tokio::test]
async fn a_node_starts_without_redis() {
    let world = World::new();
    let (other, door) = (world.node(), Door::open().await);
    door.way.send_replace(Way::Shut);
    let node = start(&world.options(door.url.clone()));
    let begun = timeout(QUICK, connected(&node, ADA)).await.expect("an answer comes quickly");
    assert_eq!(begun, Some(Presence::Online));
    door.way.send_replace(Way::Open);
    becomes(&other, ADA, Presence::Online).await;
}

#[test]
fn a_password_is_not_shown() {
    let options = RedisOptions::new("redis://ep:secret@127.0.0.1", "n");
    assert!(!format!("{options:?}").contains("secret"));
}
