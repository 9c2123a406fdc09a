//! What a service proves itself with: a token by client credentials (RFC 6749 4.4), kept until shortly before its end.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, Url};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{sync::Mutex, time::Instant};

/// A token is replaced so long before it ends.
const EARLY: Duration = Duration::from_secs(30);

/// Octets of the longest answer of the issuer that is read.
const LARGEST: usize = 256 * 1024;

/// Why the issuer gave no token.
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    /// It did not answer, or refused.
    #[error("the issuer gives no token to the services")]
    Refused(#[from] reqwest::Error),
    /// It answered something else.
    #[error("the issuer gives no token to the services: {0}")]
    Unexpected(&'static str),
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
        let granted = self.grant().await?;
        let life = Duration::from_secs(granted.expires_in).saturating_sub(EARLY);
        *kept = Some(Token { value: granted.access_token.clone(), until: Instant::now() + life });
        Ok(granted.access_token)
    }

    /// Gives the token up: whoever was asked refused it.
    pub(crate) async fn forget(&self) {
        *self.kept.lock().await = None;
    }

    async fn grant(&self) -> Result<Granted, NoToken> {
        let discovery: Discovery = ask(self.http.get(&self.discovery_url)).await?;
        let endpoint = trusted(&discovery.token_endpoint, &self.discovery_url)
            .ok_or(NoToken::Unexpected("it wants the secret in the clear, elsewhere"))?;
        let request = self
            .http
            .post(endpoint)
            .basic_auth(&self.client_id, Some(&self.client_secret))
            .form(&[("grant_type", "client_credentials")]);
        ask(request).await
    }
}

async fn ask<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, NoToken> {
    let mut answer = request.send().await.and_then(Response::error_for_status)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > LARGEST {
            return Err(NoToken::Unexpected("it answers too much"));
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| NoToken::Unexpected("it answers no JSON"))
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
