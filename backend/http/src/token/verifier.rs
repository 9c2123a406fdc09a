//! The verifier: one for both services, REST and sockets.

mod logout;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use echopulse_core::common::{Timestamp, actor::Identity, community::UserKind, port::Clock};
use echopulse_protocol::problem::ProblemCode;
use serde::de::DeserializeOwned;
use tokio::{sync::Mutex, time::Instant};

pub use self::logout::Logout;
use super::{
    Algorithm, Endings, KeySource,
    claims::{self, Claims, Header},
    jwks::KeySet,
};

/// Octets of the longest token that is looked at.
const LONGEST: usize = 16 * 1024;
/// How often unknown key names, of all requests together, lead to a fetch; failed ones count.
const REFETCH: Duration = Duration::from_secs(10);
/// Keys older than this are fetched again when a token comes, so that a withdrawn key goes.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// The realm role of the services themselves.
const SERVICE_ROLE: &str = "echopulse-service";

/// What tokens have to look like.
#[derive(Debug, Clone)]
pub struct VerifierConfig {
    /// The issuer, compared letter by letter.
    pub issuer: String,
    /// What people of that issuer are known under, if not under its URL: a folder's issuer moves from port to port, and its people
    /// stay who they are.
    pub known_as: Option<String>,
    /// Our own audience.
    pub audience: String,
    /// The clients that log-outs are told for: the audience of logout tokens is one of them.
    pub clients: Vec<String>,
    /// Which signatures are accepted. The token has no say in it.
    pub algorithms: Vec<Algorithm>,
    /// How far the issuer's clock may differ, for REST and for the timers of sockets.
    pub leeway: Duration,
}

impl VerifierConfig {
    /// The usual rules for an issuer: audience `echopulse`, our two clients, all three algorithms, 30 s.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            known_as: None,
            audience: "echopulse".to_owned(),
            clients: ["echopulse-tui", "echopulse-web"].map(str::to_owned).to_vec(),
            algorithms: Algorithm::ALL.to_vec(),
            leeway: Duration::from_secs(30),
        }
    }
}

/// A token that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whose.
    pub identity: Identity,
    /// When it stops to hold, leeway included.
    pub holds_until: Timestamp,
    /// The sign-in it belongs to.
    pub sid: Option<String>,
    /// When it was issued, in seconds since the Unix epoch; 0 if it does not say.
    pub issued: u64,
}

/// Why a token does not open anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// There is none.
    Missing,
    /// It is no access token of this issuer for this audience; the word is for the log.
    Invalid(&'static str),
    /// Its time is over.
    Expired,
    /// Its sign-in ended.
    Ended,
    /// It holds, but its account has no role here.
    RoleMissing,
    /// No key of the issuer is known, and the issuer does not answer.
    NoKeys,
}

impl TokenError {
    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> ProblemCode {
        match self {
            Self::Missing => ProblemCode::Unauthenticated,
            Self::Invalid(_) | Self::Ended => ProblemCode::TokenInvalid,
            Self::Expired => ProblemCode::TokenExpired,
            Self::RoleMissing => ProblemCode::RealmRoleMissing,
            Self::NoKeys => ProblemCode::Unavailable,
        }
    }
}

/// Says the same for every kind of invalid token: a forger learns nothing.
impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "this needs an access token",
            Self::Invalid(_) => "the access token is not valid here",
            Self::Expired => "the access token has expired",
            Self::Ended => "the sign-in of this access token has ended",
            Self::RoleMissing => "the account has no role of this deployment: echopulse-user, -admin or -bot",
            Self::NoKeys => "the issuer's keys are not to be had at the moment",
        })
    }
}

impl std::error::Error for TokenError {}

/// Checks access tokens.
pub struct Verifier {
    config: VerifierConfig,
    source: Arc<dyn KeySource>,
    clock: Arc<dyn Clock>,
    endings: Arc<Endings>,
    keys: RwLock<Cached>,
    last_try: Mutex<Option<Instant>>,
}

#[derive(Clone, Default)]
struct Cached {
    keys: Arc<KeySet>,
    at: Option<Instant>,
}

impl Verifier {
    /// A verifier that has no keys yet: the first token fetches them.
    #[must_use]
    pub fn new(
        config: VerifierConfig,
        source: Arc<dyn KeySource>,
        clock: Arc<dyn Clock>,
        endings: Arc<Endings>,
    ) -> Self {
        Self { config, source, clock, endings, keys: RwLock::default(), last_try: Mutex::default() }
    }

    /// Sign-ins that ended early.
    #[must_use]
    pub const fn endings(&self) -> &Arc<Endings> {
        &self.endings
    }

    /// Whether the sign-in of a token that held has ended since.
    #[must_use]
    pub fn has_ended(&self, token: &Verified) -> bool {
        let Identity { iss, sub, .. } = &token.identity;
        self.endings.covers(iss, token.sid.as_deref(), sub, token.issued)
    }

    /// Checks the token of a person or bot.
    pub async fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let (claims, until) = self.check(token).await?;
        let holds_until = moment(until);
        let (sid, issued) = (claims.sid.clone(), claims.iat.unwrap_or(0));
        let mut identity = identity(claims)?;
        self.known_as().clone_into(&mut identity.iss);
        Ok(Verified { identity, holds_until, sid, issued })
    }

    /// Checks the token of a service of this deployment.
    pub async fn verify_service(&self, token: &str) -> Result<(), TokenError> {
        let (claims, _) = self.check(token).await?;
        if claims.has_role(SERVICE_ROLE) { Ok(()) } else { Err(TokenError::RoleMissing) }
    }

    /// What people of the issuer are known under.
    fn known_as(&self) -> &str {
        self.config.known_as.as_deref().unwrap_or(&self.config.issuer)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.now().as_millis() / 1000).unwrap_or(0)
    }

    /// What an access token claims, if it holds, and until when that is, in seconds since the Unix epoch, leeway included.
    async fn check(&self, token: &str) -> Result<(Claims, u64), TokenError> {
        let (header, claims) = self.authentic(token).await?;
        self.check_claims(&header, claims)
    }

    /// What a token says that the issuer signed. Nothing of it is judged yet.
    async fn authentic<C: DeserializeOwned>(&self, token: &str) -> Result<(Header, C), TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Invalid("too long"));
        }
        let parts = claims::read(token).ok_or(TokenError::Invalid("unreadable"))?;
        let (algorithm, kid) = self.check_header(&parts.header)?;
        let keys = self.keys_with(kid, algorithm).await?;
        let key = keys.find(kid, algorithm).ok_or(TokenError::Invalid("unknown key"))?;
        let right = jsonwebtoken::crypto::verify(
            parts.signature,
            parts.signed.as_bytes(),
            &key.decoding,
            algorithm.to_jsonwebtoken(),
        );
        if !right.unwrap_or(false) {
            return Err(TokenError::Invalid("wrong signature"));
        }
        Ok((parts.header, parts.claims))
    }

    fn check_header<'a>(&self, header: &'a Header) -> Result<(Algorithm, &'a str), TokenError> {
        let algorithm = Algorithm::parse(&header.alg)
            .filter(|found| self.config.algorithms.contains(found))
            .ok_or(TokenError::Invalid("algorithm not allowed"))?;
        if header.crit {
            return Err(TokenError::Invalid("unknown crit"));
        }
        let kid = header.kid.as_deref().ok_or(TokenError::Invalid("no kid"))?;
        Ok((algorithm, kid))
    }

    fn check_claims(&self, header: &Header, claims: Claims) -> Result<(Claims, u64), TokenError> {
        if claims.iss != self.config.issuer {
            return Err(TokenError::Invalid("another issuer"));
        }
        if !claims.aud.contains(&self.config.audience) {
            return Err(TokenError::Invalid("another audience"));
        }
        if claims.sub.is_empty() {
            return Err(TokenError::Invalid("no subject"));
        }
        if !is_access_token(header.typ.as_deref(), claims.typ.as_deref()) {
            return Err(TokenError::Invalid("no access token"));
        }
        let (now, leeway) = (self.now(), self.config.leeway.as_secs());
        let until = claims.exp.saturating_add(leeway);
        if until <= now {
            return Err(TokenError::Expired);
        }
        if claims.nbf.is_some_and(|nbf| nbf > now.saturating_add(leeway)) {
            return Err(TokenError::Invalid("not yet"));
        }
        let issued = claims.iat.unwrap_or(0);
        if self.endings.covers(self.known_as(), claims.sid.as_deref(), &claims.sub, issued) {
            return Err(TokenError::Ended);
        }
        Ok((claims, until))
    }

    /// The keys at hand; fetched first if they lack this one, or are old.
    async fn keys_with(&self, kid: &str, algorithm: Algorithm) -> Result<Arc<KeySet>, TokenError> {
        let cached = self.cached();
        let known = cached.keys.find(kid, algorithm).is_some();
        let fresh = cached.at.is_some_and(|at| at.elapsed() < FRESH);
        if known && fresh {
            return Ok(cached.keys);
        }
        let last_try = if cached.keys.is_empty() {
            Some(self.last_try.lock().await)
        } else {
            // While one request fetches, the others go on with what there is.
            self.last_try.try_lock().ok()
        };
        if let Some(mut last_try) = last_try {
            let news = self.cached().at != cached.at;
            if !news && last_try.is_none_or(|at| at.elapsed() >= REFETCH) {
                *last_try = Some(Instant::now());
                self.fetch().await;
            }
        }
        let keys = self.cached().keys;
        if keys.is_empty() { Err(TokenError::NoKeys) } else { Ok(keys) }
    }

    /// Whether keys are at hand; fetches them if there are none.
    pub async fn has_keys(&self) -> bool {
        self.keys_with("", Algorithm::Es256).await.is_ok()
    }

    async fn fetch(&self) {
        let found = match self.source.fetch().await {
            Ok(jwks) => KeySet::read(&jwks).filter(|keys| !keys.is_empty()),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the issuer's keys could not be fetched"
                );
                return;
            }
        };
        match found {
            Some(keys) => {
                let mut cached = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                *cached = Cached { keys: Arc::new(keys), at: Some(Instant::now()) };
            }
            None => tracing::warn!("the issuer published no key that verifies access tokens"),
        }
    }

    fn cached(&self) -> Cached {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A moment, from seconds since the Unix epoch.
fn moment(seconds: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX))
}

/// RFC 9068 says it in the header, Keycloak in a claim. ID, refresh and logout tokens are signed by the same key.
fn is_access_token(header: Option<&str>, claim: Option<&str>) -> bool {
    let declared = header.is_some_and(|typ| {
        let bare = typ.strip_prefix("application/").unwrap_or(typ);
        bare.eq_ignore_ascii_case("at+jwt")
    });
    match claim {
        Some(claim) => claim == "Bearer",
        None => declared,
    }
}

fn identity(claims: Claims) -> Result<Identity, TokenError> {
    let admin = claims.has_role("echopulse-admin");
    let bot = claims.has_role("echopulse-bot");
    if !(admin || bot || claims.has_role("echopulse-user")) {
        return Err(TokenError::RoleMissing);
    }
    Ok(Identity {
        preferred_username: claims.preferred_username.unwrap_or_default(),
        name: claims.name,
        iss: claims.iss,
        sub: claims.sub,
        kind: if bot { UserKind::Bot } else { UserKind::Person },
        admin,
    })
}

#[cfg(test)]
mod tests;
