//! Tokens of a real Keycloak: who is let in, and until when.

use serde_json::Value;

use crate::{
    support::{Person, Said, Socket, answer, value},
    world::Deployment,
};

/// What both services say to a token, over REST and in CONNECT: status and code.
async fn said_to(deployment: &Deployment, token: &str) -> Vec<(u16, String)> {
    let instance = deployment.instance(0);
    let mut said = Vec::new();
    for path in ["/server/api/users/me", "/chat/api/read-states"] {
        let found = answer(deployment.http().get(instance.at(path)).bearer_auth(token)).await;
        said.push((found.status.as_u16(), found.code().to_owned()));
    }
    let mut socket = Socket::open(&instance).await;
    assert_eq!(socket.protocol.as_deref(), Some("v12.stomp"));
    socket.send(&format!("CONNECT\naccept-version:1.2\nhost:x\nAuthorization:Bearer {token}\n\n\0")).await;
    let frame = socket.frame().await;
    let Said::Closed(Some((close, _))) = socket.said().await else { panic!("{frame:?} does not close") };
    said.push((close, value(&frame, "message")));
    said
}

#[tokio::test]
async fn an_account_without_a_role_of_ours_is_forbidden_everywhere() {
    let deployment = Deployment::start().await;
    let account = deployment.account("nobody", &[]).await;
    let token = deployment.token(&account).await;
    let code = "realm-role-missing".to_owned();
    assert_eq!(said_to(&deployment, &token).await, [(403, code.clone()), (403, code.clone()), (4403, code)]);
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
    let code = "token-invalid".to_owned();
    assert_eq!(said_to(&deployment, &token).await, [(401, code.clone()), (401, code.clone()), (4401, code)]);
}

#[tokio::test]
async fn an_id_token_and_a_broken_one_are_refused_everywhere() {
    let deployment = Deployment::start().await;
    let account = deployment.account("ada", &["echopulse-user"]).await;
    let token = deployment.token(&account).await;
    let (head, signature) = token.rsplit_once('.').unwrap();
    let mut broken = signature.to_owned();
    let first = if broken.starts_with('A') { "B" } else { "A" };
    broken.replace_range(..1, first);
    for wrong in [format!("{head}.{broken}"), format!("{head}."), "nonsense".to_owned()] {
        for (status, code) in said_to(&deployment, &wrong).await {
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
    let path = format!("/server/api/internal/channels/{}", place.channel);
    assert_eq!(ada.get(&path).await.code(), "realm-role-missing");
    let nobody = answer(deployment.http().get(deployment.instance(0).at(&path))).await;
    assert_eq!(nobody.code(), "unauthenticated");
    let service = deployment.account("service", &["echopulse-service"]).await;
    let token = deployment.token(&service).await;
    let found = answer(deployment.http().get(deployment.instance(1).at(&path)).bearer_auth(token)).await;
    assert_eq!(found.good()["server_id"], place.server.as_str());
}
