//! What only several instances can get wrong.

use echopulse_protocol::stomp::Command;
use serde_json::json;

use crate::{support::value, world::Deployment};

#[tokio::test]
async fn somebody_who_has_just_joined_subscribes_at_once_on_any_instance() {
    let deployment = Deployment::start().await;
    let ada = deployment.person_on(0, "ada").await;
    let place = ada.found("home").await;
    for instance in [0, 1, 0, 1] {
        let guest = deployment.person_on(instance, "guest").await;
        let mut socket = guest.connect().await;
        socket.subscribe("r", "/user/queue/replies", "").await;
        socket.ask_for("s", &place.topic(), "").await;
        assert_eq!(socket.message().await.1["code"], "channel-not-found", "not before");
        ada.invite(&place, &guest).await;
        socket.subscribe("s", &place.topic(), "").await;
    }
}

#[tokio::test]
async fn a_channel_that_is_deleted_ends_subscriptions_on_every_instance() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person_on(0, "ada").await, deployment.person_on(1, "bob").await);
    let place = ada.found("home").await;
    ada.invite(&place, &bob).await;
    let (mut here, mut there) = (ada.follow(&place.topic()).await, bob.follow(&place.topic()).await);
    ada.delete(&format!("/server/api/servers/{}/channels/{}", place.server, place.channel)).await.good();
    for socket in [&mut here, &mut there] {
        assert_eq!(socket.event("ended").await["code"], "channel-deleted");
    }
}

#[tokio::test]
async fn a_kick_and_a_ban_end_subscriptions_on_the_other_instance() {
    let deployment = Deployment::start().await;
    let ada = deployment.person_on(0, "ada").await;
    let place = ada.found("home").await;
    for (number, path) in [(0, "members"), (1, "members"), (0, "bans"), (1, "bans")] {
        let guest = deployment.person_on(number, "guest").await;
        ada.invite(&place, &guest).await;
        let mut socket = guest.follow(&place.topic()).await;
        let target = format!("/server/api/servers/{}/{path}/{}", place.server, guest.id);
        let code = if path == "members" {
            ada.delete(&target).await.good();
            "kicked"
        } else {
            ada.put(&target, json!({})).await.good();
            "banned"
        };
        assert_eq!(socket.event("ended").await["code"], code);
        socket.post(&place.send_to("messages"), "receipt:1\n", &json!({ "content": "still here?" })).await;
        let (reply, body) = socket.message().await;
        assert_eq!(value(&reply, "receipt-id"), "1");
        assert_eq!(body["code"], "channel-not-found", "{body}");
    }
}

#[tokio::test]
async fn a_retry_on_the_other_instance_is_not_a_second_message() {
    let deployment = Deployment::start().await;
    let account = deployment.account("ada", &["echopulse-user"]).await;
    let token = deployment.token(&account).await;
    let on = async |number: usize| {
        let instance = deployment.instance(number);
        crate::support::Person::of(deployment.http().clone(), instance, token.clone()).await
    };
    let (here, there) = (on(0).await, on(1).await);
    let place = here.found("home").await;
    let mut receipts = Vec::new();
    for person in [&here, &there] {
        let mut socket = person.connect().await;
        socket
            .post(&place.send_to("messages"), "nonce:one\nreceipt:1\n", &json!({ "content": "once" }))
            .await;
        let receipt = socket.frame().await;
        assert_eq!(receipt.command(), Command::Receipt);
        receipts.push((value(&receipt, "message-id"), value(&receipt, "seq"), value(&receipt, "epoch")));
    }
    assert_eq!(receipts[0], receipts[1]);
    let history = there.get(&place.messages()).await.good();
    assert_eq!(history["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn messages_are_counted_over_all_instances() {
    const SENT: usize = 20;
    let deployment = Deployment::limited().await;
    let here = deployment.person_on(0, "ada").await;
    let there = crate::support::Person { instance: deployment.instance(1), ..here.clone() };
    let place = here.found("home").await;
    let mut sockets = Vec::new();
    for person in [&here, &there] {
        let mut socket = person.connect().await;
        socket.subscribe("r", "/user/queue/replies", "").await;
        for number in 0..SENT {
            let body = json!({ "content": number.to_string() });
            socket.post(&place.send_to("messages"), &format!("receipt:{number}\n"), &body).await;
        }
        sockets.push(socket);
    }
    let mut taken = Vec::new();
    for socket in &mut sockets {
        let mut receipts = 0;
        for _ in 0..SENT {
            receipts += usize::from(socket.frame().await.command() == Command::Receipt);
        }
        taken.push(receipts);
    }
    assert!(taken.iter().any(|receipts| *receipts < 10), "each for itself would have taken ten: {taken:?}");
}
