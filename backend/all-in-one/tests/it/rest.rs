//! REST of both services: what is answered, and how it is refused.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::Deployment;

#[tokio::test]
async fn a_founder_finds_a_channel_and_every_permission() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("  Rust \u{202e} Lyon ").await;
    let detail = ada.get(&format!("/server/api/servers/{}", place.server)).await.good();
    assert_eq!(detail["name"], "Rust Lyon", "names are cleaned");
    assert_eq!(detail["owner_id"], ada.id.as_str());
    assert_eq!(detail["channels"][0]["name"], "general");
    assert!(detail["permissions"].as_array().unwrap().contains(&json!("DELETE_SERVER")));
    assert_eq!(detail["seq"], 4);
    let mine = ada.get("/server/api/servers").await.good();
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_one_may_not_see_looks_like_what_is_not_there() {
    let deployment = Deployment::start().await;
    let (owner, stranger) = (deployment.person("owner").await, deployment.person("stranger").await);
    let place = owner.found("home").await;
    let nothing = "01935c2e-7a10-7000-8000-0000000000ff";
    for (there, not_there) in [
        (format!("/server/api/servers/{}", place.server), format!("/server/api/servers/{nothing}")),
        (
            format!("/server/api/servers/{}/members", place.server),
            format!("/server/api/servers/{nothing}/members"),
        ),
        (place.messages(), format!("/chat/api/channels/{nothing}/messages")),
        (
            format!("/chat/api/servers/{}/presence", place.server),
            format!("/chat/api/servers/{nothing}/presence"),
        ),
    ] {
        let (hidden, absent) = (stranger.get(&there).await, stranger.get(&not_there).await);
        assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{there}");
        assert_eq!(hidden.body, absent.body, "{there}");
    }
}

#[tokio::test]
async fn who_sees_and_may_not_act_is_told_what_is_missing() {
    let deployment = Deployment::start().await;
    let (owner, guest) = (deployment.person("owner").await, deployment.person("guest").await);
    let place = owner.found("home").await;
    owner.invite(&place, &guest).await;
    let refused =
        guest.post(&format!("/server/api/servers/{}/channels", place.server), json!({ "name": "x" })).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "permission-missing"));
    assert_eq!(refused.body["permission"], "MANAGE_CHANNELS");
    let refused =
        guest.post(&format!("/chat/api/channels/{}/purge", place.channel), json!({ "through": 1 })).await;
    assert_eq!(
        (refused.code(), &refused.body["permission"]),
        ("permission-missing", &json!("MANAGE_CHANNELS"))
    );
}

#[tokio::test]
async fn bad_requests_are_problems_that_name_what_was_wrong() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let problem = |status: u16, code: &str| (status, code.to_owned());
    let seen = |answer: crate::support::Answer| {
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{answer:?}");
        (answer.status.as_u16(), answer.code().to_owned())
    };
    assert_eq!(seen(ada.get("/server/api/nowhere").await), problem(404, "not-found"));
    assert_eq!(seen(ada.get("/chat/nowhere").await), problem(404, "not-found"));
    assert_eq!(seen(ada.get("/server/api/servers/NOT-AN-ID").await), problem(404, "not-found"));
    assert_eq!(seen(ada.delete("/server/api/servers").await), problem(405, "not-found"));
    let servers = "/server/api/servers";
    assert_eq!(
        seen(ada.raw(Method::POST, servers, "text/plain", "{}").await),
        problem(415, "unsupported-media-type")
    );
    assert_eq!(
        seen(ada.raw(Method::POST, servers, "application/json", "{").await),
        problem(400, "invalid-request")
    );
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(
        seen(ada.raw(Method::POST, servers, "application/json", large).await),
        problem(413, "too-large")
    );
    let long = ada.post(servers, json!({ "name": "x".repeat(101) })).await;
    assert_eq!(long.body["errors"][0]["pointer"], "/name", "{long:?}");
    assert_eq!(seen(long), problem(400, "invalid-request"));
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "before=1&after=2",
        "before=x",
        "before=1&before=2",
        "around=99999999999999999999",
    ] {
        let answer = ada.get(&format!("{}?{query}", place.messages())).await;
        assert_eq!(seen(answer), problem(400, "invalid-request"), "{query}");
    }
    assert_eq!(
        seen(ada.post(&place.messages(), json!({ "content": " \u{200b} " })).await),
        problem(422, "content-empty")
    );
    assert_eq!(
        seen(ada.post(&place.messages(), json!({ "content": "x".repeat(4001) })).await),
        problem(422, "content-too-long")
    );
}

#[tokio::test]
async fn an_invite_lets_in_as_often_as_it_says() {
    let deployment = Deployment::start().await;
    let (owner, one, two) =
        (deployment.person("owner").await, deployment.person("one").await, deployment.person("two").await);
    let place = owner.found("home").await;
    let invites = format!("/server/api/servers/{}/invites", place.server);
    let invite = owner.post(&invites, json!({ "max_uses": 1 })).await.good();
    let path = format!("/server/api/invites/{}", invite["code"].as_str().unwrap());
    let preview = one.get(&path).await.good();
    assert_eq!(
        (&preview["name"], &preview["member_count"], &preview["inviter"]),
        (&json!("home"), &json!(1), &json!(owner.username))
    );
    let joined = one.post(&path, json!({})).await;
    assert_eq!(joined.status, StatusCode::CREATED);
    assert_eq!(joined.body["member"]["user_id"], one.id.as_str());
    let refused = two.post(&path, json!({})).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::NOT_FOUND, "invite-not-found"));
    for wrong in ["short", "0000000000", "%20", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let answer = two.post(&format!("/server/api/invites/{wrong}"), json!({})).await;
        assert_eq!(answer.code(), "invite-not-found", "{wrong}");
    }
}

#[tokio::test]
async fn who_is_banned_does_not_come_back() {
    let deployment = Deployment::start().await;
    let (owner, guest) = (deployment.person("owner").await, deployment.person("guest").await);
    let place = owner.found("home").await;
    let code = owner.post(&format!("/server/api/servers/{}/invites", place.server), json!({})).await.good();
    let invite = format!("/server/api/invites/{}", code["code"].as_str().unwrap());
    guest.post(&invite, json!({})).await.good();
    let ban = format!("/server/api/servers/{}/bans/{}", place.server, guest.id);
    let set = owner.request(Method::PUT, &ban).header("Audit-Reason", "spam").send().await.unwrap();
    assert_eq!(set.json::<Value>().await.unwrap()["reason"], "spam");
    let refused = guest.post(&invite, json!({})).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "banned"));
    assert_eq!(owner.delete(&ban).await.status, StatusCode::NO_CONTENT);
    guest.post(&invite, json!({})).await.good();
}

#[tokio::test]
async fn lists_page_by_cursors_of_their_own() {
    let deployment = Deployment::start().await;
    let owner = deployment.person("owner").await;
    let place = owner.found("home").await;
    let guests = [deployment.person("one").await, deployment.person("two").await];
    for guest in &guests {
        owner.invite(&place, guest).await;
    }
    let members = format!("/server/api/servers/{}/members", place.server);
    let first = owner.get(&format!("{members}?limit=2")).await.good();
    let cursor = first["next"].as_str().unwrap();
    let second = owner.get(&format!("{members}?limit=2&cursor={cursor}")).await.good();
    let names: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|member| member["user"]["username"].as_str().unwrap())
        .collect();
    assert_eq!(names, [&owner.username, &guests[0].username, &guests[1].username]);
    assert!(second.get("next").is_none());
    for foreign in [
        format!("{members}?q=o&cursor={cursor}"),
        format!("{members}?cursor=x"),
        format!("/server/api/servers/{}/bans?cursor={cursor}", place.server),
    ] {
        assert_eq!(owner.get(&foreign).await.code(), "invalid-cursor", "{foreign}");
    }
}

#[tokio::test]
async fn a_post_is_in_the_history_once_whatever_the_retries() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let body = json!({ "content": "hello", "nonce": "n-1" });
    let first = ada.post(&place.messages(), body.clone()).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let again = ada.post(&place.messages(), body).await.good();
    assert_eq!(first.body, again);
    let reused = ada.post(&place.messages(), json!({ "content": "other", "nonce": "n-1" })).await;
    assert_eq!((reused.status, reused.code()), (StatusCode::CONFLICT, "nonce-reused"));
    let page = ada.get(&place.messages()).await.good();
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["content"], &items[0]["author"]["name"]), (&json!("hello"), &json!(ada.username)));
    let one =
        ada.get(&format!("{}/{}", place.messages(), first.body["message_id"].as_str().unwrap())).await.good();
    assert_eq!(one, items[0]);
}

#[tokio::test]
async fn history_is_read_both_ways_and_around() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let mut ids = Vec::new();
    for number in 1..=5 {
        ids.push(ada.say(&place, &format!("m{number}")).await["message_id"].as_str().unwrap().to_owned());
    }
    let texts = |page: Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap().to_owned()).collect()
    };
    let get = async |query: &str| texts(ada.get(&format!("{}?{query}", place.messages())).await.good());
    assert_eq!(get("limit=2").await, ["m4", "m5"]);
    assert_eq!(get("before=3&limit=5").await, ["m1", "m2"]);
    assert_eq!(get("after=3").await, ["m4", "m5"]);
    assert_eq!(get(&format!("around={}&limit=3", ids[2])).await, ["m2", "m3", "m4"]);
}

#[tokio::test]
async fn read_states_move_forward_and_back() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person("ada").await, deployment.person("bob").await);
    let place = ada.found("home").await;
    ada.invite(&place, &bob).await;
    // From then on the chat service knows him, and counts for him.
    bob.get(&place.messages()).await.good();
    for number in 1..=3 {
        ada.say(&place, &format!("m{number}")).await;
    }
    let unread = async || bob.get("/chat/api/read-states").await.good()["items"][0]["unread"].clone();
    assert_eq!(unread().await, 3);
    let path = format!("/chat/api/read-states/{}", place.channel);
    assert_eq!(bob.put(&path, json!({ "seq": 2 })).await.good()["unread"], 1);
    assert_eq!(bob.put(&path, json!({ "unread_from": 1 })).await.good()["unread"], 3);
    assert_eq!(bob.put(&path, json!({})).await.code(), "invalid-request");
    assert_eq!(unread().await, 3);
}
