//! What must not stand in any log, however much is logged.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::{support::Socket, world::Deployment};

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_holds_a_token_or_what_people_say() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    // The runtime of this test has one thread, so this catches everything that both sides log.
    let _guard = tracing::subscriber::set_default(subscriber);
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let path = format!("/chat/ws?access_token={}", ada.token);
    let mut socket = Socket::with(&ada.instance, &path, &[]).await.unwrap();
    socket.send("CONNECT\naccept-version:1.2\n\n\0").await;
    socket.frame().await;
    socket.post(&place.send_to("messages"), "receipt:1\n", &json!({ "content": "a confession" })).await;
    socket.frame().await;
    let forged = format!("{}x", ada.token);
    deployment.http.get(deployment.url("/server/api/users/me")).bearer_auth(&forged).send().await.unwrap();
    let bots = format!("/server/api/servers/{}/bots", place.server);
    let bot = ada.post(&bots, json!({ "name": "deploy" })).await.good();
    let bot = bot["client_secret"].as_str().unwrap().to_owned();
    deployment.client_tokens("bot-deploy", &bot).await.good();
    let webhooks = format!("/chat/api/channels/{}/webhooks", place.channel);
    let hook = ada.post(&webhooks, json!({ "name": "CI" })).await.good();
    let (id, hook) = (hook["id"].as_str().unwrap(), hook["token"].as_str().unwrap().to_owned());
    for (token, content) in [(hook.as_str(), "a confession"), (hook.as_str(), ""), (&hook[1..], "x")] {
        let address = deployment.url(&format!("/chat/api/webhooks/{id}/{token}"));
        deployment.http.post(address).json(&json!({ "content": content })).send().await.unwrap();
    }
    deployment.stop().await;
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("an access token was refused"), "something was logged: {log}");
    let (_, signature) = ada.token.rsplit_once('.').unwrap();
    for secret in [ada.token.as_str(), signature, "access_token", "a confession", &bot, &hook, &hook[1..]] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
