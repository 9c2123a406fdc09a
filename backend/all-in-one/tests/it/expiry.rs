//! A connection lives as long as its token: the chat service with a clock that stands near the end of a real token's life.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use echopulse_chat_service::{ChatApp, ChatDeps, ChatPorts, router};
use echopulse_core::{
    chat::{
        error::Refusal,
        model::{HistoryPage, HistoryQuery, Message, Presence, ReadMove, ReadState},
        port::inbound::{
            Answer, DeleteMessages, EditMessage, Follow, FollowId, Followed, Following, PostByWebhook,
            PostMessage, Posting, Reading, Receipt, Webhooks,
        },
        webhook::{TokenHash, Webhook},
    },
    common::{
        BoxFuture, ChannelId, Epoch, MessageId, Seq, ServerId, StreamKey, Timestamp, UserId, WebhookId,
        actor::{Actor, Identity},
        community::UserKind,
        limit::{Limiter, LocalLimits},
        port::Clock,
        sign_out::{Ended, SignOut, SignOutMemory},
    },
};
use echopulse_http::{
    door::Origins,
    limits::{Limiting, Proxies},
    token::{Endings, KeySource, KeySourceError, Verifier, VerifierConfig},
};
use echopulse_system::OsChance;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{
    forge::{Forge, said_by},
    support::{Instance, Socket, value},
    world::Deployment,
};

/// A clock that stands still until it is moved.
struct Standing(AtomicI64);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(SeqCst))
    }
}

/// The keys of a deployment's issuer.
struct Keys(Value);

impl KeySource for Keys {
    fn fetch(&self) -> BoxFuture<'_, Result<Value, KeySourceError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// A core with one person in it, who may sign out while they come in.
struct Nobody {
    endings: Arc<Endings>,
    /// What ends when somebody comes in the next time.
    ends: Mutex<Option<Ended>>,
    asked: Mutex<Vec<Identity>>,
}

fn no<T: Send + 'static>() -> Answer<'static, T> {
    Box::pin(std::future::ready(Err(Refusal::ChannelNotFound.into())))
}

impl Following for Nobody {
    fn sign_in(&self, identity: Identity) -> Answer<'_, Actor> {
        Box::pin(async move {
            let ends = self.ends.lock().unwrap().take();
            if let Some(ended) = ends {
                let (iss, far) = (identity.iss.clone(), Timestamp::from_millis(9_999_999_999_000));
                self.endings.note(SignOut { iss, ended, at: far, until: far });
                // The connection hears of it before it knows who it is.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            self.asked.lock().unwrap().push(identity);
            Ok(Actor { user: UserId::from_u128(7), kind: UserKind::Person, admin: false })
        })
    }

    fn follow(&self, _command: Follow) -> Answer<'_, Followed> {
        Box::pin(async {
            Ok(Followed {
                id: FollowId(1),
                epoch: Epoch(1),
                head: Seq(0),
                catch_up: Box::pin(std::future::ready(())),
            })
        })
    }

    fn unfollow(&self, _stream: StreamKey, _id: FollowId) {}

    fn connected(&self, _user: UserId) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn disconnected(&self, _user: UserId) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl Webhooks for Nobody {
    fn create(&self, _: Actor, _: ChannelId, _: String, _: TokenHash) -> Answer<'_, Webhook> {
        no()
    }

    fn list(&self, _: Actor, _: ChannelId) -> Answer<'_, Vec<Webhook>> {
        no()
    }

    fn rename(&self, _: Actor, _: WebhookId, _: String) -> Answer<'_, Webhook> {
        no()
    }

    fn set_token(&self, _: Actor, _: WebhookId, _: TokenHash) -> Answer<'_, Webhook> {
        no()
    }

    fn delete(&self, _: Actor, _: WebhookId) -> Answer<'_, ()> {
        no()
    }

    fn check(&self, _: WebhookId, _: TokenHash) -> Answer<'_, ()> {
        no()
    }

    fn post(&self, _: PostByWebhook) -> Answer<'_, Message> {
        no()
    }
}

impl Posting for Nobody {
    fn post(&self, _command: PostMessage) -> Answer<'_, Receipt> {
        no()
    }

    fn edit(&self, _command: EditMessage) -> Answer<'_, Receipt> {
        no()
    }

    fn delete(&self, _command: DeleteMessages) -> Answer<'_, Receipt> {
        no()
    }

    fn purge(&self, _actor: Actor, _channel: ChannelId, _through: Seq) -> Answer<'_, Receipt> {
        no()
    }

    fn typing(&self, _actor: Actor, _channel: ChannelId) -> Answer<'_, ()> {
        no()
    }
}

impl Reading for Nobody {
    fn history(
        &self,
        _actor: Actor,
        _channel: ChannelId,
        _query: HistoryQuery,
        _limit: usize,
    ) -> Answer<'_, HistoryPage> {
        no()
    }

    fn message(&self, _actor: Actor, _channel: ChannelId, _message: MessageId) -> Answer<'_, Message> {
        no()
    }

    fn read_states(&self, _actor: Actor) -> Answer<'_, Vec<ReadState>> {
        no()
    }

    fn move_read(&self, _actor: Actor, _channel: ChannelId, _to: ReadMove) -> Answer<'_, ReadState> {
        no()
    }

    fn presence(&self, _actor: Actor, _server: ServerId) -> Answer<'_, Vec<(UserId, Presence)>> {
        no()
    }
}

/// The chat service alone, behind a listener of its own, with tokens of a whole deployment.
struct Alone {
    deployment: Deployment,
    token: String,
    /// When the token stops to hold, leeway included.
    ends: i64,
    clock: Arc<Standing>,
    core: Arc<Nobody>,
    instance: Instance,
}

impl Alone {
    async fn start() -> Self {
        let deployment = Deployment::start().await;
        let tokens = deployment.tokens("ada").await;
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        let jwks = deployment.get("/id/jwks").await.good();
        let issuer = deployment.url("/id");
        let real = Arc::new(echopulse_system::SystemClock);
        let endings = Arc::<Endings>::default();
        let verifier = Arc::new(Verifier::new(
            VerifierConfig::new(issuer),
            Arc::new(Keys(jwks)),
            real,
            Arc::clone(&endings),
        ));
        let ends = verifier.verify(&token).await.unwrap().holds_until.as_millis();
        let clock = Arc::new(Standing(AtomicI64::new(0)));
        let core = Arc::new(Nobody { endings, ends: Mutex::default(), asked: Mutex::default() });
        let limits = Arc::new(LocalLimits::new(Arc::clone(&clock) as _));
        let app = ChatApp::new(ChatDeps {
            ports: ChatPorts {
                posting: Arc::clone(&core) as _,
                reading: Arc::clone(&core) as _,
                following: Arc::clone(&core) as _,
                webhooks: Arc::clone(&core) as _,
            },
            verifier,
            limiting: Limiting::new(Limiter::new(limits, 0), Proxies::default()),
            origins: Origins::exact(Vec::new()),
            clock: Arc::clone(&clock) as _,
            chance: Arc::new(OsChance),
        });
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let instance = Instance { server: deployment.url("/server"), chat: url };
        tokio::spawn(async move { axum::serve(listener, router(app)).await });
        Self { deployment, token, ends, clock, core, instance }
    }

    /// Sets the clock to so long before the token's end.
    fn stands(&self, before: Duration) {
        self.clock.0.store(self.ends - i64::try_from(before.as_millis()).unwrap(), SeqCst);
    }

    async fn connect(&self) -> Socket {
        let mut socket = Socket::with(&self.instance, "/chat/ws", &[]).await.unwrap();
        socket.send(&format!("CONNECT\naccept-version:1.2\nAuthorization:Bearer {}\n\n\0", self.token)).await;
        socket
    }

    async fn follow_own(&self) -> Socket {
        let mut socket = self.connect().await;
        assert_eq!(value(&socket.frame().await, "version"), "1.2");
        socket.subscribe("own", "/user/queue/events", "").await;
        socket
    }
}

#[tokio::test]
async fn the_end_of_a_token_is_told_a_minute_ahead() {
    let alone = Alone::start().await;
    alone.stands(Duration::from_secs(61));
    let began = Instant::now();
    let mut socket = alone.follow_own().await;
    let warning = socket.event("session.expiring").await;
    assert!(began.elapsed() >= Duration::from_millis(900), "{:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let told: Timestamp =
        echopulse_wire::time_from(serde_json::from_value(warning["expires_at"].clone()).unwrap());
    assert_eq!(told.as_millis(), alone.ends);
}

#[tokio::test]
async fn a_connection_ends_with_its_token() {
    let alone = Alone::start().await;
    alone.stands(Duration::from_secs(1));
    let mut socket = alone.follow_own().await;
    assert_eq!(socket.closed().await, Some((4401, "token-expired".to_owned())));
}

#[tokio::test]
async fn a_fresh_token_makes_a_connection_live_longer() {
    let alone = Alone::start().await;
    alone.stands(Duration::from_secs(2));
    let mut socket = alone.follow_own().await;
    alone.stands(Duration::from_secs(300));
    let fresh = alone.deployment.tokens("ada").await["access_token"].as_str().unwrap().to_owned();
    let refresh = "SEND\ndestination:/app/session/refresh\nreceipt:fresh";
    socket.send(&format!("{refresh}\nAuthorization:Bearer {fresh}\n\n\0")).await;
    loop {
        let frame = socket.frame().await;
        if value(&frame, "receipt-id") == "fresh" {
            break;
        }
        assert_eq!(value(&frame, "event"), "session.expiring");
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    socket.send("DISCONNECT\nreceipt:bye\n\n\0").await;
    assert_eq!(value(&socket.frame().await, "receipt-id"), "bye", "it did not end with the old token");
}

#[tokio::test]
async fn who_signs_out_while_they_come_in_does_not_stay() {
    let alone = Alone::start().await;
    alone.stands(Duration::from_secs(300));
    let sub = said_by(&alone.token)[1]["sub"].as_str().unwrap().to_owned();
    *alone.core.ends.lock().unwrap() = Some(Ended::Subject(sub));
    let mut socket = alone.connect().await;
    assert_eq!(socket.closed().await, Some((4401, "token-invalid".to_owned())));
    assert_eq!(alone.core.asked.lock().unwrap().len(), 1, "the token held when it was looked at");
}

#[tokio::test]
async fn a_fresh_token_whose_sign_in_ends_while_it_is_looked_at_ends_the_session() {
    let alone = Alone::start().await;
    alone.stands(Duration::from_secs(300));
    let mut socket = alone.follow_own().await;
    let tokens = alone.deployment.tokens("ada").await;
    let forge = Forge::like(&alone.deployment, tokens["access_token"].as_str().unwrap()).await;
    // Under another name the person is not remembered, and core is asked.
    let claims = forge.claims([("name", "Ada L.".into())]);
    *alone.core.ends.lock().unwrap() = Some(Ended::Session(claims["sid"].as_str().unwrap().to_owned()));
    let fresh = forge.sign("at+jwt", &claims);
    socket.send(&format!("SEND\ndestination:/app/session/refresh\nAuthorization:Bearer {fresh}\n\n\0")).await;
    assert_eq!(socket.closed().await, Some((4401, "token-invalid".to_owned())));
}
