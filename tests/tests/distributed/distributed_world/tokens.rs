//! Tokens of a real Keycloak: who is let in, and until when.

use serde_json::{Value, json};

use super::world::variable;
use crate::{
    support::{Person, Said, Socket, answer, value},
    world::Deployment,
};

/// What both services of an instance say to a token, over REST, on the handshake and in CONNECT: status and code.
pub(super) async fn said_to(deployment: &Deployment, number: usize, token: &str) -> Vec<(u16, String)> {
    let instance = deployment.instance(number);
    let mut said = Vec::new();
    for path in ["/server/api/users/me", "/chat/api/read-states"] {
        let found = answer(deployment.http().get(instance.at(path)).bearer_auth(token)).await;
        said.push((found.status.as_u16(), found.code().to_owned()));
    }
    for (path, header) in [
        (format!("/chat/ws?access_token={token}"), String::new()),
        ("/chat/ws".to_owned(), format!("Authorization:Bearer {token}\n")),
    ] {
        let stomp = ("sec-websocket-protocol", "v12.stomp");
        let mut socket = Socket::with(&instance, &path, &[stomp]).await.expect("anybody may open a socket");
        assert_eq!(socket.protocol.as_deref(), Some(stomp.1));
        socket.send(&format!("CONNECT\naccept-version:1.2\nhost:x\n{header}\n\0")).await;
        let frame = socket.frame().await;
        let Said::Closed(Some((close, _))) = socket.said().await else { panic!("{frame:?} does not close") };
        said.push((close, value(&frame, "message")));
    }
    said
}

/// A status, said with this code.
fn with(code: &str) -> impl Fn(u16) -> (u16, String) {
    move |status| (status, code.to_owned())
}

#[tokio::test]
async fn an_account_without_a_role_of_ours_is_forbidden_everywhere() {
    let deployment = Deployment::start().await;
    let account = deployment.account("nobody", &[]).await;
    let token = deployment.token(&account).await;
    assert_eq!(said_to(&deployment, 0, &token).await, [403, 403, 4403, 4403].map(with("realm-role-missing")));
}

#[tokio::test]
async fn a_role_of_a_client_is_no_role_of_ours() {
    let deployment = Deployment::start().await;
    let account = deployment.account("pretender", &[]).await;
    let (client, user) = (&account.id, &account.user);
    for role in ["echopulse-user", "echopulse-admin"] {
        let roles = deployment.admin_url(&format!("/clients/{client}/roles"));
        deployment.ask(deployment.http().post(&roles).json(&json!({ "name": role }))).await;
        let made = deployment.ask(deployment.http().get(format!("{roles}/{role}"))).await;
        let path = deployment.admin_url(&format!("/users/{user}/role-mappings/clients/{client}"));
        deployment.ask(deployment.http().post(path).json(&json!([made]))).await;
    }
    let token = deployment.token(&account).await;
    assert_eq!(said_to(&deployment, 1, &token).await, [403, 403, 4403, 4403].map(with("realm-role-missing")));
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused_everywhere() {
    let deployment = Deployment::start().await;
    let account = deployment.account("other", &["echopulse-user"]).await;
    let mappers = deployment.admin_url(&format!("/clients/{}/protocol-mappers/models", account.id));
    let found = deployment.ask(deployment.http().get(&mappers)).await;
    let audience = found.as_array().unwrap().iter().find(|mapper| mapper["name"] == "audience").unwrap();
    let mapper = format!("{mappers}/{}", audience["id"].as_str().unwrap());
    deployment.ask(deployment.http().delete(mapper)).await;
    let token = deployment.token(&account).await;
    assert_eq!(said_to(&deployment, 0, &token).await, [401, 401, 4401, 4401].map(with("token-invalid")));
}

#[tokio::test]
async fn a_broken_token_is_refused_everywhere() {
    let deployment = Deployment::start().await;
    let account = deployment.account("ada", &["echopulse-user"]).await;
    let token = deployment.token(&account).await;
    let (head, signature) = token.rsplit_once('.').unwrap();
    let mut broken = signature.to_owned();
    let first = if broken.starts_with('A') { "B" } else { "A" };
    broken.replace_range(..1, first);
    for wrong in [format!("{head}.{broken}"), format!("{head}."), "nonsense".to_owned()] {
        for (status, code) in said_to(&deployment, 0, &wrong).await {
            assert!(matches!(status, 401 | 4401), "{status} {code}");
            assert_eq!(code, "token-invalid");
        }
    }
}

#[tokio::test]
async fn a_bot_is_shown_as_one() {
    let deployment = Deployment::start().await;
    let account = deployment.account("helper", &["echopulse-bot"]).await;
    let token = deployment.token(&account).await;
    let bot = Person::of(deployment.http().clone(), deployment.instance(1), token).await;
    let me: Value = bot.get("/server/api/users/me").await.good();
    assert_eq!(me["kind"], "bot");
}

#[tokio::test]
async fn what_the_services_ask_each_other_is_for_services_only() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let service = deployment.account("service", &["echopulse-service"]).await;
    let service = deployment.token(&service).await;
    let place_of = format!("/server/api/internal/channels/{}", place.channel);
    for path in [place_of.as_str(), "/server/api/internal/sign-outs?since=0"] {
        assert_eq!(ada.get(path).await.code(), "realm-role-missing");
        let nobody = answer(deployment.http().get(deployment.instance(0).at(path))).await;
        assert_eq!(nobody.code(), "unauthenticated");
        let asked = deployment.http().get(deployment.instance(1).at(path)).bearer_auth(&service);
        let found = answer(asked).await.good();
        assert!(found["server_id"] == place.server.as_str() || found["sign_outs"].is_array(), "{found}");
    }
}

#[tokio::test]
async fn the_realm_has_one_name_whatever_it_is_called() {
    let issuer = variable("ECHOPULSE_TEST_KEYCLOAK_ISSUER");
    let asked = reqwest::Client::new()
        .get(format!("{issuer}/.well-known/openid-configuration"))
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example");
    assert_eq!(answer(asked).await.good()["issuer"], issuer.as_str());
}
