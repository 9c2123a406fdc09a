use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::{
    client::testing::{Numbered, Stub},
    id::{ChannelId, Epoch, MessageId, Seq},
    rest::{PostMessage, Receipt},
};

fn rest(stub: &Stub) -> Rest {
    Rest::new(stub.place(), Arc::new(Numbered::default())).unwrap()
}

fn user() -> Value {
    json!({"id": crate::id::UserId::from_u128(1), "username": "ada", "display_name": "Ada\u{1b}[31m", "bio": "",
        "kind": "person", "created_at": "2026-11-25T00:00:00.000Z"})
}

#[test]
fn a_code_cannot_leave_its_part_of_the_path() {
    assert_eq!(path_part("aB3/../x?y#z é"), "aB3%2F..%2Fx%3Fy%23z%20%C3%A9");
}

#[tokio::test]
async fn texts_of_others_are_made_safe_where_they_enter() {
    let stub = Stub::saying(&[(200, user())]).await;
    assert_eq!(rest(&stub).me().await.unwrap().display_name, "Ada[31m");
    assert_eq!(stub.asked()[0].line, "GET /api/users/me");
}

#[tokio::test]
async fn a_stale_token_is_renewed_once() {
    let stale = (401, json!({"status": 401, "code": "token-expired", "detail": "over"}));
    let stub = Stub::saying(&[stale.clone(), (200, user())]).await;
    rest(&stub).me().await.unwrap();
    let tokens: Vec<_> = stub.asked().into_iter().filter_map(|asked| asked.authorization).collect();
    assert_eq!(tokens, ["Bearer token-0", "Bearer token-1"]);
    let stub = Stub::saying(&[stale]).await;
    assert_eq!(rest(&stub).me().await.unwrap_err().code(), Some(ProblemCode::TokenExpired));
    assert_eq!(stub.asked().len(), 2);
}

#[tokio::test]
async fn a_call_that_came_too_early_is_made_again_and_a_long_wait_is_told() {
    let early = |seconds: u64| {
        (429, json!({"status": 429, "code": "rate-limited", "bucket": "read", "retry_after": seconds}))
    };
    let stub = Stub::saying(&[early(1), early(1), (200, user())]).await;
    rest(&stub).me().await.unwrap();
    assert_eq!(stub.asked().len(), 3);
    let stub = Stub::saying(&[early(8640)]).await;
    assert_eq!(rest(&stub).me().await.unwrap_err().code(), Some(ProblemCode::RateLimited));
    assert_eq!(stub.asked().len(), 1);
}

#[tokio::test]
async fn a_posted_message_is_answered_by_its_receipt() {
    let receipt = Receipt { message_id: MessageId::from_u128(9), epoch: Epoch(1), seq: Seq(7) };
    let stub = Stub::saying(&[(201, serde_json::to_value(receipt).unwrap())]).await;
    let post = PostMessage {
        content: "hi".to_owned(),
        reply_to: None,
        mention_author: None,
        nonce: Some("n".to_owned()),
    };
    assert_eq!(rest(&stub).post(ChannelId::from_u128(3), &post).await.unwrap(), receipt);
    assert_eq!(stub.asked()[0].body, r#"{"content":"hi","nonce":"n"}"#);
}

#[tokio::test]
async fn a_web_page_instead_of_json_is_called_one() {
    for status in [200, 502, 302] {
        let stub = Stub::saying(&[(status, json!("<!doctype html><p>nginx"))]).await;
        let error = rest(&stub).me().await.unwrap_err();
        assert!(
            matches!(&error, ClientError::NotEchoPulse { what, .. } if what.contains("web page")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_error_names_no_invite() {
    let stub = Stub::saying(&[(200, json!("no"))]).await;
    let error = rest(&stub).join("aB3xSecret").await.unwrap_err().to_string();
    assert!(!error.contains("aB3xSecret"), "{error}");
    let url = stub.url.clone();
    let gone = rest(&stub);
    gone.me().await.unwrap_err();
    drop(stub);
    let error = gone.join("aB3xSecret").await.unwrap_err().to_string();
    assert!(!error.contains("aB3xSecret") && error.contains(&url), "{error}");
}

#[tokio::test]
async fn all_pages_of_a_list_are_read() {
    let page = |name: &str, next: Value| {
        let mut user = user();
        user["username"] = json!(name);
        let member = json!({"user_id": user["id"], "joined_at": "2026-11-25T00:00:00.000Z", "user": user});
        (200, json!({"items": [member], "next": next}))
    };
    let stub = Stub::saying(&[page("ada", json!("c1")), page("lin", Value::Null)]).await;
    let members = rest(&stub).members(crate::id::ServerId::from_u128(5)).await.unwrap();
    let names: Vec<_> = members.iter().map(|member| member.user.username.as_str()).collect();
    assert_eq!(names, ["ada", "lin"]);
    assert!(stub.asked()[1].line.ends_with("/members?limit=100&cursor=c1"));
}
