//! Tokens: their claims, their keys, and what refreshing, revoking and restarting do to them.

use crate::support::{URL, World, claims, token_header};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use echopulse_issuer::Ended;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

#[tokio::test]
async fn the_metadata_names_this_issuer_and_only_safe_choices() {
    let metadata = World::new().await.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["issuer"], URL);
    assert_eq!(metadata["token_endpoint"], format!("{URL}/token"));
    assert_eq!(metadata["device_authorization_endpoint"], format!("{URL}/device_authorization"));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    let grants = metadata["grant_types_supported"].as_array().unwrap();
    assert!(!grants.contains(&json!("password")) && !grants.contains(&json!("implicit")));
}

#[tokio::test]
async fn an_access_token_has_the_claims_the_services_check() {
    let world = World::new().await;
    let reply = world.folder_sign_in("Anna").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
    let token = reply.field("access_token");
    let claims = verify(&world, &token).await;
    assert_eq!(token_header(&token)["typ"], "at+jwt");
    assert_eq!(claims["iss"], URL);
    assert_eq!(claims["aud"], "echopulse");
    assert_eq!(claims["typ"], "Bearer");
    assert_eq!((&claims["azp"], &claims["client_id"]), (&json!("echopulse-tui"), &json!("echopulse-tui")));
    assert_eq!((&claims["preferred_username"], &claims["name"]), (&json!("anna"), &json!("Anna")));
    assert_eq!(claims["exp"].as_u64().unwrap(), claims["iat"].as_u64().unwrap() + 600);
    assert_eq!(claims["nbf"], claims["iat"]);
    for opaque in ["sub", "sid", "jti"] {
        assert_eq!(claims[opaque].as_str().unwrap().len(), 22, "{opaque}");
    }
    assert!(reply.json().get("id_token").is_none());
}

#[tokio::test]
async fn the_first_person_of_the_folder_is_admin_and_nobody_else() {
    let world = World::new().await;
    let roles = async |name: &str| {
        claims(&world.folder_sign_in(name).await.field("access_token"))["realm_access"].clone()
    };
    assert_eq!(roles("anna").await, json!({ "roles": ["echopulse-user", "echopulse-admin"] }));
    assert_eq!(roles("ben").await, json!({ "roles": ["echopulse-user"] }));
    assert_eq!(roles("anna").await, json!({ "roles": ["echopulse-user", "echopulse-admin"] }));
}

#[tokio::test]
async fn of_many_first_people_exactly_one_is_admin() {
    let world = World::new().await;
    let (a, b, c, d) = tokio::join!(
        world.folder_sign_in("anna"),
        world.folder_sign_in("ben"),
        world.folder_sign_in("carla"),
        world.folder_sign_in("dora"),
    );
    let admins = [a, b, c, d]
        .iter()
        .filter(|reply| {
            claims(&reply.field("access_token"))["realm_access"].to_string().contains("echopulse-admin")
        })
        .count();
    assert_eq!(admins, 1);
}

#[tokio::test]
async fn a_known_name_signs_in_as_the_same_person() {
    let world = World::new().await;
    let first = claims(&world.folder_sign_in("anna").await.field("access_token"));
    let second = claims(&world.folder_sign_in("ANNA").await.field("access_token"));
    assert_eq!(first["sub"], second["sub"]);
    assert_ne!(first["sid"], second["sid"]);
}

#[tokio::test]
async fn the_folder_grant_needs_the_folder_key_and_a_name() {
    let world = World::new().await;
    let key = world.folder_key();
    let ask = async |client, secret: &str, name: &str| {
        let grant = ("grant_type", echopulse_issuer::LOCAL_FOLDER_GRANT);
        world.post("/token", &[grant, ("client_id", client), ("secret", secret), ("name", name)]).await
    };
    assert_eq!(ask("echopulse-tui", "guess", "anna").await.error(), "invalid_grant");
    assert_eq!(ask("echopulse-web", &key, "anna").await.error(), "unauthorized_client");
    assert_eq!(ask("stranger", &key, "anna").await.status, StatusCode::UNAUTHORIZED);
    for bad in ["", "a b", "everyone"] {
        assert_eq!(ask("echopulse-tui", &key, bad).await.error(), "invalid_request", "{bad}");
    }
    assert_eq!(ask("echopulse-tui", &key, "anna").await.status, StatusCode::OK);
}

#[tokio::test]
async fn refreshing_rotates_and_keeps_the_session() {
    let world = World::new().await;
    let first = world.folder_sign_in("anna").await;
    world.clock.advance(500);
    let second = world.refresh("echopulse-tui", &first.field("refresh_token")).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.text);
    assert_ne!(first.field("refresh_token"), second.field("refresh_token"));
    let (before, after) = (claims(&first.field("access_token")), claims(&second.field("access_token")));
    assert_eq!((&before["sub"], &before["sid"]), (&after["sub"], &after["sid"]));
    assert_ne!(before["jti"], after["jti"]);
}

#[tokio::test]
async fn reuse_within_the_same_second_revokes_the_family() {
    let world = World::new().await;
    let first = world.folder_sign_in("anna").await;
    let old = first.field("refresh_token");
    let second = world.refresh("echopulse-tui", &old).await.field("refresh_token");
    assert_eq!(world.refresh("echopulse-tui", &old).await.error(), "invalid_grant");
    assert_eq!(world.refresh("echopulse-tui", &second).await.error(), "invalid_grant");
    let sid = claims(&first.field("access_token"))["sid"].as_str().unwrap().to_owned();
    assert_eq!(*world.heard.0.lock().unwrap(), [Ended::Session { sid }]);
}

#[tokio::test]
async fn parallel_use_of_one_refresh_token_succeeds_once() {
    let world = World::new().await;
    let token = world.folder_sign_in("anna").await.field("refresh_token");
    let (a, b) = tokio::join!(world.refresh("echopulse-tui", &token), world.refresh("echopulse-tui", &token));
    assert_eq!([a.status, b.status].iter().filter(|status| status.is_success()).count(), 1);
}

#[tokio::test]
async fn reuse_revokes_the_family_after_a_restart_too() {
    let mut world = World::new().await;
    let old = world.folder_sign_in("anna").await.field("refresh_token");
    let new = world.refresh("echopulse-tui", &old).await.field("refresh_token");
    world.restart().await;
    assert_eq!(world.refresh("echopulse-tui", &old).await.error(), "invalid_grant");
    world.restart().await;
    assert_eq!(world.refresh("echopulse-tui", &new).await.error(), "invalid_grant");
}

#[tokio::test]
async fn keys_people_and_sign_ins_survive_a_restart() {
    let mut world = World::new().await;
    let before = world.folder_sign_in("anna").await;
    let jwks = world.get("/jwks").await.json();
    world.restart().await;
    assert_eq!(world.get("/jwks").await.json(), jwks);
    let after = world.refresh("echopulse-tui", &before.field("refresh_token")).await;
    let sub = |reply: &crate::support::Reply| claims(&reply.field("access_token"))["sub"].clone();
    assert_eq!(sub(&before), sub(&after));
    assert_eq!(sub(&before), sub(&world.folder_sign_in("anna").await));
}

#[tokio::test]
async fn a_refresh_token_belongs_to_its_client_and_ends_unused() {
    let world = World::new().await;
    let token = world.folder_sign_in("anna").await.field("refresh_token");
    assert_eq!(world.refresh("echopulse-web", &token).await.error(), "invalid_grant");
    assert_eq!(world.refresh("echopulse-tui", "never given").await.error(), "invalid_grant");
    world.clock.advance(30 * 24 * 3600);
    assert_eq!(world.refresh("echopulse-tui", &token).await.error(), "invalid_grant");
}

#[tokio::test]
async fn revoking_either_token_ends_the_sign_in() {
    for kind in ["refresh_token", "access_token"] {
        let world = World::new().await;
        let tokens = world.folder_sign_in("anna").await;
        let token = tokens.field(kind);
        let foreign = world.post("/revoke", &[("client_id", "echopulse-web"), ("token", &token)]).await;
        assert_eq!(foreign.status, StatusCode::OK);
        assert!(world.heard.0.lock().unwrap().is_empty(), "another client's token");
        let own = world.post("/revoke", &[("client_id", "echopulse-tui"), ("token", &token)]).await;
        assert_eq!(own.status, StatusCode::OK);
        assert_eq!(
            world.refresh("echopulse-tui", &tokens.field("refresh_token")).await.error(),
            "invalid_grant"
        );
        assert_eq!(world.heard.0.lock().unwrap().len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_bot_gets_tokens_with_its_secret_and_only_the_bot_role() {
    let world = World::new().await;
    let bot = world.issuer.create_bot("helper").await.unwrap();
    let ask = async |secret: &str| {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", &*bot.client_id), ("client_secret", secret)];
        world.post("/token", &fields).await
    };
    assert_eq!(ask("guess").await.error(), "invalid_client");
    let reply = ask(&bot.client_secret).await;
    let claims = verify(&world, &reply.field("access_token")).await;
    assert_eq!(claims["realm_access"], json!({ "roles": ["echopulse-bot"] }));
    assert_eq!((&claims["sub"], &claims["azp"]), (&json!(bot.sub), &json!(bot.client_id)));
    assert!(reply.json().get("refresh_token").is_none());
    assert!(world.issuer.create_bot("helper").await.is_err(), "a taken name");
    world.issuer.set_locked(&bot.sub, true).await.unwrap();
    assert_eq!(ask(&bot.client_secret).await.error(), "access_denied");
}

#[tokio::test]
async fn another_secret_ends_the_old_one_and_a_removed_bot_has_none() {
    let world = World::new().await;
    let bot = world.issuer.create_bot("helper").await.unwrap();
    let ask = async |secret: &str| {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", &*bot.client_id), ("client_secret", secret)];
        world.post("/token", &fields).await
    };
    let new = world.issuer.rotate_bot(&bot.client_id).await.unwrap().unwrap();
    assert_eq!(ask(&bot.client_secret).await.error(), "invalid_client");
    let claims = verify(&world, &ask(&new).await.field("access_token")).await;
    assert_eq!(claims["sub"], json!(bot.sub), "it is still the same bot");
    world.issuer.remove_bot(&bot.client_id).await.unwrap();
    assert_eq!(ask(&new).await.error(), "invalid_client");
    let ended = Ended::Subject { sub: bot.sub.clone() };
    assert_eq!(*world.heard.0.lock().unwrap(), [ended.clone(), ended], "the services hear of both");
    world.issuer.remove_bot(&bot.client_id).await.unwrap();
    assert_eq!(world.issuer.rotate_bot(&bot.client_id).await.unwrap(), None);
    assert_ne!(world.issuer.create_bot("helper").await.unwrap().sub, bot.sub, "another bot of that name");
}

#[tokio::test]
async fn a_bot_may_show_its_secret_in_the_header() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let world = World::new().await;
    let bot = world.issuer.create_bot("helper").await.unwrap();
    let basic = STANDARD.encode(format!("{}:{}", bot.client_id, bot.client_secret));
    let request = Request::post("/id/token")
        .header(header::AUTHORIZATION, format!("Basic {basic}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("grant_type=client_credentials"))
        .unwrap();
    assert_eq!(world.send(request, "127.0.0.1").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_locked_person_neither_signs_in_nor_refreshes_and_unlocking_brings_no_session_back() {
    let world = World::new().await;
    let tokens = world.folder_sign_in("anna").await;
    let sub = claims(&tokens.field("access_token"))["sub"].as_str().unwrap().to_owned();
    world.issuer.set_locked(&sub, true).await.unwrap();
    assert_eq!(*world.heard.0.lock().unwrap(), [Ended::Subject { sub: sub.clone() }]);
    assert_eq!(world.folder_sign_in("anna").await.error(), "access_denied");
    assert_eq!(world.refresh("echopulse-tui", &tokens.field("refresh_token")).await.error(), "invalid_grant");
    world.issuer.set_locked(&sub, false).await.unwrap();
    assert_eq!(world.refresh("echopulse-tui", &tokens.field("refresh_token")).await.error(), "invalid_grant");
    assert_eq!(world.folder_sign_in("anna").await.status, StatusCode::OK);
    assert!(world.issuer.set_locked("nobody", true).await.is_err());
}

#[tokio::test]
async fn userinfo_answers_while_the_sign_in_lives() {
    let world = World::new().await;
    let tokens = world.folder_sign_in("Anna").await;
    let ask = async || {
        let bearer = format!("Bearer {}", tokens.field("access_token"));
        let request =
            Request::get("/id/userinfo").header(header::AUTHORIZATION, bearer).body(Body::empty()).unwrap();
        world.send(request, "127.0.0.1").await
    };
    assert_eq!(ask().await.field("preferred_username"), "anna");
    assert_eq!(world.get("/userinfo").await.status, StatusCode::UNAUTHORIZED);
    world.clock.advance(600);
    assert_eq!(ask().await.status, StatusCode::UNAUTHORIZED, "expired");
}

#[tokio::test]
async fn a_field_given_twice_is_refused() {
    let world = World::new().await;
    let twice = [("grant_type", "refresh_token"), ("grant_type", "refresh_token")];
    assert_eq!(world.post("/token", &twice).await.error(), "invalid_request");
    assert_eq!(world.post("/token", &[]).await.error(), "invalid_request");
    assert_eq!(world.post("/token", &[("grant_type", "password")]).await.error(), "unsupported_grant_type");
}

/// Checks the signature with the published key, as a service would.
async fn verify(world: &World, token: &str) -> Value {
    let jwks = world.get("/jwks").await.json();
    let header = token_header(token);
    assert_eq!(header["alg"], "ES256");
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
    assert!(key.get("d").is_none(), "the private half stays here");
    let key =
        DecodingKey::from_ec_components(key["x"].as_str().unwrap(), key["y"].as_str().unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::ES256);
    rules.validate_exp = false;
    rules.set_audience(&["echopulse"]);
    rules.set_issuer(&[URL]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub", "nbf"]);
    jsonwebtoken::decode::<Value>(token, &key, &rules).unwrap().claims
}
