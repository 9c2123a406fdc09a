//! Parts that go away while people talk, and come back: the instances of these tests reach the real parts by ways that are cut.

use std::process::{Child, Command, Stdio};

use echopulse_protocol::stomp;
use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{Duration, Instant, sleep},
};

use super::{
    extra::{Extra, Kind, free_address, told},
    faults::person_at,
    wire::{KeycloakWire, Wire, authority},
    world::variable,
};
use crate::{
    support::{DEADLINE, Person, value},
    world::Deployment,
};

#[tokio::test]
async fn while_the_database_is_away_nothing_is_acknowledged_and_then_all_goes_on() {
    let deployment = Deployment::start().await;
    let url = told(Kind::Chat, "DATABASE__URL");
    let mut wire = Wire::to(&authority(&url)).await;
    let extra = Extra::start(Kind::Chat, &free_address(), &[("DATABASE__URL", &wire.in_place(&url))]);
    extra.ready().await;
    let ada = person_at(&deployment, &extra, "ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.follow(&place.topic()).await;
    ada.say(&place, "before").await;
    assert_eq!(socket.message().await.1["message"]["content"], "before");

    wire.cut().await;
    extra.health(503, |body| body["missing"] == json!(["postgres"])).await;
    let body = json!({ "content": "meanwhile" });
    socket.post(&place.send_to("messages"), "receipt:1\nnonce:one\n", &body).await;
    let (reply, _) = socket.message().await;
    let said = |name| value(&reply, name);
    assert_eq!((said("receipt-id").as_str(), said("code").as_str()), ("1", "unavailable"));
    assert_ne!(said("retry-after"), "");
    for refused in [ada.post(&place.messages(), body.clone()).await, ada.get(&place.messages()).await] {
        assert_eq!((refused.status.as_u16(), refused.code()), (503, "unavailable"));
        assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    }

    wire.mend().await;
    extra.ready().await;
    socket.post(&place.send_to("messages"), "receipt:2\nnonce:one\n", &body).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let frame = socket.frame().await;
        match frame.command() {
            stomp::Command::Receipt => assert_eq!(value(&frame, "receipt-id"), "2"),
            _ => assert_eq!(value(&frame, "seq"), "2", "{frame:?}"),
        }
        seen.push(frame.command());
    }
    let history = ada.get(&place.messages()).await.good();
    assert_eq!(history["items"].as_array().unwrap().len(), 2, "what was refused is not there twice");
}

#[tokio::test]
async fn a_database_that_is_silent_is_not_waited_for_for_ever() {
    let deployment = Deployment::start().await;
    let url = told(Kind::Chat, "DATABASE__URL");
    let mut wire = Wire::to(&authority(&url)).await;
    let extra = Extra::start(Kind::Chat, &free_address(), &[("DATABASE__URL", &wire.in_place(&url))]);
    extra.ready().await;
    let ada = person_at(&deployment, &extra, "ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.connect().await;
    socket.subscribe("r", "/user/queue/replies", "").await;
    let body = json!({ "content": "hello" });
    // Connections that have just been used are trusted.
    ada.say(&place, "before").await;
    wire.freeze();
    socket.post(&place.send_to("messages"), "receipt:1\nnonce:one\n", &body).await;
    let (reply, _) = socket.message().await;
    assert_eq!(
        (value(&reply, "receipt-id"), value(&reply, "code")),
        ("1".to_owned(), "unavailable".to_owned())
    );
    extra.health(503, |body| body["missing"] == json!(["postgres"])).await;
    wire.cut().await;
    wire.mend().await;
    extra.ready().await;
    socket.post(&place.send_to("messages"), "receipt:2\nnonce:one\n", &body).await;
    assert_eq!(value(&socket.frame().await, "receipt-id"), "2");
}

#[tokio::test]
async fn while_its_database_is_away_the_server_service_says_when_to_come_back() {
    let deployment = Deployment::start().await;
    let url = told(Kind::Server, "DATABASE__URL");
    let mut wire = Wire::to(&authority(&url)).await;
    let extra = Extra::start(Kind::Server, &free_address(), &[("DATABASE__URL", &wire.in_place(&url))]);
    extra.ready().await;
    let mut ada = deployment.person_on(0, "ada").await;
    ada.instance.server.clone_from(&extra.url);
    let place = ada.found("home").await;
    let path = format!("/server/api/servers/{}", place.server);
    wire.cut().await;
    extra.health(503, |body| body["missing"] == json!(["postgres"])).await;
    let refused = ada.patch(&path, json!({ "name": "house" })).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "unavailable"));
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    wire.mend().await;
    extra.ready().await;
    assert_eq!(ada.patch(&path, json!({ "name": "house" })).await.good()["name"], "house");
}

#[tokio::test]
async fn while_kafka_is_away_people_talk_and_nothing_is_missing_later() {
    let deployment = Deployment::start().await;
    let front = variable("ECHOPULSE_TEST_KAFKA_FRONT");
    let mut wire = Wire::at(&front, &variable("ECHOPULSE_TEST_KAFKA_BEHIND")).await;
    let extra = Extra::start(Kind::Chat, &free_address(), &[("KAFKA__BOOTSTRAP", &front)]);
    extra.health(200, |body| body["missing"].is_null()).await;
    let ada = person_at(&deployment, &extra, "ada").await;
    let bob = person_at(&deployment, &extra, "bob").await;
    let lin = deployment.person_on(1, "lin").await;
    let place = ada.found("home").await;
    for guest in [&bob, &lin] {
        ada.invite(&place, guest).await;
    }
    let (mut near, mut far) = (bob.follow(&place.topic()).await, lin.follow(&place.topic()).await);
    let mut says = async |who: &Person, text: &str, seq: u64| {
        who.say(&place, text).await;
        for socket in [&mut near, &mut far] {
            let (frame, body) = socket.message().await;
            assert_eq!(
                (body["message"]["content"].as_str(), value(&frame, "seq")),
                (Some(text), seq.to_string())
            );
        }
    };
    says(&ada, "before", 1).await;
    wire.cut().await;
    extra.health(200, |body| body["missing"] == json!(["kafka"])).await;
    says(&ada, "from the instance that is cut off", 2).await;
    says(&lin, "to the instance that is cut off", 3).await;
    wire.mend().await;
    extra.health(200, |body| body["missing"].is_null()).await;
    says(&ada, "after", 4).await;
    says(&lin, "after as well", 5).await;
}

/// A Redis of a test's own, without anything in it.
struct Redis {
    child: Child,
    address: String,
}

impl Redis {
    async fn at(address: &str) -> Self {
        let port = address.rsplit(':').next().unwrap();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let deadline = Instant::now() + DEADLINE;
        while TcpStream::connect(address).await.is_err() {
            assert!(Instant::now() < deadline, "it never listens");
            sleep(Duration::from_millis(10)).await;
        }
        Self { child, address: address.to_owned() }
    }

    fn end(mut self) -> String {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it is ours");
        std::mem::take(&mut self.address)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn while_redis_is_away_and_when_it_comes_back_empty_nothing_is_wrong() {
    let deployment = Deployment::start().await;
    let redis = Redis::at(&free_address()).await;
    let url = format!("redis://{}", redis.address);
    let start = || Extra::start(Kind::Chat, &free_address(), &[("REDIS__URL", &url)]);
    let (extra, other) = (start(), start());
    for extra in [&extra, &other] {
        extra.health(200, |body| body["missing"].is_null()).await;
    }
    let ada = person_at(&deployment, &extra, "ada").await;
    let mut elsewhere = ada.clone();
    elsewhere.instance.chat.clone_from(&other.url);
    let place = ada.found("home").await;
    let mut socket = ada.follow(&place.topic()).await;
    let mut says = async |text: &str| {
        ada.say(&place, text).await;
        assert_eq!(socket.message().await.1["message"]["content"], text);
    };
    let who_is_there = format!("/chat/api/servers/{}/presence", place.server);
    says("before").await;
    let address = redis.end();
    extra.health(200, |body| body["missing"] == json!(["redis"])).await;
    says("without it").await;
    elsewhere.get(&who_is_there).await.good();
    let _redis = Redis::at(&address).await;
    extra.health(200, |body| body["missing"].is_null()).await;
    says("with an empty one").await;
    let deadline = Instant::now() + DEADLINE;
    // An instance knows by itself who is connected to it; of the others it knows by Redis.
    while elsewhere.get(&who_is_there).await.good()["items"][0]["status"] != "online" {
        assert!(Instant::now() < deadline, "whoever is there is told of again");
        sleep(Duration::from_millis(50)).await;
    }
    let history = ada.get(&place.messages()).await.good();
    assert_eq!(history["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn while_keycloak_is_away_who_is_signed_in_stays_and_new_tokens_are_taken() {
    let deployment = Deployment::start().await;
    let mut keycloak = KeycloakWire::new().await;
    let discovery = [("IDENTITY__DISCOVERY_URL", keycloak.discovery.as_str())];
    let server = Extra::start(Kind::Server, &free_address(), &discovery);
    let servers = [discovery[0], ("INTERNAL__SERVER_URLS", server.url.as_str())];
    let chat = Extra::start(Kind::Chat, &free_address(), &servers);
    server.ready().await;
    chat.ready().await;
    let at_ours = async |name: &str| {
        let mut person = person_at(&deployment, &chat, name).await;
        person.instance.server.clone_from(&server.url);
        person
    };
    let ada = at_ours("ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.follow(&place.topic()).await;

    keycloak.wire.cut().await;
    socket.post(&place.send_to("messages"), "", &json!({ "content": "still here" })).await;
    assert_eq!(socket.message().await.1["message"]["content"], "still here");
    let lin = at_ours("lin").await;
    ada.invite(&place, &lin).await;
    lin.connect().await.subscribe("s", &place.topic(), "").await;
    lin.say(&place, "new here").await;
    assert_eq!(socket.message().await.1["message"]["content"], "new here");
    for extra in [&server, &chat] {
        extra.health(200, |body| body["missing"].is_null()).await;
    }
}
