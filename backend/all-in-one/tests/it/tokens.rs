//! Who is let in: the same at REST of both services and at the socket.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    support::{Instance, Person, Said, Socket, value},
    world::Deployment,
};

/// Every way in, with a token that does not hold.
async fn refused_everywhere(deployment: &Deployment, token: &str, code: &str) {
    for path in ["/server/api/users/me", "/chat/api/read-states"] {
        let answer = deployment.http.get(deployment.url(path)).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], code, "{path}");
    }
    let connect = format!("CONNECT\naccept-version:1.2\nAuthorization:Bearer {token}\nreceipt:x\n\n\0");
    refused_at_the_socket(&deployment.instance(), "/chat/ws", &connect, code).await;
    let by_query = format!("/chat/ws?access_token={token}");
    refused_at_the_socket(&deployment.instance(), &by_query, "CONNECT\naccept-version:1.2\n\n\0", code).await;
}

async fn refused_at_the_socket(instance: &Instance, path: &str, connect: &str, code: &str) {
    let mut socket = Socket::with(instance, path, &[]).await.unwrap();
    socket.send(connect).await;
    let error = socket.frame().await;
    assert_eq!((value(&error, "message"), value(&error, "receipt-id")), (code.to_owned(), String::new()));
    assert_eq!(socket.closed().await, Some((4401, code.to_owned())));
}

#[tokio::test]
async fn without_a_token_nothing_opens() {
    let deployment = Deployment::start().await;
    let answer = deployment.get("/server/api/users/me").await;
    assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "unauthenticated"));
    let connect = "CONNECT\naccept-version:1.2\n\n\0";
    refused_at_the_socket(&deployment.instance(), "/chat/ws", connect, "unauthenticated").await;
}

#[tokio::test]
async fn forged_and_foreign_tokens_open_nothing() {
    let deployment = Deployment::start().await;
    let other = Deployment::start().await;
    let tokens = deployment.tokens("ada").await;
    let good = tokens["access_token"].as_str().unwrap();
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let foreign = other.person("ada").await.token;
    let foreign_claims = foreign.split('.').nth(1).unwrap();
    refused_everywhere(&deployment, "x", "token-invalid").await;
    refused_everywhere(&deployment, &foreign, "token-invalid").await;
    refused_everywhere(&deployment, &format!("{header}.{foreign_claims}.{signature}"), "token-invalid").await;
    refused_everywhere(&deployment, &format!("{head}."), "token-invalid").await;
    if let Some(id_token) = tokens["id_token"].as_str() {
        refused_everywhere(&deployment, id_token, "token-invalid").await;
    }
}

#[tokio::test]
async fn a_token_of_the_handshake_is_as_good_as_one_of_connect() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let path = format!("/chat/ws?access_token={}", ada.token);
    let mut socket = Socket::with(&ada.instance, &path, &[]).await.unwrap();
    socket.send("STOMP\naccept-version:1.1,1.2\n\n\0").await;
    let connected = socket.frame().await;
    assert_eq!(
        (value(&connected, "version"), value(&connected, "user-name")),
        ("1.2".to_owned(), ada.id.clone())
    );
}

#[tokio::test]
async fn a_revoked_sign_in_ends_its_sockets_and_its_token() {
    let deployment = Deployment::start().await;
    let tokens = deployment.tokens("ada").await;
    let ada = Person {
        token: tokens["access_token"].as_str().unwrap().to_owned(),
        ..deployment.person("ada").await
    };
    let other = deployment.person("ada").await;
    let mut socket = ada.connect().await;
    let form = [("token", tokens["refresh_token"].as_str().unwrap()), ("client_id", "echopulse-tui")];
    let revoked = deployment.http.post(deployment.url("/id/revoke")).form(&form).send().await.unwrap();
    assert!(revoked.status().is_success());
    assert_eq!(socket.closed().await, Some((4401, "token-invalid".to_owned())));
    refused_everywhere(&deployment, &ada.token, "token-invalid").await;
    other.get("/server/api/users/me").await.good();
}

#[tokio::test]
async fn a_session_goes_on_with_a_fresh_token_of_the_same_person_only() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person("ada").await, deployment.person("bob").await);
    let mut socket = ada.connect().await;
    socket.subscribe("r", "/user/queue/replies", "").await;
    let refresh = |token: &str, receipt: &str| {
        format!(
            "SEND\ndestination:/app/session/refresh\nAuthorization:Bearer {token}\nreceipt:{receipt}\n\n\0"
        )
    };
    socket.send(&refresh(&deployment.person("ada").await.token, "mine")).await;
    assert_eq!(value(&socket.frame().await, "receipt-id"), "mine");
    socket.send(&refresh(&bob.token, "theirs")).await;
    let reply = socket.frame().await;
    assert_eq!(
        (value(&reply, "receipt-id"), value(&reply, "code")),
        ("theirs".to_owned(), "token-invalid".to_owned())
    );
    socket.send("DISCONNECT\nreceipt:bye\n\n\0").await;
    assert!(matches!(socket.said().await, Said::Frame(frame) if value(&frame, "receipt-id") == "bye"));
}

#[tokio::test]
async fn a_session_ends_with_the_sign_in_of_its_newest_token() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let mut socket = ada.connect().await;
    let tokens = deployment.tokens("ada").await;
    let fresh = tokens["access_token"].as_str().unwrap();
    socket
        .send(&format!(
            "SEND\ndestination:/app/session/refresh\nAuthorization:Bearer {fresh}\nreceipt:r\n\n\0"
        ))
        .await;
    assert_eq!(value(&socket.frame().await, "receipt-id"), "r");
    let form = [("token", tokens["refresh_token"].as_str().unwrap()), ("client_id", "echopulse-tui")];
    let revoked = deployment.http.post(deployment.url("/id/revoke")).form(&form).send().await.unwrap();
    assert!(revoked.status().is_success());
    assert_eq!(socket.closed().await, Some((4401, "token-invalid".to_owned())));
}

#[tokio::test]
async fn what_services_ask_each_other_is_answered_to_nobody_else() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let identity = json!({
        "iss": "urn:echopulse:folder", "sub": "x", "preferred_username": "eve", "name": null,
        "kind": "person", "admin": true,
    });
    let paths = [
        format!("/server/api/internal/servers/{}/events?after=0", place.server),
        format!("/server/api/internal/channels/{}", place.channel),
        "/server/api/internal/sign-outs".to_owned(),
    ];
    for path in &paths {
        assert_eq!(deployment.get(path).await.code(), "unauthenticated", "{path}");
        let answer = ada.get(path).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "realm-role-missing"), "{path}");
    }
    let people = ada.post("/server/api/internal/people", identity).await;
    assert_eq!((people.status, people.code()), (StatusCode::FORBIDDEN, "realm-role-missing"));
}
