//! Tokens that do not hold, each at every way in: REST of both services, the handshake, and CONNECT.

use serde_json::json;

use crate::{
    forge::{Forge, LOGOUT_EVENT, now},
    support::{Socket, answer, value},
    world::Deployment,
};

/// What is answered: a status, the code, and how a socket is closed.
struct Answer {
    status: u16,
    code: &'static str,
    close: u16,
}

const INVALID: Answer = Answer { status: 401, code: "token-invalid", close: 4401 };
const EXPIRED: Answer = Answer { status: 401, code: "token-expired", close: 4401 };
const NO_ROLE: Answer = Answer { status: 403, code: "realm-role-missing", close: 4403 };

/// A deployment, and what makes tokens of it.
async fn forge() -> (Deployment, Forge) {
    let deployment = Deployment::start().await;
    let tokens = deployment.tokens("ada").await;
    let forge = Forge::like(&deployment, tokens["access_token"].as_str().unwrap()).await;
    (deployment, forge)
}

async fn at_rest(deployment: &Deployment, token: &str, expected: &Answer) {
    for path in ["/server/api/users/me", "/chat/api/read-states"] {
        let found = answer(deployment.http.get(deployment.url(path)).bearer_auth(token)).await;
        assert_eq!((found.status.as_u16(), found.code()), (expected.status, expected.code), "{path}");
        let challenge = found.headers.get("www-authenticate").map(|value| value.to_str().unwrap());
        assert_eq!(challenge.is_some_and(|value| value.starts_with("Bearer")), expected.status == 401);
    }
}

async fn at_the_socket(deployment: &Deployment, path: &str, connect: &str, expected: &Answer) {
    let mut socket = Socket::with(&deployment.instance(), path, &[]).await.unwrap();
    socket.send(connect).await;
    assert_eq!(value(&socket.frame().await, "message"), expected.code);
    assert_eq!(socket.closed().await, Some((expected.close, expected.code.to_owned())));
}

/// One module for each token, one test for each way in.
macro_rules! refused {
    ($($token:ident => $expected:ident, $forged:expr;)*) => {$(
        mod $token {
            use super::*;

            async fn made() -> (Deployment, String) {
                let (deployment, forge) = forge().await;
                let forged: fn(&Forge) -> String = $forged;
                let token = forged(&forge);
                (deployment, token)
            }

            #[tokio::test]
            async fn is_refused_at_rest() {
                let (deployment, token) = made().await;
                at_rest(&deployment, &token, &$expected).await;
            }

            #[tokio::test]
            async fn is_refused_on_the_handshake() {
                let (deployment, token) = made().await;
                let path = format!("/chat/ws?access_token={token}");
                at_the_socket(&deployment, &path, "CONNECT\naccept-version:1.2\n\n\0", &$expected).await;
            }

            #[tokio::test]
            async fn is_refused_in_connect() {
                let (deployment, token) = made().await;
                let connect = format!("CONNECT\naccept-version:1.2\nAuthorization:Bearer {token}\n\n\0");
                at_the_socket(&deployment, "/chat/ws", &connect, &$expected).await;
            }
        }
    )*};
}

refused! {
    a_token_of_another_issuer => INVALID,
        |forge| forge.sign("at+jwt", &forge.claims([("iss", json!("http://127.0.0.1:1/id"))]));
    a_token_for_another_audience => INVALID,
        |forge| forge.sign("at+jwt", &forge.claims([("aud", json!(["account", "echopulse-tui"]))]));
    a_token_signed_with_the_public_key => INVALID, Forge::with_the_public_key;
    a_token_without_a_signature => INVALID, Forge::unsigned;
    a_token_that_has_expired => EXPIRED,
        |forge| forge.sign("at+jwt", &forge.claims([("exp", json!(now() - 31))]));
    a_token_that_does_not_hold_yet => INVALID,
        |forge| forge.sign("at+jwt", &forge.claims([("nbf", json!(now() + 120))]));
    a_token_of_an_unknown_key => INVALID,
        |forge| forge.signed(Some("another"), "at+jwt", &forge.claims([]));
    a_token_of_no_named_key => INVALID, |forge| forge.signed(None, "at+jwt", &forge.claims([]));
    an_id_token => INVALID, |forge| forge.sign("JWT", &forge.claims([("typ", json!("ID"))]));
    a_refresh_token => INVALID, |forge| forge.sign("JWT", &forge.claims([("typ", json!("Refresh"))]));
    a_logout_token => INVALID,
        |forge| forge.sign("logout+jwt", &forge.claims([
            ("typ", json!("Logout")), ("events", json!({ LOGOUT_EVENT: {} })),
        ]));
    a_token_without_roles => NO_ROLE,
        |forge| forge.sign("at+jwt", &forge.claims([("realm_access", json!({ "roles": [] }))]));
    a_token_with_roles_in_other_claims => NO_ROLE,
        |forge| forge.sign("at+jwt", &forge.claims([
            ("realm_access", json!(["echopulse-user"])),
            ("resource_access", json!({ "echopulse-api": { "roles": ["echopulse-user", "echopulse-admin"] } })),
            ("groups", json!(["echopulse-admin"])),
            ("roles", json!(["echopulse-user"])),
        ]));
}

#[tokio::test]
async fn what_the_issuer_might_have_made_holds_everywhere() {
    let (deployment, forge) = forge().await;
    let token = forge.sign("at+jwt", &forge.claims([]));
    for path in ["/server/api/users/me", "/chat/api/read-states"] {
        answer(deployment.http.get(deployment.url(path)).bearer_auth(&token)).await.good();
    }
    for (path, connect) in [
        (format!("/chat/ws?access_token={token}"), "CONNECT\naccept-version:1.2\n\n\0".to_owned()),
        ("/chat/ws".to_owned(), format!("CONNECT\naccept-version:1.2\nAuthorization:Bearer {token}\n\n\0")),
    ] {
        let mut socket = Socket::with(&deployment.instance(), &path, &[]).await.unwrap();
        socket.send(&connect).await;
        assert_eq!(value(&socket.frame().await, "version"), "1.2");
    }
}
