//! Talking over the socket: sends, receipts, refusals, errors, endings.

use echopulse_protocol::stomp::Command;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    support::{Said, value},
    world::Deployment,
};

#[tokio::test]
async fn a_receipt_means_stored_and_carries_the_place() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.connect().await;
    socket.post(&place.send_to("messages"), "nonce:n\nreceipt:a:b\n", &json!({ "content": "hello" })).await;
    let receipt = socket.frame().await;
    assert_eq!(receipt.command(), Command::Receipt);
    assert_eq!((value(&receipt, "receipt-id"), value(&receipt, "seq")), ("a:b".to_owned(), "1".to_owned()));
    let page = ada.get(&place.messages()).await.good();
    assert_eq!(page["items"][0]["id"], value(&receipt, "message-id"));
    assert_eq!(page["epoch"], value(&receipt, "epoch"));
}

#[tokio::test]
async fn who_follows_a_channel_sees_what_is_said_there() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person("ada").await, deployment.person("bob").await);
    let place = ada.found("home").await;
    ada.invite(&place, &bob).await;
    let mut listener = bob.follow(&place.topic()).await;
    let mut speaker = ada.follow(&place.topic()).await;
    speaker.post(&place.send_to("messages"), "", &json!({ "content": "héllo 🦀" })).await;
    for socket in [&mut listener, &mut speaker] {
        let (frame, body) = socket.message().await;
        assert_eq!(value(&frame, "destination"), place.topic());
        assert_eq!(
            (value(&frame, "subscription"), value(&frame, "event")),
            ("s".to_owned(), "message.created".to_owned())
        );
        assert_eq!(
            (value(&frame, "seq"), value(&frame, "content-type")),
            ("1".to_owned(), "application/json".to_owned())
        );
        assert_eq!((&body["message"]["content"], &body["actor_id"]), (&json!("héllo 🦀"), &json!(ada.id)));
    }
}

#[tokio::test]
async fn edits_and_deletions_are_events_too() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let id = ada.say(&place, "first").await["message_id"].as_str().unwrap().to_owned();
    let mut socket = ada.follow(&place.topic()).await;
    socket.post(&place.send_to(&format!("messages/{id}/edit")), "", &json!({ "content": "second" })).await;
    let (frame, body) = socket.message().await;
    assert_eq!(
        (value(&frame, "event"), &body["message"]["content"]),
        ("message.updated".to_owned(), &json!("second"))
    );
    socket
        .send(&format!("SEND\ndestination:{}\n\n\0", place.send_to(&format!("messages/{id}/delete"))))
        .await;
    let (frame, body) = socket.message().await;
    assert_eq!(
        (value(&frame, "event"), &body["messages"][0]["id"]),
        ("message.deleted".to_owned(), &json!(id))
    );
    let page = ada.get(&place.messages()).await.good();
    assert_eq!(
        (&page["items"][0]["content"], &page["items"][0]["deleted_by"]),
        (&json!(""), &json!("author"))
    );
}

#[tokio::test]
async fn sends_of_one_connection_keep_their_order() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.connect().await;
    let frames: String = (0..300)
        .map(|number| {
            let (to, mention) = (
                place.send_to("messages"),
                if number % 3 == 0 { format!("<@{}>", ada.id) } else { String::new() },
            );
            format!(
                "SEND\ndestination:{to}\nreceipt:{number}\n\n{}\0",
                json!({ "content": format!("{number} {mention}") })
            )
        })
        .collect();
    socket.send(&frames).await;
    for number in 0..300 {
        let receipt = socket.frame().await;
        assert_eq!(
            (value(&receipt, "receipt-id"), value(&receipt, "seq")),
            (number.to_string(), (number + 1).to_string())
        );
    }
}

#[tokio::test]
async fn a_refusal_is_a_reply_and_the_session_goes_on() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person("ada").await, deployment.person("bob").await);
    let place = ada.found("home").await;
    let mut socket = bob.connect().await;
    socket.subscribe("r", "/user/queue/replies", "").await;
    let to = place.send_to("messages");
    socket.post(&to, "receipt:1\n", &json!({ "content": "hi" })).await;
    let (frame, body) = socket.message().await;
    assert_eq!(value(&frame, "destination"), "/user/queue/replies");
    assert_eq!(
        (value(&frame, "receipt-id"), value(&frame, "code")),
        ("1".to_owned(), "channel-not-found".to_owned())
    );
    assert_eq!((&body["receipt_id"], &body["code"]), (&json!("1"), &json!("channel-not-found")));
    ada.invite(&place, &bob).await;
    socket.post(&to, "receipt:2\n", &json!({ "content": "x".repeat(4001) })).await;
    assert_eq!(socket.message().await.1["code"], "content-too-long");
    socket.post(&to, "receipt:3\n", &json!({ "text": "hi" })).await;
    assert_eq!(socket.message().await.1["detail"], "`/content` is missing");
    socket.post(&to, "receipt:4\n", &json!({ "content": "hi" })).await;
    let receipt = socket.frame().await;
    assert_eq!((receipt.command(), value(&receipt, "receipt-id")), (Command::Receipt, "4".to_owned()));
}

#[tokio::test]
async fn a_subscription_that_is_refused_leaves_its_id_free() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person("ada").await, deployment.person("bob").await);
    let place = ada.found("home").await;
    let mut socket = bob.connect().await;
    socket.subscribe("r", "/user/queue/replies", "").await;
    for destination in [place.topic(), format!("/servers/{}", place.server)] {
        socket.ask_for("s", &destination, "").await;
        let (frame, body) = socket.message().await;
        assert_eq!(value(&frame, "receipt-id"), "sub-s");
        assert!(body["code"].as_str().unwrap().ends_with("-not-found"), "{body}");
    }
    socket.ask_for("s", &place.topic(), "epoch:x\nafter:1\n").await;
    assert_eq!(socket.message().await.1["code"], "invalid-request");
    ada.invite(&place, &bob).await;
    socket.subscribe("s", &place.topic(), "").await;
}

#[tokio::test]
async fn a_wrong_frame_is_an_error_that_closes_its_own_session_only() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut other = ada.follow(&place.topic()).await;
    let to = place.send_to("messages");
    let cases = [
        ("send\n\n\0".to_owned(), "malformed-frame"),
        ("SEND\nno colon\n\n\0".to_owned(), "malformed-frame"),
        ("SEND\n\nx\0".to_owned(), "malformed-frame"),
        ("SEND\ndestination:/app/nowhere\n\nx\0".to_owned(), "unknown-destination"),
        (format!("SEND\ndestination:{to}/\n\nx\0"), "unknown-destination"),
        ("SUBSCRIBE\nid:1\ndestination:/channels/*\n\n\0".to_owned(), "unknown-destination"),
        ("SUBSCRIBE\nid:1\ndestination:/user/queue/replies\n\n\0SUBSCRIBE\nid:1\ndestination:/user/queue/replies\n\n\0".to_owned(), "duplicate-subscription"),
        ("UNSUBSCRIBE\nid:9\n\n\0".to_owned(), "malformed-frame"),
        ("BEGIN\ntransaction:1\n\n\0".to_owned(), "malformed-frame"),
    ];
    for (frame, code) in cases {
        let mut socket = ada.connect().await;
        let behind = format!("SEND\ndestination:{to}\n\n{}\0", json!({ "content": "never" }));
        socket.send(&format!("{frame}{behind}")).await;
        let error = socket.frame().await;
        assert_eq!(
            (error.command(), value(&error, "message")),
            (Command::Error, code.to_owned()),
            "{frame:?}"
        );
        assert_eq!(socket.closed().await, Some((1002, code.to_owned())), "{frame:?}");
    }
    ada.say(&place, "still here").await;
    assert_eq!(other.message().await.1["message"]["content"], "still here");
}

#[tokio::test]
async fn what_was_asked_before_a_wrong_frame_is_answered_before_its_error() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.connect().await;
    let post = json!({ "content": "durable" });
    let to = place.send_to("messages");
    socket
        .send(&format!(
            "SEND\ndestination:{to}\nreceipt:1\n\n{post}\0SEND\ndestination:/app/nowhere\nreceipt:2\n\n\0"
        ))
        .await;
    let (receipt, error) = (socket.frame().await, socket.frame().await);
    assert_eq!((receipt.command(), value(&receipt, "receipt-id")), (Command::Receipt, "1".to_owned()));
    assert_eq!((error.command(), value(&error, "receipt-id")), (Command::Error, "2".to_owned()));
    assert_eq!(socket.closed().await, Some((1002, "unknown-destination".to_owned())));
}

#[tokio::test]
async fn what_is_no_message_gets_its_close_code() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let mut socket = ada.connect().await;
    socket.send_raw(Message::binary(vec![b'x'; 300 * 1024])).await;
    assert_eq!(socket.closed().await, Some((1009, "too-large".to_owned())));
    let mut socket = ada.connect().await;
    socket.send(&format!("SEND\ndestination:/app/x\n\n{}\0", "x".repeat(70 * 1024))).await;
    assert_eq!(socket.closed().await, Some((1009, "too-large".to_owned())));
}

#[tokio::test]
async fn the_first_frame_is_connect() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut socket = crate::support::Socket::open(&ada.instance).await;
    socket.send(&format!("SEND\ndestination:{}\n\n\0", place.send_to("messages"))).await;
    assert_eq!(value(&socket.frame().await, "message"), "not-connected");
    assert_eq!(socket.closed().await.unwrap().0, 1002);
    let mut socket = crate::support::Socket::open(&ada.instance).await;
    socket.send("CONNECT\naccept-version:2.0\n\n\0").await;
    assert_eq!(value(&socket.frame().await, "message"), "unsupported-version");
}

#[tokio::test]
async fn frames_come_in_any_cut_and_any_kind_of_message() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.connect().await;
    let frame = format!(
        "\n\nSEND\r\ndestination:{}\nreceipt:1\n\n{}\0\n",
        place.send_to("messages"),
        json!({ "content": "é" })
    );
    let octets = frame.into_bytes();
    for (number, chunk) in octets.chunks(7).enumerate() {
        let text = std::str::from_utf8(chunk).ok().filter(|_| number % 2 == 0);
        socket.send_raw(text.map_or_else(|| Message::binary(chunk.to_vec()), Message::text)).await;
    }
    assert_eq!(value(&socket.frame().await, "receipt-id"), "1");
}

#[tokio::test]
async fn disconnect_is_acknowledged_behind_everything_else() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.connect().await;
    let send = format!(
        "SEND\ndestination:{}\nreceipt:1\n\n{}\0",
        place.send_to("messages"),
        json!({ "content": "bye" })
    );
    let late = send.replace("receipt:1", "receipt:2");
    socket.send(&format!("{send}DISCONNECT\nreceipt:end\n\n\0{late}")).await;
    assert_eq!(value(&socket.frame().await, "receipt-id"), "1");
    assert_eq!(value(&socket.frame().await, "receipt-id"), "end");
    assert_eq!(socket.closed().await, Some((1000, String::new())));
    assert_eq!(ada.get(&place.messages()).await.good()["items"].as_array().unwrap().len(), 1);
    let mut silent = ada.connect().await;
    silent.send("DISCONNECT\n\n\0").await;
    assert!(matches!(silent.said().await, Said::Closed(Some((1000, _)))));
}

#[tokio::test]
async fn a_lost_socket_loses_nothing_that_had_arrived() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut watcher = ada.follow(&place.topic()).await;
    let mut socket = ada.connect().await;
    let frames: String = (0..100)
        .map(|number| {
            format!(
                "SEND\ndestination:{}\n\n{}\0",
                place.send_to("messages"),
                json!({ "content": number.to_string() })
            )
        })
        .collect();
    socket.send(&frames).await;
    drop(socket);
    for number in 0..100 {
        assert_eq!(watcher.message().await.1["message"]["content"], number.to_string());
    }
}

#[tokio::test]
async fn typing_and_reading_are_told() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person("ada").await, deployment.person("bob").await);
    let place = ada.found("home").await;
    ada.invite(&place, &bob).await;
    ada.say(&place, "hello").await;
    let mut ada_sees = ada.follow(&place.topic()).await;
    let mut device = bob.follow("/user/queue/events").await;
    let types = async || {
        let mut socket = bob.connect().await;
        socket.send(&format!("SEND\ndestination:{}\nreceipt:1\n\n\0", place.send_to("typing"))).await;
        assert_eq!(value(&socket.frame().await, "receipt-id"), "1");
    };
    let typing = ada_sees.signal_after("typing.started", |_| true, types).await;
    assert_eq!(typing["user_id"], bob.id.as_str());
    let reads = async || {
        let mut socket = bob.connect().await;
        socket.post(&place.send_to("read"), "receipt:1\n", &json!({ "seq": 1 })).await;
        assert_eq!(value(&socket.frame().await, "receipt-id"), "1");
    };
    let moved = device.signal_after("read_state.changed", |_| true, reads).await;
    assert_eq!((&moved["channel_id"], &moved["read_seq"]), (&json!(place.channel), &json!(1)));
}

#[tokio::test]
async fn presence_is_told_and_listed() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person("ada").await, deployment.person("bob").await);
    let place = ada.found("home").await;
    ada.invite(&place, &bob).await;
    let mut sees = ada.follow(&format!("/servers/{}", place.server)).await;
    // Asking makes the chat service look at who has joined; before, it tells their coming to nobody.
    bob.get(&place.messages()).await.good();
    let mut socket = None;
    // Coming and going in turns: somebody who is there already does not come.
    let comes = async || socket = if socket.is_some() { None } else { Some(bob.connect().await) };
    let is_bobs = |event: &Value| event["user_id"] == bob.id.as_str() && event["status"] == "online";
    sees.signal_after("presence.changed", is_bobs, comes).await;
    let list = ada.get(&format!("/chat/api/servers/{}/presence", place.server)).await.good();
    assert!(list["items"].as_array().unwrap().contains(&json!({ "user_id": bob.id, "status": "online" })));
    drop(socket);
    let went = sees.signal_after("presence.changed", |event| event["status"] == "offline", async || {}).await;
    assert_eq!(went["user_id"], bob.id.as_str());
}

#[tokio::test]
async fn a_send_that_is_repeated_is_answered_with_the_original() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut receipts = Vec::new();
    for _ in 0..2 {
        // Another connection each time, as after a reconnect.
        let mut socket = ada.connect().await;
        socket.post(&place.send_to("messages"), "nonce:n\nreceipt:r\n", &json!({ "content": "hello" })).await;
        let receipt = socket.frame().await;
        assert_eq!(receipt.command(), Command::Receipt);
        receipts.push((value(&receipt, "message-id"), value(&receipt, "epoch"), value(&receipt, "seq")));
    }
    assert_eq!(receipts[0], receipts[1]);
    let mut socket = ada.connect().await;
    socket.subscribe("r", "/user/queue/replies", "").await;
    socket.post(&place.send_to("messages"), "nonce:n\nreceipt:r\n", &json!({ "content": "other" })).await;
    assert_eq!(socket.message().await.1["code"], "nonce-reused");
    assert_eq!(ada.get(&place.messages()).await.good()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refusal_that_passes_says_when() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person("ada").await, deployment.person("bob").await);
    let place = ada.found("home").await;
    ada.invite(&place, &bob).await;
    let channel = format!("/server/api/servers/{}/channels/{}", place.server, place.channel);
    ada.patch(&channel, json!({ "slow_mode_s": 60 })).await.good();
    let mut socket = bob.follow(&format!("/servers/{}", place.server)).await;
    // Whether the chat service knows of slow mode yet is for chance; soon it does.
    let mut number = 0;
    let (frame, body) = loop {
        number += 1;
        socket
            .post(&place.send_to("messages"), &format!("receipt:{number}\n"), &json!({ "content": "hi" }))
            .await;
        let frame = socket.frame().await;
        if value(&frame, "destination") == "/user/queue/replies" {
            let body: Value = serde_json::from_slice(frame.body()).unwrap();
            break (frame, body);
        }
    };
    assert_eq!((value(&frame, "code"), &body["code"]), ("slow-mode".to_owned(), &json!("slow-mode")));
    let wait: u64 = value(&frame, "retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(body["retry_after"], wait);
}
