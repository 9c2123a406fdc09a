//! Following streams: resume, gaps, skips, and how a subscription ends.

use serde_json::json;

use crate::{support::value, world::Deployment};

#[tokio::test]
async fn a_resume_brings_what_was_missed_and_then_what_is_new() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let first = ada.say(&place, "m1").await;
    for number in 2..=5 {
        ada.say(&place, &format!("m{number}")).await;
    }
    let mut socket = ada.connect().await;
    let position = format!("epoch:{}\nafter:{}\n", first["epoch"].as_str().unwrap(), first["seq"]);
    socket.subscribe("s", &place.topic(), &position).await;
    ada.say(&place, "m6").await;
    for number in 2..=6 {
        let (frame, body) = socket.message().await;
        assert_eq!(value(&frame, "seq"), number.to_string());
        assert_eq!(body["message"]["content"], format!("m{number}"));
    }
}

#[tokio::test]
async fn a_replay_never_says_deleted_text_again() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let said = ada.say(&place, "secret").await;
    ada.post(&format!("{}/delete", place.messages()), json!({ "message_ids": [said["message_id"]] }))
        .await
        .good();
    let mut socket = ada.connect().await;
    socket
        .subscribe("s", &place.topic(), &format!("epoch:{}\nafter:0\n", said["epoch"].as_str().unwrap()))
        .await;
    for seq in ["1", "2"] {
        let (frame, _) = socket.message().await;
        assert_eq!(value(&frame, "seq"), seq);
        assert!(!String::from_utf8_lossy(frame.body()).contains("secret"));
    }
}

#[tokio::test]
async fn a_position_of_another_numbering_is_a_gap() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    ada.say(&place, "m1").await;
    let mut socket = ada.connect().await;
    socket.subscribe("s", &place.topic(), "epoch:00000000000000ff\nafter:7\n").await;
    let (frame, body) = socket.message().await;
    assert_eq!(value(&frame, "event"), "gap");
    assert_eq!((&body["reason"], &body["from"], &body["to"]), (&json!("epoch"), &json!(1), &json!(1)));
    ada.say(&place, "m2").await;
    assert_eq!(value(&socket.message().await.0, "seq"), "2");
}

#[tokio::test]
async fn purged_places_are_a_gap_that_says_so() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let first = ada.say(&place, "m1").await;
    ada.say(&place, "m2").await;
    ada.post(&format!("/chat/api/channels/{}/purge", place.channel), json!({ "through": 2 })).await.good();
    let mut socket = ada.connect().await;
    socket
        .subscribe("s", &place.topic(), &format!("epoch:{}\nafter:0\n", first["epoch"].as_str().unwrap()))
        .await;
    let (frame, body) = socket.message().await;
    assert_eq!(value(&frame, "event"), "gap");
    assert_eq!((&body["reason"], &body["to"]), (&json!("purged"), &json!(2)));
    assert_eq!(value(&socket.message().await.0, "event"), "history.purged");
}

#[tokio::test]
async fn what_is_not_for_oneself_is_skipped_aloud() {
    let deployment = Deployment::start().await;
    let (owner, guest, other) = (
        deployment.person("owner").await,
        deployment.person("guest").await,
        deployment.person("other").await,
    );
    let place = owner.found("home").await;
    owner.invite(&place, &guest).await;
    let topic = format!("/servers/{}", place.server);
    let (mut guest_sees, mut owner_sees) = (guest.follow(&topic).await, owner.follow(&topic).await);
    owner.put(&format!("/server/api/servers/{}/bans/{}", place.server, other.id), json!({})).await.good();
    assert_eq!(value(&owner_sees.message().await.0, "event"), "member.banned");
    let (frame, body) = guest_sees.message().await;
    assert_eq!(value(&frame, "event"), "skip");
    assert_eq!(body["from"], body["to"]);
}

#[tokio::test]
async fn a_kick_ends_every_subscription_with_a_word() {
    let deployment = Deployment::start().await;
    let (owner, guest) = (deployment.person("owner").await, deployment.person("guest").await);
    let place = owner.found("home").await;
    owner.invite(&place, &guest).await;
    let mut channel = guest.follow(&place.topic()).await;
    let mut server = guest.follow(&format!("/servers/{}", place.server)).await;
    let mut own = guest.follow("/user/queue/events").await;
    owner.delete(&format!("/server/api/servers/{}/members/{}", place.server, guest.id)).await;
    for socket in [&mut channel, &mut server] {
        assert_eq!(socket.event("ended").await["code"], "kicked");
        socket.ask_for("s", &place.topic(), "").await;
        let (frame, body) = socket.message().await;
        assert_eq!(value(&frame, "receipt-id"), "sub-s", "the id is free again");
        assert_eq!(body["code"], "channel-not-found");
    }
    assert_eq!(own.event("server.left").await["cause"], "kicked");
    owner.say(&place, "without them").await;
    assert_eq!(guest.get(&place.messages()).await.code(), "channel-not-found");
}

#[tokio::test]
async fn a_deleted_channel_ends_its_subscriptions() {
    let deployment = Deployment::start().await;
    let owner = deployment.person("owner").await;
    let place = owner.found("home").await;
    let mut socket = owner.follow(&place.topic()).await;
    owner.delete(&format!("/server/api/servers/{}/channels/{}", place.server, place.channel)).await;
    assert_eq!(socket.event("ended").await["code"], "channel-deleted");
}

#[tokio::test]
async fn after_unsubscribe_nothing_comes() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.follow(&place.topic()).await;
    socket.subscribe("again", &place.topic(), "").await;
    socket.send("UNSUBSCRIBE\nid:s\nreceipt:u\n\n\0").await;
    assert_eq!(value(&socket.frame().await, "receipt-id"), "u");
    ada.say(&place, "m1").await;
    ada.say(&place, "m2").await;
    for _ in 0..2 {
        assert_eq!(value(&socket.message().await.0, "subscription"), "again");
    }
}

#[tokio::test]
async fn a_server_stream_tells_of_news_in_its_channels() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.follow(&format!("/servers/{}", place.server)).await;
    let says = async || {
        ada.say(&place, "hello").await;
    };
    let news = socket.signal_after("channel.activity", |_| true, says).await;
    assert_eq!(
        (&news["channel_id"], &news["created"][0]["author_id"]),
        (&json!(place.channel), &json!(ada.id))
    );
    ada.patch(&format!("/server/api/servers/{}", place.server), json!({ "name": "house" })).await.good();
    assert_eq!(socket.event("server.updated").await["server"]["name"], "house");
}

#[tokio::test]
async fn who_has_just_joined_is_never_told_no() {
    let deployment = Deployment::start().await;
    let owner = deployment.person("owner").await;
    for number in 0..10 {
        let place = owner.found(&format!("home {number}")).await;
        let guest = deployment.person(&format!("guest{number}")).await;
        owner.invite(&place, &guest).await;
        let mut socket = guest.connect().await;
        socket.subscribe("s", &place.topic(), "").await;
        guest.say(&place, "hi").await;
        assert_eq!(socket.message().await.1["message"]["content"], "hi");
    }
}
