//! Webhooks: made with an account, used with nothing but their address.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    support::{Answer, Person, Place, answer},
    world::Deployment,
};

/// A webhook as its maker gets it.
struct Hook {
    id: String,
    token: String,
}

impl Hook {
    fn of(made: &Value) -> Self {
        let text = |key: &str| made[key].as_str().unwrap_or_else(|| panic!("{key}: {made}")).to_owned();
        Self { id: text("id"), token: text("token") }
    }

    fn path(&self) -> String {
        format!("/chat/api/webhooks/{}/{}", self.id, self.token)
    }
}

fn webhooks(place: &Place) -> String {
    format!("/chat/api/channels/{}/webhooks", place.channel)
}

async fn make(owner: &Person, place: &Place) -> Hook {
    let made = owner.post(&webhooks(place), json!({ "name": "CI" })).await;
    assert_eq!(
        (made.status, &made.headers["cache-control"]),
        (StatusCode::CREATED, &"no-store".parse().unwrap())
    );
    Hook::of(&made.good())
}

/// A request without an account, at the instance that somebody talks to.
fn request(near: &Person, path: &str, headers: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let request = near.http.post(near.instance.at(path));
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

async fn post(near: &Person, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    answer(request(near, path, headers).json(body)).await
}

#[tokio::test]
async fn whoever_has_the_address_posts_under_the_webhooks_name() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let hook = make(&ada, &place).await;
    let mut socket = ada.follow(&place.topic()).await;
    let text = format!("<@{}> <@&{}> @everyone it is green", ada.id, place.server);
    let said = post(&ada, &hook.path(), &[], &json!({ "content": text })).await;
    assert_eq!(said.status, StatusCode::CREATED, "{said:?}");
    let message = &socket.event("message.created").await["message"];
    assert_eq!(*message, said.body);
    assert_eq!(message["author"], json!({ "id": hook.id, "kind": "webhook", "name": "CI" }));
    assert_eq!(message["mentions"]["users"], json!([ada.id]), "people and nobody else are told");
    assert_eq!(
        (&message["mentions"]["roles"], &message["mentions"]["everyone"]),
        (&json!([]), &json!(false))
    );
    let renamed =
        ada.patch(&format!("/chat/api/webhooks/{}", hook.id), json!({ "name": "Builds" })).await.good();
    assert_eq!(renamed["name"], "Builds");
    let history = ada.get(&place.messages()).await.good();
    assert_eq!(history["items"][0]["author"]["name"], "Builds", "names are as they are now");
}

#[tokio::test]
async fn a_repeated_delivery_is_one_message() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let hook = make(&ada, &place).await;
    let key = [("idempotency-key", "build-7")];
    let first = post(&ada, &hook.path(), &key, &json!({ "content": "green" })).await.good();
    assert_eq!(post(&ada, &hook.path(), &key, &json!({ "content": "green" })).await.good(), first);
    let other = post(&ada, &hook.path(), &key, &json!({ "content": "red" })).await;
    assert_eq!((other.status, other.code()), (StatusCode::CONFLICT, "nonce-reused"));
    let github = [("x-github-event", "ping"), ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")];
    let zen = json!({ "zen": "Design for failure.", "repository": { "full_name": "ada/engine" } });
    let first = post(&ada, &hook.path(), &github, &zen).await.good();
    assert_eq!(first["content"], "[ada/engine] GitHub is here: Design for failure.");
    assert_eq!(post(&ada, &hook.path(), &github, &zen).await.good()["id"], first["id"]);
    let star = post(&ada, &hook.path(), &[("x-github-event", "star")], &json!({ "action": "created" })).await;
    assert_eq!(star.status, StatusCode::NO_CONTENT);
    assert_eq!(ada.get(&place.messages()).await.good()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn bad_input_is_named_and_posts_nothing() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let hook = make(&ada, &place).await;
    let wrong = format!("/chat/api/webhooks/{}/{}", hook.id, "0".repeat(64));
    let nowhere = format!("/chat/api/webhooks/01935c2e-7a10-7000-8000-0000000000ff/{}", hook.token);
    let (wrong, nowhere) = (
        post(&ada, &wrong, &[], &json!({ "content": "x" })).await,
        post(&ada, &nowhere, &[], &json!({ "content": "x" })).await,
    );
    assert_eq!((wrong.status, wrong.code()), (StatusCode::NOT_FOUND, "webhook-not-found"));
    assert_eq!(wrong.body, nowhere.body, "a wrong token and no webhook look alike");
    let json = [("content-type", "application/json")];
    let raw = |body: String| answer(request(&ada, &hook.path(), &json).body(body));
    assert_eq!(raw("{\"content\":".to_owned()).await.code(), "invalid-request");
    assert_eq!(raw("[".repeat(64 * 1024)).await.code(), "invalid-request");
    let large = raw(format!("{{\"content\":\"{}\"}}", "x".repeat(1024 * 1024))).await;
    assert_eq!((large.status, large.code()), (StatusCode::PAYLOAD_TOO_LARGE, "too-large"));
    let post = |body: Value| post_owned(&ada, &hook, body);
    assert_eq!(post(json!({ "content": " \u{200b} " })).await.code(), "content-empty");
    assert_eq!(post(json!({ "content": "x".repeat(4001) })).await.code(), "content-too-long");
    assert_eq!(post(json!({ "text": "x" })).await.code(), "invalid-request");
    let form = answer(request(&ada, &hook.path(), &[]).form(&[("payload", "{}")])).await;
    assert_eq!(form.code(), "unsupported-media-type");
    let star = request(&ada, &wrong_path(&hook), &[("x-github-event", "star")]).json(&json!({}));
    assert_eq!(answer(star).await.code(), "webhook-not-found", "also for what is of no interest");
    assert_eq!(ada.get(&place.messages()).await.good()["items"], json!([]));
}

fn wrong_path(hook: &Hook) -> String {
    format!("/chat/api/webhooks/{}/nonsense", hook.id)
}

async fn post_owned(near: &Person, hook: &Hook, body: Value) -> Answer {
    post(near, &hook.path(), &[], &body).await
}

#[tokio::test]
async fn who_may_not_manage_webhooks_learns_nothing_of_them() {
    let deployment = Deployment::start().await;
    let (ada, lin) = (deployment.person("ada").await, deployment.person("lin").await);
    let place = ada.found("home").await;
    let hook = make(&ada, &place).await;
    let one = format!("/chat/api/webhooks/{}", hook.id);
    assert_eq!(lin.get(&webhooks(&place)).await.code(), "channel-not-found");
    assert_eq!(lin.delete(&one).await.code(), "webhook-not-found");
    ada.invite(&place, &lin).await;
    let refused = lin.post(&webhooks(&place), json!({ "name": "mine" })).await;
    assert_eq!(
        (refused.code(), &refused.body["permission"]),
        ("permission-missing", &json!("MANAGE_WEBHOOKS"))
    );
    assert_eq!(lin.delete(&one).await.code(), "permission-missing");
    assert_eq!(lin.post(&format!("{one}/token"), json!({})).await.code(), "permission-missing");
    let unknown = answer(ada.http.post(ada.instance.at(&format!("{one}/token")))).await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED, "another token needs an account");
    let listed = ada.get(&webhooks(&place)).await.good();
    assert_eq!(listed["items"][0]["id"], json!(hook.id));
    assert!(!listed.to_string().contains(&hook.token), "a list holds no token");
}

#[tokio::test]
async fn a_rotated_or_deleted_webhook_opens_nothing() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let old = make(&ada, &place).await;
    let new = ada.post(&format!("/chat/api/webhooks/{}/token", old.id), json!({})).await.good();
    let new = Hook::of(&new);
    let hello = json!({ "content": "hello" });
    assert_eq!(post(&ada, &old.path(), &[], &hello).await.code(), "webhook-not-found");
    post(&ada, &new.path(), &[], &hello).await.good();
    ada.delete(&format!("/chat/api/webhooks/{}", old.id)).await.good();
    assert_eq!(post(&ada, &new.path(), &[], &hello).await.code(), "webhook-not-found");
    let history = ada.get(&place.messages()).await.good();
    assert_eq!(history["items"][0]["author"]["name"], "CI", "what it wrote stays, under its name");
    for _ in 0..15 {
        make(&ada, &place).await;
    }
    let full = ada.post(&webhooks(&place), json!({ "name": "one more" })).await;
    assert_eq!((full.code(), &full.body["limit"]), ("limit-reached", &json!(15)));
}
