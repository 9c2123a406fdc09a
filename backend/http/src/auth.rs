//! Who asks: a bearer token, checked, becomes an actor of core.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use echopulse_core::common::{
    BoxFuture,
    actor::{Actor, Identity},
};

use crate::{
    ApiError,
    token::{TokenError, Verified, Verifier},
};

/// Identities whose actor is remembered; beyond it all are forgotten, and asked for again.
const REMEMBERED: usize = 10_000;

/// Says who of ours an identity is.
pub trait SignIn: Send + Sync {
    /// Who that is, made known if they were not.
    fn sign_in(&self, identity: Identity) -> BoxFuture<'_, Result<Actor, ApiError>>;
}

/// Lets callers in.
pub struct Guard {
    verifier: Arc<Verifier>,
    people: Arc<dyn SignIn>,
    /// By subject: all tokens are of one issuer. Good only as long as the token says the same about them.
    known: Mutex<HashMap<String, (Identity, Actor)>>,
}

/// A caller who was let in.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// By which token.
    pub token: Verified,
}

/// A service of this deployment that was let in.
#[derive(Debug)]
pub struct ServiceCaller(());

impl Guard {
    /// A guard that checks tokens with `verifier` and asks `people` who they are.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>, people: Arc<dyn SignIn>) -> Self {
        Self { verifier, people, known: Mutex::default() }
    }

    /// What checks the tokens.
    #[must_use]
    pub const fn verifier(&self) -> &Arc<Verifier> {
        &self.verifier
    }

    /// Lets the bearer of a token in.
    pub async fn admit(&self, token: &str) -> Result<Caller, ApiError> {
        let token = self.verifier.verify(token).await?;
        if let Some(actor) = self.recall(&token.identity) {
            return Ok(Caller { actor, token });
        }
        let actor = self.people.sign_in(token.identity.clone()).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(token.identity.sub.clone(), (token.identity.clone(), actor));
        drop(known);
        Ok(Caller { actor, token })
    }

    /// Lets a service of this deployment in.
    pub async fn admit_service(&self, token: &str) -> Result<ServiceCaller, ApiError> {
        self.verifier.verify_service(token).await?;
        Ok(ServiceCaller(()))
    }

    fn recall(&self, identity: &Identity) -> Option<Actor> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&identity.sub).filter(|(known, _)| known == identity).map(|(_, actor)| *actor)
    }
}

/// The token of an `Authorization: Bearer` value (RFC 6750 2.1; the scheme's case does not count).
#[must_use]
pub fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

pub(crate) fn token_of(headers: &HeaderMap) -> Result<&str, TokenError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(TokenError::Missing)?;
    if values.next().is_some() {
        return Err(TokenError::Invalid("two Authorization headers"));
    }
    value.to_str().ok().and_then(bearer).ok_or(TokenError::Invalid("no bearer token"))
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Arc<Guard>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // In front of most routes somebody has looked already.
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        let guard = Arc::<Guard>::from_ref(state);
        guard.admit(token_of(&parts.headers)?).await
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ServiceCaller
where
    Arc<Guard>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let guard = Arc::<Guard>::from_ref(state);
        guard.admit_service(token_of(&parts.headers)?).await
    }
}
