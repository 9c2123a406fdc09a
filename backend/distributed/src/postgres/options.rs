//! Where a database is and how it is spoken to. Nothing here shows a password.
//!
//! Deliberately absent: poolers between a node and the server. Prepared statements, the settings of a session and the relay's lock
//! need a session of their own.

use std::{fmt, time::Duration};

use sqlx::{ConnectOptions, postgres::PgConnectOptions};

/// How long a caller waits for a connection: shorter than anybody's patience, longer than a restart of the network.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const CONNECTIONS: u32 = 10;

/// What the server is told of every session of a service.
///
/// A frozen node must not hold a channel's row for ever, nor a vanished one its locks until TCP gives up after hours. A
/// service reads by keys only: prepared plans that were made while tables were small must not read them from end to end later.
const SESSION: [(&str, &str); 12] = [
    ("statement_timeout", "15s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "5s"),
    ("tcp_keepalives_idle", "5"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "3"),
    ("client_connection_check_interval", "2s"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
];

/// A text that is no URL of a PostgreSQL database. The text itself is not shown: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("this is not the URL of a PostgreSQL database (postgres://login@host:port/database)")]
pub struct UrlError;

/// Where a database is, and how many connections a node may hold to it.
#[derive(Clone)]
pub struct PgOptions {
    connect: PgConnectOptions,
    max_connections: u32,
    acquire_timeout: Duration,
}

impl PgOptions {
    /// Reads `postgres://login:password@host:port/database`.
    ///
    /// # Errors
    ///
    /// [`UrlError`] if it cannot be read.
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("postgres" | "postgresql")) {
            return Err(UrlError);
        }
        let connect: PgConnectOptions = url.parse().map_err(|_| UrlError)?;
        let connect = connect.application_name("echopulse").disable_statement_logging();
        Ok(Self { connect, max_connections: CONNECTIONS, acquire_timeout: ACQUIRE_TIMEOUT })
    }

    /// How many connections a node holds at most; ten unless said otherwise.
    #[must_use]
    pub const fn max_connections(mut self, count: u32) -> Self {
        self.max_connections = count;
        self
    }

    /// How long a caller waits for a connection; three seconds unless said otherwise.
    #[must_use]
    pub const fn acquire_timeout(mut self, span: Duration) -> Self {
        self.acquire_timeout = span;
        self
    }

    /// Acts as this role, which the login is a member of: migrations are run as the owner, who has no login.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.connect = self.connect.options([("role", role)]);
        self
    }

    /// Speaks to another database of the same server.
    #[must_use]
    pub fn database(mut self, name: &str) -> Self {
        self.connect = self.connect.database(name);
        self
    }

    /// A session of a migration: no limits of a service hold.
    pub(super) fn plain(&self) -> PgConnectOptions {
        self.connect.clone()
    }

    /// A session of a service.
    pub(super) fn session(&self) -> PgConnectOptions {
        self.connect.clone().options(SESSION)
    }

    pub(super) const fn connections(&self) -> u32 {
        self.max_connections
    }

    pub(super) const fn patience(&self) -> Duration {
        self.acquire_timeout
    }
}

/// `login@host:port/database`.
impl fmt::Display for PgOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connect, .. } = self;
        let (login, host, port) = (connect.get_username(), connect.get_host(), connect.get_port());
        let database = connect.get_database().unwrap_or(login);
        write!(f, "{login}@{host}:{port}/{database}")
    }
}

impl fmt::Debug for PgOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgOptions")
            .field("at", &format_args!("{self}"))
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let options = PgOptions::parse("postgres://chat_svc:hunter2@db:5433/chat").unwrap();
        assert_eq!(options.to_string(), "chat_svc@db:5433/chat");
        assert!(!format!("{options:?}").contains("hunter2"));
        let error = PgOptions::parse("postgres://chat_svc:hunter2@db:port/chat").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }

    #[test]
    fn a_frozen_node_holds_a_lock_for_seconds_only() {
        let options = PgOptions::parse("postgres://chat_svc@db/chat").unwrap();
        let session = options.session();
        let told = session.get_options().unwrap();
        assert!(told.contains("-c idle_in_transaction_session_timeout=5s"), "{told}");
        assert!(options.plain().get_options().is_none(), "a migration takes the time that it needs");
    }

    #[test]
    fn only_urls_of_postgresql_are_taken() {
        for text in ["", "chat", "mysql://a@b/c", "http://a@b/c"] {
            assert!(PgOptions::parse(text).is_err(), "{text}");
        }
    }
}
