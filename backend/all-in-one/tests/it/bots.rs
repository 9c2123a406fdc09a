//! Bots that a server makes: how they come by their tokens, what they are shown as, and how they end.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    support::{Person, Place, Said, Socket, value},
    world::Deployment,
};

/// A bot as its maker gets it.
struct Made {
    user: String,
    name: String,
    client: String,
    secret: String,
}

fn bots(place: &Place) -> String {
    format!("/server/api/servers/{}/bots", place.server)
}

fn made(answer: &Value) -> Made {
    let text = |key: &str| answer[key].as_str().unwrap_or_else(|| panic!("{key}: {answer}")).to_owned();
    Made {
        user: text("user_id"),
        name: text("name"),
        client: text("client_id"),
        secret: text("client_secret"),
    }
}

/// Makes a bot whose name nobody else has.
async fn make(owner: &Person, place: &Place) -> Made {
    let name = format!("deploy-{}", &owner.id[24..]);
    made(&owner.post(&bots(place), json!({ "name": name })).await.good())
}

/// The bot once it has signed in.
async fn signs_in(deployment: &Deployment, bot: &Made) -> Person {
    let tokens = deployment.client_tokens(&bot.client, &bot.secret).await.good();
    deployment.person_of(tokens["access_token"].as_str().unwrap()).await
}

/// Waits until nothing comes any more: the subscription was ended, or the socket closed.
async fn is_ended(socket: &mut Socket) {
    loop {
        match socket.said().await {
            Said::Closed(_) => return,
            Said::Frame(frame) if value(&frame, "event") == "ended" => return,
            Said::Frame(_) => {}
        }
    }
}

#[tokio::test]
async fn a_bot_talks_and_is_shown_as_one() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let bot = make(&ada, &place).await;
    let account = signs_in(&deployment, &bot).await;
    assert_eq!((&account.id, &account.username), (&bot.user, &bot.name), "the account that was made");
    let me = account.get("/server/api/users/me").await.good();
    assert_eq!((&me["kind"], &me["display_name"]), (&json!("bot"), &json!(bot.name)));
    let member = ada.get(&format!("/server/api/servers/{}/members/{}", place.server, bot.user)).await.good();
    assert_eq!((&member["user"]["kind"], &member["role_ids"]), (&json!("bot"), &json!([])));
    let mut socket = ada.follow(&place.topic()).await;
    account.say(&place, "deployed").await;
    let message = &socket.event("message.created").await["message"];
    assert_eq!((&message["author"]["kind"], &message["content"]), (&json!("bot"), &json!("deployed")));
}

#[tokio::test]
async fn a_bot_manages_nothing_that_it_was_not_given() {
    let deployment = Deployment::start().await;
    let (ada, lin) = (deployment.person("ada").await, deployment.person("lin").await);
    let place = ada.found("home").await;
    let account = signs_in(&deployment, &make(&ada, &place).await).await;
    let refused = account.post(&bots(&place), json!({ "name": "another" })).await;
    assert_eq!(
        (refused.code(), &refused.body["permission"]),
        ("permission-missing", &json!("MANAGE_SERVER"))
    );
    let elsewhere = lin.found("elsewhere").await;
    let invites = format!("/server/api/servers/{}/invites", elsewhere.server);
    let invite = lin.post(&invites, json!({})).await.good();
    let join = format!("/server/api/invites/{}", invite["code"].as_str().unwrap());
    let refused = account.post(&join, json!({})).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "bot-refused"));
    let members = format!("/server/api/servers/{}/members", elsewhere.server);
    let add = json!({ "user_id": account.id });
    let max = deployment.person("max").await;
    assert_eq!(max.post(&members, add.clone()).await.code(), "server-not-found", "for Max it is not there");
    let joined = lin.post(&members, add).await.good();
    assert_eq!(
        (&joined["member"]["user_id"], &joined["member"]["role_ids"]),
        (&json!(account.id), &json!([]))
    );
    account.say(&elsewhere, "hello").await;
    let person = lin.post(&members, json!({ "user_id": ada.id })).await;
    assert_eq!(person.code(), "user-not-found", "people join by themselves");
}

#[tokio::test]
async fn a_secret_is_told_once_and_ends_with_the_next() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let old = make(&ada, &place).await;
    let listed = ada.get(&bots(&place)).await.good();
    assert_eq!(listed["items"][0]["client_id"], json!(old.client));
    assert!(!listed.to_string().contains(&old.secret), "a list holds no secret");
    let taken = ada.post(&bots(&place), json!({ "name": old.name })).await;
    assert_eq!((taken.status, taken.code()), (StatusCode::CONFLICT, "name-taken"));
    let rotated = ada.post(&format!("{}/{}/secret", bots(&place), old.user), json!({})).await;
    assert_eq!(rotated.headers["cache-control"], "no-store");
    let new = made(&rotated.good());
    assert_eq!((&new.user, &new.client), (&old.user, &old.client));
    assert_eq!(deployment.client_tokens(&old.client, &old.secret).await.status, StatusCode::UNAUTHORIZED);
    deployment.client_tokens(&new.client, &new.secret).await.good();
}

#[tokio::test]
async fn a_revoked_bot_hears_and_says_nothing_more() {
    let deployment = Deployment::start().await;
    let (ada, lin) = (deployment.person("ada").await, deployment.person("lin").await);
    let place = ada.found("home").await;
    ada.invite(&place, &lin).await;
    let bot = make(&ada, &place).await;
    let account = signs_in(&deployment, &bot).await;
    let mut socket = account.follow(&place.topic()).await;
    let path = format!("{}/{}", bots(&place), bot.user);
    assert_eq!(lin.delete(&path).await.code(), "permission-missing");
    ada.delete(&path).await.good();
    is_ended(&mut socket).await;
    let refused = account.get(&place.messages()).await;
    assert!(refused.status.is_client_error(), "{refused:?}");
    assert_eq!(deployment.client_tokens(&bot.client, &bot.secret).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ada.delete(&path).await.code(), "user-not-found", "it is gone");
    assert_eq!(ada.get(&bots(&place)).await.good()["items"], json!([]));
}

/// What comes on a socket up to the message that says `last`.
async fn heard(socket: &mut Socket, last: &str) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.last().is_none_or(|text| text != last) {
        let (_, body) = socket.message().await;
        heard.push(body["message"]["content"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned());
    }
    heard
}

#[tokio::test]
async fn a_bot_that_was_down_gets_what_it_missed_once() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    ada.say(&place, "before it came").await;
    let bot = signs_in(&deployment, &make(&ada, &place).await).await;
    // The chat service knows that it joined as soon as it asks.
    bot.get(&place.messages()).await.good();
    ada.say(&place, "m1").await;
    let second = ada.say(&place, "m2").await;
    let mut socket = bot.connect().await;
    socket.subscribe("s", &place.topic(), "after:read\n").await;
    assert_eq!(heard(&mut socket, "m2").await, ["m1", "m2"], "since it joined");
    socket.post(&place.send_to("read"), "receipt:done\n", &json!({ "seq": second["seq"] })).await;
    while value(&socket.frame().await, "receipt-id") != "done" {}
    drop(socket);
    ada.say(&place, "m3").await;
    let mut socket = bot.connect().await;
    socket.subscribe("s", &place.topic(), "after:read\n").await;
    ada.say(&place, "m4").await;
    assert_eq!(heard(&mut socket, "m4").await, ["m3", "m4"]);
    let mut socket = bot.connect().await;
    socket.subscribe("s", &place.topic(), "after:read\n").await;
    assert_eq!(heard(&mut socket, "m4").await, ["m3", "m4"], "it did not say that it was done");
}

#[tokio::test]
async fn a_kept_position_is_of_channels_and_stands_alone() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut socket = ada.connect().await;
    socket.subscribe("r", "/user/queue/replies", "").await;
    for (destination, headers) in [
        (format!("/servers/{}", place.server), "after:read\n"),
        (place.topic(), "after:read\nepoch:00000000000000ff\n"),
    ] {
        socket.ask_for("s", &destination, headers).await;
        let reply: Value = serde_json::from_slice(socket.frame().await.body()).unwrap();
        assert_eq!(reply["code"], "invalid-request", "{reply}");
    }
}
