//! What a token says, read strictly: a claim of the wrong type, or given twice, is as good as a forged one.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

/// The three parts of a token, the first two read.
pub(super) struct Parts<'a, C> {
    pub(super) header: Header,
    pub(super) claims: C,
    /// What the signature is over.
    pub(super) signed: &'a str,
    pub(super) signature: &'a str,
}

/// The header. `jku`, `x5u`, `jwk` and the like are not even read.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
    /// RFC 7515 4.1.11: an extension that has to be understood. We understand none.
    #[serde(default, deserialize_with = "anything")]
    pub(super) crit: bool,
}

#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: Audience,
    pub(super) exp: u64,
    #[serde(default, deserialize_with = "present")]
    pub(super) nbf: Option<u64>,
    #[serde(default, deserialize_with = "present")]
    pub(super) iat: Option<u64>,
    pub(super) sid: Option<String>,
    pub(super) typ: Option<String>,
    pub(super) preferred_username: Option<String>,
    pub(super) name: Option<String>,
    /// Of any shape: a wrong one gives no roles, which is a refusal of its own and no forged token.
    #[serde(default)]
    realm_access: serde_json::Value,
}

/// What a logout token says (OpenID Connect Back-Channel Logout 1.0, section 2.4).
#[derive(Deserialize)]
pub(super) struct LogoutClaims {
    pub(super) iss: String,
    pub(super) aud: Audience,
    pub(super) iat: u64,
    pub(super) exp: u64,
    pub(super) jti: String,
    pub(super) sub: Option<String>,
    pub(super) sid: Option<String>,
    pub(super) typ: Option<String>,
    events: BTreeMap<String, serde_json::Value>,
    #[serde(default, deserialize_with = "anything")]
    nonce: bool,
}

impl LogoutClaims {
    /// Whether it is the notice of a log-out, and nothing that somebody else could have asked the issuer for.
    pub(super) fn is_notice(&self) -> bool {
        let event = self.events.get("http://schemas.openid.net/event/backchannel-logout");
        event.is_some_and(serde_json::Value::is_object) && !self.nonce
    }
}

/// That a claim is there, whatever it says.
fn anything<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// `aud` is one text or a list of them (RFC 7519 4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    pub(super) fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }
}

/// A claim that may be absent, but is not null when it is there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    u64::deserialize(deserializer).map(Some)
}

impl Claims {
    /// Realm roles, from `realm_access.roles` alone: whoever manages any client of the realm could fill the other places.
    pub(super) fn has_role(&self, role: &str) -> bool {
        let roles = self.realm_access.get("roles").and_then(serde_json::Value::as_array);
        roles.is_some_and(|roles| roles.iter().any(|found| found.as_str() == Some(role)))
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// Takes a token apart. `None`: it is not one, or says something of a wrong type.
pub(super) fn read<C: DeserializeOwned>(token: &str) -> Option<Parts<'_, C>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    Some(Parts { header: part(header)?, claims: part(claims)?, signed, signature })
}
