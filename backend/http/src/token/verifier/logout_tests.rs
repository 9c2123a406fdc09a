use serde_json::{Value, json};

use super::*;
use crate::token::verifier::tests::{NOW, World, is_invalid, pair, sign, world};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

fn claims() -> Value {
    json!({ "iss": "https://id.example", "aud": "echopulse-web", "iat": NOW, "exp": NOW + 120, "jti": "j-1",
        "sub": "s-1", "sid": "sid-1", "typ": "Logout", "events": { EVENT: {} } })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

async fn says(world: &World, claims: &Value) -> Result<Logout, TokenError> {
    world.verifier.verify_logout(&sign(&world.key, Some("one"), "JWT", claims)).await
}

#[tokio::test]
async fn a_logout_token_says_what_ended() {
    let world = world();
    let told = says(&world, &claims()).await.unwrap();
    assert_eq!((told.iss.as_str(), told.jti.as_str()), ("https://id.example", "j-1"));
    assert_eq!((told.ended, told.at.as_millis()), (Ended::Session("sid-1".to_owned()), NOW * 1000));
    let all = says(&world, &without("sid")).await.unwrap();
    assert_eq!(all.ended, Ended::Subject("s-1".to_owned()));
    let typed = sign(&world.key, Some("one"), "logout+jwt", &without("typ"));
    assert!(world.verifier.verify_logout(&typed).await.is_ok(), "as the standard writes it");
}

#[tokio::test]
async fn each_claim_of_a_logout_token_counts() {
    let world = world();
    for name in ["iss", "aud", "iat", "exp", "jti", "events"] {
        assert!(is_invalid(says(&world, &without(name)).await), "{name}");
    }
    let mut nobody = without("sid");
    nobody.as_object_mut().unwrap().remove("sub");
    assert!(is_invalid(says(&world, &nobody).await), "it has to say what ended");
    for (name, value) in [
        ("iss", json!("https://id.example/")),
        ("aud", json!("echopulse")),
        ("aud", json!(["account"])),
        ("events", json!({})),
        ("events", json!({ EVENT: "x" })),
        ("events", json!([EVENT])),
        ("nonce", json!("n")),
        ("nonce", json!(null)),
        ("jti", json!("")),
        ("typ", json!("Bearer")),
        ("typ", json!("ID")),
        ("iat", json!(NOW + 31)),
    ] {
        assert!(is_invalid(says(&world, &with(name, value.clone())).await), "{name} {value}");
    }
    for typ in ["at+jwt", "secevent+jwt"] {
        let other = sign(&world.key, Some("one"), typ, &without("typ"));
        assert!(is_invalid(world.verifier.verify_logout(&other).await), "{typ}");
    }
}

#[tokio::test]
async fn an_old_logout_token_is_no_news() {
    let world = world();
    assert_eq!(says(&world, &with("exp", json!(NOW - 30))).await, Err(TokenError::Expired));
    let mut old = with("exp", json!(NOW + 3600));
    old["iat"] = json!(NOW - 150);
    assert_eq!(says(&world, &old).await, Err(TokenError::Expired));
}

#[tokio::test]
async fn nobody_but_the_issuer_tells_of_a_log_out() {
    let world = world();
    let forged = sign(&pair("one", 9), Some("one"), "JWT", &claims());
    assert!(is_invalid(world.verifier.verify_logout(&forged).await));
    let right = sign(&world.key, Some("one"), "JWT", &claims());
    let payload = right.split('.').nth(1).unwrap();
    for header in ["eyJhbGciOiJub25lIiwia2lkIjoib25lIn0", "eyJhbGciOiJIUzI1NiIsImtpZCI6Im9uZSJ9"] {
        assert!(is_invalid(world.verifier.verify_logout(&format!("{header}.{payload}.")).await), "{header}");
    }
    assert!(is_invalid(world.verifier.verify(&right).await), "and it opens nothing");
}
