//! Bots as clients of a Keycloak realm, over its admin REST API.
//!
//! The registrar, a client of the realm, may manage clients and nothing else. So a bot's roles are no mapping of its service
//! account, which would need the right to manage people: a mapper of the client puts `echopulse-bot` into its tokens, and the
//! client's scope keeps all other roles out of them.

use std::time::Duration;

use echopulse_core::{
    common::{BoxFuture, StoreError, actor::Identity, community::UserKind, name::Username},
    server::port::outbound::{BotClient, BotIssuer, ClientSecret},
};
use rand::TryRngCore;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header, redirect};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::service_token::{NoToken, ServiceToken};

/// How long Keycloak may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Which realm, and who asks.
#[derive(Clone)]
pub struct KeycloakOptions {
    /// The issuer, letter by letter as it stands in tokens.
    pub issuer: String,
    /// Its discovery document, below `/realms/{realm}`; the admin API is below `/admin/realms/{realm}` of the same address.
    pub discovery_url: String,
    /// The audience of access tokens.
    pub audience: String,
    /// The client that may manage clients.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

/// Why Keycloak did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum KeycloakError {
    /// There is no client to ask with.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    /// The issuer is something else.
    #[error("{0} is no realm of Keycloak: bots are made at the issuer itself")]
    NoRealm(String),
    /// The registrar is not known there.
    #[error(transparent)]
    Token(#[from] NoToken),
    /// It did not answer, or something that cannot be read.
    #[error("Keycloak does not answer")]
    Unreachable(#[from] reqwest::Error),
    /// It refused.
    #[error("Keycloak answered {0} to a request about {1}")]
    Unexpected(StatusCode, &'static str),
    /// There is no randomness to make a secret of.
    #[error("the system gives no random numbers")]
    NoChance,
}

/// A realm of Keycloak, as far as bots are its clients.
pub struct KeycloakBots {
    issuer: String,
    audience: String,
    /// `None`: the issuer is no Keycloak.
    admin: Option<String>,
    http: Client,
    token: ServiceToken,
}

/// What of Keycloak's representations is looked at.
#[derive(Deserialize)]
struct Identified {
    id: String,
}

#[derive(Deserialize)]
struct Credential {
    value: String,
}

impl KeycloakBots {
    /// Asks nothing yet.
    ///
    /// # Errors
    ///
    /// [`KeycloakError::Client`].
    pub fn new(options: KeycloakOptions) -> Result<Self, KeycloakError> {
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(KeycloakError::Client)?;
        let KeycloakOptions { issuer, discovery_url, audience, client_id, client_secret } = options;
        let token = ServiceToken::new(http.clone(), &discovery_url, &client_id, &client_secret);
        Ok(Self { admin: admin_url(&discovery_url), issuer, audience, http, token })
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        dress: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, KeycloakError> {
        let admin = self.admin.as_ref().ok_or_else(|| KeycloakError::NoRealm(self.issuer.clone()))?;
        let mut renewed = false;
        loop {
            let request = self.http.request(method.clone(), format!("{admin}{path}"));
            let answer = dress(request.bearer_auth(self.token.get().await?)).send().await?;
            if answer.status() == StatusCode::UNAUTHORIZED && !renewed {
                renewed = true;
                self.token.forget().await;
                continue;
            }
            return Ok(answer);
        }
    }

    /// Keycloak's own id of a client.
    async fn find(&self, client_id: &str) -> Result<Option<String>, KeycloakError> {
        let query = [("clientId", client_id)];
        let answer =
            good(self.ask(Method::GET, "/clients", |request| request.query(&query)).await?, "clients")?;
        let found: Vec<Identified> = answer.json().await?;
        Ok(found.into_iter().next().map(|client| client.id))
    }

    async fn create(&self, name: Username) -> Result<Option<BotClient>, KeycloakError> {
        let client_id = format!("bot-{}", name.as_str());
        let secret = draw_secret()?;
        let body = self.representation(&client_id, name.as_str(), &secret);
        let answer = self.ask(Method::POST, "/clients", |request| request.json(&body)).await?;
        if answer.status() == StatusCode::CONFLICT {
            return Ok(None);
        }
        let answer = good(answer, "a new client")?;
        let place = answer.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
        let id = place.and_then(|place| place.rsplit('/').next()).unwrap_or_default().to_owned();
        let account = self.account_of(&id).await;
        if account.is_err() {
            // The first failure is what is told; nobody knows the secret of what is left.
            let _ = self.ask(Method::DELETE, &format!("/clients/{id}"), |request| request).await;
        }
        let identity = Identity {
            iss: self.issuer.clone(),
            sub: account?.id,
            preferred_username: name.into_string(),
            name: None,
            kind: UserKind::Bot,
            admin: false,
        };
        Ok(Some(BotClient { client_id, identity, secret: ClientSecret(secret) }))
    }

    async fn account_of(&self, id: &str) -> Result<Identified, KeycloakError> {
        let path = format!("/clients/{id}/service-account-user");
        let answer = good(self.ask(Method::GET, &path, |request| request).await?, "a service account")?;
        Ok(answer.json().await?)
    }

    fn representation(&self, client_id: &str, name: &str, secret: &str) -> Value {
        let mapper = |name: &str, kind: &str, config: Value| json!({ "name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config });
        json!({
            "clientId": client_id,
            "name": name,
            "description": "A bot of EchoPulse; made and taken away there",
            "secret": secret,
            "publicClient": false,
            "serviceAccountsEnabled": true,
            "standardFlowEnabled": false,
            "implicitFlowEnabled": false,
            "directAccessGrantsEnabled": false,
            // No role of the service account gets into a token, the realm's default roles included.
            "fullScopeAllowed": false,
            "defaultClientScopes": ["basic", "roles"],
            "optionalClientScopes": [],
            "protocolMappers": [
                mapper("audience", "oidc-audience-mapper", json!({
                    "included.client.audience": self.audience,
                    "access.token.claim": "true",
                    "id.token.claim": "false",
                })),
                mapper("role", "oidc-hardcoded-role-mapper", json!({ "role": "echopulse-bot" })),
                mapper("username", "oidc-hardcoded-claim-mapper", json!({
                    "claim.name": "preferred_username",
                    "claim.value": name,
                    "jsonType.label": "String",
                    "access.token.claim": "true",
                })),
            ],
        })
    }

    async fn renew(&self, client_id: &str) -> Result<Option<ClientSecret>, KeycloakError> {
        let Some(id) = self.find(client_id).await? else { return Ok(None) };
        let path = format!("/clients/{id}/client-secret");
        let answer = self.ask(Method::POST, &path, |request| request).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let credential: Credential = good(answer, "a client's secret")?.json().await?;
        Ok(Some(ClientSecret(credential.value)))
    }

    async fn delete(&self, client_id: &str) -> Result<(), KeycloakError> {
        let Some(id) = self.find(client_id).await? else { return Ok(()) };
        let answer = self.ask(Method::DELETE, &format!("/clients/{id}"), |request| request).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(());
        }
        good(answer, "a client's end").map(drop)
    }
}

/// The admin API of the realm whose discovery document this is.
fn admin_url(discovery_url: &str) -> Option<String> {
    let (base, rest) = discovery_url.split_once("/realms/")?;
    let realm = rest.strip_suffix("/.well-known/openid-configuration")?;
    (!realm.is_empty() && !realm.contains('/')).then(|| format!("{base}/admin/realms/{realm}"))
}

fn good(answer: Response, about: &'static str) -> Result<Response, KeycloakError> {
    let status = answer.status();
    if status.is_success() { Ok(answer) } else { Err(KeycloakError::Unexpected(status, about)) }
}

/// 256 bits that nobody can guess.
fn draw_secret() -> Result<String, KeycloakError> {
    let mut octets = [0; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut octets).map_err(|_| KeycloakError::NoChance)?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

impl BotIssuer for KeycloakBots {
    fn make(&self, name: Username) -> BoxFuture<'_, Result<Option<BotClient>, StoreError>> {
        Box::pin(async move { self.create(name).await.map_err(StoreError::new) })
    }

    fn rotate(&self, client_id: String) -> BoxFuture<'_, Result<Option<ClientSecret>, StoreError>> {
        Box::pin(async move { self.renew(&client_id).await.map_err(StoreError::new) })
    }

    fn remove(&self, client_id: String) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.delete(&client_id).await.map_err(StoreError::new) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_api_stands_beside_the_realm() {
        let of = |url: &str| admin_url(&format!("{url}/.well-known/openid-configuration"));
        assert_eq!(
            of("http://keycloak:8080/realms/echopulse").as_deref(),
            Some("http://keycloak:8080/admin/realms/echopulse")
        );
        assert_eq!(
            of("https://id.example/auth/realms/r").as_deref(),
            Some("https://id.example/auth/admin/realms/r")
        );
        assert_eq!(of("https://id.example/oauth2"), None, "another issuer");
        assert_eq!(admin_url("https://id.example/realms/a/b/.well-known/openid-configuration"), None);
    }

    #[test]
    fn no_secret_is_drawn_twice() {
        let (one, other) = (draw_secret().unwrap(), draw_secret().unwrap());
        assert!(one != other && one.len() == 64);
    }
}
