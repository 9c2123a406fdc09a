//! The deployment that the tests are pointed at, and people of its Keycloak.
//!
//! A person is a confidential client of the realm with a service account: its token comes by client credentials, and says of
//! itself what the token of somebody who signed in on a page says. Each test has people of its own.

use std::{
    env,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::extra::{Extra, Kind, free_address};
use crate::support::{Answer, Instance, Person, answer};

/// People are spread over the instances, whatever test they are of.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// What the tests are told of the world.
pub(crate) fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask test distributed`"))
}

/// The deployment, as one test sees it.
pub(crate) struct Deployment {
    http: reqwest::Client,
    instances: Vec<Instance>,
    admin: String,
    /// Of this test alone, for as long as it runs.
    _own: Vec<Extra>,
}

/// A client of the realm that a test made.
pub(crate) struct Account {
    pub(crate) client: String,
    pub(crate) secret: String,
    /// Keycloak's own ids of the client and of its service account.
    pub(crate) id: String,
    pub(crate) user: String,
}

impl Deployment {
    pub(crate) async fn start() -> Self {
        let found: Value = serde_json::from_str(&variable("ECHOPULSE_TEST_INSTANCES")).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let instances = found.as_array().unwrap().iter();
        let instances = instances
            .map(|found| Instance { server: text(&found["server"]), chat: text(&found["chat"]) })
            .collect();
        let http = reqwest::Client::new();
        let name = variable("ECHOPULSE_TEST_KEYCLOAK_ADMIN");
        let password = variable("ECHOPULSE_TEST_KEYCLOAK_ADMIN_PASSWORD");
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", name.as_str()),
            ("password", password.as_str()),
        ];
        let url =
            format!("{}/realms/master/protocol/openid-connect/token", variable("ECHOPULSE_TEST_KEYCLOAK"));
        let answer: Value = http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
        let admin = text(&answer["access_token"]);
        Self { http, instances, admin, _own: Vec::new() }
    }

    /// The same with instances of the test's own that limit people as a deployment does: one server service, two chat services.
    pub(crate) async fn limited() -> Self {
        let told = [("LIMITS__PERCENT", "100")];
        let start = |kind| Extra::start(kind, &free_address(), &told);
        let own = vec![start(Kind::Server), start(Kind::Chat), start(Kind::Chat)];
        for extra in &own {
            extra.ready().await;
        }
        let instances =
            own[1..].iter().map(|chat| Instance { server: own[0].url.clone(), chat: chat.url.clone() });
        Self { instances: instances.collect(), _own: own, ..Self::start().await }
    }

    /// An instance by its number, counted from 0.
    pub(crate) fn instance(&self, number: usize) -> Instance {
        self.instances[number % self.instances.len()].clone()
    }

    pub(crate) const fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Somebody new, on the next instance.
    pub(crate) async fn person(&self, name: &str) -> Person {
        self.person_on(NEXT.fetch_add(1, Ordering::Relaxed), name).await
    }

    /// Somebody new, on this instance.
    pub(crate) async fn person_on(&self, instance: usize, name: &str) -> Person {
        let account = self.account(name, &["echopulse-user"]).await;
        let token = self.token(&account).await;
        Person::of(self.http.clone(), self.instance(instance), token).await
    }

    /// An instance admin, on the next instance.
    pub(crate) async fn admin(&self, name: &str) -> Person {
        self.person_with(name, &["echopulse-user", "echopulse-admin"]).await
    }

    /// A bot, on the next instance.
    pub(crate) async fn bot(&self, name: &str) -> Person {
        self.person_with(name, &["echopulse-bot"]).await
    }

    async fn person_with(&self, name: &str, roles: &[&str]) -> Person {
        let account = self.account(name, roles).await;
        let token = self.token(&account).await;
        let instance = self.instance(NEXT.fetch_add(1, Ordering::Relaxed));
        Person::of(self.http.clone(), instance, token).await
    }

    /// An account of the realm with these roles.
    pub(crate) async fn account(&self, name: &str, roles: &[&str]) -> Account {
        let unique = uuid::Uuid::now_v7().simple().to_string();
        self.account_named(format!("{name}-{unique}"), roles).await
    }

    /// An account of the realm under exactly this name.
    pub(crate) async fn account_named(&self, client: String, roles: &[&str]) -> Account {
        let secret = uuid::Uuid::new_v4().simple().to_string();
        let mapper = |name: &str, kind: &str, config: Value| json!({ "name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config });
        let made = json!({
            "clientId": client,
            "secret": secret,
            "publicClient": false,
            "serviceAccountsEnabled": true,
            "standardFlowEnabled": false,
            "protocolMappers": [
                mapper("audience", "oidc-audience-mapper", json!({
                    "included.client.audience": "echopulse-api", "access.token.claim": "true"
                })),
            ],
        });
        self.ask(self.http.post(self.admin_url("/clients")).json(&made)).await;
        let found = self.ask(self.http.get(self.admin_url(&format!("/clients?clientId={client}")))).await;
        let id = found[0]["id"].as_str().unwrap().to_owned();
        let user =
            self.ask(self.http.get(self.admin_url(&format!("/clients/{id}/service-account-user")))).await;
        let user = user["id"].as_str().unwrap().to_owned();
        let account = Account { client, secret, id, user };
        self.give(&account, roles).await;
        account
    }

    /// Gives an account realm roles, and takes all others that are ours.
    pub(crate) async fn give(&self, account: &Account, roles: &[&str]) {
        let path = self.admin_url(&format!("/users/{}/role-mappings/realm", account.user));
        let has = self.ask(self.http.get(&path)).await;
        self.ask(self.http.delete(&path).json(&has)).await;
        let mut given = Vec::new();
        for role in roles {
            given.push(self.ask(self.http.get(self.admin_url(&format!("/roles/{role}")))).await);
        }
        self.ask(self.http.post(&path).json(&given)).await;
    }

    /// What the issuer says to a client and its secret.
    pub(crate) async fn client_tokens(&self, client: &str, secret: &str) -> Answer {
        let url = format!("{}/protocol/openid-connect/token", variable("ECHOPULSE_TEST_KEYCLOAK_ISSUER"));
        let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)];
        answer(self.http.post(url).form(&form)).await
    }

    /// Whoever a token is of, on the next instance.
    pub(crate) async fn person_of(&self, token: &str) -> Person {
        let instance = self.instance(NEXT.fetch_add(1, Ordering::Relaxed));
        Person::of(self.http.clone(), instance, token.to_owned()).await
    }

    /// A fresh access token of an account.
    pub(crate) async fn token(&self, account: &Account) -> String {
        let answer = self.client_tokens(&account.client, &account.secret).await.good();
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// An address of Keycloak's administration of the realm.
    pub(crate) fn admin_url(&self, path: &str) -> String {
        format!("{}/admin/realms/echopulse{path}", variable("ECHOPULSE_TEST_KEYCLOAK"))
    }

    /// Asks Keycloak as its administrator.
    pub(crate) async fn ask(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.bearer_auth(&self.admin).send().await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert!(status.is_success(), "{status} {body}");
        serde_json::from_str(&body).unwrap_or(Value::Null)
    }
}
