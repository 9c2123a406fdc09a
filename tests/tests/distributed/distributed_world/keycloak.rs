//! People of the realm, signed in on Keycloak's own pages by the code flow, as a browser without scripts would.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{Response, StatusCode, Url, redirect::Policy};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::world::{Deployment, variable};

/// A public client of the realm, which a browser is sent back to.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    redirect: String,
}

impl Client {
    /// The browser client of the realm file.
    pub(crate) fn web() -> Self {
        Self { id: "echopulse-web".to_owned(), redirect: format!("{}/", variable("ECHOPULSE_TEST_WEB")) }
    }
}

/// Somebody with a password.
pub(crate) struct Someone {
    name: String,
    password: String,
    /// What Keycloak calls them.
    pub(crate) id: String,
}

/// What a sign-in gave.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) id: String,
}

impl Tokens {
    fn of(answer: &Value) -> Self {
        let token = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Self { access: token("access_token"), refresh: token("refresh_token"), id: token("id_token") }
    }
}

/// What a token says.
pub(crate) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a token has three parts");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// An address of the realm's OpenID Connect.
fn endpoint(name: &str) -> String {
    format!("{}/protocol/openid-connect/{name}", variable("ECHOPULSE_TEST_KEYCLOAK_ISSUER"))
}

impl Deployment {
    /// Somebody new in the realm, with what everybody has from the start.
    pub(crate) async fn registered(&self, name: &str) -> Someone {
        let unique = uuid::Uuid::now_v7().simple().to_string();
        let (name, password) = (format!("{name}-{unique}"), uuid::Uuid::new_v4().simple().to_string());
        let made = json!({
            "username": name, "enabled": true, "email": format!("{name}@example.org"), "emailVerified": true,
            "firstName": "Some", "lastName": "One",
            "credentials": [{ "type": "password", "value": password, "temporary": false }],
        });
        self.ask(self.http().post(self.admin_url("/users")).json(&made)).await;
        let found = self.ask(self.http().get(self.admin_url(&format!("/users?username={name}")))).await;
        Someone { name, password, id: found[0]["id"].as_str().unwrap().to_owned() }
    }

    /// A public client whose access tokens live for so many seconds.
    pub(crate) async fn client_of_short_tokens(&self, seconds: u32) -> Client {
        let id = format!("short-{}", uuid::Uuid::now_v7().simple());
        let redirect = "http://127.0.0.1:1/".to_owned();
        let made = json!({
            "clientId": id, "publicClient": true, "standardFlowEnabled": true, "redirectUris": [redirect],
            "attributes": {
                "pkce.code.challenge.method": "S256", "access.token.lifespan": seconds.to_string(),
            },
            "protocolMappers": [{
                "name": "audience", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
                "config": { "included.client.audience": "echopulse-api", "access.token.claim": "true" },
            }],
        });
        self.ask(self.http().post(self.admin_url("/clients")).json(&made)).await;
        Client { id, redirect }
    }

    /// Signs somebody in.
    pub(crate) async fn signs_in(&self, client: &Client, who: &Someone) -> Tokens {
        let verifier = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let mut browser = Browser::new();
        let query = [
            ("client_id", client.id.as_str()),
            ("redirect_uri", &client.redirect),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "s"),
            ("code_challenge_method", "S256"),
            ("code_challenge", &challenge),
        ];
        let page = browser.opens(Url::parse_with_params(&endpoint("auth"), query).unwrap()).await;
        let action = attribute(&page.text().await.unwrap(), "kc-form-login", "action");
        let form = [("username", who.name.as_str()), ("password", &who.password), ("credentialId", "")];
        let back = browser.submits(&action, &form).await;
        assert_eq!(back.status(), StatusCode::FOUND);
        let back = Url::parse(back.headers()["location"].to_str().unwrap()).unwrap();
        let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
        let (status, answer) = self
            .token_for(&[
                ("grant_type", "authorization_code"),
                ("client_id", &client.id),
                ("redirect_uri", &client.redirect),
                ("code", &code),
                ("code_verifier", &verifier),
            ])
            .await;
        assert!(status.is_success(), "{answer}");
        Tokens::of(&answer)
    }

    /// What the token endpoint answers.
    pub(crate) async fn token_for(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let answer = self.http().post(endpoint("token")).form(form).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Trades a refresh token; `Err` is what Keycloak says against it.
    pub(crate) async fn refresh(&self, client: &Client, refresh: &str) -> Result<Tokens, String> {
        let form = [("grant_type", "refresh_token"), ("client_id", &client.id), ("refresh_token", refresh)];
        let (status, answer) = self.token_for(&form).await;
        if status.is_success() {
            Ok(Tokens::of(&answer))
        } else {
            Err(answer["error"].as_str().unwrap_or_default().to_owned())
        }
    }

    /// Signs somebody out at the realm's own end of the session.
    pub(crate) async fn signs_out(&self, client: &Client, tokens: &Tokens) {
        let query = [
            ("id_token_hint", tokens.id.as_str()),
            ("client_id", &client.id),
            ("post_logout_redirect_uri", &client.redirect),
        ];
        let left = Browser::new().opens(Url::parse_with_params(&endpoint("logout"), query).unwrap()).await;
        assert_eq!(left.status(), StatusCode::FOUND);
    }
}

/// A browser without scripts, which goes where it is told to only.
struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Self { http, cookies: BTreeMap::new() }
    }

    async fn opens(&mut self, url: Url) -> Response {
        let request = self.http.get(url);
        self.sends(request).await
    }

    async fn submits(&mut self, url: &str, form: &[(&str, &str)]) -> Response {
        let request = self.http.post(url).form(form);
        self.sends(request).await
    }

    async fn sends(&mut self, request: reqwest::RequestBuilder) -> Response {
        let jar: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header("cookie", jar.join("; ")).send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// The value of an attribute of the first tag that has this mark.
fn attribute(page: &str, mark: &str, name: &str) -> String {
    let tag = page.split('<').find(|tag| tag.contains(mark)).unwrap_or_else(|| panic!("{mark} in {page}"));
    let (_, rest) = tag.split_once(&format!("{name}=\"")).expect("it has the attribute");
    rest.split('"').next().unwrap_or_default().replace("&amp;", "&")
}
