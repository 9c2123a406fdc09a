//! Requests that are made once, however often they are sent, and changes that are made on the state that was seen.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    support::{Answer, Person, answer},
    world::Deployment,
};

async fn make(person: &Person, path: &str, key: &str, body: &Value) -> Answer {
    answer(person.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
}

#[tokio::test]
async fn a_request_that_is_sent_again_makes_nothing_and_is_answered_the_same() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let at = |what: &str| format!("/server/api/servers/{}/{what}", place.server);
    let requests = [
        ("/server/api/servers".to_owned(), json!({ "name": "second home" })),
        (at("channels"), json!({ "name": "random" })),
        (at("invites"), json!({ "max_uses": 3 })),
    ];
    for (path, body) in &requests {
        let first = make(&ada, path, path, body).await;
        assert_eq!(first.status.as_u16(), 201, "{first:?}");
        let again = make(&ada, path, path, body).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.headers.get("content-type"), first.headers.get("content-type"));
    }
    let servers = ada.get("/server/api/servers").await.good();
    assert_eq!(servers["items"].as_array().unwrap().len(), 2);
    assert_eq!(ada.get(&at("channels")).await.good()["items"].as_array().unwrap().len(), 2);
    assert_eq!(ada.get(&at("invites")).await.good()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_replay_tells_what_was_answered_then() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let channels = format!("/server/api/servers/{}/channels", place.server);
    let body = json!({ "name": "random" });
    let first = make(&ada, &channels, "k", &body).await.good();
    ada.patch(&format!("{channels}/{}", first["id"].as_str().unwrap()), json!({ "topic": "later" }))
        .await
        .good();
    assert_eq!(make(&ada, &channels, "k", &body).await.good(), first);
}

#[tokio::test]
async fn another_request_under_a_used_key_is_a_mistake() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let channels = format!("/server/api/servers/{}/channels", place.server);
    make(&ada, &channels, "k", &json!({ "name": "random" })).await.good();
    for (path, body) in [
        (channels.clone(), json!({ "name": "other" })),
        (format!("/server/api/servers/{}/invites", place.server), json!({})),
        ("/server/api/servers".to_owned(), json!({ "name": "random" })),
    ] {
        let refused = make(&ada, &path, "k", &body).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (422, "idempotency-key-reused"), "{path}");
    }
    let lin = deployment.person("lin").await;
    make(&lin, "/server/api/servers", "k", &json!({ "name": "hers" })).await.good();
    for wrong in ["", &"k".repeat(256), "\u{e9}"] {
        let refused = make(&ada, &channels, wrong, &json!({ "name": "x" })).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid-request"), "{wrong}");
    }
}

#[tokio::test]
async fn a_request_that_was_refused_may_be_made_again_under_its_key() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let channels = format!("/server/api/servers/{}/channels", place.server);
    let taken = make(&ada, &channels, "k", &json!({ "name": "general" })).await;
    assert_eq!(taken.code(), "name-taken");
    make(&ada, &channels, "k", &json!({ "name": "random" })).await.good();
}

#[tokio::test]
async fn of_many_requests_at_once_under_one_key_one_is_made() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let body = json!({ "name": "the only one" });
    let asked = (0..8).map(|_| make(&ada, "/server/api/servers", "k", &body));
    let answers = futures_util::future::join_all(asked).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status.as_u16() == 201).collect();
    assert!(!made.is_empty());
    assert!(made.iter().all(|answer| answer.body == made[0].body), "the same answer to all");
    let others = answers.iter().filter(|answer| answer.status.as_u16() != 201);
    for other in others {
        assert_eq!((other.status.as_u16(), other.code()), (409, "request-in-progress"));
    }
    let servers = ada.get("/server/api/servers").await.good();
    assert_eq!(servers["items"].as_array().unwrap().len(), 1);
    assert_eq!(make(&ada, "/server/api/servers", "k", &body).await.good(), made[0].body);
}

async fn with(person: &Person, method: Method, path: &str, tag: (&str, &str), body: &Value) -> Answer {
    answer(person.request(method, path).header(tag.0, tag.1).json(body)).await
}

fn etag(answer: &Answer) -> String {
    answer.headers.get("etag").unwrap_or_else(|| panic!("{answer:?}")).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_has_a_state_already_is_not_told_it_again() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let said = ada.say(&place, "hello").await;
    let server = format!("/server/api/servers/{}", place.server);
    let message = format!("{}/{}", place.messages(), said["message_id"].as_str().unwrap());
    for path in [server.clone(), format!("{server}/channels"), message.clone()] {
        let first = ada.get(&path).await;
        let again = with(&ada, Method::GET, &path, ("If-None-Match", &etag(&first)), &json!({})).await;
        assert_eq!((again.status.as_u16(), etag(&again)), (304, etag(&first)), "{path}");
        assert_eq!(again.body, Value::Null);
        let other = with(&ada, Method::GET, &path, ("If-None-Match", "\"99\""), &json!({})).await;
        assert_eq!(other.good(), first.body);
    }
    assert_eq!(etag(&ada.get(&server).await), format!("\"{}\"", ada.get(&server).await.good()["seq"]));
    assert_eq!(etag(&ada.get(&message).await), format!("\"{}\"", said["seq"]));
}

#[tokio::test]
async fn a_change_made_on_an_old_state_is_refused() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let server = format!("/server/api/servers/{}", place.server);
    let channel = format!("{server}/channels/{}", place.channel);
    let old = etag(&ada.get(&server).await);
    let renamed = with(&ada, Method::PATCH, &server, ("If-Match", &old), &json!({ "name": "new" })).await;
    let new = etag(&renamed);
    assert_eq!((renamed.status.as_u16(), &new), (200, &etag(&ada.get(&server).await)));
    let order = format!("{server}/channels/order");
    let places = json!([{ "id": place.channel, "category_id": null }]);
    let requests = [
        (Method::PATCH, &server, json!({ "name": "newer" })),
        (Method::PATCH, &channel, json!({ "topic": "later" })),
        (Method::PUT, &order, places.clone()),
    ];
    for (method, path, body) in &requests {
        let refused = with(&ada, method.clone(), path, ("If-Match", &old), body).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (412, "precondition-failed"), "{path}");
    }
    let blind = ada.put(&order, places.clone()).await;
    assert_eq!((blind.status.as_u16(), blind.code()), (428, "precondition-required"));
    with(&ada, Method::PUT, &order, ("If-Match", &new), &places).await.good();
    with(&ada, Method::PATCH, &channel, ("If-Match", "*"), &json!({ "topic": "any" })).await.good();
}
