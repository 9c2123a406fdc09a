//! Where an issuer's keys come from: its discovery document, over HTTP.

use std::time::Duration;

use echopulse_core::common::BoxFuture;
use reqwest::{Client, Url, redirect};
use serde::Deserialize;

/// How long a fetch may take, and how many octets an answer may have.
const TIMEOUT: Duration = Duration::from_secs(5);
const MOST_OCTETS: usize = 256 * 1024;

/// Gives the keys of an issuer.
pub trait KeySource: Send + Sync {
    /// The issuer's JWKS (RFC 7517 5) as it is now.
    fn fetch(&self) -> BoxFuture<'_, Result<serde_json::Value, KeySourceError>>;
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    /// The issuer's address is not one that may be asked.
    #[error("{0} is neither https nor loopback")]
    Insecure(String),
    /// It did not answer.
    #[error("the issuer does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// It answered something else.
    #[error("the issuer answered {0}")]
    Unexpected(String),
}

/// Asks `{issuer}/.well-known/openid-configuration`, and then the address it names.
pub struct HttpKeySource {
    issuer: String,
    /// Where its discovery document is.
    discovery_url: String,
    client: Client,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl HttpKeySource {
    /// A source for an issuer, given by its exact URL.
    pub fn new(issuer: impl Into<String>) -> Result<Self, KeySourceError> {
        let issuer = issuer.into();
        let discovery_url = format!("{issuer}/.well-known/openid-configuration");
        Self::at(issuer, discovery_url)
    }

    /// A source for an issuer whose discovery document is had under another address than its name: inside of a network of
    /// containers, for example. Whoever configures that vouches for the way there, so plain HTTP to it is fine.
    pub fn at(issuer: impl Into<String>, discovery_url: impl Into<String>) -> Result<Self, KeySourceError> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(KeySourceError::Unreachable)?;
        Ok(Self { issuer: issuer.into(), discovery_url: discovery_url.into(), client })
    }

    async fn fetch_keys(&self) -> Result<serde_json::Value, KeySourceError> {
        let discovery = self.get(&self.discovery_url).await?;
        let discovery = Discovery::deserialize(&discovery)
            .map_err(|_| KeySourceError::Unexpected("no discovery document".to_owned()))?;
        if discovery.issuer != self.issuer {
            return Err(KeySourceError::Unexpected("the discovery document of another issuer".to_owned()));
        }
        self.get(&discovery.jwks_uri).await
    }

    /// Whether a URL is of the address that was configured beside the issuer's name.
    fn vouches_for(&self, url: &str) -> bool {
        let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
        !self.discovery_url.starts_with(&self.issuer) && origin(url) == origin(&self.discovery_url)
    }

    async fn get(&self, url: &str) -> Result<serde_json::Value, KeySourceError> {
        let url = if self.vouches_for(url) { parse(url)? } else { allowed(url)? };
        let mut answer = self.client.get(url).send().await.map_err(KeySourceError::Unreachable)?;
        if !answer.status().is_success() {
            return Err(KeySourceError::Unexpected(format!("with status {}", answer.status().as_u16())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(KeySourceError::Unreachable)? {
            if body.len() + chunk.len() > MOST_OCTETS {
                return Err(KeySourceError::Unexpected("too much".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body)
            .map_err(|_| KeySourceError::Unexpected("something that is no JSON".to_owned()))
    }
}

fn insecure(url: &str) -> KeySourceError {
    KeySourceError::Insecure(url.chars().filter(|found| !found.is_control()).take(200).collect())
}

fn parse(url: &str) -> Result<Url, KeySourceError> {
    Url::parse(url).map_err(|_| insecure(url))
}

/// https, or anything on this very machine.
fn allowed(url: &str) -> Result<Url, KeySourceError> {
    let parsed = parse(url)?;
    let loopback = matches!(parsed.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match parsed.scheme() {
        "https" => Ok(parsed),
        "http" if loopback => Ok(parsed),
        _ => Err(insecure(url)),
    }
}

impl KeySource for HttpKeySource {
    fn fetch(&self) -> BoxFuture<'_, Result<serde_json::Value, KeySourceError>> {
        Box::pin(self.fetch_keys())
    }
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, response::Redirect, routing::get};
    use serde_json::json;

    use super::*;

    /// An issuer on loopback, whose keys are had by this route.
    async fn issuer(keys: axum::routing::MethodRouter) -> HttpKeySource {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let document = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(move || std::future::ready(Json(document))))
            .route("/elsewhere", get(|| async { Json(json!({ "keys": [] })) }))
            .route("/keys", keys);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        HttpKeySource::new(url).unwrap()
    }

    #[tokio::test]
    async fn what_leads_elsewhere_or_never_ends_is_not_read() {
        let good = issuer(get(|| async { Json(json!({ "keys": [] })) })).await;
        assert_eq!(good.fetch().await.unwrap(), json!({ "keys": [] }));
        let elsewhere = issuer(get(|| async { Redirect::temporary("/elsewhere") })).await;
        assert!(matches!(elsewhere.fetch().await, Err(KeySourceError::Unexpected(_))));
        let endless = issuer(get(|| async { " ".repeat(MOST_OCTETS + 1) })).await;
        assert!(matches!(endless.fetch().await, Err(KeySourceError::Unexpected(why)) if why == "too much"));
    }

    #[test]
    fn an_address_that_was_configured_is_asked_in_the_clear_and_no_other() {
        let source = HttpKeySource::at(
            "https://id.example/r",
            "http://keycloak:8080/r/.well-known/openid-configuration",
        )
        .unwrap();
        assert!(source.vouches_for("http://keycloak:8080/r/certs"));
        assert!(!source.vouches_for("http://elsewhere:8080/r/certs"));
        let source = HttpKeySource::new("http://id.example/r").unwrap();
        assert!(!source.vouches_for("http://id.example/r/certs"));
    }

    #[test]
    fn only_https_and_loopback_are_asked() {
        for good in
            ["https://id.example/x", "http://127.0.0.1:8080/id", "http://localhost/id", "http://[::1]:1/"]
        {
            assert!(allowed(good).is_ok(), "{good}");
        }
        for bad in [
            "http://id.example/x",
            "http://127.0.0.1.evil.example/",
            "ftp://localhost/",
            "file:///etc/passwd",
            "x",
        ] {
            assert!(allowed(bad).is_err(), "{bad}");
        }
    }
}
