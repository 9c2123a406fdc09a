//! How often people may ask, in a deployment as people run it.

use echopulse_protocol::stomp::Command;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    support::{Answer, Person, Place, Said, Socket, answer, value},
    world::Deployment,
};

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// A bucket of somebody, as `GET /limits` shows it.
async fn bucket(person: &Person, service: &str, name: &str) -> Value {
    let limits = person.get(&format!("/{service}/api/limits")).await.good();
    let found = limits["items"].as_array().unwrap().iter().find(|item| item["bucket"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {limits}")).clone()
}

/// What became of each of many SENDs that went out together: their numbers with a receipt, and the refusals.
async fn outcomes(socket: &mut Socket, sent: usize) -> (Vec<String>, Vec<Value>) {
    let (mut receipts, mut refusals) = (Vec::new(), Vec::new());
    while receipts.len() + refusals.len() < sent {
        let frame = socket.frame().await;
        match frame.command() {
            Command::Receipt => {
                let state = value(&frame, "ratelimit");
                assert!(state.contains("\"message\";r="), "{state}");
                receipts.push(value(&frame, "receipt-id"));
            }
            _ if value(&frame, "destination") == "/user/queue/replies" => {
                assert_eq!(value(&frame, "code"), "rate-limited");
                assert_eq!(value(&frame, "retry-after"), "1");
                refusals.push(serde_json::from_slice(frame.body()).unwrap());
            }
            _ => {}
        }
    }
    (receipts, refusals)
}

async fn post_many(socket: &mut Socket, place: &Place, many: usize) {
    for number in 0..many {
        let headers = format!("receipt:{number}\nnonce:n{number}\n");
        socket.post(&place.send_to("messages"), &headers, &json!({ "content": number.to_string() })).await;
    }
}

#[tokio::test]
async fn every_answer_says_how_the_buckets_stand() {
    let deployment = Deployment::limited().await;
    let ada = deployment.person("ada").await;
    let one = ada.get("/server/api/servers").await;
    assert_eq!(header(&one, "ratelimit-policy"), "\"global\";q=100;w=2, \"read\";q=60;w=3");
    assert!(header(&one, "ratelimit").starts_with("\"global\";r="), "{one:?}");
    let refused = ada.get("/server/api/servers/01a21249-81b9-745d-a298-6402347339b0").await;
    assert_eq!(refused.status.as_u16(), 404);
    assert!(header(&refused, "ratelimit").contains("\"read\";r="), "what is refused counts and says so");
    let other = ada.get("/chat/api/read-states").await;
    assert!(header(&other, "ratelimit-policy").contains("\"read\";q=60;w=3"), "both services");
}

#[tokio::test]
async fn somebody_founds_five_servers_and_then_waits() {
    let deployment = Deployment::limited().await;
    let ada = deployment.person("ada").await;
    for number in 0..5 {
        ada.post("/server/api/servers", json!({ "name": format!("home {number}") })).await.good();
    }
    for _ in 0..2 {
        let refused = ada.post("/server/api/servers", json!({ "name": "one more" })).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (429, "rate-limited"));
        assert_eq!(refused.body["bucket"], "create");
        let wait: u64 = header(&refused, "retry-after").parse().unwrap();
        assert!((8000..=8640).contains(&wait), "what is refused makes nobody wait longer: {wait}");
        assert_eq!(refused.body["retry_after"], wait);
        assert!(header(&refused, "ratelimit").contains("\"create\";r=0;t="), "{refused:?}");
    }
    let create = bucket(&ada, "server", "create").await;
    assert_eq!((create["size"].clone(), create["used"].clone()), (json!(5), json!(5)));
    assert_eq!(create["window_s"], 43_200);
    let lin = deployment.person("lin").await;
    lin.post("/server/api/servers", json!({ "name": "hers" })).await.good();
    assert_eq!(ada.get("/server/api/servers").await.good()["items"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_channel_takes_ten_messages_at_once_and_says_when_it_takes_the_next() {
    const SENT: usize = 40;
    let deployment = Deployment::limited().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.follow(&place.topic()).await;
    socket.ask_for("again", &place.topic(), "").await;
    assert!(value(&socket.frame().await, "ratelimit").starts_with("\"subscribe\";r=4"));
    post_many(&mut socket, &place, SENT).await;
    let (receipts, refusals) = outcomes(&mut socket, SENT).await;
    assert!(receipts.len() >= 10, "ten at once: {receipts:?}");
    let refusal = refusals.first().expect("forty at once are too many");
    assert_eq!((refusal["code"].clone(), refusal["retry_after"].clone()), (json!("rate-limited"), json!(1)));
    let number: usize = refusal["receipt_id"].as_str().unwrap().parse().unwrap();
    assert!(number >= 10, "the first ten are taken");
    let history = ada.get(&format!("{}?limit=100", place.messages())).await.good();
    let said: Vec<_> =
        history["items"].as_array().unwrap().iter().map(|item| item["content"].clone()).collect();
    assert_eq!(said, receipts, "what was refused is not stored, what was not is");
    assert_eq!(bucket(&ada, "chat", "message-all").await["size"], 30);
    let mut taken = 0;
    let refused = loop {
        let answer = ada.post(&place.messages(), json!({ "content": "over REST" })).await;
        if answer.status.as_u16() == 429 {
            break answer;
        }
        taken += 1;
        assert!(taken < SENT, "the same bucket, however a message comes");
    };
    assert_eq!(refused.code(), "rate-limited");
}

#[tokio::test]
async fn reading_on_and_typing_are_never_refused() {
    const MOVES: usize = 150;
    let deployment = Deployment::limited().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.connect().await;
    socket.subscribe("r", "/user/queue/replies", "").await;
    for number in 0..MOVES {
        let headers = format!("receipt:{number}\n");
        socket.post(&place.send_to("read"), &headers, &json!({ "seq": 0 })).await;
        socket.post(&place.send_to("typing"), "", &json!({})).await;
    }
    for number in 0..MOVES {
        let frame = socket.frame().await;
        assert_eq!((frame.command(), value(&frame, "receipt-id")), (Command::Receipt, number.to_string()));
    }
}

#[tokio::test]
async fn who_connects_again_and_again_is_told_to_come_later() {
    let deployment = Deployment::limited().await;
    let ada = deployment.person("ada").await;
    let connect = format!("CONNECT\naccept-version:1.2\nhost:x\nAuthorization:Bearer {}\n\n\0", ada.token);
    let mut accepted = 0;
    let (error, closed) = loop {
        let mut socket = Socket::open(&ada.instance).await;
        socket.send(&connect).await;
        let frame = socket.frame().await;
        if frame.command() == Command::Error {
            break (frame, socket.closed().await);
        }
        accepted += 1;
        assert!(accepted < 100, "ten at once, and one a second");
    };
    assert!(accepted >= 10, "{accepted}");
    assert_eq!(value(&error, "message"), "rate-limited");
    assert_eq!(closed.map(|(code, _)| code), Some(4429));
}

#[tokio::test]
async fn invites_cannot_be_tried_out() {
    let deployment = Deployment::limited().await;
    let ada = deployment.person("ada").await;
    let guess = async |person: &Person| person.get("/server/api/invites/aaaaaaaaaa").await;
    let mut found = guess(&ada).await;
    for _ in 0..10 {
        assert_eq!(found.status.as_u16(), 404);
        found = guess(&ada).await;
        if found.status.as_u16() == 429 {
            break;
        }
    }
    assert_eq!((found.status.as_u16(), found.body["bucket"].clone()), (429, json!("invite")));
    let eve = deployment.person("eve").await;
    let from_the_same_place = guess(&eve).await;
    assert_eq!(from_the_same_place.status.as_u16(), 429, "nor with another account");
}

#[tokio::test]
async fn tokens_cannot_be_tried_out_and_who_has_one_is_let_in() {
    let deployment = Deployment::limited().await;
    let ada = deployment.person("ada").await;
    let guess = || async {
        let url = ada.instance.at("/server/api/users/me");
        answer(ada.http.request(Method::GET, url).bearer_auth("a.b.c")).await
    };
    let mut refused = guess().await;
    assert_eq!(refused.code(), "token-invalid");
    for _ in 0..100 {
        refused = guess().await;
        if refused.status.as_u16() == 429 {
            break;
        }
    }
    assert_eq!((refused.code(), refused.body["bucket"].clone()), ("rate-limited", json!("sign-in")));
    assert!(header(&refused, "retry-after").parse::<u64>().unwrap() <= 6);
    ada.get("/server/api/users/me").await.good();
    let mut socket = Socket::open(&ada.instance).await;
    socket.send("CONNECT\naccept-version:1.2\nhost:x\nAuthorization:Bearer a.b.c\n\n\0").await;
    let Said::Frame(error) = socket.said().await else { panic!("an ERROR comes first") };
    assert!(matches!(value(&error, "message").as_str(), "rate-limited" | "token-invalid"), "{error:?}");
}
