//! Signing in and up on the pages, and what the pages never do.

use crate::support::{Browser, PASSWORD, Reply, World};
use axum::http::{StatusCode, header};

#[tokio::test]
async fn pages_cannot_be_framed_scripted_or_kept() {
    let world = World::new().await;
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    for path in
        ["/id/device".to_owned(), format!("/id/device?user_code={code}"), "/id/logout/done".to_owned()]
    {
        let page = browser.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        assert!(
            policy.contains("frame-ancestors 'none'")
                && !policy.contains("unsafe")
                && !policy.contains("script")
        );
        assert_eq!(page.headers[header::X_FRAME_OPTIONS], "DENY");
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
        assert!(!page.text.contains("<script") && !page.text.contains(" style="), "{path}");
        let tags = page.text.split('<').filter_map(|piece| piece.split('>').next());
        assert!(
            !tags.flat_map(str::split_whitespace).any(|word| word.starts_with("on")),
            "a handler on {path}"
        );
    }
}

#[tokio::test]
async fn every_post_that_succeeds_is_answered_303() {
    let world = World::new().await;
    world.person("anna").await;
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    let page = code_page(&browser, &code).await;
    assert_eq!(browser.sign_in(&page, "anna", "wrong horse").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.sign_in(&page, "anna", PASSWORD).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.decide(&code, "anna", "approve").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_in_changes_the_cookie_and_hides_it_from_scripts() {
    let world = World::new().await;
    world.person("anna").await;
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    let page = code_page(&browser, &code).await;
    let before = browser.cookie.lock().unwrap().clone();
    let reply = browser.sign_in(&page, "anna", PASSWORD).await;
    assert_ne!(before, *browser.cookie.lock().unwrap());
    let set = reply.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.ends_with("; Path=/id; HttpOnly; SameSite=Lax"), "{set}");
}

#[tokio::test]
async fn cookies_are_secure_over_https() {
    let world = World::with(|config| config.base_url = "https://chat.example/id".to_owned()).await;
    let code = world.ask_device().await.field("user_code");
    let reply = world.get(&format!("/device?user_code={code}")).await;
    let set = reply.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.starts_with("__Secure-") && set.contains("; Secure"), "{set}");
}

#[tokio::test]
async fn an_unknown_name_a_wrong_password_and_a_lock_look_the_same() {
    let world = World::with(|config| config.tries.passwords_per_source.burst = 100).await;
    world.person("anna").await;
    let ben = world.person("ben").await;
    world.issuer.ensure_person("no-password").await.unwrap();
    world.issuer.set_locked(&ben, true).await.unwrap();
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    let page = code_page(&browser, &code).await;
    let tries = [
        ("anna", "wrong horse"),
        ("nobody", PASSWORD),
        ("no-password", PASSWORD),
        ("ben", PASSWORD),
        ("Not A Name", PASSWORD),
        ("anna", "short"),
    ];
    for (name, password) in tries {
        let reply = browser.sign_in(&page, name, password).await;
        assert_eq!(reply.location(), format!("/id/device?user_code={code}&problem=sign-in"), "{name}");
    }
    let shown = browser.get(&format!("/id/device?user_code={code}&problem=sign-in")).await;
    assert!(shown.text.contains("do not fit together"));
}

#[tokio::test]
async fn unknown_names_and_wrong_passwords_use_up_the_same_tries() {
    let world = World::new().await;
    world.person("anna").await;
    let code = world.ask_device().await.field("user_code");
    for name in ["anna", "nobody"] {
        let mut browser = world.browser();
        browser.ip = format!("2001:db8:0:{}::1", name.len());
        let page = code_page(&browser, &code).await;
        for _ in 0..3 {
            assert_eq!(browser.sign_in(&page, name, "wrong horse").await.status, StatusCode::SEE_OTHER);
        }
        let limited = browser.sign_in(&page, "anna", PASSWORD).await;
        assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS, "{name}");
        assert_eq!(limited.headers[header::RETRY_AFTER], "30");
        world.clock.advance(30);
        assert_eq!(browser.sign_in(&page, "anna", PASSWORD).await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn without_a_free_hasher_a_sign_in_is_503_and_costs_no_try() {
    let world = World::with(|config| config.password_cost.at_once = 0).await;
    world.issuer.ensure_person("anna").await.unwrap();
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    let page = code_page(&browser, &code).await;
    for name in ["anna", "nobody", "anna", "nobody", "anna"] {
        let reply = browser.sign_in(&page, name, PASSWORD).await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[tokio::test]
async fn a_new_account_is_signed_in_and_no_admin() {
    let world = World::new().await;
    world.person("anna").await;
    let asked = world.ask_device().await;
    let code = asked.field("user_code");
    let browser = world.browser();
    let page = code_page(&browser, &code).await;
    let next = browser.sign_up(&page, "carla", [PASSWORD; 2]).await.location();
    assert_eq!(next, format!("/id/device?user_code={code}"));
    browser.decide(&code, "carla", "approve").await;
    let claims = crate::support::claims(&world.poll(&asked.field("device_code")).await.field("access_token"));
    assert_eq!((&claims["preferred_username"], &claims["name"]), (&"carla".into(), &"Somebody New".into()));
    assert_eq!(claims["realm_access"]["roles"], serde_json::json!(["echopulse-user"]));
}

#[tokio::test]
async fn a_stranger_is_never_the_first_person() {
    let world = World::new().await;
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    let page = code_page(&browser, &code).await;
    let reply = browser.sign_up(&page, "mallory", [PASSWORD; 2]).await;
    assert!(reply.location().ends_with("&problem=no-owner"));
    assert_eq!(world.issuer.owner().await.unwrap(), None);
}

#[tokio::test]
async fn a_sign_up_that_breaks_a_rule_says_which() {
    let world = World::with(|config| config.tries.sign_ups_per_source.burst = 100).await;
    world.person("anna").await;
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    let page = code_page(&browser, &code).await;
    let cases = [
        ("anna", [PASSWORD; 2], "name-taken"),
        ("a b", [PASSWORD; 2], "name"),
        ("me", [PASSWORD; 2], "name"),
        ("carla", [PASSWORD, "another one"], "mismatch"),
        ("carla", ["short"; 2], "password-length"),
    ];
    for (name, passwords, problem) in cases {
        let location = browser.sign_up(&page, name, passwords).await.location();
        assert!(location.ends_with(&format!("&problem={problem}")), "{location}");
        assert!(browser.get(&location).await.text.contains("role=\"alert\""), "{problem}");
    }
}

#[tokio::test]
async fn accounts_are_made_only_where_that_is_allowed() {
    let world = World::with(|config| config.allow_sign_up = false).await;
    world.person("anna").await;
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    let page = code_page(&browser, &code).await;
    assert!(!page.text.contains("Make an account"));
    assert_eq!(browser.sign_up(&page, "carla", [PASSWORD; 2]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn signing_in_needs_our_form_and_leads_nowhere_foreign() {
    let world = World::new().await;
    world.person("anna").await;
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    let csrf = code_page(&browser, &code).await.hidden("csrf");
    for then in ["device?user_code=BBBB-BBBB", "//evil.example/", "https://evil.example/", "device?\r\nx:y"] {
        let fields = [("csrf", &*csrf), ("then", then), ("username", "anna"), ("password", PASSWORD)];
        assert_eq!(browser.post("/sign-in", &fields).await.status, StatusCode::FORBIDDEN, "{then}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_asks_first() {
    let world = World::new().await;
    world.person("anna").await;
    let code = world.ask_device().await.field("user_code");
    let browser = world.browser();
    let page = code_page(&browser, &code).await;
    browser.sign_in(&page, "anna", PASSWORD).await;
    assert_eq!(browser.post("/logout", &[]).await.status, StatusCode::FORBIDDEN);
    let question = browser.get("/id/logout").await;
    let done = browser.post("/logout", &[("csrf", &question.hidden("csrf"))]).await;
    assert_eq!(done.location(), "/id/logout/done");
    assert!(code_page(&browser, &code).await.text.contains("/id/sign-in"), "signed out");
    let foreign = browser.get("/id/logout?post_logout_redirect_uri=https://evil.example/").await;
    assert_eq!(foreign.status, StatusCode::BAD_REQUEST);
}

async fn code_page(browser: &Browser<'_>, code: &str) -> Reply {
    let page = browser.get(&format!("/id/device?user_code={code}")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    page
}
