use std::sync::Arc;

use serde_json::json;
use tokio::sync::Notify;

use super::*;
use crate::client::testing::Stub;

/// One account's tokens in memory, and who waits for a change.
#[derive(Default)]
struct Shelf {
    kept: Mutex<Option<Tokens>>,
    changed: Notify,
}

impl TokenStore for Shelf {
    fn update<'a>(&'a self, change: TokenChange<'a>) -> BoxFuture<'a, Result<Option<Tokens>, ClientError>> {
        Box::pin(async move {
            let mut kept = self.kept.lock().await;
            *kept = change(kept.clone()).await?;
            self.changed.notify_one();
            Ok(kept.clone())
        })
    }
}

fn shelf(expires_at: i64) -> Arc<Shelf> {
    let tokens = Tokens {
        access: "old".to_owned(),
        refresh: Some("r0".to_owned()),
        expires_at: Timestamp(expires_at),
    };
    Arc::new(Shelf { kept: Mutex::new(Some(tokens)), changed: Notify::new() })
}

fn rotated() -> serde_json::Value {
    json!({"access_token": "new", "token_type": "Bearer", "expires_in": 600, "refresh_token": "r1"})
}

#[test]
fn debug_output_holds_no_secret() {
    let tokens =
        Tokens { access: "hush".to_owned(), refresh: Some("hush".to_owned()), expires_at: Timestamp(0) };
    assert!(!format!("{tokens:?} {:?}", AccessToken::new("hush")).contains("hush"));
}

#[tokio::test]
async fn a_stale_token_is_refreshed_once_and_the_rotated_one_is_kept() {
    let stub = Stub::saying(&[(200, rotated())]).await;
    let shelf = shelf(0);
    let account = Refreshing::new(stub.place(), "echopulse-tui", Arc::clone(&shelf) as _);
    let (one, two) = tokio::join!(account.access_token(), account.access_token());
    assert_eq!((one.unwrap().secret(), two.unwrap().secret()), ("new", "new"));
    assert_eq!(stub.asked().len(), 1, "the second read again under the lock");
    assert_eq!(shelf.kept.lock().await.as_ref().unwrap().refresh.as_deref(), Some("r1"));
}

#[tokio::test]
async fn a_refused_token_is_refreshed_though_it_is_fresh() {
    let stub = Stub::saying(&[(200, rotated())]).await;
    let account = Refreshing::new(stub.place(), "echopulse-tui", shelf(i64::MAX));
    let old = account.access_token().await.unwrap();
    assert_eq!((old.secret(), stub.asked().len()), ("old", 0));
    account.refused(old).await;
    assert_eq!(account.access_token().await.unwrap().secret(), "new");
}

#[tokio::test]
async fn a_refused_refresh_asks_for_a_new_sign_in() {
    let stub = Stub::saying(&[(400, json!({"error": "invalid_grant", "error_description": "over"}))]).await;
    let account = Refreshing::new(stub.place(), "echopulse-tui", shelf(0));
    assert!(account.access_token().await.unwrap_err().needs_sign_in());
}

/// Security 28.
#[tokio::test]
async fn a_refresh_that_nobody_waits_for_any_more_is_kept_all_the_same() {
    let (reached, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (at_issuer, go_on) = (Arc::clone(&reached), Arc::clone(&release));
    let stub = Stub::start(move |_, _| {
        let (reached, release) = (Arc::clone(&at_issuer), Arc::clone(&go_on));
        Box::pin(async move {
            reached.notify_one();
            release.notified().await;
            (200, rotated().to_string())
        })
    })
    .await;
    let shelf = shelf(0);
    let account = Refreshing::new(stub.place(), "echopulse-tui", Arc::clone(&shelf) as _);
    tokio::select! {
        _ = account.access_token() => panic!("the issuer has not answered"),
        () = reached.notified() => {}
    }
    drop(account);
    release.notify_one();
    shelf.changed.notified().await;
    assert_eq!(shelf.kept.lock().await.as_ref().unwrap().refresh.as_deref(), Some("r1"));
}

#[tokio::test]
async fn a_bot_asks_again_when_its_token_was_refused() {
    let answer =
        |token: &str| (200, json!({"access_token": token, "token_type": "Bearer", "expires_in": 600}));
    let stub = Stub::saying(&[answer("a"), answer("b")]).await;
    let bot = Credentials::new(stub.place(), "bot", "secret");
    let first = bot.access_token().await.unwrap();
    assert_eq!(bot.access_token().await.unwrap(), first);
    bot.refused(first).await;
    assert_eq!(bot.access_token().await.unwrap().secret(), "b");
    assert_eq!(stub.asked().len(), 2);
}
