//! The code flow of the browser client.

use crate::support::{Browser, CALLBACK, PASSWORD, Reply, URL, World, claims, token_header};
use axum::http::{StatusCode, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use echopulse_issuer::Ended;
use sha2::{Digest, Sha256};

const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more-123";

#[tokio::test]
async fn a_code_gives_tokens_and_an_id_token() {
    let world = World::new().await;
    let sub = world.person("anna").await;
    let browser = world.browser();
    let landed = sign_in(&browser).await;
    assert_eq!(param(&landed, "state"), "st-1");
    assert_eq!(param(&landed, "iss"), "http%3A%2F%2F127.0.0.1%3A7777%2Fid");
    let tokens = redeem(&world, &param(&landed, "code"), VERIFIER).await;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text);
    let (access, id) = (tokens.field("access_token"), tokens.field("id_token"));
    assert_eq!(
        (token_header(&access)["typ"].clone(), token_header(&id)["typ"].clone()),
        ("at+jwt".into(), "JWT".into())
    );
    let id = claims(&id);
    assert_eq!(
        (&id["aud"], &id["nonce"], &id["sub"]),
        (&"echopulse-web".into(), &"no-1".into(), &sub.clone().into())
    );
    assert_eq!(id["iss"], URL);
    assert_eq!(claims(&access)["sid"], id["sid"]);
    let refreshed = world.refresh("echopulse-web", &tokens.field("refresh_token")).await;
    assert_eq!(refreshed.status, StatusCode::OK);
}

#[tokio::test]
async fn a_second_use_of_a_code_revokes_what_the_first_gave() {
    let world = World::new().await;
    world.person("anna").await;
    let code = param(&sign_in(&world.browser()).await, "code");
    let tokens = redeem(&world, &code, VERIFIER).await;
    assert_eq!(redeem(&world, &code, VERIFIER).await.error(), "invalid_grant");
    assert_eq!(world.refresh("echopulse-web", &tokens.field("refresh_token")).await.error(), "invalid_grant");
    let sid = claims(&tokens.field("access_token"))["sid"].as_str().unwrap().to_owned();
    assert_eq!(*world.heard.0.lock().unwrap(), [Ended::Session { sid }]);
}

#[tokio::test]
async fn a_code_lives_sixty_seconds() {
    let world = World::new().await;
    world.person("anna").await;
    let browser = world.browser();
    let code = param(&sign_in(&browser).await, "code");
    world.clock.advance(60);
    assert_eq!(redeem(&world, &code, VERIFIER).await.error(), "invalid_grant");
    let code = param(&browser.get(&request(&[])).await.location(), "code");
    world.clock.advance(59);
    assert_eq!(redeem(&world, &code, VERIFIER).await.status, StatusCode::OK);
}

#[tokio::test]
async fn pkce_with_s256_is_demanded() {
    let world = World::new().await;
    world.person("anna").await;
    let browser = world.browser();
    let challenge = challenge();
    let refused = [
        request(&[("code_challenge", ""), ("code_challenge_method", "")]),
        request(&[("code_challenge_method", "plain")]),
        request(&[("code_challenge", VERIFIER), ("code_challenge_method", "plain")]),
        request(&[("code_challenge", &challenge), ("code_challenge_method", "")]),
        request(&[("code_challenge", "short")]),
    ];
    for address in refused {
        let location = browser.get(&address).await.location();
        assert!(location.starts_with(CALLBACK), "{location}");
        assert_eq!(param(&location, "error"), "invalid_request");
        assert!(location.contains("state=st-1") && location.contains("iss="), "{location}");
    }
}

#[tokio::test]
async fn a_wrong_verifier_uses_the_code_up() {
    let world = World::new().await;
    world.person("anna").await;
    let code = param(&sign_in(&world.browser()).await, "code");
    let wrong = "b-verifier-of-forty-three-characters-or-more-123";
    assert_eq!(redeem(&world, &code, "").await.error(), "invalid_request");
    assert_eq!(redeem(&world, &code, wrong).await.error(), "invalid_grant");
    assert_eq!(redeem(&world, &code, VERIFIER).await.error(), "invalid_grant");
}

#[tokio::test]
async fn only_exact_addresses_are_sent_back_to() {
    let world = World::new().await;
    let browser = world.browser();
    for bad in
        ["http://127.0.0.1:7777/callback/", "http://127.0.0.1:7777/callback?x=1", "https://evil.example/", ""]
    {
        let page = browser.get(&request(&[("redirect_uri", bad)])).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{bad}");
        assert!(!page.headers.contains_key(header::LOCATION));
    }
    let page = browser.get(&request(&[("client_id", "echopulse-tui")])).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "a client without this flow");
}

#[tokio::test]
async fn other_response_types_are_refused() {
    let world = World::new().await;
    for kind in ["token", "id_token", "code token"] {
        let location = world.browser().get(&request(&[("response_type", kind)])).await.location();
        assert_eq!(param(&location, "error"), "unsupported_response_type");
    }
}

#[tokio::test]
async fn a_signed_in_browser_is_not_asked_again_and_a_silent_one_never() {
    let world = World::new().await;
    world.person("anna").await;
    let browser = world.browser();
    let silent = request(&[("prompt", "none")]);
    assert_eq!(param(&browser.get(&silent).await.location(), "error"), "login_required");
    sign_in(&browser).await;
    assert!(browser.get(&silent).await.location().contains("code="));
    world.clock.advance(12 * 3600);
    assert_eq!(param(&browser.get(&silent).await.location(), "error"), "login_required");
}

#[tokio::test]
async fn a_code_of_somebody_locked_since_is_refused() {
    let world = World::new().await;
    let sub = world.person("anna").await;
    let code = param(&sign_in(&world.browser()).await, "code");
    world.issuer.set_locked(&sub, true).await.unwrap();
    assert_eq!(redeem(&world, &code, VERIFIER).await.error(), "invalid_grant");
    world.issuer.set_locked(&sub, false).await.unwrap();
    assert_eq!(redeem(&world, &code, VERIFIER).await.error(), "invalid_grant");
}

#[tokio::test]
async fn signing_out_ends_the_sign_ins_that_came_from_the_browser() {
    let world = World::new().await;
    world.person("anna").await;
    let browser = world.browser();
    let code = param(&sign_in(&browser).await, "code");
    let tokens = redeem(&world, &code, VERIFIER).await;
    let question = browser.get("/id/logout?post_logout_redirect_uri=http://127.0.0.1:7777/&state=s").await;
    let fields = [
        ("csrf", &*question.hidden("csrf")),
        ("post_logout_redirect_uri", "http://127.0.0.1:7777/"),
        ("state", "s"),
    ];
    assert_eq!(browser.post("/logout", &fields).await.location(), "http://127.0.0.1:7777/?state=s");
    assert_eq!(world.refresh("echopulse-web", &tokens.field("refresh_token")).await.error(), "invalid_grant");
    assert_eq!(world.heard.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_sign_in_page_may_lead_to_the_client_and_nowhere_else() {
    let page = World::new().await.browser().get(&request(&[])).await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("form-action 'self' http://127.0.0.1:7777;"), "{policy}");
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// An authorization request with some fields changed; an empty value leaves the field out.
fn request(changes: &[(&str, &str)]) -> String {
    let challenge = challenge();
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", "echopulse-web"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile"),
        ("state", "st-1"),
        ("nonce", "no-1"),
        ("code_challenge", &*challenge),
        ("code_challenge_method", "S256"),
    ];
    for change in changes {
        fields.retain(|field| field.0 != change.0);
        if !change.1.is_empty() {
            fields.push(*change);
        }
    }
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| {
            format!("{name}={}", value.replace('?', "%3F").replace('=', "%3D").replace(' ', "%20"))
        })
        .collect();
    format!("/id/authorize?{}", pairs.join("&"))
}

/// Signs in on the way to the client and answers the address of the client that the browser lands on.
async fn sign_in(browser: &Browser<'_>) -> String {
    let page = browser.get(&request(&[])).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let next = browser.sign_in(&page, "anna", PASSWORD).await.location();
    let landed = browser.get(&next).await.location();
    assert!(landed.starts_with(&format!("{CALLBACK}?")), "{landed}");
    landed
}

async fn redeem(world: &World, code: &str, verifier: &str) -> Reply {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "echopulse-web"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", verifier),
    ];
    world.post("/token", &fields).await
}

fn param(address: &str, name: &str) -> String {
    let (_, query) = address.split_once('?').unwrap();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|pair| pair.0 == name);
    found.unwrap_or_else(|| panic!("no {name} in {address}")).1.to_owned()
}
