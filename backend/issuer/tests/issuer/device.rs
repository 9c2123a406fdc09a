//! The device grant, from the terminal's question to the person's decision.

use crate::support::{PASSWORD, World, claims};
use axum::http::{StatusCode, header};

#[tokio::test]
async fn an_approved_code_gives_tokens_once() {
    let world = World::new().await;
    let sub = world.person("anna").await;
    let asked = world.ask_device().await;
    let device_code = asked.field("device_code");
    assert_eq!(world.poll(&device_code).await.error(), "authorization_pending");
    let done = world.browser().decide(&asked.field("user_code"), "anna", "approve").await;
    assert_eq!(done.location(), "/id/device/done?result=approved");
    world.clock.advance(5);
    let tokens = world.poll(&device_code).await;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text);
    assert_eq!(claims(&tokens.field("access_token"))["sub"], sub);
    let refreshed = world.refresh("echopulse-tui", &tokens.field("refresh_token")).await;
    assert_eq!(refreshed.status, StatusCode::OK);
    world.clock.advance(5);
    assert_eq!(world.poll(&device_code).await.error(), "invalid_grant");
}

#[tokio::test]
async fn codes_have_the_announced_shape() {
    let asked = World::new().await.ask_device().await;
    let code = asked.field("user_code");
    let (left, right) = code.split_once('-').unwrap();
    assert!([left, right].iter().all(|half| half.len() == 4));
    assert!(code.chars().all(|c| "BCDFGHJKLMNPQRSTVWXZ-".contains(c)), "{code}");
    assert_eq!(asked.field("device_code").len(), 43, "256 bits");
    assert_eq!(asked.field("verification_uri"), format!("{}/device", crate::support::URL));
    assert!(asked.field("verification_uri_complete").ends_with(&format!("?user_code={code}")));
    assert_eq!(
        (asked.json()["expires_in"].as_u64(), asked.json()["interval"].as_u64()),
        (Some(600), Some(5))
    );
}

#[tokio::test]
async fn a_refused_code_is_denied() {
    let world = World::new().await;
    world.person("anna").await;
    let asked = world.ask_device().await;
    let done = world.browser().decide(&asked.field("user_code"), "anna", "refuse").await;
    assert_eq!(done.location(), "/id/device/done?result=refused");
    assert_eq!(world.poll(&asked.field("device_code")).await.error(), "access_denied");
}

#[tokio::test]
async fn polling_too_fast_slows_down_for_good() {
    let world = World::new().await;
    let code = world.ask_device().await.field("device_code");
    assert_eq!(world.poll(&code).await.error(), "authorization_pending");
    world.clock.advance(4);
    assert_eq!(world.poll(&code).await.error(), "slow_down");
    world.clock.advance(9);
    assert_eq!(world.poll(&code).await.error(), "slow_down", "ten seconds are due now");
    world.clock.advance(15);
    assert_eq!(world.poll(&code).await.error(), "authorization_pending");
    world.clock.advance(14);
    assert_eq!(world.poll(&code).await.error(), "slow_down", "the longer interval stays");
}

#[tokio::test]
async fn codes_expire_for_the_terminal_and_for_the_page() {
    let world = World::new().await;
    world.person("anna").await;
    let asked = world.ask_device().await;
    world.clock.advance(600);
    assert_eq!(world.poll(&asked.field("device_code")).await.error(), "expired_token");
    let page = world.browser().get(&format!("/id/device?user_code={}", asked.field("user_code"))).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_user_code_works_once() {
    let world = World::new().await;
    world.person("anna").await;
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    browser.decide(&code, "anna", "approve").await;
    assert_eq!(browser.get(&format!("/id/device?user_code={code}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn approved_then_locked_gets_nothing_even_when_unlocked_again() {
    let world = World::new().await;
    let sub = world.person("anna").await;
    let asked = world.ask_device().await;
    world.browser().decide(&asked.field("user_code"), "anna", "approve").await;
    world.issuer.set_locked(&sub, true).await.unwrap();
    assert_eq!(world.poll(&asked.field("device_code")).await.error(), "access_denied");
    world.issuer.set_locked(&sub, false).await.unwrap();
    world.clock.advance(5);
    assert_eq!(world.poll(&asked.field("device_code")).await.error(), "access_denied");
}

#[tokio::test]
async fn a_device_code_belongs_to_its_client() {
    let world = World::new().await;
    let code = world.ask_device().await.field("device_code");
    let poll = async |client| {
        let fields =
            [("grant_type", crate::support::DEVICE_GRANT), ("client_id", client), ("device_code", &*code)];
        world.post("/token", &fields).await
    };
    assert_eq!(poll("echopulse-web").await.error(), "unauthorized_client");
    assert_eq!(poll("stranger").await.error(), "invalid_client");
    let refused = world.post("/device_authorization", &[("client_id", "echopulse-web")]).await;
    assert_eq!(refused.error(), "unauthorized_client");
}

#[tokio::test]
async fn guessing_user_codes_is_limited_and_a_success_resets_nothing() {
    let world = World::new().await;
    let real = world.ask_device().await.field("user_code");
    let browser = world.browser();
    let look = async |code: &str| browser.get(&format!("/id/device?user_code={code}")).await.status;
    // The letters of the real code in another order would be real one time in many; a repeated letter is enough here.
    for _ in 0..3 {
        assert_eq!(look("BBBB-BBBB").await, StatusCode::NOT_FOUND);
    }
    assert_eq!(look(&real).await, StatusCode::TOO_MANY_REQUESTS);
    world.clock.advance(60);
    assert_eq!(look(&real).await, StatusCode::OK);
    assert_eq!(look("BBBB-BBBB").await, StatusCode::NOT_FOUND);
    assert_eq!(look("BBBB-BBBB").await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn guessing_user_codes_is_limited_over_all_sources() {
    let world =
        World::with(|config| config.tries.codes_total = echopulse_issuer::BucketSize::new(4, 60)).await;
    let mut browser = world.browser();
    for n in 0..4 {
        browser.ip = format!("192.0.2.{n}");
        assert_eq!(browser.get("/id/device?user_code=BBBB-BBBB").await.status, StatusCode::NOT_FOUND);
    }
    browser.ip = "192.0.2.99".to_owned();
    let limited = browser.get("/id/device?user_code=BBBB-BBBB").await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(limited.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn the_page_states_deployment_client_and_code_and_when_to_stop() {
    let world = World::with(|config| config.deployment = Some("Anna's <place>".to_owned())).await;
    world.person("anna").await;
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    let address = format!("/id/device?user_code={code}");
    let before = browser.get(&address).await;
    browser.sign_in(&before, "anna", PASSWORD).await;
    for page in [before, browser.get(&address).await] {
        for fact in [
            "Anna&#39;s &lt;place&gt;",
            "http://127.0.0.1:7777",
            "echopulse-tui",
            &code,
            "only if you started this",
        ] {
            assert!(page.text.contains(fact), "{fact} is missing on {}", page.text);
        }
    }
}

#[tokio::test]
async fn approving_needs_a_form_shown_to_this_browser_for_this_code() {
    let world = World::new().await;
    world.person("anna").await;
    let (mine, other) = (world.ask_device().await, world.ask_device().await);
    let browser = world.browser();
    let page = browser.get(&format!("/id/device?user_code={}", mine.field("user_code"))).await;
    let next = browser.sign_in(&page, "anna", PASSWORD).await.location();
    let csrf = browser.get(&next).await.hidden("csrf");
    let approve = async |csrf: &str, code: &str| {
        let fields = [("csrf", csrf), ("user_code", code), ("decision", "approve")];
        browser.post("/device", &fields).await.status
    };
    assert_eq!(approve("", &mine.field("user_code")).await, StatusCode::FORBIDDEN);
    assert_eq!(approve(&csrf, &other.field("user_code")).await, StatusCode::FORBIDDEN, "another code");
    let stranger = world.browser();
    let stolen = [("csrf", &*csrf), ("user_code", &mine.field("user_code")), ("decision", "approve")];
    assert_eq!(stranger.post("/device", &stolen).await.status, StatusCode::FORBIDDEN, "another browser");
    assert_eq!(world.poll(&mine.field("device_code")).await.error(), "authorization_pending");
    assert_eq!(approve(&csrf, &mine.field("user_code")).await, StatusCode::SEE_OTHER);
    assert_eq!(approve(&csrf, &mine.field("user_code")).await, StatusCode::NOT_FOUND, "decided already");
}
