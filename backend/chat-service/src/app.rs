//! What every handler and every connection shares.

use std::sync::Arc;

use axum::extract::FromRef;
use echopulse_core::{
    chat::port::inbound::{Following, Posting, Reading, Webhooks},
    common::{
        BoxFuture,
        actor::{Actor, Identity},
        port::{Chance, Clock},
    },
};
use echopulse_http::{ApiError, Guard, SignIn, door::Origins, limits::Limiting, token::Verifier};

use crate::socket::Sockets;

/// Core's side of the service, one name for each port.
#[derive(Clone)]
pub struct ChatPorts {
    /// Talking.
    pub posting: Arc<dyn Posting>,
    /// Reading.
    pub reading: Arc<dyn Reading>,
    /// Following.
    pub following: Arc<dyn Following>,
    /// Webhooks.
    pub webhooks: Arc<dyn Webhooks>,
}

/// What the service needs.
pub struct ChatDeps {
    /// Core.
    pub ports: ChatPorts,
    /// Who asks.
    pub verifier: Arc<Verifier>,
    /// How often they may.
    pub limiting: Limiting,
    /// Which web pages may open sockets.
    pub origins: Origins,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What tokens are made of.
    pub chance: Arc<dyn Chance>,
}

/// What every handler and every connection shares.
#[derive(Clone)]
pub struct ChatApp {
    pub(crate) ports: ChatPorts,
    pub(crate) guard: Arc<Guard>,
    pub(crate) limiting: Limiting,
    pub(crate) origins: Arc<Origins>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) sockets: Sockets,
}

impl ChatApp {
    /// The service over these parts.
    #[must_use]
    pub fn new(deps: ChatDeps) -> Self {
        let people = Arc::new(People(Arc::clone(&deps.ports.following)));
        Self {
            guard: Arc::new(Guard::new(deps.verifier, people)),
            ports: deps.ports,
            limiting: deps.limiting,
            origins: Arc::new(deps.origins),
            clock: deps.clock,
            chance: deps.chance,
            sockets: Sockets::default(),
        }
    }

    /// Closes every socket with 1001 and waits until they are gone. New ones are closed at once.
    pub async fn close_sockets(&self) {
        self.sockets.close().await;
    }
}

impl FromRef<ChatApp> for Arc<Guard> {
    fn from_ref(app: &ChatApp) -> Self {
        Self::clone(&app.guard)
    }
}

struct People(Arc<dyn Following>);

impl SignIn for People {
    fn sign_in(&self, identity: Identity) -> BoxFuture<'_, Result<Actor, ApiError>> {
        Box::pin(async move { Ok(self.0.sign_in(identity).await?) })
    }
}
