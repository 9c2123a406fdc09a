//! What the chat service asks the server service, over REST.
//!
//! Any instance of the server service will do: the next one is asked when one does not answer.

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use echopulse_core::{
    chat::port::outbound::Upstream,
    common::{
        BoxFuture, ChannelId, Seq, ServerId, StoreError, Timestamp,
        actor::{Actor, Identity},
        event::ServerEvent,
        sign_out::{SignOut, SignOutLog},
    },
};
use echopulse_protocol::internal;
use echopulse_wire as wire;
use reqwest::{Client, Method, StatusCode, redirect};
use serde::de::DeserializeOwned;

use crate::service_token::{NoToken, ServiceToken};

/// How long one instance may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The largest page that is asked for.
const MOST: usize = 100;

/// Where the server service is, and who asks.
#[derive(Clone)]
pub struct UpstreamOptions {
    /// Base URLs of its instances, any of which will do.
    pub servers: Vec<String>,
    /// The issuer's discovery document, which says where it gives tokens.
    pub discovery_url: String,
    /// The client that stands for the services.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl fmt::Debug for UpstreamOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamOptions")
            .field("servers", &self.servers)
            .field("discovery_url", &self.discovery_url)
            .field("client_id", &self.client_id)
            .field("client_secret", &"***")
            .finish()
    }
}

/// Why the server service did not answer.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// There is no client to ask with.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    /// The issuer gave no token.
    #[error(transparent)]
    Token(#[from] NoToken),
    /// No instance answered.
    #[error("the server service does not answer at {0}")]
    Unreachable(String),
    /// It refused, or answered something else.
    #[error("the server service at {0} answered {1}")]
    Unexpected(String, String),
}

/// The server service, over REST.
pub struct HttpUpstream {
    options: UpstreamOptions,
    client: Client,
    token: ServiceToken,
    next: AtomicUsize,
}

impl fmt::Debug for HttpUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpUpstream").field("options", &self.options).finish_non_exhaustive()
    }
}

impl HttpUpstream {
    /// Asks these.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Client`].
    pub fn new(options: UpstreamOptions) -> Result<Self, UpstreamError> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(UpstreamError::Client)?;
        let UpstreamOptions { discovery_url, client_id, client_secret, .. } = &options;
        let token = ServiceToken::new(client.clone(), discovery_url, client_id, client_secret);
        Ok(Self { options, client, token, next: AtomicUsize::new(0) })
    }

    /// Asks one instance after the other until one answers.
    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&internal::Identity>,
    ) -> Result<T, UpstreamError> {
        let servers = &self.options.servers;
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut last = UpstreamError::Unreachable("no address".to_owned());
        let mut renewed = false;
        let mut turn = 0;
        while turn < servers.len() {
            let base = &servers[(first + turn) % servers.len()];
            let mut request = self.client.request(method.clone(), format!("{base}/api/internal{path}"));
            request = request.bearer_auth(self.token.get().await?);
            if let Some(body) = body {
                request = request.json(body);
            }
            turn += 1;
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "an instance does not answer");
                    last = UpstreamError::Unreachable(base.clone());
                    continue;
                }
            };
            let status = answer.status();
            if status == StatusCode::UNAUTHORIZED && !renewed {
                // The keys of the issuer may have changed since: once more, with a new token.
                self.token.forget().await;
                (renewed, turn) = (true, turn - 1);
                continue;
            }
            if status.is_server_error() {
                last = UpstreamError::Unexpected(base.clone(), status.to_string());
                continue;
            }
            if !status.is_success() {
                return Err(UpstreamError::Unexpected(base.clone(), status.to_string()));
            }
            return answer
                .json()
                .await
                .map_err(|_| UpstreamError::Unexpected(base.clone(), "something else than JSON".to_owned()));
        }
        Err(last)
    }
}

impl Upstream for HttpUpstream {
    fn sign_in(&self, identity: Identity) -> BoxFuture<'_, Result<Actor, StoreError>> {
        Box::pin(async move {
            let body = wire::identity(identity);
            let actor = self.ask(Method::POST, "/people", Some(&body)).await.map_err(StoreError::new)?;
            Ok(wire::actor_from(actor))
        })
    }

    fn events(
        &self,
        server: ServerId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ServerEvent>, StoreError>> {
        Box::pin(async move {
            let path = format!("/servers/{server}/events?after={}&limit={}", after.0, limit.min(MOST));
            let found: internal::ServerEvents =
                self.ask(Method::GET, &path, None).await.map_err(StoreError::new)?;
            // One that cannot be read is of a newer version: nothing behind it can be applied.
            Ok(found.events.into_iter().map_while(wire::server_event_from).collect())
        })
    }

    fn server_of(&self, channel: ChannelId) -> BoxFuture<'_, Result<Option<ServerId>, StoreError>> {
        Box::pin(async move {
            let place: internal::ChannelPlace = self
                .ask(Method::GET, &format!("/channels/{channel}"), None)
                .await
                .map_err(StoreError::new)?;
            Ok(place.server_id.map(wire::server_id_from))
        })
    }
}

impl SignOutLog for HttpUpstream {
    fn since(&self, since: Option<Timestamp>) -> BoxFuture<'_, Result<Vec<SignOut>, StoreError>> {
        Box::pin(async move {
            let path = match since {
                Some(since) => format!("/sign-outs?since={}", since.as_millis()),
                None => "/sign-outs".to_owned(),
            };
            let found: internal::SignOuts =
                self.ask(Method::GET, &path, None).await.map_err(StoreError::new)?;
            Ok(found.sign_outs.into_iter().map(wire::sign_out_from).collect())
        })
    }
}
