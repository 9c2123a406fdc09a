//! Parts that are not there, and instances that die.

use echopulse_protocol::stomp::Command;
use serde_json::json;

use super::extra::{Extra, Kind, NOWHERE, free_address};
use crate::{
    support::{Instance, Person, answer, value},
    world::Deployment,
};

/// Somebody whose chat service is an instance of the test's own.
pub(super) async fn person_at(deployment: &Deployment, chat: &Extra, name: &str) -> Person {
    let mut person = deployment.person_on(0, name).await;
    person.instance = Instance { server: person.instance.server, chat: chat.url.clone() };
    person
}

#[tokio::test]
async fn without_its_database_a_service_says_so_and_keeps_trying() {
    for kind in [Kind::Server, Kind::Chat] {
        let url = format!("postgres://nobody:nothing@{NOWHERE}/none");
        let told = [("DATABASE__URL", url.as_str()), ("DATABASE__OWNER_URL", url.as_str())];
        let extra = Extra::start(kind, &free_address(), &told);
        let found = extra.health(503, |_| true).await;
        assert_eq!(found.body["missing"], json!(["postgres"]));
        let refused = answer(reqwest::Client::new().get(format!("{}/api/users/me", extra.url))).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (503, "not-ready"));
    }
}

#[tokio::test]
async fn without_its_issuer_a_service_is_not_ready_and_says_so() {
    for kind in [Kind::Server, Kind::Chat] {
        let discovery = format!("http://{NOWHERE}/.well-known/openid-configuration");
        let extra = Extra::start(kind, &free_address(), &[("IDENTITY__DISCOVERY_URL", discovery.as_str())]);
        let found = extra.health(503, |body| body["missing"] == json!(["issuer"])).await;
        assert_eq!(found.body["status"], "not-ready");
        let refused =
            answer(reqwest::Client::new().get(format!("{}/api/users/me", extra.url)).bearer_auth("a.b.c"))
                .await;
        assert!(matches!(refused.status.as_u16(), 401 | 404 | 503), "{refused:?}");
    }
}

#[tokio::test]
async fn a_chat_service_lets_nobody_in_before_it_knows_who_signed_out() {
    let told = [("INTERNAL__SERVER_URLS", "http://127.0.0.1:1")];
    let extra = Extra::start(Kind::Chat, &free_address(), &told);
    let found = extra.health(503, |body| body["missing"] == json!(["server"])).await;
    assert_eq!(found.body["status"], "not-ready");
    let refused = answer(reqwest::Client::new().get(format!("{}/api/read-states", extra.url))).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "not-ready"));
}

#[tokio::test]
async fn without_kafka_posting_works_and_other_instances_catch_up_from_the_database() {
    let deployment = Deployment::start().await;
    let alone = Extra::start(Kind::Chat, &free_address(), &[("KAFKA__BOOTSTRAP", NOWHERE)]);
    let found = alone.health(200, |body| body["missing"] == json!(["kafka"])).await;
    assert_eq!(found.body["status"], "ready");
    let ada = person_at(&deployment, &alone, "ada").await;
    let bob = person_at(&deployment, &alone, "bob").await;
    let lin = deployment.person_on(1, "lin").await;
    let place = ada.found("home").await;
    for guest in [&bob, &lin] {
        ada.invite(&place, guest).await;
    }
    let mut near = bob.follow(&place.topic()).await;
    let mut far = lin.follow(&place.topic()).await;
    ada.say(&place, "is anybody there?").await;
    assert_eq!(near.message().await.1["message"]["content"], "is anybody there?", "on the same instance");
    assert_eq!(far.message().await.1["message"]["content"], "is anybody there?", "on another one");
}

#[tokio::test]
async fn without_redis_nothing_is_wrong() {
    let deployment = Deployment::start().await;
    let url = format!("redis://{NOWHERE}");
    let alone = Extra::start(Kind::Chat, &free_address(), &[("REDIS__URL", url.as_str())]);
    alone.health(200, |body| body["missing"] == json!(["redis"])).await;
    let ada = person_at(&deployment, &alone, "ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.follow(&place.topic()).await;
    ada.say(&place, "hello").await;
    assert_eq!(socket.message().await.1["message"]["content"], "hello");
}

#[tokio::test]
async fn what_an_instance_acknowledged_outlives_it_and_is_resumed_elsewhere() {
    const MESSAGES: u64 = 200;
    let deployment = Deployment::start().await;
    let mut doomed = Extra::start(Kind::Chat, &free_address(), &[]);
    doomed.ready().await;
    let ada = person_at(&deployment, &doomed, "ada").await;
    let place = ada.found("home").await;
    let mut reader = ada.follow(&place.topic()).await;
    let mut writer = ada.connect().await;
    let mut acknowledged = Vec::new();
    for number in 0..MESSAGES / 2 {
        let headers = format!("receipt:{number}\nnonce:n{number}\n");
        writer.post(&place.send_to("messages"), &headers, &json!({ "content": format!("{number}") })).await;
        let receipt = writer.frame().await;
        assert_eq!(receipt.command(), Command::Receipt);
        acknowledged.push(value(&receipt, "message-id"));
    }
    // One more is on its way when the instance dies: nobody knows what became of it.
    let last = MESSAGES / 2;
    writer
        .post(
            &place.send_to("messages"),
            &format!("nonce:n{last}\n"),
            &json!({ "content": format!("{last}") }),
        )
        .await;
    doomed.kill();
    let (mut epoch, mut after) = (String::new(), 0);
    while let crate::support::Said::Frame(frame) = reader.said().await {
        if value(&frame, "event") == "message.created" {
            epoch = value(&frame, "epoch");
            after = value(&frame, "seq").parse().unwrap();
        }
    }

    let ada = Person { instance: deployment.instance(1), ..ada };
    let mut writer = ada.connect().await;
    for number in last..MESSAGES {
        let headers = format!("receipt:{number}\nnonce:n{number}\n");
        writer.post(&place.send_to("messages"), &headers, &json!({ "content": format!("{number}") })).await;
        let receipt = writer.frame().await;
        assert_eq!(receipt.command(), Command::Receipt, "{receipt:?}");
        acknowledged.push(value(&receipt, "message-id"));
    }
    let mut socket = ada.connect().await;
    assert!(after > 0, "the reader saw something before");
    socket.subscribe("s", &place.topic(), &format!("epoch:{epoch}\nafter:{after}\n")).await;
    for number in after..MESSAGES {
        let (frame, body) = socket.message().await;
        assert_eq!(value(&frame, "seq"), (number + 1).to_string(), "in order, none missing");
        assert_eq!(body["message"]["content"], number.to_string());
    }
    let mut history = Vec::new();
    let mut from = 0;
    while history.len() < usize::try_from(MESSAGES).unwrap() {
        let page = ada.get(&format!("{}?after={from}&limit=100", place.messages())).await.good();
        let items = page["items"].as_array().unwrap().clone();
        assert!(!items.is_empty(), "{} messages only", history.len());
        from = items.last().unwrap()["seq"].as_u64().unwrap();
        history.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(history, acknowledged, "each once, in order");
}
