//! How one issuer is set up, with defaults fit for use, and the check of its URL.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use crate::{
    error::IssuerError,
    world::{Chance, Clock, Endings, NoEndings, OsChance, SystemClock},
};

/// The settings of one issuer. Start from [`IssuerConfig::new`].
#[derive(Clone)]
pub struct IssuerConfig {
    /// The folder that holds the database, the signing keys and the folder key.
    pub data_dir: PathBuf,
    /// The exact issuer URL, without a slash at its end: https, or http on loopback.
    pub base_url: String,
    /// What the pages call this deployment; the address of `base_url` when absent.
    pub deployment: Option<String>,
    /// Where the browser client may be sent back to, compared letter by letter.
    pub web_redirect_uris: Vec<String>,
    /// Where the browser client may be sent after signing out, compared letter by letter.
    pub web_logout_uris: Vec<String>,
    /// Whether strangers may make accounts on the pages.
    pub allow_sign_up: bool,
    /// How long an access token lives.
    pub access_token_life: Duration,
    /// How long a sign-in lasts without being refreshed.
    pub session_life: Duration,
    /// How long a browser stays signed in on the issuer's own pages.
    pub browser_life: Duration,
    /// What one password hash costs.
    pub password_cost: PasswordCost,
    /// How often strangers may try.
    pub tries: TryLimits,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub chance: Arc<dyn Chance>,
    /// Who is told that sessions end.
    pub endings: Arc<dyn Endings>,
}

impl IssuerConfig {
    /// The defaults, for a folder and an issuer URL.
    pub fn new(data_dir: impl Into<PathBuf>, base_url: impl Into<String>) -> Self {
        Self {
            data_dir: data_dir.into(),
            base_url: base_url.into(),
            deployment: None,
            web_redirect_uris: Vec::new(),
            web_logout_uris: Vec::new(),
            allow_sign_up: false,
            access_token_life: Duration::from_secs(10 * 60),
            session_life: Duration::from_secs(30 * 24 * 60 * 60),
            browser_life: Duration::from_secs(12 * 60 * 60),
            password_cost: PasswordCost::default(),
            tries: TryLimits::default(),
            clock: Arc::new(SystemClock),
            chance: Arc::new(OsChance),
            endings: Arc::new(NoEndings),
        }
    }
}

impl fmt::Debug for IssuerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerConfig")
            .field("data_dir", &self.data_dir)
            .field("base_url", &self.base_url)
            .field("web_redirect_uris", &self.web_redirect_uris)
            .field("allow_sign_up", &self.allow_sign_up)
            .finish_non_exhaustive()
    }
}

/// The parameters of Argon2id and how many hashes run at once; one more is answered 503.
#[derive(Clone, Copy, Debug)]
pub struct PasswordCost {
    /// Memory of one hash in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Hashes at the same time.
    pub at_once: usize,
}

impl Default for PasswordCost {
    /// OWASP's first choice for Argon2id, two at a time.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, at_once: 2 }
    }
}

/// A token bucket: `burst` tries at once, then one more each `every`.
#[derive(Clone, Copy, Debug)]
pub struct BucketSize {
    /// Tries at once.
    pub burst: u32,
    /// The time that gives one try back.
    pub every: Duration,
}

impl BucketSize {
    /// `burst` tries at once, then one each `seconds`.
    pub const fn new(burst: u32, seconds: u64) -> Self {
        Self { burst, every: Duration::from_secs(seconds) }
    }
}

/// How often one source, and everybody together, may try. Only failures count, and a success resets nothing.
#[derive(Clone, Copy, Debug)]
pub struct TryLimits {
    /// Wrong passwords of one source.
    pub passwords_per_source: BucketSize,
    /// Wrong passwords of all.
    pub passwords_total: BucketSize,
    /// Unknown user codes of one source.
    pub codes_per_source: BucketSize,
    /// Unknown user codes of all: 20^8 codes stay out of reach within the ten minutes one lives.
    pub codes_total: BucketSize,
    /// New accounts of one source; here successes count.
    pub sign_ups_per_source: BucketSize,
    /// New accounts of all; here successes count.
    pub sign_ups_total: BucketSize,
    /// Device grants started by one source; here successes count.
    pub devices_per_source: BucketSize,
    /// Device grants started by all; here successes count.
    pub devices_total: BucketSize,
}

impl Default for TryLimits {
    fn default() -> Self {
        Self {
            passwords_per_source: BucketSize::new(10, 30),
            passwords_total: BucketSize::new(200, 1),
            codes_per_source: BucketSize::new(10, 60),
            codes_total: BucketSize::new(200, 3),
            sign_ups_per_source: BucketSize::new(10, 600),
            sign_ups_total: BucketSize::new(100, 30),
            devices_per_source: BucketSize::new(20, 10),
            devices_total: BucketSize::new(500, 1),
        }
    }
}

/// The issuer URL, checked once.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    pub(crate) issuer: String,
    /// The path below which the host mounts the router; empty at the root.
    pub(crate) path: String,
    /// Scheme, host and port.
    pub(crate) origin: String,
    pub(crate) https: bool,
}

impl BaseUrl {
    pub(crate) fn parse(raw: &str) -> Result<Self, IssuerError> {
        let refuse = |why| IssuerError::BaseUrl { url: raw.to_owned(), why };
        let (https, rest) = match (raw.strip_prefix("https://"), raw.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(refuse("it starts with neither https:// nor http://")),
        };
        if !raw.bytes().all(|b| b.is_ascii_graphic() && !b"?#@\\\"'<>;,".contains(&b)) {
            return Err(refuse("it may hold no query, fragment, user or unusual character"));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.is_empty() || path.ends_with('/') {
            return Err(refuse("it needs a host and no slash at its end"));
        }
        if !https && !is_loopback(authority) {
            return Err(refuse("it must be https, for only loopback may do without"));
        }
        Ok(Self {
            issuer: raw.to_owned(),
            path: path.to_owned(),
            origin: raw[..raw.len() - path.len()].to_owned(),
            https,
        })
    }

    /// The address of one of the issuer's own endpoints.
    pub(crate) fn endpoint(&self, name: &str) -> String {
        format!("{}/{name}", self.issuer)
    }

    /// The same as a path, for links and redirects within the pages.
    pub(crate) fn local(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_url_is_https_or_loopback() {
        for good in
            ["https://chat.example/id", "http://127.0.0.1:8080/id", "http://localhost", "http://[::1]:1/id"]
        {
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://chat.example/id",
            "http://127.0.0.1.evil.example/id",
            "https://chat.example/id/",
            "https://chat.example/id?x",
            "https://user@chat.example",
            "ftp://chat.example",
            "https://",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_issuer_url_splits_into_origin_and_path() {
        let base = BaseUrl::parse("http://127.0.0.1:8080/id").unwrap();
        assert_eq!((base.origin.as_str(), base.path.as_str()), ("http://127.0.0.1:8080", "/id"));
        assert_eq!(base.endpoint("token"), "http://127.0.0.1:8080/id/token");
        assert_eq!(base.local("device"), "/id/device");
    }
}
