//! Access tokens: fetched when needed, refreshed before they end, never shown.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{BoxFuture, ClientError, Place, sign_in};
use crate::id::Timestamp;

/// A token this close to its end is not used any more.
const MARGIN: Duration = Duration::from_secs(30);

/// A token for the services. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// Wraps a token.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The token itself, for a header.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(***)")
    }
}

/// What the issuer gave. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// For the services.
    pub access: String,
    /// For another access token.
    #[serde(default)]
    pub refresh: Option<String>,
    /// When the access token ends, by this computer's clock.
    pub expires_at: Timestamp,
}

impl Tokens {
    pub(super) fn is_fresh(&self) -> bool {
        let margin = i64::try_from(MARGIN.as_millis()).unwrap_or(0);
        self.expires_at.0 > Timestamp::now().0 + margin
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Gives access tokens.
pub trait TokenSource: Send + Sync {
    /// A token that is not about to end.
    fn access_token(&self) -> BoxFuture<'_, Result<AccessToken, ClientError>>;
    /// Notes that a service refused this token: the next one has to be another.
    fn refused(&self, token: AccessToken) -> BoxFuture<'_, ()>;
}

/// What becomes of the tokens that are kept.
pub type TokenChange<'a> =
    Box<dyn FnOnce(Option<Tokens>) -> BoxFuture<'a, Result<Option<Tokens>, ClientError>> + Send + 'a>;

/// Keeps one account's tokens. Several processes may share them, so a change is made under a lock.
pub trait TokenStore: Send + Sync {
    /// Runs `change` on the tokens under the lock of all processes and keeps what it answers.
    ///
    /// `None` stands for no tokens. On an error of `change` nothing is kept.
    fn update<'a>(&'a self, change: TokenChange<'a>) -> BoxFuture<'a, Result<Option<Tokens>, ClientError>>;
}

/// The tokens of a person who signed in: refreshed under the store's lock, because a refresh token is good once.
pub struct Refreshing(Arc<Account>);

struct Account {
    place: Arc<dyn Place>,
    client_id: String,
    store: Arc<dyn TokenStore>,
    refused: Mutex<Option<String>>,
}

impl Refreshing {
    /// Tokens of `store`, refreshed as the client `client_id`.
    #[must_use]
    pub fn new(place: Arc<dyn Place>, client_id: impl Into<String>, store: Arc<dyn TokenStore>) -> Self {
        Self(Arc::new(Account { place, client_id: client_id.into(), store, refused: Mutex::default() }))
    }
}

impl Account {
    async fn get(&self) -> Result<AccessToken, ClientError> {
        let refused = self.refused.lock().await.clone();
        let change =
            Box::new(move |kept: Option<Tokens>| -> BoxFuture<'_, Result<Option<Tokens>, ClientError>> {
                Box::pin(async move {
                    let Some(kept) = kept else {
                        return Err(ClientError::NotSignedIn("sign in first".to_owned()));
                    };
                    if kept.is_fresh() && refused.as_deref() != Some(&kept.access) {
                        return Ok(Some(kept));
                    }
                    let Some(refresh) = kept.refresh else {
                        return Err(ClientError::NotSignedIn(
                            "the sign-in is over; sign in again".to_owned(),
                        ));
                    };
                    sign_in::refresh(&*self.place, &self.client_id, refresh).await.map(Some)
                })
            });
        let tokens = self.store.update(change).await?;
        let tokens = tokens.ok_or_else(|| ClientError::NotSignedIn("sign in first".to_owned()))?;
        Ok(AccessToken::new(tokens.access))
    }
}

impl TokenSource for Refreshing {
    fn access_token(&self) -> BoxFuture<'_, Result<AccessToken, ClientError>> {
        let account = Arc::clone(&self.0);
        // A refresh goes on when nobody waits for it any more: between the issuer's answer and the store it must not be cut off,
        // for the old refresh token is good for nothing then.
        let refresh = async move { tokio::spawn(async move { account.get().await }).await };
        Box::pin(async move {
            refresh
                .await
                .unwrap_or_else(|_| Err(ClientError::NotSignedIn("the refresh was cut off".to_owned())))
        })
    }

    fn refused(&self, token: AccessToken) -> BoxFuture<'_, ()> {
        Box::pin(async move { *self.0.refused.lock().await = Some(token.0) })
    }
}

/// Tokens that can be fetched anew at any time: kept in memory until they are about to end.
#[derive(Default)]
pub(super) struct Fetched(Mutex<Option<Tokens>>);

impl Fetched {
    pub(super) async fn get(
        &self,
        fetch: impl Future<Output = Result<Tokens, ClientError>>,
    ) -> Result<AccessToken, ClientError> {
        let mut kept = self.0.lock().await;
        let fresh = match kept.take().filter(Tokens::is_fresh) {
            Some(tokens) => tokens,
            None => fetch.await?,
        };
        Ok(AccessToken::new(kept.insert(fresh).access.clone()))
    }

    pub(super) async fn refused(&self, token: &AccessToken) {
        let mut kept = self.0.lock().await;
        if kept.as_ref().is_some_and(|tokens| tokens.access == token.0) {
            *kept = None;
        }
    }
}

/// The tokens of a bot: client credentials (RFC 6749 4.4).
pub struct Credentials {
    place: Arc<dyn Place>,
    client_id: String,
    secret: String,
    kept: Fetched,
}

impl Credentials {
    /// The bot with this id and secret.
    #[must_use]
    pub fn new(place: Arc<dyn Place>, client_id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { place, client_id: client_id.into(), secret: secret.into(), kept: Fetched::default() }
    }
}

impl TokenSource for Credentials {
    fn access_token(&self) -> BoxFuture<'_, Result<AccessToken, ClientError>> {
        let fetch = sign_in::client_credentials(&*self.place, &self.client_id, &self.secret);
        Box::pin(self.kept.get(fetch))
    }

    fn refused(&self, token: AccessToken) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.kept.refused(&token).await })
    }
}

#[cfg(test)]
mod tests;
