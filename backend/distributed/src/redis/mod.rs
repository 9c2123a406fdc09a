//! Hot state over Redis: who is connected, and how often somebody may do something.
//!
//! Losing all of it costs comfort only. While Redis is away every question is answered within a few hundred milliseconds, as if
//! nothing were known, and the first failure is logged; when it is back, each node tells again what it knows. Every key has
//! a time to live, and all keys that one script touches share a slot of a cluster.
//!
//! Deliberately absent: recent messages. Core has no port for them; history is read from the database.

mod limits;
mod link;
mod presence;

use std::{fmt, sync::Arc, time::Duration};

use echopulse_core::{
    chat::{model::Presence, port::outbound::PresenceBoard},
    common::{BoxFuture, Timestamp, UserId, port::Clock},
};

pub use self::limits::RedisLimits;
use self::{link::Link, presence::Board};

/// Where Redis is, and who asks.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://[user[:password]@]host[:port][/db]`.
    pub url: String,
    /// This instance's own name; another one after each start.
    pub node: String,
    /// How long people of an instance that was killed still look connected. Told again at every third of it.
    pub presence_ttl: Duration,
    /// Stands inside the braces of every key; empty in a deployment, different for each test.
    pub space: String,
}

impl RedisOptions {
    /// Half a minute for those who were killed, and no space of its own.
    #[must_use]
    pub fn new(url: impl Into<String>, node: impl Into<String>) -> Self {
        let presence_ttl = Duration::from_secs(30);
        Self { url: url.into(), node: node.into(), presence_ttl, space: String::new() }
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("url", &"***")
            .field("node", &self.node)
            .field("presence_ttl", &self.presence_ttl)
            .field("space", &self.space)
            .finish()
    }
}

/// The URL names no Redis.
#[derive(Debug, thiserror::Error)]
#[error("the URL names no Redis")]
pub struct UrlError(#[source] ::redis::RedisError);

/// One connection to Redis, and everything that is asked over it.
///
/// While Redis is away, presence speaks for this node only: a beginning is told, an end is not, for the person may be on
/// another node, and whoever is here is online.
#[derive(Debug)]
pub struct RedisHot {
    presence: Board,
    limits: RedisLimits,
}

impl RedisHot {
    /// Starts. Connects with the first question, so Redis may be away. Must be called inside a runtime.
    pub fn start(options: &RedisOptions, clock: Arc<dyn Clock>) -> Result<Self, UrlError> {
        let link = Arc::new(Link::new(&options.url).map_err(UrlError)?);
        let presence = Board::start(Arc::clone(&link), options);
        Ok(Self { presence, limits: RedisLimits::new(link, &options.space, clock) })
    }

    /// Whether Redis answers.
    pub async fn answers(&self) -> bool {
        self.limits.answers().await
    }

    /// How often somebody may do something.
    #[must_use]
    pub fn limits(&self) -> RedisLimits {
        self.limits.clone()
    }

    /// Ends: nobody is connected to this instance any more, and what is noted later is forgotten.
    pub async fn stop(&self) {
        self.presence.stop().await;
    }
}

/// The buckets alone, for a service that has no other hot state. Connects with the first question, so Redis may be away. Must be
/// called inside a runtime.
pub fn limits(options: &RedisOptions, clock: Arc<dyn Clock>) -> Result<RedisLimits, UrlError> {
    let link = Arc::new(Link::new(&options.url).map_err(UrlError)?);
    Ok(RedisLimits::new(link, &options.space, clock))
}

impl PresenceBoard for RedisHot {
    fn connected(&self, user: UserId, _at: Timestamp) -> BoxFuture<'_, Option<Presence>> {
        Box::pin(self.presence.begin(user))
    }

    fn disconnected(&self, user: UserId, _at: Timestamp) -> BoxFuture<'_, Option<Presence>> {
        Box::pin(self.presence.end(user))
    }

    fn of(&self, users: Vec<UserId>) -> BoxFuture<'_, Vec<(UserId, Presence)>> {
        Box::pin(self.presence.of(users))
    }
}
