//! A log-out at Keycloak, and the accounts that lose something: what every instance makes of it.

use echopulse_protocol::stomp::{Command, Frame};
use serde_json::json;
use tokio::time::timeout;

use super::{
    extra::{Extra, Kind, NOWHERE, Way, environment, free_address},
    keycloak::{Client, Tokens},
    tokens::said_to,
};
use crate::{
    support::{DEADLINE, Instance, Person, Socket, answer, value},
    world::Deployment,
};

const REFUSED: &str = "token-invalid";

impl Deployment {
    /// Whoever a token is of, on an instance.
    async fn holder(&self, instance: Instance, tokens: &Tokens) -> Person {
        Person::of(self.http().clone(), instance, tokens.access.clone()).await
    }
}

/// The next frame that is no event: news of the person may come at any time.
pub(super) async fn answered(socket: &mut Socket) -> Frame {
    loop {
        let frame = socket.frame().await;
        if frame.command() != Command::Message {
            return frame;
        }
    }
}

/// Reads up to the end of a session, which says why.
async fn ends(socket: &mut Socket) {
    assert_eq!(socket.event("ended").await["code"], "session-ended");
    assert_eq!(socket.closed().await, Some((4401, REFUSED.to_owned())));
}

async fn is_refused(url: &str, path: &str, tokens: &Tokens) -> bool {
    let request = reqwest::Client::new().get(format!("{url}{path}")).bearer_auth(&tokens.access);
    answer(request).await.code() == REFUSED
}

/// Waits until a service refuses a token.
async fn refuses(url: &str, path: &str, tokens: &Tokens) {
    let refused = async {
        while !is_refused(url, path, tokens).await {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, refused).await.expect("it hears of the log-out");
}

#[tokio::test]
async fn a_log_out_at_keycloak_stops_delivery_and_refuses_the_token_on_every_instance() {
    let (deployment, web) = (Deployment::start().await, Client::web());
    let someone = deployment.registered("ada").await;
    let (tokens, other) =
        (deployment.signs_in(&web, &someone).await, deployment.signs_in(&web, &someone).await);
    let here = deployment.holder(deployment.instance(0), &tokens).await;
    let there = deployment.holder(deployment.instance(1), &tokens).await;
    let elsewhere = deployment.holder(deployment.instance(1), &other).await;
    let place = here.found("home").await;
    let mut sockets = [here.follow(&place.topic()).await, there.follow(&place.topic()).await];
    let mut stays = elsewhere.follow(&place.topic()).await;
    here.say(&place, "before").await;
    for socket in &mut sockets {
        assert_eq!(socket.message().await.1["message"]["content"], "before");
    }
    deployment.signs_out(&web, &tokens).await;
    for socket in &mut sockets {
        ends(socket).await;
    }
    for number in [0, 1] {
        // The server service of the other instance hears of it by itself.
        refuses(&deployment.instance(number).server, "/api/users/me", &tokens).await;
        for (status, code) in said_to(&deployment, number, &tokens.access).await {
            assert!(matches!(status, 401 | 4401), "{status}");
            assert_eq!(code, REFUSED);
        }
    }
    assert_eq!(deployment.refresh(&web, &tokens.refresh).await.err().as_deref(), Some("invalid_grant"));
    elsewhere.say(&place, "after").await;
    assert_eq!(stays.message().await.1["message"]["content"], "before");
    assert_eq!(stays.message().await.1["message"]["content"], "after", "another sign-in goes on");
}

#[tokio::test]
async fn all_sign_ins_of_a_person_end_when_an_administrator_ends_them() {
    let (deployment, web) = (Deployment::start().await, Client::web());
    let someone = deployment.registered("ada").await;
    let mut sockets = Vec::new();
    for number in [0, 1] {
        let tokens = deployment.signs_in(&web, &someone).await;
        let ada = deployment.holder(deployment.instance(number), &tokens).await;
        sockets.push(ada.follow("/user/queue/events").await);
    }
    let path = deployment.admin_url(&format!("/users/{}/logout", someone.id));
    deployment.ask(deployment.http().post(path)).await;
    for socket in &mut sockets {
        ends(socket).await;
    }
}

#[tokio::test]
async fn a_log_out_reaches_instances_by_kafka_alone() {
    let (deployment, web) = (Deployment::start().await, Client::web());
    let database = environment(Kind::Server)["ECHOPULSE_DATABASE__URL"].clone();
    let (_, rest) = database.rsplit_once('@').expect("it has a login");
    let there = rest.split('/').next().expect("it has an address").to_owned();
    let way = Way::to(there.clone()).await;
    let told = database.replacen(&there, &way.address, 1);
    let server = Extra::start(Kind::Server, &free_address(), &[("DATABASE__URL", &told)]);
    server.ready().await;
    let chat = Extra::start(Kind::Chat, &free_address(), &[("INTERNAL__SERVER_URLS", &server.url)]);
    chat.ready().await;
    let tokens = deployment.signs_in(&web, &deployment.registered("ada").await).await;
    let instance = Instance { server: server.url.clone(), chat: chat.url.clone() };
    let mut socket = deployment.holder(instance, &tokens).await.follow("/user/queue/events").await;
    // What could be looked up is behind this way.
    way.cut().await;
    server.health(503, |body| body["missing"] == json!(["postgres"])).await;
    deployment.signs_out(&web, &tokens).await;
    ends(&mut socket).await;
    refuses(&server.url, "/api/users/me", &tokens).await;
}

#[tokio::test]
async fn without_kafka_a_log_out_reaches_instances_that_run_and_those_that_start_later() {
    let (deployment, web) = (Deployment::start().await, Client::web());
    let alone = [("KAFKA__BOOTSTRAP", NOWHERE)];
    let chat = Extra::start(Kind::Chat, &free_address(), &alone);
    let server = Extra::start(Kind::Server, &free_address(), &alone);
    for extra in [&chat, &server] {
        extra.ready().await;
    }
    let tokens = deployment.signs_in(&web, &deployment.registered("ada").await).await;
    let instance = Instance { server: server.url.clone(), chat: chat.url.clone() };
    let ada = deployment.holder(instance, &tokens).await;
    let mut socket = ada.follow("/user/queue/events").await;
    deployment.signs_out(&web, &tokens).await;
    ends(&mut socket).await;
    refuses(&server.url, "/api/users/me", &tokens).await;
    let (late_chat, late_server) = (
        Extra::start(Kind::Chat, &free_address(), &alone),
        Extra::start(Kind::Server, &free_address(), &alone),
    );
    for (extra, path) in [(&late_chat, "/api/read-states"), (&late_server, "/api/users/me")] {
        extra.ready().await;
        assert!(is_refused(&extra.url, path, &tokens).await, "from its first answer on");
    }
}

#[tokio::test]
async fn a_role_that_was_taken_away_ends_the_session_at_the_next_token() {
    let deployment = Deployment::start().await;
    let account = deployment.account("ada", &["echopulse-user"]).await;
    let token = deployment.token(&account).await;
    for number in [0, 1] {
        deployment.give(&account, &["echopulse-user"]).await;
        let ada = Person::of(deployment.http().clone(), deployment.instance(number), token.clone()).await;
        let mut socket = ada.follow("/user/queue/events").await;
        let refresh = |token: &str| {
            format!("SEND\ndestination:/app/session/refresh\nAuthorization:Bearer {token}\nreceipt:f\n\n\0")
        };
        socket.send(&refresh(&deployment.token(&account).await)).await;
        assert_eq!(value(&answered(&mut socket).await, "receipt-id"), "f");
        deployment.give(&account, &[]).await;
        socket.send(&refresh(&deployment.token(&account).await)).await;
        assert_eq!(value(&answered(&mut socket).await, "message"), "realm-role-missing");
        assert_eq!(socket.closed().await, Some((4403, "realm-role-missing".to_owned())));
    }
}

#[tokio::test]
async fn an_admin_is_one_as_long_as_keycloak_says_so() {
    let deployment = Deployment::start().await;
    let owner = deployment.person("owner").await;
    let place = owner.found("home").await;
    let account = deployment.account("admin", &["echopulse-user", "echopulse-admin"]).await;
    let path = format!("/api/servers/{}", place.server);
    let says = async || {
        let token = deployment.token(&account).await;
        let mut said = Vec::new();
        for number in [0, 1] {
            let url = format!("{}{path}", deployment.instance(number).server);
            said.push(answer(deployment.http().get(url).bearer_auth(&token)).await.status.as_u16());
        }
        said
    };
    assert_eq!(says().await, [200, 200]);
    deployment.give(&account, &["echopulse-user"]).await;
    assert_eq!(says().await, [404, 404]);
    deployment.give(&account, &["echopulse-user", "echopulse-admin"]).await;
    assert_eq!(says().await, [200, 200]);
}

#[tokio::test]
async fn a_stranger_cannot_end_a_session() {
    let deployment = Deployment::start().await;
    let account = deployment.account("ada", &["echopulse-user"]).await;
    let token = deployment.token(&account).await;
    for number in [0, 1] {
        let url = format!("{}/oidc/backchannel-logout", deployment.instance(number).server);
        for forged in [token.as_str(), "a.b.c"] {
            let told = answer(deployment.http().post(&url).form(&json!({ "logout_token": forged }))).await;
            assert_eq!((told.status.as_u16(), told.code()), (400, "invalid-request"));
            assert!(told.headers["cache-control"].to_str().unwrap().contains("no-store"));
        }
    }
}
