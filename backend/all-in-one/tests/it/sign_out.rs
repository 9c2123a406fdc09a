//! The end of a sign-in, and what a person loses with a role.

use echopulse_all_in_one::{Config, Listen, start};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    forge::{Forge, LOGOUT_EVENT, now},
    support::{Answer, Person, answer, value},
    world::Deployment,
};

const NOTICES: &str = "/server/oidc/backchannel-logout";

/// Somebody, with what makes tokens like theirs.
async fn ada(deployment: &Deployment) -> (Person, Forge) {
    let ada = deployment.person("ada").await;
    let forge = Forge::like(deployment, &ada.token).await;
    (ada, forge)
}

async fn tell(deployment: &Deployment, form: &[(&str, &str)]) -> Answer {
    answer(deployment.http.post(deployment.url(NOTICES)).form(form)).await
}

async fn revoke(deployment: &Deployment, tokens: &Value) {
    let form = [("token", tokens["refresh_token"].as_str().unwrap()), ("client_id", "echopulse-tui")];
    let revoked = deployment.http.post(deployment.url("/id/revoke")).form(&form).send().await.unwrap();
    assert!(revoked.status().is_success());
}

fn refresh(token: &str) -> String {
    format!("SEND\ndestination:/app/session/refresh\nAuthorization:Bearer {token}\nreceipt:fresh\n\n\0")
}

#[tokio::test]
async fn a_log_out_ends_every_subscription_and_then_the_connection() {
    let deployment = Deployment::start().await;
    let tokens = deployment.tokens("ada").await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let ada = Person { token, ..deployment.person("ada").await };
    let place = ada.found("home").await;
    let mut socket = ada.connect().await;
    let topics = [place.topic(), format!("/servers/{}", place.server), "/user/queue/events".to_owned()];
    for (number, topic) in topics.iter().enumerate() {
        socket.subscribe(&format!("s{number}"), topic, "").await;
    }
    revoke(&deployment, &tokens).await;
    for _ in &topics {
        assert_eq!(socket.event("ended").await["code"], "session-ended");
    }
    assert_eq!(value(&socket.frame().await, "message"), "token-invalid");
    assert_eq!(socket.closed().await, Some((4401, "token-invalid".to_owned())));
}

#[tokio::test]
async fn a_log_out_is_remembered_over_a_restart() {
    let deployment = Deployment::start().await;
    let address = deployment.running.url.trim_start_matches("http://").parse().unwrap();
    let tokens = deployment.tokens("ada").await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let other = deployment.person("ada").await;
    revoke(&deployment, &tokens).await;
    let folder = deployment.stop().await;
    let config = Config { listen: Listen::Address(address), ..Config::new(folder.path()) };
    let again = Deployment { running: start(config).await.unwrap(), folder, http: reqwest::Client::new() };
    for path in ["/server/api/users/me", "/chat/api/read-states"] {
        let refused = answer(again.http.get(again.url(path)).bearer_auth(&token)).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::UNAUTHORIZED, "token-invalid"), "{path}");
    }
    other.get("/server/api/users/me").await.good();
}

#[tokio::test]
async fn a_notice_of_the_issuer_ends_the_sign_in_that_it_names() {
    let deployment = Deployment::start().await;
    let (ada, forge) = ada(&deployment).await;
    let other = deployment.person("ada").await;
    let mut socket = ada.connect().await;
    let notice = forge.sign("logout+jwt", &forge.notice([]));
    let told = tell(&deployment, &[("logout_token", &notice)]).await;
    assert_eq!(told.status, StatusCode::OK);
    assert!(told.headers["cache-control"].to_str().unwrap().contains("no-store"));
    assert_eq!(socket.closed().await, Some((4401, "token-invalid".to_owned())));
    assert_eq!(ada.get("/server/api/users/me").await.code(), "token-invalid");
    assert_eq!(ada.get("/chat/api/read-states").await.code(), "token-invalid");
    let mut late = other.connect().await;
    late.subscribe("r", "/user/queue/replies", "").await;
    late.send(&refresh(&ada.token)).await;
    assert_eq!(late.message().await.1["code"], "token-invalid", "it opens nothing, in a session either");
}

#[tokio::test]
async fn a_notice_without_a_session_ends_all_of_its_subject() {
    let deployment = Deployment::start().await;
    let (ada, forge) = ada(&deployment).await;
    let (also, bob) = (deployment.person("ada").await, deployment.person("bob").await);
    let mut claims = forge.notice([("sub", forge.claims([])["sub"].clone())]);
    claims.as_object_mut().unwrap().remove("sid");
    let told = tell(&deployment, &[("logout_token", &forge.sign("logout+jwt", &claims))]).await;
    assert_eq!(told.status, StatusCode::OK);
    for gone in [ada, also] {
        assert_eq!(gone.get("/server/api/users/me").await.code(), "token-invalid");
    }
    bob.get("/server/api/users/me").await.good();
}

#[tokio::test]
async fn a_notice_counts_once() {
    let deployment = Deployment::start().await;
    let (_, forge) = ada(&deployment).await;
    let notice = forge.sign("logout+jwt", &forge.notice([]));
    assert_eq!(tell(&deployment, &[("logout_token", &notice)]).await.status, StatusCode::OK);
    let again = tell(&deployment, &[("logout_token", &notice)]).await;
    assert_eq!((again.status, again.code()), (StatusCode::BAD_REQUEST, "invalid-request"));
    assert_eq!(again.body["errors"][0]["pointer"], "logout_token");
}

#[tokio::test]
async fn what_is_no_notice_ends_nothing() {
    let deployment = Deployment::start().await;
    let (ada, forge) = ada(&deployment).await;
    let of = |claims: &Value| forge.sign("logout+jwt", claims);
    let forged = [
        ada.token.clone(),
        "x".to_owned(),
        of(&forge.notice([("nonce", json!("n"))])),
        of(&forge.notice([("events", json!({}))])),
        of(&forge.notice([("events", json!({ LOGOUT_EVENT: true }))])),
        of(&forge.notice([("iss", json!("http://127.0.0.1:1/id"))])),
        of(&forge.notice([("aud", json!("echopulse"))])),
        of(&forge.notice([("iat", json!(now() - 3600))])),
        of(&forge.notice([("exp", json!(now() - 60))])),
        of(&forge.notice([("sid", json!("")), ("sub", json!(""))])),
        of(&forge.notice([("jti", Value::Null)])),
        forge.signed(Some("another"), "logout+jwt", &forge.notice([])),
        forge.signed(None, "logout+jwt", &forge.notice([])),
        forge.sign("at+jwt", &forge.notice([])),
    ];
    for token in forged {
        let refused = tell(&deployment, &[("logout_token", &token)]).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, "invalid-request"), "{token}");
        assert_eq!(refused.headers["content-type"], "application/problem+json");
        assert!(refused.headers["cache-control"].to_str().unwrap().contains("no-store"));
        assert!(!refused.body.to_string().contains(&token), "nothing of it is said again");
    }
    let right = of(&forge.notice([]));
    for form in [&[][..], &[("token", right.as_str())], &[("logout_token", &right), ("logout_token", &right)]]
    {
        assert_eq!(tell(&deployment, form).await.status, StatusCode::BAD_REQUEST, "{form:?}");
    }
    let json = json!({ "logout_token": right });
    let refused = answer(deployment.http.post(deployment.url(NOTICES)).json(&json)).await;
    assert_eq!(refused.code(), "unsupported-media-type");
    let asked = answer(deployment.http.get(deployment.url(NOTICES))).await;
    assert_eq!(asked.status, StatusCode::METHOD_NOT_ALLOWED);
    ada.get("/server/api/users/me").await.good();
}

#[tokio::test]
async fn a_fresh_token_without_a_role_ends_the_session() {
    let deployment = Deployment::start().await;
    let (ada, forge) = ada(&deployment).await;
    let place = ada.found("home").await;
    let mut socket = ada.follow(&place.topic()).await;
    let fresh = forge.sign("at+jwt", &forge.claims([("realm_access", json!({ "roles": ["offline"] }))]));
    socket.send(&refresh(&fresh)).await;
    assert_eq!(value(&socket.frame().await, "message"), "realm-role-missing");
    assert_eq!(socket.closed().await, Some((4403, "realm-role-missing".to_owned())));
}

#[tokio::test]
async fn an_admin_is_one_as_long_as_the_newest_token_says_so() {
    let deployment = Deployment::start().await;
    let (first, bob) = (deployment.person("ada").await, deployment.person("bob").await);
    let place = bob.found("home").await;
    let forge = Forge::like(&deployment, &first.token).await;
    let with = |roles: Value| Person {
        token: forge.sign("at+jwt", &forge.claims([("realm_access", json!({ "roles": roles }))])),
        ..first.clone()
    };
    let path = format!("/server/api/servers/{}", place.server);
    let (admin, user) = (with(json!(["echopulse-user", "echopulse-admin"])), with(json!(["echopulse-user"])));
    for _ in 0..2 {
        admin.get(&path).await.good();
        assert_eq!(user.get(&path).await.code(), "server-not-found");
    }
}
