use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use echopulse_core::common::{
    BoxFuture,
    sign_out::{Ended, SignOut, SignOutMemory},
};
use jsonwebtoken::{Algorithm as Signing, EncodingKey, Header as SigningHeader};
use p256::{SecretKey, elliptic_curve::sec1::ToEncodedPoint, pkcs8::EncodePrivateKey};
use serde_json::{Value, json};

use super::*;
use crate::token::KeySourceError;

pub(in crate::token) const NOW: i64 = 1_800_000_000;

struct At(AtomicI64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed) * 1000)
    }
}

/// An issuer that can be down and can change its keys.
struct Issuer {
    jwks: RwLock<Option<Value>>,
    fetches: AtomicUsize,
}

impl KeySource for Issuer {
    fn fetch(&self) -> BoxFuture<'_, Result<Value, KeySourceError>> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let answer = self.jwks.read().unwrap().clone();
        Box::pin(async move { answer.ok_or_else(|| KeySourceError::Unexpected("nothing".to_owned())) })
    }
}

pub(in crate::token) struct Pair {
    encoding: EncodingKey,
    jwk: Value,
}

pub(in crate::token) fn pair(kid: &str, number: u8) -> Pair {
    let secret = SecretKey::from_slice(&[number; 32]).unwrap();
    let point = secret.public_key().to_encoded_point(false);
    let part = |octets: Option<&p256::FieldBytes>| BASE64_URL_SAFE_NO_PAD.encode(octets.unwrap());
    Pair {
        encoding: EncodingKey::from_ec_der(secret.to_pkcs8_der().unwrap().as_bytes()),
        jwk: json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
            "x": part(point.x()), "y": part(point.y()) }),
    }
}

pub(in crate::token) struct World {
    issuer: Arc<Issuer>,
    pub(in crate::token) verifier: Verifier,
    pub(in crate::token) key: Pair,
}

pub(in crate::token) fn world() -> World {
    let key = pair("one", 7);
    let issuer = Arc::new(Issuer {
        jwks: RwLock::new(Some(json!({ "keys": [key.jwk] }))),
        fetches: AtomicUsize::new(0),
    });
    let verifier = Verifier::new(
        VerifierConfig::new("https://id.example"),
        Arc::clone(&issuer) as _,
        Arc::new(At(AtomicI64::new(NOW))),
        Arc::default(),
    );
    World { issuer, verifier, key }
}

fn claims() -> Value {
    json!({ "iss": "https://id.example", "sub": "s-1", "aud": "echopulse", "exp": NOW + 600, "nbf": NOW, "iat": NOW,
        "sid": "sid-1", "typ": "Bearer", "preferred_username": "ada", "name": "Ada",
        "realm_access": { "roles": ["echopulse-user", "offline_access"] } })
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

pub(in crate::token) fn sign(key: &Pair, kid: Option<&str>, typ: &str, claims: &Value) -> String {
    let mut header = SigningHeader::new(Signing::ES256);
    header.kid = kid.map(str::to_owned);
    header.typ = Some(typ.to_owned());
    jsonwebtoken::encode(&header, claims, &key.encoding).unwrap()
}

impl World {
    fn token(&self, claims: &Value) -> String {
        sign(&self.key, Some("one"), "at+jwt", claims)
    }

    async fn says(&self, claims: &Value) -> Result<Verified, TokenError> {
        self.verifier.verify(&self.token(claims)).await
    }
}

pub(in crate::token) fn is_invalid<T>(answer: Result<T, TokenError>) -> bool {
    matches!(answer, Err(TokenError::Invalid(_)))
}

#[tokio::test]
async fn a_good_token_says_who_and_how_long() {
    let verified = world().says(&claims()).await.unwrap();
    let identity = &verified.identity;
    assert_eq!((identity.iss.as_str(), identity.sub.as_str()), ("https://id.example", "s-1"));
    assert_eq!((identity.preferred_username.as_str(), identity.name.as_deref()), ("ada", Some("Ada")));
    assert_eq!((identity.kind, identity.admin), (UserKind::Person, false));
    assert_eq!(verified.holds_until, Timestamp::from_millis((NOW + 630) * 1000));
    assert_eq!(verified.sid.as_deref(), Some("sid-1"));
}

#[tokio::test]
async fn each_claim_that_counts_has_to_be_there() {
    let world = world();
    for name in ["iss", "sub", "aud", "exp"] {
        assert!(is_invalid(world.says(&without(name)).await), "{name}");
    }
    for name in ["nbf", "iat", "sid", "preferred_username", "name"] {
        assert!(world.says(&without(name)).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_claim_of_the_wrong_type_is_no_claim() {
    let world = world();
    for value in [json!("1800000600"), json!(null), json!(-1), json!(1e300), json!(1.5), json!([1])] {
        for name in ["exp", "nbf"] {
            assert!(is_invalid(world.says(&with(name, value.clone())).await), "{name} {value}");
        }
    }
    for value in [json!(7), json!(null), json!(""), json!({})] {
        assert!(is_invalid(world.says(&with("sub", value.clone())).await), "{value}");
    }
    assert!(is_invalid(world.says(&with("aud", json!({"echopulse": 1}))).await));
}

#[tokio::test]
async fn a_claim_given_twice_is_refused() {
    let world = world();
    let twice = claims().to_string().replacen('{', r#"{"sub":"s-2","#, 1);
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"one","typ":"at+jwt"}"#);
    let signed = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(twice));
    let signature =
        jsonwebtoken::crypto::sign(signed.as_bytes(), &world.key.encoding, Signing::ES256).unwrap();
    assert!(is_invalid(world.verifier.verify(&format!("{signed}.{signature}")).await));
}

#[tokio::test]
async fn issuer_and_audience_are_compared_whole() {
    let world = world();
    for iss in ["https://id.example/", "https://id.example.evil.com", "http://id.example"] {
        assert!(is_invalid(world.says(&with("iss", json!(iss))).await), "{iss}");
    }
    for aud in [json!("account"), json!(["account", "other"]), json!("echopulse2"), json!([])] {
        assert!(is_invalid(world.says(&with("aud", aud.clone())).await), "{aud}");
    }
    assert!(world.says(&with("aud", json!(["account", "echopulse"]))).await.is_ok());
}

#[tokio::test]
async fn time_counts_with_thirty_seconds_of_leeway() {
    let world = world();
    assert!(world.says(&with("exp", json!(NOW - 29))).await.is_ok());
    assert_eq!(world.says(&with("exp", json!(NOW - 30))).await, Err(TokenError::Expired));
    assert!(world.says(&with("exp", json!(u64::MAX))).await.is_ok());
    assert!(world.says(&with("nbf", json!(NOW + 30))).await.is_ok());
    assert!(is_invalid(world.says(&with("nbf", json!(NOW + 31))).await));
}

#[tokio::test]
async fn only_access_tokens_open_anything() {
    let world = world();
    for typ in ["ID", "Refresh", "Logout", "bearer"] {
        assert!(is_invalid(world.says(&with("typ", json!(typ))).await), "{typ}");
    }
    assert!(world.says(&without("typ")).await.is_ok(), "the header says at+jwt");
    let bare = sign(&world.key, Some("one"), "JWT", &without("typ"));
    assert!(is_invalid(world.verifier.verify(&bare).await));
    let keycloak = sign(&world.key, Some("one"), "JWT", &claims());
    assert!(world.verifier.verify(&keycloak).await.is_ok(), "the claim says Bearer");
}

#[tokio::test]
async fn roles_come_from_the_realm_alone() {
    let world = world();
    let roles = |roles: Value| with("realm_access", json!({ "roles": roles }));
    assert!(world.says(&roles(json!(["echopulse-user", "echopulse-admin"]))).await.unwrap().identity.admin);
    let bot = world.says(&roles(json!(["echopulse-bot"]))).await.unwrap();
    assert_eq!(bot.identity.kind, UserKind::Bot);
    for none in
        [json!([]), json!(["user"]), json!("echopulse-user"), json!({"echopulse-user": 1}), json!(null)]
    {
        assert_eq!(world.says(&roles(none.clone())).await, Err(TokenError::RoleMissing), "{none}");
    }
    let mut elsewhere = without("realm_access");
    elsewhere["resource_access"] = json!({ "echopulse": { "roles": ["echopulse-admin"] } });
    elsewhere["roles"] = json!(["echopulse-admin"]);
    elsewhere["groups"] = json!(["echopulse-admin"]);
    assert_eq!(world.says(&elsewhere).await, Err(TokenError::RoleMissing));
}

#[tokio::test]
async fn the_token_has_no_say_in_how_it_is_checked() {
    let world = world();
    let good = world.token(&claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let payload = signed.split_once('.').unwrap().1;
    for header in [
        r#"{"alg":"none","kid":"one"}"#,
        r#"{"alg":"HS256","kid":"one"}"#,
        r#"{"alg":"PS256","kid":"one"}"#,
        r#"{"alg":"RS256","kid":"one"}"#,
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"ES256","kid":"one","crit":["x"]}"#,
        r#"{"alg":"ES256","kid":["one"]}"#,
    ] {
        let token = format!("{}.{payload}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(header));
        assert!(is_invalid(world.verifier.verify(&token).await), "{header}");
        let bare = format!("{}.{payload}.", BASE64_URL_SAFE_NO_PAD.encode(header));
        assert!(is_invalid(world.verifier.verify(&bare).await), "{header}");
    }
    let without_kid = sign(&world.key, None, "at+jwt", &claims());
    assert!(is_invalid(world.verifier.verify(&without_kid).await));
    let forged = sign(&pair("one", 9), Some("one"), "at+jwt", &claims());
    assert!(is_invalid(world.verifier.verify(&forged).await));
    for text in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", &"x".repeat(20_000)] {
        assert!(is_invalid(world.verifier.verify(text).await), "{text}");
    }
}

#[tokio::test]
async fn keys_that_are_not_for_signatures_verify_nothing() {
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("alg", json!("ECDH-ES")),
        ("crv", json!("P-384")),
        ("kty", json!("oct")),
    ] {
        let world = world();
        let mut jwk = world.key.jwk.clone();
        jwk[name] = value;
        *world.issuer.jwks.write().unwrap() = Some(json!({ "keys": [jwk, pair("other", 3).jwk] }));
        assert!(is_invalid(world.says(&claims()).await), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_are_asked_for_once_in_ten_seconds() {
    let world = world();
    assert!(world.says(&claims()).await.is_ok());
    let new = pair("two", 11);
    *world.issuer.jwks.write().unwrap() = Some(json!({ "keys": [world.key.jwk, new.jwk] }));
    let rotated = sign(&new, Some("two"), "at+jwt", &claims());
    for _ in 0..50 {
        assert!(is_invalid(world.verifier.verify(&rotated).await));
    }
    assert_eq!(world.issuer.fetches.load(Ordering::Relaxed), 1, "the first fetch was a moment ago");
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(world.verifier.verify(&rotated).await.is_ok());
    assert_eq!(world.issuer.fetches.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn good_keys_stay_while_the_issuer_is_down() {
    let world = world();
    assert!(world.says(&claims()).await.is_ok());
    *world.issuer.jwks.write().unwrap() = None;
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert!(world.says(&claims()).await.is_ok());
    let unknown = sign(&world.key, Some("two"), "at+jwt", &claims());
    assert!(is_invalid(world.verifier.verify(&unknown).await));
    assert_eq!(world.issuer.fetches.load(Ordering::Relaxed), 2, "failed fetches count");
}

#[tokio::test]
async fn without_any_key_nothing_can_be_said() {
    let world = world();
    *world.issuer.jwks.write().unwrap() = None;
    assert_eq!(world.says(&claims()).await, Err(TokenError::NoKeys));
}

#[tokio::test]
async fn a_sign_in_that_ended_opens_nothing_any_more() {
    let world = world();
    let held = world.says(&claims()).await.unwrap();
    let (at, until) = (moment(0), moment(u64::MAX));
    let (iss, ended) = ("https://id.example".to_owned(), Ended::Session("sid-1".to_owned()));
    world.verifier.endings().note(SignOut { iss, ended, at, until });
    assert!(world.verifier.has_ended(&held));
    assert_eq!(world.says(&claims()).await, Err(TokenError::Ended));
    assert!(world.says(&with("sid", json!("sid-2"))).await.is_ok());
}

/// Makes an actor of every identity, as often as it is asked.
#[derive(Default)]
struct Register(AtomicUsize);

impl crate::SignIn for Register {
    fn sign_in(
        &self,
        identity: Identity,
    ) -> BoxFuture<'_, Result<echopulse_core::common::actor::Actor, crate::ApiError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let (kind, admin) = (identity.kind, identity.admin);
        let user = echopulse_core::common::UserId::from_u128(1);
        Box::pin(async move { Ok(echopulse_core::common::actor::Actor { user, kind, admin }) })
    }
}

#[tokio::test]
async fn roles_hold_as_long_as_the_token_says_so() {
    let World { verifier, key, .. } = world();
    let register = Arc::<Register>::default();
    let guard = crate::Guard::new(Arc::new(verifier), Arc::clone(&register) as _);
    let admits = async |roles: Value| {
        let token = sign(&key, Some("one"), "at+jwt", &with("realm_access", json!({ "roles": roles })));
        guard.admit(&token).await.unwrap().actor.admin
    };
    assert!(admits(json!(["echopulse-user", "echopulse-admin"])).await);
    assert!(!admits(json!(["echopulse-user"])).await, "the role was taken away");
    assert!(!admits(json!(["echopulse-user"])).await);
    assert_eq!(register.0.load(Ordering::Relaxed), 2, "who says the same is remembered");
}

/// A token whose header is exactly `header`, signed as it should be.
fn signed(key: &Pair, header: &Value, claims: &Value) -> String {
    let parts = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = parts.join(".");
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key.encoding, Signing::ES256).unwrap();
    format!("{signed}.{signature}")
}

#[tokio::test]
async fn what_has_to_be_understood_and_is_not_is_refused() {
    let world = world();
    let mut header = json!({ "alg": "ES256", "kid": "one", "typ": "at+jwt" });
    assert!(world.verifier.verify(&signed(&world.key, &header, &claims())).await.is_ok());
    for crit in [json!(["x"]), json!([]), json!(null)] {
        header["crit"] = crit;
        assert!(is_invalid(world.verifier.verify(&signed(&world.key, &header, &claims())).await));
    }
}

#[tokio::test]
async fn only_listed_algorithms_are_looked_at() {
    let World { issuer, key, .. } = world();
    let verifier = Verifier::new(
        VerifierConfig {
            algorithms: vec![crate::token::Algorithm::Rs256],
            ..VerifierConfig::new("https://id.example")
        },
        issuer,
        Arc::new(At(AtomicI64::new(NOW))),
        Arc::default(),
    );
    assert!(is_invalid(verifier.verify(&sign(&key, Some("one"), "at+jwt", &claims())).await));
}

#[tokio::test]
async fn people_are_no_services() {
    let world = world();
    let says = async |roles: Value| {
        let token = world.token(&with("realm_access", json!({ "roles": roles })));
        world.verifier.verify_service(&token).await
    };
    for people in [json!(["echopulse-user"]), json!(["echopulse-admin", "echopulse-bot"]), json!([])] {
        assert_eq!(says(people.clone()).await, Err(TokenError::RoleMissing), "{people}");
    }
    assert_eq!(says(json!(["echopulse-service"])).await, Ok(()));
}
