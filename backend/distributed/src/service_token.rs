//! What a service proves itself with: a token by client credentials (RFC 6749 4.4), kept until shortly before its end.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{sync::Mutex, time::Instant};

/// A token is replaced so long before it ends.
const EARLY: Duration = Duration::from_secs(30);

/// The issuer gave no token.
#[derive(Debug, thiserror::Error)]
#[error("the issuer gives no token to the client {client}")]
pub struct NoToken {
    client: String,
    #[source]
    source: reqwest::Error,
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

/// The token of one client of the issuer.
pub(crate) struct ServiceToken {
    http: Client,
    discovery_url: String,
    client_id: String,
    client_secret: String,
    kept: Mutex<Option<Token>>,
}

impl ServiceToken {
    /// Nothing is asked yet.
    pub(crate) fn new(http: Client, discovery_url: &str, client_id: &str, client_secret: &str) -> Self {
        Self {
            http,
            discovery_url: discovery_url.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            kept: Mutex::default(),
        }
    }

    /// The token at hand, or a new one.
    pub(crate) async fn get(&self) -> Result<String, NoToken> {
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.until > Instant::now()) {
            return Ok(token.value.clone());
        }
        let failed = |source| NoToken { client: self.client_id.clone(), source };
        let granted = self.grant().await.map_err(failed)?;
        let life = Duration::from_secs(granted.expires_in).saturating_sub(EARLY);
        *kept = Some(Token { value: granted.access_token.clone(), until: Instant::now() + life });
        Ok(granted.access_token)
    }

    /// Gives the token up: whoever was asked refused it.
    pub(crate) async fn forget(&self) {
        *self.kept.lock().await = None;
    }

    async fn grant(&self) -> Result<Granted, reqwest::Error> {
        let discovery: Discovery = ask(self.http.get(&self.discovery_url)).await?;
        let request = self
            .http
            .post(discovery.token_endpoint)
            .basic_auth(&self.client_id, Some(&self.client_secret))
            .form(&[("grant_type", "client_credentials")]);
        ask(request).await
    }
}

async fn ask<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, reqwest::Error> {
    request.send().await.and_then(Response::error_for_status)?.json().await
}
