//! Bots as clients of the issuer in this process.

use std::sync::OnceLock;

use echopulse_core::{
    common::{BoxFuture, StoreError, actor::Identity, community::UserKind, name::Username},
    server::port::outbound::{BotClient, BotIssuer, ClientSecret},
};
use echopulse_issuer::{Issuer, IssuerError};

use crate::wiring::FOLDER_ISSUER;

/// The issuer's bots.
#[derive(Default)]
pub(crate) struct IssuerBots {
    /// Set once the issuer is open: it tells the services of sign-ins that end, so they are put together before it.
    pub(crate) issuer: OnceLock<Issuer>,
}

/// Nobody can ask before the issuer is open.
#[derive(Debug, thiserror::Error)]
#[error("the issuer is not open yet")]
struct NotOpen;

impl IssuerBots {
    fn issuer(&self) -> Result<&Issuer, StoreError> {
        self.issuer.get().ok_or_else(|| StoreError::new(NotOpen))
    }
}

impl BotIssuer for IssuerBots {
    fn make(&self, name: Username) -> BoxFuture<'_, Result<Option<BotClient>, StoreError>> {
        Box::pin(async move {
            let made = match self.issuer()?.create_bot(name.as_str()).await {
                Ok(made) => made,
                Err(IssuerError::NameTaken(_)) => return Ok(None),
                Err(error) => return Err(StoreError::new(error)),
            };
            let identity = Identity {
                iss: FOLDER_ISSUER.to_owned(),
                sub: made.sub,
                preferred_username: name.into_string(),
                name: None,
                kind: UserKind::Bot,
                admin: false,
            };
            let secret = ClientSecret(made.client_secret);
            Ok(Some(BotClient { client_id: made.client_id, identity, secret }))
        })
    }

    fn rotate(&self, client_id: String) -> BoxFuture<'_, Result<Option<ClientSecret>, StoreError>> {
        Box::pin(async move {
            Ok(self.issuer()?.rotate_bot(&client_id).await.map_err(StoreError::new)?.map(ClientSecret))
        })
    }

    fn remove(&self, client_id: String) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.issuer()?.remove_bot(&client_id).await.map_err(StoreError::new) })
    }
}
