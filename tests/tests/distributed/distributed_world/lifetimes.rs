//! How long Keycloak's tokens hold: sessions that end with them, sessions that go on, and what is spent.

use std::time::Duration;

use tokio::time::timeout;

use super::{keycloak::Client, sign_out::answered, tokens::said_to, world::variable};
use crate::{
    support::{Person, Said, Socket, value},
    world::Deployment,
};

/// A token's life and what is allowed for clocks take longer than anything else here.
const LIFE: Duration = Duration::from_secs(90);

/// How a socket is closed, whenever in a token's life that is.
async fn last_word(socket: &mut Socket) -> Option<(u16, String)> {
    let waiting = async {
        loop {
            if let Said::Closed(code) = socket.next().await {
                return code;
            }
        }
    };
    timeout(LIFE, waiting).await.expect("a token ends")
}

#[tokio::test]
async fn a_session_is_told_that_its_token_ends_and_goes_on_only_with_a_fresh_one() {
    let deployment = Deployment::start().await;
    // The services allow for clocks that differ by 30 seconds, and tell a minute ahead: a second after this.
    let client = deployment.client_of_short_tokens(31).await;
    let tokens = deployment.signs_in(&client, &deployment.registered("ada").await).await;
    let on = async |number: usize| {
        let instance = deployment.instance(number);
        Person::of(deployment.http().clone(), instance, tokens.access.clone()).await
    };
    let mut ends = on(0).await.follow("/user/queue/events").await;
    let mut goes_on = on(1).await.follow("/user/queue/events").await;
    let told = ends.event("session.expiring").await;
    assert_eq!(goes_on.event("session.expiring").await["expires_at"], told["expires_at"]);
    let fresh = deployment.refresh(&client, &tokens.refresh).await.expect("it was not spent");
    let refresh = format!(
        "SEND\ndestination:/app/session/refresh\nAuthorization:Bearer {}\nreceipt:f\n\n\0",
        fresh.access
    );
    goes_on.send(&refresh).await;
    assert_eq!(value(&answered(&mut goes_on).await, "receipt-id"), "f");
    assert_eq!(last_word(&mut ends).await, Some((4401, "token-expired".to_owned())));
    for (status, code) in said_to(&deployment, 0, &tokens.access).await {
        assert!(matches!(status, 401 | 4401), "{status}");
        assert_eq!(code, "token-expired");
    }
    goes_on.send("DISCONNECT\nreceipt:bye\n\n\0").await;
    let frame = answered(&mut goes_on).await;
    assert_eq!(value(&frame, "receipt-id"), "bye", "it did not end with the first token");
}

#[tokio::test]
async fn a_refresh_token_is_spent_by_its_use_and_a_second_use_ends_the_sign_in() {
    let (deployment, web) = (Deployment::start().await, Client::web());
    let tokens = deployment.signs_in(&web, &deployment.registered("ada").await).await;
    let fresh = deployment.refresh(&web, &tokens.refresh).await.expect("it was not spent");
    assert_ne!(fresh.refresh, tokens.refresh);
    let refused = async |token: &str| deployment.refresh(&web, token).await.err();
    assert_eq!(refused(&tokens.refresh).await.as_deref(), Some("invalid_grant"));
    assert_eq!(refused(&fresh.refresh).await.as_deref(), Some("invalid_grant"), "of nobody's any more");
}

#[tokio::test]
async fn tokens_of_keycloak_that_are_no_access_tokens_open_nothing() {
    let (deployment, web) = (Deployment::start().await, Client::web());
    let tokens = deployment.signs_in(&web, &deployment.registered("ada").await).await;
    for token in [&tokens.id, &tokens.refresh] {
        for (status, code) in said_to(&deployment, 1, token).await {
            assert!(matches!(status, 401 | 4401), "{status}");
            assert_eq!(code, "token-invalid");
        }
    }
}

#[tokio::test]
async fn the_bot_of_the_realm_is_shown_as_one_and_talks() {
    let deployment = Deployment::start().await;
    let secret = variable("ECHOPULSE_TEST_KEYCLOAK_BOT_SECRET");
    let form =
        [("grant_type", "client_credentials"), ("client_id", "echopulse-bot"), ("client_secret", &secret)];
    let (_, answer) = deployment.token_for(&form).await;
    let token = answer["access_token"].as_str().expect("a token").to_owned();
    let bot = Person::of(deployment.http().clone(), deployment.instance(1), token).await;
    let ada = deployment.person_on(0, "ada").await;
    let place = bot.found("home").await;
    bot.invite(&place, &ada).await;
    let mut here = ada.follow(&place.topic()).await;
    bot.say(&place, "beep").await;
    let message = &here.message().await.1["message"];
    assert_eq!((&message["content"], &message["author"]["kind"]), (&"beep".into(), &"bot".into()));
    assert_eq!(bot.get("/server/api/users/me").await.good()["kind"], "bot");
}
