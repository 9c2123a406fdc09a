//! What the chat service asks the server service, over REST.
//!
//! Any instance of the server service will do: the next one is asked when one does not answer. The service's own token comes
//! from the issuer by client credentials (RFC 6749 4.4) and is kept until shortly before its end.

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
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{sync::Mutex, time::Instant};

/// How long one instance may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// A token is replaced so long before it ends.
const EARLY: Duration = Duration::from_secs(30);
/// Octets of the longest answer of the issuer that is read.
const LARGEST: usize = 256 * 1024;
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
    #[error("the issuer gives no token for the services ({0})")]
    Token(String),
    /// No instance answered.
    #[error("the server service does not answer at {0}")]
    Unreachable(String),
    /// It refused, or answered something else.
    #[error("the server service at {0} answered {1}")]
    Unexpected(String, String),
}

struct Token {
    value: String,
    until: Instant,
}

#[derive(Deserialize)]
struct Discovery {
    token_endpoint: String,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default = "a_minute")]
    expires_in: u64,
}

const fn a_minute() -> u64 {
    60
}

/// The server service, over REST.
pub struct HttpUpstream {
    options: UpstreamOptions,
    client: Client,
    token: Mutex<Option<Token>>,
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
        Ok(Self { options, client, token: Mutex::default(), next: AtomicUsize::new(0) })
    }

    /// The token at hand, or a new one.
    async fn token(&self) -> Result<String, UpstreamError> {
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.until > Instant::now()) {
            return Ok(token.value.clone());
        }
        let granted = self.grant().await?;
        let life = Duration::from_secs(granted.expires_in).saturating_sub(EARLY);
        *kept = Some(Token { value: granted.access_token.clone(), until: Instant::now() + life });
        Ok(granted.access_token)
    }

    async fn grant(&self) -> Result<Granted, UpstreamError> {
        let UpstreamOptions { discovery_url, client_id, client_secret, .. } = &self.options;
        let discovery: Discovery = self.ask_issuer(self.client.get(discovery_url)).await?;
        let endpoint = trusted(&discovery.token_endpoint, discovery_url)
            .ok_or_else(|| UpstreamError::Token("it wants the secret in the clear, elsewhere".to_owned()))?;
        let request = self
            .client
            .post(endpoint)
            .basic_auth(client_id, Some(client_secret))
            .form(&[("grant_type", "client_credentials")]);
        self.ask_issuer(request).await
    }

    async fn ask_issuer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, UpstreamError> {
        let failed = |error: reqwest::Error| UpstreamError::Token(error.to_string());
        let mut answer = request.send().await.and_then(Response::error_for_status).map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(UpstreamError::Token("it answers too much".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| UpstreamError::Token("it answers no JSON".to_owned()))
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
            request = request.bearer_auth(self.token().await?);
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
                *self.token.lock().await = None;
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

/// The address that the secret may be sent to: by https, on this very machine, or where the operator sent us in the first place.
fn trusted(endpoint: &str, discovery: &str) -> Option<Url> {
    let endpoint = Url::parse(endpoint).ok()?;
    let loopback = matches!(endpoint.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let vouched_for = Url::parse(discovery).is_ok_and(|discovery| discovery.origin() == endpoint.origin());
    let trusted = match endpoint.scheme() {
        "https" => true,
        "http" => loopback || vouched_for,
        _ => false,
    };
    trusted.then_some(endpoint)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_sent_in_the_clear_only_where_the_operator_said() {
        let discovery = "http://keycloak:8080/r/.well-known/openid-configuration";
        for good in [
            "https://id.example/token",
            "http://127.0.0.1:8080/token",
            "http://[::1]/token",
            "http://keycloak:8080/token",
        ] {
            assert!(trusted(good, discovery).is_some(), "{good}");
        }
        for bad in [
            "http://id.example/token",
            "http://keycloak/token",
            "http://127.0.0.1.evil.example/token",
            "ftp://127.0.0.1/token",
            "token",
        ] {
            assert!(trusted(bad, discovery).is_none(), "{bad}");
        }
    }
}
