//! Signing in: device grant (RFC 8628), the local folder, client credentials, refresh.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use oauth2::{
    AuthType, AuthUrl, ClientId, ClientSecret, DeviceAuthorizationUrl, DeviceCodeErrorResponseType,
    HttpRequest, HttpResponse, RefreshToken, RequestTokenError, Scope, StandardDeviceAuthorizationResponse,
    TokenResponse, TokenUrl,
    basic::{BasicClient, BasicErrorResponseType, BasicTokenResponse},
};
use serde::Deserialize;

use super::{
    AccessToken, BoxFuture, ClientError, Place, TokenSource, Tokens, clean::Clean, tokens::Fetched, transport,
};
use crate::{id::Timestamp, text};

/// The grant by which whoever can read a data folder is who they say they are.
const LOCAL_FOLDER_GRANT: &str = "urn:echopulse:params:oauth:grant-type:local-folder";

/// Why nobody is signed in now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInError {
    /// The code's time is over: ask for a new one.
    Expired,
    /// The person refused.
    Denied,
    /// The issuer does not take what was given.
    Refused(String),
}

impl fmt::Display for SignInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("the code has expired; ask for a new one"),
            Self::Denied => f.write_str("the sign-in was refused on the page"),
            Self::Refused(why) => write!(f, "the issuer refused: {why}"),
        }
    }
}

impl std::error::Error for SignInError {}

/// What we read of an issuer's discovery document.
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
}

impl Clean for Metadata {
    fn clean(&mut self) {}
}

async fn metadata(place: &dyn Place, http: &reqwest::Client) -> Result<Metadata, ClientError> {
    let deployment = place.find().await?;
    let url = format!("{}/.well-known/openid-configuration", deployment.issuer.trim_end_matches('/'));
    let answer = http.get(&url).send().await.map_err(|error| transport::unreachable(&url, &error))?;
    let found: Metadata = transport::json(&url, answer).await?;
    if found.issuer != deployment.issuer {
        let what = format!("it says that its issuer is {}", text::display_line(&found.issuer));
        return Err(ClientError::NotEchoPulse { url, what });
    }
    transport::address(&found.token_endpoint)?;
    Ok(found)
}

/// An HTTP function for the `oauth2` crate, with our rules.
async fn call(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, ClientError> {
    let url = request.uri().to_string();
    transport::address(&url)?;
    let (parts, octets) = request.into_parts();
    let answer = http.request(parts.method, &url).headers(parts.headers).body(octets).send().await;
    let answer = answer.map_err(|error| transport::unreachable(&url, &error))?;
    let headers = answer.headers().clone();
    let (status, octets) = transport::body(&url, answer).await?;
    let mut response = HttpResponse::new(octets);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// A URL that the `oauth2` crate takes.
macro_rules! oauth_url {
    ($kind:ident, $text:expr) => {{
        let text: String = $text;
        $kind::new(text.clone())
            .map_err(|_| ClientError::Address { url: text, what: "the issuer named no URL there" })
    }};
}

fn tokens(response: &BasicTokenResponse, kept_refresh: Option<String>) -> Tokens {
    let life = response.expires_in().unwrap_or(Duration::from_secs(60));
    let refresh = response.refresh_token().map(|token| token.secret().clone());
    Tokens {
        access: response.access_token().secret().clone(),
        refresh: refresh.or(kept_refresh),
        expires_at: Timestamp(Timestamp::now().0 + i64::try_from(life.as_millis()).unwrap_or(0)),
    }
}

type Failed = RequestTokenError<ClientError, oauth2::StandardErrorResponse<BasicErrorResponseType>>;

fn explain(issuer: &str, error: Failed) -> ClientError {
    match error {
        RequestTokenError::ServerResponse(refusal) => {
            let description =
                refusal.error_description().map_or_else(|| refusal.error().to_string(), Clone::clone);
            SignInError::Refused(text::display_line(&description)).into()
        }
        RequestTokenError::Request(error) => error,
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => foreign(issuer),
    }
}

fn foreign(issuer: &str) -> ClientError {
    let what = "its token answer cannot be read".to_owned();
    ClientError::NotEchoPulse { url: text::display_line(issuer), what }
}

/// A new pair of tokens for a refresh token, which is used up by this.
pub(super) async fn refresh(
    place: &dyn Place,
    client_id: &str,
    token: String,
) -> Result<Tokens, ClientError> {
    let http = transport::http()?;
    let metadata = metadata(place, &http).await?;
    let client = BasicClient::new(ClientId::new(client_id.to_owned()))
        .set_auth_type(AuthType::RequestBody)
        .set_token_uri(oauth_url!(TokenUrl, metadata.token_endpoint)?);
    let token = RefreshToken::new(token);
    let send = |request| call(http.clone(), request);
    match client.exchange_refresh_token(&token).request_async(&send).await {
        Ok(response) => Ok(tokens(&response, Some(token.secret().clone()))),
        Err(RequestTokenError::ServerResponse(_)) => {
            Err(ClientError::NotSignedIn("the sign-in is over; sign in again".to_owned()))
        }
        Err(error) => Err(explain(&metadata.issuer, error)),
    }
}

/// A bot's token.
pub(super) async fn client_credentials(
    place: &dyn Place,
    client_id: &str,
    secret: &str,
) -> Result<Tokens, ClientError> {
    let http = transport::http()?;
    let metadata = metadata(place, &http).await?;
    let client = BasicClient::new(ClientId::new(client_id.to_owned()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_token_uri(oauth_url!(TokenUrl, metadata.token_endpoint)?);
    let send = |request| call(http.clone(), request);
    let response = client.exchange_client_credentials().request_async(&send).await;
    response.map(|response| tokens(&response, None)).map_err(|error| explain(&metadata.issuer, error))
}

/// What to show while a person signs in with another device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCode {
    /// What they type.
    pub user_code: String,
    /// Where they type it.
    pub verification_uri: String,
    /// The same with the code in it, for a QR code.
    pub verification_uri_complete: Option<String>,
    /// How long it lives.
    pub expires_in: Duration,
}

/// A device grant that waits for its person.
pub struct DeviceSignIn {
    code: DeviceCode,
    details: StandardDeviceAuthorizationResponse,
    client_id: String,
    token_endpoint: String,
    issuer: String,
    http: reqwest::Client,
}

impl DeviceSignIn {
    /// Asks the deployment's issuer for a code.
    pub async fn start(place: &dyn Place) -> Result<Self, ClientError> {
        let http = transport::http()?;
        let client_id = place.find().await?.clients.tui.clone();
        let metadata = metadata(place, &http).await?;
        let endpoint = metadata.device_authorization_endpoint.clone().unwrap_or_default();
        let client = BasicClient::new(ClientId::new(client_id.clone()))
            .set_auth_type(AuthType::RequestBody)
            .set_device_authorization_url(oauth_url!(DeviceAuthorizationUrl, endpoint)?);
        let send = |request| call(http.clone(), request);
        let scope = Scope::new("openid".to_owned());
        let asked = client.exchange_device_code().add_scope(scope).request_async(&send).await;
        let details: StandardDeviceAuthorizationResponse =
            asked.map_err(|error| explain(&metadata.issuer, error))?;
        let verification_uri = checked(details.verification_uri().as_str())?;
        let complete = details.verification_uri_complete().map(|uri| checked(uri.secret())).transpose()?;
        let code = DeviceCode {
            user_code: text::display_line(details.user_code().secret()),
            verification_uri,
            verification_uri_complete: complete,
            expires_in: details.expires_in(),
        };
        let (token_endpoint, issuer) = (metadata.token_endpoint, metadata.issuer);
        Ok(Self { code, details, client_id, token_endpoint, issuer, http })
    }

    /// What to show.
    #[must_use]
    pub const fn code(&self) -> &DeviceCode {
        &self.code
    }

    /// Waits until the person has decided, at the pace that the issuer asks for.
    pub async fn wait(&self) -> Result<Tokens, ClientError> {
        self.wait_with(tokio::time::sleep).await
    }

    async fn wait_with<S: Future<Output = ()> + Send>(
        &self,
        sleep: impl Fn(Duration) -> S + Send + Sync,
    ) -> Result<Tokens, ClientError> {
        let client = BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(oauth_url!(AuthUrl, self.token_endpoint.clone())?)
            .set_token_uri(oauth_url!(TokenUrl, self.token_endpoint.clone())?);
        let send = |request| call(self.http.clone(), request);
        let waited =
            client.exchange_device_access_token(&self.details).request_async(&send, sleep, None).await;
        match waited {
            Ok(response) => Ok(tokens(&response, None)),
            Err(RequestTokenError::ServerResponse(refusal)) => Err(match refusal.error() {
                DeviceCodeErrorResponseType::ExpiredToken => SignInError::Expired.into(),
                DeviceCodeErrorResponseType::AccessDenied => SignInError::Denied.into(),
                other => SignInError::Refused(text::display_line(other.as_ref())).into(),
            }),
            Err(RequestTokenError::Request(error)) => Err(error),
            Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => Err(foreign(&self.issuer)),
        }
    }
}

/// A link that the issuer wants shown and opened: http or https, and nothing odd in it.
fn checked(uri: &str) -> Result<String, ClientError> {
    Ok(transport::address(uri)?.to_string())
}

/// The tokens of whoever can read a data folder.
pub struct LocalFolder {
    place: Arc<dyn Place>,
    key_file: PathBuf,
    name: String,
    kept: Fetched,
}

impl LocalFolder {
    /// The person called `name`, by the key in `key_file`.
    #[must_use]
    pub fn new(place: Arc<dyn Place>, key_file: PathBuf, name: impl Into<String>) -> Self {
        Self { place, key_file, name: name.into(), kept: Fetched::default() }
    }

    async fn fetch(&self) -> Result<Tokens, ClientError> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            expires_in: u64,
        }
        impl Clean for Answer {
            fn clean(&mut self) {}
        }
        #[derive(Deserialize)]
        struct Refusal {
            #[serde(default)]
            error: String,
            #[serde(default)]
            error_description: String,
        }
        let http = transport::http()?;
        let metadata = metadata(&*self.place, &http).await?;
        let client_id = self.place.find().await?.clients.tui.clone();
        let key = tokio::fs::read_to_string(&self.key_file).await.map_err(ClientError::Store)?;
        let form = [
            ("grant_type", LOCAL_FOLDER_GRANT),
            ("client_id", &client_id),
            ("secret", key.trim()),
            ("name", &self.name),
        ];
        let url = metadata.token_endpoint;
        let answer =
            http.post(&url).form(&form).send().await.map_err(|error| transport::unreachable(&url, &error))?;
        let (status, octets) = transport::body(&url, answer).await?;
        if !status.is_success() {
            let refusal: Refusal = serde_json::from_slice(&octets).map_err(|_| foreign(&url))?;
            let why =
                if refusal.error_description.is_empty() { refusal.error } else { refusal.error_description };
            return Err(SignInError::Refused(text::display_line(&why)).into());
        }
        let answer: Answer = serde_json::from_slice(&octets).map_err(|_| foreign(&url))?;
        let expires_at = Timestamp(Timestamp::now().0 + i64::try_from(answer.expires_in * 1000).unwrap_or(0));
        Ok(Tokens { access: answer.access_token, refresh: None, expires_at })
    }
}

impl TokenSource for LocalFolder {
    fn access_token(&self) -> BoxFuture<'_, Result<AccessToken, ClientError>> {
        Box::pin(self.kept.get(self.fetch()))
    }

    fn refused(&self, token: AccessToken) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.kept.refused(&token).await })
    }
}

/// Ends a sign-in at the issuer: its refresh token is good for nothing afterwards.
pub async fn sign_out(place: &dyn Place, refresh: &str) -> Result<(), ClientError> {
    let http = transport::http()?;
    let client_id = place.find().await?.clients.tui.clone();
    let metadata = metadata(place, &http).await?;
    let Some(url) = metadata.revocation_endpoint.or(metadata.end_session_endpoint) else { return Ok(()) };
    transport::address(&url)?;
    let form = [("token", refresh), ("token_type_hint", "refresh_token"), ("client_id", &client_id)];
    let answer =
        http.post(&url).form(&form).send().await.map_err(|error| transport::unreachable(&url, &error))?;
    transport::nothing(&url, answer).await
}

#[cfg(test)]
mod tests;
