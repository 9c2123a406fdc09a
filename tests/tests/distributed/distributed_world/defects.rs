//! The eight defects of the EchoPulse that this one comes from, each by a test that its design would fail.

use std::collections::BTreeSet;

use echopulse_protocol::stomp::Command;
use rdkafka::Message;
use serde_json::{Value, json};

use super::{
    extra::{Extra, Kind, NOWHERE, free_address},
    faults::person_at,
    topics::{Reader, Stranger, key},
    world::Account,
};
use crate::{
    support::{Instance, Person, value},
    world::Deployment,
};

/// There, all instances shared one consumer group, so that each message reached one of them.
#[tokio::test]
async fn e1_every_instance_sees_every_record() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person_on(0, "ada").await, deployment.person_on(1, "bob").await);
    let place = ada.found("home").await;
    ada.invite(&place, &bob).await;
    let (mut here, mut there) = (ada.follow(&place.topic()).await, bob.follow(&place.topic()).await);
    for number in 0..20 {
        let (socket, text) = if number % 2 == 0 { (&mut here, "here") } else { (&mut there, "there") };
        let body = json!({ "content": format!("{text} {number}") });
        socket.post(&place.send_to("messages"), "", &body).await;
    }
    let (mut seen_here, mut seen_there) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        seen_here.push(here.message().await.1["message"]["content"].clone());
        seen_there.push(there.message().await.1["message"]["content"].clone());
    }
    assert_eq!(seen_here, seen_there, "one order");
    let mut sent: Vec<_> = seen_here.iter().map(|text| text.as_str().unwrap().to_owned()).collect();
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 20, "each once");
    // Signals are in no database: only who reads every partition of the topic hears of all.
    for (who, socket) in [(&bob, &mut here), (&ada, &mut there)] {
        let mut types = who.connect().await;
        let again = async || types.post(&place.send_to("typing"), "", &serde_json::Value::Null).await;
        socket.signal_after("typing.started", |event| event["user_id"] == who.id.as_str(), again).await;
    }
}

/// There, records had no key, so that those of a channel were spread over partitions and lost their order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e2_records_of_a_channel_have_its_key_and_their_order() {
    const MESSAGES: u64 = 20;
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person_on(0, "ada").await, deployment.person_on(1, "bob").await);
    let place = ada.found("home").await;
    ada.invite(&place, &bob).await;
    let reader = Reader::of(&["channels.send-message"]);
    for number in 0..MESSAGES {
        let who = if number % 2 == 0 { &ada } else { &bob };
        who.say(&place, &format!("{number}")).await;
    }
    let stream = format!("channel/{}", place.channel);
    let (mut seqs, mut partitions) = (Vec::new(), BTreeSet::new());
    tokio::task::block_in_place(|| {
        while seqs.len() < usize::try_from(MESSAGES).unwrap() {
            let (record, found) =
                reader.find(|_, found| found["stream"] == stream.as_str() && found["seq"].is_u64());
            assert_eq!(key(&record), place.channel);
            partitions.insert(record.partition());
            let seq = found["seq"].as_u64().unwrap();
            // A relay may say again what it has said.
            if !seqs.contains(&seq) {
                seqs.push(seq);
            }
        }
    });
    assert_eq!(seqs, (1..=MESSAGES).collect::<Vec<_>>());
    assert_eq!(partitions.len(), 1, "one channel, one partition");
}

/// There, a service stored first and published then, so that one that died between them left a state without its event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e3_what_a_service_stored_before_it_died_is_published() {
    let deployment = Deployment::start().await;
    let alone = [("KAFKA__BOOTSTRAP", NOWHERE)];
    let mut server = Extra::start(Kind::Server, &free_address(), &alone);
    let mut chat = Extra::start(Kind::Chat, &free_address(), &alone);
    for extra in [&server, &chat] {
        extra.health(200, |body| body["missing"] == json!(["kafka"])).await;
    }
    let mut ada = deployment.person_on(0, "ada").await;
    let place = ada.found("home").await;
    ada.instance = Instance { server: server.url.clone(), chat: chat.url.clone() };
    let reader = Reader::of(&["channels.create", "channels.send-message"]);
    let channels = format!("/server/api/servers/{}/channels", place.server);
    let made = ada.post(&channels, json!({ "name": "kept" })).await.good();
    server.kill();
    ada.say(&place, "kept as well").await;
    chat.kill();
    tokio::task::block_in_place(|| {
        let (record, _) = reader.find(|_, found| found["body"]["channel"]["id"] == made["id"]);
        assert_eq!(key(&record), place.server);
        reader.find(|record, found| key(record) == place.channel && found["type"] == "message.created");
    });
}

/// There, messages were in Redis alone, as a set without an order that was read whole.
#[tokio::test]
async fn e4_history_needs_no_redis_and_comes_in_order_and_in_pages() {
    let deployment = Deployment::start().await;
    let url = format!("redis://{NOWHERE}");
    let extra = Extra::start(Kind::Chat, &free_address(), &[("REDIS__URL", url.as_str())]);
    extra.health(200, |body| body["missing"] == json!(["redis"])).await;
    let ada = person_at(&deployment, &extra, "ada").await;
    let place = ada.found("home").await;
    for number in 1..=25 {
        ada.say(&place, &format!("{number}")).await;
    }
    let ada = Person { instance: deployment.instance(1), ..ada };
    let (mut texts, mut sizes, mut after) = (Vec::new(), Vec::new(), 0);
    loop {
        let page = ada.get(&format!("{}?after={after}&limit=10", place.messages())).await.good();
        let items = page["items"].as_array().unwrap().clone();
        let Some(last) = items.last() else { break };
        after = last["seq"].as_u64().unwrap();
        sizes.push(items.len());
        texts.extend(items.iter().map(|item| item["content"].as_str().unwrap().to_owned()));
    }
    assert_eq!(sizes, [10, 10, 5]);
    assert_eq!(texts, (1..=25).map(|number| number.to_string()).collect::<Vec<_>>());
}

/// There, a token was all that was looked at: whoever had one read and wrote everywhere.
#[tokio::test]
async fn e5_a_token_alone_opens_no_channel() {
    let deployment = Deployment::start().await;
    let (ada, eve) = (deployment.person_on(0, "ada").await, deployment.person_on(1, "eve").await);
    let place = ada.found("home").await;
    ada.say(&place, "among ourselves").await;
    let mut socket = eve.connect().await;
    socket.subscribe("r", "/user/queue/replies", "").await;
    socket.ask_for("s", &place.topic(), "").await;
    assert_eq!(socket.message().await.1["code"], "channel-not-found");
    socket.post(&place.send_to("messages"), "receipt:1\n", &json!({ "content": "me too" })).await;
    assert_eq!(socket.message().await.1["code"], "channel-not-found");
    assert_eq!(eve.get(&place.messages()).await.code(), "channel-not-found");
    assert_eq!(ada.get(&place.messages()).await.good()["items"].as_array().unwrap().len(), 1);
}

/// There, people were known by their names, so that whoever got a name got what its former bearer had.
#[tokio::test]
async fn e6_a_name_that_somebody_else_gets_brings_nothing_with_it() {
    let deployment = Deployment::start().await;
    let account = deployment.account("ada", &["echopulse-user"]).await;
    let signs_in = async |account: &Account| {
        let token = deployment.token(account).await;
        Person::of(deployment.http().clone(), deployment.instance(0), token).await
    };
    let ada = signs_in(&account).await;
    let place = ada.found("home").await;
    let said = ada.say(&place, "mine").await;

    let renamed = format!("renamed-{}", account.client);
    let client = deployment.admin_url(&format!("/clients/{}", account.id));
    deployment.ask(deployment.http().put(client).json(&json!({ "clientId": renamed }))).await;
    let heir = deployment.account_named(account.client.clone(), &["echopulse-user"]).await;
    let heir = signs_in(&heir).await;
    assert_ne!(heir.id, ada.id);
    let message = format!("{}/{}", place.messages(), said["message_id"].as_str().unwrap());
    assert_eq!(heir.get(&message).await.code(), "channel-not-found");
    assert_eq!(heir.get(&format!("/server/api/servers/{}", place.server)).await.code(), "server-not-found");

    let again = signs_in(&Account { client: renamed, ..account }).await;
    assert_eq!(again.id, ada.id, "a person is who they are under any name");
    assert_eq!(again.get(&message).await.good()["author"]["id"], ada.id.as_str());
}

/// There, a message got its id and its time where a record was read, so that one read twice became two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e7_a_record_that_comes_again_is_no_second_message() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let reader = Reader::of(&["channels.send-message"]);
    let mut socket = ada.follow(&place.topic()).await;
    ada.say(&place, "once").await;
    assert_eq!(socket.message().await.1["message"]["content"], "once");
    tokio::task::block_in_place(|| {
        let (record, _) = reader.find(|record, _| key(record) == place.channel);
        let stranger = Stranger::new();
        for _ in 0..3 {
            stranger.repeats(&record);
        }
    });
    ada.say(&place, "twice").await;
    let (frame, body) = socket.message().await;
    assert_eq!(body["message"]["content"], "twice", "nothing comes between");
    assert_eq!(value(&frame, "seq"), "2");
    let history = ada.get(&place.messages()).await.good();
    assert_eq!(history["items"].as_array().unwrap().len(), 2);
}

/// There was no word of what a service did, and no telling what it had done.
#[tokio::test]
async fn e8_a_service_tells_what_it_does_and_how_it_is() {
    let deployment = Deployment::start().await;
    let extra = Extra::start(Kind::Chat, &free_address(), &[]);
    assert_eq!(extra.ready().await.body["status"], "ready");
    let ada = person_at(&deployment, &extra, "ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.connect().await;
    for number in 1..=3 {
        let body = json!({ "content": format!("{number}") });
        socket.post(&place.send_to("messages"), &format!("receipt:{number}\n"), &body).await;
        assert_eq!(socket.frame().await.command(), Command::Receipt);
    }
    extra.counts("echopulse_sends_total{outcome=\"done\"}", 3.0).await;
    extra.counts("echopulse_sockets_open", 1.0).await;
    let log = extra.logged();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.iter().any(|line| line["message"] == "serving"), "{log}");
}
