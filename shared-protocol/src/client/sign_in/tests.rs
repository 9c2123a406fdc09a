use std::{io::Write, sync::Mutex};

use serde_json::{Value, json};

use super::*;
use crate::client::testing::Stub;

fn asked(uri: &str) -> (u16, Value) {
    let code = json!({"device_code": "d", "user_code": "WDJB-MJHT\u{1b}[2J", "verification_uri": uri,
        "verification_uri_complete": format!("{uri}?user_code=WDJB-MJHT"), "expires_in": 600, "interval": 5});
    (200, code)
}

fn refused(code: &str) -> (u16, Value) {
    (400, json!({"error": code, "error_description": "no\u{7}"}))
}

const URI: &str = "https://id.example.org/device";

/// Polls with these answers. Answers the outcome and the pauses in seconds.
async fn poll(answers: &[(u16, Value)]) -> (Result<Tokens, ClientError>, Vec<u64>) {
    let all: Vec<_> = [asked(URI)].into_iter().chain(answers.iter().cloned()).collect();
    let stub = Stub::saying(&all).await;
    let sign_in = DeviceSignIn::start(&*stub.place()).await.unwrap();
    assert_eq!(sign_in.code().user_code, "WDJB-MJHT[2J", "foreign text is made safe");
    let pauses = Mutex::new(Vec::new());
    let outcome = sign_in
        .wait_with(|pause| {
            pauses.lock().unwrap().push(pause.as_secs());
            std::future::ready(())
        })
        .await;
    (outcome, pauses.into_inner().unwrap())
}

/// Security 23.
#[tokio::test]
async fn the_pace_is_the_issuers_and_slow_down_lasts() {
    let done =
        (200, json!({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "refresh_token": "r"}));
    let pending = refused("authorization_pending");
    let (tokens, pauses) = poll(&[pending.clone(), refused("slow_down"), pending, done]).await;
    assert_eq!(tokens.unwrap().refresh.as_deref(), Some("r"));
    assert_eq!(pauses, [5, 10, 10]);
}

#[tokio::test]
async fn a_refusal_and_an_end_of_time_are_told_apart() {
    for (code, expected) in [("access_denied", SignInError::Denied), ("expired_token", SignInError::Expired)]
    {
        let (outcome, _) = poll(&[refused(code)]).await;
        assert!(matches!(outcome, Err(ClientError::SignIn(error)) if error == expected), "{code}");
    }
}

/// Security 25.
#[tokio::test]
async fn a_link_that_is_none_is_not_shown() {
    for uri in ["javascript:alert(1)", "http://id.example.org/device", "file:///etc/passwd"] {
        let stub = Stub::saying(&[asked(uri)]).await;
        assert!(
            matches!(DeviceSignIn::start(&*stub.place()).await, Err(ClientError::Address { .. })),
            "{uri}"
        );
    }
}

fn key_file() -> (std::path::PathBuf, impl Drop) {
    struct Gone(std::path::PathBuf);
    impl Drop for Gone {
        fn drop(&mut self) {
            // A file that is left behind in the temporary folder harms nobody.
            let _ = std::fs::remove_file(&self.0);
        }
    }
    let path =
        std::env::temp_dir().join(format!("echopulse-key-{}-{}", std::process::id(), rand::random::<u64>()));
    writeln!(std::fs::File::create(&path).unwrap(), "k3y").unwrap();
    (path.clone(), Gone(path))
}

#[tokio::test]
async fn the_folder_key_is_sent_with_the_name() {
    let (path, _gone) = key_file();
    let stub = Stub::saying(&[(200, json!({"access_token": "a", "expires_in": 600}))]).await;
    let folder = LocalFolder::new(stub.place(), path, "ada");
    assert_eq!(folder.access_token().await.unwrap().secret(), "a");
    let body = &stub.asked()[0].body;
    for part in ["local-folder", "client_id=echopulse-tui", "secret=k3y", "name=ada"] {
        assert!(body.contains(part), "{part} in {body}");
    }
}

#[tokio::test]
async fn a_refused_name_is_told_in_the_issuers_words() {
    let (path, _gone) = key_file();
    let stub = Stub::saying(&[refused("invalid_request")]).await;
    let error = LocalFolder::new(stub.place(), path, "me").access_token().await.unwrap_err();
    assert_eq!(error.to_string(), "the issuer refused: no");
}

#[tokio::test]
async fn signing_out_revokes_the_refresh_token() {
    let stub = Stub::saying(&[(200, json!({}))]).await;
    sign_out(&*stub.place(), "r0").await.unwrap();
    let asked = &stub.asked()[0];
    assert_eq!(asked.line, "POST /revoke");
    assert!(
        asked.body.contains("token=r0") && asked.body.contains("client_id=echopulse-tui"),
        "{}",
        asked.body
    );
}
