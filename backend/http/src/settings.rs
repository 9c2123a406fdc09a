//! What an operator tells a service. Both services know the same sections, so that one file can serve both.

use std::{sync::Arc, time::Duration};

use echopulse_core::common::{
    limit::{Limiter, RateLimits},
    port::Clock,
};
use serde::{Deserialize, Serialize};

use crate::{
    config::{ConfigError, Secret},
    limits::{Limiting, NotANetwork, Proxies},
    token::{Endings, HttpKeySource, KeySourceError, Verifier, VerifierConfig},
};

/// Every key with its default, as a file to copy.
pub const DEFAULTS: &str = r#"# Configuration of an EchoPulse service. Every key with its default.
# A key can also come from the environment: ECHOPULSE_<SECTION>__<KEY>, lists with commas.

[listen]
# Where clients come in.
address = "127.0.0.1:8080"
# Where Prometheus and the operator come in: /metrics and /health. Never for strangers.
metrics = "127.0.0.1:9080"

[public]
# The base URLs of all instances of the server service, as clients reach them.
server_urls = []
# The base URLs of all instances of the chat service, as clients reach them.
chat_urls = []
# Web pages that may use this service: scheme, host and port.
origins = []

[internal]
# The base URLs of all instances of the server service, as the chat service reaches them.
server_urls = []

[database]
# postgres://login:password@host:port/database
url = ""
# The same with the login of the schema's owner. With it the service brings the schema up to date when it starts.
owner_url = ""
# Connections at the same time.
connections = 10

[redis]
# redis://user:password@host:port. Without it presence and rate limits are of this instance alone.
url = ""

[kafka]
# host:port, with commas between several.
bootstrap = ""
# 32 characters or more, the same in all instances: records that it did not sign are only hints to look.
record_key = ""
# Of topics that do not exist yet.
partitions = 6
replication = 1

[identity]
# The issuer, letter by letter as it stands in tokens.
issuer = ""
# Its discovery document, if the service reaches it elsewhere than below the issuer.
discovery_url = ""
# The audience of access tokens.
audience = "echopulse-api"
# What clients call themselves at the issuer.
tui_client = "echopulse-tui"
web_client = "echopulse-web"
# The client that the services are themselves.
service_client = "echopulse-service"
service_secret = ""
# The client of the server service that makes bots: it manages clients of the realm. Without its secret nobody makes bots.
registrar_client = "echopulse-registrar"
registrar_secret = ""
# The longest that the issuer lets an access token live, in seconds: a log-out is remembered for so long.
longest_token_s = 3600

[limits]
# How often people may ask, in percent of the numbers in docs/limits.md: 200 doubles every bucket and how fast it fills, 0 counts
# nothing.
percent = 100
# Proxies in front of the services, as addresses or networks: their X-Forwarded-For is believed.
proxies = []

[log]
# error, warn, info, debug or trace.
level = "info"
"#;

/// What an operator tells a service.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it listens.
    pub listen: Listen,
    /// Under which addresses clients reach the deployment.
    pub public: Public,
    /// Under which addresses the services reach each other.
    pub internal: Internal,
    /// Its database.
    pub database: Database,
    /// Hot state.
    pub redis: Redis,
    /// The event bus.
    pub kafka: Kafka,
    /// Who people are.
    pub identity: Identity,
    /// How often people may ask.
    pub limits: Limits,
    /// Its log.
    pub log: Log,
}

/// Where a service listens.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Listen {
    /// For clients.
    pub address: String,
    /// For Prometheus and the operator.
    pub metrics: String,
}

/// Under which addresses clients reach the deployment.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Public {
    /// All instances of the server service.
    pub server_urls: Vec<String>,
    /// All instances of the chat service.
    pub chat_urls: Vec<String>,
    /// Web pages that may use it.
    pub origins: Vec<String>,
}

/// Under which addresses the services reach each other.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Internal {
    /// All instances of the server service.
    pub server_urls: Vec<String>,
}

/// A database.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Database {
    /// For the service.
    pub url: Secret,
    /// For migrations.
    pub owner_url: Secret,
    /// Connections at the same time.
    pub connections: u32,
}

/// Hot state.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Redis {
    /// Where.
    pub url: Secret,
}

/// The event bus.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Kafka {
    /// Where.
    pub bootstrap: String,
    /// What signs records.
    pub record_key: Secret,
    /// Of new topics.
    pub partitions: i32,
    /// Of new topics.
    pub replication: i32,
}

/// Who people are.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Identity {
    /// The issuer.
    pub issuer: String,
    /// Where its discovery document is.
    pub discovery_url: String,
    /// The audience of access tokens.
    pub audience: String,
    /// The terminal client.
    pub tui_client: String,
    /// The browser client.
    pub web_client: String,
    /// The services themselves.
    pub service_client: String,
    /// Their secret.
    pub service_secret: Secret,
    /// Who makes bots.
    pub registrar_client: String,
    /// Its secret.
    pub registrar_secret: Secret,
    /// The longest life of an access token, in seconds.
    pub longest_token_s: u64,
}

impl Identity {
    /// Where the issuer's discovery document is had.
    #[must_use]
    pub fn discovery(&self) -> String {
        if self.discovery_url.is_empty() {
            return format!("{}/.well-known/openid-configuration", self.issuer);
        }
        self.discovery_url.clone()
    }

    /// What checks the tokens of this issuer. It has no keys yet.
    ///
    /// # Errors
    ///
    /// [`KeySourceError`] if there is no client to ask the issuer with.
    pub fn verifier(&self, clock: Arc<dyn Clock>) -> Result<Verifier, KeySourceError> {
        let keys = HttpKeySource::at(&self.issuer, self.discovery())?;
        let config = VerifierConfig {
            audience: self.audience.clone(),
            clients: vec![self.tui_client.clone(), self.web_client.clone()],
            ..VerifierConfig::new(&self.issuer)
        };
        Ok(Verifier::new(config, Arc::new(keys), clock, Arc::<Endings>::default()))
    }

    /// The longest life of an access token.
    #[must_use]
    pub const fn longest_token(&self) -> Duration {
        Duration::from_secs(self.longest_token_s)
    }
}

/// How often people may ask.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Limits {
    /// In percent of the built-in numbers; 0 counts nothing.
    pub percent: u32,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Vec<String>,
}

impl Limits {
    /// What counts by these settings.
    ///
    /// # Errors
    ///
    /// [`NotANetwork`] for a proxy that is neither an address nor a network.
    pub fn counting(&self, limits: Arc<dyn RateLimits>) -> Result<Limiting, NotANetwork> {
        Ok(Limiting::new(Limiter::new(limits, self.percent), Proxies::parse(&self.proxies)?))
    }
}

/// A log.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Log {
    /// The least important level that is kept.
    pub level: Level,
}

/// A level of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What needs somebody.
    Error,
    /// What may.
    Warn,
    /// What an operator follows.
    Info,
    /// What a developer follows.
    Debug,
    /// Everything.
    Trace,
}

impl Settings {
    /// Whether what a service cannot do without is there.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the first key without a value.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_addresses()?;
        first_missing(&[
            ("database.url", self.database.url.is_empty()),
            ("kafka.bootstrap", self.kafka.bootstrap.is_empty()),
            ("kafka.record_key", self.kafka.record_key.is_empty()),
        ])?;
        let wrong = |error| ConfigError::Value(format!("`limits.proxies`: {error}"));
        Proxies::parse(&self.limits.proxies).map(|_| ()).map_err(wrong)
    }

    /// Whether everything that clients have to know is there.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the first key without a value.
    pub fn check_addresses(&self) -> Result<(), ConfigError> {
        first_missing(&[
            ("public.server_urls", self.public.server_urls.is_empty()),
            ("public.chat_urls", self.public.chat_urls.is_empty()),
            ("identity.issuer", self.identity.issuer.is_empty()),
        ])
    }
}

fn first_missing(needed: &[(&str, bool)]) -> Result<(), ConfigError> {
    match needed.iter().find(|(_, missing)| *missing) {
        Some((key, _)) => Err(ConfigError::Value(format!("`{key}` has no value"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn the_defaults_are_whole_and_say_what_is_still_needed() {
        let settings: Settings = load(DEFAULTS, None, std::iter::empty()).unwrap();
        assert_eq!(settings.identity.audience, "echopulse-api");
        assert!(settings.check().unwrap_err().to_string().contains("public.server_urls"));
    }
}
